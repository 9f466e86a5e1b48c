"""`config.json` in every spelling: rotary settings old and new, the original release's two flavours; checked
by itself and against the tensors, before anything is built of them.

A mismatch would end in a traceback from deep inside or, worse, in wrong speech: layers beyond the config's
number would be left out silently.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from csm_cli.checkpoints.names import BACKBONE_TABLE, DEPTH_TABLE
from csm_cli.checkpoints.tensors import DAMAGED, Tensors, wrong_shape
from csm_cli.core import data
from csm_cli.core.errors import MissingError, remedy_of

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
"""Shapes that the original release names."""
_SIZES = (
    "num_codebooks",
    "vocab_size",
    "hidden_size",
    "intermediate_size",
    "num_hidden_layers",
    "num_attention_heads",
    "max_position_embeddings",
)
_TOKENS = ("bos_token_id", "eos_token_id", "pad_token_id")
_MOST = {"max_position_embeddings": 2**17, "sampling_rate": 192_000, "sliding_window": 2**16}
_MOST_OF_ANY = 2**20
"""No size of a model is larger: tables and caches are made by them before a tensor is compared."""
_LLAMA3_SETTINGS = ("factor", "low_freq_factor", "high_freq_factor", "original_max_position_embeddings")
_MIMI = {
    "sampling_rate": 24000,
    "codebook_size": 2048,
    "num_quantizers": 32,
    "sliding_window": 250,
    "upsampling_ratios": [8, 6, 5, 4],
    "upsample_groups": 512,
    "hidden_size": 512,
    "num_hidden_layers": 8,
    "num_attention_heads": 8,
    "num_key_value_heads": 8,
}
"""What a codec's config may leave out: the shape of the released Mimi."""


def read_json(path: Path) -> dict[str, Any]:
    """A JSON object from a file of the checkpoint.

    Raises:
        MissingError: it cannot be read, or is no object.
    """
    try:
        value = data.read_json(path)
    except OSError as error:
        what = f"cannot be read ({error.strerror or error})"
        raise MissingError(what, where=str(path), remedy=remedy_of(error)) from error
    except ValueError as error:
        raise MissingError(f"cannot be read ({error})", where=str(path), remedy=DAMAGED) from error
    if not isinstance(value, dict):
        raise MissingError("is not a JSON object", where=str(path), remedy=DAMAGED)
    return value


def is_original(config: dict[str, Any]) -> bool:
    """Whether a config is the original release's, which only names its flavours."""
    return "model_type" not in config and "backbone_flavor" in config


def from_flavours(config: dict[str, Any], path: Path) -> dict[str, Any]:
    """A config of the transformers format, without a codec, from one of the original release.

    Raises:
        MissingError: an unknown flavour.
    """
    books, vocabulary = config.get("audio_num_codebooks", 32), config.get("audio_vocab_size", 2051)
    shapes = []
    for key in ("backbone_flavor", "decoder_flavor"):
        if not isinstance(config.get(key), str) or config[key] not in _FLAVOURS:
            flavours = ", ".join(_FLAVOURS)
            raise MissingError(f"{key} {config.get(key)!r} is not known, only {flavours}", where=str(path))
        shapes.append(_FLAVOURS[config[key]])
    # The release computes both from 8192 positions; the transformers format gives each part's own length and
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
    """What the original release's own loader reads from `config.json`; empty if it has no such shape."""

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


def check_config(config: dict[str, Any], path: Path) -> None:
    """Check that a config, its rotary settings under `rope_parameters`, describes a CSM; fill in what the
    codec's part leaves out.

    Raises:
        MissingError: a size is missing or no number, the parts do not fit together, or the model needs
            an activation or rotary settings that are not supported.
    """

    def wrong(what: str) -> MissingError:
        return MissingError(what, where=str(path), remedy="use the config.json that came with the weights")

    depth, codec = config["depth_decoder_config"], config["codec_config"]
    for part, inside in ((config, ""), (depth, "depth_decoder_config.")):
        sizes = [*_SIZES, *(("text_vocab_size",) if part is config else ())]
        sizes += [name for name in ("num_key_value_heads", "head_dim") if part.get(name) is not None]
        for name in sizes:
            if name not in part:
                raise wrong(f"the config lacks {inside}{name}")
            if type(part[name]) is not int or part[name] < 1:
                raise wrong(f"{inside}{name} is {part[name]!r}, not a number above 0")
            if part[name] > _MOST.get(name, _MOST_OF_ANY):
                raise wrong(f"{inside}{name} is {part[name]}, more than {_MOST.get(name, _MOST_OF_ANY)}")
        heads = part["num_attention_heads"]
        if heads % (part.get("num_key_value_heads") or heads):
            raise wrong(f"{inside}num_key_value_heads does not divide {heads} heads")
        if not isinstance(part.setdefault("rms_norm_eps", 1e-5), float):
            raise wrong(f"{inside}rms_norm_eps is {part['rms_norm_eps']!r}, not a number")
        if part.get("hidden_act", "silu") not in ("silu", "swish"):
            raise wrong(f"{inside}hidden_act {part['hidden_act']!r} is not known, only 'silu'")
        _check_rope(part["rope_parameters"], inside, wrong)
    for name, beside in (("num_codebooks", depth), ("vocab_size", depth)):
        if config[name] != beside[name]:
            raise wrong(f"{name} is {config[name]} in the backbone, {beside[name]} in the depth decoder")
    if depth.setdefault("backbone_hidden_size", config["hidden_size"]) != config["hidden_size"]:
        raise wrong("depth_decoder_config.backbone_hidden_size is not the backbone's hidden_size")
    for name, value in _MIMI.items():
        codec.setdefault(name, value)
        sizes = codec[name] if isinstance(value, list) and isinstance(codec[name], list) else [codec[name]]
        if not sizes or any(type(size) is not int or size < 1 for size in sizes):
            raise wrong(f"codec_config.{name} is {codec[name]!r:.60}, not a number above 0")
    for name in ("max_characters", "shipped_speakers", "codebook_eos_token_id", *_TOKENS):
        if type(config.get(name, 0)) is not int and config[name] is not None:
            raise wrong(f"{name} is {config[name]!r:.60}, not a number")
    for name, value in codec.items():
        if type(value) is int and value > _MOST.get(name, _MOST_OF_ANY):
            raise wrong(f"codec_config.{name} is {value}, more than {_MOST.get(name, _MOST_OF_ANY)}")
    if codec["num_quantizers"] < config["num_codebooks"]:
        raise wrong(f"the codec has {codec['num_quantizers']} codebooks, the model {config['num_codebooks']}")


