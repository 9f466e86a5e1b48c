"""Which take of a line is used: a person's choice, else one that heard what the line would hear now."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Literal

from csm_cli.takes.index import Row
from csm_cli.takes.keys import LineRequest
from csm_cli.takes.store import TakeStore
from csm_cli.takes.take import Take

Lineage = Literal["keep", "strict"]
POLICIES: tuple[str, ...] = ("keep", "strict")


def take_of(reference: str) -> str:
    """The take's id in a reference such as `id` or `id/2`."""
    return reference.partition("/")[0]


@dataclass
class Lines:
    """The lines of a chain while takes are found for them: what tells whether something heard is still said.

    Attributes:
        coming: slots of the lines for which no take is settled yet.
        used: ids of the takes that are settled.
    """

    coming: set[str] = field(default_factory=set)
    used: set[str] = field(default_factory=set)

    def settle(self, asked: LineRequest, take_id: str | None) -> None:
        """A line has its take; None: it has nothing to say."""
        self.coming.discard(asked.slot)
        if take_id is not None:
            self.used.add(take_id)

    def gone(self, store: TakeStore, context: Sequence[str]) -> bool:
        """Whether something in `context` is said no more, or said in another take."""
        return any(
            reference not in self.used
            and ((row := store.index.get(reference)) is None or row.slot not in self.coming)
            for reference in map(take_of, context)
        )


@dataclass(frozen=True)
class Chooser:
    """Finds takes that are there already.

    Args:
        store: where.
        lineage: what becomes of a take that heard something which is said no more. `keep` keeps it (marked
            stale), `strict` does not use it.
        fresh: use pinned takes only, and those chosen since `since`.
        beside: scripts rendered at the same time: takes of the others are used only where they are the very
            same, so that nothing depends on which line is ready first.
        since: when the rendering began, as in `Take.made`; "" never.
    """

    store: TakeStore
    lineage: Lineage = "keep"
    fresh: bool = False
    beside: Collection[str] = ()
    since: str = ""

    def find(self, asked: LineRequest, context: Sequence[str], lines: Lines) -> Take | None:
        """The take to use for a line that would hear `context`; None: it has to be spoken."""
        for row in self._candidates(asked, context, lines):
            if (take := self.store.load(row.id)) is not None:
                return take
        return None

    def _candidates(self, asked: LineRequest, context: Sequence[str], lines: Lines) -> Iterator[Row]:
        index = self.store.index
        for row in reversed(index.at(asked.place)):
            if asked.place in row.pins:
                yield row
        if self.fresh:
            for row in reversed(index.in_slot(asked.slot)):
                if self.since and row.chosen.get(asked.place, "") >= self.since:
                    yield row
            return
        same = [
            row
            for row in index.in_slot(asked.slot)
            if row.script == asked.script or row.script not in self.beside
        ]
        if self.lineage == "strict":
            same = [row for row in same if not lines.gone(self.store, row.context)]
        chosen = [row for row in same if asked.place in row.chosen]
        yield from sorted(chosen, key=lambda row: row.chosen[asked.place], reverse=True)
        yield from sorted(index.answering(asked.request(context)), key=_rank, reverse=True)
        same = [row for row in same if row.origin == "spoken"]
        yield from sorted(same, key=lambda row: (row.script == asked.script, *_rank(row)), reverse=True)


def _rank(row: Row) -> tuple[bool, str]:
    return row.accepted, row.made
