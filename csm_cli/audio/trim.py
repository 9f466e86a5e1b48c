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


class TrimStream:
    """As `trim`, for sound that comes in pieces, with its edges faded.

    Silence is held back until a sound follows it. What counts as silence is decided beforehand.

    Args:
        rate: Hz.
        loudest: RMS of the loudest 5 ms, as an amplitude, as far as that can be foreseen.
        fade_seconds: at either edge.
    """

    def __init__(self, rate: int, loudest: float, fade_seconds: float):
        self._frame, self._margin = max(1, round(FRAME_SECONDS * rate)), round(MARGIN_SECONDS * rate)
        self._threshold = max(loudest * 10 ** (RELATIVE_DB / 20), 10 ** (ABSOLUTE_DB / 20))
        self._fade = min(round(fade_seconds * rate), self._margin)
        self._held, self._looked = np.zeros(0, dtype=np.float32), 0
        self._sent, self._sounding = 0, 0

    def feed(self, audio: np.ndarray) -> np.ndarray:
        """Take float32 `[samples]`; give what is certain to be kept."""
        self._held = np.concatenate([self._held, audio])
        frames = (self._held.size - self._looked) // self._frame
        new = self._held[self._looked :][: frames * self._frame].reshape(frames, self._frame)
        loud = np.flatnonzero(np.sqrt(np.square(new, dtype=np.float32).mean(axis=1)) >= self._threshold)
        begin, looked = self._looked, self._looked + new.size
        if not loud.size:
            if not self._sounding:  # nothing has begun: the margin is all that will be kept of this
                drop = max(0, looked - self._margin)
                self._held, looked = self._held[drop:], looked - drop
            self._looked = looked
            return self._held[:0]
        start = 0 if self._sounding else max(0, begin + int(loud[0]) * self._frame - self._margin)
        end = begin + (int(loud[-1]) + 1) * self._frame
        ready = max(start, end - self._fade)  # what may be the end is to be faded
        kept, self._held = self._held[start:ready], self._held[ready:]
        self._looked, self._sounding = looked - ready, end - ready
        return self._faded_in(kept)

    def finish(self) -> np.ndarray:
        """What is kept of the silence at the end; nothing, if all was silent."""
        if not self._sounding:
            return self._held[:0]
        rest = self._faded_in(self._held[: self._sounding + self._margin])
        fade = min(self._fade, rest.size)
        if fade:
            rest[-fade:] *= np.linspace(1, 0, fade, dtype=np.float32)
        return rest

    def _faded_in(self, audio: np.ndarray) -> np.ndarray:
        audio = audio.copy()
        fading = audio[: max(0, self._fade - self._sent)]
        fading *= (self._sent + np.arange(fading.size, dtype=np.float32)) / max(1, self._fade)
        self._sent += audio.size
        return audio


def loudest_frame(audio: np.ndarray, rate: int) -> float:
    """RMS of the loudest 5 ms of `[samples]`, as an amplitude; 0 for none."""
    frame = max(1, round(FRAME_SECONDS * rate))
    whole = audio[: audio.size // frame * frame].reshape(-1, frame)
    return float(np.sqrt(np.square(whole, dtype=np.float32).mean(axis=1).max(initial=0)))


LONGEST_GAP_SECONDS = 1.2
GAP_FRAME_SECONDS = 0.01
SILENT_DB = -32.0
"""To the loud frames: breath and room lie below it, speech above."""
FADE_SECONDS = 0.01


def cap_gaps(audio: np.ndarray, rate: int, longest: float = LONGEST_GAP_SECONDS) -> np.ndarray:
    """`audio` `[samples]` with every silence between sounds cut to `longest` seconds, from its middle.

    Head and tail are left alone. Audio without such a silence is given back as it is.
    """
    frame = round(GAP_FRAME_SECONDS * rate)
    frames = audio.size // frame
    if frames < 2:
        return audio
    levels = np.sqrt(np.square(audio[: frames * frame].reshape(-1, frame), dtype=np.float32).mean(axis=1))
    sounding = np.flatnonzero(levels >= np.percentile(levels, 90) * 10 ** (SILENT_DB / 20))
    spare = np.diff(sounding) - 1 - round(longest / GAP_FRAME_SECONDS)
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
