"""An HTML tree that readers of documents build, and the book that it becomes."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from csm_cli.core.errors import ScriptError
from csm_cli.core.visible import REFUSED, left_out, without_refused
from csm_cli.script.books import Book, LeftOut, ReadingOptions, count_words
from csm_cli.script.books.chapters import book_from_page
from csm_cli.script.books.headings import bare, names_chapter
from csm_cli.script.formats import stem_of
from csm_cli.script.header import LANGUAGE, Header, default_header
from csm_cli.script.problems import Source
from csm_cli.script.sources import ParseState, local_name, plain

if TYPE_CHECKING:
    from lxml.etree import _Element

TITLE = "csm-title"
"""Class of what a document calls its title; of several, each begins a chapter."""
TITLE_PAGE = "csm-title-page"
"""Class of what else stands on a title page."""
DUBLIN_CORE = {"title": "title", "creator": "author", "language": "language", "description": "description"}
"""Elements of a document's properties, and the keys of its metadata."""
_MOST_ROW = 65_535
"""lxml keeps rows in 16 bits."""
_BEGINNING = 60
MAX_DOCUMENT_BYTES = 32 * 2**20
"""Of the XML of a document, unpacked."""
MAX_ELEMENTS = 1_000_000
"""Paragraphs and the like of a document."""
_HEADINGS = tuple(f"{{*}}h{level}" for level in range(1, 7))
_FEW_HEADINGS = 3
_IN_HEADER = ("title", "author", "language")


class PageTree:
    """A page under construction, and what of the document has no place in it.

    Args:
        place: of the document, for messages.
        root: of a page that is there already.
    """

    def __init__(self, place: str, root: _Element | None = None):
        from lxml import etree

        self._etree = etree
        self._place = place
        self.root = etree.Element("html") if root is None else root
        self._open = [etree.SubElement(self.root, "body") if root is None else root]
        self.left_out: list[LeftOut] = []
        self.refused = ""
        self._elements = 0

    def start(self, name: str, row: int, **attributes: str) -> _Element:
        """Open an element of the document's row `row` and return it; `kind` is its class."""
        self._elements += 1
        if self._elements > MAX_ELEMENTS:
            raise ScriptError([f"{self._place}: error: has more than {MAX_ELEMENTS} paragraphs and parts"])
        element = self._etree.SubElement(self._open[-1], name)
        element.sourceline = min(max(row, 1), _MOST_ROW)
        for key, value in attributes.items():
            element.set("class" if key == "kind" else key, plain(value))
        self._open.append(element)
        return element

    def end(self, number: int = 1) -> None:
        """Close the elements that were opened last."""
        del self._open[len(self._open) - number :]

    def add(self, name: str, text: str, row: int, **attributes: str) -> None:
        """Add a whole element."""
        self.start(name, row, **attributes)
        self.text(text)
        self.end()

    def text(self, text: str) -> None:
        """Add text to the open element. Control characters, which lxml refuses, become spaces."""
        if not text:
            return
        if REFUSED.search(text):
            self.refused += "".join(REFUSED.findall(text))
            text = without_refused(text, " ")
        element = self._open[-1]
        if len(element):
            element[-1].tail = (element[-1].tail or "") + text
        else:
            element.text = (element.text or "") + text

    def leave_out(self, what: str, row: int, text: str) -> None:
        """Note a part of the document that the page does not have; one without words is not worth it."""
        text = plain(text)
        if words := count_words(text):
            self.left_out.append(LeftOut(what, f"{self._place}:{row}", words, text[:_BEGINNING]))


def attribute(element: _Element, name: str) -> str:
    """The value of an attribute, whatever its namespace; "" if there is none."""
    for key, value in element.items():
        if key.rpartition("}")[2] == name:
            return value
    return ""


def value_of(element: _Element | None, name: str) -> str:
    """The `val` of the child called `name`, as properties have it in Word documents; "" if there is none."""
    child = element.find(f"{{*}}{name}") if element is not None else None
    return attribute(child, "val") if child is not None else ""


