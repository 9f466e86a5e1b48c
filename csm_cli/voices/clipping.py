"""Whether a recording was overdriven: cut off at the limit, or squared off and changed since."""

from __future__ import annotations

import numpy as np

FRAME_SECONDS = 0.02
LOUD = 0.6  # quantile of the frames' peaks above which one is loud
SQUARE = 0.18
"""Five clean voices: `squareness` up to 0.06, strongly compressed 0.14; driven threefold over the limit and
saved as MP3, 0.13 to 0.32, twelvefold 0.43 to 0.55."""


def clipped_share(audio: np.ndarray) -> float:
    """Share of samples that stand, three and more in a row, within 0.1 % of the highest or lowest value.

    A float recording beyond full scale is clipped only where it is flat: it can be turned down.
    """
    if not audio.size:
        return 0.0
    top, bottom = float(audio.max()), float(audio.min())
    flat = np.zeros(audio.size, dtype=bool)
    for edge in (top, bottom):
        if abs(edge) > 0.05:
            flat |= np.abs(audio - edge) <= 0.001 * abs(edge)
    inner = flat[1:-1] & flat[2:] & flat[:-2]
    return float((inner.sum() + 2 * (np.diff(inner.astype(np.int8)) == 1).sum()) / audio.size)


def squareness(audio: np.ndarray, rate: int) -> float:
    """Share of the samples of loud frames (20 ms) that lie within a fifth of their frame's peak.

    What was overdriven is no longer flat once it was coded, resampled or turned down, but stays square.
    """
    size = round(FRAME_SECONDS * rate)
    frames = np.abs(audio[: audio.size // size * size].reshape(-1, size))
    peaks = frames.max(axis=1, initial=0.0)
    if not peaks.any():
        return 0.0
    loud = peaks >= np.quantile(peaks, LOUD)
    return float((frames[loud] > 0.8 * peaks[loud, None]).mean())
