"""Reader of Word documents (DOCX): headings by their styles, tables and notes as an HTML page."""

from __future__ import annotations

import posixpath
from pathlib import Path
from typing import TYPE_CHECKING

from csm_cli.core.errors import ScriptError
from csm_cli.script.books import Book, ReadingOptions
from csm_cli.script.books.html.parts import words_of
from csm_cli.script.readers.archive import Archive
from csm_cli.script.readers.documents.docx_styles import Numbers, Styles, read_styles
from csm_cli.script.readers.documents.tree import (
    DUBLIN_CORE,
    MAX_DOCUMENT_BYTES,
    TITLE,
    TITLE_PAGE,
    Document,
    PageTree,
    attribute,
    finished,
    value_of,
)
from csm_cli.script.sources import ParseState, local_name, parse_xml, plain

if TYPE_CHECKING:
    from lxml.etree import _Element

_KIND = "a Word document (.docx)"
_OUTSIDE = (("header", "page header"), ("footer", "page footer"), ("comments", "comments"))
_SKIPPED = words_of("instrtext deltext delinstrtext sectpr ppr tblpr trpr tcpr rpr sdtpr tblgrid")
_DELETED = frozenset(["del", "movefrom"])
_PICTURES = frozenset(["drawing", "pict", "object"])
_NOTES = {"footnotereference": "footnote", "endnotereference": "endnote"}
_PARTS = {"tbl": "table", "tr": "tr", "tc": "td", "omath": "math", "ruby": "ruby", "rt": "rt"}
_SIGNS = {"tab": " ", "nobreakhyphen": "-", "ptab": " "}


def read_docx(path: Path, state: ParseState, options: ReadingOptions) -> Book:
    """Read a Word document. A place such as `book.docx:12` is its twelfth paragraph.

    Raises:
        ScriptError: the archive or a document in it cannot be read.
    """
    with Archive(path, _KIND) as archive:
        main = _main(archive)
        if main not in archive:
            raise ScriptError([f"{path}: error: not {_KIND}: there is no {main} in it"])
        folder = posixpath.dirname(main)

        def part(name: str) -> _Element | None:
            name = posixpath.join(folder, name)
            if name not in archive:
                return None
            return parse_xml(archive.read(name, MAX_DOCUMENT_BYTES), archive.place(name))

        styles = part("styles.xml")
        walk = _Walk(str(path), read_styles(styles), Numbers(part("numbering.xml")))
        walk.read(parse_xml(archive.read(main, MAX_DOCUMENT_BYTES), archive.place(main)))
        for kind in ("footnote", "endnote"):
            walk.add_notes(kind, part(f"{kind}s.xml"))
        for name in archive.names():
            bare = posixpath.basename(name)
            what = next((what for start, what in _OUTSIDE if bare.startswith(start)), "")
            if what and posixpath.dirname(name) == folder and bare.endswith(".xml"):
                walk.leave_out_part(what, part(bare))
        core = "docProps/core.xml"
        found = _core(parse_xml(archive.read(core), archive.place(core))) if core in archive else {}
        found.setdefault("language", _language(styles))
    return finished(path, Document(walk.page, found), state, options)


def _main(archive: Archive) -> str:
    """The name of the document in the archive."""
    relations = "_rels/.rels"
    if relations in archive:
        for element in parse_xml(archive.read(relations), archive.place(relations)).iter():
            if attribute(element, "Type").endswith("/officeDocument"):
                return attribute(element, "Target").lstrip("/")
    return "word/document.xml"


def _core(root: _Element) -> dict[str, str]:
    found: dict[str, str] = {}
    for element in root.iter():
        if (key := DUBLIN_CORE.get(local_name(element))) and (text := plain("".join(element.itertext()))):
            found.setdefault(key, text)
    return found


def _language(styles: _Element | None) -> str:
    usual = styles.find("{*}docDefaults/{*}rPrDefault/{*}rPr") if styles is not None else None
    return value_of(usual, "lang")


