"""Where a store keeps its files: in a folder, behind a URL, or in memory for what is spoken once."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple, Protocol

from csm_cli.core.errors import CsmError
from csm_cli.core.files import written
from csm_cli.takes.place import Place, Url

LENGTH_OF_SHARD = 2
BESIDE = "./"
"""A name with a slash in it is not of a take: it lies where it says, seen from the store's folder."""


class Seen(NamedTuple):
    """A file as a listing shows it."""

    name: str
    size: int
    changed: int


class Files(Protocol):
    """Files by name, each whole or absent."""

    def read(self, name: str) -> bytes | None:
        """All of a file; None if there is none, or it cannot be read."""

    def write(self, name: str, data: bytes, sync: bool = True) -> None:
        """Write a file in one step; without `sync` a power cut may leave it without its content."""

    def remove(self, name: str) -> None:
        """Remove a file, if it is there."""

    def seen(self, suffix: str) -> Iterator[Seen]:
        """All files that end in `suffix`."""

    def beside(self, folder: str) -> list[str]:
        """Names of the files in a folder that holds no takes, in order."""

    def where(self, name: str) -> str:
        """The place of a file, for a message."""

    def check(self) -> None:
        """Make sure that files can be written.

        Raises:
            CsmError: they cannot.
        """


def files_at(place: Place | None) -> Files:
    """The files of a store; None: in memory, forgotten with the process."""
    if isinstance(place, Url):
        from csm_cli.takes.url_files import UrlFiles

        return UrlFiles(place)
    return MemoryFiles() if place is None else DiskFiles(place)


class DiskFiles:
    """Files in a folder, spread over sub-folders by the first letters of their names."""

    def __init__(self, folder: Path):
        self.folder = folder

    def path(self, name: str) -> Path:
        """Where a file lies."""
        return self.folder / (name if "/" in name else f"{name[:LENGTH_OF_SHARD]}/{name}")

    def read(self, name: str) -> bytes | None:
        try:
            return self.path(name).read_bytes()
        except OSError:
            return None

    def write(self, name: str, data: bytes, sync: bool = True) -> None:
        with written(self.path(name), sync=sync) as temporary:
            temporary.write_bytes(data)

    def remove(self, name: str) -> None:
        try:
            self.path(name).unlink(missing_ok=True)
        except OSError as error:
            raise CsmError(
                f"cannot be removed ({error.strerror or error})",
                where=self.where(name),
                remedy="check the folder's permissions",
            ) from error

    def seen(self, suffix: str) -> Iterator[Seen]:
        for shard in _entries(self.folder):
            if len(shard.name) == LENGTH_OF_SHARD and shard.is_dir():
                for entry in _entries(shard.path):
                    if entry.name.endswith(suffix) and not entry.name.startswith("."):
                        try:
                            status = entry.stat()
                        except OSError:  # cleared up since the folder was read
                            continue
                        yield Seen(entry.name, status.st_size, status.st_mtime_ns)

    def beside(self, folder: str) -> list[str]:
        return sorted(entry.name for entry in _entries(self.folder / folder) if entry.is_file())

    def where(self, name: str) -> str:
        return str(self.path(name))

    def check(self) -> None:
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            with tempfile.TemporaryFile(dir=self.folder) as probe:  # its own for every process
                probe.write(b"take")
        except OSError as error:
            raise CsmError(
                f"takes cannot be kept here ({error.strerror or error})",
                where=str(self.folder),
                remedy="make the folder writable, free some space, or name another with --takes",
            ) from error


class MemoryFiles:
    """Files that are forgotten with the process."""

    def __init__(self) -> None:
        self._files: dict[str, bytes] = {}

    def read(self, name: str) -> bytes | None:
        return self._files.get(name)

    def write(self, name: str, data: bytes, sync: bool = True) -> None:
        self._files[name] = data

    def remove(self, name: str) -> None:
        self._files.pop(name, None)

    def seen(self, suffix: str) -> Iterator[Seen]:
        for name, data in self._files.items():
            if name.endswith(suffix) and "/" not in name:
                yield Seen(name, len(data), 0)

    def beside(self, folder: str) -> list[str]:
        return sorted(
            name.removeprefix(f"{folder}/") for name in self._files if name.startswith(f"{folder}/")
        )

    def where(self, name: str) -> str:
        return name

    def check(self) -> None:
        pass


def _entries(folder: Path | str) -> list[os.DirEntry[str]]:
    try:
        with os.scandir(folder) as entries:
            return list(entries)
    except OSError:
        return []
