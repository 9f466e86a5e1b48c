"""Silence at the ends of a line is cut, and pauses inside it are capped; speech never is."""

from __future__ import annotations

import numpy as np

MARGIN_SECONDS = 0.03  # kept on either side; soft onsets and release tails live here
FRAME_SECONDS = 0.005
RELATIVE_DB = -42.0  # to the loudest frame: below the weakest fricatives, above the codec's hiss
ABSOLUTE_DB = -62.0  # dBFS RMS: what is softer than this is never speech


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


LONGEST_GAP_SECONDS = 1.2
GAP_FRAME_SECONDS = 0.01
SILENT_DB = -32.0
"""To the loud frames: breath and room lie below it, speech above."""
FADE_SECONDS = 0.01


def cap_gaps(audio: np.ndarray, rate: int, longest: float = LONGEST_GAP_SECONDS) -> np.ndarray:
    """`audio` `[samples]` with every silence between sounds cut to `longest` seconds, from its middle.

    Head and tail are left alone. Audio without such a silence is given back as it is.
    """
    cuts = long_gaps(audio, rate, longest)
    if not cuts:
        return audio
    edges = [0, *(edge for cut in cuts for edge in cut), audio.size]
    pieces = [audio[start:end] for start, end in zip(edges[::2], edges[1::2], strict=True)]
    return _joined(pieces, round(FADE_SECONDS * rate))


def long_gaps(audio: np.ndarray, rate: int, longest: float = LONGEST_GAP_SECONDS) -> list[tuple[int, int]]:
    """(first, one past the last) sample of each cut of `cap_gaps`; its join takes `FADE_SECONDS` more."""
    frame = round(GAP_FRAME_SECONDS * rate)
    frames = audio.size // frame
    if frames < 2:
        return []
    levels = np.sqrt(np.square(audio[: frames * frame].reshape(-1, frame), dtype=np.float32).mean(axis=1))
    sounding = np.flatnonzero(levels >= np.percentile(levels, 90) * 10 ** (SILENT_DB / 20))
    spare = np.diff(sounding) - 1 - round(longest / GAP_FRAME_SECONDS)
    keep = round(longest * rate) // 2
    return [
        (int(sounding[place] + 1) * frame + keep, int(sounding[place + 1]) * frame - keep)
        for place in np.flatnonzero(spare > 0)
    ]


def _joined(pieces: list[np.ndarray], fade: int) -> np.ndarray:
    """Pieces one after the other, each join faded over so that the room does not jump."""
    ramp = np.linspace(0, 1, fade, dtype=np.float32)
    whole = pieces[0]
    for piece in pieces[1:]:
        join = whole[-fade:] * (1 - ramp) + piece[:fade] * ramp
        whole = np.concatenate([whole[:-fade], join, piece[fade:]])
    return whole
