"""Files as Windows has them: what is open cannot be removed or renamed, and renaming replaces nothing.

Only what csm itself does fails in this way; its libraries have ways of their own on Windows.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import csm_cli

PACKAGE = str(Path(csm_cli.__file__).parent) + os.sep


def is_open(path: str) -> bool:
    """Whether this process has a file, or one below a folder, open or mapped; by Linux's /proc."""
    names = set()
    for number in os.listdir("/proc/self/fd"):
        try:
            names.add(os.readlink(f"/proc/self/fd/{number}"))
        except OSError:
            continue
    for row in Path("/proc/self/maps").read_text(errors="replace").splitlines():
        names.add(row.split(maxsplit=5)[-1])
    return any(name == path or name.startswith(path + os.sep) for name in names if not os.path.isdir(name))


def _by_csm() -> bool:
    """Whether the nearest caller outside the standard library is csm."""
    frame = sys._getframe(2)
    while frame is not None:
        name = frame.f_code.co_filename
        if name.startswith(PACKAGE):
            return True
        if "site-packages" in name:
            return False
        frame = frame.f_back
    return False


def _whole(path: Any, folder: int | None = None) -> str:
    text = os.fsdecode(path)
    if folder is not None:
        text = os.path.join(os.readlink(f"/proc/self/fd/{folder}"), text)
    return os.path.join(os.path.realpath(os.path.dirname(os.path.abspath(text))), os.path.basename(text))


def as_on_windows(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Let the calls of csm fail as they would there; what did is in the list that is returned."""
    failed: list[str] = []
    unlink, rename, replace = os.unlink, os.rename, os.replace

    def refuse(error: type[OSError], what: str, path: str) -> None:
        failed.append(f"{what} {path}")
        raise error(13, f"{what}, as on Windows", path)

    def new_unlink(path: Any, *, dir_fd: int | None = None) -> None:
        if _by_csm() and is_open(_whole(path, dir_fd)):
            refuse(PermissionError, "removed while it is open", _whole(path, dir_fd))
        unlink(path, dir_fd=dir_fd)

    def moved(do: Callable[..., None], replaces: bool) -> Callable[..., None]:
        def move(source: Any, target: Any, **more: Any) -> None:
            old, new = _whole(source), _whole(target)
            if _by_csm():
                if is_open(old):
                    refuse(PermissionError, "renamed while it is open", old)
                if os.path.lexists(new) and (not replaces or os.path.isdir(new)):
                    refuse(FileExistsError, "renamed onto what is there", new)
                if is_open(new):
                    refuse(PermissionError, "replaced while it is open", new)
            do(source, target, **more)

        return move

    monkeypatch.setattr(os, "unlink", new_unlink)
    monkeypatch.setattr(os, "remove", new_unlink)
    monkeypatch.setattr(os, "rename", moved(rename, replaces=False))
    monkeypatch.setattr(os, "replace", moved(replace, replaces=True))
    return failed
