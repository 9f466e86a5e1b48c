"""Takes of a script while it is rendered: which one a line uses, how new ones are kept, their context."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Literal, Protocol

import numpy as np

from csm_cli.core.types import Codes, Segment
from csm_cli.takes.keys import LineRequest
from csm_cli.takes.rows import Row
from csm_cli.takes.store import TakeStore, TakeWriter
from csm_cli.takes.take import Take

Lineage = Literal["keep", "strict"]
"""What becomes of a take when a line of its context changes: kept and marked stale, or spoken again."""


@dataclass(frozen=True, eq=False)
class ContextTurn:
    """A turn that later lines may have as context.

    Args:
        segment: text and codes, as they stand in a prompt.
        take: the take that it is, or is a part of (`id/2`); `#2` for a part of the line itself; "" for the
            reference of a voice.
    """

    segment: Segment
    take: str

    @property
    def speaker(self) -> int:
        """Speaker tag."""
        return self.segment.speaker


@dataclass
class ChainLineage:
    """The lines of a chain while takes are found for them; says whether a context is still up to date.

    Attributes:
        coming: slots of the lines for which no take is settled yet.
        used: ids of the takes that are settled.
    """

    coming: set[str] = field(default_factory=set)
    used: set[str] = field(default_factory=set)

    def settle(self, request: LineRequest, take_id: str | None) -> None:
        """A line has its take; None: it has nothing to say."""
        self.coming.discard(request.slot)
        if take_id is not None:
            self.used.add(take_id)

    def gone(self, store: TakeStore, context: Sequence[str]) -> bool:
        """Whether a take in `context` is used no more: its line is gone, or uses another take."""
        return any(
            reference not in self.used
            and ((row := store.index.get(reference)) is None or row.slot not in self.coming)
            for reference in map(take_of, context)
        )


class AudioEncoder(Protocol):
    """An engine that turns recordings into codes."""

    def encode(self, audio: np.ndarray, /) -> Codes:
        """float32 mono `[samples]` to codes."""


class TakeRepository:
    """Finds takes that are there, keeps new ones. One for each script; chapters share it.

    Args:
        writer: saves to the store where takes are looked for.
        checks: names of the checks that new takes go through.
        lineage: what becomes of a take whose context is gone. `keep` uses it (marked stale), `strict` does
            not.
        fresh: use pinned takes only, and those chosen since `since`.
        beside: scripts rendered at the same time: takes of the others are used only where they are the very
            same, so that nothing depends on which line is ready first.
        since: when the rendering began, as in `Take.made`; "" never.
    """

    def __init__(
        self,
        writer: TakeWriter,
        checks: Sequence[str] = ("signal",),
        *,
        lineage: Lineage = "keep",
        fresh: bool = False,
        beside: Collection[str] = (),
        since: str = "",
    ):
        self.store, self._writer, self._checks = writer.store, writer, tuple(checks)
        self._lineage, self._fresh, self._beside, self._since = lineage, fresh, beside, since

    def find(self, request: LineRequest, context: Sequence[str], chain: ChainLineage) -> Take | None:
        """The take to use for a line with the takes `context` before it; None: it has to be spoken."""
        while True:
            corrected = self.store.index.corrected
            rows = self._candidates(request, context, chain)
            takes = (self.store.load(row.id) for row in rows)
            found = next((take for take in takes if take is not None and take.is_of(request)), None)
            if self.store.index.corrected == corrected:
                return found

    def may_find(self, request: LineRequest) -> bool:
        """Whether a take might be there for a line, whatever stands before it."""
        there = self.store.index.at(request.place)
        if self._fresh:
            return any(request.place in row.pins for row in there)
        return bool(there or self.store.index.in_slot(request.slot))

    def seed(self, request: LineRequest) -> int:
        """The seed of a line's first try."""
        return request.seed

    def keep(self, take: Take, codes: Sequence[Codes], audio: Sequence[np.ndarray]) -> Take:
        """Keep a new take: codes int16 `[frames, codebooks]` and float32 `[samples]` of each of its parts.

        Raises:
            CsmError: this or an earlier take cannot be written.
        """
        take = replace(take, checked=self._checks)
        if (row := self.store.index.get(take.id)) is not None:
            before = self.store.peek(take.id) or row  # it may have been pinned by another process
            take = replace(take, pins=before.pins, chosen=before.chosen)
        if self._fresh:
            take = replace(take, chosen={**take.chosen, take.asked.place: take.made})
        self._writer.save(take, codes, audio)
        return take

    def turns(self, request: LineRequest, take: Take, codes: Sequence[Codes]) -> list[ContextTurn]:
        """What later lines may have of a line's take as context: nothing, if it was not accepted."""
        if not take.accepted:
            return []
        if take.origin == "imported":
            return [ContextTurn(Segment(request.voice.tag, request.spoken, each), take.id) for each in codes]
        several = len(take.parts) > 1
        return [
            ContextTurn(
                Segment(take.asked.voice.tag, part.text, each), f"{take.id}/{place}" if several else take.id
            )
            for place, (part, each) in enumerate(zip(take.parts, codes, strict=True))
        ]

    def codes(self, take: Take, encoder: AudioEncoder) -> list[Codes]:
        """The codes of a take; a recording is encoded when it is first needed."""
        codes = self.store.codes(take)
        if not codes and take.parts:
            codes = [encoder.encode(sound) for sound in self.store.audio(take)]
            self.store.add_codes(take, codes)
        return codes

    def wait(self) -> None:
        """Wait until all takes are on the disk."""
        self._writer.wait()

    def give_up(self) -> None:
        """Wait as well; that some cannot be kept was reported already."""
        self._writer.give_up()

    def _candidates(self, request: LineRequest, context: Sequence[str], chain: ChainLineage) -> Iterator[Row]:
        index = self.store.index
        for row in reversed(index.at(request.place)):
            if request.place in row.pins:
                yield row
        if self._fresh:
            for row in reversed(index.in_slot(request.slot)):
                if self._since and row.chosen.get(request.place, "") >= self._since:
                    yield row
            return
        same = [
            row
            for row in index.in_slot(request.slot)
            if row.script == request.script or row.script not in self._beside
        ]
        if self._lineage == "strict":
            same = [row for row in same if not chain.gone(self.store, row.context)]
        chosen = [row for row in same if request.place in row.chosen]
        yield from sorted(chosen, key=lambda row: row.chosen[request.place], reverse=True)
        yield from sorted(index.answering(request.key(context)), key=_rank, reverse=True)
        same = [row for row in same if row.origin == "spoken"]
        yield from sorted(same, key=lambda row: (row.script == request.script, *_rank(row)), reverse=True)


def take_of(reference: str) -> str:
    """The take's id in a reference such as `id` or `id/2`."""
    return reference.partition("/")[0]


def _rank(row: Row) -> tuple[bool, str]:
    return row.accepted, row.made
