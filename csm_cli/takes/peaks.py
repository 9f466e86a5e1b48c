"""A sound as a row of characters: enough to draw it, small enough for a sidecar."""

from __future__ import annotations

import numpy as np

COLUMNS = 160
LETTERS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz-_"


def peaks_of(pcm: np.ndarray) -> str:
    """The peaks of int16 `[samples]` in up to 160 stretches: a character each, for 0 to 63."""
    if not pcm.size:
        return ""
    starts = np.unique(np.linspace(0, pcm.size, COLUMNS, endpoint=False).astype(int))
    highest = np.maximum.reduceat(np.abs(pcm.astype(np.int32)), starts)
    return "".join(LETTERS[value] for value in np.minimum(highest >> 9, 63))
