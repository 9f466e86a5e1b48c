"""A paragraph while it is read: pieces of text, marks of notes, cells of tables, and what is left out."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from itertools import islice
from typing import Any

from csm_cli.script.books import LeftOut, count_words
from csm_cli.script.books.blocks import Mark
from csm_cli.script.sources import local_name, plain

CELL = "\ue002"
"""Stands between two cells of a row until the row is complete."""
_NOT_DATA = frozenset(["h1", "h2", "h3", "h4", "h5", "h6", "table", "ul", "ol", "hr", "blockquote", "pre"])
_LONGEST_CELL = 400
_OPEN, _CLOSE = "\ue000", "\ue001"
_BREAK = "\ue003"
_SENTINELS = re.compile("[\ue000-\ue003]")
_VERSE = re.compile(r"poem|poetry|verse|stanza|lyric|song|strophe", re.IGNORECASE)
_LONGEST_VERSE = 70


def is_data(table: Any) -> bool:
    """Whether a table has several cells in a row, and none with more than a paragraph."""
    widest = cells = paragraphs = 0
    for element in table.iter():
        name = local_name(element)
        if name in _NOT_DATA and element is not table:
            return False
        if name == "tr":
            cells = 0
        elif name in ("td", "th"):
            cells, paragraphs = cells + 1, 0
            if _is_long(element):
                return False
        elif name in ("p", "div"):
            paragraphs += 1
            if paragraphs > 2:
                return False
        widest = max(widest, cells)
    return widest > 1


def _is_long(cell: Any) -> bool:
    size = 0
    for text in cell.itertext():
        size += len(text)
        if size > _LONGEST_CELL:
            return True
    return False


def row_text(cells: list[str]) -> str:
    """The cells of a row as one text, divided by commas, or by semicolons if they have commas."""
    filled = [cell.strip() for cell in cells if cell.strip()]
    comma = "; " if any("," in cell for cell in filled) else ", "
    return "".join(
        cell + ("" if last else (" " if cell[-1] in ".,;:!?" else comma))
        for cell, last in zip(filled, [*[False] * (len(filled) - 1), True], strict=False)
    )


_LAST_PARTS = 200


@dataclass(slots=True)
class _Gone:
    """A piece of text that is left out; `words` that do not touch others, or None."""

    part: LeftOut
    text: str
    words: int | None
    instead: tuple[str, ...] = ()


@dataclass(slots=True)
class Paragraph:
    """The open paragraph of a page."""

    verse: bool = False
    _parts: list[str | Mark | _Gone] = field(default_factory=list)
    _rows: list[int] = field(default_factory=list)
    _looked_at: int = 0
    _begun: bool = False

    def add(self, text: str | None) -> None:
        """Append text."""
        if text:
            self._parts.append(_SENTINELS.sub(" ", text) if _SENTINELS.search(text) else text)

    def add_break(self, row: int) -> None:
        """End a row of the text, as `br` does."""
        self._parts.append(_BREAK)
        self._rows.append(row)

    def add_cell(self) -> None:
        """Begin another cell of a table's row."""
        self._parts.append(CELL)

    def add_mark(self, mark: Mark, text: str) -> None:
        """Append `text`, which may be the mark of a note."""
        self._parts += [mark, _SENTINELS.sub(" ", text)]

    def leave_out(self, part: LeftOut, text: str, instead: tuple[str, ...] = ()) -> None:
        """Append text that is left out, a piece of `part`; `instead` is read in its place."""
        instead = tuple(_SENTINELS.sub(" ", each) for each in instead)
        self._parts.append(_Gone(part, _SENTINELS.sub(" ", text), None, instead))

    def leave_out_apart(self, part: LeftOut, words: int) -> None:
        """Append `words` of `part` that touch no others, such as what is said of a picture."""
        self._parts.append(_Gone(part, "", words))

    @property
    def begun(self) -> bool:
        """Whether there is text."""
        while not self._begun and self._looked_at < len(self._parts):  # each part once, however often asked
            part = self._parts[self._looked_at]
            self._looked_at += 1
            self._begun = (
                bool(part.instead)
                if isinstance(part, _Gone)
                else isinstance(part, str) and not part.isspace() and part not in (_BREAK, CELL)
            )
        return self._begun

    @property
    def end(self) -> str:
        """The end of the text, at most a few words."""
        found: list[str] = []
        size = 0
        for part in islice(reversed(self._parts), _LAST_PARTS):
            if isinstance(part, str):
                found.append(part)
                size += len(part)
            if size > 60:
                break
        return _SENTINELS.sub(" ", "".join(reversed(found)))

    def close(self, row: int) -> tuple[list[tuple[LeftOut, int]], list[tuple[str, tuple[Mark, ...], int]]]:
        """What was left out, with its words; and texts with their marks and rows. Empties the paragraph.

        There is one text, or one for each row of verse, or for each paragraph that empty rows divide.
        """
        parts, rows, self._parts, self._rows = self._parts, self._rows, [], []
        self._looked_at, self._begun = 0, False
        if not parts:
            return [], []
        kept: list[str] = []
        whole: list[str] = []
        gone: list[_Gone] = []
        marks: list[Mark] = []
        open_mark, apart = False, 0
        for part in parts:
            if isinstance(part, Mark):
                marks.append(part)
                open_mark = True
            elif isinstance(part, _Gone):
                gone.append(part)
                whole.append(part.text)
                spaced = any(map(str.isspace, part.text))
                kept.append("".join(part.instead) or (" " if spaced else ""))
                apart += sum(map(_words, part.instead))
            else:
                whole.append(part)
                kept.append(f"{_OPEN}{part}{_CLOSE}" if open_mark else part)
                open_mark = False
        raw = "".join(kept)
        pieces = list(_shared(gone, apart + _words("".join(whole)) - _words(raw)))
        unused = iter(marks)
        texts = []
        for segment, here in self._rows_of(raw, [row, *rows]):
            if CELL in segment:
                segment = row_text(segment.split(CELL))
            text, found = _with_places(plain(segment), unused)
            if text:
                texts.append((text, found, here))
        return pieces, texts

    def _rows_of(self, raw: str, rows: list[int]) -> Iterator[tuple[str, int]]:
        """The paragraphs that empty rows divide, and the rows of those that are verse."""
        group: list[tuple[str, int]] = []
        for segment, row in [*zip(raw.split(_BREAK), rows, strict=True), ("", 0)]:
            if segment.strip():
                group.append((segment, row))
                continue
            if self.verse or _is_verse([text for text, _ in group]):
                yield from group
            elif group:
                yield " ".join(text for text, _ in group), group[0][1]
            group = []


def _shared(gone: list[_Gone], words: int) -> Iterator[tuple[LeftOut, int]]:
    """Each piece with its share of the words of those that touch others."""
    touching = [index for index, piece in enumerate(gone) if piece.words is None]
    for index, piece in enumerate(gone):
        if piece.words is not None:
            yield piece.part, piece.words
            continue
        share = words if index == touching[-1] else min(_words(piece.text), words)
        words -= share
        yield piece.part, share


def _words(text: str) -> int:
    return count_words(plain(_SENTINELS.sub(lambda one: " " if one[0] in (CELL, _BREAK) else "", text)))


def _is_verse(segments: list[str]) -> bool:
    """Whether rows that `br` divides are verse: several short ones, most with a capital."""
    rows = [text.strip() for text in segments]
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
