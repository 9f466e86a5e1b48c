"""Reader of FictionBook 2 (FB2, also zipped): sections, poems and notes as an HTML page."""

from __future__ import annotations

import base64
import binascii
from pathlib import Path
from typing import TYPE_CHECKING

from csm_cli.core.errors import ScriptError
from csm_cli.script.books import Book, ReadingOptions
from csm_cli.script.readers.archive import MAX_COVER_BYTES, Archive
from csm_cli.script.readers.documents.tree import (
    MAX_DOCUMENT_BYTES,
    TITLE_PAGE,
    Document,
    PageTree,
    attribute,
    finished,
)
from csm_cli.script.sources import ParseState, local_name, parse_xml, plain, read_bytes

if TYPE_CHECKING:
    from lxml.etree import _Element

_BLOCKS = {
    "p": "p",
    "v": "p",
    "subtitle": "p",
    "text-author": "p",
    "date": "p",
    "cite": "blockquote",
    "epigraph": "blockquote",
    "annotation": "blockquote",
    "table": "table",
    "tr": "tr",
    "td": "td",
    "th": "th",
    "sup": "sup",
    "code": "code",
}
_ENTERING = -1
_MOST_MARK = 5
_CHAPTERS = 3
"""Sections that are nested deeper are no chapters."""
_NOTE_BODIES = ("notes", "comments", "footnotes")
_INFO = {"book-title": "title", "lang": "language", "annotation": "description"}
_PUBLISHED = {"publisher": "publisher", "year": "date", "isbn": "identifier"}
_SIGNATURES = {b"\xff\xd8\xff": ".jpg", b"\x89PNG\r\n\x1a\n": ".png"}


def read_fb2(path: Path, state: ParseState, options: ReadingOptions) -> Book:
    """Read an FB2, or a zip archive with one in it. A place such as `book.fb2:12` is its row.

    Raises:
        ScriptError: it cannot be read or is not well-formed.
    """
    root = parse_xml(_content(path), str(path))
    if local_name(root) != "fictionbook":
        raise ScriptError([f"{path}: error: not an FB2: its root is {local_name(root)!r}"])
    walk = _Walk(str(path))
    for body in root.iterchildren("{*}body"):
        walk.read(body)
    return finished(path, Document(walk.page, _metadata(root), _cover(root)), state, options)


def _content(path: Path) -> bytes:
    if not path.name.lower().endswith((".zip", ".fbz")):
        return read_bytes(path, MAX_DOCUMENT_BYTES)
    with Archive(path, "a zipped FB2") as archive:
        names = [name for name in archive.names() if name.lower().endswith(".fb2")]
        if len(names) != 1:
            raise ScriptError([f"{path}: error: holds {len(names)} .fb2 files; there must be one"])
        return archive.read(names[0], MAX_DOCUMENT_BYTES)


def _metadata(root: _Element) -> dict[str, str]:
    found: dict[str, str] = {}
    for part, keys in (("title-info", _INFO), ("publish-info", _PUBLISHED)):
        info = root.find(f"{{*}}description/{{*}}{part}")
        for element in info if info is not None else ():
            name = local_name(element)
            text = plain(" ".join(element.itertext()))
            if key := keys.get(name):
                found.setdefault(key, text)
            elif name in ("author", "translator"):
                names = {local_name(each): plain("".join(each.itertext())) for each in element}
                parts = [names.get(f"{each}-name", "") for each in ("first", "middle", "last")]
                person = " ".join(filter(None, parts)) or names.get("nickname", "")
                found[name] = ", ".join(filter(None, [found.get(name, ""), person]))
            elif name == "sequence":
                found.setdefault("series", attribute(element, "name"))
    return found


def _cover(root: _Element) -> tuple[bytes, str] | None:
    image = root.find("{*}description/{*}title-info/{*}coverpage/{*}image")
    name = attribute(image, "href").removeprefix("#") if image is not None else ""
    for binary in root.iterchildren("{*}binary"):
        if name and attribute(binary, "id") == name and len(binary.text or "") <= MAX_COVER_BYTES * 3 // 2:
            try:
                data = base64.b64decode(binary.text or "")
            except (binascii.Error, ValueError):  # the book is usable without its cover
                return None
            return next(((data, end) for mark, end in _SIGNATURES.items() if data.startswith(mark)), None)
    return None


class _Walk:
    """Traverses the bodies without recursion."""

    def __init__(self, place: str):
        self.page = PageTree(place)
        self._depth = 0  # of sections
        self._notes = False

    def read(self, body: _Element) -> None:
        """Add a body, or its notes."""
        self._notes = attribute(body, "name").lower() in _NOTE_BODIES
        stack: list[tuple[_Element, int]] = [(body, _ENTERING)]
        while stack:
            element, opened = stack.pop()
            name = local_name(element)
            if opened >= 0:
                self.page.end(opened)
                self._depth -= name == "section"
                self.page.text(element.tail or "")
                continue
            opened = self._open(element, name) if name else -1
            if opened < 0:
                self.page.text(element.tail or "")
                continue
            self.page.text(element.text or "")
            stack.append((element, opened))
            stack += [(child, _ENTERING) for child in reversed(element)]

    def _open(self, element: _Element, name: str) -> int:
        """Add the beginning of an element; how many tags it opened, -1 if it is done with."""
        page, row = self.page, element.sourceline or 1
        identity = attribute(element, "id")
        named = {"id": identity} if identity else {}
        if name == "section":
            self._depth += 1
            if self._notes:
                page.start("aside", row, role="doc-footnote", **named)
            else:
                page.start("section", row, **named)
            return 1
        if name == "title":
            return self._title(element, row)
        if name == "image":
            page.add("img", "", row, alt=attribute(element, "alt"), src=attribute(element, "href"))
            return -1
        if name == "a":
            role = {"role": "doc-noteref"} if attribute(element, "type") == "note" else {}
            page.start("a", row, href=attribute(element, "href"), **role)
            return 1
        if name == "subtitle" and any(map(str.isalnum, "".join(element.itertext()))):
            page.start("h6", row, **named)
            return 1
        if name == "p" and self._is_heading(element):
            page.start("h1" if self._depth <= _CHAPTERS else "h5", row)
            return 1
        if tag := _BLOCKS.get(name):
            page.start(tag, row, **named)
            return 1
        return 0

    def _title(self, title: _Element, row: int) -> int:
        """Leave out the title of the book and the number of a note; other titles are read: 0 and -1."""
        parent = title.getparent()
        text = plain(" ".join(title.itertext()))
        if parent is not None and local_name(parent) == "body":
            if self._notes:
                self.page.leave_out("notes", row, text)
            else:
                self.page.add("p", text, row, kind=TITLE_PAGE)
            return -1
        if self._notes and len(text) <= _MOST_MARK:
            self.page.leave_out("numbers of notes", row, text)
            return -1
        return 0

    def _is_heading(self, paragraph: _Element) -> bool:
        """Whether a paragraph is a row of a section's title."""
        title = paragraph.getparent()
        return title is not None and local_name(title) == "title" and not self._notes
