"""Layout of a plain text: whether rows are paragraphs, pieces of them, or verses; hyphens at their ends."""

from __future__ import annotations

import itertools
import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from typing import NamedTuple

from csm_cli.script.readers.text.rows import Block, Row, begins_lower, ends_sentence, stops

_ITEM = re.compile(r"(?:[-*•–—]\s*(?=[^\W\d_\"“])|\(?(?:\d{1,3}|[ivxlcIVXLC]{1,6}|[a-z])[.)]\s+)")
_PIECES = re.compile(r"[^\W_]+(?:['’-][^\W_]+)*")
_HYPHENS = "-‐¬\u00ad"
_CUT_WORD = re.compile(rf"(-?)([^\W\d_]+|\d+)([{_HYPHENS}])$")
_REST_OF_WORD = re.compile(r"[^\W\d_]+|\d+")
_COMPOUNDS = frozenset(
    (
        *(
            "twenty",
            "thirty",
            "forty",
            "fifty",
            "sixty",
            "seventy",
            "eighty",
            "ninety",
            "self",
            "well",
            "ill",
        ),
        *("half", "ex", "all", "great", "vice", "mother", "father", "brother", "sister", "son", "daughter"),
        *("good", "old", "new", "non"),
    )
)
_SUSPENDED = ("and", "or", "to", "und", "oder")
_WIDE, _NARROW, _SHORT = 130, 40, 50


class Paragraph(NamedTuple):
    """Rows to be joined; `fresh`: they begin a paragraph, and are no further verse of one."""

    rows: list[Row]
    fresh: bool


