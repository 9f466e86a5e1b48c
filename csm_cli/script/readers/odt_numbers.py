"""Numbers of an OpenDocument text's headings, which its outline style makes and the text does not have."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from csm_cli.script.readers.docx_numbers import number_of, written_number
from csm_cli.script.readers.tree import attribute

if TYPE_CHECKING:
    from lxml.etree import _Element

_FORMATS = {"1": "decimal", "I": "upperRoman", "i": "lowerRoman", "A": "upperLetter", "a": "lowerLetter"}
_LEVELS = 10


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
