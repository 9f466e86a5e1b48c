"""`csm import`: a book or a dialogue of another format becomes a script."""

from __future__ import annotations

import os
from dataclasses import asdict
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from csm_cli.cli import console
from csm_cli.cli.console import count
from csm_cli.cli.convert import STDOUT, check_free, save
from csm_cli.cli.options import ScriptFormatOption
from csm_cli.core.errors import UsageError

if TYPE_CHECKING:
    from csm_cli.script.attribution import Guesses
    from csm_cli.script.books import Section
    from csm_cli.script.document import Screenplay
    from csm_cli.script.importing import Imported

_FRONT_MATTER = frozenset(["front matter", "title page", "contents"])
"""Kinds of what is left out that `--front-matter` keeps."""
KEYS = ("CSM_ATTRIBUTE_KEY", "OPENAI_API_KEY")
"""Environment variables for the key of a language model; the first that is set counts."""


class NotesOption(StrEnum):
    """What becomes of a book's notes."""

    skip = "skip"
    inline = "inline"
    end = "end"


class RubyOption(StrEnum):
    """Which part of ruby is read."""

    base = "base"
    reading = "reading"


def import_(
    book: Annotated[
        Path,
        typer.Argument(
            metavar="BOOK",
            help="An .epub, .docx, .odt, .fb2, .html, .pdf, .txt, .fountain, .json, .yaml or .md file.",
        ),
    ],
    output: Annotated[
        Path | None,
        typer.Option(
            "-o",
            "--output",
            metavar="FILE",
            help="A .md or .yaml file; - is standard output. Default: BOOK's name with .md, here.",
        ),
    ] = None,
    guess_speakers: Annotated[
        bool, typer.Option("--guess-speakers", help="Give quoted speech to those who probably say it.")
    ] = False,
    attribute_with: Annotated[
        str | None,
        typer.Option(
            "--attribute-with",
            metavar="URL",
            help="Ask a language model too: a server with OpenAI's protocol; key in CSM_ATTRIBUTE_KEY.",
        ),
    ] = None,
    attribute_model: Annotated[
        str, typer.Option("--attribute-model", metavar="NAME", help="The model's name at that server.")
    ] = "default",
    sections: Annotated[
        bool, typer.Option("--sections", help="List the book's sections, and write nothing.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="With --sections: as a list of objects.")] = False,
    skip: Annotated[
        list[str] | None,
        typer.Option("--skip", metavar="SECTION", help="Leave out: a number, a range (3-5) or a title."),
    ] = None,
    only: Annotated[
        list[str] | None,
        typer.Option("--only", metavar="SECTION", help="Read these sections and no others; as --skip."),
    ] = None,
    notes: Annotated[
        NotesOption,
        typer.Option("--notes", help="Notes: left out, read where their mark stands, or behind the chapter."),
    ] = NotesOption.skip,
    ruby: Annotated[
        RubyOption, typer.Option("--ruby", help="Of ruby, the characters or the reading beside them.")
    ] = RubyOption.base,
    front_matter: Annotated[
        bool, typer.Option("--front-matter", help="Keep a book's title pages, contents and the like.")
    ] = False,
    encoding: Annotated[
        str, typer.Option("--encoding", metavar="NAME", help="Of a text file, such as cp1252.")
    ] = "utf-8",
    to: Annotated[
        str | None, typer.Option("--to", metavar="yaml|markdown", help="Format, if the ending does not say.")
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Replace files that are there.")] = False,
    verbose: Annotated[
        bool, typer.Option("-v", "--verbose", help="List each place that is left out.")
    ] = False,
    format: ScriptFormatOption = None,
) -> None:
    """Make a script of a book or dialogue, for a person to edit; not a word is changed."""
    from csm_cli.script.books import ReadingOptions
    from csm_cli.script.formats import check_there, stem_of
    from csm_cli.script.importing import import_book, read_any_book
    from csm_cli.script.writers import write_script, written_format

    options = ReadingOptions(notes.value, ruby.value, front_matter, tuple(skip or ()), tuple(only or ()))
    source = format.value if format else None
    check_there(book)
    if sections:
        with console.busy("reading"):
            found, _ = read_any_book(book, source, options, encoding)
        _list(found.sections, as_json)
        return
    if output is None:
        output = STDOUT if book == STDOUT else Path(f"{stem_of(book)}{'.yaml' if to == 'yaml' else '.md'}")
    if output != STDOUT and output.absolute() == book.absolute():
        raise UsageError("is the book itself", where=str(output), remedy="name another file with -o")
    target = written_format(output, to)
    check_free(output, force)
    guesses = None
    with console.busy("reading"):
        imported = import_book(book, source, output, options=options, encoding=encoding)
        play = imported.screenplay
        if guess_speakers or attribute_with:
            guesses = guess_cast(play, attribute_with, attribute_model)
            play = guesses.screenplay
        text = write_script(play, target)
    if imported.cover and output != STDOUT:
        path, data = imported.cover
        if force or not path.exists():
            path.write_bytes(data)
            console.emit(str(path))
    save(text, output, force)
    for warning in imported.warnings:
        console.note(warning)
    _report(imported, play, verbose)
    if guesses:
        report(guesses)


def _list(sections: tuple[Section, ...], as_json: bool) -> None:
    """Print a table of sections: number, words, what it probably is, whether it is read, title."""
    if as_json:
        rows = [{"name": each.title, **asdict(each)} for each in sections]
        console.emit_json(rows)
        return
    width = max((len(section.guess) for section in sections), default=0)
    for section in sections:
        kept = "      " if section.kept else "(out) "
        console.emit(
            f"{section.number:4d} {section.words:7,d}  {section.guess:<{width}}  {kept}{section.title}"
        )


def _report(imported: Imported, play: Screenplay, verbose: bool) -> None:
    """Say how many words came in, how many are in the script, and what was left out where."""
    book = imported.book
    console.note(f"{count(len(play.chapters), 'chapter')}, {count(len(play.lines), 'line')}")
    if not book.words:  # a script, of which lint says what is not spoken
        console.note(f"words: {imported.words:,} in the script")
        return
    parts = imported.left_out
    kinds = ", ".join(f"{what} {words:,}" for what, words in parts.items() if words)
    left = sum(parts.values())
    text = f"words: {book.words:,} in the book, {imported.words:,} in the script, {left:,} left out"
    console.note(f"{text}: {kinds}" if kinds else text)
    if lost := book.words - imported.words - left:
        console.note(f"warning: {abs(lost):,} words are not accounted for; compare the script with the book")
    if left and not verbose:
        front = not _FRONT_MATTER.isdisjoint(parts)
        console.note(f"--verbose lists each place{', --front-matter keeps front matter' if front else ''}")
    for part in book.left_out if verbose else ():
        console.note(f"{part.where}: {part.what}, {count(part.words, 'word')}: {part.text}".rstrip(": "))


def guess_cast(play: Screenplay, url: str | None, model: str) -> Guesses:
    """Assign quotations to speakers, and voices to these.

    Args:
        play: the book.
        url: of a language model that is asked too, or None.
        model: its name at the server.

    Raises:
        UsageError: the URL is none.
    """
    from dataclasses import replace

    from csm_cli.script.attribution import attribute_with, guess_speakers
    from csm_cli.voices.casting import assign_voices

    if url:
        key = next((os.environ[name] for name in KEYS if os.environ.get(name)), "")
        guesses = attribute_with(play, url, key=key, model=model)
    else:
        guesses = guess_speakers(play)
    if not guesses.guessed:
        return guesses
    return replace(guesses, screenplay=assign_voices(guesses.screenplay, guesses.genders))


def report(guesses: Guesses) -> None:
    """Print how many quotations were assigned, and how many are doubtful."""
    for note in guesses.notes:
        console.note(note)
    text = f"guessed who says {guesses.guessed} of {count(guesses.quotes, 'quotation')}"
    if guesses.doubtful:
        text += f"; {guesses.doubtful} of them marked (who?), csm lint lists them"
    console.note(f"{text}: check them")
