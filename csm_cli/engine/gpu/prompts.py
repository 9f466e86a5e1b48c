"""`FusedPrompts`: the prompts of several lines read in one packed pass."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch
from torch import Tensor

from csm_cli.engine.devices import upload
from csm_cli.engine.gpu import prompt_kernels as kernels
from csm_cli.engine.gpu.products import precision, score_scale
from csm_cli.engine.graphs import Recorder
from csm_cli.engine.layout import Layer, power_of_two, round_up
from csm_cli.engine.state import Part, State
from csm_cli.engine.steps import embed_prompt, rms

TILE = 64
"""Positions of a line that one program attends for."""

_PASS = 8192
"""Positions in one pass: bounds the memory of what stands between two products."""

_PADDED = 64
"""A pass that is not recorded is padded to a multiple of this: few shapes."""

_SIZES = (*range(64, 513, 64), *range(640, 1025, 128), *range(1280, 4097, 256))
"""Positions of the passes that are recorded."""

_LINES = 16
"""Lines in a recorded pass."""


def _most_tiles(size: int) -> int:
    """Tiles in a recorded pass: full ones, and one for each of several lines that is not full."""
    return size // TILE + _LINES


@dataclass(frozen=True)
class _Pass:
    """What a pass reads, in memory of its own.

    Attributes:
        x: embeddings `[P, H]`.
        where: slot and position of each, int32 `[2, P]`.
        tiles: see `prompt_kernels.attend_prompt`, int32 `[n, 4]`.
        last: the last position of each line, int64 `[lines]`.
    """

    x: Tensor
    where: Tensor
    tiles: Tensor
    last: Tensor

    def fill(self, other: _Pass) -> None:
        """Copy a pass of at most as many positions, tiles and lines; what is left over does nothing."""
        self.x[: len(other.x)] = other.x
        self.where[:, : other.where.shape[1]] = other.where
        self.where[1, other.where.shape[1] :] = -1
        self.tiles[: len(other.tiles)] = other.tiles
        self.tiles[len(other.tiles) :, 1] = 0
        self.last[: len(other.last)] = other.last


class FusedPrompts:
    """Fills the cache of a state.

    Args:
        recorded: passes are recorded as CUDA graphs, one for each of a few sizes.
    """

    def __init__(self, state: State, recorded: bool = False) -> None:
        self._state, self._recorder = state, Recorder() if recorded else None
        self._recorded: dict[int, tuple[_Pass, Any, Tensor]] = {}
        self._rotation = torch.view_as_real(state.weights.backbone.rotation)
        self._eps = float(state.weights.backbone.eps)

    def __call__(self, parts: Sequence[Part]) -> Tensor:
        """Read parts of different slots; the states after each, behind the final norm, `[parts, H]`."""
        return torch.cat([self._read(some) for some in _passes(parts)])

    def _read(self, parts: Sequence[Part]) -> Tensor:
        weights, device = self._state.weights, self._state.numbers.device
        stack = weights.backbone
        counts = [len(part.content) for part in parts]
        ends = np.cumsum(counts)
        rows = np.repeat([part.row for part in parts], counts)
        places = np.concatenate(
            [np.arange(part.start, part.start + n) for part, n in zip(parts, counts, strict=True)]
        )
        tiles = [
            (end - n + begin, min(TILE, n - begin), part.row, part.start + begin)
            for part, n, end in zip(parts, counts, ends, strict=True)
            for begin in range(0, n, TILE)
        ]
        where = upload(torch.from_numpy(np.stack((rows, places)).astype(np.int32)), device)
        plan = upload(torch.tensor(tiles, dtype=torch.int32), device)
        x = embed_prompt(weights, [each for part in parts for each in part.content])
        last = upload(torch.from_numpy(ends - 1), device)
        hidden = self._run(_Pass(x, where, plan, last))[: len(parts)]
        return rms(hidden, stack.eps) * stack.norm

    def _run(self, wanted: _Pass) -> Tensor:
        """A pass, by the recording of the next larger size where there is to be one; `[lines or more, H]`."""
        x, where, tiles = wanted.x, wanted.where, wanted.tiles
        size = next((size for size in _SIZES if len(x) <= size), 0)
        few = len(tiles) <= _most_tiles(size) and len(wanted.last) <= _LINES
        if self._recorder is None or not size or not few:
            padded = torch.nn.functional.pad(x, (0, 0, 0, round_up(len(x), _PADDED) - len(x)))
            return self._layers(replace(wanted, x=padded))
        if size not in self._recorded:
            given = _Pass(
                x.new_zeros(size, x.shape[1]),
                where.new_zeros(2, size),
                tiles.new_zeros(_most_tiles(size), 4),
                wanted.last.new_zeros(_LINES),
            )
            given.fill(wanted)
            found = self._recorder.record(lambda: self._layers(given))
            if found is None:
                return self._layers(given)
            self._recorded[size] = given, *found
        given, graph, out = self._recorded[size]
        given.fill(wanted)
        graph.replay()
        return out

    def _layers(self, given: _Pass) -> Tensor:
        """The state after each line's last position, before the final norm, `[lines, H]`."""
        x, stack = given.x.clone(), self._state.weights.backbone  # the layers add to it in place
        for number, layer in enumerate(stack.layers):
            attended = self._attend(layer, number, x, given.where, given.tiles)
            if number == len(stack.layers) - 1:
                # The others have left their keys and values, and nothing else of them is needed.
                x, attended = x[given.last], attended[given.last]
            x = layer.out.add(attended, x)
            both = layer.gate_up(self._normed(x))
            inner, chunk = x.new_empty(len(x), stack.inner), 1024
            kernels.gate[(len(x), -(-stack.inner // chunk))](both, inner, WIDTH=stack.inner, CHUNK=chunk)
            x = layer.down.add(inner, x)
        return x

    def _attend(self, layer: Layer, number: int, x: Tensor, where: Tensor, tiles: Tensor) -> Tensor:
        """Keys and values of a layer go to the cache; the attention's result, `[P, heads * D]`."""
        stack, cache = self._state.weights.backbone, self._state.cache
        keys, values = cache.keys[number], cache.values[number]
        shape = {
            "POSITIONS": keys.shape[2],
            "HEADS": stack.heads,
            "KV_HEADS": stack.kv_heads,
            "D": stack.head_dim,
        }
        qkv = layer.qkv(self._normed(x))
        kernels.turn_heads[(where.shape[1],)](
            qkv,
            keys,
            values,
            self._rotation,
            where[0],
            where[1],
            len(self._rotation) - 1,
            QUERIES=power_of_two(stack.heads),
            PADDED=power_of_two(stack.kv_heads),
            **shape,
        )
        attended = x.new_zeros(len(x), stack.heads * stack.head_dim)
        kernels.attend_prompt[(len(tiles), stack.heads)](
            qkv,
            attended,
            keys,
            values,
            tiles,
            score_scale(stack.head_dim),
            ROWS=TILE,
            BLOCK=64,
            num_stages=3,
            PRECISION=precision(x.dtype),
            **shape,
        )
        return attended

    def _normed(self, x: Tensor) -> Tensor:
        out, width = torch.empty_like(x), x.shape[1]
        kernels.norm_rows[(len(x),)](x, out, self._eps, WIDTH=width, PADDED=power_of_two(width))
        return out


def _passes(parts: Sequence[Part]) -> Iterator[list[Part]]:
    """In order, few enough positions at a time."""
    some: list[Part] = []
    for part in parts:
        if some and sum(len(each.content) for each in some) + len(part.content) > _PASS:
            yield some
            some = []
        some.append(part)
    if some:
        yield some
