"""Numbers as a person reads them."""

from __future__ import annotations

import re

INDENT = "     "
# What is copied as a whole stays whole: a command in backticks. Otherwise spaces part words.
_WORD = re.compile(r"(?:`[^`]*`|\S)+")


def clock(seconds: float) -> str:
    """Seconds as 1:05 or 2:03:04."""
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02d}:{rest:02d}" if hours else f"{minutes}:{rest:02d}"


def count(number: int, thing: str) -> str:
    """ "1 line", "2 lines"."""
    return f"{number} {thing}" if number == 1 else f"{number} {thing}s"


def size(number: int) -> str:
    """Bytes as 12 kB, 3.4 MB, 1.2 GB."""
    for unit, step in (("GB", 1e9), ("MB", 1e6)):
        if number >= step:
            return f"{number / step:.1f} {unit}"
    return f"{number / 1e3:.0f} kB"


def folded(text: str, width: int | None, indent: str = INDENT) -> str:
    """A line in lines of at most `width` characters, the later ones indented; None: as it is.

    Breaks at spaces alone, and not between backticks: a word that is too long by itself is left to the
    terminal.
    """
    if width is None or len(text) <= width:
        return text
    lines = [""]
    end = 0
    for word in _WORD.finditer(text):
        space = text[end : word.start()]
        end = word.end()
        if lines[-1].strip() and len(lines[-1]) + len(space) + len(word[0]) > width:
            lines.append(indent + word[0])
        else:
            lines[-1] += space + word[0]
    return "\n".join(lines)


def cut(text: str, width: int | None) -> str:
    """A line that is no longer than `width`; the rest shown by three dots. None: as it is."""
    return text if width is None or len(text) <= width else f"{text[: max(width - 1, 0)]}…"
