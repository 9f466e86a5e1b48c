"""The kernels of a frame that are no products: attention of one query, sampling, the state.

Shapes: B rows, H hidden, D head dim, V codes, K codebooks. For EARLY see `product_kernels`.
"""

from __future__ import annotations

import triton
import triton.language as tl

from csm_cli.engine.gpu.product_kernels import norm_factor, wait


@triton.jit
def turned(at, width, rotation, place, N: tl.constexpr, D: tl.constexpr):
    """`[N, D]`: D numbers from each address `[N, 1]`, neighbouring pairs turned as `steps._rotate` does for a
    position."""
    d, pair = tl.arange(0, D), tl.arange(0, D // 2)
    number = tl.load(at + d[None, :], mask=width[:, None], other=0.0).to(tl.float32)
    first, second = tl.split(tl.reshape(number, (N, D // 2, 2)))
    turn = rotation + place * D + pair * 2
    cos, sin = tl.load(turn)[None, :], tl.load(turn + 1)[None, :]
    both = tl.join(first * cos - second * sin, second * cos + first * sin)
    return tl.reshape(both, (N, D))


@triton.jit
def take_in(score, scale, values, highest, weight, total, PRECISION: tl.constexpr):
    """A block of scores, to be scaled, and values taken into a softmax that goes on, in base 2 (Milakov &
    Gimelshein 2018).
    """
    higher = tl.maximum(highest, tl.max(score, axis=1) * scale)
    share = tl.exp2(score * scale - higher[:, None])
    kept = tl.exp2(highest - higher)
    weight = weight * kept + tl.sum(share, axis=1)
    total = tl.dot(share.to(values.dtype), values, total * kept[:, None], input_precision=PRECISION)
    return higher, weight, total


@triton.jit(do_not_specialize=["place", "last", "stride"])
def attend_one(
    qkv, out, keys, values, rotation, squares, places, place, last, stride, eps, scale,
    POSITIONS: tl.constexpr, FIELDS: tl.constexpr, PENDING: tl.constexpr, HEADS: tl.constexpr,
    KV_HEADS: tl.constexpr, D: tl.constexpr, GROUP: tl.constexpr, BLOCK: tl.constexpr, UNIFORM: tl.constexpr,
    PARTIALS: tl.constexpr, PADDED: tl.constexpr, PRECISION: tl.constexpr, EARLY: tl.constexpr,
):  # fmt: skip
    """Attention of one new position of a row over its cache, for the query heads that share a key head.

    qkv `[B, (HEADS + 2 · KV_HEADS) · D]`, not yet normed (see `norm_factor`) → out `[B, HEADS · D]`. The new
    key is rotated; it and the value are written at `places[row * FIELDS]`, or at `place` in all rows.
    """
    SHARED: tl.constexpr = HEADS // KV_HEADS
    row, head = tl.program_id(0), tl.program_id(1)
    d, group, block = tl.arange(0, D), tl.arange(0, GROUP), tl.arange(0, BLOCK)
    wait(EARLY)
    if UNIFORM:
        at, attended = place, place
    else:
        at = tl.load(places + row * FIELDS).to(tl.int32)
        # What a row without a pending frame computes is not used.
        attended = tl.where(tl.load(places + row * FIELDS + PENDING) != 0, at, 0)
    start = row.to(tl.int64) * (KV_HEADS * POSITIONS * D) + head * (POSITIONS * D)
    spot = start + block[:, None] * D + d[None, :]
    if POSITIONS <= BLOCK:
        # All of the cache at once, before anything is waited for.
        old_keys = tl.load(keys + spot, mask=(block < at)[:, None], other=0.0)
        old_values = tl.load(values + spot, mask=(block < at)[:, None], other=0.0)
    turn = tl.minimum(at, last)
    given = qkv + row * ((HEADS + 2 * KV_HEADS) * D)
    kind = keys.dtype.element_ty
    here = group < SHARED
    query = turned(given + ((head * SHARED + group) * D)[:, None], here, rotation, turn, GROUP, D)
    one = tl.arange(0, 1)
    key = turned(given + ((HEADS + head + one) * D)[:, None], one == 0, rotation, turn, 1, D)
    value = tl.load(given + ((HEADS + KV_HEADS + head + one) * D)[:, None] + d[None, :]).to(tl.float32)
    factor = norm_factor(squares, row + one, stride, eps, PARTIALS, PADDED)[:, None]
    query, key, value = (query * factor).to(kind), (key * factor).to(kind), (value * factor).to(kind)
    tl.store(keys + start + (at + one)[:, None] * D + d[None, :], key)
    tl.store(values + start + (at + one)[:, None] * D + d[None, :], value)
    highest = tl.sum(query.to(tl.float32) * key.to(tl.float32), axis=1) * scale
    weight = tl.full((GROUP,), 1.0, tl.float32)
    total = tl.zeros((GROUP, D), tl.float32) + value.to(tl.float32)
    if POSITIONS <= BLOCK:
        score = tl.dot(query, tl.trans(old_keys), input_precision=PRECISION)
        score = tl.where((block < at)[None, :], score, float("-inf"))
        highest, weight, total = take_in(score, scale, old_values, highest, weight, total, PRECISION)
    else:
        for begin in range(0, attended, BLOCK):
            seen = begin + block < attended
            some = tl.load(keys + spot + begin * D, mask=seen[:, None], other=0.0)
            more = tl.load(values + spot + begin * D, mask=seen[:, None], other=0.0)
            score = tl.dot(query, tl.trans(some), input_precision=PRECISION)
            score = tl.where(seen[None, :], score, float("-inf"))
            highest, weight, total = take_in(score, scale, more, highest, weight, total, PRECISION)
    total *= (1.0 / weight)[:, None]
    to = out + row * (HEADS * D) + ((head * SHARED + group) * D)[:, None] + d[None, :]
    tl.store(to, total.to(out.dtype.element_ty), mask=here[:, None])


@triton.jit
def _mix(x):
    """`model.sampling._mix` on uint32."""
    x = ((x >> 16) ^ x) * 0x7FEB352D
    x = ((x >> 15) ^ x) * 0x846CA68B
    return (x >> 16) ^ x


@triton.jit
def _gumbel(first, second, frame, book, candidates):
    """`model.sampling.gumbel_noise` of one row and codebook; the keys as uint32."""
    row = _mix(first + frame.to(tl.uint32) * 0x9E3779B1) ^ second
    mixed = _mix(row + book.to(tl.uint32) * 0x85EBCA77)
    bits = _mix(mixed + _mix(candidates.to(tl.uint32) + 0x27D4EB2F))
    uniform = ((bits >> 9).to(tl.float32) + 0.5) * 1.1920928955078125e-07
    return -tl.log(-tl.log(uniform))


@triton.jit
def _least_kept(logits, there, k):
    """The k-th largest of the logits, or a number between it and the next smaller one."""
    low = tl.min(tl.where(there, logits, float("inf")), axis=0)
    high = tl.max(logits, axis=0)
    if tl.sum((logits >= high).to(tl.int32), axis=0) >= k:
        low = high
    # Always: at least k are >= low, fewer are >= high (or the two are equal).
    middle = low + (high - low) * 0.5
    tries = 0
    while (middle > low) & (middle < high) & (tries < 64):
        found = tl.sum((logits >= middle).to(tl.int32), axis=0)
        low = tl.where(found >= k, middle, low)
        high = tl.where(found > k, high, middle)
        high = tl.where(found == k, low, high)
        middle = low + (high - low) * 0.5
        tries += 1
    return low


@triton.jit(do_not_specialize=["book", "stride"])
def draw_code(
    logits, numbers, temperatures, codes, table, x, squares, book, stride, FIELDS: tl.constexpr, FRAME:
    tl.constexpr,
    KEY: tl.constexpr, TOP_K: tl.constexpr, DECODER: tl.constexpr, V: tl.constexpr, VOCAB: tl.constexpr,
    K: tl.constexpr, CANDIDATES: tl.constexpr, WIDTH: tl.constexpr, PADDED: tl.constexpr, EMBED: tl.constexpr,
    EARLY: tl.constexpr,
):  # fmt: skip
    """Draw the code of a codebook from float32 logits `[B, V]`, as `model.sampling.draw` with its noise; then
    put its row of `table` `[…, WIDTH]` into x: the depth decoder's next input.

    numbers int64 `[B, FIELDS]` and temperatures float32 `[B, 2]` are those of `state.State`.
    """
    row = tl.program_id(0)
    candidate = tl.arange(0, CANDIDATES)
    there = candidate < V
    wait(EARLY)
    fields = numbers + row * FIELDS
    temperature = tl.load(temperatures + row * 2 + DECODER)
    score = tl.load(logits + row * V + candidate, mask=there, other=float("-inf"))
    if temperature > 0:
        k = tl.load(fields + TOP_K + DECODER).to(tl.int32)
        least = float("-inf")
        if k < V:
            least = _least_kept(score, there, k)
        first, second = tl.load(fields + KEY).to(tl.uint32), tl.load(fields + KEY + 1).to(tl.uint32)
        noise = _gumbel(first, second, tl.load(fields + FRAME), book, candidate)
        score = tl.where(there & (score >= least), score + temperature * noise, float("-inf"))
    code = tl.argmax(score, axis=0)
    tl.store(codes + row * K + book, code.to(tl.int64))
    if EMBED:
        # The rows were checked when the table was made: V codes of VOCAB in each codebook.
        at = tl.arange(0, PADDED)
        number = tl.load(table + (book * VOCAB + code).to(tl.int64) * WIDTH + at, mask=at < WIDTH, other=0.0)
        tl.store(x + row * WIDTH + at, number, mask=at < WIDTH)
        wide = number.to(tl.float32)
        tl.store(squares + row * stride, tl.sum(wide * wide, axis=0))


@triton.jit(do_not_specialize=["stride"])
def embed_frame(
    codes, table, x, squares, stride, VOCAB: tl.constexpr, K: tl.constexpr, WIDTH: tl.constexpr,
    CHUNK: tl.constexpr, EARLY: tl.constexpr,
):  # fmt: skip
    """x `[B, WIDTH]` = the sum over codebooks of `table[code + book · VOCAB]`, and its squares."""
    row, at = tl.program_id(0), tl.program_id(1) * CHUNK + tl.arange(0, CHUNK)
    wait(EARLY)
    total = tl.zeros((CHUNK,), tl.float32)
    for book in tl.static_range(K):
        code = tl.load(codes + row * K + book) + book * VOCAB
        total += tl.load(table + code * WIDTH + at, mask=at < WIDTH, other=0.0).to(tl.float32)
    written = total.to(x.dtype.element_ty)
    tl.store(x + row * WIDTH + at, written, mask=at < WIDTH)
    wide = written.to(tl.float32)
    tl.store(squares + row * stride + tl.program_id(1), tl.sum(wide * wide, axis=0))


@triton.jit
def settle_hidden(
    x, weight, hidden, numbers, eps, FIELDS: tl.constexpr, PENDING: tl.constexpr, LENGTH: tl.constexpr,
    WIDTH: tl.constexpr, PADDED: tl.constexpr, EARLY: tl.constexpr,
):  # fmt: skip
    """The final norm; kept as the row's state if its frame was pending, which lengthens its cache by one."""
    row, at = tl.program_id(0), tl.arange(0, PADDED)
    wait(EARLY)
    fields = numbers + row * FIELDS
    pending = tl.load(fields + PENDING)
    if pending != 0:
        wide = tl.load(x + row * WIDTH + at, mask=at < WIDTH, other=0.0).to(tl.float32)
        wide = (wide * tl.rsqrt(tl.sum(wide * wide, axis=0) + eps * eps)).to(x.dtype.element_ty)
        wide = wide * tl.load(weight + at, mask=at < WIDTH, other=0.0)
        tl.store(hidden + row * WIDTH + at, wide.to(hidden.dtype.element_ty), mask=at < WIDTH)
        tl.store(fields + LENGTH, tl.load(fields + LENGTH) + 1)


@triton.jit
def close_frame(
    codes, numbers, report, EOS: tl.constexpr, FIELDS: tl.constexpr, FRAME: tl.constexpr, CAP: tl.constexpr,
    RUNNING: tl.constexpr, PENDING: tl.constexpr, K: tl.constexpr, PADDED: tl.constexpr, EARLY: tl.constexpr,
):  # fmt: skip
    """Count the frame, stop at an EOS frame or the cap, and report both: as `state.close_frame`."""
    row, book = tl.program_id(0), tl.arange(0, PADDED)
    wait(EARLY)
    fields = numbers + row * FIELDS
    code = tl.load(codes + row * K + book, mask=book < K, other=EOS)
    over = tl.min(((code == EOS) | (book >= K - 1)).to(tl.int32), axis=0)
    running = tl.load(fields + RUNNING) != 0
    accepted = (running & (over == 0)).to(tl.int64)
    frames = tl.load(fields + FRAME) + accepted
    goes_on = accepted * (frames < tl.load(fields + CAP)).to(tl.int64)
    status = tl.where(running, tl.where(over == 0, 2 - goes_on, 3), 0)
    tl.store(fields + FRAME, frames)
    tl.store(fields + PENDING, accepted)
    tl.store(fields + RUNNING, goes_on)
    tl.store(report + row * (K + 1) + book, code.to(tl.int16), mask=book < K)
    tl.store(report + row * (K + 1) + K, status.to(tl.int16))
