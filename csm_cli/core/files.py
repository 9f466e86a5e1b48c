"""Where csm keeps the user's files; reading of regular files alone, within a size; writes that are either
whole or absent; locks between processes."""

from __future__ import annotations

import hashlib
import os
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from csm_cli.core.errors import CsmError, of_system, unwritten

PATIENCE_SECONDS = 30.0
_LONGEST_ENDING = 16
MAX_NAME_BYTES = 255
"""Of a file's name, in UTF-8: what all usual file systems take."""


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


def real(path: Path | str) -> Path:
    """The path without symbolic links; of one that leads back to itself as far as it goes, with no error."""
    return Path(os.path.realpath(path))


def check_name(path: Path) -> Path:
    """`path`, if a file system can take its names: to be asked before work is done for the file.

    Raises:
        CsmError: a name in it is too long.
    """
    for part in path.parts:
        if len(os.fsencode(part)) > MAX_NAME_BYTES and part != path.anchor:
            raise CsmError(
                f"has a name of {len(os.fsencode(part))} bytes; {MAX_NAME_BYTES} are the most",
                where=str(path),
                remedy="give it a shorter one",
            )
    return path


def short_name(stem: str, ending: str = "", most: int = MAX_NAME_BYTES) -> str:
    """`stem` and `ending`, no longer than a file's name may be.

    What is cut off is cut between characters; a hash in its place keeps names apart that begin alike.
    """
    data = os.fsencode(stem)
    room = most - len(os.fsencode(ending))
    if len(data) <= room:
        return stem + ending
    mark = "-" + hashlib.sha256(data).hexdigest()[:8]
    kept = data[: room - len(mark)].decode("utf-8", "ignore")
    return kept.rstrip() + mark + ending


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
    ending = path.suffix if len(path.suffix) <= _LONGEST_ENDING else ""
    temporary = path.parent / f".{uuid.uuid4().hex}{ending}"
    try:
        with disk_errors(where or path, temporary):
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
def disk_errors(where: Path | str, temporary: Path | None = None) -> Iterator[None]:
    """Raises what the system refuses in one line: of `where`, or of another file that the error names.

    Args:
        where: what is written.
        temporary: its name until it is whole.

    Raises:
        CsmError: no space, no permission, a folder in the way.
    """
    try:
        yield
    except OSError as error:
        other = _other_file(error, Path(where), temporary)
        found = of_system(error, other) if other else None
        raise found or unwritten(error, where) from error


def _other_file(error: OSError, path: Path, temporary: Path | None) -> Path | None:
    """The file that an error names, if it is neither of these, nor a folder that they are in."""
    if not isinstance(error.filename, str | bytes) or error.filename2 is not None:  # of a renaming: the draft
        return None
    named = Path(os.fsdecode(error.filename))
    own = {each for known in (path, temporary) if known for each in (known, *known.parents)}
    inside = path in named.parents  # a folder that is written as a whole
    return None if named in own or inside or named.name.startswith(".") else named


@contextmanager
def alone(folder: Path, name: str, patience: float = PATIENCE_SECONDS) -> Iterator[None]:
    """Hold the lock `name` of a folder; another process that wants it waits.

    What goes wrong while it is held is raised as it is.

    Raises:
        CsmError: it is held for longer than `patience` seconds, or cannot be taken.
    """
    from filelock import FileLock, Timeout

    path = folder / short_name(f".{name}", ".lock")
    lock = FileLock(path, timeout=patience)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        lock.acquire()
    except Timeout as error:
        raise CsmError(
            "another csm is at work here", where=str(folder), remedy="wait until it has finished"
        ) from error
    except OSError as error:
        raise unwritten(error, path if folder.is_dir() else folder) from error
    except NotImplementedError as error:
        raise CsmError(
            "files cannot be locked here", where=str(folder), remedy="use a folder on another file system"
        ) from error
    try:
        yield
    finally:
        lock.release()
