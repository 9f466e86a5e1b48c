"""Reader of OpenDocument texts (ODT): headings, lists, tables and notes as an HTML page."""

from __future__ import annotations

from collections import deque
from pathlib import Path
from typing import TYPE_CHECKING

from csm_cli.core.errors import ScriptError
from csm_cli.script.books import Book, ReadingOptions
from csm_cli.script.books.html.parts import words_of
from csm_cli.script.readers.archive import Archive
from csm_cli.script.readers.documents.odt_styles import OutlineNumbers, Styles, read_styles
from csm_cli.script.readers.documents.tree import (
    DUBLIN_CORE,
    MAX_DOCUMENT_BYTES,
    TITLE,
    TITLE_PAGE,
    Document,
    PageTree,
    attribute,
    finished,
)
from csm_cli.script.sources import ParseState, local_name, parse_xml, plain

if TYPE_CHECKING:
    from lxml.etree import _Element

_KIND = "an OpenDocument text (.odt)"
_SKIPPED = words_of(
    "note-citation sequence-decls variable-decls user-field-decls forms number list-level-style "
    "bibliography-source table-of-content-source alphabetical-index-source soft-page-break event-listeners"
)
_LEFT_OUT = {
    "tracked-changes": "deleted text",
    "annotation": "comments",
    "hidden-text": "hidden text",
    "hidden-paragraph": "hidden text",
    "text-box": "text box",
}
_CONTENTS = words_of(
    "table-of-content illustration-index table-index object-index user-index alphabetical-index bibliography"
)
_TAGS = {"table": "table", "table-row": "tr", "table-cell": "td", "ruby": "ruby", "ruby-text": "rt"}
_LEVELS = frozenset("123456")
_ENTERING = -1


def read_odt(path: Path, state: ParseState, options: ReadingOptions) -> Book:
    """Read an OpenDocument text. A place such as `book.odt:12` is its twelfth paragraph.

    Raises:
        ScriptError: the archive or a document in it cannot be read, or it has a password.
    """
    with Archive(path, _KIND) as archive:
        _check_password(archive)
        if "content.xml" not in archive:
            raise ScriptError([f"{path}: error: not {_KIND}: there is no content.xml in it"])

        def part(name: str) -> _Element | None:
            if name not in archive:
                return None
            return parse_xml(archive.read(name, MAX_DOCUMENT_BYTES), archive.place(name))

        content = parse_xml(archive.read("content.xml", MAX_DOCUMENT_BYTES), archive.place("content.xml"))
        styles = part("styles.xml")
        meta = part("meta.xml")
    walk = _Walk(str(path), read_styles(content, styles), OutlineNumbers(styles))
    body = content.find("{*}body/{*}text")
    if body is None:
        raise ScriptError([f"{path}: error: not an OpenDocument text, but another kind"])
    walk.read(body)
    for each in styles.iter("{*}header", "{*}footer") if styles is not None else ():
        walk.page.leave_out(f"page {local_name(each)}", 1, _text(each))
    found: dict[str, str] = {}
    for element in meta.iter() if meta is not None else ():
        if (key := DUBLIN_CORE.get(local_name(element))) and (text := plain("".join(element.itertext()))):
            found.setdefault(key, text)
        elif local_name(element) == "initial-creator":
            found["author"] = plain("".join(element.itertext()))
    found.setdefault("language", _language(styles))
    return finished(path, Document(walk.page, found), state, options)


def _language(styles: _Element | None) -> str:
    usual = styles.find("{*}styles/{*}default-style/{*}text-properties") if styles is not None else None
    if usual is None:
        return ""
    parts = (attribute(usual, "language"), attribute(usual, "country"))
    return "-".join(part for part in parts if part and part != "none")


def _check_password(archive: Archive) -> None:
    name = "META-INF/manifest.xml"
    if name in archive and any(
        True for _ in parse_xml(archive.read(name), archive.place(name)).iter("{*}encryption-data")
    ):
        raise ScriptError([f"{archive.path}: error: has a password; save it without one"])


