"""The two ways to name a CSM's tensors, how to distinguish them, and the conversion between them.

The original release calls attention `attn` and pairs rotary dimensions (2i, 2i+1); the transformers format
calls it `self_attn` and pairs (i, i + D/2). The rows of q and k are reordered so that the scores stay the
same.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Literal

from csm_cli.checkpoints.tensors import Tensors
from csm_cli.core.errors import MissingError

if TYPE_CHECKING:
    from torch import Tensor

Format = Literal["transformers", "original"]

BACKBONE_TABLE = "backbone_model.embed_tokens.embed_audio_tokens.weight"
DEPTH_TABLE = "depth_decoder.model.embed_tokens.weight"

_SINGLE = {
    "text_embeddings.weight": "embed_text_tokens.weight",
    "audio_embeddings.weight": BACKBONE_TABLE,
    "codebook0_head.weight": "lm_head.weight",
    "audio_head": "depth_decoder.codebooks_head.weight",
    "projection.weight": "depth_decoder.model.inputs_embeds_projector.weight",
    "backbone.norm.scale": "backbone_model.norm.weight",
    "decoder.norm.scale": "depth_decoder.model.norm.weight",
}
_LAYER = {
    "attn.q_proj.weight": "self_attn.q_proj.weight",
    "attn.k_proj.weight": "self_attn.k_proj.weight",
    "attn.v_proj.weight": "self_attn.v_proj.weight",
    "attn.output_proj.weight": "self_attn.o_proj.weight",
    "mlp.w1.weight": "mlp.gate_proj.weight",
    "mlp.w2.weight": "mlp.down_proj.weight",
    "mlp.w3.weight": "mlp.up_proj.weight",
    "sa_norm.scale": "input_layernorm.weight",
    "mlp_norm.scale": "post_attention_layernorm.weight",
}
_STACKS = {"backbone.": "backbone_model.", "decoder.": "depth_decoder.model."}


def detect(names: Mapping[str, Any], where: str) -> Format:
    """Which format tensors of these names are in; the names of files do not count.

    Raises:
        MissingError: neither: the checkpoint of another model.
    """
    if "backbone_model.layers.0.self_attn.q_proj.weight" in names:
        return "transformers"
    if "backbone.layers.0.attn.q_proj.weight" in names:
        return "original"
    example = next(iter(sorted(names)), None)
    if any("lora_" in name for name in names):
        raise MissingError(
            "holds a LoRA adapter, not a model",
            where=where,
            remedy="give the folder with adapter_config.json",
        )
    raise MissingError(
        "these are not the weights of a CSM"
        + (f" (the first is {example})" if example else ": there are none"),
        where=where,
        remedy="give another checkpoint",
    )


def original_names(config: Mapping[str, Any]) -> dict[str, tuple[str, int | None]]:
    """Name in the original release → (name in the transformers format, head dim if rows are to be reordered).

    Args:
        config: `config.json` of the transformers format.
    """
    names: dict[str, tuple[str, int | None]] = {old: (new, None) for old, new in _SINGLE.items()}
    for (old_stack, new_stack), part in zip(
        _STACKS.items(), (config, config["depth_decoder_config"]), strict=True
    ):
        dim = part.get("head_dim") or part["hidden_size"] // part["num_attention_heads"]
        for layer in range(part["num_hidden_layers"]):
            for old, new in _LAYER.items():
                reorder = dim if "q_proj" in old or "k_proj" in old else None
                names[f"{old_stack}layers.{layer}.{old}"] = (f"{new_stack}layers.{layer}.{new}", reorder)
    return names


def halves(weight: Tensor, head_dim: int) -> Tensor:
    """Rows `[heads * D, in]` of each head from neighbours (2i, 2i+1) to halves (i, i + D/2)."""
    rows, width = weight.shape
    return weight.view(rows // head_dim, head_dim // 2, 2, width).transpose(1, 2).reshape(rows, width)


def neighbours(weight: Tensor, head_dim: int) -> Tensor:
    """The inverse of `halves`."""
    rows, width = weight.shape
    return weight.view(rows // head_dim, 2, head_dim // 2, width).transpose(1, 2).reshape(rows, width)


def from_original(tensors: Tensors, config: Mapping[str, Any]) -> Tensors:
    """Tensors of the original release under the names, and in the order of rows, of the transformers format.

    Other names are left out: some fine-tunes keep buffers in their files.
    """
    source = {new: (old, dim) for old, (new, dim) in original_names(config).items() if old in tensors}

    def read(name: str) -> Tensor:
        old, dim = source[name]
        return tensors[old] if dim is None else halves(tensors[old], dim)

    shapes = {new: tensors.shapes[old] for new, (old, _) in source.items()}
    return Tensors(shapes, read, tensors.where)


def to_original(tensors: Tensors, config: Mapping[str, Any]) -> Tensors:
    """The inverse of `from_original`; the codec, which the original release does not have, is left out.

    Raises:
        MissingError: a tensor is missing.
    """
    source: dict[str, tuple[str, int | None]] = {}
    for old, (new, dim) in original_names(config).items():
        held = DEPTH_TABLE if new == BACKBONE_TABLE and new not in tensors else new
        if held not in tensors:
            raise MissingError(f"the weights lack {held}", where=tensors.where)
        source[old] = (held, dim)

    def read(name: str) -> Tensor:
        held, dim = source[name]
        return tensors[held] if dim is None else neighbours(tensors[held], dim)

    shapes = {old: tensors.shapes[held] for old, (held, _) in source.items()}
    return Tensors(shapes, read, tensors.where)


def flat_codec_name(name: str) -> str:
    """A name within the codec, as files have it: newer transformers nest encoder and decoder in memory."""
    name = name.removeprefix("codec_model.")
    for side in ("encoder", "decoder"):
        name = name.replace(f"{side}.{side}_seanet.", f"{side}.").replace(
            f"{side}.{side}_transformer.", f"{side}_transformer."
        )
    return name.replace("encoder.downsample.", "downsample.").replace("decoder.upsample.", "upsample.")
