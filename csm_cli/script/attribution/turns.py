"""Chooses the speakers of a dialogue: those who fit best all that is known of every quotation."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Literal

Link = Literal["new", "same paragraph", "goes on", "next paragraph", "later"]

UNKNOWN = "\0?"
"""Somebody who is not among the characters."""
FIRST = "\0I"
"""The person who tells the story."""
_UNKNOWN_COST, _KNOWN_AGAIN = 3.0, 2.0
_HOPELESS = 8.0
"""States that cost so much more than the best are given up."""
_LINKS: dict[Link, tuple[float, float, float, float]] = {
    "new": (0.0, 0.0, 0.0, 0.0),
    "same paragraph": (0.0, 4.0, 4.0, 4.0),
    "goes on": (0.0, 20.0, 20.0, 20.0),
    "next paragraph": (3.0, 0.0, 0.9, 0.5),
    "later": (0.9, 0.1, 0.7, 0.4),
}
_LINKS_OF_TAGGED: dict[Link, tuple[float, float, float, float]] = {
    **_LINKS,
    "next paragraph": (2.0, 0.0, 0.5, 0.2),
    "later": (0.5, 0.1, 0.2, 0.1),
}
"""Cost of: the same speaker, the one before, another one, another one where there is none before.

A tag is what introduces somebody new."""


@dataclass
class Turn:
    """A quotation and what is known of its speaker.

    Args:
        link: to the quotation before.
        fixed: the speaker, if the text says who it is; else "".
        tagged: a tag stands beside it.
        favoured: speakers, and what it costs not to be that one.
        against: what it costs to be one of these.
        candidates: who may speak; not used if `fixed`.
    """

    link: Link
    fixed: str = ""
    tagged: bool = False
    favoured: list[tuple[str, float]] = field(default_factory=list)
    against: dict[str, float] = field(default_factory=dict)
    candidates: Sequence[str] = ()

    def costs(self) -> dict[str, float]:
        """What each candidate costs by itself."""
        if self.fixed:
            return {self.fixed: 0.0}
        found = {}
        for name in (*self.candidates, UNKNOWN):
            cost = self.against.get(name, _UNKNOWN_COST if name == UNKNOWN else 0.0)
            found[name] = cost + sum(weight for favoured, weight in self.favoured if favoured != name)
        return found


@dataclass(frozen=True)
class Choice:
    """The speaker of a quotation.

    Args:
        speaker: a name, `UNKNOWN` or `FIRST`.
        margin: how much more the next best costs; infinite if there is none.
        second: the next best, or "".
    """

    speaker: str
    margin: float
    second: str = ""


State = tuple[str, str]
"""The speaker, and the last one before who was another; "" for none."""


def choose(turns: Sequence[Turn]) -> list[Choice]:
    """The speakers of a section's quotations that together cost least."""
    if not turns:
        return []
    costs = [turn.costs() for turn in turns]
    forward: list[dict[State, float]] = [{(name, ""): cost for name, cost in costs[0].items()}]
    for turn, own in zip(turns[1:], costs[1:], strict=True):
        best: dict[State, float] = {}
        for state, so_far in forward[-1].items():
            for name, cost in own.items():
                after, step = _step(state, name, turn)
                total = so_far + cost + step
                if total < best.get(after, math.inf):
                    best[after] = total
        least = min(best.values()) + _HOPELESS
        forward.append({state: total for state, total in best.items() if total <= least})
    backward: dict[State, float] = dict.fromkeys(forward[-1], 0.0)
    choices = [_choice(forward[-1], backward)]
    for at in range(len(turns) - 2, -1, -1):
        behind: dict[State, float] = {}
        for state in forward[at]:
            least = math.inf
            for name, cost in costs[at + 1].items():
                after, step = _step(state, name, turns[at + 1])
                least = min(least, cost + step + backward.get(after, math.inf))
            behind[state] = least
        backward = behind
        choices.append(_choice(forward[at], backward))
    return choices[::-1]


def _step(state: State, name: str, turn: Turn) -> tuple[State, float]:
    speaker, before = state
    same, back, other, first = (_LINKS_OF_TAGGED if turn.tagged else _LINKS)[turn.link]
    if name == UNKNOWN and before == UNKNOWN:
        return (name, speaker), back - _KNOWN_AGAIN
    if name == speaker:
        return state, 1.0 if name == UNKNOWN and turn.link == "next paragraph" else same
    if not before:
        return (name, speaker), first
    return (name, speaker), back if name == before else other


def _choice(forward: dict[State, float], backward: dict[State, float]) -> Choice:
    totals: dict[str, float] = {}
    for state, cost in forward.items():
        total = cost + backward.get(state, math.inf)
        totals[state[0]] = min(total, totals.get(state[0], math.inf))
    order: Iterable[str] = sorted(totals, key=lambda name: totals[name])
    best, *others = order
    if not others:
        return Choice(best, math.inf)
    return Choice(best, totals[others[0]] - totals[best], others[0])
