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
def keep_keys(
    qkv, keys, values, rotation, slots, places, last, POSITIONS: tl.constexpr, HEADS: tl.constexpr,
    KV_HEADS: tl.constexpr, D: tl.constexpr, PADDED: tl.constexpr,
):  # fmt: skip
    """Rotate the keys of a position, and write keys and values where they belong in the cache; none at -1."""
    row, head = tl.program_id(0).to(tl.int64), tl.arange(0, PADDED)
    slot, place = tl.load(slots + row).to(tl.int64), tl.load(places + row)
    there, d = (head < KV_HEADS) & (place >= 0), tl.arange(0, D)
    given = qkv + row * ((HEADS + 2 * KV_HEADS) * D) + ((HEADS + head) * D)[:, None]
    key = turned(given, there, rotation, tl.minimum(tl.maximum(place, 0), last), D)
    at = ((slot * KV_HEADS + head) * POSITIONS + place)[:, None] * D + d[None, :]
    tl.store(keys + at, key.to(keys.dtype.element_ty), mask=there[:, None])
    value = tl.load(given + KV_HEADS * D + d[None, :], mask=there[:, None])
    tl.store(values + at, value, mask=there[:, None])


@triton.jit
def attend_prompt(
    qkv, out, keys, values, rotation, tiles, last, scale, POSITIONS: tl.constexpr, HEADS: tl.constexpr,
    KV_HEADS: tl.constexpr, D: tl.constexpr, ROWS: tl.constexpr, BLOCK: tl.constexpr, PRECISION: tl.constexpr,
):  # fmt: skip
    """Causal attention of up to ROWS positions of one line and one head over the line's cache.

    tiles int32 `[n, 4]`: first row, number of rows, slot, position of the first.
    """
    tile, head = tl.program_id(0), tl.program_id(1)
    first, count = tl.load(tiles + tile * 4).to(tl.int64), tl.load(tiles + tile * 4 + 1)
    slot, begin = tl.load(tiles + tile * 4 + 2).to(tl.int64), tl.load(tiles + tile * 4 + 3)
    row, d = tl.arange(0, ROWS), tl.arange(0, D)
    there, place = row < count, begin + row
    width: tl.constexpr = (HEADS + 2 * KV_HEADS) * D
    kind = keys.dtype.element_ty
    given = qkv + (first + row)[:, None] * width + head * D
    query = turned(given, there, rotation, tl.minimum(place, last)[:, None], D).to(kind)
    start = (slot * KV_HEADS + head // (HEADS // KV_HEADS)) * POSITIONS * D
    highest = tl.full((ROWS,), float("-inf"), tl.float32)
    weight = tl.zeros((ROWS,), tl.float32)
    total = tl.zeros((ROWS, D), tl.float32)
    # Whole blocks before the tile first: all of its rows attend to all of them.
    before = (begin // BLOCK) * BLOCK
    for block in range(0, before, BLOCK):
        spot = start + (block + tl.arange(0, BLOCK))[:, None] * D + d[None, :]
        score = tl.dot(query, tl.trans(tl.load(keys + spot)), input_precision=PRECISION) * scale
        highest, weight, total = take_in(score, tl.load(values + spot), highest, weight, total, PRECISION)
    for block in range(before, begin + count, BLOCK):
        position = block + tl.arange(0, BLOCK)
        spot = start + position[:, None] * D + d[None, :]
        inside = (position < begin + count)[:, None]
        some = tl.load(keys + spot, mask=inside, other=0.0)
        score = tl.dot(query, tl.trans(some), input_precision=PRECISION) * scale
        score = tl.where(position[None, :] <= place[:, None], score, float("-inf"))
        some = tl.load(values + spot, mask=inside, other=0.0)
        highest, weight, total = take_in(score, some, highest, weight, total, PRECISION)
    total = total / tl.maximum(weight, 1e-30)[:, None]  # a tile may have no rows
    at = out + (first + row)[:, None] * (HEADS * D) + head * D + d[None, :]
    tl.store(at, total.to(out.dtype.element_ty), mask=there[:, None])
