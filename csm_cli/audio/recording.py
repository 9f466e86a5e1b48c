"""Recordings of a voice: any format to mono, at the rate they came with.

Averaging channels is right for music. In a recording of speech a silent channel would only make the voice
softer (five of six, in a 5.1 track with the voice in its middle), and two that are wired the wrong way round
would leave nothing. So the channels that carry sound are averaged, and where those cancel each other, the
loudest is taken alone.
"""

from __future__ import annotations

import struct
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np

from csm_cli.audio.containers import check_header
from csm_cli.audio.ffmpeg import read_ffmpeg, source
from csm_cli.audio.files import check_is_file, checked, ffmpeg_errors, sound_file

BLOCK = 1 << 16
MAX_SAMPLES = 1 << 25
"""That are read of a recording: nearly twelve minutes at 48 kHz."""
SILENT_SHARE = 1e-4  # -40 dB under the loudest channel: a converter's noise, or nothing
CANCELLED_SHARE = 0.5
"""Of what channels that have nothing to do with each other leave in their mean; less is cancelling."""
FFMPEG_RATES = (8000, 11_025, 12_000, 16_000, 22_050, 24_000, 32_000, 44_100, 48_000)
AU = struct.Struct(">4sIIIII")  # magic, place of the samples, their size, encoding, rate, channels


def read_recording(path: Path | str, seconds: float) -> tuple[np.ndarray, int]:
    """Reads a recording of speech of any common format.

    Args:
        seconds: no more than this is read, from the beginning; nor more than `MAX_SAMPLES`.

    Returns:
        (float32 mono `[samples]`, their rate in Hz: the file's own, or 48 kHz at most where ffmpeg reads it).

    Raises:
        MissingError: no such file.
        UsageError: the file cannot be read or decoded, or holds no samples.
    """
    import soundfile

    path = Path(path)
    check_is_file(path)
    try:
        with sound_file(path) as file:
            count = min(round(seconds * file.samplerate), MAX_SAMPLES)

            def blocks() -> Iterator[np.ndarray]:
                file.seek(0)
                left = count
                while left > 0 and (block := file.read(min(BLOCK, left), "float32", always_2d=True)).size:
                    left -= len(block)
                    yield block

            audio, rate = mixed(blocks, file.channels), file.samplerate
    except soundfile.SoundFileError:
        audio, rate = _by_ffmpeg(path, seconds)
    return checked(audio, path), rate


def mixed(blocks: Callable[[], Iterator[np.ndarray]], channels: int) -> np.ndarray:
    """Mono float32 `[samples]` of blocks `[samples, channels]`, which are gone through twice."""
    if channels == 1:
        return np.concatenate([np.zeros((0, 1), np.float32), *blocks()])[:, 0]
    weights = channel_weights(blocks(), channels)
    return np.concatenate([np.zeros(0, np.float32), *(block @ weights for block in blocks())])


def channel_weights(blocks: Iterator[np.ndarray], channels: int) -> np.ndarray:
    """How much of each channel goes into the mono mix, float32 `[channels]`."""
    total, sums, products = 0, np.zeros(channels), np.zeros((channels, channels))
    for block in blocks:
        wide = block.astype(np.float64)
        total += len(wide)
        sums += wide.sum(axis=0)
        products += wide.T @ wide
    means = sums / max(1, total)
    covariance = products / max(1, total) - np.outer(means, means)  # a constant offset is no sound
    powers = covariance.diagonal()
    if not np.isfinite(powers).all() or powers.max() <= 0:
        return np.full(channels, 1 / channels, np.float32)
    carries = powers >= SILENT_SHARE * powers.max()
    weights = carries / carries.sum()
    if weights @ covariance @ weights < CANCELLED_SHARE * powers[carries].mean() / carries.sum():
        weights = np.arange(channels) == powers.argmax()
    return weights.astype(np.float32)


def _by_ffmpeg(path: Path, seconds: float) -> tuple[np.ndarray, int]:
    """(mono float32 `[samples]`, rate). As an AU stream, whose header carries rate and channels."""
    rates = "|".join(map(str, FFMPEG_RATES))
    options = ["-vn", "-af", f"aformat=sample_rates={rates}", "-c:a", "pcm_f32be", "-f", "au", "pipe:1"]
    limit = ["-loglevel", "error", "-t", str(seconds)]
    with tempfile.TemporaryFile() as file:  # the channels of ten minutes, which are gone through twice
        with ffmpeg_errors(path):
            read_ffmpeg([*limit, *source(path), *options], file.write, where=str(path))
        file.seek(0)
        header = file.read(AU.size)
        if len(header) < AU.size:
            return np.zeros(0, np.float32), FFMPEG_RATES[-1]
        _, start, _, _, rate, channels = AU.unpack(header)
        check_header(path, rate, channels)

        def blocks() -> Iterator[np.ndarray]:
            file.seek(start)
            width = 4 * channels
            while whole := len(data := file.read(BLOCK * width)) // width * width:
                yield np.frombuffer(data[:whole], ">f4").astype(np.float32).reshape(-1, channels)

        return mixed(blocks, channels), rate
