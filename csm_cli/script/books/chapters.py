"""Divides pages into chapters, and makes a book of them, without the running heads between paragraphs."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from typing import Any

from csm_cli.script.books import DEFAULT, Book, LeftOut, ReadingOptions, count_words
from csm_cli.script.books.blocks import SCENE, Block, Page
from csm_cli.script.books.contents import PART, Entry, Starts, find_starts, repeats
from csm_cli.script.books.headings import bare, names_chapter
from csm_cli.script.books.html.parts import words_in
from csm_cli.script.books.html.styles import Styles
from csm_cli.script.books.notes import settle_notes
from csm_cli.script.books.pages import limited, read_page
from csm_cli.script.books.sections import FRONT_MATTER, Part, list_sections
from csm_cli.script.builder import ScreenplayBuilder
from csm_cli.script.document import Screenplay
from csm_cli.script.header import Header
from csm_cli.script.problems import Source, shown
from csm_cli.script.sources import ParseState, local_name

_SHOWN = 60
Resolve = Callable[[str, str], tuple[str, str]]
_NUMBERED = re.compile(r"(?:\d{1,4}\s+)?(\D.{0,58}?\D)(?:\s+\d{1,4})?")
_LONGEST = 60
_FEWEST = 3


def book_from_page(
    root: Any, name: str, header: Header, state: ParseState, options: ReadingOptions = DEFAULT
) -> Book:
    """The book on a single page, its chapters by its headings.

    Args:
        root: of the parsed page; its `style` elements are read.
        name: of the file, for places.
        header: title and author.
        state: receives the problems.
        options: what is read.

    Raises:
        UsageError: `options` name a section that is not there.
    """
    styles = Styles("".join(each.itertext()) for each in root.iter() if local_name(each) == "style")
    page = Page("", name, limited(read_page(root, name, options, styles), name))
    return book_from_pages([page], (), name, header, state, options, words_in(root, styles))


def book_from_pages(
    pages: Sequence[Page],
    entries: Sequence[Entry],
    name: str,
    header: Header,
    state: ParseState,
    options: ReadingOptions,
    words: int,
    resolve: Resolve | None = None,
) -> Book:
    """The book of these pages.

    Args:
        pages: in order; their blocks are changed.
        entries: of the table of contents.
        name: of the file.
        header: title and author.
        state: receives the problems.
        options: what is read.
        words: of all pages.
        resolve: the page and the id that a link on a page leads to; None: links stay on their page.

    Raises:
        UsageError: `options` name a section that is not there.
    """
    leave_out_running_heads(pages, [header.title, header.author])
    settle_notes(pages, resolve or (lambda page, link: (page, link.rpartition("#")[2])), options.notes)
    title = "" if header.untitled else header.title
    starts = find_starts(pages, entries, title)
    for label in starts.missing:
        state.problems.add(
            Source(name, 1, 1), f'the contents name "{shown(label)}", which is not there', "warning"
        )
    parts = list(_parts(pages, starts))
    filled = [part for part in parts if part.has_text]
    sections = list_sections(filled, options, title, header.author)
    kept = {id(part): section for part, section in zip(filled, sections, strict=True)}
    chapters = _Chapters(ScreenplayBuilder(name, header, state), options, title)
    left_out: list[LeftOut] = []
    for part in parts:
        section = kept.get(id(part))
        if section is None or section.kept:
            left_out += [block.gone for block in part.blocks if block.gone]
        if section and section.kept:
            chapters.add(part)
        elif section:
            what = "front matter" if section.guess in FRONT_MATTER else "section"
            left_out.append(
                LeftOut(what, f"{section.where}:{part.blocks[0].row}", section.words, section.title[:_SHOWN])
            )
    return Book(chapters.finish(), None, tuple(left_out), tuple(sections), words, chapters.headings)


def _parts(pages: Sequence[Page], starts: Starts) -> Iterator[Part]:
    """The pages, divided where chapters begin; headings alone go with what follows them on their page."""
    for number, page in enumerate(pages):
        places = [index for start, index in starts.titles if start == number]
        begin, titles, first = 0, list[str](), True
        for index in [*places, len(page.blocks)]:
            blocks = page.blocks[begin:index]
            last = index == len(page.blocks)
            if last or any(block.kind == "paragraph" for block in blocks):
                yield Part(page, blocks, titles, first)
                begin, titles, first = index, [], False
            titles = [*titles, *starts.titles.get((number, index), ())]


class _Chapters:
    """Adds parts to a screenplay; `headings` is how many words became titles of chapters."""

    def __init__(self, builder: ScreenplayBuilder, options: ReadingOptions, book: str):
        self.headings = 0
        self._builder, self._options, self._book = builder, options, book
        self._title = ""  # of the chapter that has just begun, for headings that repeat it
        self._heads: list[tuple[str, Source]] = []  # headings in front of its first line
        self._repeated: list[tuple[str, Source]] = []  # those of them that are its title
        self._break: Source | None = None  # stands before the next line
        self._notes: list[tuple[str, Source]] = []  # for the end of the chapter

    def add(self, part: Part) -> None:
        """Add a part."""
        place = Source(part.page.place, 1, 1)
        if not part.titles and not self._builder.in_chapter:
            self._begin("", place)
        for title in part.titles:
            self._begin(title, place)
        for block in part.blocks:
            self._add(block, Source(block.place or part.page.place, max(block.row, 1), 1))

    def finish(self) -> Screenplay:
        """The screenplay."""
        self._end_chapter()
        return self._builder.finish()

    def _begin(self, title: str, source: Source) -> None:
        self._settle_heads()
        if self._builder.in_chapter and not self._builder.lines:
            self._builder.retitle(title)  # "Part One" directly before "Chapter 1"
            self._title += f" {title}"
        else:
            self._end_chapter()
            self._builder.begin_chapter(title, source)
            self._title = title

    def _settle_heads(self) -> None:
        """Make headings in front of the first line a part of the title where one of them repeats it.

        "Part Two" above "Chapter 3" is, and so is "Chapter 1" below "Part One"; another heading is a line.
        """
        heads, self._heads = self._heads, []
        repeated = [self._is_title(text) for text, _ in heads]
        for number, (text, source) in enumerate(heads):
            numbered = names_chapter(text) and not repeated[number]
            above = numbered and any(repeated[number:]) and not any(repeated[:number])
            below = numbered and any(repeated[:number]) and bool(PART.fullmatch(self._title))
            if above or below:
                self._builder.retitle(text, before=above)
                self._title = f"{text}: {self._title}" if above else f"{self._title}: {text}"
            if repeated[number] or above or below or self._is_book(text):
                self.headings += count_words(text)
                self._repeated.append((text, source))
            else:
                self._line(text, source)
                self._title = ""

    def _is_book(self, heading: str) -> bool:
        return bool(bare(self._book)) and bare(heading) == bare(self._book)

    def _end_chapter(self) -> None:
        self._settle_heads()
        if self._builder.in_chapter and not self._builder.lines:
            for text, source in self._repeated:  # the book ends with a heading
                self.headings -= count_words(text)
                self._line(text, source)
        self._repeated, self._break = [], None
        for text, source in self._notes:
            self._line(text, source)
        self._notes = []

    def _add(self, block: Block, source: Source) -> None:
        if block.kind == "break" or (block.is_text and SCENE.fullmatch(block.text)):
            if self._builder.lines:
                self._break = source
        elif not block.is_text:
            return
        elif block.is_note and self._options.notes == "end":
            self._notes.append((block.text, source))
        elif not any(map(str.isalnum, block.text)):
            self._builder.append(block.text)
        elif block.kind == "heading" and not self._builder.lines:
            self._heads.append((block.text, source))
        else:
            self._settle_heads()
            if block.kind == "heading" and self._builder.lines:
                self._break = source
            self._title = "" if block.kind == "paragraph" else self._title
            self._line(block.text, source)

    def _line(self, text: str, source: Source) -> None:
        if self._break:
            self._builder.add_scene_break(self._break)
            self._break = None
        self._builder.add_line("narrator", text, named_at=source, source=source, new_paragraph=True)

    def _is_title(self, heading: str) -> bool:
        """Whether a heading repeats the chapter's title or a part of it ("IV", then "The Storm")."""
        return not self._builder.lines and repeats(heading, self._title)


