"""Which stretch of a long recording becomes the clip: up to a pause, or the best one."""

from __future__ import annotations

from itertools import pairwise

import numpy as np

from csm_cli.voices.quality import SQUARE, clipped_share, squareness
from csm_cli.voices.speech_detection import SILENCE_DB, STEP_SECONDS, Loudness, loudness

PAUSE_SECONDS = 0.2
PICK_SECONDS = (5.0, 15.0)
NOISE_PERCENTILE = 10
PHRASE_SECONDS = 0.5


def cut_at_pause(audio: np.ndarray, rate: int, seconds: float) -> tuple[int, bool]:
    """Where to end a clip of at most `seconds`: within the last pause that leaves at least a third of them.

    Returns:
        (samples, whether there was a pause; else it is the softest place of the last third).
    """
    loud = loudness(audio, rate)
    latest, earliest = seconds / STEP_SECONDS, seconds / STEP_SECONDS / 3
    middles = [(first + last) // 2 for first, last in loud.pauses(PAUSE_SECONDS)]
    if fitting := [middle for middle in middles if earliest <= middle <= latest]:
        return _sample(fitting[-1], rate), True
    start, end = int(latest * 2 / 3), max(int(latest), 1)
    return _sample(start + int(np.argmin(loud.levels[start:end])), rate), False


def best_stretch(audio: np.ndarray, rate: int, seconds: float) -> tuple[int, int]:
    """The stretch from pause to pause, of 5 to 15 s and at most `seconds`, that makes the best reference.

    Best is: far above the noise, not overdriven, of even level, with few pauses, and rather longer.

    Returns:
        (first, one past the last) sample; all of it if it is short enough or has no pauses.
    """
    shortest, longest = min(PICK_SECONDS[0], seconds), min(PICK_SECONDS[1], seconds)
    if audio.size <= longest * rate:
        return 0, audio.size
    loud = loudness(audio, rate)
    first, last = loud.bounds()
    cuts = sorted({first, last, *((a + b) // 2 for a, b in loud.pauses(PAUSE_SECONDS))})
    stretches = [
        (start, end)
        for place, start in enumerate(cuts)
        for end in cuts[place + 1 :]
        if shortest <= (end - start) * STEP_SECONDS <= longest
    ]
    if not stretches:  # nobody pauses for that long: to the softest place
        end = max(first + 1, min(last, first + int(longest / STEP_SECONDS)))
        softest = first + int(np.argmin(loud.levels[first:end][-100:])) + max(0, end - first - 100)
        return _sample(first, rate), _sample(softest, rate)
    overdriven = _clipped_before(audio, rate, cuts)
    start, end = max(stretches, key=lambda each: _worth(loud, overdriven, *each))
    return _sample(start, rate), _sample(end, rate)


def _worth(loud: Loudness, overdriven: dict[int, float], start: int, end: int) -> float:
    levels, active = loud.levels[start:end], loud.active[start:end]
    spoken = levels[active]
    if not spoken.size:
        return -np.inf
    # Digital silence, as a noise gate leaves it between words, says nothing of the noise under them.
    heard = levels[levels > SILENCE_DB + 1]
    noise = float(np.percentile(heard, NOISE_PERCENTILE))
    above = min(60.0, float(np.mean(spoken)) - noise)
    unevenness = float(np.std(_phrase_levels(levels, active)))
    fullness = float(active.mean())
    clipped = overdriven[end] - overdriven[start]
    return above - 2 * unevenness + 20 * fullness - 40 * min(1.0, clipped) + (end - start) * STEP_SECONDS


def _phrase_levels(levels: np.ndarray, active: np.ndarray) -> np.ndarray:
    """The level of each half second of speech, by its loudest steps: noise does not even it out."""
    size = round(PHRASE_SECONDS / STEP_SECONDS)
    whole = max(1, levels.size // size)
    parts = zip(np.array_split(levels, whole), np.array_split(active, whole), strict=True)
    return np.array([np.percentile(part, 90) for part, speaks in parts if speaks.mean() > 0.5] or [0.0])


def _clipped_before(audio: np.ndarray, rate: int, cuts: list[int]) -> dict[int, float]:
    """For each cut, how much before it is overdriven: thousandths of a second; a square part counts 1."""
    total, found = 0.0, {cuts[0]: 0.0}
    for start, end in pairwise(cuts):
        part = audio[_sample(start, rate) : _sample(end, rate)]
        if np.abs(part).max(initial=0.0) >= 0.99 * np.abs(audio).max():
            total += clipped_share(part) * (end - start) * STEP_SECONDS * 1000
        if squareness(part, rate) > SQUARE:
            total += 1
        found[end] = total
    return found


def _sample(step: int, rate: int) -> int:
    return step * max(1, round(STEP_SECONDS * rate))
