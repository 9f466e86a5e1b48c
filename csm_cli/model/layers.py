"""The llama-like building blocks that backbone and depth decoder share. Needs torch only.

Names of modules and parameters are those of the transformers format. Shapes: B batch, T positions given,
S positions attended to, H hidden, D head dim.
"""

from __future__ import annotations

import math
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F


def rope_frequencies(head_dim: int, rope: dict[str, Any]) -> Tensor:
    """Angle per position of each rotary pair, float32 `[head_dim/2]`, on the CPU.

    Args:
        head_dim: even width of a head.
        rope: `rope_theta`; `rope_type` "default", or "llama3" with `factor`, `low_freq_factor`,
            `high_freq_factor` and `original_max_position_embeddings`.

    Raises:
        ValueError: another `rope_type`.

    Sources: RoFormer, eq. 15 (theta_i = base^(-2i/d)); the llama3 rule is that of the Llama 3.1 release:
    wavelengths longer than original/low are slowed by `factor`, shorter than original/high kept, those
    between blended.
    """
    exponents = torch.arange(0, head_dim, 2, dtype=torch.int64, device="cpu").float() / head_dim
    frequencies = 1.0 / (rope["rope_theta"] ** exponents)
    kind = rope.get("rope_type") or rope.get("type") or "default"
    if kind == "default":
        return frequencies
    if kind != "llama3":
        raise ValueError(f"rope_type {kind!r} is not supported, only 'default' and 'llama3'")
    factor, low, high = rope["factor"], rope["low_freq_factor"], rope["high_freq_factor"]
    original = rope["original_max_position_embeddings"]
    wavelengths = 2 * math.pi / frequencies
    blend = (original / wavelengths - low) / (high - low)
    blended = (1 - blend) * (frequencies / factor) + blend * frequencies
    slowed = torch.where(wavelengths > original / low, frequencies / factor, frequencies)
    between = (wavelengths >= original / high) & (wavelengths <= original / low)
    return torch.where(between, blended, slowed)


def rotate(x: Tensor, cos: Tensor, sin: Tensor) -> Tensor:
    """Turn x `[B, heads, T, D]` by the angles of cos and sin, float32 `[B or 1, 1, T, D/2]`; dtype as x.

    Pairs are (i, i + D/2), as in the transformers format. Computed in float32 whatever x is.
    """
    first, second = x.float().chunk(2, dim=-1)
    return torch.cat((first * cos - second * sin, second * cos + first * sin), dim=-1).to(x.dtype)


class CsmRotaryEmbedding(nn.Module):
    """Positions `[B or 1, T]` → (cos, sin), float32 `[B or 1, 1, T, D/2]`."""

    frequencies: Tensor

    def __init__(self, config: Any) -> None:
        super().__init__()
        self.head_dim, self.rope = config.head_dim, dict(config.rope_parameters)
        # Not in the checkpoint: `CsmPreTrainedModel._init_weights` computes it again after a load on "meta".
        self.register_buffer("frequencies", self.compute(), persistent=False)

    def compute(self) -> Tensor:
        """The buffer's value, float32 `[D/2]`."""
        return rope_frequencies(self.head_dim, self.rope)

    def forward(self, position_ids: Tensor) -> tuple[Tensor, Tensor]:
        angles = position_ids[:, None, :, None].float() * self.frequencies.float()
        return angles.cos(), angles.sin()


class CsmRMSNorm(nn.Module):
    """x / rms(x) * weight (Zhang & Sennrich 2019, eq. 4), the mean square in float32."""

    def __init__(self, size: int, eps: float) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.ones(size))
        self.eps = eps

    def forward(self, x: Tensor) -> Tensor:
        wide = x.float()
        scale = torch.rsqrt(wide.square().mean(-1, keepdim=True) + self.eps)
        return self.weight * (wide * scale).to(x.dtype)


class CsmMLP(nn.Module):
    """down(act(gate(x)) * up(x)) (Shazeer 2020, "GLU variants improve transformer")."""

    def __init__(self, config: Any) -> None:
        super().__init__()
        if config.hidden_act not in ("silu", "swish"):
            raise ValueError(f"hidden_act {config.hidden_act!r} is not supported, only 'silu'")
        hidden, inner, bias = config.hidden_size, config.intermediate_size, config.mlp_bias
        self.gate_proj = nn.Linear(hidden, inner, bias=bias)
        self.up_proj = nn.Linear(hidden, inner, bias=bias)
        self.down_proj = nn.Linear(inner, hidden, bias=bias)

    def forward(self, x: Tensor) -> Tensor:
        return self.down_proj(F.silu(self.gate_proj(x)) * self.up_proj(x))


