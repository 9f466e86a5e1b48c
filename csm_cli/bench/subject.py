"""What is measured: a checkpoint, or random weights of a common shape, in the engine and in transformers."""

from __future__ import annotations

import json
import time
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from csm_cli.checkpoints.names import BACKBONE_TABLE, DEPTH_TABLE
from csm_cli.core.errors import UsageError
from csm_cli.core.types import Sampler, Segment, Utterance
from csm_cli.engine.devices import ALL, SpeedUps
from csm_cli.engine.layout import Weights
from csm_cli.engine.prompt import Position
from csm_cli.engine.scheduler import BatchScheduler

SHAPES = ("csm-1b", "tiny")
SAMPLER = Sampler(0.9, 50)


@dataclass(frozen=True)
class Subject:
    """A model to measure.

    Attributes:
        name: in the table.
        config: as in `config.json`, rotary settings under `rope_parameters`.
        tensors: by name.
        source: what `Engine.load` takes; None for random weights, which have no tokenizer and no codec.
    """

    name: str
    config: dict[str, Any]
    tensors: Mapping[str, Tensor]
    source: str | Path | None


class RandomTensors(Mapping[str, Tensor]):
    """Weights made on each access, always the same, so that they need no memory of their own.

    Args:
        shapes: of all tensors, by name.
        device: that they are made on; each has its own.
    """

    def __init__(self, shapes: Mapping[str, tuple[int, ...]], device: torch.device | str = "cpu") -> None:
        self._shapes, self._device = dict(shapes), torch.device(device)

    def __getitem__(self, name: str) -> Tensor:
        shape = self._shapes[name]
        if len(shape) == 1:
            return torch.ones(shape, device=self._device)
        generator = torch.Generator(self._device).manual_seed(zlib.crc32(name.encode()))
        return torch.empty(shape, device=self._device).uniform_(-0.035, 0.035, generator=generator)

    def __iter__(self) -> Iterator[str]:
        return iter(self._shapes)

    def __len__(self) -> int:
        return len(self._shapes)


def find_subject(model: str | Path, shape: str | None = None, device: torch.device | str = "cpu") -> Subject:
    """A checkpoint, or random weights of a shape, made on a device.

    Raises:
        MissingError: there is no such checkpoint.
        UsageError: there is no such shape.
    """
    if shape is None:
        from csm_cli.checkpoints.find import find_checkpoint

        checkpoint = find_checkpoint(model)
        return Subject(checkpoint.model_id, checkpoint.config, checkpoint.tensors(), model)
    if shape not in SHAPES:
        raise UsageError("no such shape", where=f"--shape {shape}", remedy=f"use {', '.join(SHAPES)}")
    text = resources.files("csm_cli.bench").joinpath(f"{shape}.json").read_text(encoding="utf-8")
    config = json.loads(text)
    return Subject(f"{shape} (random weights)", config, RandomTensors(tensor_shapes(config), device), None)


def tensor_shapes(config: Mapping[str, Any]) -> dict[str, tuple[int, ...]]:
    """All tensors of backbone and depth decoder by their names in the transformers format."""
    depth = config["depth_decoder_config"]
    books, vocab, hidden = config["num_codebooks"], config["vocab_size"], config["hidden_size"]
    shapes: dict[str, tuple[int, ...]] = {
        "embed_text_tokens.weight": (config["text_vocab_size"], hidden),
        "backbone_model.embed_tokens.embed_audio_tokens.weight": (books * vocab, hidden),
        "lm_head.weight": (vocab, hidden),
        "depth_decoder.model.inputs_embeds_projector.weight": (depth["hidden_size"], hidden),
        "depth_decoder.codebooks_head.weight": (books - 1, depth["hidden_size"], vocab),
    }
    for prefix, part in (("backbone_model.", config), ("depth_decoder.model.", depth)):
        width, inner = part["hidden_size"], part["intermediate_size"]
        queries = part["num_attention_heads"] * part["head_dim"]
        keys = part["num_key_value_heads"] * part["head_dim"]
        shapes[f"{prefix}norm.weight"] = (width,)
        for layer in range(part["num_hidden_layers"]):
            start = f"{prefix}layers.{layer}."
            shapes |= {
                f"{start}input_layernorm.weight": (width,),
                f"{start}post_attention_layernorm.weight": (width,),
                f"{start}self_attn.q_proj.weight": (queries, width),
                f"{start}self_attn.k_proj.weight": (keys, width),
                f"{start}self_attn.v_proj.weight": (keys, width),
                f"{start}self_attn.o_proj.weight": (width, queries),
                f"{start}mlp.gate_proj.weight": (inner, width),
                f"{start}mlp.up_proj.weight": (inner, width),
                f"{start}mlp.down_proj.weight": (width, inner),
            }
    return shapes


class Prompts:
    """In place of a `Prompter`: prompts of one length, and an EOS code that is never sampled.

    Args:
        ids: of the prompt's text.
        voice: how many of them are a voice reference, which is prefilled once. What follows it is another
            for each seed, and nothing else of a prompt can be used again.
    """

    eos = -1

    def __init__(self, ids: list[int], num_codebooks: int, voice: int = 0) -> None:
        self.ids, self.num_codebooks, self.voice = ids, num_codebooks, voice

    def content(self, utterance: Utterance) -> list[Position]:
        """The ids, those after the voice rotated by the seed."""
        rest = self.ids[self.voice :]
        start = utterance.seed % len(rest) if rest else 0
        return [*self.ids[: self.voice], *rest[start:], *rest[:start]]

    def positions(self, segments: tuple[Segment, ...], utterance: Utterance | None = None) -> int:
        """Length of the voice reference."""
        return self.voice


