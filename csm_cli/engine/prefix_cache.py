"""Keys and values of prompts' beginnings, kept to be copied into slots: a voice reference is read once."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence

from torch import Tensor

from csm_cli.engine.prompt import Position
from csm_cli.engine.steps import Cache

LIMIT = 4096
"""Positions kept in all, of the beginnings used last; one beginning is always kept."""


class Kept:
    """Beginnings of prompts."""

    def __init__(self) -> None:
        self._found: OrderedDict[tuple[Position, ...], list[Tensor]] = OrderedDict()

    def store(self, content: Sequence[Position], cache: Cache, row: int) -> None:
        """Keep what a row of a cache holds of a beginning."""
        count = len(content)
        self._found[tuple(content)] = [
            layer[row, :, :count].clone() for layer in (*cache.keys, *cache.values)
        ]
        while len(self._found) > 1 and sum(map(len, self._found)) > LIMIT:
            self._found.popitem(last=False)

    def fetch(self, content: Sequence[Position], cache: Cache, row: int) -> bool:
        """Copy a beginning into a row of a cache; whether it was there."""
        key = tuple(content)
        if key not in self._found:
            return False
        self._found.move_to_end(key)
        for layer, kept in zip((*cache.keys, *cache.values), self._found[key], strict=True):
            layer[row, :, : len(content)] = kept
        return True


def common(first: Sequence[Position], second: Sequence[Position]) -> int:
    """How many positions two prompts share from the beginning."""
    for place, (one, other) in enumerate(zip(first, second, strict=False)):
        if one != other:
            return place
    return min(len(first), len(second))