def _check_rope(rope: dict[str, Any], inside: str, wrong: Any) -> None:
    kind = rope["rope_type"]
    if kind not in ("default", "llama3"):
        raise wrong(f"{inside}rope_type {kind!r} is not known, only 'default' and 'llama3'")
    for name in ("rope_theta", *(_LLAMA3_SETTINGS if kind == "llama3" else ())):
        if not isinstance(rope.get(name), (int, float)):
            raise wrong(f"{inside}the rotary settings lack {name}")


def check_tensors(tensors: Tensors, config: Mapping[str, Any]) -> None:
    """Check that the weights of both decoders are complete, have the config's shapes and no more layers.

    No tensor is read. The codec's are checked where they are used.

    Args:
        tensors: named as in the transformers format.

    Raises:
        MissingError: the first tensor that is missing, has another shape or is beyond the config.
    """
    for name, shape in expected_shapes(config):
        held = DEPTH_TABLE if name == BACKBONE_TABLE and name not in tensors else name
        if held not in tensors:
            raise MissingError(f"the weights lack {name}", where=tensors.where, remedy=DAMAGED)
        if tensors.shapes[held] != shape:
            raise wrong_shape(held, tensors.shapes[held], shape, tensors.where)
    counts = {
        "backbone_model": config["num_hidden_layers"],
        "depth_decoder.model": config["depth_decoder_config"]["num_hidden_layers"],
    }
    for name in tensors:
        found = re.match(r"(backbone_model|depth_decoder\.model)\.layers\.(\d+)\.", name)
        if found and int(found[2]) >= counts[found[1]]:
            raise MissingError(
                f"the weights do not fit the config: it says {counts[found[1]]} layers, there is {name}",
                where=tensors.where,
                remedy=DAMAGED,
            )


def expected_shapes(config: Mapping[str, Any]) -> Iterator[tuple[str, tuple[int, ...]]]:
    """(name, shape) of every weight of both decoders, named as in the transformers format; the audio table
    once.
    """
    depth = config["depth_decoder_config"]
    books, vocabulary, hidden = config["num_codebooks"], config["vocab_size"], config["hidden_size"]
    yield "lm_head.weight", (vocabulary, hidden)
    yield "embed_text_tokens.weight", (config["text_vocab_size"], hidden)
    yield BACKBONE_TABLE, (books * vocabulary, hidden)
    yield "depth_decoder.model.inputs_embeds_projector.weight", (depth["hidden_size"], hidden)
    yield "depth_decoder.codebooks_head.weight", (books - 1, depth["hidden_size"], vocabulary)
    for prefix, part in (("backbone_model.", config), ("depth_decoder.model.", depth)):
        width, inner, heads = part["hidden_size"], part["intermediate_size"], part["num_attention_heads"]
        head = part.get("head_dim") or width // heads
        queries, keys = heads * head, (part.get("num_key_value_heads") or heads) * head
        shapes = {
            "self_attn.q_proj": (queries, width),
            "self_attn.k_proj": (keys, width),
            "self_attn.v_proj": (keys, width),
            "self_attn.o_proj": (width, queries),
            "mlp.gate_proj": (inner, width),
            "mlp.up_proj": (inner, width),
            "mlp.down_proj": (width, inner),
            "input_layernorm": (width,),
            "post_attention_layernorm": (width,),
        }
        for layer in range(part["num_hidden_layers"]):
            for name, shape in shapes.items():
                yield f"{prefix}layers.{layer}.{name}.weight", shape
        yield f"{prefix}norm.weight", (width,)
