"""The three computations of speaking, as plain functions: the prompt, one backbone step, one whole frame.

The mathematics is that of `csm_cli.model`, which stays the reference; the weights are those of
`weights.Weights`. B rows, T positions, S positions attended to, D head dim, H hidden, K codebooks.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from csm_cli.engine.weights import Stack, Weights
from csm_cli.model.sampling import RowSampler, draw


def attend(query: Tensor, keys: Tensor, values: Tensor, mask: Tensor | None, causal: bool = False) -> Tensor:
    """Attention; on a CPU by one thread, because torch adds up in another order when it has several."""
    threads = 1 if query.device.type != "cpu" or torch.compiler.is_compiling() else torch.get_num_threads()
    if threads == 1:
        return F.scaled_dot_product_attention(query, keys, values, attn_mask=mask, is_causal=causal)
    torch.set_num_threads(1)
    try:
        return F.scaled_dot_product_attention(query, keys, values, attn_mask=mask, is_causal=causal)
    finally:
        torch.set_num_threads(threads)


def rms(x: Tensor, eps: Tensor) -> Tensor:
    """x / sqrt(|x|² + eps²): root-mean-square norm without the factor sqrt(H), which the weights carry.

    Three operations instead of six; eps is `Stack.eps`.
    """
    length = torch.linalg.vector_norm(x, dim=-1, keepdim=True, dtype=torch.float32)
    return (x / torch.hypot(length, eps)).to(x.dtype)


@dataclass(frozen=True)
class Cache:
    """Keys and values of a stack.

    Attributes:
        keys, values: a tensor `[B, kv heads, positions, D]` per layer.
        block: all of them in one array `[layers, 2, B, kv heads, positions, D]`, for compiled loops.
    """

    keys: list[Tensor]
    values: list[Tensor]
    block: np.ndarray | None = None

    def rows(self, rows: slice) -> Cache:
        """The same memory, some of the rows."""
        block = self.block if rows.start == 0 else None  # rows of it are counted from its first
        return Cache([layer[rows] for layer in self.keys], [layer[rows] for layer in self.values], block)


def new_cache(stack: Stack, batch: int, positions: int, in_block: bool = False) -> Cache:
    """Room for `positions` positions of `batch` rows, filled with zeros; `in_block`: see `Cache.block`."""
    like, shape = stack.norm, (batch, stack.kv_heads, positions, stack.head_dim)
    if in_block:
        block = np.zeros((len(stack.layers), 2, *shape), dtype=np.float32)
        keys, values = ([torch.from_numpy(layer[part]) for layer in block] for part in (0, 1))
        return Cache(keys, values, block)

    def room() -> Tensor:
        if like.device.type == "cpu" and like.dtype == torch.float32:
            # The system hands these zeros out page by page when they are written to; torch's take memory at
            # once.
            return torch.from_numpy(np.zeros(shape, dtype=np.float32))
        return torch.zeros(shape, dtype=like.dtype, device=like.device)

    # Each a tensor of its own: parts of one would be copied as a whole by compiled code that writes to them.
    return Cache([room() for _ in stack.layers], [room() for _ in stack.layers])


def _rotate(x: Tensor, rotation: Tensor) -> Tensor:
    """Neighbouring pairs of x `[..., D]` as complex numbers, times rotation `[..., D/2]`, in float32."""
    pairs = torch.view_as_complex(x.float().view(*x.shape[:-1], -1, 2))
    return torch.view_as_real(pairs * rotation).view(x.shape).to(x.dtype)


def prefill(
    stack: Stack, x: Tensor, cache: Cache, rotation: Tensor, mask: Tensor | None = None, start: int = 0
) -> Tensor:
    """Run T positions of every row, which stand at start … start+T-1 of the cache; fill it.

    Args:
        x: embeddings `[B, T, H]`.
        rotation: of each position, `[B or 1, T, 1, D/2]`.
        mask: bool `[B or 1, 1, T, start + T]`; None: causal, and start is 0.

    Returns:
        hidden states before the final norm, `[B, T, H]`.
    """
    batch, length, _ = x.shape
    groups = stack.heads // stack.kv_heads
    split = stack.heads + stack.kv_heads
    end = start + length
    for layer, keys, values in zip(stack.layers, cache.keys, cache.values, strict=True):
        fused = layer.qkv(rms(x, stack.eps)).view(batch, length, -1, stack.head_dim)
        turned = _rotate(fused[:, :, :split], rotation).transpose(1, 2)
        keys[:, :, start:end] = turned[:, stack.heads :]
        values[:, :, start:end] = fused[:, :, split:].transpose(1, 2)
        key, value = keys[:, :, :end], values[:, :, :end]
        if groups > 1:
            key, value = key.repeat_interleave(groups, 1), value.repeat_interleave(groups, 1)
        heard = attend(turned[:, : stack.heads], key, value, mask, causal=mask is None)
        x = layer.out.add(heard.transpose(1, 2).reshape(batch, length, -1), x)
        gate, up = layer.gate_up(rms(x, stack.eps)).chunk(2, dim=-1)
        x = layer.down.add(F.silu(gate) * up, x)
    return x


def step(
    stack: Stack,
    x: Tensor,
    cache: Cache,
    place: tuple[Any, ...],
    seen: slice,
    end: int,
    rotation: Tensor,
    mask: Tensor | None,
) -> Tensor:
    """Run N positions, each of which sees what its row of the cache holds: one per row, or many of one row.

    Every position is worked out by itself: it comes out the same whether it is read in a prompt or spoken,
    and whatever stands beside it.

    Args:
        x: embeddings `[N, H]`.
        place: index of a layer's cache, `[B, kv heads, positions, D]`, where the N keys belong.
        seen: rows of the cache that are looked at, N of them or one for all.
        end: how many of their positions.
        rotation: of each position, `[N or 1, 1, D/2]`.
        mask: bool `[N, 1, 1, end]`; None: all of them.

    Returns:
        hidden states before the final norm, `[N, H]`.
    """
    count = x.shape[0]
    heads, kv_heads, width = stack.heads, stack.kv_heads, stack.head_dim
    split = heads + kv_heads
    for layer, keys, values in zip(stack.layers, cache.keys, cache.values, strict=True):
        fused = layer.qkv(rms(x, stack.eps)).view(count, -1, width)
        turned = _rotate(fused[:, :split], rotation)
        keys[place] = turned[:, heads:]
        values[place] = fused[:, split:]
        # The heads that share keys stand where positions would: one query per head, no copies of the keys.
        query = turned[:, :heads].view(count, kv_heads, -1, width)
        known, told = (kept[seen, :, :end].expand(count, -1, -1, -1) for kept in (keys, values))
        heard = attend(query, known, told, mask)
        x = layer.out.add(heard.reshape(count, -1), x)
        gate, up = layer.gate_up(rms(x, stack.eps)).chunk(2, dim=-1)
        x = layer.down.add(F.silu(gate).mul_(up), x)
    return x


def embed_frames(weights: Weights, codes: Tensor) -> Tensor:
    """Codes `[N, K]` → embeddings `[N, H]`: the sum over codebooks of `table[code_k + k * vocab]`."""
    return F.embedding_bag(codes + weights.offsets, weights.audio, mode="sum")


def speak_frame(
    weights: Weights,
    hidden: Tensor,
    cache: Cache,
    level: RowSampler,
    depth: RowSampler,
    noise: Tensor | None,
) -> Tensor:
    """One frame of every row, int64 `[B, K]`.

    Args:
        hidden: the backbone's state `[B, H]`, after the final norm.
        cache: of the depth decoder, K positions; whatever is in it is written over.
        level, depth: how codebook 0 and the others are drawn.
        noise: `frame_noise`, `[B, K, codes]`; None: greedy.
    """
    if weights.kernels is not None:
        return weights.kernels.speak(hidden, cache, level, depth, noise)
    stack = weights.depth
    code = draw(weights.head(hidden).float(), level, None if noise is None else noise[:, 0])
    codes = [code]
    first = torch.stack((weights.project(hidden), depth_embed(weights, code, 0)), dim=1)
    state = prefill(stack, first, cache, stack.rotation[None, :2, None])[:, -1]
    every = slice(None)
    for book in range(1, weights.num_codebooks):
        if book > 1:
            x = depth_embed(weights, code, book - 1)
            place = (every, every, book)
            state = step(stack, x, cache, place, every, book + 1, stack.rotation[book, None, None], None)
        logits = weights.depth_heads[book - 1](rms(state, stack.eps)).float()
        code = draw(logits, depth, None if noise is None else noise[:, book])
        codes.append(code)
    return torch.stack(codes, dim=1)


def depth_embed(weights: Weights, code: Tensor, book: int) -> Tensor:
    """Code `[B]` of a codebook → the depth decoder's input `[B, Hd]`."""
    if weights.depth_audio is not None:
        return weights.depth_audio[code + book * weights.vocab]
    return weights.project(weights.audio[code + book * weights.vocab])
