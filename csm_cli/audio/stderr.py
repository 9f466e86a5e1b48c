"""Decoders that write on stderr behind Python's back."""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

ALONE = threading.Lock()
QUIET = (b"RIFF", b"RIFX", b"RF64", b"FORM", b"caff", b"fLaC", b"OggS", b".snd")
"""First bytes of files that libsndfile reads without libmpg123, which tells stderr of all damage."""


@contextmanager
def hushed(path: Path | str) -> Iterator[None]:
    """Keeps what libmpg123 says while libsndfile looks at a file from the process's stderr."""
    try:
        with open(path, "rb") as file:
            talks = file.read(4) not in QUIET
        kept = os.dup(2) if talks else None
    except (OSError, ValueError):  # no such file, which its reader tells; or no stderr
        kept = None
    if kept is None:
        yield
        return
    with ALONE:
        try:
            sys.stderr.flush()
            nowhere = os.open(os.devnull, os.O_WRONLY)
            os.dup2(nowhere, 2)
            os.close(nowhere)
            yield
        finally:
            os.dup2(kept, 2)
            os.close(kept)
