"""Audio files in and out: any format to float32 mono, and float32 mono to 16-bit WAV."""

from __future__ import annotations

import os
import struct
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

import numpy as np

from csm_cli.audio.disk_buffer import DiskBuffer
from csm_cli.audio.ffmpeg import read_ffmpeg, run_ffmpeg
from csm_cli.audio.resample import resample
from csm_cli.core.errors import CsmError, MissingError, UsageError
from csm_cli.core.files import written

_STDERR_LOCK = threading.Lock()
_NOT_MPEG = (b"RIFF", b"RIFX", b"RF64", b"FORM", b"caff", b"fLaC", b"OggS", b".snd")
"""First bytes of files that libsndfile reads without libmpg123, which prints every damage to stderr."""


@contextmanager
def suppress_stderr(path: Path | str) -> Iterator[None]:
    """Discards what libmpg123 prints to the process's stderr while libsndfile reads a file."""
    try:
        with open(path, "rb") as file:
            is_mpeg = file.read(4) not in _NOT_MPEG
        saved = os.dup(2) if is_mpeg else None
    except (OSError, ValueError):  # no such file, which its reader reports; or no stderr
        saved = None
    if saved is None:
        yield
        return
    with _STDERR_LOCK:
        try:
            sys.stderr.flush()
            nowhere = os.open(os.devnull, os.O_WRONLY)
            os.dup2(nowhere, 2)
            os.close(nowhere)
            yield
        finally:
            os.dup2(saved, 2)
            os.close(saved)


SAMPLE_RATE = 24_000  # the codec's, and so the project's
MAX_WAV_BYTES = 0xFFFFFFFF - 36  # sizes in a WAV header have 32 bits
REMEDY = "give a file with sound in it, such as WAV, FLAC or MP3"


def read_audio(path: Path | str, rate: int = SAMPLE_RATE) -> np.ndarray:
    """Reads an audio file of any common format, rate and number of channels.

    Args:
        rate: the rate wanted, Hz.

    Returns:
        float32 mono `[samples]`, channels averaged. As stored: a float file may go beyond [-1, 1].

    Raises:
        MissingError: no such file.
        UsageError: the file cannot be read or decoded, or holds no samples.
    """
    path = Path(path)
    check_is_file(path)
    audio, source_rate = _decode(path, rate)
    return resample(checked(audio, path), source_rate, rate)


def checked(audio: np.ndarray, path: Path) -> np.ndarray:
    """The samples that a file holds, if they are some and all of them numbers.

    Raises:
        UsageError: they are not.
    """
    if not audio.size:
        raise UsageError("holds no sound", where=str(path), remedy=REMEDY)
    if not np.isfinite(audio).all():
        raise UsageError("holds samples that are not numbers", where=str(path), remedy="export it again")
    return audio


def native(path: Path | str) -> bytes | str:
    """A file's name as libsndfile's wrapper takes it: whole even where it is not valid Unicode."""
    return str(path) if os.name == "nt" else os.fsencode(path)


def audio_seconds(path: Path | str) -> float | None:
    """The length of a file by its header, in seconds; None where only decoding would give it."""
    import soundfile

    try:
        with suppress_stderr(path):
            return float(soundfile.info(native(path)).duration)
    except (soundfile.SoundFileError, OSError):
        return None


def to_pcm16(audio: np.ndarray) -> np.ndarray:
    """float `[samples]` in [-1, 1] to int16, little-endian: rounded, clipped at full scale."""
    scaled = np.rint(np.asarray(audio, dtype=np.float32) * 32768.0)
    return np.clip(scaled, -32768, 32767).astype("<i2")


def write_wav(target: Path | str | BinaryIO, audio: np.ndarray, rate: int = SAMPLE_RATE) -> None:
    """Writes a 16-bit mono WAV, to a file in one step or to a binary stream front to back (a pipe will do).

    Args:
        target: a path, or a stream such as `sys.stdout.buffer`.
        audio: `[samples]`: float in [-1, 1], or int16 as it is.

    Raises:
        UsageError: too long for a WAV (4 GB), or the stream is a terminal.
        CsmError: the file cannot be written.
    """
    pcm = audio.astype("<i2", copy=False) if audio.dtype == np.int16 else to_pcm16(audio)
    where = str(target) if isinstance(target, str | Path) else "standard output"
    if pcm.nbytes > MAX_WAV_BYTES:
        raise UsageError("is too long for a WAV file (4 GB)", where=where, remedy="choose flac")
    data = wav_header(rate, pcm.nbytes) + pcm.tobytes()
    if isinstance(target, str | Path):
        with written(target) as temporary, temporary.open("wb") as file:
            file.write(data)
        return
    if target.isatty():
        raise UsageError("audio is not written to a terminal", remedy="send it to a file or a pipe")
    target.write(data)
    target.flush()


