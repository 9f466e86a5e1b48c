"""A line while it is being spoken: its parts one after the other, each tried until a take is good."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from csm_cli.engine import Codes, Segment, Speech
from csm_cli.rendering.context import ContextTurn
from csm_cli.rendering.plan import PlannedLine, part_seed, take_seed
from csm_cli.takes import LineRequest, Part, Take
from csm_cli.takes.keys import spoken_take_id
from csm_cli.takes.take import Origin, now
from csm_cli.text import split_text
from csm_cli.verify import Verdict

RETRIES = 3
SHORTEST_SPLIT = 40
"""Characters: a piece is not split further below this, for words alone are said worse than sentences."""


@dataclass(frozen=True, eq=False)
class SpokenLine:
    """A line with the take that is used for it.

    Args:
        planned: the line.
        take: None if there is nothing to say.
        rendered: whether it was spoken now, or checked anew; False: it was there already.
        stale: something that it heard is said no more.
        faults: what speaks against the line beside its take.
    """

    planned: PlannedLine
    take: Take | None
    rendered: bool = True
    stale: bool = False
    faults: tuple[str, ...] = ()

    @property
    def seed(self) -> int:
        """Set as `seed:` of the line, this gives the same take again, if it was good by its second try."""
        return self.take.parts[0].seed if self.take and self.take.parts else self.planned.seed

    @property
    def seconds(self) -> float:
        """Of speech, before any trimming."""
        return self.take.seconds if self.take else 0.0

    @property
    def reasons(self) -> tuple[str, ...]:
        """Why the line needs review; empty if all is well, or a person pinned the take."""
        found = [] if self.take is None or self.take.accepted else list(self.take.reasons)
        if self.planned.unspoken:
            found.insert(0, f"the model cannot say {self.planned.unspoken!r}")
        return (*found, *self.faults)


@dataclass(frozen=True, eq=False)
class Piece:
    """What was spoken in one go: a part of a line, or of a part that was split once more."""

    text: str
    seed: int
    heard: tuple[str, ...]
    speech: Speech
    audio: np.ndarray
    verdict: Verdict


@dataclass(eq=False)
class Try:
    """One try at one part of a line."""

    texts: Sequence[str]
    pieces: list[Piece] = field(default_factory=list)

    @property
    def done(self) -> bool:
        """Whether all of it is spoken."""
        return len(self.pieces) == len(self.texts)

    @property
    def accepted(self) -> bool:
        """Whether nothing speaks against it."""
        return not any(piece.verdict.reasons for piece in self.pieces)

    @property
    def badness(self) -> float:
        """Orders tries; the least is kept."""
        return sum(piece.verdict.badness for piece in self.pieces)


def turns_of_try(turns: int, number: int) -> int:
    """Turns of context for try `number` (from 0): less from the third on, for they may be what misleads."""
    return turns if number < 2 else turns // 2 if number == 2 else 0


def texts_of_try(text: str, number: int) -> Sequence[str]:
    """The pieces of a part in try `number` (from 0): from the third on it is split in two where it can be."""
    if number < 2 or len(text) <= SHORTEST_SPLIT:
        return (text,)
    return split_text(text, max(SHORTEST_SPLIT, len(text) * 2 // 3))


class LineInProgress:
    """What is known so far of a line that is being spoken.

    Args:
        planned: the line.
        asked: what it is asked for.
        window: what it may hear, in order.
        retries: tries of a part beyond the first.
        seed: of the first try; None: the planned one.
    """

    def __init__(
        self,
        planned: PlannedLine,
        asked: LineRequest,
        window: Sequence[ContextTurn] = (),
        retries: int = RETRIES,
        seed: int | None = None,
    ):
        self.planned, self.asked, self.window = planned, asked, tuple(window)
        self._retries = retries
        self._seed = asked.seed if seed is None else seed
        self._kept: list[tuple[Try, int]] = []
        self._failed: list[Try] = []
        self._try = Try(())
        self._begin()

    def resume(self, pieces: Sequence[Piece], tries: Sequence[int]) -> None:
        """Go on with a take that was there: from its first bad part, whose tries so far count.

        Args:
            pieces: of the take, one for each part of the line, judged anew.
            tries: that each took.
        """
        for piece, tried in zip(pieces, tries, strict=True):
            spoken = Try((piece.text,), [piece])
            if piece.verdict.reasons:
                self._failed = [spoken] * tried
                break
            self._kept.append((spoken, tried))
        self._begin()

    @property
    def done(self) -> bool:
        """Whether a take is kept for every part."""
        return len(self._kept) == len(self.asked.parts)

    @property
    def number(self) -> int:
        """Of the try at hand, from 0."""
        return len(self._failed)

    @property
    def text(self) -> str:
        """The piece that is to be spoken next."""
        return self._try.texts[len(self._try.pieces)]

    @property
    def seed(self) -> int:
        """The seed of the piece that is to be spoken next."""
        first = self._kept[0][0].pieces[0].seed if self._kept else self._seed
        tried = take_seed(part_seed(first, len(self._kept)), self.number)
        return part_seed(tried, len(self._try.pieces))

    def own(self) -> list[ContextTurn]:
        """The good pieces of this line spoken so far."""
        pieces = [*self._pieces(), *self._try.pieces]
        return [
            ContextTurn(Segment(self.asked.voice.tag, piece.text, piece.speech.codes), f"#{place}")
            for place, piece in enumerate(pieces)
            if not piece.verdict.reasons
        ]

    def receive(self, speech: Speech, audio: np.ndarray, verdict: Verdict, heard: Sequence[str] = ()) -> None:
        """Take what was spoken for `text` with `seed`, after hearing `heard`."""
        self._try.pieces.append(Piece(self.text, self.seed, tuple(heard), speech, audio, verdict))
        if not self._try.done:
            return
        tries = [*self._failed, self._try]
        if self._try.accepted or len(tries) > self._retries:
            best = self._try if self._try.accepted else min(tries, key=lambda tried: tried.badness)
            self._kept.append((best, len(tries)))
            self._failed = []
        else:
            self._failed = tries
        if not self.done:
            self._begin()

    def take(self, checked: Sequence[str], rate: int, origin: Origin = "spoken") -> Take:
        """The take, once `done`."""
        parts = tuple(
            Part(
                piece.text,
                piece.seed,
                len(piece.speech.codes),
                len(piece.audio),
                piece.heard,
                tries,
                piece.speech.ended,
                piece.verdict.reasons,
                piece.verdict.scores,
            )
            for kept, tries in self._kept
            for piece in kept.pieces
        )
        name = spoken_take_id(self.asked, [(part.text, part.seed, part.heard) for part in parts])
        context = tuple(turn.take for turn in self.window)
        return Take(name, origin, self.asked, context, parts, tuple(checked), now(), rate=rate)

    def codes(self) -> list[Codes]:
        """The codes of each part, once `done`."""
        return [piece.speech.codes for piece in self._pieces()]

    def audio(self) -> list[np.ndarray]:
        """The sound of each part, once `done`."""
        return [piece.audio for piece in self._pieces()]

    def _pieces(self) -> list[Piece]:
        return [piece for kept, _ in self._kept for piece in kept.pieces]

    def _begin(self) -> None:
        if not self.done:
            self._try = Try(texts_of_try(self.asked.parts[len(self._kept)], self.number))
