"""Where a store lies, a folder or a URL, and the locks between processes that use it."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from csm_cli.core.errors import CsmError
from csm_cli.core.files import alone


@dataclass(frozen=True)
class Url:
    """A store beyond the file system, such as `s3://bucket/takes`.

    Args:
        text: without a slash at its end.
    """

    text: str

    def __str__(self) -> str:
        return self.text


Place = Path | Url
_FILE = "file://"


def place_from(text: str) -> Place:
    """What a person names: what has `://` in it is a URL, and `file://` a folder all the same."""
    if text.startswith(_FILE):
        return Path(text.removeprefix(_FILE))
    return Url(text.rstrip("/")) if "://" in text else Path(text)


def may_hold_takes(place: Place) -> bool:
    """False for a folder that is not there yet."""
    return isinstance(place, Url) or place.is_dir()


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
    # Not the number of the process: machines and containers that share a folder have the same numbers.
    path = folder / f".render-{uuid.uuid4().hex}.lock"
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
