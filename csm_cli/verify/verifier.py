"""All checks of a round, cheap ones first; a recogniser gets only what passed them, in one batch."""

from __future__ import annotations

import math
from collections.abc import Collection, Sequence
from typing import Protocol

import numpy as np

from csm_cli.core.types import Speech
from csm_cli.verify.candidate import Candidate, Verdict
from csm_cli.verify.codes import FRAME_SECONDS, expected_seconds, problems
from csm_cli.verify.recognisers import Recogniser
from csm_cli.verify.signal import sound_problems
from csm_cli.verify.speaker import VoiceLikeness, bounds_of, foreign, speech_alone
from csm_cli.verify.word_check import WordCheck

FAULT = 100.0
"""Badness of a fault in codes or sound: worse than any number of misheard words."""
LONGEST_TRANSCRIBED_SECONDS = 30.0


class Likeness(Protocol):
    """Compares sounds with the voices of a cast."""

    name: str

    def similarities(self, sound: np.ndarray, rate: int, /) -> dict[str, float]:
        """The likeness to each voice, by name."""


class Verifier:
    """Judges candidates.

    Args:
        recogniser: transcribes; None: words are not checked.
        likeness: compares with voices; None: voices are not checked.
        names: words outside a recogniser's vocabulary, such as the lexicon's.

    Attributes:
        checks: names of what is checked, as sidecars note it.
    """

    def __init__(
        self,
        recogniser: Recogniser | None = None,
        likeness: VoiceLikeness | Likeness | None = None,
        names: Collection[str] = (),
    ):
        self._words = None if recogniser is None else WordCheck(recogniser, names)
        self._likeness = likeness
        self.checks: tuple[str, ...] = ("signal",)
        if recogniser is not None:
            self.checks += (f"asr:{recogniser.name}",)
        if likeness is not None:
            self.checks += (f"voice:{likeness.name}",)

    def judge(self, candidates: Sequence[Candidate]) -> list[Verdict]:
        """A verdict for each, in order."""
        verdicts = [_signal(candidate) for candidate in candidates]
        sound = [place for place, verdict in enumerate(verdicts) if not verdict.reasons]
        if self._words is not None:
            audible = [place for place in sound if _seconds(candidates[place]) <= LONGEST_TRANSCRIBED_SECONDS]
            found = self._words.judge([candidates[each] for each in audible])
            for place, verdict in zip(audible, found, strict=True):
                verdicts[place] += verdict
        if self._likeness is not None:
            for place in sound:
                verdicts[place] += self._resemble(candidates[place])
        return verdicts

    def _resemble(self, candidate: Candidate) -> Verdict:
        assert self._likeness is not None
        similarities = self._likeness.similarities(candidate.audio, candidate.rate)
        seconds = speech_alone(candidate.audio, candidate.rate).size / candidate.rate
        reason = foreign(candidate.voice, similarities, bounds_of(self._likeness.name, seconds))
        own = similarities.get(candidate.voice)
        scores = {} if own is None else {"voice_similarity": round(own, 4)}
        return Verdict((reason,) if reason else (), (10 if reason else 0) + 1 - (own or 0.0), scores)


def _signal(candidate: Candidate) -> Verdict:
    reasons = sound_problems(candidate.audio, candidate.rate)
    off = 0.0
    if candidate.codes is not None:
        found = problems(Speech(candidate.codes, candidate.ended), candidate.text)
        # A take cut off by the cap is still speaking at its end; that is reported once.
        reasons = found + (() if found and (not candidate.ended or len(candidate.codes) < 2) else reasons)
        seconds = max(len(candidate.codes), 0.5) * FRAME_SECONDS
        off = abs(math.log(seconds / max(expected_seconds(candidate.text), FRAME_SECONDS)))
    return Verdict(reasons, FAULT * len(reasons) + off)


def _seconds(candidate: Candidate) -> float:
    return candidate.audio.size / candidate.rate
