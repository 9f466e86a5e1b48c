"""`csm import`: a book or a dialogue of another format becomes a script."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from csm_cli.cli import console
from csm_cli.cli.console import count
from csm_cli.cli.convert import STDOUT, save
from csm_cli.cli.guessing import guess_cast, report
from csm_cli.cli.options import ScriptFormatOption


def import_(
    book: Annotated[
        Path, typer.Argument(metavar="BOOK", help="An .epub, .fountain, .txt, .json, .yaml or .md file.")
    ],
    output: Annotated[
        Path,
        typer.Option("-o", "--output", metavar="FILE", help="A .md or .yaml file; - is standard output."),
    ],
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
    front_matter: Annotated[
        bool, typer.Option("--front-matter", help="Keep an e-book's title pages, contents and notes.")
    ] = False,
    encoding: Annotated[
        str, typer.Option("--encoding", metavar="NAME", help="Of a text file, such as cp1252.")
    ] = "utf-8",
    to: Annotated[
        str | None, typer.Option("--to", metavar="yaml|markdown", help="Format, if the ending does not say.")
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Replace files that are there.")] = False,
    format: ScriptFormatOption = None,
) -> None:
    """Make a script of a book or dialogue, for a person to edit; not a word is changed."""
    from csm_cli.script.importing import import_book
    from csm_cli.script.writers import write_script, written_format

    target = written_format(output, to)
    guesses = None
    with console.busy("reading"):
        imported = import_book(
            book,
            format.value if format else None,
            output,
            encoding=encoding,
            front_matter=front_matter,
        )
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
    words = sum(len(line.text.split()) for line in play.lines)
    parts = [count(len(play.chapters), "chapter"), count(len(play.lines), "line"), count(words, "word")]
    console.note(", ".join(parts))
    if imported.skipped:
        console.note(f"left out: {', '.join(imported.skipped)} (--front-matter keeps it)")
    if guesses:
        report(guesses)
