"""Levels: one static gain, a limiter for the few peaks above, targets of shops and podcasts, room tone."""

from __future__ import annotations

import functools
import re
from dataclasses import dataclass, replace

import numpy as np

from csm_cli.audio.resample import resample
from csm_cli.core.errors import UsageError

MAX_LIMITING_DB = 9.0  # beyond this the limiter is audible; the gain is made smaller instead
MAX_GAIN_DB = 30.0  # a nearly silent chapter is a fault to find, not to amplify
LOOKAHEAD_SECONDS = 0.008
BLOCK = 1 << 20


def db(value: float) -> float:
    """An amplitude as dB; -inf for 0."""
    return float(20 * np.log10(value)) if value > 0 else float("-inf")


def amplitude(decibels: float) -> float:
    """dB as an amplitude."""
    return float(10 ** (decibels / 20))


def rms(audio: np.ndarray) -> float:
    """The RMS of `[samples]`; 0 for none. Summed in blocks, in double precision."""
    blocks = (audio[i : i + BLOCK].astype(np.float64) for i in range(0, audio.size, BLOCK))
    return float(np.sqrt(sum(float(block @ block) for block in blocks) / max(1, audio.size)))


def static_gain(level_db: float, peak: float, target_db: float, ceiling_db: float | None) -> float:
    """The one factor that brings a level to its target.

    Peaks may then stand up to 9 dB above the ceiling, which `limit_peaks` takes down; a gain that needed
    more than that is made smaller. Silence has a gain of 1.

    Args:
        level_db: measured, over the whole of it; RMS or LUFS, as the target.
        peak: its highest sample, as an amplitude.
        ceiling_db: dBFS; None: no limiter follows.
    """
    if not np.isfinite(level_db) or peak <= 0:
        return 1.0
    gain = min(amplitude(target_db - level_db), amplitude(MAX_GAIN_DB))
    return gain if ceiling_db is None else min(gain, amplitude(ceiling_db + MAX_LIMITING_DB) / peak)


def limit_peaks(audio: np.ndarray, rate: int, peak_db: float) -> None:
    """Takes peaks down to `peak_db` dBFS, in place; samples more than 16 ms away from one stay untouched.

    The gain falls and rises over 8 ms on either side of a peak: the lowest gain needed within reach,
    then its mean over the same reach, which can never be above what the peak itself needs. Peaks between
    samples count too, since an encoder that changes the rate makes samples of them; they are found at four
    times the rate, as in ITU-R BS.1770-4, annex 2.

    Args:
        audio: float32 `[samples]`.
    """
    limit = amplitude(peak_db)
    # A wave can pass between two samples a little higher than both; 3 dB below the limit, none does.
    hot = np.flatnonzero(np.abs(audio) > limit * amplitude(-3))
    if not hot.size:
        return
    reach = max(1, round(LOOKAHEAD_SECONDS * rate))
    width = 2 * reach + 1
    # One stretch for peaks whose neighbourhoods touch: the rest of the chapter is not even looked at.
    for stretch in np.split(hot, np.flatnonzero(np.diff(hot) > 4 * reach) + 1):
        begin, end = max(0, int(stretch[0]) - 2 * reach), min(audio.size, int(stretch[-1]) + 2 * reach + 1)
        part = audio[begin:end]
        needed = limit / np.maximum(_true_peaks(part), limit)
        if needed.min() == 1:
            continue
        lowest = _sliding_min(np.pad(needed, 2 * reach, constant_values=1.0), width)
        total = np.cumsum(np.concatenate([[0.0], lowest]))
        gain = (total[width:] - total[:-width]) / width
        audio[begin:end] = np.clip(part * gain, -limit, limit)


class LimitStream:
    """As `limit_peaks`, for sound that comes in pieces; 32 ms are held back.

    Args:
        rate: Hz.
        peak_db: dBFS; None: nothing is changed or held back.
    """

    def __init__(self, rate: int, peak_db: float | None):
        self._rate, self._peak_db = rate, peak_db
        self._reach = 0 if peak_db is None else 4 * max(1, round(LOOKAHEAD_SECONDS * rate))
        self._before = self._held = np.zeros(0, dtype=np.float32)

    def feed(self, audio: np.ndarray) -> np.ndarray:
        """Take float32 `[samples]`; give those before that are certain."""
        return self._limited(audio, self._reach)

    def finish(self) -> np.ndarray:
        """The rest."""
        return self._limited(self._held[:0], 0)

    def _limited(self, audio: np.ndarray, held: int) -> np.ndarray:
        if self._peak_db is None:
            return audio
        raw = np.concatenate([self._before, self._held, audio])
        first, last = self._before.size, max(self._before.size, raw.size - held)
        limited = raw.copy()
        limit_peaks(limited, self._rate, self._peak_db)
        self._before, self._held = raw[max(0, last - self._reach) : last], raw[last:]
        return limited[first:last]


def _true_peaks(audio: np.ndarray) -> np.ndarray:
    """float64 `[samples]`: the highest amplitude at each sample and between it and its neighbours."""
    between = np.abs(resample(audio, 1, 4)).reshape(-1, 4).max(axis=1).astype(np.float64)
    return np.maximum(between, np.concatenate([[0.0], between[:-1]]))


