"""What stands around the text of a PDF: heads, feet and numbers of pages, and footnotes below columns."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Sequence
from statistics import median

from csm_cli.script.books.headings import names_chapter
from csm_cli.script.books.numbers import roman_sum
from csm_cli.script.readers.pdf.rows import Row
from csm_cli.script.readers.pdf.shape import columns_of

_EDGE_ROWS = 2
_HEAD_GAP = 1.5
_SAME_PLACE = 6.0
_LARGE = 1.2
_REPEATS = 3
_NUMBER = re.compile(
    r"[\W_]{0,9}(?:page\s+)?(?:[0-9]{1,5}|[ivxlc]{1,8})(?:\s*(?:/|of)\s*[0-9]{1,5})?[\W_]{0,9}", re.I
)
_FIGURES = re.compile(r"[0-9]+|\b[ivxlc]+\b")
_MARK = re.compile(r"[0-9]{1,3}|[*†‡§]{1,3}")
_SMALL = 0.92


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
        offsets[(int(value[:9]) if value.isdecimal() else roman_sum(value.upper())) - row.page] += 1
    return max(offsets.values()) * 2 >= len(rows)


def _by_height(rows: list[Row]) -> list[list[Row]]:
    """Rows in groups of about the same height on their pages."""
    found: list[list[Row]] = []
    for row in sorted(rows, key=lambda row: row.y):
        if found and row.y - median(each.y for each in found[-1][-9:]) < _SAME_PLACE:
            found[-1].append(row)
        else:
            found.append([row])
    return found


def divide_notes(
    pages: Sequence[Sequence[Row]], body: float
) -> tuple[list[list[Row]], dict[tuple[int, str], list[Row]]]:
    """The rows of each page without its footnotes, and these, by the page and the mark.

    Args:
        pages: rows of each page.
        body: size of the text, in points.
    """
    kept: list[list[Row]] = []
    notes: dict[tuple[int, str], list[Row]] = {}
    for page in pages:
        rest: list[Row] = []
        for column in columns_of(page, body):
            start = len(column)
            while start and column[start - 1].size <= _SMALL * body:
                start -= 1
            while start < len(column) and not _MARK.match(column[start].text):
                start += 1
            rest += column[:start]
            mark = ""
            for row in column[start:]:
                found = _MARK.match(row.text)
                if found and (not mark or _follows(found[0], mark)):
                    mark = found[0]
                notes.setdefault((row.page, mark), []).append(row)
        kept.append(rest)
    return kept, notes


def _follows(mark: str, before: str) -> bool:
    """Whether a row's beginning is the mark behind `before`: a row may begin with any number."""
    if mark.isdecimal() and before.isdecimal():
        return int(mark) == int(before) + 1
    return mark != before
