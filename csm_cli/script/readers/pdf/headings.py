"""Headings of a PDF, by its outline, their words or their size; its title pages and table of contents."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import NamedTuple

from csm_cli.script.books.headings import bare, names_chapter
from csm_cli.script.readers.pdf.rows import Row
from csm_cli.script.readers.pdf.shape import (
    Shape,
    begins_sentence,
    columns_of,
    ends_sentence,
    is_drop_cap,
    parted,
)

_LARGE = 1.15
_MOST_HEADING = 200
_MOST_BOLD_HEADING = 80
_LEVELS = 4
_WORDS_OF_LABEL = 3
_SMALLEST = 6
_TITLE_PAGES, _MOST_TITLE_WORDS, _WORDS_OF_TITLE_ROW = 3, 40, 6
_CONTENTS = frozenset(["contents", "tableofcontents", "listofchapters"])
_ENTRY = re.compile(r".*[\s.…]\s*(?:[0-9]{1,4}|[ivxlc]{1,6})", re.DOTALL)


class Bookmark(NamedTuple):
    """An entry of a PDF's outline; `depth` counts from 1."""

    title: str
    page: int
    depth: int


class Headings:
    """What of a PDF is a heading.

    Args:
        pages: rows of each page.
        bookmarks: the outline.
        shape: how the text is set.
    """

    def __init__(self, pages: Sequence[Sequence[Row]], bookmarks: Sequence[Bookmark], shape: Shape):
        self.contents = _contents_pages(pages)
        self.title_pages = _title_pages(pages, shape.body) if len(pages) > 1 else frozenset[int]()
        self._body = shape.body
        self._silent = self.contents | self.title_pages
        marked = _marked(pages, bookmarks)
        self._marked = {row: marked[row] for row in marked if not self._is_silent(row)}
        self._named = frozenset(
            row
            for page in pages
            for column in columns_of(page, shape.body)
            for row in _named(column, shape)
            if not self._is_silent(row)
        )
        self._level: dict[float, int] = {}

    @property
    def rows(self) -> frozenset[Row]:
        """Rows that are headings whatever their size."""
        return frozenset(self._marked) | self._named

    @property
    def apart(self) -> frozenset[int]:
        """Numbers of pages of which no paragraph goes on to another one."""
        return self._silent

    def learn(self, blocks: Sequence[Sequence[Row]]) -> None:
        """Give levels to the sizes of headings; a size that always stands below another has that one's."""
        below: dict[float, set[float]] = {}
        last: Sequence[Row] = ()
        for block in blocks:
            if self._is_large(block):
                near = bool(last) and self._is_large(last) and last[0].page == block[0].page
                below.setdefault(_size(block), set()).add(_size(last) if near else 0.0)
            last = block
        for size in sorted(below, reverse=True):
            above = next(iter(below[size]))
            alone = len(below[size]) > 1 or above not in self._level
            levels = len(set(self._level.values()))
            self._level[size] = min(levels + 1, _LEVELS) if alone else self._level[above]

    def level(self, block: Sequence[Row]) -> int:
        """The level of a block of rows, from 1; 0: it is no heading."""
        if depth := self._marked.get(block[0]):
            return depth
        if self._is_large(block):
            return _SMALLEST if self._marked else self._level.get(_size(block), _LEVELS)
        text = " ".join(row.text for row in block)
        if len(text) > _MOST_BOLD_HEADING or not any(map(str.isalnum, text)):
            return 0
        if block[0] in self._named:
            return _SMALLEST if self._marked else _LEVELS
        return _SMALLEST if all(row.bold for row in block) and text[-1:] not in ".,;" else 0

    def _is_silent(self, row: Row) -> bool:
        return row.page in self._silent

    def _is_large(self, block: Sequence[Row]) -> bool:
        if _size(block) < _LARGE * self._body or self._is_silent(block[0]):
            return False
        text = " ".join(row.text for row in block)
        return len(text) <= _MOST_HEADING and any(map(str.isalnum, text))


def _size(block: Sequence[Row]) -> float:
    """The size of a block, which may begin with a drop cap."""
    return block[1].size if len(block) > 1 and is_drop_cap(block[0], block[1]) else block[0].size


def _named(column: Sequence[Row], shape: Shape) -> list[Row]:
    """Rows such as "Chapter 4" that stand alone, by a gap or as whole sentences."""
    found = []
    for number, row in enumerate(column):
        if row.text[-1:] in ",;" or not names_chapter(row.text):
            continue
        above = column[number - 1] if number else None
        below = column[number + 1] if number + 1 < len(column) else None
        apart = above is None or parted(row, above, shape) or ends_sentence(above.text)
        bare_label = len(row.text.split()) <= _WORDS_OF_LABEL and below is not None
        if apart and (
            below is None or parted(below, row, shape) or (bare_label and begins_sentence(below.text))
        ):
            found.append(row)
    return found


def _marked(pages: Sequence[Sequence[Row]], bookmarks: Sequence[Bookmark]) -> dict[Row, int]:
    """Levels of rows that the outline names; none if it names fewer than two places."""
    found: dict[Row, int] = {}
    places = 0
    for bookmark in bookmarks:
        title = bare(bookmark.title)
        page = pages[bookmark.page - 1] if bookmark.page <= len(pages) else ()
        rest = title
        for row in page:
            text = bare(row.text)
            if row not in found and text and rest.startswith(text) and (text == rest or rest == title):
                places += rest == title
                found[row] = min(bookmark.depth, _SMALLEST - 1)
                rest = rest.removeprefix(text)
            elif rest != title:
                break
            if not rest:
                break
    return found if places > 1 else {}


def _title_pages(pages: Sequence[Sequence[Row]], body: float) -> frozenset[int]:
    """The numbers of the first pages that have a title and little else."""
    found: set[int] = set()
    for page in pages[:_TITLE_PAGES]:
        words = sum(len(row.text.split()) for row in page)
        named = any(names_chapter(row.text) for row in page)
        large = any(row.size >= _LARGE * body for row in page)
        few = words < _MOST_TITLE_WORDS and words < _WORDS_OF_TITLE_ROW * len(page)
        if page and (named or not (large and few)):
            break
        found |= {row.page for row in page}
    return frozenset(found)


def _contents_pages(pages: Sequence[Sequence[Row]]) -> frozenset[int]:
    """The numbers of pages with a table of contents."""
    found: set[int] = set()
    for page in pages:
        entries = sum(bool(_ENTRY.fullmatch(row.text)) for row in page)
        begins = any(bare(row.text) in _CONTENTS for row in page[:4])
        goes_on = bool(page) and page[0].page - 1 in found and entries * 10 > len(page) * 6
        if (begins and entries > 1) or goes_on:
            found.add(page[0].page)
    return frozenset(found)
