"""A paragraph that a teacher spoke in one go, cut at the ends of its lines, with phone labels."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import numpy as np

from recipes.demo_voice.kokoro_torch import FRAME
from recipes.demo_voice.teachers import RATE, STEP

QUIET = 0.02
"""Share of the peak below which a place is a pause."""


def phone_labels(symbols: Sequence[str], labels: dict[str, int]) -> np.ndarray:
    """A label for every symbol, uint8: stress marks take the sound behind them, length marks the one before,
    punctuation and spaces are silence (0)."""
    found, following = np.zeros(len(symbols), np.uint8), 0
    for place in range(len(symbols) - 1, -1, -1):
        symbol = symbols[place]
        following = labels.get(symbol, following if symbol in "ˈˌ" else 0)
        found[place] = following
    for place in range(1, len(symbols)):
        if symbols[place] in "ːʰ":
            found[place] = found[place - 1]
    return found


def cut(
    audio: np.ndarray,
    durations: np.ndarray,
    lines: Sequence[str],
    labels: dict[str, int],
    rng: np.random.Generator,
) -> list[tuple[np.ndarray, np.ndarray] | None]:
    """Cut a paragraph at the quietest place between its lines.

    Args:
        audio: float32 `[samples]` at 24 kHz.
        durations: of every symbol and of the silences at both ends, in units of 600 samples.
        lines: the symbols of each line; between two there was a space.

    Returns:
        (audio `[n * 480]`, labels uint8 `[n]`) of each line with a short silence at its ends; None where no
        pause was found or the line is silent.
    """
    symbols = " ".join(lines)
    frames = np.repeat(np.concatenate([[0], phone_labels(symbols, labels), [0]]), durations)
    ends = np.cumsum(durations) * FRAME
    total = np.concatenate([[0.0], np.cumsum(np.abs(audio), dtype=np.float64)])
    at = np.arange(len(audio))
    level = (total[np.minimum(at + 120, len(audio))] - total[np.maximum(at - 120, 0)]) / 240
    peak = float(np.abs(audio).max(initial=0.0))
    bounds: list[int | None] = [0]
    place = 0
    for line in lines[:-1]:
        place += len(line)
        # Durations are shifted by the silence at the start: `ends[place - 1]` is before the last mark.
        low = max(int(ends[place - 1]), (bounds[-1] or 0) + RATE // 10)
        high = min(int(ends[min(place + 1, len(ends) - 1)]), len(audio))
        place += 1
        if high - low < STEP:
            bounds.append(None)
            continue
        quietest = low + int(np.argmin(level[low:high]))
        bounds.append(quietest if level[quietest] < QUIET * peak else None)
    bounds.append(len(audio))
    found: list[tuple[np.ndarray, np.ndarray] | None] = []
    for start, end in pairwise(bounds):
        found.append(None if start is None or end is None else trim(audio[start:end], frames, start, rng))
    return found


def trim(
    audio: np.ndarray, frames: np.ndarray, offset: int, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray] | None:
    """Silence at the ends to 0.03–0.11 s and 0.12–0.20 s, at random, so that the codec's frames fall on
    other phases of the speech each time; labels of 20 ms from those of 25 ms.

    Args:
        frames: labels of the whole paragraph. offset: of this audio in it, in samples.
    """
    loud = np.flatnonzero(np.abs(audio) > QUIET * np.abs(audio).max(initial=0.0))
    if len(loud) < RATE // 20:
        return None
    whole = len(audio) // STEP
    middle = (offset + np.arange(whole) * STEP + STEP // 2) // FRAME
    phones = frames[np.minimum(middle, len(frames) - 1)] if len(frames) else np.zeros(whole, np.uint8)
    first = (loud[0] - int(rng.uniform(0.03, 0.11) * RATE)) // STEP
    last = (loud[-1] + int(rng.uniform(0.12, 0.20) * RATE)) // STEP
    lead, tail = max(0, -first), max(0, last - whole)
    sound = np.pad(audio[: whole * STEP], (lead * STEP, tail * STEP))
    phones = np.pad(phones, (lead, tail))[first + lead : last + lead]
    sound = sound[(first + lead) * STEP : (last + lead) * STEP]
    return sound, phones.astype(np.uint8)
