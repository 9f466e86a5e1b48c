"""The container of an EPUB (OCF): size limits, metadata, reading order and table of contents.

Nothing is unpacked to disk.
"""

from __future__ import annotations

import posixpath
import zipfile
import zlib
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urldefrag

from csm_cli.core.errors import ScriptError
from csm_cli.script.pages import epub_type
from csm_cli.script.sources import local_name, parse_page, parse_xml, plain

if TYPE_CHECKING:
    from lxml.etree import _Element

MAX_ARCHIVE_BYTES = 512 * 2**20
MAX_ENTRIES = 20_000
MAX_PAGE_BYTES = 16 * 2**20
MAX_COVER_BYTES = 32 * 2**20
MAX_TEXT_BYTES = 64 * 2**20
_OBFUSCATED_FONTS = ("http://www.idpf.org/2008/embedding", "http://ns.adobe.com/pdf/enc#RC")
_OPF = "{http://www.idpf.org/2007/opf}"


@dataclass
class Manifest:
    """The package document (OPF) of an EPUB.

    Args:
        metadata: the first value of each Dublin Core element, by its name: title, creator, language.
        pages: paths of the spine, in reading order.
        contents: (path, fragment, label) of the table of contents, nested entries included.
        kinds: types such as "cover" or "copyright-page" by path, of landmarks (EPUB 3) or guide (EPUB 2).
        cover: path of the cover image, or "".
    """

    metadata: dict[str, str] = field(default_factory=dict)
    pages: list[str] = field(default_factory=list)
    contents: list[tuple[str, str, str]] = field(default_factory=list)
    kinds: dict[str, str] = field(default_factory=dict)
    cover: str = ""


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
            self._zip = zipfile.ZipFile(path)
            self._names = {info.filename: info for info in self._zip.infolist()}
        except FileNotFoundError:
            raise ScriptError([f"{path}: error: no such file"]) from None
        except IsADirectoryError:
            raise ScriptError([f"{path}: error: this is a folder, not a book"]) from None
        except (OSError, zipfile.BadZipFile, ValueError, NotImplementedError, IndexError) as fault:
            raise ScriptError([f"{path}: error: not {kind}: {fault}"]) from None
        if len(self._names) > MAX_ENTRIES:
            self._refuse(f"has {len(self._names)} files in it; {MAX_ENTRIES} are the most")
        if sum(info.file_size for info in self._names.values()) > MAX_ARCHIVE_BYTES:
            self._refuse(f"unpacks to more than {MAX_ARCHIVE_BYTES >> 20} MiB")
        self._left = MAX_TEXT_BYTES

    def __enter__(self) -> Archive:
        return self

    def __exit__(self, *_: object) -> None:
        self._zip.close()

    def __contains__(self, name: str) -> bool:
        return name in self._names

    @property
    def names(self) -> list[str]:
        """The names of all files in the archive."""
        return list(self._names)

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
        if self._names[name].compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
            self._refuse(f"{name!r} is packed in a way that e-books do not use")
        try:
            with self._zip.open(name) as file:
                data = file.read(most + 1)
        except (
            zipfile.BadZipFile,
            RuntimeError,
            NotImplementedError,
            OSError,
            EOFError,
            zlib.error,
        ) as fault:
            raise ScriptError([f"{self.place(name)}: error: cannot be read: {fault}"]) from None
        self._left -= len(data)
        if len(data) > most or self._left < 0:
            self._refuse(f"{name!r} unpacks to more than {most >> 20} MiB")
        return data

    def manifest(self) -> Manifest:
        """Parse the package document and the table of contents.

        Raises:
            ScriptError: they are missing or not well-formed, or the book has DRM.
        """
        self._check_protection()
        container = parse_xml(self.read("META-INF/container.xml"), self.place("META-INF/container.xml"))
        package = next(
            (unquote(e.get("full-path", "")) for e in container.iter() if local_name(e) == "rootfile"), ""
        )
        root = parse_xml(self.read(package), self.place(package))
        return _Package(self, posixpath.dirname(package), root).read()

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


class _Package:
    """The package document (OPF), versions 2 and 3."""

    def __init__(self, archive: Archive, folder: str, root: _Element):
        self.archive, self.folder, self.root = archive, folder, root
        self.items: dict[str, Any] = {}
        self.found = Manifest()

    def read(self) -> Manifest:
        found = self.found
        spine: list[str] = []
        toc = cover = ""
        for element in self.root.iter():
            name = local_name(element)
            if name == "item":
                self.items[element.get("id", "")] = element
            elif name == "itemref" and element.get("linear") != "no":
                spine.append(element.get("idref", ""))
            elif name == "spine":
                toc = element.get("toc", "")
            elif name == "reference":
                path, _ = self.resolve(element.get("href", ""))
                found.kinds.setdefault(path, (element.get("type") or "").lower())
            elif name == "meta" and element.get("name") == "cover":
                cover = element.get("content", "")
            elif isinstance(element.tag, str) and element.tag.startswith("{http://purl.org/dc/"):
                text = plain("".join(element.itertext()))
                if text:
                    found.metadata.setdefault(name, text)
        found.pages = [self.path_of(idref) for idref in dict.fromkeys(spine) if idref in self.items]
        navigation = ""
        for identity, item in self.items.items():
            properties = (item.get("properties") or "").split()
            if "nav" in properties:
                navigation = self.path_of(identity)
            if "cover-image" in properties:
                cover = identity
        if cover in self.items:
            found.cover = self.path_of(cover)
        if navigation:
            self._read_navigation(navigation)
            found.kinds.setdefault(navigation, "toc")
        if not found.contents and toc in self.items:
            self._read_ncx(self.path_of(toc))
        return found

    def path_of(self, identity: str) -> str:
        return self.resolve(self.items[identity].get("href", ""))[0]

    def resolve(self, href: str, folder: str | None = None) -> tuple[str, str]:
        """The path in the archive and the fragment of a link."""
        bare, fragment = urldefrag(href)
        base = self.folder if folder is None else folder
        return posixpath.normpath(posixpath.join(base, unquote(bare))), unquote(fragment)

    def _read_navigation(self, path: str) -> None:
        root = parse_page(self.archive.read(path), self.archive.place(path))
        if root is None:
            return
        for nav in (element for element in root.iter() if local_name(element) == "nav"):
            kind = epub_type(nav)
            links = [link for link in nav.iter() if local_name(link) == "a" and link.get("href")]
            for link in links:
                target, fragment = self.resolve(link.get("href", ""), posixpath.dirname(path))
                label = plain("".join(link.itertext()))
                if "toc" in kind and label:
                    self.found.contents.append((target, fragment, label))
                elif "landmarks" in kind:
                    self.found.kinds.setdefault(target, " ".join(epub_type(link)))

    def _read_ncx(self, path: str) -> None:
        root = parse_xml(self.archive.read(path), self.archive.place(path))
        for point in (element for element in root.iter() if local_name(element) == "navpoint"):
            label = href = ""
            for child in point:
                if local_name(child) == "navlabel":
                    label = plain("".join(child.itertext()))
                elif local_name(child) == "content":
                    href = child.get("src", "")
            if label and href:
                self.found.contents.append((*self.resolve(href, posixpath.dirname(path)), label))
