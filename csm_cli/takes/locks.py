"""Locks between processes of one project. Takes need none: each is written in one step under its own name."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from csm_cli.errors import CsmError
from csm_cli.takes.place import Place, Url

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


@contextmanager
def in_use(folder: Place) -> Iterator[None]:
    """Mark a store as being rendered into; any number of processes may, while none clears it up.

    Behind a URL there are no locks, and nothing is marked.
    """
    if isinstance(folder, Url):
        yield
        return
    from filelock import FileLock

    folder.mkdir(parents=True, exist_ok=True)
    import os

    path = folder / f".render-{os.getpid()}.lock"
    lock = FileLock(path)
    try:
        with alone(folder, "clearing"):
            lock.acquire(timeout=1)
        yield
    finally:
        lock.release()
        path.unlink(missing_ok=True)


@contextmanager
def nobody_else(folder: Path) -> Iterator[None]:
    """Hold a store while nobody renders into it.

    Raises:
        CsmError: somebody does.
    """
    from filelock import FileLock, Timeout

    with alone(folder, "clearing"):
        for path in folder.glob(".render-*.lock"):
            try:
                with FileLock(path, timeout=0):
                    pass
                path.unlink(missing_ok=True)
            except Timeout as error:
                raise CsmError(
                    "a render is using these takes", where=str(folder), remedy="wait until it has finished"
                ) from error
        yield
