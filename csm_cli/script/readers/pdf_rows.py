"""Rows of a PDF's pages, from pieces of text with their places; page heads, page feet and numbers found."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from math import hypot
from statistics import median
from typing import Any, NamedTuple

from csm_cli.script.readers.text_headings import names_chapter
from csm_cli.script.sources import plain

_LIGATURES = dict(enumerate(("ff", "fi", "fl", "ffi", "ffl", "st", "st"), 0xFB00))
_RAISED = 0.85
"""A raised piece is smaller than this, as a share of its row."""
_DROP_CAP = 1.8
"""A drop cap is larger than this, as a multiple of its row."""
_EDGE_ROWS = 2
_HEAD_GAP = 1.5
_SAME_PLACE = 6.0
_LARGE = 1.2
_REPEATS = 3
_NUMBER = re.compile(
    r"[\W_]{0,9}(?:page\s+)?(?:[0-9]{1,5}|[ivxlc]{1,8})(?:\s*(?:/|of)\s*[0-9]{1,5})?[\W_]{0,9}", re.I
)

_FIGURES = re.compile(r"[0-9]+|\b[ivxlc]+\b")
_ROMAN = {"i": 1, "v": 5, "x": 10, "l": 50, "c": 100}


class Piece(NamedTuple):
    """A part of a row; `raised`: smaller and above the line."""

    text: str
    raised: bool = False


@dataclass(frozen=True, slots=True)
class Row:
    """A row of a page.

    Args:
        page: its number, from 1.
        x: of its beginning, in points from the left.
        y: of its base line, in points from the bottom.
        size: of most of its letters, in points.
        bold: all of it is bold.
        pieces: its text.
    """

    page: int
    x: float
    y: float
    size: float
    bold: bool
    pieces: tuple[Piece, ...]

    @property
    def text(self) -> str:
        """All of its text."""
        return plain("".join(piece.text for piece in self.pieces))


@dataclass(slots=True)
class _Part:
    text: str
    x: float
    y: float
    size: float
    bold: bool


class RowCollector:
    """Receives the pieces of page `page` in the order of the file; `turned` is text that is not upright."""

    def __init__(self, page: int):
        self.turned: list[str] = []
        self._page = page
        self._parts: list[_Part] = []
        self._rows: list[Row] = []

    def visit(self, text: str, cm: Sequence[float], tm: Sequence[float], font: Any, size: float) -> None:
        """Add a piece, as pypdf's `visitor_text`."""
        if not text.strip():
            if text and self._parts:
                self._parts[-1].text += " "
            return
        text = text.translate(_LIGATURES)
        right, up = tm[0] * cm[0] + tm[1] * cm[2], tm[0] * cm[1] + tm[1] * cm[3]
        if abs(up) > abs(right):
            self.turned.append(plain(text))
            return
        x = tm[4] * cm[0] + tm[5] * cm[2] + cm[4]
        y = tm[4] * cm[1] + tm[5] * cm[3] + cm[5]
        height = abs(size) * hypot(tm[2] * cm[0] + tm[3] * cm[2], tm[2] * cm[1] + tm[3] * cm[3])
        name = str((font or {}).get("/BaseFont", "")).lower()
        bold = any(mark in name for mark in ("bold", "black", "heavy", "-semib", "demi"))
        for index, line in enumerate(text.split("\n")):
            if line.strip():
                part = _Part(line, x, y - index * height, height, bold)
                if self._parts and _is_shadow(part, self._parts[-1]):
                    continue
                if self._parts and not self._same_row(part):
                    self._end()
                self._parts.append(part)

    def finish(self) -> list[Row]:
        """The rows, in the order of the file."""
        self._end()
        return self._rows

    def _same_row(self, part: _Part) -> bool:
        last = self._parts[-1]
        if len(self._parts) == 1 and len(last.text.strip()) == 1 and last.size > _DROP_CAP * part.size:
            return False
        tolerance = 0.5 * max(part.size, last.size)
        return abs(part.y - last.y) < tolerance and part.x >= self._parts[0].x - tolerance

    def _end(self) -> None:
        parts, self._parts = self._parts, []
        if not parts:
            return
        sizes: Counter[float] = Counter()
        for part in parts:
            sizes[round(part.size, 1)] += len(part.text)
        size = max(sizes, key=lambda each: (sizes[each], each))
        base = next(part.y for part in parts if round(part.size, 1) == size)
        pieces = [
            Piece(part.text, part.size < _RAISED * size and part.y > base + 0.15 * size) for part in parts
        ]
        bold = all(part.bold for part in parts)
        self._rows.append(Row(self._page, parts[0].x, base, size, bold, tuple(pieces)))


