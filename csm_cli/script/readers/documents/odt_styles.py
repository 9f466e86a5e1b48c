"""Styles of an OpenDocument text: titles, rules, hidden and raised text, and the numbers of its headings."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from csm_cli.script.books.numbers import number_of, written_number
from csm_cli.script.readers.documents.tree import attribute
from csm_cli.script.sources import local_name

if TYPE_CHECKING:
    from lxml.etree import _Element

_MOST_ANCESTORS = 12
_FORMATS = {"1": "decimal", "I": "upperRoman", "i": "lowerRoman", "A": "upperLetter", "a": "lowerLetter"}
_LEVELS = 10


class Style(NamedTuple):
    """What a paragraph or a part of it is by its style.

    Args:
        title: "title" or "subtitle" of the document, or "".
        hidden: it is not shown.
        raised: it is superscript.
        ruled: it has a line above or below.
    """

    title: str = ""
    hidden: bool = False
    raised: bool = False
    ruled: bool = False


class Styles:
    """The styles of a document by their name."""

    def __init__(self, defined: dict[str, tuple[Style, str]]):
        self._defined = defined

    def find(self, name: str) -> Style:
        """The style of that name, with what it inherits."""
        found = Style(title=_title(name))
        for _ in range(_MOST_ANCESTORS):
            if name not in self._defined:
                break
            own, name = self._defined[name]
            found = Style(
                found.title or own.title or _title(name),
                found.hidden or own.hidden,
                found.raised or own.raised,
                found.ruled or own.ruled,
            )
        return found


def read_styles(content: _Element, styles: _Element | None) -> Styles:
    """The styles of `content.xml` and, unless it is None, `styles.xml`."""
    defined: dict[str, tuple[Style, str]] = {}
    for root in (content, styles):
        for style in root.iter("{*}style") if root is not None else ():
            defined.setdefault(attribute(style, "name"), (_own(style), attribute(style, "parent-style-name")))
    return Styles(defined)


def _own(style: _Element) -> Style:
    hidden = raised = ruled = False
    for properties in style:
        name = local_name(properties)
        if name == "text-properties":
            hidden = hidden or attribute(properties, "display") == "none"
            position = attribute(properties, "text-position").split()
            raised = raised or (bool(position) and _is_raised(position[0]))
        elif name == "paragraph-properties":
            borders = [attribute(properties, f"border{side}") for side in ("", "-bottom", "-top")]
            ruled = ruled or any(border not in ("", "none") for border in borders)
    return Style("", hidden, raised, ruled)


def _is_raised(position: str) -> bool:
    return position == "super" or (position.endswith("%") and not position.startswith(("-", "0%")))


def _title(name: str) -> str:
    return name.lower() if name.lower() in ("title", "subtitle") else ""


class _Level(NamedTuple):
    format: str
    prefix: str
    suffix: str
    shown: int
    start: int


class OutlineNumbers:
    """Counts the headings of a document.

    Args:
        styles: root of `styles.xml`; None: the document has none.
    """

    def __init__(self, styles: _Element | None):
        self._levels: dict[int, _Level] = {}
        self._counts = [0] * _LEVELS
        for each in styles.iter("{*}outline-level-style") if styles is not None else ():
            format = _FORMATS.get(attribute(each, "num-format"), "")
            shown = number_of(attribute(each, "display-levels")) or 1
            start = number_of(attribute(each, "start-value") or "1")
            prefix, suffix = attribute(each, "num-prefix"), attribute(each, "num-suffix")
            self._levels[number_of(attribute(each, "level"))] = _Level(format, prefix, suffix, shown, start)

    def next(self, level: int) -> str:
        """The number of the next heading of a level, from 1, as written; "" if it has none."""
        style = self._levels.get(level)
        if style is None or not style.format or level >= _LEVELS:
            return ""
        self._counts[level] = self._counts[level] + 1 if self._counts[level] else style.start
        self._counts[level + 1 :] = [0] * (_LEVELS - level - 1)
        parts = [
            written_number(self._counts[each] or self._levels[each].start, self._levels[each].format)
            for each in range(max(1, level - style.shown + 1), level + 1)
            if each in self._levels and self._levels[each].format
        ]
        return f"{style.prefix}{'.'.join(parts)}{style.suffix}".strip()
