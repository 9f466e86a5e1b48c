"""Where a store keeps its files: in a folder, behind a URL by fsspec, or in memory for what is spoken once.

fsspec's local file system is not used for folders: it never syncs, and is far slower than `os.scandir`.
"""

from __future__ import annotations

import os
import tempfile
import uuid
import zlib
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, NamedTuple, Protocol

from csm_cli.core.errors import CsmError, MissingError, UsageError, first_line, of_system, remedy_of, unread
from csm_cli.core.files import written
from csm_cli.core.reading import read_file
from csm_cli.takes.place import Place, Url

LENGTH_OF_SHARD, MAX_BYTES = 2, 128 << 20  # an index of 200,000 takes has that many
BESIDE = "./"
"""A name with a slash in it is not of a take: it is a path below the store's folder."""


class Seen(NamedTuple):
    """A file as a listing shows it.

    Attributes:
        size: bytes.
        changed: another number after every change: nanoseconds, or a hash.
    """

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

    def path(self, name: str) -> Path | None:
        """The file itself; None for a store that is no folder."""
        return None

    def check(self) -> None:
        """Check that files can be written.

        Raises:
            CsmError: they cannot.
        """


def files_at(place: Place | None) -> Files:
    """The files of a store; None: in memory, forgotten with the process."""
    if isinstance(place, Url):
        return UrlFiles(place)
    return MemoryFiles() if place is None else DiskFiles(place)


def path_below(name: str) -> str:
    """The path of a file below a store's folder: takes are spread over sub-folders by two letters."""
    return name.removeprefix(BESIDE) if "/" in name else f"{name[:LENGTH_OF_SHARD]}/{name}"


class DiskFiles(Files):
    """Files in a folder."""

    def __init__(self, folder: Path):
        self.folder = folder

    def path(self, name: str) -> Path:
        return self.folder / path_below(name)

    def read(self, name: str) -> bytes | None:
        try:
            return read_file(self.path(name), MAX_BYTES)
        except (OSError, ValueError):
            return None

    def write(self, name: str, data: bytes, sync: bool = True) -> None:
        with written(self.path(name), sync=sync) as temporary:
            temporary.write_bytes(data)

    def remove(self, name: str) -> None:
        try:
            self.path(name).unlink(missing_ok=True)
        except OSError as error:
            what, remedy = f"cannot be removed ({error.strerror or error})", "check the folder's permissions"
            raise CsmError(what, where=self.where(name), remedy=remedy) from error

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
                remedy=f"{remedy_of(error)}, or name another with --takes",
            ) from error


class MemoryFiles(Files):
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
        start = f"{folder}/"
        return sorted(name.removeprefix(start) for name in self._files if name.startswith(start))

    def where(self, name: str) -> str:
        return name

    def check(self) -> None:
        pass


def _entries(folder: Path | str) -> list[os.DirEntry[str]]:
    """What is in a folder; nothing if it is not there. One that cannot be read is never treated as empty."""
    try:
        with os.scandir(folder) as entries:
            return list(entries)
    except FileNotFoundError:
        return []
    except OSError as error:
        raise of_system(error, folder, "read") or unread(error, folder) from error


ATOMIC = frozenset(
    ["s3", "s3a", "gs", "gcs", "abfs", "abfss", "az", "adl", "oss", "oci", "cos", "obs", "tos", "memory"]
)
"""Protocols under which a file appears when all of it is there; under others it is written and moved."""
CHANGE_MARKS = "ETag etag md5Hash content_md5 mtime LastModified last_modified updated created"
"""Names in listings of what changes with a file's content."""


class UrlFiles(Files):
    """Files behind a URL: S3 and its like, Google's and Azure's stores, SFTP, HDFS, ….

    Raises:
        MissingError: fsspec lacks a package for this kind of URL.
        UsageError: fsspec has no such kind.
    """

    def __init__(self, url: Url):
        import fsspec.core

        self._url = url
        try:
            self._fs, self._root = fsspec.core.url_to_fs(url.text)
        except ImportError as error:
            raise MissingError(
                f"{url.text.partition(':')[0]}:// needs another package", where=url.text, remedy=str(error)
            ) from error
        except Exception as error:  # each kind has its own
            raise UsageError(
                f"is no URL that takes can be kept at ({first_line(error)})",
                where=url.text,
                remedy="name a folder, or a URL that fsspec understands",
            ) from error
        protocols = {self._fs.protocol} if isinstance(self._fs.protocol, str) else {*self._fs.protocol}
        self._atomic = bool(protocols & ATOMIC)

    def read(self, name: str) -> bytes | None:
        """All of a file; None if there is none.

        Raises:
            CsmError: it may be there, but it cannot be read now. To speak it again would be the wrong answer.
        """
        with self._errors("read", name):
            try:
                return bytes(self._fs.cat_file(self._path(name)))
            except FileNotFoundError:
                return None

    def write(self, name: str, data: bytes, sync: bool = True) -> None:
        path = self._path(name)
        with self._errors("written", name):
            if self._atomic:
                self._fs.pipe_file(path, data)
                return
            folder, _, last = path.rpartition("/")
            self._fs.makedirs(folder, exist_ok=True)
            temporary = f"{folder}/.{uuid.uuid4().hex}-{last}"
            try:
                self._fs.pipe_file(temporary, data)
                self._fs.mv(temporary, path)
            except BaseException:
                if self._fs.exists(temporary):
                    self._fs.rm_file(temporary)
                raise

    def remove(self, name: str) -> None:
        with self._errors("removed", name), suppress(FileNotFoundError):
            self._fs.rm_file(self._path(name))

    def seen(self, suffix: str) -> Iterator[Seen]:
        """All files of takes that end in `suffix`.

        Raises:
            CsmError: they cannot be listed. A store that is not begun yet is empty.
        """
        for path, details in self._listed("").items():
            shard, _, name = path.rpartition("/")
            if len(shard) == LENGTH_OF_SHARD and name.endswith(suffix) and not name.startswith("."):
                marks = (details.get(each) for each in CHANGE_MARKS.split())
                mark = repr([str(each) for each in marks if each is not None])
                yield Seen(name, int(details.get("size") or 0), zlib.crc32(mark.encode()))

    def beside(self, folder: str) -> list[str]:
        return sorted(path for path in self._listed(folder) if "/" not in path)

    def where(self, name: str) -> str:
        return f"{self._url}/{path_below(name)}"

    def check(self) -> None:
        probe = f"{BESIDE}.probe-{uuid.uuid4().hex}"
        self.write(probe, b"take")
        self.remove(probe)

    def _listed(self, folder: str) -> dict[str, dict[str, Any]]:
        """The listing of all files below a folder, by their path in it."""
        root = f"{self._root}/{folder}".rstrip("/")
        with self._errors("listed", f"{BESIDE}{folder}"):
            self._fs.invalidate_cache()  # other processes write too
            try:
                found = self._fs.find(root, detail=True)
            except FileNotFoundError:
                return {}
        return {path[len(root) :].lstrip("/"): details for path, details in found.items()}

    def _path(self, name: str) -> str:
        return f"{self._root}/{path_below(name)}"

    @contextmanager
    def _errors(self, what: str, name: str) -> Iterator[None]:
        try:
            yield
        except CsmError:
            raise
        except Exception as error:  # each kind of store has errors of its own
            raise CsmError(
                f"cannot be {what} ({first_line(error)})",
                where=self.where(name),
                remedy="check the address, the permissions and the network; the same command goes on",
            ) from error
