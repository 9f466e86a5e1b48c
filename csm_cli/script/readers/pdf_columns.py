"""Columns of a PDF whose file has the text row by row, across all of them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from statistics import median

from csm_cli.script.readers.pdf_rows import Piece, Row

_FEWEST_ROWS = 5
_FEWEST_WORDS = 3
_MOST_COLUMNS = 4
_SAME_LINE = 0.3
_SAME_PLACE = 3.0


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
