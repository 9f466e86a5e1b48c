"""What the system gives a process: the user's own folder for sockets, its peer, standard error."""

from __future__ import annotations

import errno
import os
import socket
import stat
import struct
import sys
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

LONGEST_PATH = 100
"""Bytes of a socket's path; the systems allow 103 to 107."""
OPENED = Path("/proc/self/fd")
"""Where Linux has what this process has opened."""
_MACOS_PEER = (0, 1)
"""SOL_LOCAL, LOCAL_PEERCRED."""
_STDERR_LOCK = threading.Lock()


@contextmanager
def quiet_stderr() -> Iterator[None]:
    """Discards what libraries print to the process's stderr, in all of its threads."""
    try:
        saved = os.dup(2)
    except OSError:  # no stderr
        yield
        return
    with _STDERR_LOCK:
        try:
            sys.stderr.flush()
            nowhere = os.open(os.devnull, os.O_WRONLY)
            os.dup2(nowhere, 2)
            os.close(nowhere)
            yield
        finally:
            os.dup2(saved, 2)
            os.close(saved)


def has_sockets() -> bool:
    """Whether this system has Unix sockets and owners."""
    return hasattr(socket, "AF_UNIX") and hasattr(os, "getuid")


@contextmanager
def socket_address(path: Path) -> Iterator[str]:
    """What `bind` and `connect` take for a socket's path: for one that is too long the way through its opened
    folder, which Linux has.

    Raises:
        OSError: it is too long, and this system has no other way; the folder cannot be opened.
    """
    if len(os.fsencode(path)) <= LONGEST_PATH:
        yield str(path)
        return
    if not OPENED.is_dir():
        raise OSError(errno.ENAMETOOLONG, "too long a path for a socket", str(path))
    folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        yield str(OPENED / str(folder) / path.name)
    finally:
        os.close(folder)


def processes_can_pass_tensors() -> bool:
    """Whether processes reach each other through sockets in the folder for temporary files, as
    multiprocessing passes tensors: with a path that is too long for it they would wait without end.
    """
    return len(os.fsencode(tempfile.gettempdir())) + len("/pymp-01234567/listener-01234567") <= LONGEST_PATH


def runtime_dir(make: bool = False) -> Path | None:
    """The folder for sockets that only this user may enter; None where there is none.

    `$XDG_RUNTIME_DIR/csm`, else `csm-UID` in the system's folder for temporary files.

    Args:
        make: if it is not there yet.
    """
    if not has_sockets():
        return None
    base = os.environ.get("XDG_RUNTIME_DIR")
    folder = Path(base) / "csm" if base else Path(tempfile.gettempdir()) / f"csm-{os.getuid()}"
    try:
        if make:
            folder.mkdir(mode=0o700, exist_ok=True)
        about = folder.lstat()
    except OSError:
        return None
    owned = stat.S_ISDIR(about.st_mode) and about.st_uid == os.getuid()
    return folder if owned and not about.st_mode & 0o077 else None


def is_own_peer(connection: socket.socket) -> bool:
    """Whether the process at the other end is this user's; True where the system does not say."""
    try:
        if hasattr(socket, "SO_PEERCRED"):
            data = connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, struct.calcsize("3i"))
            return int(struct.unpack("3i", data)[1]) == os.getuid()
        if sys.platform == "darwin":
            data = connection.getsockopt(*_MACOS_PEER, struct.calcsize("2I"))
            return int(struct.unpack("2I", data)[1]) == os.getuid()
    except (OSError, struct.error):
        return False
    return True
