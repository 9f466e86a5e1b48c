"""The computations of a frame as plain functions: prefill and decode of a stack, sampling of a whole frame.

The mathematics is that of `csm_cli.model`, which stays the reference; the weights are those of
`layout.Weights`. B rows, T positions, S positions attended to, D head dim, H hidden, K codebooks.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from csm_cli.engine.devices import upload
from csm_cli.engine.layout import Stack, StackCache, Weights
from csm_cli.engine.prompt import Position
from csm_cli.model.sampling import RowSampler, draw


def attend(query: Tensor, keys: Tensor, values: Tensor, mask: Tensor | None, causal: bool = False) -> Tensor:
    """Scaled dot-product attention, `[B, heads, T, D]` over `[B, heads, S, D]` → `[B, heads, T, D]`.

    On a CPU by one thread, because torch adds up in another order when it has several.
    """
    threads = 1 if query.device.type != "cpu" or torch.compiler.is_compiling() else torch.get_num_threads()
    if threads == 1:
        return F.scaled_dot_product_attention(query, keys, values, attn_mask=mask, is_causal=causal)
    torch.set_num_threads(1)
    try:
        return F.scaled_dot_product_attention(query, keys, values, attn_mask=mask, is_causal=causal)
    finally:
        torch.set_num_threads(threads)


def rms(x: Tensor, eps: Tensor) -> Tensor:
    """x / sqrt(|x|² + eps²): root-mean-square norm (Zhang & Sennrich 2019, eq. 4) without the factor
    sqrt(H), which the weights carry.

    Three operations instead of six; eps is `Stack.eps`.
    """
    length = torch.linalg.vector_norm(x, dim=-1, keepdim=True, dtype=torch.float32)
    return (x / torch.hypot(length, eps)).to(x.dtype)


def _rotate(x: Tensor, rotation: Tensor) -> Tensor:
    """Neighbouring pairs of x `[..., D]` as complex numbers, times rotation `[..., D/2]`, in float32."""
    pairs = torch.view_as_complex(x.float().view(*x.shape[:-1], -1, 2))
    return torch.view_as_real(pairs * rotation).view(x.shape).to(x.dtype)


def prefill_stack(
    stack: Stack, x: Tensor, cache: StackCache, rotation: Tensor, mask: Tensor | None = None, start: int = 0
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
        rotated = _rotate(fused[:, :, :split], rotation).transpose(1, 2)
        keys[:, :, start:end] = rotated[:, stack.heads :]
        values[:, :, start:end] = fused[:, :, split:].transpose(1, 2)
        key, value = keys[:, :, :end], values[:, :, :end]
        if groups > 1:
            key, value = key.repeat_interleave(groups, 1), value.repeat_interleave(groups, 1)
        attended = attend(rotated[:, : stack.heads], key, value, mask, causal=mask is None)
        x = layer.out.add(attended.transpose(1, 2).reshape(batch, length, -1), x)
        gate, up = layer.gate_up(rms(x, stack.eps)).chunk(2, dim=-1)
        x = layer.down.add(F.silu(gate) * up, x)
    return x


def decode_stack(
    stack: Stack,
    x: Tensor,
    cache: StackCache,
    place: tuple[Any, ...],
    rows: slice,
    end: int,
    rotation: Tensor,
    mask: Tensor | None,
) -> Tensor:
    """Run N positions, each of which attends to its row of the cache: one per row, or many of one row.

    Every position is computed by itself: its state is the same in a prompt and as a decoded frame, whatever
    the other positions are.

    Args:
        x: embeddings `[N, H]`.
        place: index of a layer's cache, `[B, kv heads, positions, D]`, where the N keys belong.
        rows: rows of the cache that are attended to, N of them or one for all.
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
        rotated = _rotate(fused[:, :split], rotation)
        keys[place] = rotated[:, heads:]
        values[place] = fused[:, split:]
        # The heads that share keys stand where positions would: one query per head, no copies of the keys.
        query = rotated[:, :heads].view(count, kv_heads, -1, width)
        key, value = (kept[rows, :, :end].expand(count, -1, -1, -1) for kept in (keys, values))
        attended = attend(query, key, value, mask)
        x = layer.out.add(attended.reshape(count, -1), x)
        gate, up = layer.gate_up(rms(x, stack.eps)).chunk(2, dim=-1)
        x = layer.down.add(F.silu(gate).mul_(up), x)
    return x


def embed_frames(weights: Weights, codes: Tensor) -> Tensor:
    """Codes `[N, K]` → embeddings `[N, H]`: the sum over codebooks of `table[code_k + k * vocab]`."""
    return F.embedding_bag(codes + weights.offsets, weights.audio, mode="sum")


def embed_prompt(weights: Weights, content: Sequence[Position]) -> Tensor:
    """The embeddings of a prompt's positions, `[positions, H]`."""
    device = weights.text.device
    x = weights.text.new_empty(len(content), weights.text.shape[1])
    ids = [(place, item) for place, item in enumerate(content) if isinstance(item, int)]
    frames = [(place, item) for place, item in enumerate(content) if isinstance(item, bytes)]
    if ids:
        places, numbers = (upload(torch.tensor(column), device) for column in zip(*ids, strict=True))
        x[places] = weights.text[numbers]
    if frames:
        codes = np.frombuffer(b"".join(item for _, item in frames), dtype=np.int16)
        table = upload(torch.from_numpy(codes.astype(np.int64).reshape(len(frames), -1)), device)
        places = upload(torch.tensor([place for place, _ in frames]), device)
        x[places] = embed_frames(weights, table)
    return x


def sample_frame(
    weights: Weights,
    hidden: Tensor,
    cache: StackCache,
    backbone_sampler: RowSampler,
    depth_sampler: RowSampler,
    noise: Tensor | None,
) -> Tensor:
    """One frame of every row, int64 `[B, K]`.

    Args:
        hidden: the backbone's state `[B, H]`, after the final norm.
        cache: of the depth decoder, K positions; whatever is in it is written over.
        backbone_sampler, depth_sampler: of codebook 0, and of the others.
        noise: temperature times Gumbel noise, `[B, K, codes]`; None: greedy.
    """
    if weights.kernels is not None:
        return weights.kernels.sample_frame(hidden, cache, backbone_sampler, depth_sampler, noise)
    stack = weights.depth
    code = draw(weights.head(hidden).float(), backbone_sampler, None if noise is None else noise[:, 0])
    codes = [code]
    first = torch.stack((weights.project(hidden), depth_embed(weights, code, 0)), dim=1)
    state = prefill_stack(stack, first, cache, stack.rotation[None, :2, None])[:, -1]
    every = slice(None)
    for book in range(1, weights.num_codebooks):
        if book > 1:
            x = depth_embed(weights, code, book - 1)
            place = (every, every, book)
            rotation = stack.rotation[book, None, None]
            state = decode_stack(stack, x, cache, place, every, book + 1, rotation, None)
        logits = weights.depth_heads[book - 1](rms(state, stack.eps)).float()
        code = draw(logits, depth_sampler, None if noise is None else noise[:, book])
        codes.append(code)
    return torch.stack(codes, dim=1)


def depth_embed(weights: Weights, code: Tensor, book: int) -> Tensor:
    """Code `[B]` of a codebook → the depth decoder's input `[B, Hd]`."""
    if weights.depth_audio is not None:
        return weights.depth_audio[code + book * weights.vocab]
    return weights.project(weights.audio[code + book * weights.vocab])
