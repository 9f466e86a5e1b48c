"""Reader of single HTML and XHTML pages."""

from __future__ import annotations

import codecs
import re
from pathlib import Path
from typing import TYPE_CHECKING

from csm_cli.core.errors import ScriptError
from csm_cli.script.books import Book, ReadingOptions
from csm_cli.script.books.html.parts import note_refused
from csm_cli.script.readers.documents.tree import Document, PageTree, attribute, finished, take_out
from csm_cli.script.sources import ParseState, local_name, parse_page, plain, read_bytes

if TYPE_CHECKING:
    from lxml.etree import _Element

_MARKS = {codecs.BOM_UTF8: "utf-8-sig", codecs.BOM_UTF16_LE: "utf-16", codecs.BOM_UTF16_BE: "utf-16"}
_DECLARED = re.compile(rb"""(?:charset|encoding)\s{0,9}=\s{0,9}["']?([\w.:-]{1,40})""", re.IGNORECASE)
_HEAD = 2048
_FRAME = re.compile(r"\*\*\* ?(START|END) OF (?:THE|THIS) PROJECT GUTENBERG", re.IGNORECASE)
_MOST_FRAME = 20_000
_GUTENBERG = re.compile(
    r"(?:the )?project gutenberg(?:['’]s)? e-?(?:book|text) of (?P<title>.{1,200}?)"
    r"(?:, by (?P<author>.{1,100}))?",
    re.IGNORECASE,
)
_META = {
    "author": "author",
    "dc.creator": "author",
    "dcterms.creator": "author",
    "dc.title": "title",
    "dcterms.title": "title",
    "dc.language": "language",
    "description": "description",
    "dc.publisher": "publisher",
}


_WESTERN = frozenset(["iso-8859-1", "iso8859-1", "latin-1", "latin1", "us-ascii", "ascii"])
"""Declared encodings that browsers read as Windows-1252."""


def read_html(path: Path, state: ParseState, options: ReadingOptions) -> Book:
    """Read a page. A place such as `book.html:12` is its row.

    Raises:
        ScriptError: it cannot be read or decoded, or is empty.
    """
    text = _text(read_bytes(path), state.encoding)
    # The mark tells the parsers the encoding, whatever the page declares.
    root = parse_page(codecs.BOM_UTF8 + text.encode(), str(path)) if text.strip() else None
    if root is None:
        raise ScriptError([f"{path}: error: nothing to speak: the page is empty"])
    note_refused(root, str(path), state.problems)
    page = PageTree(str(path), root)
    _take_out_frame(page)
    return finished(path, Document(page, _metadata(root)), state, options)


def _take_out_frame(page: PageTree) -> None:
    """Take out what Project Gutenberg's older pages have before and behind the book."""
    body = next((element for element in page.root.iter() if local_name(element) == "body"), page.root)
    parts = list(body)
    marks = [_FRAME.search("".join(part.itertext())[-_MOST_FRAME:]) for part in parts]
    start = next((n for n, mark in enumerate(marks) if mark and mark[1].upper() == "START"), -1)
    end = next(
        (n for n, mark in enumerate(marks) if mark and mark[1].upper() == "END" and n > start), len(parts)
    )
    for part in [*parts[: start + 1], *parts[end:]]:
        page.leave_out("licence", part.sourceline or 1, " ".join(part.itertext()))
        take_out(part)


def _text(data: bytes, default: str) -> str:
    """A page, decoded by the encoding that it declares, or else by `default`."""
    declared = _DECLARED.search(data[:_HEAD])
    encoding = declared[1].decode("ascii", "replace") if declared else default
    if encoding.lower().replace("_", "-") in _WESTERN:
        encoding = "cp1252"
    encoding = next((name for mark, name in _MARKS.items() if data.startswith(mark)), encoding)
    try:
        text = data.decode(encoding)
    except (UnicodeDecodeError, LookupError):  # as browsers do, which have to show something
        text = data.decode("utf-8" if encoding.lower() == "utf-8" and declared else "cp1252", "replace")
    return text.removeprefix("\ufeff")


def _metadata(root: _Element) -> dict[str, str]:
    found: dict[str, str] = {}
    title = ""
    for element in root.iter():
        name = local_name(element)
        if name == "body":
            break
        if name == "html":
            found["language"] = attribute(element, "lang")
        elif name == "title":
            title = title or plain("".join(element.itertext()))
        elif name == "meta" and (key := _META.get(element.get("name", "").lower())):
            found[key] = found.get(key) or plain(element.get("content", ""))
    if gutenberg := _GUTENBERG.fullmatch(title):
        title = gutenberg["title"]
        found.setdefault("author", gutenberg["author"] or "")
    found["title"] = found.get("title") or title
    return found
