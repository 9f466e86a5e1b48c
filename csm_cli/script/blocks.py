"""What the pages of a book consist of."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from csm_cli.script.books import LeftOut, count_words
from csm_cli.script.html.paragraphs import Mark

Kind = Literal["paragraph", "heading", "break", "anchor", "gone"]


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
