"""Decoding of a stack and sampling of a frame, compiled: the mathematics of `steps`, without torch.

All arrays are C-contiguous; numbers are float32, indices int64. N positions, R rows, H hidden width, D head
dim; widths of buffers are padded to whole panels. Nothing here depends on how many rows there are but the
time it takes.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numba import njit

from csm_cli.engine.kernels.vector import LANES, ROWS, TILE, dot, few_columns, four_rows, one_row

compiled = njit(nogil=True, cache=True, error_model="numpy")


class KernelStack(NamedTuple):
    """A `layout.Stack` as numba takes it.

    Attributes:
        weights: all panels, one after another.
        begins: `[layers, 4]`, where qkv, out, gate_up and down of a layer begin.
        rotation: cosine and sine of every pair, `[positions, D]`.
        eps: as `Stack.eps`.
        hidden, heads, kv_heads, head_dim, inner: of the stack; inner is the width behind the gate.
    """

    weights: np.ndarray
    begins: np.ndarray
    rotation: np.ndarray
    eps: np.float32
    hidden: int
    heads: int
    kv_heads: int
    head_dim: int
    inner: int


class Heads(NamedTuple):
    """Output heads, and the embeddings of the depth decoder.

    Attributes:
        weights: panels of `project`, of the head of codebook 0 and of the depth heads.
        project, first: where the first two begin.
        books: `[K-1]`, where the others begin.
        table: `Weights.depth_audio`, `[(K-1) * vocab, Hd]`.
        codes, vocab: ids that can be drawn, and ids that the table has for each codebook.
    """

    weights: np.ndarray
    project: int
    first: int
    books: np.ndarray
    table: np.ndarray
    codes: int
    vocab: int


@compiled
def padded(width):
    """A width in whole panels."""
    return -(-width // TILE) * TILE


@compiled
def multiply(weights, begin, x, width, out, add):
    """out (+)= x @ W: x `[N, ≥ width]`, out `[N, outputs]`, W in panels of TILE columns from `begin` on."""
    count, x_stride, outputs = len(x), x.shape[1], out.shape[1]
    x, out = x.ravel(), out.ravel()
    for column in range(0, outputs, TILE):
        panel = begin + column * width
        row = 0
        while row + ROWS <= count:
            at, to = row * x_stride, row * outputs + column
            four_rows(weights, panel, TILE, x, at, x_stride, out, to, outputs, width, add)
            row += ROWS
        while row < count:
            at, to = row * x_stride, row * outputs + column
            one_row(weights, panel, TILE, x, at, x_stride, out, to, outputs, width, add)
            row += 1


@compiled
def normed(x, width, eps, out):
    """out = x / sqrt(|x|² + eps²), row by row, of the first `width` numbers."""
    for n in range(len(x)):
        row = x[n]
        scale = np.float32(1.0) / np.float32(math.sqrt(dot(row, 0, row, 0, width) + eps * eps))
        for i in range(width):
            out[n, i] = row[i] * scale


@compiled
def exp(x):
    """e^x for x below 88, to 2 units in the last place (Cephes, S. Moshier): 2^n e^r, |r| <= ln 2 / 2."""
    x = max(np.float32(-87.0), x)
    n = np.float32(math.floor(x * np.float32(1.44269504) + np.float32(0.5)))
    r = (x - n * np.float32(0.693359375)) + n * np.float32(2.12194440e-4)
    p = np.float32(1.9875691500e-4)
    p = p * r + np.float32(1.3981999507e-3)
    p = p * r + np.float32(8.3334519073e-3)
    p = p * r + np.float32(4.1665795894e-2)
    p = p * r + np.float32(1.6666665459e-1)
    p = p * r + np.float32(5.0000001201e-1)
    power = np.int32((np.int32(n) + np.int32(127)) << np.int32(23)).view(np.float32)
    return (p * (r * r) + r + np.float32(1.0)) * power


@compiled
def gated(both, inner):
    """silu(gate) * up of rows `[gate | up]`, in the place of the gate."""
    for n in range(len(both)):
        for i in range(inner):
            gate = both[n, i]
            both[n, i] = gate / (np.float32(1.0) + exp(min(-gate, np.float32(87.0)))) * both[n, inner + i]


@compiled
def attend(fused, query, keys, values, end, width, scores, out, to):
    """Scaled dot-product attention of one head over the first `end` of its positions.

    Args:
        fused, query: the array that the query `[D]` is in, and where it begins.
        keys, values: `[positions, D]`.
        scores: room for `end` numbers.
        out, to: the array that the result `[D]` is written to, and where it begins.
    """
    scale = np.float32(1.0 / math.sqrt(width))
    keys, values = keys.ravel(), values.ravel()
    most = np.float32(-np.inf)
    for p in range(end):
        score = dot(fused, query, keys, p * width, width) * scale
        scores[p] = score
        most = max(most, score)
    for p in range(end):
        scores[p] = exp(scores[p] - most)
    total = np.float32(0.0)
    for p in range(end):
        total += scores[p]
    if width % TILE:
        for part in range(0, width, LANES):
            few_columns(values, part, width, scores, 0, 0, out, to + part, 0, end, False)
    else:
        for part in range(0, width, TILE):
            one_row(values, part, width, scores, 0, 0, out, to + part, 0, end, False)
    share = np.float32(1.0) / total
    for i in range(width):
        out[to + i] *= share


@compiled
def decode_stack(stack, x, cache, rows, places):
    """Run N positions through a stack, in place.

    Args:
        x: embeddings `[N, padded H]`; the states before the final norm afterwards.
        cache: `[layers, 2, rows, kv heads, positions, D]`; the N keys and values are written to it.
        rows, places: `[N]`, row and position of each in the cache; it attends to its row up to itself.
    """
    count, width = len(x), stack.head_dim
    queries, kv = stack.heads * width, stack.kv_heads
    group = stack.heads // kv
    buffer = np.empty((count, padded(max(stack.hidden, queries))), np.float32)
    fused = np.empty((count, padded(queries + 2 * kv * width)), np.float32)
    both = np.empty((count, padded(2 * stack.inner)), np.float32)
    scores = np.empty(cache.shape[4], np.float32)
    for layer in range(len(stack.begins)):
        qkv, out, gate_up, down = stack.begins[layer]
        normed(x, stack.hidden, stack.eps, buffer)
        multiply(stack.weights, qkv, buffer, stack.hidden, fused, False)
        for n in range(count):
            rotation, row = stack.rotation[min(places[n], len(stack.rotation) - 1)], fused[n]
            for head in range(stack.heads + kv):
                for i in range(head * width, (head + 1) * width, 2):
                    cosine, sine = rotation[i - head * width], rotation[i - head * width + 1]
                    real, imaginary = row[i], row[i + 1]
                    row[i] = real * cosine - imaginary * sine
                    row[i + 1] = real * sine + imaginary * cosine
            for head in range(kv):
                at = queries + head * width
                cache[layer, 0, rows[n], head, places[n]] = row[at : at + width]
                at += kv * width
                cache[layer, 1, rows[n], head, places[n]] = row[at : at + width]
        for n in range(count):
            for head in range(stack.heads):
                keys, values = (
                    cache[layer, 0, rows[n], head // group],
                    cache[layer, 1, rows[n], head // group],
                )
                at = head * width
                attend(fused[n], at, keys, values, places[n] + 1, width, scores, buffer[n], at)
        multiply(stack.weights, out, buffer, queries, x, True)
        normed(x, stack.hidden, stack.eps, buffer)
        multiply(stack.weights, gate_up, buffer, stack.hidden, both, False)
        gated(both, stack.inner)
        multiply(stack.weights, down, both, stack.inner, x, True)


@compiled
def least_kept(logits, k):
    """The k-th largest of logits `[V]`, in O(V k)."""
    best = np.full(k, -np.inf, np.float32)  # descending
    for value in logits:
        if value > best[k - 1]:
            place = k - 1
            while place > 0 and best[place - 1] < value:
                best[place] = best[place - 1]
                place -= 1
            best[place] = value
    return best[k - 1]


@compiled
def draw(logits, noise, sampled, top_k):
    """The id of the largest logit + noise among the `top_k` largest logits (see `model.sampling.draw`);
    without noise unless `sampled`.
    """
    least = np.float32(-np.inf)
    if sampled and top_k < len(logits):
        least = least_kept(logits, top_k)
    chosen, most = 0, np.float32(-np.inf)
    for i in range(len(logits)):
        score = logits[i] + noise[i] if sampled else logits[i]
        if logits[i] >= least and score > most:
            chosen, most = i, score
    return chosen


@compiled
def sample_frame(stack, heads, hidden, cache, first, noise, sampled, backbone_k, depth_k, codes):
    """One frame of R rows.

    Args:
        hidden: the backbone's states after the final norm, `[R, H]`.
        cache: of the depth decoder, `[layers, 2, rows, kv heads, K, D]`; first: the row of the first of them.
        noise: temperature times Gumbel noise, `[R, K, codes]`; sampled: whether to use it.
        backbone_k, depth_k: `[R]`, top-k of codebook 0 and of the others.
        codes: `[R, K]`, written.
    """
    count, books, width = len(hidden), codes.shape[1], stack.hidden
    logits = np.empty((count, padded(heads.codes)), np.float32)
    x = np.zeros((2 * count, padded(width)), np.float32)
    buffer = np.empty((count, padded(width)), np.float32)
    rows, places = np.empty(2 * count, np.int64), np.empty(2 * count, np.int64)
    for r in range(2 * count):
        rows[r], places[r] = first + r % count, r // count
    multiply(heads.weights, heads.project, hidden, hidden.shape[1], x[:count], False)
    multiply(heads.weights, heads.first, hidden, hidden.shape[1], logits, False)
    for book in range(books):
        if book:
            normed(x[count:], width, stack.eps, buffer)
            begin = heads.books[book - 1]
            multiply(heads.weights, begin, buffer, width, logits, False)
        for r in range(count):
            k = depth_k[r] if book else backbone_k[r]
            code = draw(logits[r, : heads.codes], noise[r, book], sampled, k)
            codes[r, book] = code
            if book + 1 < books:
                x[count + r, :width] = heads.table[code + book * heads.vocab]
        if book + 1 < books:
            begin = count if book else 0  # the backbone's state stands before the first code
            decode_stack(stack, x[begin:], cache, rows[begin:], places[begin:])
            places += 1
