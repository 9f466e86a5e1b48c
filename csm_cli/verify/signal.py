"""Faults of a take that its samples show: silent, clipped, cut off, clicking, falling silent."""

from __future__ import annotations

import numpy as np

FRAME_SECONDS = 0.02
QUIETEST_DB = -50.0
"""dBFS RMS of the louder frames: softer speech drowns in room tone once it is brought to level."""
CLIPPED_RUN = 4
"""Samples at full scale in a row; fewer are a peak that just fits."""
CLIPPED = 0.999
TAIL_SECONDS, TAIL_DB = 0.010, -20.0
"""The last 10 ms of a finished word lie well below its loud parts; 20 dB is a word broken off."""
EDGE = 0.03
"""A first or last sample beyond this is a step that is audible as a click."""
SILENT_DB = -30.0
LONGEST_SILENCE_SECONDS = 2.0
"""Inside a line, below the loud frames by 30 dB: longer than any pause for breath."""


def sound_problems(audio: np.ndarray, rate: int) -> tuple[str, ...]:
    """Why a take should be tried again, in plain words; empty if nothing speaks against it.

    Args:
        audio: float32 mono `[samples]`.
        rate: Hz.
    """
    if audio.size < round(FRAME_SECONDS * rate):
        return ("there is no sound",)
    levels = _levels(audio, rate)
    loud = float(np.percentile(levels, 90))
    if loud < QUIETEST_DB:
        return (f"silent or far too quiet ({loud:.0f} dBFS)",)
    found = []
    loudest = max(audio.max(), -audio.min())
    if loudest >= CLIPPED and _longest_run(np.abs(audio) >= CLIPPED) >= CLIPPED_RUN:
        found.append("clipped")
    tail = _decibel(audio[-round(TAIL_SECONDS * rate) :])
    if tail > loud + TAIL_DB:
        found.append("still speaking at its end")
    if max(abs(float(audio[0])), abs(float(audio[-1]))) > EDGE:
        found.append("a click at its edge")
    sounding = np.flatnonzero(levels >= loud + SILENT_DB)
    inner = levels[sounding[0] : sounding[-1] + 1] < loud + SILENT_DB
    silent = _longest_run(inner) * FRAME_SECONDS
    if silent > LONGEST_SILENCE_SECONDS:
        found.append(f"falls silent for {silent:.1f} s")
    return tuple(found)


def _levels(audio: np.ndarray, rate: int) -> np.ndarray:
    """dBFS RMS of each 20 ms."""
    frame = round(FRAME_SECONDS * rate)
    whole = audio[: audio.size // frame * frame].reshape(-1, frame)
    power = np.einsum("ij,ij->i", whole, whole) / frame
    return 10 * np.log10(np.maximum(power, 1e-10))


def _decibel(audio: np.ndarray) -> float:
    return float(10 * np.log10(max(np.square(audio, dtype=np.float32).mean(), 1e-10)))


def _longest_run(flags: np.ndarray) -> int:
    """The most True values in a row."""
    between = np.zeros(flags.size + 2, dtype=bool)
    between[1:-1] = flags
    edges = np.flatnonzero(between[1:] != between[:-1])
    return int((edges[1::2] - edges[::2]).max()) if edges.size else 0
