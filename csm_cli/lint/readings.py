"""How a part of a text will be said: the words of the spoken form that stand for it."""

from __future__ import annotations

import re
from difflib import SequenceMatcher

_MARKS = re.compile(r"^\W+|\W+$")
_LONGEST = 60
"""Words of a line around the part that are compared."""


def said_of(text: str, spoken: str, part: str) -> str:
    """The words of `spoken` that stand in the place of `part`; "" if they are those of the part itself.

    Args:
        text: as written.
        spoken: its spoken form.
        part: of the text; its first occurrence.
    """
    at = text.find(part)
    if at < 0:
        return ""
    before, inner, after = text[:at].split(), part.split(), text[at + len(part) :].split()
    if at and not text[at - 1].isspace() and before:  # a bracket, or the beginning of a longer word
        inner = [before.pop() + inner[0], *inner[1:]]
    if after and not text[at + len(part) : at + len(part) + 1].isspace():
        inner = [*inner[:-1], inner[-1] + after.pop(0)]
    before, after = before[-_LONGEST:], after[:_LONGEST]
    words, said = [*before, *inner, *after], spoken.split()
    matcher = SequenceMatcher(None, [_bare(word) for word in words], [_bare(word) for word in said], False)
    first, last = 0, len(said)
    for block in matcher.get_matching_blocks():
        for offset in range(block.size):
            place = block.a + offset
            if place < len(before):
                first = block.b + offset + 1
            elif place >= len(before) + len(inner):
                last = min(last, block.b + offset)
    found = " ".join(said[first:last])
    plain = _MARKS.sub("", found)
    return "" if _bare(found) == _bare(" ".join(inner)) or first >= last else plain


def _bare(word: str) -> str:
    return _MARKS.sub("", word).casefold()
