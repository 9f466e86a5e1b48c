"""Whether anything on the disk has changed since it was looked at last, without reading it."""

from __future__ import annotations

import os
import time
from collections.abc import Iterable
from pathlib import Path

from csm_cli.takes.files import LENGTH_OF_SHARD
from csm_cli.takes.place import Place, Url
from csm_cli.takes.record import RENDERS

FRESH_SECONDS = 2.0
"""What was changed so lately may be changed again without another time: it counts as changed once more."""
URL_SECONDS = 15.0
"""Between two looks at takes behind a URL, which have to be listed for it."""

Stamp = tuple[int, int, int]


class Stamps:
    """Notices changes of files and folders; a folder changes when something in it is written by renaming.

    Args:
        fresh: what has been changed just now counts as changed once more, in case it was again meanwhile.
    """

    def __init__(self, fresh: bool = False) -> None:
        self._fresh = fresh
        self._seen: dict[Path, Stamp | None] = {}
        self._again = False

    def changed(self, paths: Iterable[Path]) -> bool:
        """Whether any of these has changed, come or gone since the last call; True at the first."""
        now = {path: _stamp(path) for path in paths}
        changed = self._again or now != self._seen
        newest = max((stamp[0] for stamp in now.values() if stamp), default=0)
        self._again = self._fresh and changed and newest > time.time_ns() - FRESH_SECONDS * 1e9
        self._seen = now
        return changed


def _stamp(path: Path) -> Stamp | None:
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_mtime_ns, found.st_size, found.st_ino


class TakesWatch:
    """Notices that takes or records have changed.

    Args:
        place: of the takes.
    """

    def __init__(self, place: Place):
        self._place, self._stamps, self._looked = place, Stamps(fresh=True), float("-inf")

    def changed(self) -> bool:
        """Whether anything has, since the last call; behind a URL, whether it is time to look."""
        if isinstance(self._place, Url):
            due = time.monotonic() - self._looked >= URL_SECONDS
            self._looked = time.monotonic() if due else self._looked
            return due
        return self._stamps.changed(_folders(self._place))


def _folders(folder: Path) -> list[Path]:
    found = [folder / RENDERS]
    try:
        with os.scandir(folder) as entries:
            found += [Path(each.path) for each in entries if len(each.name) == LENGTH_OF_SHARD]
    except OSError:
        pass
    return found
