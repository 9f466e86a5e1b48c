"""Sections of a script or text: its chapters."""

from __future__ import annotations

from dataclasses import replace

from csm_cli.core.errors import UsageError
from csm_cli.script.books import Book, LeftOut, ReadingOptions, Section, count_words
from csm_cli.script.document import Chapter, Line
from csm_cli.script.sections import kept_sections

_SHOWN = 60


def with_chapters_as_sections(book: Book, options: ReadingOptions) -> Book:
    """The book with its chapters as sections, and without those that `options` leave out.

    Raises:
        UsageError: `options` name a chapter that is not there, or leave none.
    """
    chapters = book.screenplay.chapters
    names = [chapter.title for chapter in chapters]
    kept = kept_sections(names, ["body"] * len(names), options)
    # Titles of scripts are no words of the source; those of texts are its headings.
    titles = [count_words(each.title) if book.headings and not each.untitled else 0 for each in chapters]
    sections = [
        Section(
            number + 1,
            chapter.title,
            "body",
            sum(count_words(line.text) for line in chapter.lines) + titles[number],
            f"{chapter.source.path}:{chapter.source.line}",
            number in kept,
        )
        for number, chapter in enumerate(chapters)
    ]
    gone = [
        LeftOut("section", section.where, section.words, section.title[:_SHOWN])
        for section in sections
        if not section.kept
    ]
    left = [chapter for number, chapter in enumerate(chapters) if number in kept]
    if not left:
        raise UsageError("no section is left to read", where="--skip", remedy="leave fewer out")
    play = replace(book.screenplay, chapters=tuple(map(_numbered, left, range(1, len(left) + 1))))
    headings = book.headings - sum(titles[section.number - 1] for section in sections if not section.kept)
    return book._replace(
        screenplay=play,
        left_out=(*book.left_out, *gone),
        sections=tuple(sections),
        headings=max(headings, 0),
    )


def _numbered(chapter: Chapter, number: int) -> Chapter:
    items = tuple(
        replace(item, id=f"c{number:02d}{item.id[item.id.index('-') :]}") if isinstance(item, Line) else item
        for item in chapter.items
    )
    return replace(chapter, number=number, items=items)
