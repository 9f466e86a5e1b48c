"""`FusedTransformer`: the transformer of the codec's decoder with a third of the kernels."""

from __future__ import annotations

import torch
import triton
import triton.language as tl
from torch import Tensor
from torch.nn import functional as F

from csm_cli.engine.codec_layers import Transformer
from csm_cli.engine.layout import power_of_two


@triton.jit(do_not_specialize=["length"])
def turn_pairs(
    qkv, cos, sin, length, HEADS: tl.constexpr, ALL: tl.constexpr, HALF: tl.constexpr, PADDED: tl.constexpr,
):  # fmt: skip
    """Rotate the first HEADS of ALL heads of a position in place, qkv `[B * length, ALL, 2 · HALF]`; cos and
    sin `[length, HALF]`; PADDED: a power of two that is not below HEADS.
    """
    row = tl.program_id(0).to(tl.int64)
    head, pair = tl.arange(0, PADDED)[:, None], tl.arange(0, HALF)[None, :]
    turn = (row % length) * HALF + pair
    c, s = tl.load(cos + turn), tl.load(sin + turn)
    at, there = qkv + (row * ALL + head) * 2 * HALF + pair, head < HEADS
    first = tl.load(at, mask=there, other=0.0).to(tl.float32)
    second = tl.load(at + HALF, mask=there, other=0.0).to(tl.float32)
    tl.store(at, (first * c - second * s).to(qkv.dtype.element_ty), mask=there)
    tl.store(at + HALF, (second * c + first * s).to(qkv.dtype.element_ty), mask=there)


class FusedTransformer:
    """As `Transformer`, without what came before: one product for queries, keys and values, their rotation in
    place, and the layers' scales in the weights before them.

    Args:
        plain: in float32.
        kind: of weights and activations.
    """

    def __init__(self, plain: Transformer, kind: torch.dtype) -> None:
        self._plain, self._frequencies = plain, plain.frequencies
        self._layers: list[dict[str, Tensor]] = []
        for w in plain.layers:
            scales = (w["self_attn_layer_scale.scale"], w["mlp_layer_scale.scale"])
            found = {name: w[name] for name in w if "layernorm" in name or name == "mlp.fc1.weight"}
            found["qkv"] = torch.cat([w[f"self_attn.{n}_proj.weight"] for n in "qkv"])
            found["out"] = scales[0][:, None] * w["self_attn.o_proj.weight"]
            found["fc2"] = scales[1][:, None] * w["mlp.fc2.weight"]
            self._layers.append({name: tensor.to(kind).contiguous() for name, tensor in found.items()})

    @staticmethod
    def fits(plain: Transformer) -> bool:
        """Whether it is for this one: no biases beside the norms', and heads of a power of two."""
        half = plain.head_dim // 2
        biases = any(name.endswith("_proj.bias") for w in plain.layers for name in w)
        return not biases and half * 2 == plain.head_dim and half == power_of_two(half)

    def __call__(self, x: Tensor) -> Tensor:
        """`[B, T, H]` → the same."""
        plain, (batch, length, width) = self._plain, x.shape
        steps = torch.arange(length, device=x.device)
        angles = steps[:, None].float() * self._frequencies
        cos, sin = angles.cos(), angles.sin()
        mask = None
        if length > plain.window:
            back = steps[:, None] - steps
            mask = (back >= 0) & (back < plain.window)
        turned, heads, half = (
            plain.heads + plain.kv_heads,
            plain.heads + 2 * plain.kv_heads,
            plain.head_dim // 2,
        )
        parts = (plain.heads, plain.kv_heads, plain.kv_heads)
        x = x.reshape(-1, width)
        for w in self._layers:
            y = F.layer_norm(x, (width,), w["input_layernorm.weight"], w["input_layernorm.bias"], plain.eps)
            qkv = F.linear(y, w["qkv"])
            turn_pairs[(len(x),)](
                qkv, cos, sin, length, HEADS=turned, ALL=heads, HALF=half, PADDED=power_of_two(turned)
            )
            query, key, value = (
                each.transpose(1, 2) for each in qkv.view(batch, length, heads, -1).split(parts, 2)
            )
            attended = F.scaled_dot_product_attention(
                query,
                key,
                value,
                attn_mask=mask,
                is_causal=mask is None,
                enable_gqa=plain.kv_heads < plain.heads,
            )
            x = torch.addmm(x, attended.transpose(1, 2).reshape(len(x), -1), w["out"].t())
            norm = (w["post_attention_layernorm.weight"], w["post_attention_layernorm.bias"])
            y = F.gelu(F.linear(F.layer_norm(x, (width,), *norm, plain.eps), w["mlp.fc1.weight"]))
            x = torch.addmm(x, y, w["fc2"].t())
        return x.view(batch, length, width)
