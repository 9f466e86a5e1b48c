"""Divides the blocks of pages into chapters."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from csm_cli.script.books import Book, LeftOut, ReadingOptions
from csm_cli.script.builder import ScreenplayBuilder
from csm_cli.script.header import Header
from csm_cli.script.pages import Block, read_page
from csm_cli.script.problems import Source
from csm_cli.script.readers.text import SCENE
from csm_cli.script.sources import ParseState


def book_from_page(root: Any, name: str, header: Header, state: ParseState, options: ReadingOptions) -> Book:
    """The book on a single page, its chapters by its headings.

    Args:
        root: of the parsed page.
        name: of the file, for places.
        header: title and author.
        state: receives the problems.
        options: what is read.
    """
    left_out: list[LeftOut] = []
    blocks = list(read_page(root, name, options, left_out))
    builder = ScreenplayBuilder(name, header, state)
    chapters = ChapterBuilder(builder, {})
    levels = [block.level for block in blocks if block.kind == "heading"]
    for block in blocks:
        if block.kind == "heading" and block.level == min(levels):
            chapters.begin(block.text, Source(name, block.row, 1))
        chapters.add(block, "", Source(name, max(block.row, 1), 1))
    return Book(builder.finish(), None, tuple(left_out))


class ChapterBuilder:
    """Adds pages to a screenplay; `titles` are the entries of the contents by page and fragment."""

    def __init__(self, builder: ScreenplayBuilder, titles: Mapping[tuple[str, str], str]):
        self._builder, self._titles = builder, titles
        self._pages_with_titles = {page for page, _ in titles}
        self._title = ""  # of the chapter that has just begun, for headings that repeat it

    def add_page(self, page: str, place: str, title: str, blocks: Iterable[Block]) -> None:
        """Add the blocks of a page; `title` is used if there is no table of contents."""
        if (page, "") in self._titles:
            self.begin(self._titles[page, ""], Source(place, 1, 1))
        elif page not in self._pages_with_titles and (not self._titles or not self._builder.in_chapter):
            self.begin(title, Source(place, 1, 1))
        for block in blocks:
            self.add(block, page, Source(place, max(block.row, 1), 1))

    def begin(self, title: str, source: Source) -> None:
        """Begin a chapter; directly behind the title of another, the two are joined."""
        if self._builder.in_chapter and not self._builder.lines:
            self._builder.retitle(title)  # "Part One" directly before "Chapter 1"
        else:
            self._builder.begin_chapter(title, source)
        self._title = _bare(title)

    def add(self, block: Block, page: str, source: Source) -> None:
        """Add a block."""
        if block.kind == "anchor":
            if title := self._titles.get((page, block.text)):
                self.begin(title, source)
            return
        if not self._builder.in_chapter:
            self.begin("", source)
        if block.kind == "break" or SCENE.fullmatch(block.text):
            if self._builder.lines:
                self._builder.add_scene_break(source)
        elif not any(map(str.isalnum, block.text)):
            self._builder.append(block.text)
        elif block.kind == "heading" and self._is_title(block.text):
            return
        else:
            if block.kind == "heading" and self._builder.lines:
                self._builder.add_scene_break(source)
            self._title = "" if block.kind == "paragraph" else self._title
            self._builder.add_line("narrator", block.text, named_at=source, source=source, new_paragraph=True)

    def _is_title(self, heading: str) -> bool:
        """Whether a heading repeats the chapter's title or a part of it ("IV", then "The Storm")."""
        bare = _bare(heading)
        return not self._builder.lines and bool(bare) and bare in self._title


def _bare(text: str) -> str:
    return "".join(char for char in text.casefold() if char.isalnum())
