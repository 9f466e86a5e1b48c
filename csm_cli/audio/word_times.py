"""When each word of a sound is spoken, by its pauses and the lengths of its words; no model is needed.

Pauses are found by their level. Which word each stands behind is chosen so that the words between two pauses
take about as long as they should, and that pauses stand where the text has stops. Between pauses, words share
the time by what they should take.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np

Span = tuple[float, float]
"""(start, end) in seconds."""


class WordTime(NamedTuple):
    """A word of a line as written, and when it is spoken.

    Args:
        first, last: index of its first character in the line's text, and of the one behind its last.
        start, end: seconds.
    """

    first: int
    last: int
    start: float
    end: float

    def as_dict(self, text: str) -> dict[str, Any]:
        """The word as it stands in `timeline.json`."""
        word = text[self.first : self.last]
        return {"word": word, "at": self.first, "start": round(self.start, 6), "end": round(self.end, 6)}


def placed(words: Sequence[WordTime], origin: float, start: float, end: float) -> tuple[WordTime, ...]:
    """Words of a sound that begins at `origin`, on its chapter's clock, from `start` to `end`; () where that
    is too short for them.
    """
    spans = settled([(origin + word.start, origin + word.end) for word in words], start, end)
    rounded = [(round(a, 6), round(b, 6)) for a, b in spans]
    return tuple(word._replace(start=a, end=b) for word, (a, b) in zip(words, rounded, strict=False))


LEAST_SECONDS = 0.02
"""Of a word."""
FRAME_SECONDS = 0.01
PAUSE_SECONDS = 0.1
"""Shorter silences lie inside words, before a p, t or k."""
SILENT_DB, NOISY_DB = -32.0, -22.0
"""To the loud frames: what is softer is silent; where pauses hold noise, up to the second of these."""
NOISE_TIMES = 3.0
"""So many times the softest frames is silent too: they hold the noise."""
MOST_PAUSES = 40
MOST_WORDS_BETWEEN = 60
SPREAD = 0.03
"""Variance of the time that words take, in seconds squared for each second that they should take."""
UNMARKED, SKIPPED = 2.0, 10.0
"""Costs of a pause where the text has no stop, and of a second of silence taken for part of a word."""
STOPS = {",": 0.7, ";": 2.0, ":": 2.0, "—": 1.5, "–": 1.5, ".": 3.0, "!": 3.0, "?": 3.0, "…": 2.0}
"""Costs of going on without a pause behind a stop."""
SYLLABLE, CONSONANT, LAST = 0.08, 0.06, 0.25
"""Seconds of a word: for each group of vowels, each other letter, and before a pause."""
_VOWELS = re.compile(r"[aeiouyàáâãäåæèéêëìíîïòóôõöøœùúûüýÿ]+", re.IGNORECASE)


def expected_seconds(word: str) -> float:
    """About how long a word takes to speak."""
    letters = [each for each in word if each.isalnum()]
    groups = _VOWELS.findall(word.removesuffix("e") if len(word) > 3 else word)
    vowels = sum(map(len, groups))
    return SYLLABLE * max(1, len(groups)) + CONSONANT * max(0, len(letters) - vowels)


def word_times(
    audio: np.ndarray, rate: int, words: Sequence[str], known: Mapping[int, Span] | None = None
) -> list[Span]:
    """When each word is spoken: in order, not overlapping, within the sound.

    Args:
        audio: float32 mono `[samples]`.
        rate: Hz.
        words: as spoken, with the stops behind them.
        known: times of some of the words, by their place, in order: from a recogniser.

    Returns:
        a span for each word; none where the sound has less room than `LEAST_SECONDS` for each.
    """
    length = audio.size / rate
    if not words or length < LEAST_SECONDS * len(words):
        return []
    fixed = {place: span for place, span in sorted((known or {}).items()) if 0 <= place < len(words)}
    if len(fixed) * 2 < len(words):
        spans = _by_pauses(audio, rate, words)
    else:
        spans = _between(fixed, words, *_bounds(audio, rate))
    return settled(spans, 0.0, length)


def settled(spans: Sequence[Span], start: float, end: float) -> list[Span]:
    """Spans in order between two times, none shorter than `LEAST_SECONDS`; [] if there is no room."""
    if not spans or end - start < LEAST_SECONDS * len(spans):
        return []
    found: list[list[float]] = []
    now = start
    for first, last in spans:
        first = max(first, now)
        now = max(last, first + LEAST_SECONDS)
        found.append([first, now])
    for span in reversed(found):
        span[1] = min(span[1], end)
        span[0] = min(span[0], span[1] - LEAST_SECONDS)
        end = span[0]
    return [(max(start, first), last) for first, last in found]


def _between(known: Mapping[int, Span], words: Sequence[str], start: float, end: float) -> list[Span]:
    """The known spans; the words between two of them share the time between."""
    spans: list[Span] = []
    for place, span in [*known.items(), (len(words), (end, end))]:
        before = spans[-1][1] if spans else start
        spans += _shared(words[len(spans) : place], before, max(before, span[0]))
        if place < len(words):
            spans.append(span)
    return spans


def _shared(words: Sequence[str], start: float, end: float) -> list[Span]:
    """Words one after the other from `start` to `end`."""
    if not words:
        return []
    seconds = np.array([expected_seconds(word) for word in words])
    seconds[-1] += LAST
    marks = start + (end - start) * np.concatenate([[0], np.cumsum(seconds) / seconds.sum()])
    return [(float(a), float(b)) for a, b in pairwise(marks)]


def _by_pauses(audio: np.ndarray, rate: int, words: Sequence[str]) -> list[Span]:
    first, last = _bounds(audio, rate)
    pauses = _pauses(audio, rate)
    spans: list[Span] = []
    start, done = first, 0
    for (begin, end), place in [*_places(words, pauses, first, last), ((last, last), len(words))]:
        spans += _shared(words[done:place], start, begin)
        start, done = end, place
    return spans


def _levels(audio: np.ndarray, rate: int) -> np.ndarray:
    frame = max(1, round(FRAME_SECONDS * rate))
    frames = audio[: audio.size // frame * frame].reshape(-1, frame)
    return np.sqrt(np.square(frames, dtype=np.float32).mean(axis=1))


def _sounding(audio: np.ndarray, rate: int) -> np.ndarray:
    """Numbers of the frames that are not silent; of all where the sound is silent throughout."""
    levels = _levels(audio, rate)
    if not levels.size or not levels.max():
        return np.arange(max(1, levels.size))
    soft, loud = np.percentile(levels, [5, 90])
    silent = max(loud * 10 ** (SILENT_DB / 20), min(soft * NOISE_TIMES, loud * 10 ** (NOISY_DB / 20)))
    return np.flatnonzero(levels >= silent)


def _bounds(audio: np.ndarray, rate: int) -> Span:
    sounding = _sounding(audio, rate)
    end = min(audio.size / rate, (sounding[-1] + 1) * FRAME_SECONDS)
    return min(float(sounding[0] * FRAME_SECONDS), end), end


def _pauses(audio: np.ndarray, rate: int) -> list[Span]:
    """The silences inside a sound, in order; of many the longest."""
    sounding = _sounding(audio, rate)
    gaps = np.diff(sounding) - 1
    long = np.flatnonzero(gaps >= round(PAUSE_SECONDS / FRAME_SECONDS))
    if long.size > MOST_PAUSES:
        long = np.sort(long[np.argsort(-gaps[long], kind="stable")[:MOST_PAUSES]])
    return [
        (float((sounding[each] + 1) * FRAME_SECONDS), float(sounding[each + 1] * FRAME_SECONDS))
        for each in long
    ]


def _stop(word: str) -> float:
    return STOPS.get(word.rstrip("\"'”’)")[-1:], 0.0)


def _places(
    words: Sequence[str], pauses: Sequence[Span], first: float, last: float
) -> list[tuple[Span, int]]:
    """The pauses that stand between words, each with the number of words before it: the least cost in all.

    A path goes from (before all, 0 words) over pairs of (pause, words before it) to (behind all, every word).
    """
    count = len(words)
    if not pauses or count < 2:
        return []
    seconds = np.concatenate([[0], np.cumsum([expected_seconds(word) for word in words])])
    stops = np.array([0.0, *(_stop(word) for word in words[:-1]), 0.0])
    passed = np.concatenate([[0], np.cumsum(stops)])  # costs of the stops before each boundary
    begins = np.array([first, *(begin for begin, _ in pauses), last])
    ends = np.array([first, *(end for _, end in pauses), last])
    silence = np.concatenate([[0], np.cumsum(ends - begins)])  # before each pause
    spoken = last - first - silence[-1]
    pace = max(spoken, FRAME_SECONDS) / (seconds[-1] + LAST * (len(pauses) + 1))
    cost = np.full((len(begins), count + 1), np.inf)
    cost[0, 0] = 0
    came = np.zeros((len(begins), count + 1, 2), dtype=int)
    for row in range(1, len(begins)):
        at_end = row == len(begins) - 1
        before = np.arange(row)
        time = begins[row] - ends[before]
        skipped = silence[row] - silence[before + 1]
        for place in [count] if at_end else range(1, count):
            least = max(0, place - MOST_WORDS_BETWEEN) if not at_end else 0
            places = np.arange(least, place)
            should = pace * (seconds[place] - seconds[places] + LAST)
            step = (time[:, None] - should) ** 2 / (2 * SPREAD * should)
            step += SKIPPED * skipped[:, None] + (passed[place] - passed[places + 1])
            step += 0 if at_end or stops[place] else UNMARKED
            total = cost[:row, least:place] + step
            best = int(np.argmin(total))
            came[row, place] = best // len(places), least + best % len(places)
            cost[row, place] = total.flat[best]
    found: list[tuple[Span, int]] = []
    row, place = (int(each) for each in came[-1, count])
    while row:
        found.append((pauses[row - 1], place))
        row, place = (int(each) for each in came[row, place])
    return found[::-1]
