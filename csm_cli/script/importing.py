"""Import of a book as a screenplay; the sections of a script are its chapters."""

from __future__ import annotations

import codecs
from collections import Counter
from dataclasses import dataclass, replace
from pathlib import Path

from csm_cli.core.errors import UsageError
from csm_cli.core.files import short_name
from csm_cli.core.visible import without_refused
from csm_cli.script.books import DEFAULT, Book, LeftOut, ReadingOptions, Section, count_words
from csm_cli.script.books.sections import kept_sections
from csm_cli.script.document import Chapter, Line, Screenplay
from csm_cli.script.formats import check_there, format_of
from csm_cli.script.reader import check_screenplay, parse_state, read_book
from csm_cli.script.sources import STDIN

_SHOWN = 60


@dataclass(frozen=True)
class Imported:
    """An imported book.

    Args:
        screenplay: the script.
        book: as it was read: what was left out, its sections and words.
        warnings: about the book, a line each.
        cover: path to write the cover image to, and its content; or None.
    """

    screenplay: Screenplay
    book: Book
    warnings: tuple[str, ...] = ()
    cover: tuple[Path, bytes] | None = None

    @property
    def words(self) -> int:
        """Words of the script: of its lines, and of titles that are headings of the book."""
        return sum(count_words(line.text) for line in self.book.screenplay.lines) + self.book.headings

    @property
    def left_out(self) -> dict[str, int]:
        """How many words of each kind are not in the script, the most first."""
        counts: Counter[str] = Counter()
        for part in self.book.left_out:
            counts[part.what] += part.words
        return dict(counts.most_common())


def import_book(
    path: Path,
    format: str | None,
    output: Path,
    *,
    options: ReadingOptions = DEFAULT,
    encoding: str = "utf-8",
) -> Imported:
    """Read a book as a script.

    Args:
        path: of the book.
        format: one of `FORMATS`; None: by the ending.
        output: path of the script; a cover is placed beside it.
        options: what of the book is read.
        encoding: of a text file.

    Raises:
        ScriptError: the problems of the book.
        UsageError: there is no such encoding.
        MissingError: reading the format needs a library that is not installed.
    """
    book, warnings = read_any_book(path, format, options, encoding)
    # The file's stem, which may be the title, changes.
    play = replace(book.screenplay, untitled=book.screenplay.untitled and path == STDIN)
    imported = Imported(play, book, warnings)
    if book.cover is not None and str(output) != "-":
        data, ending = book.cover
        # The script names it, so its name is one that a script may hold.
        cover = output.with_name(short_name(without_refused(output.stem, " ").strip(), f"-cover{ending}"))
        metadata = {**imported.screenplay.metadata, "cover": cover.name}
        play = replace(imported.screenplay, metadata=metadata)
        imported = replace(imported, screenplay=play, cover=(cover, data))
    return imported


def read_any_book(
    path: Path, format: str | None, options: ReadingOptions = DEFAULT, encoding: str = "utf-8"
) -> tuple[Book, tuple[str, ...]]:
    """A book or script of any format and the warnings about it; arguments and errors as of `import_book`."""
    try:
        codecs.lookup(encoding)
    except (LookupError, ValueError):
        raise UsageError(
            f"unknown encoding {encoding!r}", where="--encoding", remedy="name one such as utf-8 or cp1252"
        ) from None
    check_there(path)
    chosen = format_of(path, format)
    state = parse_state(path, encoding=encoding)
    problems = state.problems
    book = read_book(path, state, chosen, options)
    if book is None:
        play, problems = check_screenplay(path, chosen, expand=False, encoding=encoding)
        problems.check()
        assert play is not None
        book = Book(play)
    problems.check()
    if not book.sections:
        book = _with_chapters_as_sections(book, options)
    return book, tuple(str(found) for found in problems.findings())


def _with_chapters_as_sections(book: Book, options: ReadingOptions) -> Book:
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
    def numbered(line: Line) -> Line:
        return replace(line, id=f"c{number:02d}{line.id[line.id.index('-') :]}")

    return replace(chapter.with_lines(numbered), number=number)
