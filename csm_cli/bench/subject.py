"""What is measured: a checkpoint, or random weights of a well-known shape, which cost as much to compute."""

from __future__ import annotations

import json
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from csm_cli.core.errors import UsageError

SHAPES = ("csm-1b", "tiny")


@dataclass(frozen=True)
class Subject:
    """A model to measure.

    Attributes:
        name: what it is called in the table.
        config: as in `config.json`, rotary settings under `rope_parameters`.
        tensors: by name.
        source: what `Engine.load` takes; None for random weights, which have no tokenizer and no codec.
    """

    name: str
    config: dict[str, Any]
    tensors: Mapping[str, Tensor]
    source: str | Path | None


class RandomTensors(Mapping[str, Tensor]):
    """Weights made when they are asked for, each time the same, so that they need no memory of their own.

    Args:
        shapes: of all tensors, by name.
    """

    def __init__(self, shapes: Mapping[str, tuple[int, ...]]) -> None:
        self._shapes = dict(shapes)

    def __getitem__(self, name: str) -> Tensor:
        shape = self._shapes[name]
        if len(shape) == 1:
            return torch.ones(shape)
        generator = torch.Generator().manual_seed(zlib.crc32(name.encode()))
        return torch.empty(shape).uniform_(-0.035, 0.035, generator=generator)

    def __iter__(self) -> Iterator[str]:
        return iter(self._shapes)

    def __len__(self) -> int:
        return len(self._shapes)


def find_subject(model: str | Path, shape: str | None = None) -> Subject:
    """A checkpoint, or random weights of a shape.

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
    return Subject(f"{shape} (random weights)", config, RandomTensors(tensor_shapes(config)), None)


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
