"""Where a store keeps its files: in a folder, or in memory for what is spoken once."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple, Protocol

from csm_cli.audio.atomic import written
from csm_cli.errors import CsmError

LENGTH_OF_SHARD = 2


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

    def where(self, name: str) -> str:
        """The place of a file, for a message."""


class DiskFiles:
    """Files in a folder, spread over sub-folders by the first letters of their names."""

    def __init__(self, folder: Path):
        self.folder = folder

    def path(self, name: str) -> Path:
        """Where a file lies."""
        return self.folder / name[:LENGTH_OF_SHARD] / name

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

    def where(self, name: str) -> str:
        return str(self.path(name))


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
            if name.endswith(suffix):
                yield Seen(name, len(data), 0)

    def where(self, name: str) -> str:
        return name


def _entries(folder: Path | str) -> list[os.DirEntry[str]]:
    try:
        with os.scandir(folder) as entries:
            return list(entries)
    except OSError:
        return []
