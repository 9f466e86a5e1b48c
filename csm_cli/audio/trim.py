"""Where the speech lies within a line: the model's own silence at head and tail is cut, speech never."""

from __future__ import annotations

import numpy as np

MARGIN_SECONDS = 0.03  # kept on either side; soft onsets and release tails live here
FRAME_SECONDS = 0.005
RELATIVE_DB = -42.0  # to the loudest frame: below the weakest fricatives, above the codec's hiss
ABSOLUTE_DB = -62.0  # dBFS RMS: what is softer than this is never heard as speech


def speech_bounds(audio: np.ndarray, rate: int) -> tuple[int, int]:
    """(start, end) in samples of what rises above silence, to 5 ms, without margin.

    Audio that is silent throughout is given back whole: (0, samples).
    """
    frame = max(1, round(FRAME_SECONDS * rate))
    if not audio.size:
        return 0, 0
    power = np.add.reduceat(np.square(audio, dtype=np.float32), np.arange(0, audio.size, frame)) / frame
    level = np.sqrt(power)
    threshold = max(level.max() * 10 ** (RELATIVE_DB / 20), 10 ** (ABSOLUTE_DB / 20))
    loud = np.flatnonzero(level >= threshold)
    if not loud.size:
        return 0, audio.size
    return int(loud[0]) * frame, min(audio.size, (int(loud[-1]) + 1) * frame)


def trim(audio: np.ndarray, rate: int) -> np.ndarray:
    """`audio` `[samples]` less its silent head and tail; 30 ms of each are kept. A view, not a copy."""
    start, end = speech_bounds(audio, rate)
    margin = round(MARGIN_SECONDS * rate)
    return audio[max(0, start - margin) : end + margin]