class CsmAttention(nn.Module):
    """Grouped-query attention (Ainslie et al. 2023) with rotary positions."""

    def __init__(self, config: Any, layer: int) -> None:
        super().__init__()
        self.layer = layer
        self.head_dim = config.head_dim
        self.heads, self.kv_heads = config.num_attention_heads, config.num_key_value_heads
        self.groups = self.heads // self.kv_heads
        self.dropout = float(config.attention_dropout or 0.0)
        queries, keys = self.heads * self.head_dim, self.kv_heads * self.head_dim
        hidden, bias = config.hidden_size, config.attention_bias
        self.q_proj = nn.Linear(hidden, queries, bias=bias)
        self.k_proj = nn.Linear(hidden, keys, bias=bias)
        self.v_proj = nn.Linear(hidden, keys, bias=bias)
        self.o_proj = nn.Linear(queries, hidden, bias=bias)

    def forward(
        self,
        x: Tensor,
        rotary: tuple[Tensor, Tensor],
        mask: Tensor | None = None,
        cache: Any = None,
        attentions: list[Tensor] | None = None,
    ) -> Tensor:
        """x `[B, T, H]` → `[B, T, H]`.

        Args:
            rotary: (cos, sin) of the T positions.
            mask: `[B or 1, 1, T, S]`, bool (True: attend) or additive; None: causal, which needs S = T.
            cache: a `KVCache` that takes the new keys and values and gives back all S of them.
            attentions: takes the attention weights `[B, heads, T, S]`, which rules the fused kernels out.
        """
        batch, length, _ = x.shape
        query = self.q_proj(x).view(batch, length, self.heads, self.head_dim).transpose(1, 2)
        key = self.k_proj(x).view(batch, length, self.kv_heads, self.head_dim).transpose(1, 2)
        value = self.v_proj(x).view(batch, length, self.kv_heads, self.head_dim).transpose(1, 2)
        query, key = rotate(query, *rotary), rotate(key, *rotary)
        if cache is not None:
            key, value = cache.update(self.layer, key, value)
        key, value = expand_heads(key, self.groups), expand_heads(value, self.groups)
        dropout = self.dropout if self.training else 0.0
        if attentions is None:
            causal = mask is None and length > 1
            out = F.scaled_dot_product_attention(query, key, value, mask, dropout, is_causal=causal)
        else:
            attentions.append(attention_weights(query, key, mask))
            out = F.dropout(attentions[-1], dropout) @ value
        return self.o_proj(out.transpose(1, 2).reshape(batch, length, self.heads * self.head_dim))


def attention_weights(query: Tensor, key: Tensor, mask: Tensor | None) -> Tensor:
    """softmax(q k / sqrt(D)) in float32, `[B, heads, T, S]` in the type of q; the mask as `CsmAttention`
    has it.
    """
    scores = query @ key.transpose(2, 3) / math.sqrt(query.shape[-1])
    if mask is None and scores.shape[2] > 1:
        mask = torch.ones(scores.shape[2:], dtype=torch.bool, device=scores.device).tril()
    if mask is not None:
        scores = scores.masked_fill(~mask, -torch.inf) if mask.dtype == torch.bool else scores + mask
    return scores.float().softmax(dim=-1).to(query.dtype)


def expand_heads(x: Tensor, groups: int) -> Tensor:
    """Repeat each head `groups` times: `[B, heads, S, D]` → `[B, heads * groups, S, D]`.

    Done by hand because `enable_gqa` rules out every fused kernel but flash attention.
    """
    if groups == 1:
        return x
    batch, heads, length, width = x.shape
    return (
        x[:, :, None]
        .expand(batch, heads, groups, length, width)
        .reshape(batch, heads * groups, length, width)
    )


class CsmDecoderLayer(nn.Module):
    """Attention and MLP, each behind a norm and with a residual around it."""

    def __init__(self, config: Any, layer: int) -> None:
        super().__init__()
        self.self_attn = CsmAttention(config, layer)
        self.mlp = CsmMLP(config)
        self.input_layernorm = CsmRMSNorm(config.hidden_size, config.rms_norm_eps)
        self.post_attention_layernorm = CsmRMSNorm(config.hidden_size, config.rms_norm_eps)

    def forward(
        self,
        x: Tensor,
        rotary: tuple[Tensor, Tensor],
        mask: Tensor | None = None,
        cache: Any = None,
        attentions: list[Tensor] | None = None,
    ) -> Tensor:
        """x `[B, T, H]` → `[B, T, H]`; arguments as `CsmAttention`."""
        x = x + self.self_attn(self.input_layernorm(x), rotary, mask, cache, attentions)
        return x + self.mlp(self.post_attention_layernorm(x))