def _sliding_min(values: np.ndarray, width: int) -> np.ndarray:
    """The minimum of every window of `width` values: windows doubled until they are wide enough."""
    span = 1
    while span * 2 <= width:
        values = np.minimum(values[:-span], values[span:])
        span *= 2
    rest = width - span
    return np.minimum(values[:-rest], values[rest:]) if rest else values


@dataclass(frozen=True)
class Loudness:
    """What one static gain and a limiter bring a chapter, or a book, to.

    Attributes:
        name: of the preset, or "custom".
        rms_db: dBFS RMS over the whole file, pauses included; or None.
        lufs: integrated loudness by ITU-R BS.1770, of a mono file; or None.
        peak_db: highest peak of the delivered file; None: peaks are left alone.
        true_peak: the limit counts between samples too (dBTP), else at the samples (dBFS).
    """

    name: str
    rms_db: float | None = None
    lufs: float | None = None
    peak_db: float | None = None
    true_peak: bool = True

    @property
    def target(self) -> float | None:
        """The level aimed at, in dB RMS or LUFS."""
        return self.rms_db if self.rms_db is not None else self.lufs

    @property
    def ceiling_db(self) -> float | None:
        """Where the limiter stands: half a dB below the limit, for a lossy encoder to spend."""
        return None if self.peak_db is None else self.peak_db - 0.5

    def __str__(self) -> str:
        if self.name != "custom":
            return self.name
        values = {"rms": self.rms_db, "lufs": self.lufs, "peak": self.peak_db}
        return ",".join(f"{key}={value:g}" for key, value in values.items() if value is not None)


PRESETS = {
    "acx-spec": Loudness("acx-spec", rms_db=-20.5, peak_db=-3.0, true_peak=False),
    "podcast": Loudness("podcast", lufs=-19.0, peak_db=-1.0),  # mono; as loud as stereo at -16
    "ebu": Loudness("ebu", lufs=-23.0, peak_db=-1.0),
    "none": Loudness("none"),
}
DEFAULT_LOUDNESS = PRESETS["acx-spec"]
RANGES = {"rms": (-40.0, -10.0), "lufs": (-40.0, -8.0), "peak": (-20.0, 0.0)}
REMEDY = "choose from podcast, ebu, acx-spec, none, or write lufs=-18,peak=-1 or rms=-20,peak=-3"


def parse_loudness(text: str) -> Loudness:
    """Read the name of a preset, or targets such as "lufs=-18,peak=-1".

    A peak limit counts between samples; without one it is -1 dB.

    Raises:
        UsageError: it is neither.
    """
    if preset := PRESETS.get(text.strip().lower()):
        return preset
    values: dict[str, float] = {}
    for item in text.lower().split(","):
        found = re.fullmatch(r"\s*(rms|lufs|peak)\s*=\s*(-?\d+(?:\.\d+)?)\s*(?:db|dbtp|dbfs|lufs)?\s*", item)
        if not found:
            raise UsageError(f"{item.strip()!r} is no loudness", where="--loudness", remedy=REMEDY)
        key, value = found[1], float(found[2])
        low, high = RANGES[key]
        if not low <= value <= high:
            raise UsageError(f"{key} of {value:g} dB", where="--loudness", remedy=f"give {low:g} to {high:g}")
        values[key] = value
    if ("rms" in values) == ("lufs" in values):
        raise UsageError(
            "give one of rms and lufs, and a peak if you like", where="--loudness", remedy=REMEDY
        )
    wanted = Loudness("custom", values.get("rms"), values.get("lufs"), -1.0)
    return replace(wanted, peak_db=values["peak"]) if "peak" in values else wanted


LOOP_SECONDS = 8
LOWEST_HZ, HIGHEST_HZ = 60.0, 8000.0


@functools.lru_cache(maxsize=4)
def room_tone_loop(rate: int, level_db: float, seed: int = 0) -> np.ndarray:
    """Eight seconds of pink noise at `level_db` dBFS RMS that loop without a seam; same seed, same noise.

    Returns:
        float32 `[8 * rate]`, not writable.
    """
    size = LOOP_SECONDS * rate
    random = np.random.default_rng(seed)
    frequency = np.fft.rfftfreq(size, 1 / rate)
    band = (frequency >= LOWEST_HZ) & (frequency <= HIGHEST_HZ)
    spectrum = np.zeros(frequency.size, dtype=np.complex128)
    phase = random.uniform(0, 2 * np.pi, int(band.sum()))
    spectrum[band] = np.exp(1j * phase) / np.sqrt(frequency[band])
    noise = np.fft.irfft(spectrum, size)  # periodic by nature, so its end meets its beginning
    noise *= 10 ** (level_db / 20) / np.sqrt(np.mean(noise**2))
    loop = noise.astype(np.float32)
    loop.flags.writeable = False
    return loop


def add_room_tone(audio: np.ndarray, rate: int, level_db: float, seed: int = 0, position: int = 0) -> None:
    """Adds room tone to all of `audio` (float32 `[samples]`), in place.

    It goes on under speech, which masks it, so that it never starts or stops.

    Args:
        level_db: dBFS RMS.
        position: of the first sample within the chapter, so that blocks get the same noise as the whole.
    """
    loop = room_tone_loop(rate, level_db, seed)
    done, phase = 0, position % loop.size
    while done < audio.size:
        part = audio[done : done + loop.size - phase]
        part += loop[phase : phase + part.size]
        done, phase = done + part.size, 0
