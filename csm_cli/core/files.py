"""Where csm keeps the user's files, writes that are either whole or absent, and locks between processes."""

from __future__ import annotations

import hashlib
import os
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from csm_cli.core.errors import CsmError

PATIENCE_SECONDS = 30.0


def data_dir() -> Path:
    """The user's data folder (voices, downloaded extras); it need not exist yet."""
    if home := os.environ.get("CSM_HOME"):
        return Path(home)
    base = os.environ.get("XDG_DATA_HOME") or Path.home() / ".local" / "share"
    return Path(base) / "csm"


def cache_dir() -> Path:
    """The folder for what can be made again, such as encoded voice references."""
    if home := os.environ.get("CSM_HOME"):
        return Path(home) / "cache"
    base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(base) / "csm"


@contextmanager
def written(path: Path | str, where: Path | str | None = None, sync: bool = True) -> Iterator[Path]:
    """Gives a temporary path in the same folder; on a clean exit it is synced and renamed to `path`.

    The temporary name keeps the suffix (encoders read the format from it) and starts with a dot. The folder
    is made when it is not there. On any exception the temporary file is removed and `path` is untouched.
    Errors name `where`, if it is given, in the place of `path`. Without `sync` a power cut (not a kill) may
    leave the file without its content: for what is checked by a hash when it is used.

    Raises:
        CsmError: the system refuses (no space, no permission, a folder in the way).
    """
    path = Path(path)
    temporary = path.parent / f".{uuid.uuid4().hex}{path.suffix}"
    try:
        with disk_errors(where or path):
            path.parent.mkdir(parents=True, exist_ok=True)
            yield temporary
            if sync:
                with temporary.open("rb+") as file:
                    os.fsync(file.fileno())
            temporary.replace(path)
    finally:
        with suppress(OSError):
            temporary.unlink(missing_ok=True)


def set_aside(path: Path) -> Path:
    """Rename a damaged file that is to be written anew, so that nothing of it is lost; its new place.

    Raises:
        CsmError: it cannot be renamed.
    """
    with disk_errors(path):
        place = path.with_name(f"{path.name}.damaged-{hashlib.sha256(path.read_bytes()).hexdigest()[:8]}")
        path.replace(place)
    return place


def is_file(path: Path) -> bool:
    """Whether there is a file; False too for a name that no file can have, or that may not be looked at."""
    try:
        return path.is_file()
    except (OSError, ValueError):
        return False


def is_folder(path: Path) -> bool:
    """Whether there is a folder; False as for `is_file`."""
    try:
        return path.is_dir()
    except (OSError, ValueError):
        return False


@contextmanager
def disk_errors(where: Path | str) -> Iterator[None]:
    """Raises what the system refuses in one line.

    Raises:
        CsmError: no space, no permission, a folder in the way.
    """
    try:
        yield
    except OSError as error:
        raise CsmError(
            f"cannot be written ({error.strerror or error})",
            where=str(where),
            remedy="check the folder, its permissions and the free space",
        ) from error


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