class BareFrames:
    """Frames of a full set of slots, without codec and files.

    Args:
        ids: of the prompt.
        batch: slots.
        frames, rounds: frames measured in each round, and rounds.
        positions: of the model.
        speed: as `BatchScheduler`.
    """

    def __init__(
        self,
        weights: Weights,
        ids: list[int],
        batch: int,
        frames: int,
        rounds: int,
        positions: int,
        speed: SpeedUps = ALL,
    ) -> None:
        self.frames = frames
        prompts: Any = Prompts(ids, weights.num_codebooks, voice=len(ids) // 2)
        self.scheduler = BatchScheduler(weights, prompts, batch, positions, speed=speed)
        cap = 4 + frames * rounds
        for seed in range(batch):
            self.scheduler.submit(Utterance(0, "", seed=seed, max_frames=cap, sampler=SAMPLER))
        for _ in range(3):
            self.scheduler.advance()
        self.device = weights.text.device

    def round(self) -> tuple[float, float]:
        """(seconds a frame, seconds of processor time a frame) of a round."""
        began, worked = time.perf_counter(), time.process_time()
        for _ in range(self.frames):
            self.scheduler.advance()
        if self.device.type == "cuda":
            torch.cuda.synchronize()
        seconds, work = time.perf_counter() - began, time.process_time() - worked
        return seconds / self.frames, work / self.frames


class Peer:
    """transformers, eager, or with its static cache compiled.

    Args:
        compiled: `cache_implementation="static"` and torch.compile, as its documentation shows.
    """

    def __init__(self, subject: Subject, device: torch.device, dtype: torch.dtype, compiled: bool) -> None:
        from transformers import CsmConfig, CsmForConditionalGeneration

        self.name = "transformers, compiled" if compiled else "transformers"
        self.device, self.compiled = device, compiled
        if subject.source is not None and not compiled and _is_folder(subject.source):
            model = CsmForConditionalGeneration.from_pretrained(
                subject.source, dtype=dtype, local_files_only=True
            )
        else:
            with torch.device("meta"):
                model = CsmForConditionalGeneration(CsmConfig(**with_small_codec(subject.config)))
            model = _fill(model, subject.tensors, dtype)
        self.model: Any = model.eval().to(device)
        settings = self.model.generation_config
        settings.do_sample = self.model.depth_decoder.generation_config.do_sample = True
        settings.temperature = self.model.depth_decoder.generation_config.temperature = 0.9
        settings.top_k = self.model.depth_decoder.generation_config.top_k = 50
        if compiled:
            settings.cache_implementation = "static"
            self.model.depth_decoder.generation_config.cache_implementation = "static"

    def seconds(self, ids: Tensor, batch: int, frames: int) -> tuple[float, float, int]:
        """Generate; returns (seconds, seconds of processor time, frames generated)."""
        inputs = ids[None].expand(batch, -1).contiguous().to(self.device)
        began, worked = time.perf_counter(), time.process_time()
        with torch.inference_mode():
            found = self.model.generate(
                input_ids=inputs, attention_mask=torch.ones_like(inputs), max_new_tokens=frames
            )
        if self.device.type == "cuda":
            torch.cuda.synchronize()
        return time.perf_counter() - began, time.process_time() - worked, found.shape[1]


def _is_folder(source: Any) -> bool:
    return (Path(source) / "config.json").is_file()


def with_small_codec(config: Mapping[str, Any]) -> dict[str, Any]:
    """A config that transformers builds a small codec for: the codec is not measured."""
    size = config["codec_config"]["codebook_size"]
    codec = {"model_type": "mimi", "codebook_size": size, "num_hidden_layers": 1}  # 5.17 wants its type
    return {**config, "codec_config": codec, "tie_codebooks_embeddings": True}


def _fill(model: Any, tensors: Mapping[str, Tensor], dtype: torch.dtype) -> Any:
    state = {name: tensors[name].to(dtype) for name in tensors if not name.startswith("codec_model.")}
    state.setdefault(DEPTH_TABLE, state[BACKBONE_TABLE])
    model.codec_model = None
    for name, buffer in list(model.named_buffers()):
        owner, _, last = name.rpartition(".")
        del buffer
        _rebuild(model.get_submodule(owner), last)
    model.load_state_dict(state, strict=False, assign=True)
    return model


def _rebuild(module: Any, name: str) -> None:
    """Buffers that a checkpoint does not hold, made anew off the meta device."""
    if name == "audio_tokens_offsets":
        table, count = module.embed_audio_tokens.weight, len(getattr(module, name))
        size = len(table) // count
        module.register_buffer(name, torch.arange(count) * size, persistent=False)
    elif name in ("inv_freq", "original_inv_freq"):
        fresh = type(module)(module.config)
        module.register_buffer(name, getattr(fresh, name), persistent=False)
