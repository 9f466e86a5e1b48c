"""Silence inside a line: a model that stops to think is cut short, a pause for breath is left alone."""

from __future__ import annotations

import numpy as np

LONGEST_SECONDS = 1.2
FRAME_SECONDS = 0.01
SILENT_DB = -32.0
"""To the loud frames: breath and room lie below it, speech above."""
FADE_SECONDS = 0.01


def cap_gaps(audio: np.ndarray, rate: int, longest: float = LONGEST_SECONDS) -> np.ndarray:
    """`audio` `[samples]` with every silence between sounds cut to `longest` seconds, from its middle.

    Head and tail are left alone. Audio without such a silence is given back as it is.
    """
    frame = round(FRAME_SECONDS * rate)
    frames = audio.size // frame
    if frames < 2:
        return audio
    levels = np.sqrt(np.square(audio[: frames * frame].reshape(-1, frame), dtype=np.float32).mean(axis=1))
    sounding = np.flatnonzero(levels >= np.percentile(levels, 90) * 10 ** (SILENT_DB / 20))
    spare = np.diff(sounding) - 1 - round(longest / FRAME_SECONDS)
    pieces, start = [], 0
    for place in np.flatnonzero(spare > 0):
        keep = round(longest * rate) // 2
        pieces.append(audio[start : (sounding[place] + 1) * frame + keep])
        start = sounding[place + 1] * frame - keep
    if not pieces:
        return audio
    return _joined([*pieces, audio[start:]], round(FADE_SECONDS * rate))


def _joined(pieces: list[np.ndarray], fade: int) -> np.ndarray:
    """Pieces one after the other, each join faded over so that the room does not jump."""
    ramp = np.linspace(0, 1, fade, dtype=np.float32)
    whole = pieces[0]
    for piece in pieces[1:]:
        join = whole[-fade:] * (1 - ramp) + piece[:fade] * ramp
        whole = np.concatenate([whole[:-fade], join, piece[fade:]])
    return whole
