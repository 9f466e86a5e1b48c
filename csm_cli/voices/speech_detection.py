"""Is it speech at all? Two figures that tell it from tones, noise and steady music without any model.

Speech changes its sound ten times a second and falls silent between words. A tone or a hiss does not change;
music without breaks never falls silent. Music with breaks, singing, and speech over music are not told apart:
only a recogniser that is asked for the words finds those out.
"""

from __future__ import annotations

from itertools import pairwise
from typing import NamedTuple

import numpy as np

WINDOW_SECONDS, STEP_SECONDS = 0.04, 0.01
LAG_STEPS = 10
BANDS, LOWEST, HIGHEST = 24, 100.0, 8000.0
# Five synthetic voices and six recorded words gave a change of 5.0 to 15, with noise up to 5 dB under the
# speech or 2 s of reverberation; tones, noises, held chords and drums 0 to 4.2.
LEAST_CHANGE_DB = 4.5
# The same speech varied by 4.2 dB and more, by 9 without such noise; runs of notes and a band by at most 3.2.
LEAST_VARIATION_DB = 3.7
DOUBTFUL_VARIATION_DB = 5.8


class Liveliness(NamedTuple):
    """How a recording moves.

    Attributes:
        change_db: how much the spectrum, less its level, changes within 0.1 s: median over loud steps.
        variation_db: how much the level varies: standard deviation over 40 dB under the loudest.
    """

    change_db: float
    variation_db: float

    @property
    def is_speech(self) -> bool:
        """Whether it moves as speech does."""
        return self.change_db >= LEAST_CHANGE_DB and self.variation_db >= LEAST_VARIATION_DB

    @property
    def is_doubtful(self) -> bool:
        """Whether it may as well be music or speech in much noise."""
        return self.is_speech and self.variation_db < DOUBTFUL_VARIATION_DB


def liveliness(audio: np.ndarray, rate: int) -> Liveliness:
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
    return Liveliness(change, float(np.std(np.maximum(overall, peak - 40))))
