"""A line while it is being spoken: its parts one after the other, each tried until a candidate is good."""

from __future__ import annotations

import copy
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from csm_cli.core.types import Codes, Segment, Speech
from csm_cli.rendering.options import DEFAULT_RETRIES
from csm_cli.rendering.plan import PlannedLine, part_seed, take_seed
from csm_cli.takes import Part, Take, TakeStore
from csm_cli.takes.keys import spoken_take_id
from csm_cli.takes.lineage import ContextTurn
from csm_cli.takes.take import now
from csm_cli.text import split_text
from csm_cli.verify import Candidate, Verdict

SHORTEST_SPLIT = 40
"""Characters: a piece is not split further below this, for words alone are said worse than sentences."""


@dataclass(frozen=True, eq=False)
class SpokenLine:
    """A line with the take that is used for it.

    Args:
        planned: the line.
        take: None if there is nothing to say.
        rendered: whether it was spoken now; False: it was there already.
        stale: a take of its context is used no more.
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


@dataclass(eq=False)
class _Try:
    """One try at one part of a line, in one piece or, later, in several."""

    texts: Sequence[str]
    pieces: list[Candidate] = field(default_factory=list)

    @property
    def done(self) -> bool:
        return len(self.pieces) == len(self.texts)

    @property
    def accepted(self) -> bool:
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
    """A line that is being spoken, with what is kept of it so far.

    Args:
        planned: the line.
        window: turns that it may have as context, in order.
        retries: tries of a part beyond the first.
        seed: of the first try; None: the planned one.
    """

    def __init__(
        self,
        planned: PlannedLine,
        window: Sequence[ContextTurn] = (),
        retries: int = DEFAULT_RETRIES,
        seed: int | None = None,
    ):
        self.planned, self.request, self.window = planned, planned.request, tuple(window)
        self._retries = retries
        self._seed = planned.seed if seed is None else seed
        self._kept: list[tuple[_Try, int]] = []
        self._failed: list[_Try] = []
        self._try = _Try(())
        self._begin()

    def copy(self) -> LineInProgress:
        """The same line, which goes on by itself."""
        other = copy.copy(self)
        other._kept, other._failed = list(self._kept), list(self._failed)
        other._try = _Try(self._try.texts, list(self._try.pieces))
        return other

    def resume(self, pieces: Sequence[Candidate], tries: Sequence[int]) -> None:
        """Go on with a take that was there: from its first bad part, whose tries so far count.

        Args:
            pieces: of the take, one for each part of the line, judged anew.
            tries: that each took.
        """
        for piece, tried in zip(pieces, tries, strict=True):
            spoken = _Try((piece.text,), [piece])
            if piece.verdict.reasons:
                self._failed = [spoken] * tried
                break
            self._kept.append((spoken, tried))
        self._begin()

    @property
    def done(self) -> bool:
        """Whether a candidate is kept for every part."""
        return len(self._kept) == len(self.request.parts)

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

    def own_turns(self) -> list[ContextTurn]:
        """The good pieces of this line spoken so far, as context of the next."""
        return [
            ContextTurn(Segment(self.request.voice.tag, piece.text, piece.codes), f"#{place}")
            for place, piece in enumerate([*self._pieces(), *self._try.pieces])
            if not piece.verdict.reasons and piece.codes is not None
        ]

    def candidate(
        self, speech: Speech, audio: np.ndarray, rate: int, context: Sequence[str] = ()
    ) -> Candidate:
        """What was spoken for `text` with `seed`, to be judged: float32 `[samples]` at `rate` Hz.

        Args:
            context: takes that it had as context.
        """
        voice = self.request.voice.name
        first = not self._kept and not self._try.pieces
        return Candidate(
            self.text, speech.codes, speech.ended, audio, rate, voice, self.seed, tuple(context),
            unread=self.planned.unread if first else (),
        )  # fmt: skip

    def receive(self, candidate: Candidate) -> None:
        """Go on with the next piece, part or try, as the candidate's verdict wants it."""
        self._try.pieces.append(candidate)
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

    def take(self, rate: int) -> Take:
        """The take, once `done`."""
        parts = tuple(
            Part(
                piece.text,
                piece.seed,
                0 if piece.codes is None else len(piece.codes),
                len(piece.audio),
                piece.context,
                tries,
                piece.ended,
                piece.verdict.reasons,
                piece.verdict.scores,
            )
            for kept, tries in self._kept
            for piece in kept.pieces
        )
        name = spoken_take_id(self.request, [(part.text, part.seed, part.heard) for part in parts])
        context = tuple(turn.take for turn in self.window)
        return Take(name, "spoken", self.request, context, parts, (), now(), rate=rate)

    def codes(self) -> list[Codes]:
        """The codes of each piece, once `done`."""
        return [piece.codes for piece in self._pieces() if piece.codes is not None]

    def audio(self) -> list[np.ndarray]:
        """The sound of each piece that is kept."""
        return [piece.audio for piece in self._pieces()]

    def _pieces(self) -> list[Candidate]:
        return [piece for kept, _ in self._kept for piece in kept.pieces]

    def _begin(self) -> None:
        if not self.done:
            self._try = _Try(texts_of_try(self.request.parts[len(self._kept)], self.number))


def wants_check(take: Take, checks: Sequence[str], retries: int) -> bool:
    """Whether a take that was there has to be judged: a check is new to it, or it is bad and tries are left.

    What a person pinned or recorded is never judged.
    """
    if take.pins or take.origin == "imported":
        return False
    tries = [part.tries for part in take.parts if part.reasons]
    return not set(checks) <= set(take.checked) or (bool(tries) and min(tries) <= retries)


@dataclass(frozen=True, eq=False)
class StoredTake:
    """A take that was there and is judged anew, with the line it was found for.

    Args:
        line: as it would be spoken.
        take: from the store.
        candidates: its parts.
    """

    line: LineInProgress
    take: Take
    candidates: tuple[Candidate, ...]

    @classmethod
    def read(cls, line: LineInProgress, take: Take, store: TakeStore) -> StoredTake:
        """Read the files of a take."""
        parts = zip(take.parts, store.codes(take), store.audio(take), strict=True)
        voice = line.request.voice.name
        candidates = tuple(
            Candidate(
                part.text,
                codes,
                part.ended,
                audio,
                take.rate,
                voice,
                part.seed,
                part.heard,
                unread=() if place else line.planned.unread,
            )
            for place, (part, codes, audio) in enumerate(parts)
        )
        return cls(line, take, candidates)

    def judged(self, verdicts: Sequence[Verdict], checks: Sequence[str]) -> Take:
        """The take with what was found, checked by `checks` as well as before."""
        parts = tuple(
            replace(part, reasons=verdict.reasons, scores={**part.scores, **verdict.scores})
            for part, verdict in zip(self.take.parts, verdicts, strict=True)
        )
        checked = tuple(dict.fromkeys((*self.take.checked, *checks)))
        return replace(self.take, parts=parts, checked=checked)

    def again(self, verdicts: Sequence[Verdict]) -> LineInProgress:
        """The line, to be spoken again from the first bad part on."""
        if [part.text for part in self.take.parts] == list(self.line.request.parts):
            pieces = [replace(each, verdict=it) for each, it in zip(self.candidates, verdicts, strict=True)]
            self.line.resume(pieces, [part.tries for part in self.take.parts])
        return self.line
