"""Speech made slower or faster at its own pitch, by WSOLA: windows overlap, each from where it fits best.

Verhelst & Roelands, "An overlap-add technique based on waveform similarity (WSOLA) for high quality
time-scale modification of speech", ICASSP 1993.
"""

from __future__ import annotations

import math

import numpy as np

WINDOW_SECONDS = 0.03
SEARCH_SECONDS = 0.01
"""To either side of where a window lies by the clock: room for a period of the lowest voices, 50 Hz."""
FARTHEST_WEIGHT = 0.7
"""Of the likeness at the ends of the search: of places that are about equally good the nearest is taken."""


def change_tempo(audio: np.ndarray, rate: int, speed: float) -> np.ndarray:
    """Speech at `speed` times its tempo, at the same pitch.

    Args:
        audio: float32 mono `[samples]`.
        rate: Hz.
        speed: 0.25 to 4; 1 gives the audio back as it is.

    Returns:
        float32 `[round(samples / speed)]`. The window at any time holds what was at `speed` times that time,
        or 10 ms from there.
    """
    if speed == 1 or not audio.size:
        return audio
    stream = TempoStream(rate, speed)
    return np.concatenate([stream.feed(audio), stream.finish()])


class TempoStream:
    """As `change_tempo`, for sound that comes in pieces: the same samples, however it is cut.

    Args:
        rate, speed: as there.
    """

    def __init__(self, rate: int, speed: float):
        self._speed = speed
        self._hop, self._reach = round(WINDOW_SECONDS * rate / 2), round(SEARCH_SECONDS * rate)
        hop, reach = self._hop, self._reach
        self._margin = 3 * hop + reach
        around = np.linspace(-1, 1, 2 * reach + 1, dtype=np.float32)
        self._weights = 1 - (1 - FARTHEST_WEIGHT) * around**2
        self._window = (0.5 - 0.5 * np.cos(np.pi * np.arange(2 * hop) / hop)).astype(np.float32)
        # Places count from the beginning of the sound with `margin` zeros before it.
        self._input, self._start = np.zeros(self._margin, dtype=np.float32), 0
        self._taken, self._number = self._margin - hop, 0
        self._tail = np.zeros(hop, dtype=np.float32)
        self._given, self._made = 0, 0

    def feed(self, audio: np.ndarray) -> np.ndarray:
        """Take float32 `[samples]`; give what is certain by now, a few windows less than came in."""
        self._given += audio.size
        if self._speed == 1:
            return audio
        self._input = np.concatenate([self._input, np.asarray(audio, dtype=np.float32)])
        made = self._windows(None)
        self._made += made.size
        return made

    def finish(self) -> np.ndarray:
        """The rest."""
        if self._speed == 1 or not self._given:
            return np.zeros(0, dtype=np.float32)
        beyond = math.ceil(max(1, self._speed) + 2) * self._hop + 2 * self._reach
        self._input = np.concatenate([self._input, np.zeros(beyond, dtype=np.float32)])
        size = round(self._given / self._speed)
        count = -(-size // self._hop) + 1  # windows, the centre of the first on the first sample
        return self._windows(count)[: size - self._made]

    def _windows(self, count: int | None) -> np.ndarray:
        """Add windows as long as there is input, or up to `count`; give the samples that are finished."""
        hop, reach, blocks = self._hop, self._reach, [np.zeros(0, dtype=np.float32)]
        while count is None or self._number < count:
            first = self._margin - hop + round(self._number * hop * self._speed) - reach
            end = max(first + 2 * (hop + reach), self._taken + 3 * hop)
            if count is None and end > self._start + self._input.size:
                break
            if self._number:
                region = self._at(first, 2 * (hop + reach))
                following = self._at(self._taken + hop, 2 * hop)  # what would come next, were nothing changed
                likeness = self._weights * np.correlate(region, following, "valid")
                best = int(np.argmax(likeness))
                self._taken = first + (best if likeness[best] > 0 else reach)
            piece = self._window * self._at(self._taken, 2 * hop)
            if self._number:  # the first half of the first window stands before the sound
                blocks.append(self._tail + piece[:hop])
            self._tail, self._number = piece[hop:], self._number + 1
        needed = min(self._taken + hop, self._margin - hop + round(self._number * hop * self._speed) - reach)
        drop = min(max(0, needed - self._start), self._input.size)
        self._input, self._start = self._input[drop:], self._start + drop
        return np.concatenate(blocks)

    def _at(self, place: int, size: int) -> np.ndarray:
        return self._input[place - self._start :][:size]