class _Walk:
    """Traverses the document without recursion."""

    def __init__(self, place: str, styles: Styles, numbers: Numbers):
        self.page = PageTree(place)
        self._styles, self._numbers = styles, numbers
        self._row = 0
        self._notes: dict[str, list[str]] = {"footnote": [], "endnote": []}
        self._initial = ""  # a drop cap, a paragraph of its own, waiting for its word

    def read(self, root: _Element) -> None:
        """Add the content of a document or a note."""
        stack: list[tuple[_Element, int]] = [(root, 0)]
        while stack:
            element, opened = stack.pop()
            if opened:
                self.page.end(opened)
                continue
            name = local_name(element)
            if not name or name in _SKIPPED:
                continue
            opened = self._open(element, name)
            if opened < 0:
                continue
            if opened:
                stack.append((element, opened))
            stack += [(child, 0) for child in reversed(_children(element, name))]
        if self._initial:
            self.page.add("p", self._initial, self._row)
            self._initial = ""

    def add_notes(self, kind: str, root: _Element | None) -> None:
        """Add the notes that the document refers to, in the order of its references."""
        notes = {attribute(note, "id"): note for note in root} if root is not None else {}
        for number in dict.fromkeys(self._notes[kind]):
            if number in notes:
                self.page.start("aside", self._row, id=f"{kind}-{number}", role=f"doc-{kind}")
                self.read(notes[number])
                self.page.end()

    def leave_out_part(self, what: str, root: _Element | None) -> None:
        """Note a page header, page footer or the comments, which are no part of the text."""
        if root is not None:
            self.page.leave_out(what, 1, _text(root))

    def _open(self, element: _Element, name: str) -> int:
        """Add the beginning of an element; how many tags it opened, -1 if it is done with."""
        page = self.page
        if name == "p":
            return self._paragraph(element)
        if name == "r" and (done := self._run(element)):
            return done if done > 0 else -1
        if name == "t":
            page.text(element.text or "")
        elif name in _SIGNS:
            page.text(_SIGNS[name])
        elif name in ("br", "cr"):
            if attribute(element, "type") not in ("page", "column"):
                page.add("br", "", self._row)
        elif name in _DELETED:
            page.leave_out("deleted text", self._row, _text(element))
            return -1
        elif name in _PICTURES:
            self._picture(element)
            return -1
        elif kind := _NOTES.get(name):
            number = attribute(element, "id")
            self._notes[kind].append(number)
            mark = str(len(self._notes[kind]))
            page.add("a", mark, self._row, href=f"#{kind}-{number}", role="doc-noteref")
        elif name == "sdt" and _is_contents(element):
            page.start("nav", self._row, role="doc-toc")
            return 1
        elif tag := _PARTS.get(name):
            page.start(tag, self._row)
            return 1
        return 0

    def _paragraph(self, element: _Element) -> int:
        self._row += 1
        properties = element.find("{*}pPr")
        style = self._styles.of_paragraph(properties)
        frame = properties.find("{*}framePr") if properties is not None else None
        if frame is not None and attribute(frame, "dropCap") not in ("", "none"):
            self._initial += _text(element).strip()
            return -1
        if style.contents:
            self.page.start("nav", self._row, role="doc-toc")
            self.page.start("p", self._row)
            return 2
        if properties is not None and properties.find("{*}pBdr") is not None and not _text(element).strip():
            self.page.add("hr", "", self._row)
            return -1
        if style.title:
            self.page.start("p", self._row, kind=TITLE if style.title == "title" else TITLE_PAGE)
        elif style.level:
            self.page.start(f"h{min(style.level, 6)}", self._row)
            if number := self._numbers.next(*self._styles.numbering(properties)):
                self.page.text(f"{number} ")
        else:
            self.page.start("p", self._row)
        self.page.text(self._initial)
        self._initial = ""
        return 1

    def _run(self, run: _Element) -> int:
        """-1: the run is hidden; 1: it is raised, and a tag is open; 0: neither."""
        properties = run.find("{*}rPr")
        if properties is None:
            return 0
        if self._styles.hidden(properties):
            self.page.leave_out("hidden text", self._row, _text(run))
            return -1
        raised = properties.find("{*}vertAlign")
        if raised is not None and attribute(raised, "val") == "superscript" and run.find("{*}t") is not None:
            self.page.start("sup", self._row)
            return 1
        return 0

    def _picture(self, element: _Element) -> None:
        if any(attribute(each, "hr") in ("t", "true", "1") for each in element.iter()):
            self.page.add("hr", "", self._row)
            return
        boxes = [box for box in element.iter("{*}txbxContent") if not _repeated(box, element)]
        for box in boxes:
            self.page.leave_out("text box", self._row, _text(box))
        if not boxes:
            alt = next((attribute(each, "descr") for each in element.iter("{*}docPr")), "")
            self.page.add("img", "", self._row, alt=alt)


def _children(element: _Element, name: str) -> list[_Element]:
    """The children; of alternatives for different programs the first."""
    if name == "alternatecontent":
        return list(element[:1])
    return list(element)


def _is_contents(element: _Element) -> bool:
    """Whether a part that Word keeps up to date is the table of contents."""
    kinds = element.iterfind("{*}sdtPr/{*}docPartObj/{*}docPartGallery")
    return any("table of contents" in attribute(kind, "val").lower() for kind in kinds)


def _repeated(box: _Element, top: _Element) -> bool:
    """Whether a text box is another one's copy for old programs."""
    for each in box.iterancestors():
        if each is top:
            break
        if local_name(each) == "fallback":
            return True
    return False


def _text(element: _Element) -> str:
    """All text of a part, its paragraphs parted by spaces."""
    pieces: list[str] = []
    for each in element.iter("{*}p", "{*}t", "{*}delText", "{*}tab", "{*}br"):
        pieces.append(each.text or "" if local_name(each) in ("t", "deltext") else " ")
    return "".join(pieces)
