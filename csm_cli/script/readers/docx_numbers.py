"""Numbers of a Word document's headings, such as "Chapter 3", which Word makes and the text does not have."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from csm_cli.script.readers.tree import attribute, value_of

if TYPE_CHECKING:
    from lxml.etree import _Element

_PLACE = re.compile("%([1-9])")
_LEVELS = 9
_MOST = 10_000
_ROMAN = (
    *((1000, "m"), (900, "cm"), (500, "d"), (400, "cd"), (100, "c"), (90, "xc"), (50, "l"), (40, "xl")),
    *((10, "x"), (9, "ix"), (5, "v"), (4, "iv"), (1, "i")),
)


class _Level(NamedTuple):
    """How the numbers of a level are written; `style` is the paragraph style that has this level, or ""."""

    format: str
    text: str
    start: int
    style: str


class Numbers:
    """Counts the headings of a document.

    Args:
        root: of `numbering.xml`; None: the document has none.
    """

    def __init__(self, root: _Element | None):
        self._lists: dict[str, dict[int, _Level]] = {}
        self._list_of: dict[str, str] = {}
        self._counts: dict[str, list[int]] = {}
        for each in root.iterchildren("{*}abstractNum") if root is not None else ():
            levels = {
                number_of(attribute(level, "ilvl")): _level(level) for level in each.iterchildren("{*}lvl")
            }
            self._lists[attribute(each, "abstractNumId")] = levels
        for each in root.iterchildren("{*}num") if root is not None else ():
            self._list_of[attribute(each, "numId")] = value_of(each, "abstractNumId")

    def next(self, number: str, level: str, style: str) -> str:
        """The number of the next heading, as written; "" if it has none.

        Args:
            number: id of its numbering.
            level: in this, from "0"; "": that of its style.
            style: id of its paragraph style.
        """
        name = self._list_of.get(number, "")
        levels = self._lists.get(name, {})
        usual = next((place for place, each in levels.items() if each.style and each.style == style), 0)
        place = number_of(level) if level else usual
        if place not in levels:
            return ""
        counts = self._counts.setdefault(name, [0] * _LEVELS)
        counts[place] = counts[place] + 1 if counts[place] else levels[place].start
        counts[place + 1 :] = [0] * (_LEVELS - place - 1)

        def one(found: re.Match[str]) -> str:
            at = int(found[1]) - 1
            written = levels.get(at, levels[place])
            return written_number(counts[at] or written.start, written.format)

        return "" if levels[place].format in ("bullet", "none") else _PLACE.sub(one, levels[place].text)


def _level(element: _Element) -> _Level:
    start = number_of(value_of(element, "start") or "1")
    return _Level(
        value_of(element, "numFmt"), value_of(element, "lvlText"), start, value_of(element, "pStyle")
    )


def number_of(text: str) -> int:
    """A whole number that a document has as text, at most 10,000; 0 if it is none."""
    return min(int(text), _MOST) if text.isascii() and text.isdecimal() and len(text) < 9 else 0


def written_number(number: int, format: str) -> str:
    """A number in one of Word's formats, such as "upperRoman" or "lowerLetter"; else in figures."""
    if format in ("upperLetter", "lowerLetter") and number > 0:
        letters = chr(97 + (number - 1) % 26) * ((number - 1) // 26 % 3 + 1)
        return letters.upper() if format == "upperLetter" else letters
    if format in ("upperRoman", "lowerRoman"):
        text = ""
        for value, letters in _ROMAN:
            text += letters * (number // value)
            number %= value
        return text.upper() if format == "upperRoman" else text
    return str(number)
