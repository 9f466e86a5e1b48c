"""Styles of a Word document: headings and their numbers, titles, contents, and hidden text."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from csm_cli.script.books.numbers import number_of, written_number
from csm_cli.script.readers.documents.tree import attribute, value_of
from csm_cli.script.sources import local_name

if TYPE_CHECKING:
    from lxml.etree import _Element

_HEADING = re.compile(r"heading ?([1-9])")
_CONTENTS = re.compile(r"toc ?[1-9]|toc ?heading|table ?of ?figures|index ?[1-9]|index ?heading")
_MOST_ANCESTORS = 12
_OFF = ("0", "false", "off", "none")
_PLACE = re.compile("%([1-9])")
_LEVELS = 9


class Style(NamedTuple):
    """What a paragraph is by its style.

    Args:
        level: of a heading, from 1; 0: it is none.
        contents: it belongs to a table of contents or an index.
        title: "title" or "subtitle" of the document, or "".
    """

    level: int = 0
    contents: bool = False
    title: str = ""


class _Defined(NamedTuple):
    """A style as the document defines it."""

    name: str
    based_on: str
    level: int
    number: tuple[str, str]
    hidden: bool | None


class Styles:
    """The styles of a document by their id."""

    def __init__(self, defined: dict[str, _Defined]):
        self._defined = defined

    def of_paragraph(self, properties: _Element | None) -> Style:
        """What a paragraph is; `properties` is its `w:pPr`."""
        style = self._by_name(value_of(properties, "pStyle"))
        level = _outline(properties)
        if level is not None and not style.contents and not style.title:
            style = style._replace(level=level)
        return style

    def numbering(self, properties: _Element | None) -> tuple[str, str, str]:
        """Id and level of a paragraph's numbering, "" for none, and the id of the style that has it."""
        style = value_of(properties, "pStyle")
        number, level = _numbering(properties)
        if number:
            return number, level, style
        for each in self._ancestry(style):
            if each.number[0]:
                return *each.number, style
        return "", "", style

    def hidden(self, properties: _Element) -> bool:
        """Whether a run is hidden; `properties` is its `w:rPr`."""
        own = _switch(properties, "vanish")
        if own is not None:
            return own
        return any(bool(each.hidden) for each in self._ancestry(value_of(properties, "rStyle")))

    def _by_name(self, identity: str) -> Style:
        ancestry = self._ancestry(identity) or [_Defined(identity.lower(), "", 0, ("", ""), None)]
        for each in ancestry:
            if _CONTENTS.fullmatch(each.name):
                return Style(contents=True)
            if each.name in ("title", "subtitle"):
                return Style(title=each.name)
            if each.level or (heading := _HEADING.fullmatch(each.name)):
                return Style(level=each.level or int(heading[1] if heading else 0))
        return Style()

    def _ancestry(self, identity: str) -> list[_Defined]:
        found: list[_Defined] = []
        while (each := self._defined.get(identity)) and len(found) < _MOST_ANCESTORS:
            found.append(each)
            identity = each.based_on
        return found


def read_styles(root: _Element | None) -> Styles:
    """The styles of `styles.xml`; None: the document has none."""
    defined: dict[str, _Defined] = {}
    for style in root if root is not None else ():
        if local_name(style) == "style":
            paragraph, run = style.find("{*}pPr"), style.find("{*}rPr")
            defined[attribute(style, "styleId")] = _Defined(
                value_of(style, "name").lower(),
                value_of(style, "basedOn"),
                _outline(paragraph) or 0,
                _numbering(paragraph),
                _switch(run, "vanish"),
            )
    return Styles(defined)


def _numbering(properties: _Element | None) -> tuple[str, str]:
    numbering = properties.find("{*}numPr") if properties is not None else None
    return value_of(numbering, "numId"), value_of(numbering, "ilvl")


def _outline(properties: _Element | None) -> int | None:
    """The level of a heading from 1, 0 for text, None if the properties do not say."""
    value = value_of(properties, "outlineLvl")
    if not value.isdecimal() or not value.isascii():
        return None
    return int(value[:4]) + 1 if int(value[:4]) < 9 else 0


def _switch(properties: _Element | None, name: str) -> bool | None:
    child = properties.find(f"{{*}}{name}") if properties is not None else None
    return None if child is None else attribute(child, "val").lower() not in _OFF


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
