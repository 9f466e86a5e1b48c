"""`config.json` in every spelling: rotary settings old and new, and the original release's two flavours."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from csm_cli.checkpoints.tensors import DAMAGED
from csm_cli.core.errors import MissingError

_LLAMA3 = {"rope_type": "llama3", "rope_theta": 500000.0, "factor": 32.0}
_FLAVOURS: dict[str, dict[str, Any]] = {
    "llama-1B": {
        "hidden_size": 2048,
        "intermediate_size": 8192,
        "num_hidden_layers": 16,
        "num_attention_heads": 32,
        "num_key_value_heads": 8,
        "head_dim": 64,
        "rms_norm_eps": 1e-5,
        "max_position_embeddings": 2048,
    },
    "llama-100M": {
        "hidden_size": 1024,
        "intermediate_size": 8192,
        "num_hidden_layers": 4,
        "num_attention_heads": 8,
        "num_key_value_heads": 2,
        "head_dim": 128,
        "rms_norm_eps": 1e-5,
        "max_position_embeddings": 33,
    },
}
"""Shapes that the original release calls by name."""


def read_json(path: Path) -> dict[str, Any]:
    """A JSON object from a file of the checkpoint.

    Raises:
        MissingError: it cannot be read, or is no object.
    """
    try:
        value = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise MissingError(f"cannot be read ({error})", where=str(path), remedy=DAMAGED) from error
    if not isinstance(value, dict):
        raise MissingError("is not a JSON object", where=str(path), remedy=DAMAGED)
    return value


def is_original(config: dict[str, Any]) -> bool:
    """Whether a config says nothing but the flavours of the original release."""
    return "model_type" not in config and "backbone_flavor" in config


def from_flavours(config: dict[str, Any], path: Path) -> dict[str, Any]:
    """A config of the transformers format, without a codec, from one of the original release.

    Raises:
        MissingError: a flavour that is not known.
    """
    books, vocabulary = config.get("audio_num_codebooks", 32), config.get("audio_vocab_size", 2051)
    shapes = []
    for key in ("backbone_flavor", "decoder_flavor"):
        if config.get(key) not in _FLAVOURS:
            known = ", ".join(_FLAVOURS)
            raise MissingError(f"{key} {config.get(key)!r} is not known, only {known}", where=str(path))
        shapes.append(_FLAVOURS[config[key]])
    # The release reckons both from 8192 positions; the transformers format gives each part's own length and
    # the same wavelengths.
    backbone_rope = {**_LLAMA3, "low_freq_factor": 0.125, "high_freq_factor": 0.5}
    depth_rope = {**_LLAMA3, "low_freq_factor": 0.001953125, "high_freq_factor": 0.0078125}
    shared = {"num_codebooks": books, "vocab_size": vocabulary}
    return {
        "model_type": "csm",
        "architectures": ["CsmForConditionalGeneration"],
        **shared,
        **shapes[0],
        "text_vocab_size": config.get("text_vocab_size", 128256),
        "rope_parameters": {**backbone_rope, "original_max_position_embeddings": 1024},
        "tie_codebooks_embeddings": True,
        "tie_word_embeddings": False,
        "depth_decoder_config": {
            "model_type": "csm_depth_decoder_model",
            **shared,
            **shapes[1],
            "backbone_hidden_size": shapes[0]["hidden_size"],
            "rope_parameters": {**depth_rope, "original_max_position_embeddings": 16},
        },
    }


def flavours_of(config: dict[str, Any]) -> dict[str, Any]:
    """What the original release's own loader reads from `config.json`; empty if it knows no such shape."""

    def flavour(part: dict[str, Any]) -> str | None:
        for name, shape in _FLAVOURS.items():
            if all(part.get(key) == value for key, value in shape.items()):
                return name
        return None

    names = flavour(config), flavour(config["depth_decoder_config"])
    if None in names:
        return {}
    return {
        "backbone_flavor": names[0],
        "decoder_flavor": names[1],
        "text_vocab_size": config["text_vocab_size"],
        "audio_vocab_size": config["vocab_size"],
        "audio_num_codebooks": config["num_codebooks"],
    }


def unify(config: dict[str, Any], path: Path) -> dict[str, Any]:
    """The same config with the rotary settings of every part under `rope_parameters`.

    Raises:
        MissingError: it is of another model, or describes no depth decoder or codec.
    """
    if config.get("model_type") != "csm":
        kind = config.get("model_type", "unknown")
        raise MissingError(f"this is a model of type {kind!r}, not 'csm'", where=str(path))
    for part in (config, config.get("depth_decoder_config"), config.get("codec_config")):
        if not isinstance(part, dict):
            raise MissingError(
                "the config describes no depth decoder or codec", where=str(path), remedy=DAMAGED
            )
        theta = 10000.0 if part is config.get("codec_config") else 500000.0
        stored = part.get("rope_parameters") or part.get("rope_scaling") or {}
        if not isinstance(stored, dict):
            raise MissingError("the rotary settings are no object", where=str(path), remedy=DAMAGED)
        rope = dict(stored)
        rope.setdefault("rope_theta", part.get("rope_theta") or theta)
        rope.setdefault("rope_type", rope.get("type", "default"))
        part["rope_parameters"] = rope
    return config
