"""A take that was there already and is judged anew: by checks that are new to it, or to go on trying."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from csm_cli.engine import Codes, Speech
from csm_cli.rendering.context import ContextTurn
from csm_cli.rendering.line import LineInProgress, Piece
from csm_cli.rendering.plan import PlannedLine
from csm_cli.takes import LineRequest, Take, TakeStore
from csm_cli.verify import Candidate, Verdict


def wants_check(take: Take, checks: Sequence[str], retries: int) -> bool:
    """Whether a take has to be judged: a check is new to it, or it is bad and there are tries left.

    What a person pinned or recorded is never judged.
    """
    if take.pins or take.origin == "imported":
        return False
    tries = [part.tries for part in take.parts if part.reasons]
    return not set(checks) <= set(take.checked) or (bool(tries) and min(tries) <= retries)


@dataclass(frozen=True, eq=False)
class StoredTake:
    """A take with its codes and sound, and the line it was found for."""

    planned: PlannedLine
    asked: LineRequest
    window: tuple[ContextTurn, ...]
    take: Take
    codes: Sequence[Codes]
    audio: Sequence[np.ndarray]

    @classmethod
    def read(
        cls,
        planned: PlannedLine,
        asked: LineRequest,
        window: tuple[ContextTurn, ...],
        take: Take,
        store: TakeStore,
    ) -> StoredTake:
        """Read its files."""
        return cls(planned, asked, window, take, store.codes(take), store.audio(take))

    def readings(self) -> list[Candidate]:
        """Its parts, to be judged."""
        return [
            Candidate(part.text, codes, part.ended, audio, self.take.rate, self.asked.voice.name)
            for part, codes, audio in zip(self.take.parts, self.codes, self.audio, strict=True)
        ]

    def judged(self, verdicts: Sequence[Verdict], checks: Sequence[str]) -> Take:
        """The take with what was found, checked by `checks` as well as before."""
        parts = tuple(
            replace(part, reasons=verdict.reasons, scores={**part.scores, **verdict.scores})
            for part, verdict in zip(self.take.parts, verdicts, strict=True)
        )
        checked = tuple(dict.fromkeys((*self.take.checked, *checks)))
        return replace(self.take, parts=parts, checked=checked)

    def again(self, verdicts: Sequence[Verdict], retries: int) -> LineInProgress:
        """The line, to be spoken again from the first bad part on."""
        line = LineInProgress(self.planned, self.asked, self.window, retries)
        if [part.text for part in self.take.parts] == list(self.asked.parts):
            pieces = [
                Piece(part.text, part.seed, part.heard, Speech(codes, part.ended), audio, verdict)
                for part, codes, audio, verdict in zip(
                    self.take.parts, self.codes, self.audio, verdicts, strict=True
                )
            ]
            line.resume(pieces, [part.tries for part in self.take.parts])
        return line
