"""Rows of a PDF's pages in reading order, from pieces of text with their places."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from math import hypot
from statistics import median
from typing import Any, NamedTuple

from csm_cli.script.sources import plain

_LIGATURES = dict(enumerate(("ff", "fi", "fl", "ffi", "ffl", "st", "st"), 0xFB00))
_RAISED = 0.85
"""A raised piece is smaller than this, as a share of its row."""
_DROP_CAP = 1.8
"""A drop cap is larger than this, as a multiple of its row."""
_COST = 8
"""Characters that a piece counts for beside its own, so that there are not millions of them."""
_LETTER, _FAR = 0.5, 2.0
"""The usual width of a letter, and a gap that parts columns, as shares of the size."""
_FEWEST_ROWS = 5
_FEWEST_WORDS = 3
_MOST_COLUMNS = 4
_SAME_LINE = 0.3
_SMALLEST, _FARTHEST = 0.1, 1e6
"""Points: a size that can be divided by, and numbers beyond which there is no page."""
_SAME_PLACE = 3.0


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
    """Receives the pieces of a page in the order of the file.

    Args:
        page: its number, from 1.
        most: characters that are kept; `full` says whether there were more.
    """

    def __init__(self, page: int, most: int):
        self.turned: list[str] = []
        """Text that is not upright."""
        self._left = most
        self._page = page
        self._parts: list[_Part] = []
        self._rows: list[Row] = []

    def visit(self, text: str, cm: Sequence[float], tm: Sequence[float], font: Any, size: float) -> None:
        """Add a piece, as pypdf's `visitor_text`."""
        if not text.strip():
            if text and self._parts:
                self._parts[-1].text += " "
            return
        self._left -= len(text) + _COST
        if self._left < 0:
            return
        text = text.translate(_LIGATURES)
        cm, tm = [_within(each) for each in cm], [_within(each) for each in tm]
        right, up = tm[0] * cm[0] + tm[1] * cm[2], tm[0] * cm[1] + tm[1] * cm[3]
        if abs(up) > abs(right):
            self.turned.append(plain(text))
            return
        x = tm[4] * cm[0] + tm[5] * cm[2] + cm[4]
        y = tm[4] * cm[1] + tm[5] * cm[3] + cm[5]
        height = abs(_within(size)) * hypot(tm[2] * cm[0] + tm[3] * cm[2], tm[2] * cm[1] + tm[3] * cm[3])
        height = max(_SMALLEST, height)  # of none at all nothing could be a multiple
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

    @property
    def full(self) -> bool:
        """Whether there was more text than is kept."""
        return self._left < 0

    def finish(self) -> list[Row]:
        """The rows, in the order of the file."""
        self._end()
        return self._rows

    def _same_row(self, part: _Part) -> bool:
        last = self._parts[-1]
        if len(self._parts) == 1 and len(last.text.strip()) == 1 and last.size > _DROP_CAP * part.size:
            return False
        tolerance = 0.5 * max(part.size, last.size)
        if part.x - last.x > _LETTER * last.size * len(last.text.strip()) + _FAR * part.size:
            return False
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


def _within(number: float) -> float:
    """A number of a page, kept where all that is made of it is finite."""
    return float(min(max(number, -_FARTHEST), _FARTHEST)) if number == number else 0.0


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


def in_reading_order(rows: Sequence[Row], most: int = _MOST_COLUMNS) -> list[Row]:
    """The rows of a page with columns one behind the other; what else stands on one line is one row.

    Args:
        rows: in the order of the file, those far apart on one line by themselves.
        most: how many columns are looked for.
    """
    behind = [n for n in range(1, len(rows)) if _beside(rows[n - 1], rows[n])]
    edge = _edge([rows[n] for n in behind])
    inner = [n for n in behind if abs(rows[n].x - edge) < _SAME_PLACE]
    if most < 2 or len(inner) < _FEWEST_ROWS or not _is_text(rows, inner):
        return _joined(rows, set(behind))
    begin, end = inner[0] - 1, inner[-1] + 1
    while end < len(rows) and _beside(rows[end - 1], rows[end]):
        end += 1
    left = [row for row in rows[begin:end] if row.x < edge - _SAME_PLACE]
    right = [row for row in rows[begin:end] if row.x >= edge - _SAME_PLACE]
    return [
        *_joined(rows[:begin], {n for n in behind if n < begin}),
        *in_reading_order(left, most - 1),
        *in_reading_order(right, most - 1),
        *_joined(rows[end:], {n - end for n in behind if n > end}),
    ]


def _beside(row: Row, following: Row) -> bool:
    """Whether a row is on the same line as the one before it."""
    return abs(row.y - following.y) <= _SAME_LINE * row.size and following.x > row.x


def _edge(rows: Sequence[Row]) -> float:
    """Where most of the rows begin."""
    places = Counter(round(row.x) for row in rows)
    return float(places.most_common(1)[0][0]) if places else 0.0


def _is_text(rows: Sequence[Row], inner: Sequence[int]) -> bool:
    """Whether rows beside each other are columns of a text, not of a table or contents."""
    return min(median(len(rows[n + by].text.split()) for n in inner) for by in (-1, 0)) >= _FEWEST_WORDS


def _joined(rows: Sequence[Row], behind: set[int]) -> list[Row]:
    """Rows, with those at the numbers `behind` appended to the row before them."""
    found: list[Row] = []
    for number, row in enumerate(rows):
        if number in behind and found:
            last = found[-1]
            size = last.size if len(last.text) >= len(row.text) else row.size
            pieces = (*last.pieces, Piece(" "), *row.pieces)
            found[-1] = replace(last, size=size, bold=last.bold and row.bold, pieces=pieces)
        else:
            found.append(row)
    return found
