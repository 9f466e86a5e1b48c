"""Finding and calling ffmpeg, what it may read, and configuring pydub to use it. ffprobe is never needed."""

from __future__ import annotations

import contextlib
import errno
import functools
import importlib
import os
import shutil
import subprocess
import tempfile
import warnings
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import IO, Any

from csm_cli.audio.containers import HEAD_BYTES, container_of
from csm_cli.core.errors import FILES_OPEN, CsmError, MissingError, remedy_of
from csm_cli.core.reading import open_file

FULL = os.strerror(errno.ENOSPC).encode()
MAX_BLOCK = 256 << 20
"""Bytes that ffmpeg may take at once: enough for the index of sixty hours, not for a gigapixel."""


@functools.cache
def find_ffmpeg() -> str:
    """The ffmpeg to call: the one on PATH, else the one inside the `imageio-ffmpeg` package.

    Raises:
        MissingError: neither is there.
    """
    if found := shutil.which("ffmpeg"):
        return found
    try:
        return str(importlib.import_module("imageio_ffmpeg").get_ffmpeg_exe())
    except (ImportError, RuntimeError) as error:
        raise MissingError(
            "ffmpeg was not found",
            remedy="install ffmpeg, or: pip install imageio-ffmpeg",
        ) from error


def source(path: Path) -> list[str]:
    """The arguments by which ffmpeg reads a user's file: as what it is, that file alone, and no network.

    Raises:
        UsageError: it is no sound that is read.
        OSError: it is no regular file, or cannot be opened.
    """
    with open_file(path) as file:
        kind = container_of(file.read(HEAD_BYTES), path)
    return ["-max_alloc", str(MAX_BLOCK), *only(kind), "-i", f"file:{path}"]


def only(kind: str) -> list[str]:
    """The arguments before `-i` by which what follows is read by one demuxer, and nothing but files by it."""
    return ["-protocol_whitelist", "file,pipe", "-format_whitelist", kind, "-f", kind]


def run_ffmpeg(arguments: Sequence[str], data: bytes = b"", *, where: str) -> bytes:
    """Runs ffmpeg quietly, `data` on its standard input; returns its standard output.

    Args:
        where: the file that the work concerns, named in the error.

    Raises:
        CsmError: ffmpeg failed; carries the last line of its messages.
        MissingError: there is no ffmpeg.
    """
    command = [find_ffmpeg(), "-hide_banner", "-nostdin", "-loglevel", "error", "-y", *arguments]
    try:
        done = subprocess.run(command, input=data, capture_output=True, check=False, start_new_session=True)
    except OSError as error:
        raise _cannot_start(command[0], error) from error
    if done.returncode:
        raise _failed(done.stderr, done.returncode, where)
    return done.stdout


def feed_ffmpeg(arguments: Sequence[str], blocks: Iterable[bytes | memoryview], *, where: str) -> str:
    """Runs ffmpeg with `blocks` on its standard input, one after the other; memory stays flat.

    Returns:
        ffmpeg's messages, at the level that `arguments` set.

    Raises:
        CsmError, MissingError: as `run_ffmpeg`.
    """

    def write(process: subprocess.Popen[bytes]) -> None:
        assert process.stdin
        with contextlib.suppress(BrokenPipeError):  # it has ended early: its exit code shows why
            for block in blocks:
                process.stdin.write(block)
        with contextlib.suppress(BrokenPipeError):
            process.stdin.close()

    return _run_process(arguments, write, where, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL)


def read_ffmpeg(
    arguments: Sequence[str], receive: Callable[[bytes], object], *, where: str, size: int = 1 << 20
) -> str:
    """Runs ffmpeg and hands on its standard output, `size` bytes at a time; memory stays flat.

    Returns, raises: as `feed_ffmpeg`.
    """

    def read(process: subprocess.Popen[bytes]) -> None:
        assert process.stdout
        with process.stdout:
            while block := process.stdout.read(size):
                receive(block)

    return _run_process(arguments, read, where, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE)


def _run_process(
    arguments: Sequence[str],
    transfer: Callable[[subprocess.Popen[bytes]], None],
    where: str,
    *,
    stdin: int,
    stdout: int,
) -> str:
    command = [find_ffmpeg(), "-hide_banner", "-nostats", "-y", *arguments]
    # Messages go to a file: a pipe that nobody reads would fill up and block ffmpeg.
    with tempfile.TemporaryFile() as messages:
        try:
            # In a session of its own: a terminal sends Ctrl-C to all processes of one.
            process = subprocess.Popen(
                command, stdin=stdin, stdout=stdout, stderr=messages, start_new_session=True
            )
        except OSError as error:
            raise _cannot_start(command[0], error) from error
        try:
            transfer(process)
            code = process.wait()
        finally:
            if process.poll() is None:
                process.kill()
                process.wait()
            for pipe in (process.stdin, process.stdout):
                with contextlib.suppress(OSError):
                    _close(pipe)
        messages.seek(0)
        text = messages.read()
    # A muxer without room for its last bytes reports that, but exits with 0.
    if code or FULL in text:
        raise _failed(text, code, where)
    return text.decode("utf-8", "replace")


def _close(pipe: IO[bytes] | None) -> None:
    if pipe is not None:
        pipe.close()


def _cannot_start(command: str, error: OSError) -> MissingError:
    return MissingError(
        f"ffmpeg cannot be started ({error.strerror or error})",
        where=command,
        remedy=remedy_of(error)
        if error.errno in FILES_OPEN
        else "install a working ffmpeg, or put one on PATH",
    )


def _failed(messages: bytes, code: int, where: str) -> CsmError:
    lines = messages.decode("utf-8", "replace").strip().splitlines()
    if FULL in messages:
        return CsmError(
            "cannot be written (No space left on device)", where=where, remedy="make room, and run it again"
        )
    return CsmError(f"ffmpeg failed ({lines[-1] if lines else f'exit code {code}'})", where=where)


@functools.cache
def encoders() -> frozenset[str]:
    """The names of the encoders this ffmpeg was built with, such as `libmp3lame`."""
    listing = run_ffmpeg(["-encoders"], where="ffmpeg -encoders").decode("utf-8", "replace")
    rows = (line.split() for line in listing.partition("------")[2].splitlines())
    return frozenset(row[1] for row in rows if len(row) > 1)


@functools.cache
def check_measuring() -> None:
    """Checks, before anything is rendered, that loudness can be measured.

    Raises:
        MissingError: ffmpeg, or its meter, is not there.
    """
    messages = run_ffmpeg(["-h", "filter=ebur128"], where="ffmpeg -h").decode("utf-8", "replace")
    if "Filter ebur128" not in messages:
        raise MissingError(
            "this ffmpeg cannot measure loudness (it has no ebur128)",
            where=find_ffmpeg(),
            remedy="install a full ffmpeg",
        )


@functools.cache
def audio_segment() -> Any:
    """pydub's `AudioSegment` class, with its converter set to the ffmpeg found here.

    pydub warns at import when ffmpeg is not on PATH. The warning is suppressed: the converter is set here.

    Raises:
        MissingError: pydub cannot be imported.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            segment = importlib.import_module("pydub").AudioSegment
        except ImportError as error:  # Python 3.13 dropped audioop, which pydub builds on
            raise MissingError(
                f"pydub cannot be loaded ({error})", remedy="pip install pydub audioop-lts"
            ) from error
    # WAV chapters need no converter; `check_formats` reports a missing one for formats that do.
    with contextlib.suppress(MissingError):
        segment.converter = find_ffmpeg()
    return segment
