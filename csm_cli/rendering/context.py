"""Which turns a line has as context: its voice first, then the latest turns, within the model's positions."""

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
    quota: Counter[int] = Counter()
    chosen: list[Turn] = []
    for segment in reversed(turns):
        if quota[segment.speaker] >= most:
            continue
        left -= cost(segment)
        if left < 0:
            break
        quota[segment.speaker] += 1
        chosen.append(segment)
    chosen.reverse()
    return (reference, *chosen) if reference is not None else tuple(chosen)
