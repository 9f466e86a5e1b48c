"""What the pages of a book consist of."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

from csm_cli.script.books import LeftOut, count_words

Kind = Literal["paragraph", "heading", "break", "anchor", "gone"]
Place = tuple[int, int]
"""Numbers of a page and of a block on it."""
MarkKind = Literal["link", "raised", "power"]
SCENE = re.compile(r"[*#~_=•⁂·–—-](?:\s*[*#~_=•⁂·–—-]){0,12}")
"""A paragraph that is the break between two scenes."""


@dataclass(frozen=True, slots=True)
class Mark:
    """What may be the mark of a note, in the text of a block.

    Args:
        start: place in the text, in characters.
        end: behind it.
        kind: a link, raised text, or an exponent that may be a mark too.
        label: the mark without brackets: "3" or "*".
        target: what it links to, as it is written; "" for none.
        sure: whether type, class or form say that it is a mark.
        glued: whether it touches the text before it.
    """

    start: int
    end: int
    kind: MarkKind
    label: str
    target: str = ""
    sure: bool = False
    glued: bool = False


@dataclass(frozen=True, slots=True)
class Block:
    """A part of a page: its text with white space collapsed, and its first row in the file.

    Args:
        kind: a paragraph, heading, break, a place that links lead to, or what was left out.
        text: of an anchor, its id.
        row: of the file.
        level: of a heading, 1 to 6.
        marks: what may be marks of notes in the text.
        inside: ids of the blocks around the text, at most the innermost eight.
        is_note: whether type or class say that it is the text of a note.
        begun: of an anchor: the paragraph that it is in had text before it.
        gone: what was left out.
        place: the file, if it is not that of the page.
    """

    kind: Kind
    text: str
    row: int
    level: int = 0
    marks: tuple[Mark, ...] = ()
    inside: tuple[str, ...] = ()
    is_note: bool = False
    begun: bool = False
    gone: LeftOut | None = None
    place: str = ""

    @property
    def is_text(self) -> bool:
        """Whether it is a paragraph or heading."""
        return self.kind in ("paragraph", "heading")

    @property
    def words(self) -> int:
        """How many words it has, spoken or left out."""
        if self.gone:
            return self.gone.words
        return count_words(self.text) if self.is_text else 0


@dataclass(slots=True)
class Page:
    """A page of a book.

    Args:
        name: its path in the book, which links name; "" for a book of one page.
        place: its file, for places.
        blocks: what is on it.
        kinds: its types, such as "titlepage".
    """

    name: str
    place: str
    blocks: list[Block]
    kinds: frozenset[str] = frozenset()
