"""Room tone: the faint noise of a quiet room, so that pauses are not digital silence."""

from __future__ import annotations

import functools

import numpy as np

LOOP_SECONDS = 8
LOWEST_HZ, HIGHEST_HZ = 60.0, 8000.0


@functools.lru_cache(maxsize=4)
def tone_loop(rate: int, level_db: float, seed: int = 0) -> np.ndarray:
    """Eight seconds of pink noise at `level_db` dBFS RMS that loop without a seam; same seed, same noise.

    Returns:
        float32 `[8 * rate]`, not writable.
    """
    size = LOOP_SECONDS * rate
    random = np.random.default_rng(seed)
    frequency = np.fft.rfftfreq(size, 1 / rate)
    band = (frequency >= LOWEST_HZ) & (frequency <= HIGHEST_HZ)
    spectrum = np.zeros(frequency.size, dtype=np.complex128)
    phase = random.uniform(0, 2 * np.pi, int(band.sum()))
    spectrum[band] = np.exp(1j * phase) / np.sqrt(frequency[band])
    noise = np.fft.irfft(spectrum, size)  # periodic by nature, so its end meets its beginning
    noise *= 10 ** (level_db / 20) / np.sqrt(np.mean(noise**2))
    loop = noise.astype(np.float32)
    loop.flags.writeable = False
    return loop


def add_tone(audio: np.ndarray, rate: int, level_db: float, seed: int = 0, position: int = 0) -> None:
    """Lays room tone under all of `audio` (float32 `[samples]`), in place.

    Under speech it is masked; running on through it, the tone never starts or stops.

    Args:
        position: of the first sample within the chapter: blocks of it get the tone that the whole would get.
    """
    loop = tone_loop(rate, level_db, seed)
    done, phase = 0, position % loop.size
    while done < audio.size:
        part = audio[done : done + loop.size - phase]
        part += loop[phase : phase + part.size]
        done, phase = done + part.size, 0
