"""Audio files in and out: any format to float32 mono, and float32 mono to 16-bit WAV."""

from __future__ import annotations

import os
import re
import struct
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext, suppress
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

import numpy as np

from csm_cli.audio.containers import REMEDY, check_header, not_audio, too_long
from csm_cli.audio.disk_buffer import DiskBuffer
from csm_cli.audio.ffmpeg import read_ffmpeg, source
from csm_cli.audio.resample import MAX_PHASES, phases, resample
from csm_cli.core.errors import CsmError, MissingError, UsageError
from csm_cli.core.files import written
from csm_cli.core.reading import open_file
from csm_cli.core.runtime import quiet_stderr

if TYPE_CHECKING:
    from soundfile import SoundFile

_STATED_RATE = re.compile(r"Stream #0:\d+.*?: Audio: .*?, (\d+) Hz")
_NOT_MPEG = (b"RIFF", b"RIFX", b"RF64", b"FORM", b"caff", b"fLaC", b"OggS", b".snd")
"""First bytes of files that libsndfile reads without libmpg123, which prints every damage to stderr."""


SAMPLE_RATE = 24_000  # the codec's, and so the project's
MAX_WAV_BYTES = 0xFFFFFFFF - 36  # sizes in a WAV header have 32 bits
MAX_SECONDS = 3600.0
"""Of a sound in a script, and of all that is read as a whole: an hour takes 346 MB at 24 kHz."""
CLIP_SECONDS = 600.0
"""Of a voice's clip; csm makes them of thirty seconds at most."""
READ_SAMPLES = 1 << 18
WHOLE_SAMPLES = 1 << 23
"""Longer sound at another rate is left to ffmpeg, which is six times as fast and takes a block at a time."""


def read_audio(path: Path | str, rate: int = SAMPLE_RATE, most: float = MAX_SECONDS) -> np.ndarray:
    """Reads an audio file of any common format, rate and number of channels.

    Args:
        rate: the rate wanted, Hz.
        most: seconds that it may last.

    Returns:
        float32 mono `[samples]`, channels averaged. As stored: a float file may go beyond [-1, 1].

    Raises:
        MissingError: no such file.
        UsageError: the file cannot be read or decoded, holds no samples, lasts longer than `most`, or has a
            rate or channels that no recording has.
    """
    path = Path(path)
    check_is_file(path)
    audio, source_rate = _decode(path, rate, most)
    return resample(checked(audio, path), source_rate, rate)


@contextmanager
def sound_file(path: Path) -> Iterator[SoundFile]:
    """A file opened by libsndfile, its rate and channels checked.

    Raises:
        UsageError: as `check_header`.
        soundfile.SoundFileError: libsndfile does not read it.
        OSError: it is no regular file, or cannot be opened.
    """
    import soundfile

    # By its descriptor: libsndfile takes the name "-" for standard input.
    with open_file(path) as opened:
        head = opened.read(4)
        descriptor = opened.fileno()
        os.lseek(descriptor, 0, os.SEEK_SET)  # `opened` has read further than it gave
        quiet = nullcontext() if head in _NOT_MPEG else quiet_stderr()
        with quiet, soundfile.SoundFile(descriptor, closefd=False) as file:
            check_header(path, file.samplerate, file.channels)
            yield file


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


def audio_seconds(path: Path | str) -> float | None:
    """The length of a file by its header, in seconds; None where only decoding would give it."""
    import soundfile

    try:
        with sound_file(Path(path)) as file:
            return float(file.frames / file.samplerate)
    except (soundfile.SoundFileError, OSError, ValueError, UsageError):
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
        UsageError: it is no file, is empty, cannot be opened, or states a rate or channels as none has.
    """
    import soundfile

    try:
        with open_file(path) as file:
            if not file.read(1):
                raise UsageError("is empty", where=str(path), remedy=REMEDY)
        with suppress(soundfile.SoundFileError), sound_file(path):
            pass
    except IsADirectoryError as error:
        raise UsageError("is a folder, not an audio file", where=str(path), remedy=REMEDY) from error
    except FileNotFoundError as error:
        raise MissingError("no such audio file", where=str(path), remedy="check the path") from error
    except (OSError, ValueError) as error:  # ValueError: a NUL in the name
        reason = getattr(error, "strerror", None) or error
        raise UsageError(
            f"cannot be read ({reason})", where=str(path), remedy="check its name and permissions"
        ) from error


def _decode(path: Path, rate: int, most: float) -> tuple[np.ndarray, int]:
    """(float32 mono `[samples]`, their rate): by soundfile, else by ffmpeg, which gives them at `rate`."""
    import soundfile

    try:
        with sound_file(path) as file:
            if file.frames > most * file.samplerate:
                raise too_long(path, most)
            same = file.samplerate == rate
            if same or (file.frames <= WHOLE_SAMPLES and phases(file.samplerate, rate) <= MAX_PHASES):
                return _mono(file, path, most), file.samplerate
    except soundfile.SoundFileError:
        pass  # a format that only ffmpeg reads, or a damaged file: ffmpeg's answer decides
    sound = bytearray()  # grows in its place, where a list of blocks would be there twice in the end
    _decode_by_ffmpeg(path, rate, most, lambda block: sound.extend(block.data))
    return np.frombuffer(sound, np.float32), rate


def _mono(file: SoundFile, path: Path, most: float) -> np.ndarray:
    """The sound of an opened file, channels averaged; a header may state any number of samples."""
    left = int(most * file.samplerate)
    size = max(1, READ_SAMPLES // file.channels)
    sound = bytearray()
    while (block := file.read(size, "float32", always_2d=True)).size:
        left -= len(block)
        if left < 0:
            raise too_long(path, most)
        sound.extend(block.mean(axis=1).data)
    return np.frombuffer(sound, np.float32)


def decode_to_buffer(path: Path | str, rate: int, buffer: DiskBuffer, most: float = MAX_SECONDS) -> None:
    """Reads an audio file of any format into an empty buffer, mono at `rate`; memory stays flat.

    Raises:
        MissingError, UsageError: as `read_audio`.
    """
    path = Path(path)
    check_is_file(path)
    _decode_by_ffmpeg(path, rate, most, buffer.append)
    if not buffer.size:
        raise UsageError("holds no sound", where=str(path), remedy=REMEDY)


def _decode_by_ffmpeg(path: Path, rate: int, most: float, receive: Callable[[np.ndarray], object]) -> None:
    left = int(most * rate)

    def take(data: bytes) -> None:
        nonlocal left
        block = np.frombuffer(data[: len(data) // 4 * 4], dtype="<f4")
        left -= block.size
        if left < 0:
            raise too_long(path, most)
        receive(block)

    # f32le carries no rate, so the rate is set here. The greatest sum of weights, 1, makes channels averaged.
    mono = f"aresample=rematrix_maxval=1,aformat=channel_layouts=mono:sample_rates={rate}"
    options = ["-vn", "-af", mono, "-t", str(most + 1), "-f", "f32le", "pipe:1"]
    with ffmpeg_errors(path):
        messages = read_ffmpeg(["-loglevel", "info", *source(path), *options], take, where=str(path))
    if found := _STATED_RATE.search(messages):
        check_header(path, int(found[1]), 1)


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
    except UsageError:
        raise
    except (OSError, CsmError) as error:
        raise not_audio(path) from error
