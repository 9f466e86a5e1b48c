"""The kernels of prompts: many positions of several lines in one packed sequence `[P, …]`."""

from __future__ import annotations

import triton
import triton.language as tl

from csm_cli.engine.gpu.frame_kernels import take_in, turned


@triton.jit
def norm_rows(x, out, eps, WIDTH: tl.constexpr, PADDED: tl.constexpr):
    """out = x / sqrt(|x|² + eps²), `[P, WIDTH]`."""
    row, at = tl.program_id(0).to(tl.int64), tl.arange(0, PADDED)
    wide = tl.load(x + row * WIDTH + at, mask=at < WIDTH, other=0.0).to(tl.float32)
    wide *= tl.rsqrt(tl.sum(wide * wide, axis=0) + eps * eps)
    tl.store(out + row * WIDTH + at, wide.to(out.dtype.element_ty), mask=at < WIDTH)


@triton.jit
def gate(both, out, WIDTH: tl.constexpr, CHUNK: tl.constexpr):
    """both `[P, 2 · WIDTH]` → silu of the first half times the second, `[P, WIDTH]`."""
    row, at = tl.program_id(0).to(tl.int64), tl.program_id(1) * CHUNK + tl.arange(0, CHUNK)
    first = tl.load(both + row * 2 * WIDTH + at, mask=at < WIDTH, other=0.0).to(tl.float32)
    second = tl.load(both + row * 2 * WIDTH + WIDTH + at, mask=at < WIDTH, other=0.0).to(tl.float32)
    gated = first * tl.sigmoid(first) * second
    tl.store(out + row * WIDTH + at, gated.to(out.dtype.element_ty), mask=at < WIDTH)


@triton.jit
def turn_heads(
    qkv, keys, values, rotation, slots, places, last, POSITIONS: tl.constexpr, HEADS: tl.constexpr,
    KV_HEADS: tl.constexpr, D: tl.constexpr, QUERIES: tl.constexpr, PADDED: tl.constexpr,
):  # fmt: skip
    """Rotate the queries of a position in place and its keys into the cache, where its values go too; nothing
    at -1. QUERIES and PADDED: powers of two that are not below HEADS and KV_HEADS."""
    row = tl.program_id(0).to(tl.int64)
    slot, place = tl.load(slots + row).to(tl.int64), tl.load(places + row)
    if place < 0:
        return
    query, head, d = tl.arange(0, QUERIES), tl.arange(0, PADDED), tl.arange(0, D)
    turn, there = tl.minimum(place, last), head < KV_HEADS
    given = qkv + row * ((HEADS + 2 * KV_HEADS) * D)
    at = given + (query * D)[:, None]
    found = turned(at, query < HEADS, rotation, turn, QUERIES, D)
    tl.store(at + d[None, :], found.to(qkv.dtype.element_ty), mask=(query < HEADS)[:, None])
    at = given + ((HEADS + head) * D)[:, None]
    found = turned(at, there, rotation, turn, PADDED, D)
    value = tl.load(at + KV_HEADS * D + d[None, :], mask=there[:, None])
    to = ((slot * KV_HEADS + head) * POSITIONS + place)[:, None] * D + d[None, :]
    tl.store(keys + to, found.to(keys.dtype.element_ty), mask=there[:, None])
    tl.store(values + to, value, mask=there[:, None])


@triton.jit
def attend_prompt(
    qkv, out, keys, values, tiles, scale, POSITIONS: tl.constexpr, HEADS: tl.constexpr,
    KV_HEADS: tl.constexpr, D: tl.constexpr, ROWS: tl.constexpr, BLOCK: tl.constexpr, PRECISION: tl.constexpr,
):  # fmt: skip
    """Causal attention of up to ROWS positions of one line and one head over the line's cache; the queries
    are rotated.

    tiles int32 `[n, 4]`: first row, number of rows, slot, position of the first.
    """
    tile, head = tl.program_id(0), tl.program_id(1)
    first, count = tl.load(tiles + tile * 4).to(tl.int64), tl.load(tiles + tile * 4 + 1)
    slot, begin = tl.load(tiles + tile * 4 + 2).to(tl.int64), tl.load(tiles + tile * 4 + 3)
    if count == 0:
        return
    row, d = tl.arange(0, ROWS), tl.arange(0, D)
    there, place = row < count, begin + row
    width: tl.constexpr = (HEADS + 2 * KV_HEADS) * D
    at = qkv + (first + row)[:, None] * width + head * D + d[None, :]
    query = tl.load(at, mask=there[:, None], other=0.0)
    start = (slot * KV_HEADS + head // (HEADS // KV_HEADS)) * POSITIONS * D
    spot = start + tl.arange(0, BLOCK)[:, None] * D + d[None, :]
    highest = tl.full((ROWS,), float("-inf"), tl.float32)
    weight = tl.zeros((ROWS,), tl.float32)
    total = tl.zeros((ROWS, D), tl.float32)
    # Whole blocks before the tile first: all of its rows attend to all of them.
    before = (begin // BLOCK) * BLOCK
    for block in range(0, before, BLOCK):
        some = tl.load(keys + spot + block * D)
        score = tl.dot(query, tl.trans(some), input_precision=PRECISION)
        some = tl.load(values + spot + block * D)
        highest, weight, total = take_in(score, scale, some, highest, weight, total, PRECISION)
    for block in range(before, begin + count, BLOCK):
        position = block + tl.arange(0, BLOCK)
        inside = (position < begin + count)[:, None]
        some = tl.load(keys + spot + block * D, mask=inside, other=0.0)
        score = tl.dot(query, tl.trans(some), input_precision=PRECISION)
        score = tl.where(position[None, :] <= place[:, None], score, float("-inf"))
        some = tl.load(values + spot + block * D, mask=inside, other=0.0)
        highest, weight, total = take_in(score, scale, some, highest, weight, total, PRECISION)
    total *= (1.0 / weight)[:, None]
    at = out + (first + row)[:, None] * (HEADS * D) + head * D + d[None, :]
    tl.store(at, total.to(out.dtype.element_ty), mask=there[:, None])
