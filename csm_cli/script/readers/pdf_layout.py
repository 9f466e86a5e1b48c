"""Paragraphs and headings of a PDF, rebuilt from its rows as an HTML page."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Sequence
from typing import NamedTuple

from csm_cli.script.readers.pdf_notes import divide_notes
from csm_cli.script.readers.pdf_rows import Row, body_size, margin_rows
from csm_cli.script.readers.pdf_shape import blocks_of, shape_of
from csm_cli.script.readers.text import HEADING
from csm_cli.script.readers.tree import TITLE_PAGE, PageTree

_LARGE = 1.15
_MOST_HEADING = 200
_MOST_BOLD_HEADING = 80
_LEVELS = 4
_TITLE_PAGES, _MOST_TITLE_WORDS = 3, 60
_CONTENTS = frozenset(["contents", "tableofcontents", "listofchapters"])
_ENTRY = re.compile(r".*[\s.…]\s*(?:[0-9]{1,4}|[ivxlc]{1,6})", re.DOTALL)
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
    words = Counter(word.lower() for page in pages for row in page for word in _WORD.findall(row.text))
    kept, notes = divide_notes([[row for row in page if row not in margins] for page in pages], body)
    blocks = blocks_of(kept, shape_of(kept, body))
    writer = _Writer(tree, words, notes)
    writer.write(blocks, _Headings(blocks, bookmarks, kept, body))
    for (page, mark), rows in notes.items():
        writer.add(rows, ("aside", "doc-footnote"), ("p", ""), identity=_note_id(page, mark))
    return tree


def _note_id(page: int, mark: str) -> str:
    return f"note-{page}-{mark}"


def _contents_pages(pages: Sequence[Sequence[Row]]) -> frozenset[int]:
    """The numbers of pages with a table of contents."""
    found: set[int] = set()
    for page in pages:
        entries = sum(bool(_ENTRY.fullmatch(row.text)) for row in page)
        begins = any(_bare(row.text) in _CONTENTS for row in page[:4])
        goes_on = bool(page) and page[0].page - 1 in found and entries * 10 > len(page) * 6
        if (begins and entries > 1) or goes_on:
            found.add(page[0].page)
    return frozenset(found)


class _Headings:
    """Which blocks are headings, by the outline, else by their size.

    `contents` and `title_pages` are numbers of pages.
    """

    def __init__(
        self,
        blocks: Sequence[Sequence[Row]],
        bookmarks: Sequence[Bookmark],
        pages: Sequence[Sequence[Row]],
        body: float,
    ):
        self._body = body
        title_pages = frozenset(
            page[0].page
            for page in pages[:_TITLE_PAGES]
            if page
            and sum(len(row.text.split()) for row in page) < _MOST_TITLE_WORDS
            and any(row.size >= _LARGE * body for row in page)
            and not any(HEADING.fullmatch(row.text) for row in page)
        )
        self.contents = _contents_pages(pages)
        self.title_pages = title_pages if len(pages) > 1 else frozenset[int]()
        self._silent = self.contents | self.title_pages
        self._marked = _matched(blocks, bookmarks)
        self._level = self._levels(blocks)

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

    def _levels(self, blocks: Sequence[Sequence[Row]]) -> dict[float, int]:
        """Levels of headings by their size; a size that always stands below another has that one's."""
        below: dict[float, set[float]] = {}
        last: Sequence[Row] | None = None
        for block in blocks:
            if self._is_large(block):
                near = last is not None and self._is_large(last) and last[0].page == block[0].page
                below.setdefault(block[0].size, set()).add(last[0].size if last and near else 0.0)
            last = block
        found: dict[float, int] = {}
        for size in sorted(below, reverse=True):
            above = next(iter(below[size]))
            if len(below[size]) == 1 and above in found:
                found[size] = found[above]
            else:
                found[size] = min(len(set(found.values())) + 1, _LEVELS)
        return found

    def _is_large(self, block: Sequence[Row]) -> bool:
        if block[0].size < _LARGE * self._body or block[0].page in self._silent:
            return False
        text = " ".join(row.text for row in block)
        return len(text) <= _MOST_HEADING and any(map(str.isalnum, text))


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
    """Adds blocks to a page; `notes` are marks of footnotes by their page."""

    def __init__(self, tree: PageTree, words: Counter[str], notes: Collection[tuple[int, str]]):
        self._tree, self._words, self._notes = tree, words, notes

    def write(self, blocks: Sequence[Sequence[Row]], headings: _Headings) -> None:
        """Add the blocks of the text."""
        for number, block in enumerate(blocks):
            page = block[0].page
            if page in headings.contents:
                self.add(block, ("nav", "doc-toc"), ("p", ""))
            elif page in headings.title_pages:
                self.add(block, ("p", TITLE_PAGE))
            elif level := headings.level(number, block):
                self.add(block, (f"h{level}", ""))
            else:
                self.add(block, ("p", ""))

    def add(self, block: Sequence[Row], *tags: tuple[str, str], identity: str = "") -> None:
        """Add a block within elements, each a name and a role or `TITLE_PAGE`."""
        for name, role in tags:
            attributes = {"kind" if role == TITLE_PAGE else "role": role} if role else {}
            if identity:
                attributes["id"], identity = identity, ""
            self._tree.start(name, block[0].page, **attributes)
        for index, row in enumerate(block):
            following = block[index + 1].text if index + 1 < len(block) else ""
            for position, piece in enumerate(row.pieces):
                last = position == len(row.pieces) - 1
                text = self._joined(piece.text.rstrip(), following) if last else piece.text
                self._add_piece(row, text, piece.raised and index + position > 0)
        self._tree.end(len(tags))

    def _add_piece(self, row: Row, text: str, raised: bool) -> None:
        if not raised:
            self._tree.text(text)
            return
        mark = text.strip()
        if (row.page, mark) in self._notes:
            self._tree.add("a", mark, row.page, href=f"#{_note_id(row.page, mark)}", role="doc-noteref")
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
