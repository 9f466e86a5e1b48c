"""Paragraphs and headings of a PDF, rebuilt from its rows as an HTML page."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from typing import NamedTuple

from csm_cli.script.readers.pdf_rows import Row, body_size, margin_rows
from csm_cli.script.readers.pdf_shape import Shape, blocks_of, shape_of
from csm_cli.script.readers.text import HEADING
from csm_cli.script.readers.tree import PageTree

_LARGE = 1.15
_MOST_HEADING = 200
_MOST_BOLD_HEADING = 80
_LEVELS = 4
_TITLE_PAGES, _MOST_TITLE_WORDS = 3, 60
_CONTENTS = frozenset(["contents", "tableofcontents", "listofchapters"])
_ENTRY = re.compile(r".*[\s.…]\s*(?:[0-9]{1,4}|[ivxlc]{1,6})", re.DOTALL)
_MARK = re.compile(r"[0-9]{1,3}|[*†‡]{1,3}")
_SMALL = 0.92
_HYPHENS = "-\u2010\u00ad"
_WORD = re.compile(r"[^\W\d_]+(?:[-\u2010][^\W\d_]+)*")
_LAST_PART = re.compile(r"[^\W\d_]+[-\u2010\u00ad]$")
_FIRST_PART = re.compile(r"[^\W\d_]+")


class Bookmark(NamedTuple):
    """An entry of a PDF's outline; `depth` counts from 1."""

    title: str
    page: int
    depth: int


def page_of_rows(pages: Sequence[Sequence[Row]], bookmarks: Sequence[Bookmark], place: str) -> PageTree:
    """The HTML page of a PDF.

    Args:
        pages: rows of each page, in the order of the file.
        bookmarks: the outline.
        place: of the file, for messages.
    """
    tree = PageTree(place)
    body = body_size(pages)
    margins = margin_rows(pages, body)
    for row, what in margins.items():
        tree.leave_out(what, row.page, row.text)
    kept = [[row for row in page if row not in margins] for page in pages]
    shape = shape_of(kept, body)
    blocks = blocks_of(kept, shape)
    words = Counter(word.lower() for page in kept for row in page for word in _WORD.findall(row.text))
    _Writer(tree, shape, words, _contents_pages(kept)).write(blocks, _Headings(blocks, bookmarks, kept, body))
    return tree


def _contents_pages(pages: Sequence[Sequence[Row]]) -> frozenset[int]:
    """The numbers of pages with a table of contents."""
    found: set[int] = set()
    for page in pages:
        entries = sum(bool(_ENTRY.fullmatch(row.text)) for row in page)
        begins = any(_bare(row.text) in _CONTENTS for row in page[:4])
        if page and ((begins and entries > 1) or (page[0].page - 1 in found and entries * 10 > len(page) * 6)):
            found.add(page[0].page)
    return frozenset(found)


class _Headings:
    """Which blocks are headings, by the outline, else by their size."""

    def __init__(
        self,
        blocks: Sequence[Sequence[Row]],
        bookmarks: Sequence[Bookmark],
        pages: Sequence[Sequence[Row]],
        body: float,
    ):
        self._body = body
        self._marked = _matched(blocks, bookmarks)
        sizes = sorted({block[0].size for block in blocks if self._is_large(block)}, reverse=True)
        self._level = {size: min(number, _LEVELS) for number, size in enumerate(sizes, 1)}
        self._title_pages = frozenset(
            page[0].page
            for page in pages[:_TITLE_PAGES]
            if page
            and sum(len(row.text.split()) for row in page) < _MOST_TITLE_WORDS
            and any(row.size >= _LARGE * body for row in page)
            and not any(HEADING.fullmatch(row.text) for row in page)
        )
        self._last_page = len(pages)

    def level(self, number: int, block: Sequence[Row]) -> int:
        """The level of block `number`, from 1; 0: it is no heading."""
        if number in self._marked:
            return self._marked[number]
        if self._is_large(block):
            return 6 if self._marked else self._level[block[0].size]
        text = " ".join(row.text for row in block)
        if len(text) > _MOST_BOLD_HEADING:
            return 0
        if HEADING.fullmatch(text) and text[-1:] not in ",;" and len(block) <= 2:
            return 6 if self._marked else _LEVELS
        return 6 if block[0].bold and all(row.bold for row in block) and text[-1:] not in ".,;" else 0

    def on_title_page(self, block: Sequence[Row]) -> bool:
        """Whether a block is on a title page."""
        return block[0].page in self._title_pages and self._last_page > 1

    def _is_large(self, block: Sequence[Row]) -> bool:
        text = " ".join(row.text for row in block)
        return block[0].size >= _LARGE * self._body and len(text) <= _MOST_HEADING and any(map(str.isalnum, text))


