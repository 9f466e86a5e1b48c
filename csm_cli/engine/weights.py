"""A checkpoint's tensors → `layout.Weights`: projections that share an input joined, norms folded in, heads
apart per codebook.

Everything is exact mathematics on the checkpoint's numbers, done in float32 before they are rounded.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import torch
from torch import Tensor

from csm_cli.checkpoints.tensors import take, to_float
from csm_cli.core.errors import MissingError
from csm_cli.engine.kernels.panels import Panels, compiled_before, loops_fit
from csm_cli.engine.layout import Layer, Stack, Weights
from csm_cli.engine.linears import Linear, OneDnnLinear, Plain, heads_linear
from csm_cli.model.rope import rope_frequencies

_FOLD_LIMIT = 2e10
"""Multiplications that folding the table may cost on a CPU (about a second); csm-1b would take 1.4e11."""


def load_weights(
    config: dict[str, Any],
    tensors: Mapping[str, Tensor],
    device: torch.device,
    dtype: torch.dtype,
    linear: Callable[[Tensor], Linear] = Plain,
    compile_loops: bool = True,
) -> Weights:
    """Lay out the tensors of a checkpoint.

    Args:
        config: the checkpoint's `config.json`.
        tensors: by their names in the transformers format.
        linear: a class of `linears`, for the layers. The heads are never quantised. In place of
            `OneDnnLinear` a small model gets compiled loops, if numba is installed.
        compile_loops: compile them if numba's cache lacks them; False: go without them then.

    Raises:
        MissingError: a tensor is missing or its shape is not the config's, or the config needs something
            that the engine does not have.
    """
    depth_config = config["depth_decoder_config"]
    books, vocab, hidden = config["num_codebooks"], config["vocab_size"], config["hidden_size"]
    codes = min(vocab, config["codec_config"]["codebook_size"])
    inner = depth_config["hidden_size"]

    def put(tensor: Tensor) -> Tensor:
        return tensor.to(device=device, dtype=dtype).contiguous()

    if linear is OneDnnLinear and loops_fit(config, device) and (compile_loops or compiled_before()):
        linear = Panels
    unrounded = heads_linear(linear if dtype == torch.float32 else Plain)

    def exact(tensor: Tensor) -> Linear:
        return unrounded(put(tensor))

    table_names = (
        "backbone_model.embed_tokens.embed_audio_tokens.weight",
        "depth_decoder.model.embed_tokens.weight",
    )
    stored = [tensors[name] for name in table_names if name in tensors] or [take(tensors, table_names[0])]
    audio, depth_table = (to_float(t) for t in (stored[0], stored[-1]))
    same = len(stored) == 1 or torch.equal(audio, depth_table)
    project = to_float(take(tensors, "depth_decoder.model.inputs_embeds_projector.weight", (inner, hidden)))
    rows = depth_table[: (books - 1) * vocab]
    cheap = device.type != "cpu" or rows.shape[0] * hidden * inner <= _FOLD_LIMIT
    depth_audio = put(rows.to(device) @ project.to(device).T) if cheap or not same else None

    backbone = _stack(config, tensors, "backbone_model.", put, linear)
    depth = _stack(depth_config, tensors, "depth_decoder.model.", put, linear)
    heads = to_float(take(tensors, "depth_decoder.codebooks_head.weight", (books - 1, inner, vocab)))
    depth_norm = to_float(take(tensors, "depth_decoder.model.norm.weight", (inner,))) * math.sqrt(inner)
    heads = (heads[:, :, :codes] * depth_norm[:, None]).transpose(1, 2)
    weights = Weights(
        backbone=backbone,
        depth=depth,
        text=put(take(tensors, "embed_text_tokens.weight", (config["text_vocab_size"], hidden))),
        audio=put(audio),
        offsets=torch.arange(books, device=device) * vocab,
        head=exact(take(tensors, "lm_head.weight", (vocab, hidden))[:codes]),
        project=exact(project),
        depth_audio=depth_audio,
        depth_heads=tuple(exact(head) for head in heads),
        num_codebooks=books,
        vocab=vocab,
        codes=codes,
    )
    if linear is not Panels or depth_audio is None:
        return weights
    from csm_cli.engine.kernels.kernels import Kernels  # needs numba

    return replace(weights, kernels=Kernels(weights, torch.get_num_threads()))


def _stack(
    config: dict[str, Any], tensors: Mapping[str, Tensor], prefix: str, put: Any, linear: Any
) -> Stack:
    hidden, heads = config["hidden_size"], config["num_attention_heads"]
    kv_heads = config.get("num_key_value_heads") or heads
    head_dim = config.get("head_dim") or hidden // heads
    if config.get("hidden_act", "silu") != "silu" or config.get("attention_bias") or config.get("mlp_bias"):
        raise MissingError(
            "the engine has no biases and no activation but silu", remedy="use another checkpoint"
        )
    root = math.sqrt(hidden)

    def part(layer: int, name: str, *shape: int) -> Tensor:
        return to_float(take(tensors, f"{prefix}layers.{layer}.{name}.weight", shape))

    layers = []
    for i in range(config["num_hidden_layers"]):
        before = part(i, "input_layernorm", hidden) * root
        after = part(i, "post_attention_layernorm", hidden) * root
        query = _interleave(part(i, "self_attn.q_proj", heads * head_dim, hidden), head_dim)
        key = _interleave(part(i, "self_attn.k_proj", kv_heads * head_dim, hidden), head_dim)
        value = part(i, "self_attn.v_proj", kv_heads * head_dim, hidden)
        inner = config["intermediate_size"]
        gate_up = torch.cat((part(i, "mlp.gate_proj", inner, hidden), part(i, "mlp.up_proj", inner, hidden)))
        layers.append(
            Layer(
                qkv=linear(put(torch.cat((query, key, value)) * before)),
                out=linear(put(part(i, "self_attn.o_proj", hidden, heads * head_dim))),
                gate_up=linear(put(gate_up * after)),
                down=linear(put(part(i, "mlp.down_proj", hidden, inner))),
            )
        )
    norm = put(to_float(take(tensors, f"{prefix}norm.weight", (hidden,))) * root)
    angles = torch.arange(config["max_position_embeddings"])[:, None] * rope_frequencies(
        head_dim, config["rope_parameters"]
    )
    rotation = torch.polar(torch.ones_like(angles), angles)
    return Stack(
        layers=tuple(layers),
        heads=heads,
        kv_heads=kv_heads,
        head_dim=head_dim,
        hidden=hidden,
        eps=torch.tensor(math.sqrt(hidden * config["rms_norm_eps"]), device=norm.device),
        rotation=rotation.to(norm.device),
        norm=norm,
        inner=config["intermediate_size"],
    )


def _interleave(weight: Tensor, head_dim: int) -> Tensor:
    """Rows of each head from halves (i, i + D/2) to neighbours (2i, 2i+1).

    Scores do not change, as q and k are reordered alike, and neighbours are complex numbers: one
    multiplication rotates them.
    """
    rows, hidden = weight.shape
    return weight.view(rows // head_dim, 2, head_dim // 2, hidden).transpose(1, 2).reshape(rows, hidden)
