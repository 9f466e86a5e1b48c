"""Speech made slower or faster at its own pitch, by WSOLA: windows overlap, each from where it fits best.

Verhelst & Roelands, "An overlap-add technique based on waveform similarity (WSOLA) for high quality
time-scale modification of speech", ICASSP 1993.
"""

from __future__ import annotations

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
        speed: 0.5 to 2; 1 gives the audio back as it is.

    Returns:
        float32 `[round(samples / speed)]`. The window at any time holds what was at `speed` times that time,
        or 10 ms from there.
    """
    if speed == 1 or not audio.size:
        return audio
    size = round(audio.size / speed)
    hop, reach = round(WINDOW_SECONDS * rate / 2), round(SEARCH_SECONDS * rate)
    count = -(-size // hop) + 1  # windows, the centre of the first on the first sample
    margin = 3 * hop + reach
    padded = np.pad(np.asarray(audio, dtype=np.float32), margin)
    weights = 1 - (1 - FARTHEST_WEIGHT) * np.linspace(-1, 1, 2 * reach + 1, dtype=np.float32) ** 2
    window = (0.5 - 0.5 * np.cos(np.pi * np.arange(2 * hop) / hop)).astype(np.float32)
    output = np.zeros((count + 1) * hop, dtype=np.float32)
    taken = margin - hop
    output[: 2 * hop] = window * padded[taken : taken + 2 * hop]
    for number in range(1, count):
        first = margin - hop + round(number * hop * speed) - reach
        region = padded[first : first + 2 * (hop + reach)]
        following = padded[taken + hop : taken + 3 * hop]  # what would come next, were nothing changed
        likeness = weights * np.correlate(region, following, "valid")
        best = int(np.argmax(likeness))
        taken = first + (best if likeness[best] > 0 else reach)
        output[number * hop :][: 2 * hop] += window * padded[taken : taken + 2 * hop]
    return output[hop : hop + size]
