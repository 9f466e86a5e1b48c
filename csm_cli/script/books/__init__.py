"""What readers of books share: pages in HTML become blocks, and these the chapters of a script.

Here is what such a reader returns: the screenplay, the cover, and an account of every word of the source.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, NamedTuple

from csm_cli.script.document import Screenplay

Notes = Literal["skip", "inline", "end"]
Ruby = Literal["base", "reading"]


@dataclass(frozen=True)
class LeftOut:
    """A part of a book that is not in the script.

    Args:
        what: its kind: "notes", "hidden text", "picture", "table", "code", "front matter", "page number".
        where: its file and row, "book.epub/two.xhtml:12" or "book.txt:40".
        words: how many words it has.
        text: its beginning, at most 60 characters.
    """

    what: str
    where: str
    words: int
    text: str = ""


@dataclass(frozen=True)
class Section:
    """A page or part of a book.

    Args:
        number: its place in the book, from 1.
        title: from the table of contents or its first heading; else the name of its file.
        guess: "body", "title page", "contents", "dedication", "copyright", "notes", "index" and the like.
        words: how many words it has.
        where: its file.
        kept: whether it is in the script.
    """

    number: int
    title: str
    guess: str
    words: int
    where: str
    kept: bool


@dataclass(frozen=True)
class ReadingOptions:
    """What of a book is read.

    Args:
        notes: leave out notes, read them where their mark stands, or at the end of their chapter.
        ruby: read the base text of ruby, or the reading beside it.
        front_matter: keep title pages, contents, copyright pages and the like.
        skip: sections to leave out: numbers, ranges ("3-5") or titles.
        only: sections to read, and no others; as `skip`.
    """

    notes: Notes = "skip"
    ruby: Ruby = "base"
    front_matter: bool = False
    skip: tuple[str, ...] = ()
    only: tuple[str, ...] = ()


DEFAULT = ReadingOptions()
"""Notes and front matter are left out."""


class Book(NamedTuple):
    """A book; `words` equals the words of the lines, `headings` and those of `left_out`.

    Args:
        screenplay: every line is the narrator's.
        cover: the cover image and its file name's ending, or None.
        left_out: what is not in the script.
        sections: the pages or parts.
        words: of the whole source, before anything was left out.
        headings: words of headings that became titles of chapters and are no lines.
    """

    screenplay: Screenplay
    cover: tuple[bytes, str] | None = None
    left_out: tuple[LeftOut, ...] = ()
    sections: tuple[Section, ...] = ()
    words: int = 0
    headings: int = 0


def count_words(text: str) -> int:
    """The number of words in `text`: of what stands between white space and has a letter or figure."""
    return sum(any(map(str.isalnum, word)) for word in text.split())
