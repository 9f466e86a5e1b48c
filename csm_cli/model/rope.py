"""Rotary positions (RoPE). Needs torch only."""

from __future__ import annotations

import math
from typing import Any

import torch
from torch import Tensor


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