class Layout:
    """The layout of a text, found from all of its blocks.

    Args:
        blocks: that are no headings.
        speaks: whether a row names its speaker, so that something new begins in any case.
    """

    def __init__(self, blocks: Iterable[Block], speaks: Callable[[str], bool]):
        several = [block.rows for block in blocks if len(block.rows) > 1]
        pairs = [
            (row, after)
            for rows in several
            for row, after in itertools.pairwise(rows)
            if not speaks(after.text)
        ]
        ends = sorted(_end(row) for row, _ in pairs)
        self._width = ends[min(len(ends) - 1, len(ends) * 98 // 100)] if ends else 0
        total = max(len(pairs), 1)
        new = sum(ends_sentence(row.text) and not begins_lower(after.text) for row, after in pairs) / total
        self._by_rows = bool(pairs) and (new >= 0.8 or (self._width > _WIDE and new >= 0.5))
        forced = sum(self._is_forced(row, after) for row, after in pairs) / total
        self._wrapped = not self._by_rows and forced >= 0.6 and _NARROW <= self._width <= _WIDE
        self._base = min((row.indent for rows in several for row in rows), default=0)
        first = [
            row.text for row, after in pairs if after.indent >= self._base + 2 and after.indent > row.indent
        ]
        self._by_indents = len(first) > 1 and sum(map(ends_sentence, first)) * 5 >= len(first) * 4
        self._short = len(pairs) > 5 and self._width <= _SHORT and forced < 0.5 and not self._by_rows
        verses = sum(len(rows) for rows in several if self._is_verse(rows, 2))
        poem = verses > 3 and verses * 2 >= sum(map(len, several)) and not self._by_rows
        self._few = 2 if poem else 3

    def paragraphs(self, rows: list[Row]) -> Iterator[Paragraph]:
        """The paragraphs, or verses, of rows without a blank one between them."""
        if not self._by_rows and self._is_verse(rows, self._few):
            for at, row in enumerate(rows):
                yield Paragraph([row], at == 0)
            return
        items = sum(bool(_ITEM.match(row.text)) for row in rows) > 1
        begin = 0
        for at in range(1, len(rows)):
            if self._begins(rows[at - 1], rows[at], items):
                yield Paragraph(rows[begin:at], True)
                begin = at
        yield Paragraph(rows[begin:], True)

    def _begins(self, before: Row, row: Row, items: bool) -> bool:
        """Whether `row` begins a paragraph."""
        if items and _ITEM.match(row.text):
            return True
        if begins_lower(row.text):
            return False
        if self._by_rows:
            loose = self._width > _WIDE or not self._is_forced(before, row)
            return ends_sentence(before.text) or (loose and not _CUT_WORD.search(before.text[-60:]))
        if self._by_indents and row.indent >= self._base + 2 and ends_sentence(before.text):
            return row.indent > before.indent or not self._is_forced(before, row)
        return self._wrapped and stops(before.text) and self._room(before, row) >= self._width // 5

    def _room(self, before: Row, row: Row) -> int:
        """Columns that `before` would have left with the first word of `row` behind it."""
        return self._width - _end(before) - 1 - len(row.text.split(None, 1)[0])

    def _is_forced(self, before: Row, row: Row) -> bool:
        return self._room(before, row) < 0

    def _is_verse(self, rows: list[Row], few: int) -> bool:
        if len(rows) < 2 or any(_CUT_WORD.search(row.text[-60:]) for row in rows[:-1]):
            return False
        if self._short:
            return True
        longest = max(len(row.text) for row in rows)
        set_in = min(row.indent for row in rows) >= self._base + 4
        if self._wrapped and longest > (0.95 if set_in else 0.8) * self._width:
            return False
        enough = len(rows) >= few or (self._wrapped and (set_in or longest < 0.6 * self._width))
        capital = sum(not begins_lower(row.text) for row in rows)
        full = sum(stops(row.text) for row in rows)
        return (
            enough
            and longest <= 64
            and capital >= (0.6 if set_in else 0.85) * len(rows)
            and full <= 0.7 * len(rows)
        )


def _end(row: Row) -> int:
    return row.indent + len(row.text)


class Joiner:
    """Joins rows; `vocabulary` gives the rows that show which words have a hyphen of their own."""

    def __init__(self, vocabulary: Callable[[], Iterable[Row]]):
        self._vocabulary = vocabulary
        self._counts: Counter[str] | None = None
        self.joined = 0
        """How many words were in two rows."""

    def join(self, rows: list[Row]) -> str:
        """The text of rows: a space between them, or none within a word."""
        parts = [rows[0].text]
        for row in rows[1:]:
            cut = _CUT_WORD.search(parts[-1][-60:])
            rest = _REST_OF_WORD.match(row.text)
            if cut is None or rest is None or rest[0].lower() in _SUSPENDED:
                parts.append(" ")
            else:
                self.joined += 1
                keeps = bool(cut[1]) or self._keeps_hyphen(cut[2], rest[0])
                if cut[3] not in "-‐" or not keeps:
                    parts[-1] = parts[-1][:-1]
            parts.append(row.text)
        return "".join(parts)

    def _keeps_hyphen(self, left: str, right: str) -> bool:
        if right[0].isupper() or left.isdigit() or right.isdigit():
            return True
        if self._counts is None:
            self._counts = _words_of(self._vocabulary())
        counts, left, right = self._counts, left.lower(), right.lower()
        whole, hyphenated = counts[left + right], counts[f"{left}-{right}"]
        if whole or hyphenated:
            return hyphenated > whole
        if left in _COMPOUNDS:
            return True
        return bool(counts[left] and counts[right] and len(left) > 2 and len(right) > 2)


def _words_of(rows: Iterable[Row]) -> Counter[str]:
    """How often each word occurs inside rows, where its hyphen is its own."""
    counts: Counter[str] = Counter()
    cut = False
    for row in rows:
        words = [word.lower() for word in _PIECES.findall(row.text)]
        after = row.text[-1:] in tuple(_HYPHENS)
        inner = words[1 if cut else 0 : len(words) - 1 if after else len(words)]
        counts.update(inner)
        counts.update(part for word in inner if "-" in word for part in word.split("-"))
        cut = after
    return counts