def wav_header(rate: int, size: int | None = None) -> bytes:
    """The 44 bytes before the samples of a 16-bit mono WAV.

    Args:
        size: bytes of sound; None: not yet fixed, as in a stream. Then the largest size stands there, which
            players and ffmpeg take as "until the end".
    """
    sizes = (0xFFFFFFFF, 0xFFFFFFFF) if size is None else (36 + size, size)
    header = b"RIFF" + struct.pack("<I", sizes[0]) + b"WAVE"
    header += b"fmt " + struct.pack("<IHHIIHH", 16, 1, 1, rate, rate * 2, 2, 16)
    return header + b"data" + struct.pack("<I", sizes[1])


def check_is_file(path: Path) -> None:
    """Reports what is wrong with a path before anything decodes it.

    Raises:
        MissingError: no such file.
        UsageError: it is no file, is empty, or cannot be opened.
    """
    try:
        if path.is_dir():
            raise UsageError("is a folder, not an audio file", where=str(path), remedy=REMEDY)
        if path.exists() and not path.is_file():  # opening a pipe would wait for its other end
            raise UsageError("is not a file", where=str(path), remedy=REMEDY)
        if path.stat().st_size == 0:
            raise UsageError("is empty", where=str(path), remedy=REMEDY)
        with path.open("rb"):
            pass
    except FileNotFoundError as error:
        raise MissingError("no such audio file", where=str(path), remedy="check the path") from error
    except (OSError, ValueError) as error:  # ValueError: a NUL in the name
        reason = getattr(error, "strerror", None) or error
        raise UsageError(
            f"cannot be read ({reason})", where=str(path), remedy="check its name and permissions"
        ) from error


def _decode(path: Path, rate: int) -> tuple[np.ndarray, int]:
    """(float32 mono `[samples]`, their rate): by soundfile, else by ffmpeg, which gives them at `rate`."""
    import soundfile

    try:
        with suppress_stderr(path), soundfile.SoundFile(native(path)) as file:
            audio = file.read(dtype="float32", always_2d=True)
            return audio.mean(axis=1), file.samplerate
    except soundfile.SoundFileError:
        pass  # a format that only ffmpeg reads, or a damaged file: ffmpeg's answer decides
    with ffmpeg_errors(path):
        raw = run_ffmpeg([*_decoding(path, rate), "pipe:1"], where=str(path))
    return np.frombuffer(raw, dtype="<f4").copy(), rate


def decode_to_buffer(path: Path | str, rate: int, buffer: DiskBuffer) -> None:
    """Reads an audio file of any format and length into an empty buffer, mono at `rate`; memory stays flat.

    Raises:
        MissingError, UsageError: as `read_audio`.
    """
    path = Path(path)
    check_is_file(path)

    def write(data: bytes) -> None:
        buffer.append(np.frombuffer(data, dtype="<f4"))

    with ffmpeg_errors(path):
        read_ffmpeg(["-loglevel", "error", *_decoding(path, rate), "pipe:1"], write, where=str(path))
    if not buffer.size:
        raise UsageError("holds no sound", where=str(path), remedy=REMEDY)


def _decoding(path: Path, rate: int) -> list[str]:
    # f32le carries no rate, so the rate is set here; ffmpeg's resampler is a good one.
    return ["-i", f"file:{path}", "-vn", "-ac", "1", "-ar", str(rate), "-f", "f32le"]


@contextmanager
def ffmpeg_errors(path: Path) -> Iterator[None]:
    """Turns ffmpeg's errors about a file into ones that name a remedy."""
    try:
        yield
    except MissingError as error:
        raise MissingError(
            "needs ffmpeg to be read, which was not found",
            where=str(path),
            remedy="pip install imageio-ffmpeg, or give a WAV file",
        ) from error
    except CsmError as error:
        raise UsageError("is not audio, or is damaged", where=str(path), remedy=REMEDY) from error
