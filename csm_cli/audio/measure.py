"""Measurements of a file's sound: decoded once by ffmpeg, block by block.

Loudness, its range and true peaks are those of ITU-R BS.1770 and EBU R 128 (ffmpeg's `ebur128` filter).
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from csm_cli.audio.containers import REMEDY, check_header, too_long
from csm_cli.audio.ffmpeg import feed_ffmpeg, read_ffmpeg, source
from csm_cli.audio.files import check_is_file, checked, ffmpeg_errors
from csm_cli.audio.level import db
from csm_cli.core.errors import UsageError

FRAME_SECONDS = 0.01
MAX_SECONDS = 360_000.0
AU_HEADER = 24
WINDOW_SECONDS = 0.5
# `framelog=verbose` keeps a line per 0.1 s out of the messages; older versions have no `quiet`.
STRICT = ["-err_detect", "crccheck"]
DECODING = ["-map", "0:a:0", "-af", "ebur128=peak=true:framelog=verbose"]
DECODING += ["-c:a", "pcm_f32be", "-f", "au", "pipe:1"]
GUESSED = "Estimating duration from bitrate"
# As ffmpeg lists them; those of a FLAC are comments to it.
CHAPTER = re.compile(r"^\S* *(?:Chapter #\d+:\d+: start|CHAPTER\d+NAME\b)", re.M | re.I)


@dataclass(frozen=True, eq=False)
class Measured:
    """The sound of one file.

    Attributes:
        codec, rate, channels, bit_rate: as ffmpeg names them; bit_rate in kbit/s, None if unstated.
        seconds: decoded, not what a header claims.
        rms_db: over the whole file, all channels.
        peak_db: highest sample, dBFS.
        true_peak_db: dBTP, by ITU-R BS.1770.
        lufs: integrated loudness; -inf when nothing is above the gate.
        range_lu: loudness range.
        frames_db: RMS of every 10 ms, float32.
        faults: what the decoder complained about.
        declared: seconds that the header claims; None if unstated.
        marks: chapters that are listed in it.
    """

    path: Path
    codec: str
    rate: int
    channels: int
    bit_rate: float | None
    seconds: float
    rms_db: float
    peak_db: float
    true_peak_db: float
    lufs: float
    range_lu: float
    frames_db: np.ndarray
    faults: tuple[str, ...] = ()
    declared: float | None = None
    marks: int = 0

    def windows_db(self, seconds: float = WINDOW_SECONDS, step: float = 0.05) -> np.ndarray:
        """RMS in dB of windows of `seconds`, one every `step`; the whole file where it is shorter."""
        power = 10 ** (self.frames_db.astype(np.float64) / 10)
        width = max(1, min(round(seconds / FRAME_SECONDS), power.size))
        total = np.concatenate([[0.0], np.cumsum(power)])
        # A sum of differences leaves rounding noise where there is silence.
        mean = np.maximum(total[width:] - total[:-width], 0) / width
        silent = np.concatenate([[0], np.cumsum(~np.isfinite(self.frames_db))])
        mean[(silent[width:] - silent[:-width]) == width] = 0
        with np.errstate(divide="ignore"):
            return 10 * np.log10(mean[:: max(1, round(step / FRAME_SECONDS))])

    @property
    def noise_floor_db(self) -> float:
        """RMS of the quietest half second; -inf for digital silence."""
        windows = self.windows_db()
        return float(windows.min()) if windows.size else float("-inf")

    def room_tone(self) -> tuple[float, float]:
        """Seconds before the first word and after the last one."""
        loud = np.flatnonzero(self.frames_db >= max(self.rms_db - 28, self._floor() + 10))
        if not loud.size:
            return self.seconds, self.seconds
        return float(loud[0] * FRAME_SECONDS), max(0.0, self.seconds - float(loud[-1] + 1) * FRAME_SECONDS)

    def _floor(self) -> float:
        floor = self.noise_floor_db
        return floor if floor > -90 else -90.0


def measure(path: Path | str) -> Measured:
    """Decode a file and measure it. Memory grows by 1.4 MB for an hour, of which there may be 100.

    Raises:
        MissingError: no such file.
        UsageError: it is not audio, holds none or samples that are not numbers, is damaged, or is longer than
            that.
    """
    path = Path(path)
    check_is_file(path)
    meter = _Meter(path)
    level = ["-loglevel", "level+info", "-nostdin", "-err_detect", "crccheck"]
    with ffmpeg_errors(path):
        messages = read_ffmpeg([*level, *source(path), *DECODING], meter.feed, where=str(path))
    power = meter.frames()
    if not meter.samples:
        raise UsageError("holds no sound", where=str(path), remedy=REMEDY)
    summary = _summary(messages)
    codec, bit_rate = _stream(messages)
    with np.errstate(divide="ignore"):
        frames = 10 * np.log10(power)
    return Measured(
        path=path,
        codec=codec,
        rate=meter.rate,
        channels=meter.channels,
        bit_rate=bit_rate,
        seconds=meter.samples / meter.rate,
        rms_db=db(float(np.sqrt(meter.power / (meter.samples * meter.channels)))),
        peak_db=db(meter.peak),
        true_peak_db=max(summary["Peak"], db(meter.peak)),
        lufs=summary["I"],
        range_lu=summary["LRA"],
        frames_db=frames,
        declared=_declared(messages),
        marks=len(CHAPTER.findall(messages)),
        faults=tuple(dict.fromkeys(re.findall(r"\[(?:error|fatal)\] (.+)", messages))),
    )


def integrated_loudness(blocks: Iterable[np.ndarray], rate: int) -> float:
    """LUFS of float32 mono blocks; -inf when nothing is above the gate.

    Raises:
        CsmError, MissingError: ffmpeg is not there, or fails.
    """
    source = ["-loglevel", "info", "-f", "f32le", "-ar", str(rate), "-ac", "1", "-i", "pipe:0"]
    messages = feed_ffmpeg(
        [*source, "-af", "ebur128=framelog=verbose", "-f", "null", "-"],
        (block.astype("<f4").tobytes() for block in blocks),
        where="the loudness measurement",
    )
    return _summary(messages)["I"]


class _Meter:
    """Measures an AU stream (a header of a few bytes, then float32, big-endian) in pieces of any size."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self.rate = self.channels = 0
        self.samples, self.power, self.peak = 0, 0.0, 0.0
        self._rest = b""
        self._frames: list[np.ndarray] = []

    def feed(self, data: bytes) -> None:
        data = self._rest + data
        if not self.rate:
            if len(data) < AU_HEADER or len(data) < (start := int.from_bytes(data[4:8], "big")):
                self._rest = data
                return
            rate, channels = (int.from_bytes(data[i : i + 4], "big") for i in (16, 20))
            check_header(self._path, rate, channels)
            self.rate, self.channels = rate, channels
            data = data[start:]
        self._take(data, 4 * self.channels * self._frame)

    def frames(self) -> np.ndarray:
        """float64 power of every frame; the last one may be a short one."""
        if self._rest and self.channels:
            self._take(self._rest, 4 * self.channels, last=True)
        return np.concatenate(self._frames) if self._frames else np.zeros(0)

    @property
    def _frame(self) -> int:
        return max(1, round(FRAME_SECONDS * self.rate))

    def _take(self, data: bytes, unit: int, last: bool = False) -> None:
        whole = len(data) // unit * unit
        self._rest = b"" if last else data[whole:]
        audio = np.frombuffer(data[:whole], dtype=">f4").astype(np.float32)
        if not audio.size:
            return
        self.peak = max(self.peak, float(audio.max()), -float(audio.min()))
        power = np.square(audio.astype(np.float64))
        self.power += float(power.sum())
        if not math.isfinite(self.power):
            checked(audio, self._path)
        self.samples += audio.size // self.channels
        if self.samples > MAX_SECONDS * self.rate:
            raise too_long(self._path, MAX_SECONDS)
        rows = 1 if last else whole // unit
        self._frames.append(power.reshape(rows, -1).mean(axis=1).astype(np.float32))


def _summary(messages: str) -> dict[str, float]:
    """I, LRA and Peak from the last lines of the ebur128 filter."""
    found = dict(
        re.findall(r"^\s+(I|LRA|Peak):\s+(-?inf|nan|-?[\d.]+) ", messages.rpartition("Summary:")[2], re.M)
    )
    values = {key: float(found.get(key, "-inf")) for key in ("I", "LRA", "Peak")}
    # Silence is reported as the gate itself, -70 LUFS.
    return values | {"I": values["I"] if values["I"] > -70 else float("-inf")}


def _declared(messages: str) -> float | None:
    if GUESSED in messages:  # a variable bit rate without a header that counts the frames
        return None
    found = re.search(r"Duration: (\d+):(\d+):([\d.]+)", messages)
    return int(found[1]) * 3600 + int(found[2]) * 60 + float(found[3]) if found else None


def _stream(messages: str) -> tuple[str, float | None]:
    found = re.search(r"Stream #0:\d+.*?: Audio: (\w+)(.*)", messages)
    rate = re.search(r"(\d+) kb/s", found[2]) if found else None
    return found[1] if found else "", float(rate[1]) if rate else None