def _is_shadow(part: _Part, last: _Part) -> bool:
    """Whether text is set twice, a little apart, to look bold."""
    near = abs(part.x - last.x) < 0.15 * part.size and abs(part.y - last.y) < 0.15 * part.size
    return near and part.text.strip() == last.text.strip()


def body_size(pages: Iterable[Sequence[Row]]) -> float:
    """The size of most letters of a document, in points."""
    sizes: Counter[float] = Counter()
    for page in pages:
        for row in page:
            sizes[row.size] += len(row.text)
    return max(sizes, key=lambda size: sizes[size]) if sizes else 1.0


def margin_rows(pages: Sequence[Sequence[Row]], body: float) -> dict[Row, str]:
    """Rows at the top or bottom of pages that are repeated or mere numbers: "page header" or "page number".

    Args:
        pages: rows of each page.
        body: size of the text; what is larger is a heading.
    """
    edges = [row for page in pages for row in _edge_rows(page, body)]
    groups: dict[str, list[Row]] = defaultdict(list)
    for row in edges:
        groups[_key(row.text)].append(row)
    least = min(_REPEATS, len(pages))
    found: dict[Row, str] = {}
    for key, rows in groups.items():
        for near in _by_height(rows):
            number = len({row.page for row in near})
            if key == "#" and number >= least and _count_pages(near):
                found |= dict.fromkeys(near, "page number")
            elif key != "#" and number >= max(least, 2) and not _are_headings(near):
                found |= dict.fromkeys(near, "page header")
    heights = Counter((round(row.y), row.size) for row in found)
    usual = {place for place, count in heights.items() if count * 2 >= len(pages) and count >= _REPEATS}
    for row in edges:  # the head of a chapter of two pages, at the height of all others
        if (round(row.y), row.size) in usual:
            found.setdefault(row, "page header")
    return found


def _edge_rows(page: Sequence[Row], body: float) -> list[Row]:
    """The first and last rows of a page, as far as a gap parts them from the others."""
    heights = sorted({round(row.y) for row in page})
    edge: set[int] = set()
    for outward in (heights, heights[::-1]):
        for number in range(1, _EDGE_ROWS + 1):
            if len(outward) == number or (
                len(outward) > number and abs(outward[number] - outward[number - 1]) >= _HEAD_GAP * body
            ):
                edge.update(outward[:number])
    return [row for row in page if round(row.y) in edge and row.size <= _LARGE * body]


def _key(text: str) -> str:
    return "#" if _NUMBER.fullmatch(text) else re.sub("[0-9]+", "#", text.casefold())


def _are_headings(rows: list[Row]) -> bool:
    """Whether rows that differ in their numbers alone are "Chapter 1", "Chapter 2" and so on."""
    texts = {row.text for row in rows}
    if len(texts) < len(rows) or len(texts) == 1:
        return False
    numbers = min(len(_FIGURES.findall(text.lower())) for text in texts)
    needed = 2 if all(map(names_chapter, texts)) else 1  # the chapter's and the page's
    return numbers < needed or not (_count_pages(rows) or _count_pages(rows, last=True))


def _count_pages(rows: list[Row], *, last: bool = False) -> bool:
    """Whether the first (or last) numbers of rows rise with the pages, as those of chapters do not."""
    offsets: Counter[int] = Counter()
    for row in rows:
        figures = _FIGURES.findall(row.text.lower()) or [""]
        value = figures[-1 if last else 0]
        offsets[(int(value[:9]) if value.isdecimal() else _roman(value)) - row.page] += 1
    return max(offsets.values()) * 2 >= len(rows)


def _roman(text: str) -> int:
    values = [_ROMAN.get(letter, 0) for letter in text]
    return sum(
        -value if value < following else value
        for value, following in zip(values, [*values[1:], 0], strict=True)
    )


def _by_height(rows: list[Row]) -> list[list[Row]]:
    """Rows in groups of about the same height on their pages."""
    found: list[list[Row]] = []
    for row in sorted(rows, key=lambda row: row.y):
        if found and row.y - median(each.y for each in found[-1][-9:]) < _SAME_PLACE:
            found[-1].append(row)
        else:
            found.append([row])
    return found
