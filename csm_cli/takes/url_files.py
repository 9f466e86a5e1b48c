"""A store's files behind a URL, by fsspec: S3 and its like, Google's and Azure's stores, SFTP, HDFS, ….

Object stores show a file when all of it is there. Elsewhere it is written under another name and moved.
"""

from __future__ import annotations

import uuid
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from csm_cli.core.errors import CsmError, MissingError, UsageError, first_line
from csm_cli.takes.files import BESIDE, LENGTH_OF_SHARD, Seen
from csm_cli.takes.place import Url

WHOLE = frozenset(
    ["s3", "s3a", "gs", "gcs", "abfs", "abfss", "az", "adl", "oss", "oci", "cos", "obs", "tos", "memory"]
)
"""Protocols under which nobody sees a file before all of it is there."""
MARKS = (
    "ETag",
    "etag",
    "md5Hash",
    "content_md5",
    "mtime",
    "LastModified",
    "last_modified",
    "updated",
    "created",
)
"""What listings call that by which a file is known to have changed."""


class UrlFiles:
    """Files behind a URL, spread over sub-folders as in a folder.

    Raises:
        MissingError: fsspec lacks a package for this kind of URL.
        UsageError: fsspec knows no such kind.
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
        self._whole = bool(protocols & WHOLE)

    def read(self, name: str) -> bytes | None:
        """All of a file; None if there is none.

        Raises:
            CsmError: it may be there, but it cannot be read now. To speak it again would be the wrong answer.
        """
        with self._told("read", name):
            try:
                return bytes(self._fs.cat_file(self._path(name)))
            except FileNotFoundError:
                return None

    def write(self, name: str, data: bytes, sync: bool = True) -> None:
        path = self._path(name)
        with self._told("written", name):
            if self._whole:
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
        with self._told("removed", name):
            try:
                self._fs.rm_file(self._path(name))
            except FileNotFoundError:
                return

    def seen(self, suffix: str) -> Iterator[Seen]:
        """All files of takes that end in `suffix`.

        Raises:
            CsmError: they cannot be listed. A store that is not begun yet is empty.
        """
        for path, told in self._listed("").items():
            shard, _, name = path.rpartition("/")
            if len(shard) == LENGTH_OF_SHARD and name.endswith(suffix) and not name.startswith("."):
                mark = repr([str(told[each]) for each in MARKS if told.get(each) is not None])
                yield Seen(name, int(told.get("size") or 0), zlib.crc32(mark.encode()))

    def beside(self, folder: str) -> list[str]:
        return sorted(path for path in self._listed(folder) if "/" not in path)

    def where(self, name: str) -> str:
        return f"{self._url}/{self._inside(name)}"

    def check(self) -> None:
        probe = f"{BESIDE}.probe-{uuid.uuid4().hex}"
        self.write(probe, b"take")
        self.remove(probe)

    def _listed(self, folder: str) -> dict[str, dict[str, Any]]:
        """What a listing tells of all files below a folder, by their path in it."""
        root = f"{self._root}/{folder}".rstrip("/")
        with self._told("listed", f"{BESIDE}{folder}"):
            self._fs.invalidate_cache()  # other processes write too
            try:
                found = self._fs.find(root, detail=True)
            except FileNotFoundError:
                return {}
        return {path[len(root) :].lstrip("/"): told for path, told in found.items()}

    def _path(self, name: str) -> str:
        return f"{self._root}/{self._inside(name)}"

    def _inside(self, name: str) -> str:
        return name.removeprefix(BESIDE) if "/" in name else f"{name[:LENGTH_OF_SHARD]}/{name}"

    @contextmanager
    def _told(self, what: str, name: str) -> Iterator[None]:
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
