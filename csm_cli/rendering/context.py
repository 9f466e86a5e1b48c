"""Which turns a line has as context: its voice first, then the latest turns, within the model's positions.

A window that slid by a turn with every line would begin with another turn each time, and nothing of the
prompt before could be used again. So it grows from line to line, and is cut to half when it is full: most
prompts begin with all of the one before, and only what is new in them is prefilled.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from typing import Protocol, TypeVar

from csm_cli.rendering.options import DEFAULT_TURNS


class HasSpeaker(Protocol):
    """A turn of somebody's."""

    @property
    def speaker(self) -> int:
        """Speaker tag."""


Turn = TypeVar("Turn", bound=HasSpeaker)


def drop_oldest(turns: Sequence[Turn], most: int = DEFAULT_TURNS) -> list[Turn]:
    """The turns that are kept for the lines to come.

    All of them, until a speaker has more than `most`; then the latest of each speaker, half as many (rounded
    up).

    Args:
        turns: in script order.
        most: turns of each speaker that a line may have, 0 or more.
    """
    if all(count <= most for count in Counter(turn.speaker for turn in turns).values()):
        return list(turns)
    return _latest(turns, (most + 1) // 2)


def _latest(turns: Sequence[Turn], each: int) -> list[Turn]:
    """The latest turns of each speaker, so many, in order."""
    quota: Counter[int] = Counter()
    kept: list[Turn] = []
    for turn in reversed(turns):
        quota[turn.speaker] += 1
        if quota[turn.speaker] <= each:
            kept.append(turn)
    return kept[::-1]


def choose_context(
    reference: Turn | None,
    turns: Sequence[Turn],
    cost: Callable[[Turn], int],
    budget: int,
    most: int = DEFAULT_TURNS,
) -> tuple[Turn, ...]:
    """Choose the segments that come before a line.

    Going back from the latest accepted turn, each speaker has `most` of them; the walk ends at the first that
    no longer fits, so what is dropped are whole segments, the oldest. The reference is never dropped.

    Args:
        reference: the speaker's voice reference, if it has one.
        turns: accepted turns so far, in script order.
        cost: positions a segment takes up.
        budget: positions there are for all of the context.
        most: turns of each speaker that are kept, 0 or more.

    Returns:
        The reference first, then the chosen turns in script order.

    Raises:
        ValueError: the reference alone is over the budget.
    """
    left = budget
    if reference is not None:
        left -= cost(reference)
        if left < 0:
            raise ValueError(f"the reference needs {budget - left} positions, there are {max(budget, 0)}")
    chosen: list[Turn] = []
    for segment in reversed(_latest(turns, most)):
        left -= cost(segment)
        if left < 0:
            break
        chosen.append(segment)
    chosen.reverse()
    return (reference, *chosen) if reference is not None else tuple(chosen)
