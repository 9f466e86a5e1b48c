"""Where paragraphs begin among the rows of a PDF: by indents, gaps, short rows and sizes."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

from csm_cli.script.readers.pdf.rows import Row

_ENDS = '.!?…:”"’»)'
_BULLETS = "•◦▪‣■●○"
_SHORT = 0.7
_FITS = 0.95
_NARROW = re.compile(r"[ijltfr.,;:!|()'’‘ -]")
_WIDE = re.compile(r"[A-Zmw—…]")
_GAP = 1.35
_INDENT = (0.5, 5.0)
"""Of a first row, as shares of its size."""
_USUAL = 0.08
_OTHER_SIZE = 0.12
_FEW_ROWS = 4
_DROP_CAP = 1.8


@dataclass(frozen=True)
class Shape:
    """How the text of a document is set.

    Args:
        body: size of its letters, in points.
        leading: from one base line to the next, in points.
        width: of a full row, as a multiple of the size, by its letters.
        indent: of the first row of a paragraph, in points; 0: paragraphs are set apart by gaps.
        lefts: left edge of each column, in points, by its first row.
    """

    body: float
    leading: float
    width: float
    indent: float
    lefts: dict[Row, float]


def shape_of(pages: Sequence[Sequence[Row]], body: float) -> Shape:
    """How the pages are set."""
    columns = [column for page in pages for column in columns_of(page, body)]
    leadings = Counter(
        round((above.y - row.y) * 2) / 2
        for column in columns
        for above, row in pairwise(column)
        if above.size == row.size == body
    )
    lengths = sorted(_width(row.text) for column in columns for row in column if row.size == body)
    lefts = _lefts(columns, body)
    indents = Counter(
        round(row.x - lefts[column[0]])
        for column in columns
        for row in column
        if row.size == body and _INDENT[0] * body < row.x - lefts[column[0]] < _INDENT[1] * body
    )
    usual, times = indents.most_common(1)[0] if indents else (0, 0)
    return Shape(
        body,
        leadings.most_common(1)[0][0] if leadings else 1.2 * body,
        lengths[len(lengths) * 8 // 10] if lengths else 0.0,
        float(usual) if times >= _USUAL * len(lengths) else 0.0,
        lefts,
    )


def blocks_of(
    pages: Sequence[Sequence[Row]], shape: Shape, headings: Collection[Row], apart: Collection[int]
) -> list[list[Row]]:
    """Paragraphs, headings and the like, each as its rows.

    Args:
        pages: rows of each page.
        shape: how they are set.
        headings: rows that are headings.
        apart: numbers of pages of which no paragraph goes on to another one.
    """
    blocks: list[list[Row]] = []
    last: Row | None = None
    left = before = 0.0
    for page in pages:
        for column in columns_of(page, shape.body):
            before, left = left, shape.lefts[column[0]]
            for row in column:
                fresh = row is column[0]
                if (
                    last is None
                    or (last in headings) != (row in headings)
                    or (last.page != row.page and (last.page in apart or row.page in apart))
                    or _begins(row, last, left, before if fresh else left, fresh, shape)
                ):
                    blocks.append([])
                blocks[-1].append(row)
                last = row
    return blocks


def columns_of(page: Sequence[Row], body: float) -> Iterator[list[Row]]:
    """The rows of a page in columns: divided where the text goes back up.

    Args:
        page: its rows, in the order of the file.
        body: size of the text, in points.
    """
    column: list[Row] = []
    for row in page:
        if column and row.y > column[-1].y + body:
            yield column
            column = []
        column.append(row)
    if column:
        yield column


def _lefts(columns: Sequence[Sequence[Row]], body: float) -> dict[Row, float]:
    """The left edge of each column: the leftmost place where a tenth of its rows begin."""
    found: dict[Row, float] = {}
    long: list[float] = []
    for column in columns:
        places = Counter(round(row.x) for row in column if row.size == body)
        least = max(2, sum(places.values()) // 10)
        common = [place for place, count in places.items() if count >= least]
        found[column[0]] = float(min(common or places or [round(column[0].x)]))
        if len(column) >= _FEW_ROWS:
            long.append(found[column[0]])
    known = Counter(long)
    for column in columns:
        if len(column) < _FEW_ROWS:  # too few rows to tell: a column of other pages that is nearest
            near = [place for place in known if -1 <= found[column[0]] - place <= _INDENT[1] * body]
            found[column[0]] = max(near, key=lambda place: (known[place], place), default=found[column[0]])
    return found


def _begins(row: Row, last: Row, left: float, left_before: float, fresh: bool, shape: Shape) -> bool:
    """Whether a row begins a block; `last` is the row before it, `fresh`: in another column."""
    text, before = row.text, last.text
    if is_drop_cap(last, row):
        return False
    if abs(row.size - last.size) > _OTHER_SIZE * last.size:
        return True
    if not any(map(str.isalnum, text)) or not any(map(str.isalnum, before)) or text[:1] in _BULLETS:
        return True
    ended = ends_sentence(before)
    short = _width(before) < _SHORT * shape.width
    if not shape.indent and not short:  # the next word would have had its place
        short = _width(f"{before} {text.split(maxsplit=1)[0]}") < _FITS * shape.width
    indented = abs(row.x - left - shape.indent) <= 1.5 if shape.indent else False
    if fresh:
        if indented or (short and ended):
            return ended or short
        return ended and not shape.indent and not text[:1].islower()
    if parted(row, last, shape):
        return True
    if indented:
        return ended or short
    if row.x - left > _INDENT[0] * row.size and last.x - left_before <= _INDENT[0] * row.size:
        return ended or short
    return ended and short


def _width(text: str) -> float:
    """About how wide a text is set, as a multiple of its size."""
    narrow, wide = len(_NARROW.findall(text)), len(_WIDE.findall(text))
    return 0.28 * narrow + 0.72 * wide + 0.48 * (len(text) - narrow - wide)


def ends_sentence(text: str) -> bool:
    """Whether a row ends as a sentence does."""
    return text.rstrip()[-1:] in _ENDS


def begins_sentence(text: str) -> bool:
    """Whether a row begins as a sentence does: with a capital, a figure or a quotation mark."""
    return not text[:1].islower()


def parted(row: Row, last: Row, shape: Shape) -> bool:
    """Whether there is a gap between `row` and `last`, the row above it in its column."""
    return last.y - row.y > _GAP * max(shape.leading * row.size / shape.body, row.size)


def is_drop_cap(row: Row, following: Row) -> bool:
    """Whether a row is the large first letter of the next one."""
    return len(row.text) == 1 and row.text.isalpha() and row.size >= _DROP_CAP * following.size
