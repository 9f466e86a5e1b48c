"""Speech detection without a model: where somebody speaks, in steps of 10 ms, and whether it is speech."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import NamedTuple

import numpy as np

STEP_SECONDS = 0.01
SILENCE_DB = -90.0  # what is softer counts as this: digital silence has no level
SPEECH_BELOW_PEAK_DB = 38.0  # the weakest speech sounds lie about this far under the loudest
SPEECH_ABOVE_NOISE_DB = 8.0
LEAST_RANGE_DB = 12.0
BRIDGE_SECONDS = 0.2  # a gap shorter than this belongs to the word around it


@dataclass(frozen=True, eq=False)
class VoiceActivity:
    """The level of a recording over time, and where somebody speaks in it.

    Attributes:
        levels: dBFS RMS of each step of 10 ms, float64 `[steps]`.
        active: whether somebody speaks in it, short gaps bridged, bool `[steps]`.
        noise_db: level of the softest twentieth of the steps.
    """

    levels: np.ndarray
    active: np.ndarray
    noise_db: float

    @property
    def speech_db(self) -> float:
        """dBFS RMS of the steps in which somebody speaks; -90 if nobody does."""
        if not self.active.any():
            return SILENCE_DB
        return float(10 * np.log10(np.mean(10 ** (self.levels[self.active] / 10))))

    @property
    def speech_share(self) -> float:
        """Share of the time in which somebody speaks."""
        return float(self.active.mean()) if self.active.size else 0.0

    def bounds(self) -> tuple[int, int]:
        """(first, one past the last) step of speech; (0, 0) without any."""
        found = np.flatnonzero(self.active)
        return (int(found[0]), int(found[-1]) + 1) if found.size else (0, 0)

    def pauses(self, least: float) -> list[tuple[int, int]]:
        """(first, one past the last) step of every pause of at least `least` seconds between speech."""
        first, last = self.bounds()
        quiet = ~self.active[first:last]
        edges = np.flatnonzero(np.diff(np.concatenate([[False], quiet, [False]]).astype(np.int8)))
        runs = edges.reshape(-1, 2) + first
        return [(int(a), int(b)) for a, b in runs if (b - a) * STEP_SECONDS >= least]


def voice_activity(audio: np.ndarray, rate: int) -> VoiceActivity:
    """Detects speech in `audio`, float `[samples]`, without a constant offset, by its level alone."""
    step = max(1, round(STEP_SECONDS * rate))
    count = max(1, audio.size // step)
    whole = np.pad(audio, (0, max(0, step - audio.size)))[: count * step]
    power = np.square(whole, dtype=np.float32).reshape(count, step).mean(axis=1, dtype=np.float64)
    levels = 10 * np.log10(np.maximum(power, 10 ** (SILENCE_DB / 10)))
    noise, peak = float(np.percentile(levels, 5)), float(np.percentile(levels, 99))
    threshold = max(peak - SPEECH_BELOW_PEAK_DB, noise + SPEECH_ABOVE_NOISE_DB)
    active = levels > min(threshold, peak - LEAST_RANGE_DB)
    return VoiceActivity(levels, _bridged(active & (levels > SILENCE_DB)), noise)


def _bridged(active: np.ndarray) -> np.ndarray:
    found = np.flatnonzero(active)
    active = active.copy()
    for before, after in pairwise(found):
        if 1 < after - before <= BRIDGE_SECONDS / STEP_SECONDS:
            active[before:after] = True
    return active


WINDOW_SECONDS = 0.04
LAG_STEPS = 10  # 0.1 s
BANDS, LOWEST, HIGHEST = 24, 100.0, 8000.0  # Hz
# Five synthetic voices and six recorded words gave a change of 5.0 to 15, with noise up to 5 dB under the
# speech or 2 s of reverberation; tones, noises, held chords and drums 0 to 4.2.
LEAST_CHANGE_DB = 4.5
# The same speech varied by 4.2 dB and more, by 9 without such noise; runs of notes and a band by at most 3.2.
LEAST_VARIATION_DB = 3.7
DOUBTFUL_VARIATION_DB = 5.8


class Modulation(NamedTuple):
    """How much a recording varies in spectrum and level: speech more than music or noise.

    Attributes:
        change_db: how much the spectrum, less its level, changes within 0.1 s: median over loud steps.
        variation_db: how much the level varies: standard deviation over 40 dB under the loudest.
    """

    change_db: float
    variation_db: float

    @property
    def is_speech(self) -> bool:
        """Whether it varies as speech does."""
        return self.change_db >= LEAST_CHANGE_DB and self.variation_db >= LEAST_VARIATION_DB

    @property
    def is_doubtful(self) -> bool:
        """Whether it may as well be music or speech in much noise."""
        return self.is_speech and self.variation_db < DOUBTFUL_VARIATION_DB


def modulation(audio: np.ndarray, rate: int) -> Modulation:
    """Measures `audio`, float `[samples]`, at least a window (40 ms) long."""
    width, step = round(WINDOW_SECONDS * rate), round(STEP_SECONDS * rate)
    frames = np.lib.stride_tricks.sliding_window_view(audio.astype(np.float32), width)[::step]
    power = np.abs(np.fft.rfft(frames * np.hanning(width).astype(np.float32), axis=1)) ** 2
    frequencies = np.fft.rfftfreq(width, 1 / rate)
    edges = np.geomspace(LOWEST, HIGHEST, BANDS + 1)
    bands = np.stack(
        [
            power[:, (frequencies >= low) & (frequencies < max(high, low + 30))].sum(axis=1)
            for low, high in pairwise(edges)
        ],
        axis=1,
    )
    levels = 10 * np.log10(bands + 1e-12)
    overall = 10 * np.log10(bands.sum(axis=1) + 1e-12)
    peak = float(np.percentile(overall, 98))
    levels = np.maximum(levels, peak - 55)
    shapes = levels - levels.mean(axis=1, keepdims=True)
    loud = overall > peak - 30
    both = loud[LAG_STEPS:] & loud[:-LAG_STEPS]
    moved = np.sqrt(np.square(shapes[LAG_STEPS:] - shapes[:-LAG_STEPS]).mean(axis=1))
    change = float(np.median(moved[both])) if both.any() else 0.0
    return Modulation(change, float(np.std(np.maximum(overall, peak - 40))))
