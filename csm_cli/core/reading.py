"""Files that anybody may have put there, opened for reading: ordinary ones, of a size, without waiting."""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from io import BufferedReader
from pathlib import Path

from csm_cli.core.errors import UnfitFile

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
        raise UnfitFile(errno.EFBIG, f"it is larger than {size_text(most)}", str(path))
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
        if kind == stat.S_IFDIR:  # an IsADirectoryError
            raise OSError(errno.EISDIR, f"it is {what}, not an ordinary file", str(path))
        raise UnfitFile(errno.EINVAL, f"it is {what}, not an ordinary file", str(path))


def _parts_below(path: Path | str, home: Path | str) -> tuple[str, ...]:
    """The names from a folder to a path below it; none if it is not below."""
    path, home = Path(os.path.abspath(path)), Path(os.path.abspath(home))
    return path.relative_to(home).parts if path.is_relative_to(home) else ()


def _open_below(path: Path | str, home: Path | str, parts: tuple[str, ...]) -> int:
    link = UnfitFile(
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
