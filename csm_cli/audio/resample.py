"""Sample rate conversion: a polyphase sinc under a Kaiser window, stopband at 90 dB.

`scipy.signal.resample_poly` with the same kernel is no faster at the usual rates, and importing it takes more
than a second: too long before the first sound. (Kaiser: "Nonrecursive digital filter design", 1974.)
"""

from __future__ import annotations

import functools
from math import gcd

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

ZERO_CROSSINGS = 64  # each side of the kernel, in samples of the lower of the two rates
STOPBAND_DB = 90.0
BETA = 0.1102 * (STOPBAND_DB - 8.7)  # Kaiser's formulas, for this and the next
# The transition band that this length gives, so placed that it ends at the lower Nyquist frequency.
TRANSITION = (STOPBAND_DB - 8) / (2.285 * np.pi * 2 * ZERO_CROSSINGS)
CUTOFF = 1 - TRANSITION / 2
BLOCK = 1 << 21  # numbers gathered at once: memory stays flat for an hour of audio


MAX_PHASES = 1024
"""Of a conversion that is quick: each phase has a kernel of its own. Usual rates need some hundred."""


def phases(source_rate: int, target_rate: int) -> int:
    """How many phases a conversion has."""
    return target_rate // gcd(source_rate, target_rate)


def resample(audio: np.ndarray, source_rate: int, target_rate: int) -> np.ndarray:
    """Converts mono audio from one rate to another, without delay.

    Args:
        audio: float `[samples]`.
        source_rate, target_rate: Hz.

    Returns:
        float32 `[ceil(samples * target_rate / source_rate)]`.
    """
    audio = np.ascontiguousarray(audio, dtype=np.float32)
    if source_rate == target_rate or not audio.size:
        return audio
    divisor = gcd(source_rate, target_rate)
    up, down = target_rate // divisor, source_rate // divisor
    length = -(-audio.size * up // down)

    stretch = max(1.0, down / up)  # going down, the kernel is as much longer as the cutoff is lower
    half = int(np.ceil(ZERO_CROSSINGS * stretch))
    padded = np.pad(audio, (half - 1, half + 1))
    # Window number i starts at sample i - half + 1; the last window belongs to the last output sample.
    windows = sliding_window_view(padded, 2 * half)

    output = np.empty(length, dtype=np.float32)
    # Output n lies at input position n * down / up, so every up-th output has the same phase, and kernel.
    for phase in range(min(up, length)):
        first, remainder = divmod(phase * down, up)
        kernel = _kernel(remainder / up, half, stretch)
        if down == 1:  # all windows, one after another: three times as fast this way
            output[phase::up] = np.correlate(padded[:-1], kernel, "valid")[: audio.size]
            continue
        count = -(-(length - phase) // up)
        step = max(1, BLOCK // kernel.size)
        for begin in range(0, count, step):
            end = min(begin + step, count)
            rows = windows[first + begin * down : first + (end - 1) * down + 1 : down]
            output[phase + begin * up : phase + (end - 1) * up + 1 : up] = rows @ kernel
    return output


@functools.lru_cache(maxsize=1024)
def _kernel(fraction: float, half: int, stretch: float) -> np.ndarray:
    """float32 `[2 * half]`: weights of the samples around a point `fraction` after sample half - 1."""
    distance = (np.arange(2 * half) - (half - 1) - fraction) / stretch
    inside = np.clip(1 - (distance / ZERO_CROSSINGS) ** 2, 0, None)
    weights = np.sinc(CUTOFF * distance) * np.i0(BETA * np.sqrt(inside)) * (inside > 0)
    weights = (weights / weights.sum()).astype(np.float32)
    weights.flags.writeable = False
    return weights  # sum 1 in each phase: a constant stays constant
