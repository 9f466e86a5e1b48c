"""Whether the words of a take are those of its text, by a recogniser.

Whisper is judged by its probabilities, not by its transcript alone, because it writes "turn" for "turned", a
rare name in a more common spelling, and one "the" where two were said:

* If the transcript is not the text, but for what sounds the same: how many times likelier is it than the
  text? Hardly, where it only prefers one of two words that sound alike; by far, where a word was said wrong
  or left out.
* How likely is the transcript with one word written twice beside the same with it written once? Far less,
  where it was said once.

* What stands in the line as written, by a reading of its own, but not in the spoken form, must be heard.

A recogniser that gives no probabilities is granted a share of wrong words instead.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

from csm_cli.text.unread import unread
from csm_cli.verify.candidate import Candidate, Verdict
from csm_cli.verify.recognisers import Recogniser, Weighing, words_of
from csm_cli.verify.words import FEW_WORDS, Comparison, compare, corrections, doubled

DOUBT = 4.0
"""Natural logarithm of how many times likelier than the text the transcript may be in good speech."""
REPEAT = -4.0
"""The same of how likely a transcript with a word said twice may be beside that with the word said once. Both
are set by `recipes/demo_voice/planted_faults.py`."""
TOLERANCE = {"pocketsphinx": 0.34}
"""Share of words that a recogniser without probabilities may get wrong in good speech; 0.1 for all others."""


class WordCheck:
    """Judges the words of candidates.

    Args:
        recogniser: transcribes.
        names: words outside its vocabulary, such as the lexicon's.
    """

    def __init__(self, recogniser: Recogniser, names: Collection[str] = ()):
        self._recogniser, self._names = recogniser, names

    def judge(self, candidates: Sequence[Candidate]) -> list[Verdict]:
        """A verdict for each, in order; all of one rate."""
        if not candidates:
            return []
        sounds, rate = [candidate.audio for candidate in candidates], candidates[0].rate
        if isinstance(self._recogniser, Weighing):
            weighed = self._recogniser.weigh(
                sounds, rate, lambda place, transcript: self._texts(candidates[place], transcript)
            )
            found = [self._by_weight(*each) for each in zip(candidates, weighed, strict=True)]
        else:
            transcripts = self._recogniser.transcribe(sounds, rate)
            found = [self._by_count(*each) for each in zip(candidates, transcripts, strict=True)]
        return [verdict + _as_written(each, verdict) for each, verdict in zip(candidates, found, strict=True)]

    def _texts(self, candidate: Candidate, transcript: str) -> list[str]:
        """The transcript; it with the text's words, for each place where it differs; it with a word twice."""
        if not transcript or not words_of(candidate.text):
            return []
        transcript, right = corrections(candidate.text, transcript, self._names)
        return [transcript, *(each.text for each in right), *doubled(transcript)]

    def _by_weight(self, candidate: Candidate, weighed: tuple[str, list[float]]) -> Verdict:
        transcript, (whole, *others) = weighed[0], weighed[1] or [0.0]
        corrected = corrections(candidate.text, transcript, self._names)[1] if weighed[1] else []
        right, twice = others[: len(corrected)], others[len(corrected) :]
        found = compare(candidate.text, transcript, 0.0, self._names)
        scores = _scores(found, transcript)
        reasons = [] if transcript or not found.errors else ["no word was heard"]
        if found.errors and right:
            scores["log_ratio"] = round(whole - min(right), 2)
            reasons += [f"heard as {transcript!r}"] if whole - min(right) > DOUBT else []
        repeats = [each - whole for each in twice]
        repeats += [whole - once for once, each in zip(right, corrected, strict=True) if each.repeat]
        if repeats:
            scores["log_ratio_of_repeat"] = round(max(repeats), 2)
            if max(repeats) > REPEAT and not reasons:
                reasons.append(f"a word may be said twice in {transcript!r}")
        return _verdict(reasons, found, scores)

    def _by_count(self, candidate: Candidate, transcript: str) -> Verdict:
        found = compare(candidate.text, transcript, TOLERANCE.get(self._recogniser.name, 0.1), self._names)
        scores = _scores(found, transcript)
        if found.words < FEW_WORDS:
            scores["alike"] = round(found.alike, 3)
        wrong = f"heard as {transcript!r}" if transcript else "no word was heard"
        return _verdict([] if found.agrees else [wrong], found, scores)


def _as_written(candidate: Candidate, verdict: Verdict) -> Verdict:
    """A fault for what stands in the written line, but neither in its spoken form nor in the transcript."""
    transcript = verdict.scores["heard"]
    missing = [each for each in candidate.unread if unread(each, transcript)]
    if not missing:
        return Verdict()
    return Verdict((f"not read out: {', '.join(missing)}; write it in words or add it to the lexicon",), 10.0)


def _scores(found: Comparison, transcript: str) -> dict[str, Any]:
    return {"heard": transcript, "word_errors": found.errors, "words": found.words}


def _verdict(reasons: Sequence[str], found: Comparison, scores: dict[str, Any]) -> Verdict:
    return Verdict(tuple(reasons), 10 * len(reasons) + found.errors / max(1, found.words), scores)