def _matched(blocks: Sequence[Sequence[Row]], bookmarks: Sequence[Bookmark]) -> dict[int, int]:
    """Levels of blocks that the outline names, by their number; none if it names fewer than two."""
    on_page: dict[int, list[int]] = {}
    for number, block in enumerate(blocks):
        on_page.setdefault(block[0].page, []).append(number)
    found: dict[int, int] = {}
    for bookmark in bookmarks:
        title = _bare(bookmark.title)
        for number in on_page.get(bookmark.page, ()):
            text = _bare(" ".join(row.text for row in blocks[number]))
            if number not in found and text and (text == title or (len(text) > 2 and text in title)):
                found[number] = min(bookmark.depth, 5)
                if title.endswith(text):
                    break
    return found if len(found) > 1 else {}


class _Writer:
    """Adds blocks to a page."""

    def __init__(self, tree: PageTree, shape: Shape, words: Counter[str], contents: frozenset[int]):
        self._tree, self._shape, self._words, self._contents = tree, shape, words, contents
        self._notes: dict[tuple[int, str], int] = {}

    def write(self, blocks: Sequence[Sequence[Row]], headings: _Headings) -> None:
        """Add all blocks."""
        notes = {number for number, block in enumerate(blocks) if self._is_note(blocks, number)}
        for number in notes:
            found = _MARK.match(blocks[number][0].text)
            assert found is not None
            self._notes[blocks[number][0].page, found[0]] = number
        for number, block in enumerate(blocks):
            row = block[0].page
            if row in self._contents:
                self._tree.start("nav", row, role="doc-toc")
                self._tree.start("p", row)
            elif number in notes:
                self._tree.start("aside", row, id=f"note-{number}", role="doc-footnote")
                self._tree.start("p", row)
            elif headings.on_title_page(block):
                self._tree.start("p", row, role="doc-title")
            elif level := headings.level(number, block):
                self._tree.start(f"h{level}", row)
            else:
                self._tree.start("p", row)
            self._add_rows(block)
            self._tree.end(2 if row in self._contents or number in notes else 1)

    def _is_note(self, blocks: Sequence[Sequence[Row]], number: int) -> bool:
        """Whether a block is a footnote: small, with a mark, and nothing of the usual size below it."""
        block = blocks[number]
        first = block[0]
        if first.size > _SMALL * self._shape.body or not _MARK.match(first.text):
            return False
        for later in blocks[number + 1 :]:
            if later[0].page != first.page:
                return True
            if later[0].size > _SMALL * self._shape.body:
                return False
        return True

    def _add_rows(self, block: Sequence[Row]) -> None:
        for index, row in enumerate(block):
            following = block[index + 1].text if index + 1 < len(block) else ""
            for position, piece in enumerate(row.pieces):
                last = position == len(row.pieces) - 1
                text = self._joined(piece.text.rstrip(), following) if last else piece.text
                self._add_piece(row, text, piece.raised and index + position > 0)

    def _add_piece(self, row: Row, text: str, raised: bool) -> None:
        mark = text.strip()
        if not raised:
            self._tree.text(text)
        elif (note := self._notes.get((row.page, mark))) is not None:
            self._tree.add("a", mark, row.page, href=f"#note-{note}", role="doc-noteref")
            self._tree.text(text[len(text.rstrip()) :])
        else:
            self._tree.add("sup", mark, row.page)
            self._tree.text(text[len(text.rstrip()) :])

    def _joined(self, text: str, following: str) -> str:
        """The text of a row's end, with what parts it from the next row: a space, or a hyphen or nothing."""
        before, after = _LAST_PART.search(text[-60:]), _FIRST_PART.match(following)
        if not following:
            return text
        if not before or not after or not after[0][0].islower():
            return text if text.endswith(("—", "\u00ad")) else f"{text} "
        whole, parted = before[0][:-1] + after[0], f"{before[0][:-1]}-{after[0]}"
        kept = self._words[parted.lower()] > self._words[whole.lower()] and text[-1] != "\u00ad"
        return text if kept else text[:-1]


def _bare(text: str) -> str:
    return "".join(char for char in text.casefold() if char.isalnum())
