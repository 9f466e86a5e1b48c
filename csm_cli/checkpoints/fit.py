"""Whether config and tensors belong together, told before anything is built of them.

What does not fit would end in a traceback from deep inside, or, worse, speak: layers that the config does not
count are left out without a word.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from csm_cli.checkpoints.names import BACKBONE_TABLE, DEPTH_TABLE
from csm_cli.checkpoints.tensors import DAMAGED, Tensors, wrong_shape
from csm_cli.core.errors import MissingError

_SIZES = (
    "num_codebooks",
    "vocab_size",
    "hidden_size",
    "intermediate_size",
    "num_hidden_layers",
    "num_attention_heads",
    "max_position_embeddings",
)
_LLAMA3 = ("factor", "low_freq_factor", "high_freq_factor", "original_max_position_embeddings")
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
"""What a codec's config may leave out: all Mimis have the shape of the one that was released."""


def check_config(config: dict[str, Any], path: Path) -> None:
    """See that a config, its rotary settings under `rope_parameters`, describes a CSM; fill in what the
    codec's part left out.

    Raises:
        MissingError: a size is missing or no number, the parts do not fit together, or the model needs what
            is not there: another activation, other rotary settings.
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
    if codec["num_quantizers"] < config["num_codebooks"]:
        raise wrong(f"the codec has {codec['num_quantizers']} codebooks, the model {config['num_codebooks']}")


def _check_rope(rope: dict[str, Any], inside: str, wrong: Any) -> None:
    kind = rope["rope_type"]
    if kind not in ("default", "llama3"):
        raise wrong(f"{inside}rope_type {kind!r} is not known, only 'default' and 'llama3'")
    for name in ("rope_theta", *(_LLAMA3 if kind == "llama3" else ())):
        if not isinstance(rope.get(name), (int, float)):
            raise wrong(f"{inside}the rotary settings lack {name}")


def check_tensors(tensors: Tensors, config: Mapping[str, Any]) -> None:
    """See that the weights of both decoders are all there, have the shapes that the config says, and are no
    more than it says. Nothing is read for it. The codec's are checked where they are used.

    Args:
        tensors: named as in the transformers format.

    Raises:
        MissingError: the first that is missing, or does not fit.
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