class _Walk:
    """Traverses the document without recursion."""

    def __init__(self, place: str, styles: Styles, numbers: OutlineNumbers):
        self.page = PageTree(place)
        self._styles, self._numbers = styles, numbers
        self._row = 0
        self._notes: deque[tuple[_Element, str, str]] = deque()

    def read(self, body: _Element) -> None:
        """Add the content of the document, then its notes."""
        self._add(body)
        while self._notes:
            note, identity, kind = self._notes.popleft()
            self.page.start("aside", self._row, id=identity, role=f"doc-{kind}")
            self._add(note)
            self.page.end()

    def _add(self, root: _Element) -> None:
        stack: list[tuple[_Element, int]] = [(root, _ENTERING)]
        while stack:
            element, opened = stack.pop()
            if opened >= 0:
                self.page.end(opened)
                self.page.text(element.tail or "")
                continue
            name = local_name(element)
            opened = -1 if not name or name in _SKIPPED else self._open(element, name)
            if opened < 0:
                self.page.text(element.tail or "")
                continue
            self.page.text(element.text or "")
            stack.append((element, opened))
            stack += [(child, _ENTERING) for child in reversed(element)]

    def _open(self, element: _Element, name: str) -> int:
        """Add the beginning of an element; how many tags it opened, -1 if it is done with."""
        page = self.page
        if name in ("p", "h"):
            return self._paragraph(element, name)
        if what := _LEFT_OUT.get(name):
            page.leave_out(what, self._row, _text(element))
            return -1
        if name == "s" or name == "tab":
            page.text(" ")
        elif name == "line-break":
            page.add("br", "", self._row)
        elif name == "note":
            self._mark(element)
            return -1
        elif name == "image":
            page.add("img", "", self._row, alt=_description(element))
            return -1
        elif name == "bookmark" or name == "bookmark-start":
            page.add("a", "", self._row, id=attribute(element, "name"))
        elif name in _CONTENTS:
            page.start("nav", self._row, role="doc-toc")
            return 1
        elif name == "span":
            return self._span(element)
        elif tag := _TAGS.get(name):
            page.start(tag, self._row)
            return 1
        return 0

    def _paragraph(self, element: _Element, name: str) -> int:
        self._row += 1
        style = self._styles.find(attribute(element, "style-name"))
        if style.hidden:
            self.page.leave_out("hidden text", self._row, _text(element))
            return -1
        level = attribute(element, "outline-level") if name == "h" else ""
        if style.title:
            self.page.start("p", self._row, kind=TITLE if style.title == "title" else TITLE_PAGE)
        elif name == "h":
            self.page.start(f"h{level if level in _LEVELS else 6 if level else 1}", self._row)
            if attribute(element, "is-list-header") != "true":
                number = self._numbers.next(int(level) if level in _LEVELS else 0)
                self.page.text(f"{number} " if number else "")
        elif style.ruled and not _text(element).strip():
            self.page.add("hr", "", self._row)
            return -1
        else:
            self.page.start("p", self._row)
        return 1

    def _span(self, element: _Element) -> int:
        style = self._styles.find(attribute(element, "style-name"))
        if style.hidden:
            self.page.leave_out("hidden text", self._row, _text(element))
            return -1
        if style.raised:
            self.page.start("sup", self._row)
            return 1
        return 0

    def _mark(self, note: _Element) -> None:
        kind = "endnote" if attribute(note, "note-class") == "endnote" else "footnote"
        body = note.find("{*}note-body")
        if body is None:
            return
        identity = f"{kind}-{self._row}-{len(self._notes) + 1}"
        citation = note.find("{*}note-citation")
        label = "".join(citation.itertext()) if citation is not None else "*"
        self._notes.append((body, identity, kind))
        self.page.add("a", label, self._row, href=f"#{identity}", role="doc-noteref")


def _description(image: _Element) -> str:
    """The alternative text of an image, which its frame has."""
    frame = image.getparent()
    found = frame.find("{*}desc") if frame is not None else None
    return "".join(found.itertext()) if found is not None else ""


def _text(element: _Element) -> str:
    """All text of a part, its paragraphs parted by spaces."""
    pieces: list[str] = []
    for each in element.iter("{*}*"):
        if local_name(each) in ("p", "h", "s", "tab", "line-break"):
            pieces.append(" ")
        if each.text:
            pieces.append(each.text)
        if each is not element and each.tail:
            pieces.append(each.tail)
    return "".join(pieces)
