"""Where csm keeps the user's files; reading of regular files alone, within a size; writes that are either
whole or absent; locks between processes."""

from __future__ import annotations

import errno
import os
import stat
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from io import BufferedReader
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


_KINDS = {
    stat.S_IFDIR: "a folder",
    stat.S_IFIFO: "a pipe",
    stat.S_IFSOCK: "a socket",
    stat.S_IFCHR: "a device",
    stat.S_IFBLK: "a device",
}
_FLAGS = os.O_RDONLY
for _name in ("O_NONBLOCK", "O_NOCTTY", "O_CLOEXEC", "O_BINARY"):
    _FLAGS |= getattr(os, _name, 0)
_NO_LINK, _FOLDER = getattr(os, "O_NOFOLLOW", 0), getattr(os, "O_DIRECTORY", 0)
_without_links: list[str] = []


def open_file(path: Path | str, below: Path | str | None = None) -> BufferedReader:
    """Opens a regular file for reading. It never waits, whatever the path names.

    A link to a regular file is followed, but not below the folder `below`, or below one that is under
    `no_links`: there neither the file nor a folder on the way to it may be a link.

    Raises:
        OSError: there is none, or it cannot be opened; `strerror` says what it is if it is a folder, a pipe,
            a socket, a device or a link.
        ValueError: no file can have that name.
    """
    for home in (below, *_without_links):
        if home is not None and (parts := _parts_below(path, home)):
            descriptor = _open_below(path, home, parts)
            break
    else:
        _check_regular(os.stat(path), path)  # to open a device may already have an effect
        descriptor = os.open(path, _FLAGS)
    try:
        _check_regular(os.fstat(descriptor), path)
        return os.fdopen(descriptor, "rb")
    except BaseException:
        os.close(descriptor)
        raise


def read_file(path: Path | str, most: int, below: Path | str | None = None) -> bytes:
    """The content of a regular file.

    Args:
        most: bytes that it may have.
        below: as for `open_file`.

    Raises:
        OSError, ValueError: as `open_file`; or it is larger than `most`, which `strerror` says.
    """
    with open_file(path, below) as file:
        size = os.fstat(file.fileno()).st_size
        data = file.read(size + 1) if size <= most else b""
        if size < len(data) <= most:  # it grows, or is one of those in /proc that state no size
            data += file.read(most + 1 - len(data))
    if max(size, len(data)) > most:
        raise OSError(errno.EFBIG, f"it is larger than {size_text(most)}", str(path))
    return data


def size_text(size: int) -> str:
    """A number of bytes for a message: "16 MB", "64 kB"; those are powers of 1024."""
    return f"{size >> 20} MB" if size >= 1 << 20 else f"{size >> 10} kB"


@contextmanager
def no_links(folder: Path | str) -> Iterator[None]:
    """As long as it lasts, `open_file` follows no link below the folder, in any thread."""
    names = {os.path.abspath(folder), os.path.realpath(folder)}
    _without_links.extend(names)
    try:
        yield
    finally:
        for name in names:
            _without_links.remove(name)


def _check_regular(status: os.stat_result, path: Path | str) -> None:
    kind = stat.S_IFMT(status.st_mode)
    if kind != stat.S_IFREG:
        what = _KINDS.get(kind, "something else")
        number = errno.EISDIR if kind == stat.S_IFDIR else errno.EINVAL
        raise OSError(number, f"it is {what}, not an ordinary file", str(path))


def _parts_below(path: Path | str, home: Path | str) -> tuple[str, ...]:
    """The names from a folder to a path below it; none if it is not below."""
    path, home = Path(os.path.abspath(path)), Path(os.path.abspath(home))
    return path.relative_to(home).parts if path.is_relative_to(home) else ()


def _open_below(path: Path | str, home: Path | str, parts: tuple[str, ...]) -> int:
    link = OSError(
        errno.ELOOP, "it is a link, or in a folder that is one: links are not followed here", str(path)
    )
    if os.open not in os.supports_dir_fd or not _NO_LINK:
        here = Path(home)
        for part in parts:
            here /= part
            if here.is_symlink():
                raise link
        _check_regular(os.stat(here), path)
        return os.open(here, _FLAGS)
    folder = os.open(home, _FLAGS | _FOLDER)
    try:
        for part in parts[:-1]:
            if stat.S_ISLNK(os.stat(part, dir_fd=folder, follow_symlinks=False).st_mode):
                raise link
            inner = os.open(part, _FLAGS | _FOLDER | _NO_LINK, dir_fd=folder)
            os.close(folder)
            folder = inner
        status = os.stat(parts[-1], dir_fd=folder, follow_symlinks=False)
        if stat.S_ISLNK(status.st_mode):
            raise link
        _check_regular(status, path)
        return os.open(parts[-1], _FLAGS | _NO_LINK, dir_fd=folder)
    finally:
        os.close(folder)


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
