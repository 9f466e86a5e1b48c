"""The desk where the takes of a script are looked for and handed in while it is rendered."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Protocol

import numpy as np

from csm_cli.engine import Codes, Segment
from csm_cli.rendering.context import ContextTurn
from csm_cli.rendering.line import LineInProgress
from csm_cli.takes import LineRequest, Take, TakeStore
from csm_cli.takes.lineage import Chooser, Lines
from csm_cli.takes.store import TakeWriter
from csm_cli.takes.take import Origin


class Encoder(Protocol):
    """What hearing a recording needs of an engine."""

    def encode(self, audio: np.ndarray, /) -> Codes:
        """float32 mono `[samples]` to codes."""


class TakeRepository:
    """Finds takes that are there, keeps new ones. One for each script; chapters share it.

    Args:
        chooser: knows the store and the policy.
        writer: writes to the same store.
        checked: names of the checks that new takes go through.
    """

    def __init__(self, chooser: Chooser, writer: TakeWriter, checked: Sequence[str] = ("signal",)):
        self._chooser, self._writer, self._checked = chooser, writer, tuple(checked)

    @property
    def store(self) -> TakeStore:
        """Where the takes are."""
        return self._chooser.store

    def find(self, asked: LineRequest, context: Sequence[str], lines: Lines) -> Take | None:
        """The take to use for a line that would hear `context`; None: it has to be spoken."""
        return self._chooser.find(asked, context, lines)

    def seed(self, asked: LineRequest) -> int:
        """The seed of a line's first try."""
        return asked.seed

    def keep(self, line: LineInProgress, rate: int) -> Take:
        """Keep what was spoken for a line."""
        return self.keep_as("spoken", line, rate)

    def keep_as(self, origin: Origin, line: LineInProgress, rate: int) -> Take:
        """Keep what was spoken for a line, and say how it came about."""
        take = line.take(self._checked, rate, origin)
        if (row := self.store.index.get(take.id)) is not None:
            before = self.store.peek(take.id) or row  # it may have been pinned by another process
            take = replace(take, pins=before.pins, chosen=before.chosen)
        if self._chooser.fresh:
            take = replace(take, chosen={**take.chosen, take.asked.place: take.made})
        self._writer.save(take, line.codes(), line.audio())
        return take

    def turns(self, asked: LineRequest, take: Take, codes: Sequence[Codes]) -> list[ContextTurn]:
        """What later lines may hear of the take used for a line: nothing, if it was not accepted."""
        if not take.accepted:
            return []
        if take.origin == "imported":
            return [ContextTurn(Segment(asked.voice.tag, asked.spoken, each), take.id) for each in codes]
        several = len(take.parts) > 1
        return [
            ContextTurn(
                Segment(take.asked.voice.tag, part.text, each), f"{take.id}/{place}" if several else take.id
            )
            for place, (part, each) in enumerate(zip(take.parts, codes, strict=True))
        ]

    def codes(self, take: Take, encoder: Encoder) -> list[Codes]:
        """The codes of a take; a recording is encoded when it is first needed."""
        codes = self.store.codes(take)
        if not codes and take.parts:
            codes = [encoder.encode(sound) for sound in self.store.audio(take)]
            self.store.add_codes(take, codes)
        return codes

    def finish(self) -> None:
        """Until all takes are on the disk."""
        self._writer.wait()
