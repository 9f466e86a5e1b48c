"""Lines in a Markdown script: text in rows, settings in braces in front of it."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

from csm_cli.review.spans import KEYS, Change, LineSpan, TextSpan
from csm_cli.script.markup import BLANK, PARTS, LineRows
from csm_cli.script.problems import Source, SourceText
from csm_cli.script.reader import parse_state
from csm_cli.script.readers.markdown import read_markdown
from csm_cli.script.settings import as_written
from csm_cli.script.writers.markdown import escape, text_of_line

_NUMBER = re.compile(r"^(\d{1,9})([.)])(?=\s)")
_NOTE = re.compile(r"\(((?:[^()\\]|\\.)*)\)\s*")


def markdown_lines(source: SourceText) -> Callable[[Source], LineSpan | None]:
    """Gives the lines of a script by the place of their texts, as in `Line.source`."""
    places: list[LineRows] = []
    read_markdown(source, parse_state(Path(source.path), expand=False), places)
    starts = [0, *(match.end() for match in re.finditer("\n", source.text))]
    found = {(each.source.line, each.source.column): each for each in places}

    def line(at: Source) -> LineSpan | None:
        place = found.get((at.line, at.column))
        span = None if place is None else _text_span(place, source.text, starts)
        return None if place is None or span is None else MarkdownLine(span, place, source.text, starts)

    return line


def _text_span(place: LineRows, text: str, starts: list[int]) -> TextSpan | None:
    read, at, hidden = "", list[int](), set[int]()
    before = 0
    for number, begin, row in place.rows:
        start = starts[number - 1]
        if at and number > before + 1:  # rows of a comment lie between
            hidden |= set(range(starts[before], start))
        before = number
        shift = _shift(row, begin, text[start : starts[number] if number < len(starts) else len(text)])
        if shift is None:
            return None
        places = [(char, start + index - shift) for index, char in enumerate(row[begin:], begin)]
        hidden |= {index for char, index in places if char == BLANK}
        seen = [each for each in places if each[0] != BLANK]
        content = "".join(char for char, _ in seen)
        first = len(content) - len(content.lstrip())
        last = len(content.rstrip().removesuffix("\\"))
        if last <= first:
            continue
        if at:
            read += "\n"
            at.append(at[-1] + 1)
        read += content[first:last]
        at += [index for _, index in seen[first:last]]
    while place.named and read[:1] == "(" and (note := _NOTE.match(read)):
        read, at = read[note.end() :], at[note.end() :]
    if not read:
        return None
    begins = not text[text.rfind("\n", 0, at[0]) + 1 : at[0]].strip()

    def whole(new: str) -> str:
        text = text_of_line(new, named=place.named, first=begins)
        return _NUMBER.sub(r"\1\\\2", text) if begins else text

    def word(new: str, begins: bool) -> str:
        return as_written(escape(new, first=begins))

    return TextSpan(read, at, whole, word, frozenset(hidden))


def _shift(row: str, begin: int, written: str) -> int | None:
    """By how many columns a row as it is read lies behind the row as it is written; None: they differ.

    A row that begins within a comment has one more character in front.
    """
    for shift in (0, 1):
        if all(
            char == BLANK or written[index - shift : index - shift + 1] == char
            for index, char in enumerate(row[begin:], begin)
        ):
            return shift
    return None


class MarkdownLine(LineSpan):
    """A line in a Markdown script.

    Args:
        span: of its text.
        place: as the reader gives it.
        text: of the file.
        starts: index of each row.
    """

    def __init__(self, span: TextSpan, place: LineRows, text: str, starts: list[int]):
        self.text, self._file = span, text
        row, begin, end = place.braces
        self._begin, self._end = starts[row - 1] + begin, starts[row - 1] + end
        self._pairs = list(PARTS.finditer(text, self._begin, self._end))
        self.own = {each[1]: each[2].strip('"') for each in self._pairs if each[1] in KEYS}

    def setting(self, key: str, value: str | None) -> Change | None:
        there = next((at for at, each in enumerate(self._pairs) if each[1] == key), None)
        if there is None:
            return None if value is None else self._added(f"{key}={value}")
        pair = self._pairs[there]
        if value is not None:
            return Change(pair.start(2), pair.end(2), value)
        if len(self._pairs) == 1:
            return Change(self._begin, self._end, "")
        if there:
            return Change(self._pairs[there - 1].end(), pair.end(), "")
        return Change(pair.start(), self._pairs[1].start(), "")

    def _added(self, pair: str) -> Change:
        if self._pairs:
            end = self._pairs[-1].end()
            return Change(end, end, f" {pair}")
        before, after = self._file[self._begin - 1 : self._begin], self._file[self._begin : self._begin + 1]
        space = "" if not before or before.isspace() else " "
        return Change(self._begin, self._begin, f"{space}{{{pair}}}{'' if after in ('', chr(10)) else ' '}")
