"""A long book in parts: whole chapters, as many to a part as its length allows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Generic, Protocol, TypeVar


class HasTape(Protocol):
    """A chapter that knows how long it is."""

    @property
    def samples(self) -> int:
        """Its length."""


Chapter = TypeVar("Chapter", bound=HasTape)


@dataclass(frozen=True)
class Volume(Generic[Chapter]):
    """One part of a book, numbered from 1."""

    number: int
    chapters: tuple[Chapter, ...]


def split_volumes(chapters: Sequence[Chapter], rate: int, hours: float | None) -> list[Volume[Chapter]]:
    """Chapters, in order, in as few parts of at most `hours` as there can be, of about the same length.

    A chapter that is longer alone is a part alone. `hours` None: one part.
    """
    limit = float("inf") if hours is None else hours * 3600 * rate
    count = len(_fill(chapters, limit))
    low, high = 0.0, min(limit, float(sum(chapter.samples for chapter in chapters)))
    for _ in range(40):  # the smallest limit that needs no more parts makes them even
        middle = (low + high) / 2
        low, high = (low, middle) if len(_fill(chapters, middle)) <= count else (middle, high)
    parts = _fill(chapters, high) if count > 1 else _fill(chapters, limit)
    return [Volume(number, tuple(part)) for number, part in enumerate(parts, 1)]


def _fill(chapters: Sequence[Chapter], limit: float) -> list[list[Chapter]]:
    parts: list[list[Chapter]] = []
    room = 0.0
    for chapter in chapters:
        if not parts or chapter.samples > room:
            parts.append([])
            room = limit
        parts[-1].append(chapter)
        room -= chapter.samples
    return parts
