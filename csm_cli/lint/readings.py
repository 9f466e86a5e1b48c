"""How doubtful parts of a text will be read, and what of it would not be read at all."""

from __future__ import annotations

import re
from collections.abc import Container, Iterator
from difflib import SequenceMatcher

from csm_cli.lint.doubts import doubts
from csm_cli.script.document import Line
from csm_cli.script.problems import Level, shown
from csm_cli.text.cues import cues
from csm_cli.text.normaliser import Normaliser

_MARKS = re.compile(r"^\W+|\W+$")
_LONGEST = 60
"""Words of a line around the part that are compared."""


_MAY_BE_LOST = re.compile(r"[\d<>~^|*_=\\]")


class ReadingCheck:
    """Finds what of English lines may be misread, each once in a script.

    Args:
        normaliser: of the script.
        lexicon: words with an entry, which are read as they should be.
    """

    def __init__(self, normaliser: Normaliser, lexicon: Container[str] = ()):
        self._normaliser, self._lexicon = normaliser, lexicon
        self._seen: set[str] = set()

    def findings(self, line: Line, chapter: int) -> Iterator[tuple[str, str, Level]]:
        """(Part of the text, message, level) for each doubtful part, and for each that is not read."""
        text, spoken = cues(line.text)[0], ""
        for doubt in doubts(text):
            key = doubt.text.casefold()
            if key in self._seen or doubt.text in self._lexicon:
                continue
            self._seen.add(key)
            spoken = spoken or self._spoken(line, text, chapter)
            said = said_of(text, spoken, doubt.text)
            read = f' (read "{shown(said)}")' if said else ""
            yield doubt.text, f'"{shown(doubt.text)}": {doubt.why}{read}', "note"
        if _MAY_BE_LOST.search(text):
            spoken = spoken or self._spoken(line, text, chapter)
            for part in self._normaliser.unread(text, spoken, line.speaker, chapter):
                yield (
                    part,
                    f'"{shown(part)}" is not read; write it in words, or add it to the lexicon',
                    "warning",
                )

    def _spoken(self, line: Line, text: str, chapter: int) -> str:
        return self._normaliser.normalise(text, line.speaker, chapter)


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
