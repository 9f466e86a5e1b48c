"""What a guest's recordings go through, the same for all of them: level, tone, a little room and pitch.

Kokoro's studio is not where people record themselves; a model that copies voices from the context must have
met other places.
"""

from __future__ import annotations

import numpy as np
from scipy.signal import oaconvolve, resample_poly

from recipes.demo_voice.teachers import RATE

SPEAKING_DB = -24.0
"""dBFS RMS while somebody speaks, as `csm voices add` sets it."""


def speaking_level(audio: np.ndarray) -> float:
    """dBFS RMS over the 50 ms stretches within 25 dB of the loudest tenth; -100 for less than 50 ms."""
    size = RATE // 20
    power = np.square(audio[: len(audio) // size * size].reshape(-1, size)).mean(1) + 1e-10
    if not len(power):
        return -100.0
    loud = power > np.percentile(power, 90) * 10**-2.5
    return float(10 * np.log10(power[loud].mean()))


def to_level(audio: np.ndarray, level: float = SPEAKING_DB) -> np.ndarray:
    """Brought to a speaking level in dBFS; peaks stay below full scale."""
    gain = 10 ** ((level - speaking_level(audio)) / 20)
    return np.clip(audio * gain, -0.99, 0.99).astype(np.float32)


def shifted(audio: np.ndarray, factor: float) -> np.ndarray:
    """Pitch and formants times `factor`, which makes it shorter by as much."""
    steps = round(100 * factor)
    return audio if steps == 100 else resample_poly(audio, 100, steps).astype(np.float32)


class Room:
    """One guest's place: a filter and a level, drawn once.

    Args:
        rng: half of all guests speak in the teacher's studio.
    """

    def __init__(self, rng: np.random.Generator):
        self.level = SPEAKING_DB + float(rng.uniform(-2, 2))
        self.noise = 10 ** (float(rng.uniform(-75, -58)) / 20) if rng.random() < 0.2 else 0.0
        self.filter: np.ndarray | None = None
        if rng.random() < 0.5:
            self.filter = _tone(rng)
            if rng.random() < 0.5:
                self.filter = np.convolve(self.filter, _echoes(rng))
        self.seed = int(rng.integers(1 << 30))

    def __call__(self, audio: np.ndarray) -> np.ndarray:
        """float32 of the same length."""
        if self.filter is not None:
            audio = oaconvolve(audio, self.filter)[: len(audio)].astype(np.float32)
        audio = to_level(audio, self.level)
        if self.noise:
            rng = np.random.default_rng(self.seed)
            audio = audio + (self.noise * rng.standard_normal(len(audio))).astype(np.float32)
        return audio


def _tone(rng: np.random.Generator) -> np.ndarray:
    """A minimum-delay filter of 64 taps whose gain in dB is a random smooth curve within ±5 dB."""
    points = rng.uniform(-5, 5, 5)
    curve = np.interp(np.geomspace(50, 12_000, 33), np.geomspace(60, 12_000, 5), points)
    gain = np.interp(np.linspace(0, 12_000, 33), np.geomspace(50, 12_000, 33), curve)
    taps = np.fft.irfft(10 ** (gain / 20))
    return np.roll(taps, 32) * np.hanning(64)


def _echoes(rng: np.random.Generator) -> np.ndarray:
    """A room's answer: the direct sound, then noise that dies away in 0.1 to 0.3 s, 10 to 24 dB below."""
    decay, size = float(rng.uniform(0.1, 0.3)), int(0.25 * RATE)
    tail = rng.standard_normal(size) * np.exp(-6.9 * np.arange(size) / (decay * RATE))
    tail[: int(rng.uniform(0.002, 0.01) * RATE)] = 0
    tail *= 10 ** (float(rng.uniform(-24, -10)) / 20) / np.sqrt(np.square(tail).sum())
    tail[0] = 1.0
    return tail
