"""How weights and KV caches lie in memory, as prefill, decoding and sampling use them.

B rows, T positions, D head dim, H hidden of the backbone, Hd of the depth decoder, F width behind a gate, K
codebooks.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import torch
from torch import Tensor

from csm_cli.engine.linears import Linear
from csm_cli.engine.prompt import Position
from csm_cli.model.sampling import RowSampler


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


class StackCache:
    """Keys and values of a stack.

    Attributes:
        block: all of them, `[layers, 2, B, kv heads, positions, D]`.
        keys, values: views of it, `[B, kv heads, positions, D]` for each layer.
    """

    def __init__(self, block: Tensor) -> None:
        self.block = block
        self.keys, self.values = block[:, 0].unbind(), block[:, 1].unbind()

    def rows(self, rows: slice) -> StackCache:
        """The same memory, some of the rows."""
        return StackCache(self.block[:, :, rows])


def new_cache(stack: Stack, batch: int, positions: int) -> StackCache:
    """Room for `positions` positions of `batch` rows, zeros."""
    like, shape = stack.norm, (len(stack.layers), 2, batch, stack.kv_heads, positions, stack.head_dim)
    if like.device.type == "cpu" and like.dtype == torch.float32:
        # The system hands these zeros out page by page when they are written to; torch's take memory at once.
        return StackCache(torch.from_numpy(np.zeros(shape, dtype=np.float32)))
    return StackCache(torch.zeros(shape, dtype=like.dtype, device=like.device))


def round_up(number: int, multiple: int) -> int:
    """The smallest multiple that is not below a number."""
    return -(-number // multiple) * multiple


def power_of_two(number: int) -> int:
    """The smallest one that is not below a number."""
    return 1 << (number - 1).bit_length()


PREFIX_LIMIT = 4096
"""Positions that a `PrefixCache` holds in all; one prefix is always kept."""


class PrefixCache:
    """Keys and values of prompt prefixes (voice references), the ones used last."""

    def __init__(self) -> None:
        self._kept: OrderedDict[tuple[Position, ...], Tensor] = OrderedDict()

    def store(self, prefix: Sequence[Position], cache: StackCache, row: int) -> None:
        """Copy a prefix, which stands at the first positions of a row of a cache."""
        count = len(prefix)
        self._kept[tuple(prefix)] = cache.block[:, :, row, :, :count].clone()
        while len(self._kept) > 1 and sum(map(len, self._kept)) > PREFIX_LIMIT:
            self._kept.popitem(last=False)

    def fetch(self, prefix: Sequence[Position], cache: StackCache, row: int) -> bool:
        """Copy a prefix to the first positions of a row of a cache; False if it is not kept."""
        key = tuple(prefix)
        if key not in self._kept:
            return False
        self._kept.move_to_end(key)
        _words(cache.block[:, :, row, :, : len(prefix)]).copy_(_words(self._kept[key]))
        return True


def _words(numbers: Tensor) -> Tensor:
    """The same memory as numbers of 64 bits, which a GPU copies faster than those of 16."""
    fits = numbers.shape[-1] * numbers.element_size() % 8 == 0
    return numbers.view(torch.int64) if fits else numbers


class CompiledSteps(Protocol):
    """The computations of `steps` as compiled loops: `kernels.kernels.Kernels`."""

    def warm(self, notice: Callable[[str], None]) -> None:
        """Compile everything beforehand."""

    def prefill_stack(
        self, x: Tensor, cache: StackCache, row: int, start: int, depth: bool = False
    ) -> Tensor:
        """T positions of one row, `[T, H]` → `[T, H]`."""

    def decode_stack(self, x: Tensor, cache: StackCache, places: Tensor) -> Tensor:
        """One position of each row of the backbone, `[B, H]` → `[B, H]`."""

    def sample_frame(
        self, hidden: Tensor, cache: StackCache, backbone: RowSampler, depth: RowSampler, noise: Tensor | None
    ) -> Tensor:
        """One frame of each row, `[B, H]` → int64 `[B, K]`."""


@dataclass(frozen=True)
class Weights:
    """Backbone and depth decoder on one device, in one number type.

    Attributes:
        text: text table `[text vocabulary, H]`.
        audio: audio table `[K * vocab, H]`.
        offsets: int64 `[K]`, where each codebook's rows begin.
        head: of codebook 0, `[codes, H]`.
        project: backbone hidden → depth hidden, `[Hd, H]`.
        depth_audio: the audio table behind `project`, `[(K-1) * vocab, Hd]`, or None where folding is not
            worth it.
        depth_heads: of codebooks 1 … K-1, `[codes, Hd]` each, the final norm folded in.
        codes: ids per codebook that the codec has; the heads have no others.
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
    kernels: CompiledSteps | None = None
