"""The container of an EPUB (OCF): limits on sizes, and files found by their names.

Nothing is unpacked to disk.
"""

from __future__ import annotations

import posixpath
import struct
import unicodedata
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path

from csm_cli.core.data import open_zip
from csm_cli.core.errors import ScriptError
from csm_cli.core.reading import open_file
from csm_cli.script.sources import local_name, parse_xml

MAX_ARCHIVE_BYTES = 512 * 2**20
MAX_ENTRIES = 20_000
MAX_PAGE_BYTES = 16 * 2**20
MAX_COVER_BYTES = 32 * 2**20
MAX_TEXT_BYTES = 64 * 2**20
MAX_RATIO, MAX_SMALL_BYTES = 100, 2**20
"""How many times larger a file may become, if it is larger than that: text is packed to a fifth."""
_OBFUSCATED_FONTS = ("http://www.idpf.org/2008/embedding", "http://ns.adobe.com/pdf/enc#RC")


class Archive:
    """An opened EPUB or other document in a zip archive. A context manager.

    Args:
        path: of the file.
        kind: what the file should be, for messages.

    Raises:
        ScriptError: it is no zip archive, or too large.
    """

    def __init__(self, path: Path, kind: str = "an EPUB"):
        self.path = path
        try:
            self._file = open_file(path)
            self._zip = open_zip(self._file, MAX_ENTRIES)
            self._names = {info.filename: info for info in self._zip.infolist()}
        except FileNotFoundError:
            raise ScriptError([f"{path}: error: no such file"]) from None
        except IsADirectoryError:
            raise ScriptError([f"{path}: error: this is a folder, not a book"]) from None
        except OSError as fault:
            raise ScriptError([f"{path}: error: cannot be read: {fault.strerror or fault}"]) from None
        except (zipfile.BadZipFile, ValueError, NotImplementedError, IndexError) as fault:
            raise ScriptError([f"{path}: error: not {kind}: {fault}"]) from None
        if len(self._names) > MAX_ENTRIES:
            self._refuse(f"has {len(self._names)} files in it; {MAX_ENTRIES} are the most")
        if sum(info.file_size for info in self._names.values()) > MAX_ARCHIVE_BYTES:
            self._refuse(f"unpacks to more than {MAX_ARCHIVE_BYTES >> 20} MiB")
        self._left = MAX_TEXT_BYTES
        self._keys: dict[str, str] = {}
        self._files: dict[str, list[str]] = {}
        for info in self._names.values():
            for name in _other_names(info):
                key = _key(name)
                if ".." not in key.split("/") and self._keys.setdefault(key, info.filename) == info.filename:
                    self._files.setdefault(key.rpartition("/")[2], []).append(info.filename)
        self._check_protection()

    def __enter__(self) -> Archive:
        return self

    def __exit__(self, *_: object) -> None:
        self._zip.close()
        self._file.close()

    def __contains__(self, name: str) -> bool:
        return name in self._names

    def place(self, name: str) -> str:
        """Path of a file in the archive, for messages."""
        return f"{self.path}/{name}"

    def read(self, name: str, most: int = MAX_PAGE_BYTES) -> bytes:
        """The content of a file in the archive.

        Raises:
            ScriptError: it is missing, damaged, encrypted, or unpacks to more than `most` bytes.
        """
        if name not in self._names:
            self._refuse(f"names {name!r}, which is not in it")
        info = self._names[name]
        if info.file_size > most:
            self._refuse(f"{name!r} unpacks to more than {most >> 20} MiB")
        if info.file_size > MAX_SMALL_BYTES and info.file_size > MAX_RATIO * info.compress_size:
            self._refuse(f"{name!r} unpacks to more than {MAX_RATIO} times its size; no text does")
        if info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
            self._refuse(f"{name!r} is packed in a way that e-books do not use")
        try:
            with self._zip.open(name) as file:
                data = file.read(most + 1)  # no more than its header states, whatever is packed there
        except (
            zipfile.BadZipFile,
            RuntimeError,
            NotImplementedError,
            OSError,
            EOFError,
            zlib.error,
            struct.error,
            ValueError,
            IndexError,
        ) as fault:
            raise ScriptError([f"{self.place(name)}: error: cannot be read: {fault}"]) from None
        self._left -= len(data)
        if len(data) > most or self._left < 0:
            self._refuse(f"{name!r} unpacks to more than {most >> 20} MiB")
        return data

    def find(self, path: str) -> str:
        """The name in the archive that a path means; "" if there is none.

        Case, slashes, forms of Unicode and `./` need not be the same; else a file elsewhere in the archive is
        found by a name that only one has.
        """
        key = _key(path)
        if ".." in path.replace("\\", "/").split("/"):
            return ""
        if path in self._names:
            return path
        if key in self._keys:
            return self._keys[key]
        there = self._files.get(key.rpartition("/")[2], [])
        return there[0] if len(there) == 1 else ""

    def names(self) -> list[str]:
        """The names of all files in it."""
        return list(self._names)

    def _check_protection(self) -> None:
        name = "META-INF/encryption.xml"
        if name not in self._names:
            return
        for element in parse_xml(self.read(name), self.place(name)).iter():
            method = element.get("Algorithm") if local_name(element) == "encryptionmethod" else None
            if method and method not in _OBFUSCATED_FONTS:
                self._refuse("is protected against reading (DRM); only an unprotected copy can be read")

    def _refuse(self, what: str) -> None:
        raise ScriptError([f"{self.path}: error: {what}"])


def _key(name: str) -> str:
    """A name in a form in which others that mean the same are equal."""
    path = posixpath.normpath(name.replace("\\", "/")).lstrip("/")
    return unicodedata.normalize("NFC", path).casefold()


def _other_names(info: zipfile.ZipInfo) -> Iterator[str]:
    """The name of a file, and what it is in UTF-8 if the archive does not say that it is."""
    yield info.filename
    if not info.flag_bits & 0x800 and not info.filename.isascii():
        try:
            yield info.filename.encode("cp437").decode("utf-8")
        except UnicodeError:
            return
