"""Finding and calling ffmpeg, and pydub told where it is. ffprobe is never needed."""

from __future__ import annotations

import contextlib
import functools
import importlib
import shutil
import subprocess
import warnings
from collections.abc import Sequence
from typing import Any

from csm_cli.errors import CsmError, MissingError


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
            remedy="install ffmpeg, or: pip install imageio-ffmpeg (WAV and FLAC need neither)",
        ) from error


def run_ffmpeg(arguments: Sequence[str], data: bytes = b"", *, where: str) -> bytes:
    """Runs ffmpeg quietly, `data` on its standard input; returns its standard output.

    Args:
        where: the file that the work concerns, named in the error.

    Raises:
        CsmError: ffmpeg failed; carries the last line it said.
        MissingError: there is no ffmpeg.
    """
    command = [find_ffmpeg(), "-hide_banner", "-nostdin", "-loglevel", "error", "-y", *arguments]
    try:
        done = subprocess.run(command, input=data, capture_output=True, check=False)
    except OSError as error:
        raise MissingError(
            f"ffmpeg cannot be started ({error.strerror or error})",
            where=command[0],
            remedy="install a working ffmpeg, or put one on PATH",
        ) from error
    if done.returncode:
        said = done.stderr.decode("utf-8", "replace").strip().splitlines()
        raise CsmError(f"ffmpeg failed ({said[-1] if said else f'exit code {done.returncode}'})", where=where)
    return done.stdout


@functools.cache
def encoders() -> frozenset[str]:
    """The names of the encoders this ffmpeg was built with, such as `libmp3lame`."""
    listing = run_ffmpeg(["-encoders"], where="ffmpeg -encoders").decode("utf-8", "replace")
    rows = (line.split() for line in listing.partition("------")[2].splitlines())
    return frozenset(row[1] for row in rows if len(row) > 1)


@functools.cache
def audio_segment() -> Any:
    """pydub's `AudioSegment` class, with its converter set to the ffmpeg found here.

    pydub warns at import when ffmpeg is not on PATH; here that is no news, so the warning is held back.

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
    # WAV chapters need no converter; `check_formats` speaks up for those that do.
    with contextlib.suppress(MissingError):
        segment.converter = find_ffmpeg()
    return segment
