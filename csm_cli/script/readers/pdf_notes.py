"""Footnotes of a PDF: small rows that end a column, the first of each with its mark."""

from __future__ import annotations

import re
from collections.abc import Sequence

from csm_cli.script.readers.pdf_rows import Row
from csm_cli.script.readers.pdf_shape import columns_of

_MARK = re.compile(r"[0-9]{1,3}|[*†‡§]{1,3}")
_SMALL = 0.92


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
