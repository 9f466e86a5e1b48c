"""transformers' CSM on the same weights, to be measured beside the engine."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor

from csm_cli.bench.subject import Subject


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
                model = CsmForConditionalGeneration(CsmConfig(**_plain(subject.config)))
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
        """Speak; (seconds, seconds of processor time, frames that came)."""
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
    from pathlib import Path

    return (Path(source) / "config.json").is_file()


def _plain(config: Mapping[str, Any]) -> dict[str, Any]:
    """A config that transformers builds a small codec for: the codec is not measured."""
    codec = {"codebook_size": config["codec_config"]["codebook_size"], "num_hidden_layers": 1}
    return {**config, "codec_config": codec, "tie_codebooks_embeddings": True}


def _fill(model: Any, tensors: Mapping[str, Tensor], dtype: torch.dtype) -> Any:
    table = "backbone_model.embed_tokens.embed_audio_tokens.weight"
    state = {name: tensors[name].to(dtype) for name in tensors if not name.startswith("codec_model.")}
    state.setdefault("depth_decoder.model.embed_tokens.weight", state[table])
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
