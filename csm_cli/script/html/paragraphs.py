"""A paragraph while it is read: pieces of text, marks of notes, line breaks, and what is left out of it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Literal

from csm_cli.script.books import LeftOut, count_words
from csm_cli.script.html.tables import CELL, row_text
from csm_cli.script.sources import plain

_OPEN, _CLOSE = "\ue000", "\ue001"
_SENTINELS = re.compile("[\ue000-\ue002]")
_VERSE = re.compile(r"poem|poetry|verse|stanza|lyric|song|strophe", re.IGNORECASE)
_LONGEST_VERSE = 70

MarkKind = Literal["link", "raised", "power"]


@dataclass(frozen=True, slots=True)
class Mark:
    """What may be the mark of a note, in the text of a block.

    Args:
        start: place in the text, in characters.
        end: behind it.
        kind: a link, raised text, or an exponent that may be a mark too.
        label: the mark without brackets: "3" or "*".
        target: what it links to, as it is written; "" for none.
        sure: whether type, class or form say that it is a mark.
        glued: whether it touches the text before it.
    """

    start: int
    end: int
    kind: MarkKind
    label: str
    target: str = ""
    sure: bool = False
    glued: bool = False


@dataclass(slots=True)
class _Gone:
    """What is left out, with the words that it has by itself; `inline`: it may touch words beside it."""

    part: LeftOut
    text: str
    inline: bool


@dataclass(slots=True)
class Paragraph:
    """The open paragraph of a page."""

    verse: bool = False
    _parts: list[str | Mark | _Gone] = field(default_factory=list)
    _rows: list[int] = field(default_factory=list)

    def add(self, text: str | None) -> None:
        """Append text."""
        if text:
            self._parts.append(_SENTINELS.sub(" ", text) if _SENTINELS.search(text) else text)

    def add_break(self, row: int) -> None:
        """End a row of the text, as `br` does."""
        self._parts.append("\n")
        self._rows.append(row)

    def add_cell(self) -> None:
        """Begin another cell of a table's row."""
        self._parts.append(CELL)

    def add_mark(self, mark: Mark, text: str) -> None:
        """Append `text`, which may be the mark of a note."""
        self._parts += [mark, _SENTINELS.sub(" ", text)]

    def leave_out(self, part: LeftOut, text: str, inline: bool) -> None:
        """Record what is left out; `inline`: it may touch words beside it."""
        self._parts.append(_Gone(part, _SENTINELS.sub(" ", text), inline))

    @property
    def begun(self) -> bool:
        """Whether there is text."""
        return any(isinstance(part, str) and not part.isspace() for part in self._parts)

    @property
    def end(self) -> str:
        """The end of the text, at most a few words."""
        found: list[str] = []
        size = 0
        for part in reversed(self._parts):
            if isinstance(part, str):
                found.append(part)
                size += len(part)
            if size > 60:
                break
        return "".join(reversed(found))

    def close(self, row: int) -> Iterator[LeftOut | tuple[str, tuple[Mark, ...], int]]:
        """What was left out; then the text, its marks, and its row, line by line if it is verse.

        Empties the paragraph.
        """
        parts, rows, self._parts, self._rows = self._parts, self._rows, [], []
        if not parts:
            return
        kept: list[str] = []
        whole: list[str] = []
        gone: list[_Gone] = []
        marks: list[Mark] = []
        open_mark = False
        for part in parts:
            if isinstance(part, Mark):
                marks.append(part)
                open_mark = True
            elif isinstance(part, _Gone):
                gone.append(part)
                whole.append(part.text if part.inline else "")
                kept.append(" " if part.inline and any(map(str.isspace, part.text)) else "")
            else:
                text = part if part in ("\n", CELL) else part.replace("\n", " ")
                whole.append(text)
                kept.append(f"{_OPEN}{text}{_CLOSE}" if open_mark else text)
                open_mark = False
        raw = "".join(kept)
        rest = _words("".join(whole)) - _words(raw)
        for index, each in enumerate(gone):
            words = each.part.words
            if each.inline:
                words = max(rest if index == len(gone) - 1 else min(words, rest), 0)
                rest -= words
            yield replace(each.part, words=words)
        segments = raw.split("\n")
        if not (self.verse or _is_verse(segments)):
            segments, rows = [" ".join(segments)], []
        unused = iter(marks)
        for segment, here in zip(segments, [row, *rows], strict=True):
            if CELL in segment:
                segment = row_text(segment.split(CELL))
            text, found = _with_places(plain(segment), unused)
            if text:
                yield text, found, here


def _words(text: str) -> int:
    return count_words(plain(_SENTINELS.sub(lambda one: " " if one[0] == CELL else "", text)))


def _is_verse(segments: list[str]) -> bool:
    """Whether rows that `br` divides are verse: several short ones, most with a capital."""
    rows = [text for text in map(str.strip, segments) if text]
    if len(rows) < 3 or max(map(len, rows)) > _LONGEST_VERSE:
        return False
    capitals = sum(next((c for c in row if c.isalpha()), "a").isupper() for row in rows)
    return capitals * 3 >= len(rows) * 2


def is_verse_name(name: str) -> bool:
    """Whether a class or type says that a block is verse."""
    return bool(_VERSE.search(name))


def _with_places(text: str, marks: Iterator[Mark]) -> tuple[str, tuple[Mark, ...]]:
    """The text without sentinels, and the marks with their places in it."""
    if _OPEN not in text:
        return text, ()
    found, clean, size, start = [], list[str](), 0, 0
    for piece in re.split("([\ue000\ue001])", text):
        if piece == _OPEN:
            start = size
        elif piece == _CLOSE:
            found.append(replace(next(marks), start=start, end=size))
        else:
            clean.append(piece)
            size += len(piece)
    return "".join(clean), tuple(found)