def leave_out_running_heads(pages: Sequence[Page], names: Iterable[str]) -> None:
    """Leave out paragraphs that come at least three times with page numbers.

    They say the title, the author or a heading of the book, and have a number or stand beside one that was
    left out.

    Args:
        pages: whose `blocks` are changed.
        names: title and author.
    """
    known = {name.casefold() for name in names if name}
    known |= {block.text.casefold() for page in pages for block in page.blocks if block.kind == "heading"}
    found: dict[str, list[tuple[Page, int]]] = defaultdict(list)
    for page in pages:
        for index, block in enumerate(page.blocks):
            if block.kind != "paragraph" or len(block.text) > _LONGEST:
                continue
            match = _NUMBERED.fullmatch(block.text)
            beside = any(_is_number(page.blocks, each) for each in (index - 1, index + 1))
            if match and match[1].casefold() in known and (beside or match[1] != block.text):
                found[match[1].casefold()].append((page, index))
    for places in found.values():
        for page, index in places if len(places) >= _FEWEST else ():
            block = page.blocks[index]
            gone = LeftOut("running head", f"{page.place}:{block.row}", block.words, block.text)
            page.blocks[index] = replace(block, kind="gone", marks=(), gone=gone)


def _is_number(blocks: Sequence[Block], index: int) -> bool:
    gone = blocks[index].gone if 0 <= index < len(blocks) else None
    return gone is not None and gone.what == "page number"