def take_out(element: _Element) -> None:
    """Take an element out of its page, but not the text behind it."""
    parent, before = element.getparent(), element.getprevious()
    if parent is None:
        return
    if before is not None:
        before.tail = without_refused((before.tail or "") + (element.tail or ""), " ")
    else:
        parent.text = without_refused((parent.text or "") + (element.tail or ""), " ")
    parent.remove(element)


@dataclass
class Document:
    """A document that has become a page.

    Args:
        page: its content.
        metadata: title, author, language and the keys of `METADATA`.
        cover: the cover image and its file name's ending, or None.
    """

    page: PageTree
    metadata: dict[str, str] = field(default_factory=dict)
    cover: tuple[bytes, str] | None = None


def finished(path: Path, document: Document, state: ParseState, options: ReadingOptions) -> Book:
    """The book that a document is.

    A single heading above all others is its title.
    """
    page = document.page
    if what := left_out(page.refused):
        state.problems.add(Source(str(path), 1, 1), what, "warning")
    _divide_by_titles(page.root)
    _mark_title(page.root, document.metadata.get("title", ""))
    titles = [element for element in page.root.iter("{*}p") if element.get("class") in (TITLE, TITLE_PAGE)]
    metadata = dict(document.metadata)
    if titles and not metadata.get("title"):
        metadata["title"] = plain("".join(titles[0].itertext()))
    if options.front_matter:
        for element in page.root.iter("{*}nav"):
            element.tag = "div"
    else:
        for element in titles:
            page.leave_out("title page", element.sourceline or 1, " ".join(element.itertext()))
            take_out(element)
    book = book_from_page(page.root, str(path), header_of(path, metadata, state), state, options)
    return with_left_out(book._replace(cover=document.cover), page.left_out)


def header_of(path: Path, metadata: dict[str, str], state: ParseState) -> Header:
    """The header of a script with the metadata of a document; empty values count as none."""
    header = default_header(str(path), state)
    title = metadata.get("title")
    header.title, header.untitled = title or stem_of(path), not title
    header.author = metadata.get("author", "")
    if LANGUAGE.fullmatch(metadata.get("language", "")):
        header.language = metadata["language"]
    header.metadata = {key: value for key, value in metadata.items() if value and key not in _IN_HEADER}
    return header


def _mark_title(root: _Element, title: str) -> None:
    """Mark the first heading as the book's title if it is the only one of the highest level.

    `title` is the title that is known, or "". A heading "by Somebody" behind it goes with it.
    """
    headings = list(root.iter(*_HEADINGS))
    names = [local_name(element) for element in headings]
    if len(headings) < _FEW_HEADINGS or names.count(min(names)) > 1 or names[0] != min(names):
        return
    text = plain("".join(headings[0].itertext()))
    if names_chapter(text) or (title and bare(text) not in bare(title)):
        return
    headings[0].tag = "p"
    headings[0].set("class", TITLE_PAGE)
    if "".join(headings[1].itertext()).strip().lower().startswith("by "):
        headings[1].tag = "p"
        headings[1].set("class", TITLE_PAGE)


def with_left_out(book: Book, left_out: list[LeftOut]) -> Book:
    """The book with further parts that are not in its script, which count as words of the source."""
    words = sum(each.words for each in left_out)
    return book._replace(left_out=(*book.left_out, *left_out), words=book.words + words)


def _divide_by_titles(root: _Element) -> None:
    """Make headings of titles if there are several; what follows a heading is on no title page."""
    titles = [element for element in root.iter("{*}p") if element.get("class") == TITLE]
    for element in titles if len(titles) > 1 else ():
        element.tag = "h1"
        del element.attrib["class"]
    inside = False
    for element in root.iter("{*}p", *_HEADINGS):
        inside = inside or local_name(element) != "p"
        if inside and element.get("class") in (TITLE, TITLE_PAGE):
            del element.attrib["class"]
