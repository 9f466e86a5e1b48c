"""Counts the words of a page independently of how it is read."""

from __future__ import annotations

from typing import Any

from csm_cli.script.books import count_words
from csm_cli.script.html.parts import SILENT, is_block
from csm_cli.script.html.styles import Styles
from csm_cli.script.sources import local_name, plain

APART = frozenset(["rt", "rtc", "rp"])
"""Elements whose words are counted by themselves."""


def words_in(element: Any, styles: Styles) -> int:
    """The number of words in an element: all text that can be seen or heard, of pictures what `alt` says.

    Blocks and line breaks divide words; what is said of pictures and readings of ruby are counted apart.
    """
    total, parts = 0, list[str]()
    apart: list[list[str]] = []
    stack: list[tuple[Any, bool]] = [(element, False)]
    while stack:
        each, leaving = stack.pop()
        name = local_name(each)
        divides = bool(name) and (name == "br" or is_block(each, name, styles))
        if divides and not apart:
            total += count_words(plain("".join(parts)))
            parts = []
        if leaving and name in APART and len(apart) == 1:
            total += count_words(plain("".join(apart.pop())))
        elif leaving and name in APART:
            apart.pop()
        if not leaving and name and name not in SILENT:
            if name in APART:
                apart.append(apart[0] if apart else [])
            if name == "img":
                total += count_words(plain(each.get("alt") or ""))
            (apart[0] if apart else parts).append(each.text or "")
            stack.append((each, True))
            stack += [(child, False) for child in reversed(each)]
        elif each is not element:
            (apart[0] if apart else parts).append(each.tail or "")
    return total + count_words(plain("".join(parts)))
