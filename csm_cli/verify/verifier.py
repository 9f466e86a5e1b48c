"""All checks of a round, cheap ones first; a recogniser hears only what passed them, in one batch."""

from __future__ import annotations

import math
from collections.abc import Collection, Sequence
from typing import Protocol

import numpy as np

from csm_cli.engine import Speech
from csm_cli.verify.candidate import Candidate, Verdict
from csm_cli.verify.codes import FRAME_SECONDS, expected_seconds, problems
from csm_cli.verify.recognisers import Recogniser
from csm_cli.verify.signal import sound_problems
from csm_cli.verify.speaker import VoiceLikeness, bounds_of, foreign, speech_alone
from csm_cli.verify.word_check import WordCheck

FAULT = 100.0
"""Badness of a fault in codes or sound: worse than any number of misheard words."""
LONGEST_HEARD_SECONDS = 30.0


class Likeness(Protocol):
    """Tells voices apart."""

    name: str

    def similarities(self, sound: np.ndarray, rate: int, /) -> dict[str, float]:
        """The likeness to each voice, by name."""


class Verifier:
    """Judges readings.

    Args:
        recogniser: writes down what it hears; None: words are not checked.
        likeness: tells voices apart; None: voices are not checked.
        names: words that a recogniser cannot know, such as the lexicon's.

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

    def judge(self, readings: Sequence[Candidate]) -> list[Verdict]:
        """A verdict for each, in order."""
        verdicts = [_signal(reading) for reading in readings]
        sound = [place for place, verdict in enumerate(verdicts) if not verdict.reasons]
        if self._words is not None:
            audible = [place for place in sound if _seconds(readings[place]) <= LONGEST_HEARD_SECONDS]
            found = self._words.judge([readings[each] for each in audible])
            for place, verdict in zip(audible, found, strict=True):
                verdicts[place] += verdict
        if self._likeness is not None:
            for place in sound:
                verdicts[place] += self._resemble(readings[place])
        return verdicts

    def _resemble(self, reading: Candidate) -> Verdict:
        assert self._likeness is not None
        similarities = self._likeness.similarities(reading.audio, reading.rate)
        seconds = speech_alone(reading.audio, reading.rate).size / reading.rate
        reason = foreign(reading.voice, similarities, bounds_of(self._likeness.name, seconds))
        own = similarities.get(reading.voice)
        scores = {} if own is None else {"voice_similarity": round(own, 4)}
        return Verdict((reason,) if reason else (), (10 if reason else 0) + 1 - (own or 0.0), scores)


def _signal(reading: Candidate) -> Verdict:
    reasons = sound_problems(reading.audio, reading.rate)
    off = 0.0
    if reading.codes is not None:
        told = problems(Speech(reading.codes, reading.ended), reading.text)
        # A take cut off by the cap is still speaking at its end; that needs no telling twice.
        reasons = told + (() if told and (not reading.ended or len(reading.codes) < 2) else reasons)
        seconds = max(len(reading.codes), 0.5) * FRAME_SECONDS
        off = abs(math.log(seconds / max(expected_seconds(reading.text), FRAME_SECONDS)))
    return Verdict(reasons, FAULT * len(reasons) + off)


def _seconds(reading: Candidate) -> float:
    return reading.audio.size / reading.rate
