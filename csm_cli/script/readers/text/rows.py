"""Rows of a plain text, and the blocks of rows between blank ones."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from csm_cli.script.books import LeftOut, count_words
from csm_cli.script.books.headings import Candidate

RULE = re.compile(r"([*#~_=•⁂·–—-])(?:\s*\1){2,120}|-*\s*(?:[oO]0[oO]|[oO]{3})\s*-*|[⁂§]")
"""A row that is drawn, such as `* * *`, a line or `o0o`."""
_EDGES = " \t\u200b\u2060"
_ENDS = re.compile(r"[.!?…:。！？][\"'”’»)\]*_]{0,4}$|[—–-][\"”’»]{1,2}$|[”»\"]$")
_SURE_ENDS = re.compile(r"[.!?…。！？][\"'”’»)\]*_]{0,4}$|[—–-][\"”’»]{1,2}$")


@dataclass(frozen=True, slots=True)
class Row:
    """A row of a text, or what is left of it.

    Args:
        number: of the row in its file, from 1.
        text: without white space around it.
        column: of its first character, from 1.
        indent: blanks before it; a tab counts up to the next multiple of eight.
        broken: a page break, or something that was left out, stands before it or in its place.
    """

    number: int
    text: str
    column: int = 1
    indent: int = 0
    broken: bool = False


@dataclass(slots=True)
class Block:
    """Rows without a blank one between them.

    Args:
        rows: at least one, none blank.
        gap: number of blank rows before it; 0: it was one with the block before.
        broken: a page break, or something that was left out, stands before it.
        candidate: what its only row is if that is a heading.
        heading: its title, if it begins a chapter.
    """

    rows: list[Row]
    gap: int = 1
    broken: bool = False
    candidate: Candidate | None = None
    heading: str = ""

    @property
    def text(self) -> str:
        """The rows, joined by spaces."""
        return " ".join(row.text for row in self.rows)

    @property
    def speaks(self) -> bool:
        """Whether there is a letter or figure in it."""
        return any(any(map(str.isalnum, row.text)) and not RULE.fullmatch(row.text) for row in self.rows)


@dataclass
class Account:
    """What is left out of a text; `path` is that of its file, `listed` are the entries of its contents."""

    path: str
    listed: set[str] = field(default_factory=set)
    left_out: list[LeftOut] = field(default_factory=list)

    def leave_out(self, what: str, row: int, text: str, words: int | None = None) -> None:
        """Add a part that begins in `row`; `words`: if they are not those of `text`."""
        words = count_words(text) if words is None else words
        if words or text.strip():
            shown = " ".join(text[:200].split())[:60].rstrip()
            self.left_out.append(LeftOut(what, f"{self.path}:{row}", words, shown))

    def leave_out_rows(self, what: str, rows: Iterable[Row]) -> None:
        """Add rows as one part."""
        filled = [row for row in rows if row.text]
        if filled:
            self.leave_out(what, filled[0].number, "\n".join(row.text for row in filled))


def rows_of(text: str) -> list[Row]:
    """The rows of a text; a form feed is a blank row within which a page ends."""
    rows = []
    for number, whole in enumerate(text.split("\n"), 1):
        column = 1
        for part_number, part in enumerate(whole.split("\f")):
            bare = part.strip().strip(_EDGES)
            before = part[: part.find(bare[0])] if bare else ""
            if part_number:
                rows.append(Row(number, "", broken=True))
            if bare or not part_number:
                indent = len(before.expandtabs(8)) if before else 0
                rows.append(Row(number, bare, column + len(before), indent))
            column += len(part) + 1
    return rows


def blocks_of(rows: list[Row]) -> list[Block]:
    """The blocks of rows."""
    blocks: list[Block] = []
    gap, broken, apart = 0, False, True
    for row in rows:
        broken = broken or row.broken
        if not row.text:
            gap, apart = gap + 1, True
        elif apart:
            blocks.append(Block([row], max(gap, 1), broken))
            gap, broken, apart = 0, False, False
        else:
            blocks[-1].rows.append(row)
            broken = False
    return blocks


def end_of_block(rows: Sequence[Row], at: int) -> int:
    """The index of the first blank row at or behind `at`; that behind the last row if there is none."""
    while at < len(rows) and rows[at].text:
        at += 1
    return at


def ends_sentence(text: str) -> bool:
    """Whether a row ends as a paragraph may end."""
    return bool(_ENDS.search(text[-6:]))


def stops(text: str) -> bool:
    """Whether a row ends with the stop of a sentence."""
    return bool(_SURE_ENDS.search(text[-6:]))


def begins_lower(text: str) -> bool:
    """Whether the first letter of a row is a small one."""
    return next((char.islower() for char in text if char.isalpha()), False) and not text[0].isdigit()
