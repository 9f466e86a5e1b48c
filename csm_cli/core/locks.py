"""Locks between processes: what is read, changed and written again is done so by one at a time."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from csm_cli.core.errors import CsmError

PATIENCE_SECONDS = 30.0


@contextmanager
def alone(folder: Path, name: str, patience: float = PATIENCE_SECONDS) -> Iterator[None]:
    """Hold the lock `name` of a folder; another process that wants it waits.

    Raises:
        CsmError: it is held for longer than `patience` seconds, or cannot be taken.
    """
    from filelock import FileLock, Timeout

    path = folder / f".{name}.lock"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with FileLock(path, timeout=patience):
            yield
    except Timeout as error:
        raise CsmError(
            "another csm is at work here", where=str(folder), remedy="wait until it has finished"
        ) from error
    except OSError as error:
        raise CsmError(
            f"cannot be written ({error.strerror or error})",
            where=str(path),
            remedy="check the folder, its permissions and the free space",
        ) from error
