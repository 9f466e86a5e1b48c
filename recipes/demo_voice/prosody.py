"""Pitch and pauses of a line: the spread of F0, and the silences inside."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

LOWEST_HZ, HIGHEST_HZ = 60.0, 500.0
VOICED = 0.5  # normalised autocorrelation at the pitch period, from which a frame is voiced
PAUSE_SECONDS = 0.12
PAUSE_DB = -35.0  # below the loud level
_STEP_SECONDS = 0.01
_LOUD_PERCENTILE = 95


@dataclass(frozen=True)
class Prosody:
    """How a line is said.

    Attributes:
        f0_semitones: standard deviation of F0 over the voiced frames; 0 where fewer than ten are.
        pauses: how many silences lie inside the line.
        pause_seconds: how long they are together.
    """

    f0_semitones: float
    pauses: int
    pause_seconds: float


def measure_prosody(audio: np.ndarray, rate: int) -> Prosody:
    """Pitch and pauses of mono `audio` `[samples]` at `rate` Hz."""
    pitch = pitch_track(audio, rate)
    pitch = pitch[pitch > 0]
    spread = float(np.std(12 * np.log2(pitch))) if len(pitch) >= 10 else 0.0
    found = inner_pauses(audio, rate)
    return Prosody(spread, len(found), float(sum(found)))


def levels(audio: np.ndarray, rate: int, step_seconds: float = _STEP_SECONDS) -> np.ndarray:
    """RMS level of each step, dB below the loud level (the 95th percentile); float64 `[steps]`."""
    step = round(rate * step_seconds)
    steps = audio[: len(audio) // step * step].reshape(-1, step).astype(np.float64)
    rms = np.sqrt((steps**2).mean(1))
    return 20 * np.log10(np.maximum(rms, 1e-9) / max(_percentile(rms), 1e-9))


def inner_pauses(audio: np.ndarray, rate: int) -> list[float]:
    """Lengths in seconds of the silences between the first and the last sound, 0.12 s and longer."""
    quiet = levels(audio, rate) < PAUSE_DB
    loud = np.flatnonzero(~quiet)
    if not len(loud):
        return []
    inside = quiet[loud[0] : loud[-1] + 1].astype(np.int8)
    edges = np.flatnonzero(np.diff(np.concatenate([[0], inside, [0]])))
    lengths = (edges[1::2] - edges[::2]) * _STEP_SECONDS
    return [float(length) for length in lengths if length >= PAUSE_SECONDS - 1e-9]


def pitch_track(audio: np.ndarray, rate: int) -> np.ndarray:
    """F0 in Hz every 10 ms, 0 where unvoiced; float64 `[frames]`.

    Boersma's autocorrelation (1993): that of the windowed frame over that of the window. Two passes: the
    second looks only about the quartiles of the first, so that octave errors go.
    """
    lags, correlation = _autocorrelation(audio, rate)
    if not len(correlation):
        return np.zeros(0)
    first = _peaks(lags, correlation, rate, LOWEST_HZ, HIGHEST_HZ)
    voiced = first[first > 0]
    if len(voiced) < 10:
        return first
    low, high = np.percentile(voiced, [25, 75])
    return _peaks(lags, correlation, rate, max(LOWEST_HZ, 0.7 * low), min(HIGHEST_HZ, 1.8 * high))


def _percentile(rms: np.ndarray) -> float:
    return float(np.percentile(rms, _LOUD_PERCENTILE)) if len(rms) else 0.0


def _autocorrelation(audio: np.ndarray, rate: int) -> tuple[np.ndarray, np.ndarray]:
    """Lags in samples, and normalised autocorrelation float64 `[frames, lags]`; 0 in quiet frames."""
    size, step = round(rate * 3 / LOWEST_HZ), round(rate * _STEP_SECONDS)
    if len(audio) < size:
        return np.zeros(0), np.zeros((0, 0))
    frames = np.lib.stride_tricks.sliding_window_view(np.asarray(audio, np.float64), size)[::step]
    energy = np.sqrt((frames**2).mean(1))
    window = np.hanning(size)
    length = 1 << (2 * size - 1).bit_length()
    most = round(rate / LOWEST_HZ) + 2

    def correlate(rows: np.ndarray) -> np.ndarray:
        return np.fft.irfft(np.abs(np.fft.rfft(rows, length)) ** 2)[..., :most]

    own = correlate(window)
    found = np.concatenate(
        [
            correlate((rows - rows.mean(1, keepdims=True)) * window)
            for rows in (frames[at : at + 256] for at in range(0, len(frames), 256))
        ]
    )
    found = found / np.maximum(found[:, :1], 1e-12) / (own / own[0])
    found[energy < 0.05 * _percentile(energy)] = 0  # 26 dB below the loud level
    return np.arange(most), found


def _peaks(lags: np.ndarray, correlation: np.ndarray, rate: int, low: float, high: float) -> np.ndarray:
    first, last = max(1, int(rate / high)), min(len(lags) - 2, int(rate / low) + 1)
    region = correlation[:, first : last + 1]
    # A little less for long periods: of a period and its double, the correlation is the same.
    best = first + np.argmax(region - 0.01 * np.log2(lags[first : last + 1] * high / rate), axis=1)
    rows = np.arange(len(correlation))
    before, at, after = (correlation[rows, best + shift] for shift in (-1, 0, 1))
    bend = before - 2 * at + after
    shift = np.where(bend < 0, 0.5 * (before - after) / np.where(bend < 0, bend, -1), 0)
    return np.where(at >= VOICED, rate / (best + np.clip(shift, -0.5, 0.5)), 0.0)
