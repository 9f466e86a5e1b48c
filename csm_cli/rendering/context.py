"""What a line hears before it is spoken: its voice, then the latest turns, within the model's positions."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol, TypeVar

from csm_cli.engine import Segment

DEFAULT_TURNS = 3


class HasSpeaker(Protocol):
    """A turn of somebody's."""

    @property
    def speaker(self) -> int:
        """Speaker tag."""


Turn = TypeVar("Turn", bound=HasSpeaker)


@dataclass(frozen=True, eq=False)
class ContextTurn:
    """A turn that later lines may hear.

    Args:
        segment: as the model hears it.
        take: the take that it is, or is a part of (`id/2`); `#2` for a part of the line itself.
    """

    segment: Segment
    take: str

    @property
    def speaker(self) -> int:
        """Speaker tag."""
        return self.segment.speaker


def choose_context(
    reference: Turn | None,
    heard: Sequence[Turn],
    cost: Callable[[Turn], int],
    budget: int,
    turns: int = DEFAULT_TURNS,
) -> tuple[Turn, ...]:
    """Choose the segments that come before a line.

    Going back from the latest accepted turn, each speaker has `turns` of them; the walk ends at the first
    that no longer fits, so what is dropped are whole segments, the oldest. The reference is never dropped.

    Args:
        reference: the speaker's voice reference, if it has one.
        heard: accepted turns so far, in script order.
        cost: positions a segment takes up.
        budget: positions there are for all of the context.
        turns: turns of each speaker that are kept, 0 or more.

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
    for segment in reversed(heard):
        if quota[segment.speaker] >= turns:
            continue
        left -= cost(segment)
        if left < 0:
            break
        quota[segment.speaker] += 1
        chosen.append(segment)
    chosen.reverse()
    return (reference, *chosen) if reference is not None else tuple(chosen)
