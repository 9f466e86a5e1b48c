"""From the HTML tree of a converted document to a book: title, author, cover and headings."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from csm_cli.script.books import Book, LeftOut, ReadingOptions
from csm_cli.script.chapters import book_from_page
from csm_cli.script.formats import stem_of
from csm_cli.script.header import LANGUAGE, Header, default_header
from csm_cli.script.readers.text_headings import names_chapter
from csm_cli.script.readers.tree import TITLE, TITLE_PAGE, PageTree, take_out
from csm_cli.script.sources import ParseState, local_name, plain

if TYPE_CHECKING:
    from lxml.etree import _Element

_HEADINGS = tuple(f"{{*}}h{level}" for level in range(1, 7))
_FEW_HEADINGS = 3
_IN_HEADER = ("title", "author", "language")


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
    if names_chapter(text) or (title and _bare(text) not in _bare(title)):
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


def _bare(text: str) -> str:
    return "".join(char for char in text.casefold() if char.isalnum())
