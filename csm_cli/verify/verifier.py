"""All checks of a round, cheap ones first; a recogniser gets only what passed them, in one batch."""

from __future__ import annotations

import math
from collections.abc import Collection, Sequence
from typing import Protocol

import numpy as np

from csm_cli.core.types import Speech
from csm_cli.verify.candidate import Candidate, Verdict
from csm_cli.verify.codes import FRAME_SECONDS, expected_seconds, problems
from csm_cli.verify.recognisers import Aligning, Recogniser
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
        times: find out as well when each word is spoken, for a score "times": (start, end) in seconds of each
            word of the text, None where it is unknown.

    Attributes:
        checks: names of what is checked, as sidecars note it.
    """

    def __init__(
        self,
        recogniser: Recogniser | None = None,
        likeness: VoiceLikeness | Likeness | None = None,
        names: Collection[str] = (),
        times: bool = False,
    ):
        self._aligner = recogniser if times and isinstance(recogniser, Aligning) else None
        self._words = None if recogniser is None else WordCheck(recogniser, names)
        self._likeness = likeness
        self.checks: tuple[str, ...] = ("signal",)
        if recogniser is not None:
            self.checks += (f"asr:{recogniser.name}",)
        if self._aligner is not None and recogniser is not None:
            self.checks += (f"times:{recogniser.name}",)
        if likeness is not None:
            self.checks += (f"voice:{likeness.name}",)

    def judge(self, candidates: Sequence[Candidate]) -> list[Verdict]:
        """A verdict for each, in order."""
        verdicts = [_signal(candidate) for candidate in candidates]
        sound = [place for place, verdict in enumerate(verdicts) if not verdict.reasons]
        audible = [place for place in sound if _seconds(candidates[place]) <= LONGEST_TRANSCRIBED_SECONDS]
        some = [candidates[place] for place in audible]
        if self._words is not None:
            for place, verdict in zip(audible, self._words.judge(some), strict=True):
                verdicts[place] += verdict
        if self._aligner is not None and some:
            texts = [each.text for each in some]
            times = self._aligner.align([each.audio for each in some], some[0].rate, texts)
            for place, spans in zip(audible, times, strict=True):
                verdicts[place] += Verdict(scores={"times": [_rounded(span) for span in spans]})
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


def _rounded(span: tuple[float, float] | None) -> list[float] | None:
    return None if span is None else [round(span[0], 3), round(span[1], 3)]


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
