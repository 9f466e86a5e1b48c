"""Notes without links: a mark in the text, and further down the page a paragraph that begins with it."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from csm_cli.script.books.blocks import Block

_SIGN = re.compile(r"(?<=[^\s*†‡§\[(])(\*{1,3}|†{1,2}|‡{1,2}|§)(?=[\s.,;:!?)”’\"]|$)")
_BRACKET = re.compile(r"(?<=[^\s\[(=])\[(\d{1,3}|[*†‡§a-z])\]")
_STARTS = re.compile(r"\[(\d{1,3}|[*†‡§a-z])\]:?\s?|(\*{1,3}|†{1,2}|‡{1,2}|§)\s?(?=[\w\"“‘'(])")
_NUMBERED = re.compile(r"\(?(\d{1,3})[.):]?\s+(?=\S)")
_BEFORE_MARK = re.compile(r"\w{2}$|[.,;:!?”’\"')]$")
_EMPHASIS = re.compile(r"(?:^|[\s(\"“‘])\*\S")

Mark = tuple[int, tuple[int, int]]
"""Number of a block, and a place in its text."""


@dataclass
class LooseNote:
    """A note, or marks alone.

    Args:
        blocks: numbers of its blocks on the page; empty for a mark without a text.
        marks: and the label of the note.
    """

    blocks: list[int] = field(default_factory=list)
    marks: list[Mark] = field(default_factory=list)


def find_loose_notes(blocks: Mapping[int, Block], known: set[int]) -> Iterator[LooseNote]:
    """The notes of a page that no links lead to.

    Args:
        blocks: texts and breaks of the page by their numbers, in order.
        known: numbers of those that are notes already.
    """
    waiting = _Waiting()
    last_break = max((index for index, block in blocks.items() if block.kind == "break"), default=-1)
    note: LooseNote | None = None
    for index, block in blocks.items():
        at_foot = index > last_break >= 0
        if index in known:
            continue
        start = _start(block, at_foot) if block.kind == "paragraph" else None
        mark = waiting.take(start[0]) if start else None
        if note and not mark and at_foot and block.kind == "paragraph":
            note.blocks.append(index)  # the second paragraph of a note at the foot of the page
            continue
        if note:
            yield note
        note = None
        if start and mark:
            note = LooseNote([index], [mark, (index, (0, start[1]))])
        elif block.is_text:
            yield from waiting.add(index, block)
    if note:
        yield note


def _start(block: Block, at_foot: bool) -> tuple[str, int] | None:
    """The label with which a block begins as a note does, and where it ends."""
    if block.marks and block.marks[0].start == 0:
        return block.marks[0].label, block.marks[0].end
    text = block.text
    if (found := _STARTS.match(text)) and not (found[2] and text.rstrip().endswith("*")):
        return found[1] or found[2], found.end()
    if at_foot and (found := _NUMBERED.match(text)):
        return found[1], found.end()
    return None


class _Waiting:
    """The marks that have been seen, by their labels."""

    def __init__(self) -> None:
        self._marks: dict[str, list[Mark]] = defaultdict(list)
        self._powers: dict[str, list[Mark]] = defaultdict(list)

    def take(self, label: str) -> Mark | None:
        """The first mark with this label for which there was no note."""
        for marks in (self._marks, self._powers):
            if marks.get(label):
                return marks[label].pop(0)
        return None

    def add(self, index: int, block: Block) -> Iterator[LooseNote]:
        """Add the marks of a block that are no links; those that are sure are notes without a text."""
        links = {mark.start for mark in block.marks if mark.kind == "link"}
        text = block.text
        for mark in block.marks:
            span = (index, (mark.start, mark.end))
            if mark.kind == "raised":
                yield LooseNote(marks=[span])
                if mark.glued:
                    self._marks[mark.label].append(span)
            elif mark.kind == "power" and text[mark.start - 1 : mark.start].isdigit():
                self._powers[mark.label].append(span)
        for found in _BRACKET.finditer(text):
            if found.start() not in links:
                span = (index, found.span())
                if found[1].isdigit() and _BEFORE_MARK.search(
                    text[max(found.start() - 3, 0) : found.start()]
                ):
                    yield LooseNote(marks=[span])
                self._marks[found[1]].append(span)
        if not _EMPHASIS.search(text):
            for found in _SIGN.finditer(text):
                if found.start() not in links:
                    self._marks[found[1]].append((index, found.span()))
