"""Weights laid out for speed: projections that share an input joined, norms folded in, heads apart per
codebook.

Everything is exact mathematics on the checkpoint's numbers, done in float32 before they are rounded.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor

from csm_cli.checkpoints.tensors import take, to_float
from csm_cli.core.errors import MissingError
from csm_cli.engine.kernels.panels import Panels, compiled_before, loops_fit
from csm_cli.engine.linears import Linear, Packed, Plain, heads_linear
from csm_cli.model.layers import rope_frequencies

if TYPE_CHECKING:
    from csm_cli.engine.kernels.kernels import Kernels


@dataclass(frozen=True)
class Layer:
    """One layer. Norm weights are folded into the projection behind them, times sqrt(H): see `steps.rms`.

    Attributes:
        qkv: `[(heads + 2 * kv heads) * D, H]`; rotary pairs of q and k interleaved.
        out: `[H, heads * D]`.
        gate_up: `[2 * F, H]`.
        down: `[H, F]`.
    """

    qkv: Linear
    out: Linear
    gate_up: Linear
    down: Linear


@dataclass(frozen=True)
class Stack:
    """A decoder without embeddings and heads.

    Attributes:
        eps: sqrt(H * norm epsilon), float32 `[]`, what `steps.rms` adds to the length of a vector.
        rotation: complex64 `[positions, D/2]`, the rotary factors.
        norm: final norm weight times sqrt(H), `[H]`.
        inner: F, the width behind the gate.
    """

    layers: tuple[Layer, ...]
    heads: int
    kv_heads: int
    head_dim: int
    hidden: int
    eps: Tensor
    rotation: Tensor
    norm: Tensor
    inner: int

    @property
    def work(self) -> int:
        """Multiplications that a position takes in the largest product of a layer."""
        return 2 * self.hidden * self.inner


@dataclass(frozen=True)
class Weights:
    """All that speaking needs, on one device, in one number type.

    Attributes:
        text: text table `[text vocabulary, H]`.
        audio: audio table `[K * vocab, H]`.
        offsets: int64 `[K]`, where each codebook's rows begin.
        head: of codebook 0, `[codes, H]`.
        project: backbone hidden → depth hidden, `[Hd, H]`.
        depth_audio: the audio table behind `project`, `[(K-1) * vocab, Hd]`, or None where folding is not
            worth it.
        depth_heads: of codebooks 1 … K-1, `[codes, Hd]` each, the final norm folded in.
        codes: ids per codebook that the codec knows; the heads have no others.
        kernels: the same as compiled loops; None: `steps` computes.
    """

    backbone: Stack
    depth: Stack
    text: Tensor
    audio: Tensor
    offsets: Tensor
    head: Linear
    project: Linear
    depth_audio: Tensor | None
    depth_heads: tuple[Linear, ...]
    num_codebooks: int
    vocab: int
    codes: int
    kernels: Kernels | None = None


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
        linear: makes the products of the layers, of `linears`. Those of the heads are never quantised. Where
            it is `Packed` and the model is small, compiled loops take its place, if numba is there.
        compile_loops: if they are not compiled yet; else they are left out then.

    Raises:
        MissingError: a tensor is missing or has another shape than the config says, or the config asks for
            something the engine does not have.
    """
    depth_config = config["depth_decoder_config"]
    books, vocab, hidden = config["num_codebooks"], config["vocab_size"], config["hidden_size"]
    codes = min(vocab, config["codec_config"]["codebook_size"])
    inner = depth_config["hidden_size"]

    def put(tensor: Tensor) -> Tensor:
        return tensor.to(device=device, dtype=dtype).contiguous()

    if linear is Packed and loops_fit(config, device) and (compile_loops or compiled_before()):
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
    from csm_cli.engine.kernels.kernels import Kernels

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
