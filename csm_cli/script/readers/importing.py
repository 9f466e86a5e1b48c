"""A book of any format as a screenplay to be written as a script."""

from __future__ import annotations

import codecs
from dataclasses import dataclass, replace
from pathlib import Path

from csm_cli.core.errors import UsageError
from csm_cli.script.document import Screenplay
from csm_cli.script.reader import check_screenplay, format_of, reading_of
from csm_cli.script.readers.guess import guess_speakers


@dataclass(frozen=True)
class Imported:
    """A book as read.

    Args:
        cover: where its cover image should go, and its bytes; or None.
        skipped: what was left out of an e-book.
        quotes: quotations in it, if speakers were to be guessed.
        guessed: those that were given to a speaker.
    """

    screenplay: Screenplay
    cover: tuple[Path, bytes] | None = None
    skipped: tuple[str, ...] = ()
    quotes: int = 0
    guessed: int = 0


def import_book(
    path: Path,
    format: str | None,
    output: Path,
    *,
    encoding: str = "utf-8",
    front_matter: bool = False,
    guess: bool = False,
) -> Imported:
    """Read a book.

    Args:
        path: of the book.
        format: one of `FORMATS`; None: by the ending.
        output: where the script will be written: a cover goes beside it.
        encoding: of a text file.
        front_matter: keep title pages and the like.
        guess: give quotations to their probable speakers.

    Raises:
        ScriptError: with every problem.
        UsageError: there is no such encoding.
    """
    try:
        codecs.lookup(encoding)
    except (LookupError, ValueError):
        raise UsageError(
            f"unknown encoding {encoding!r}", where="--encoding", remedy="name one such as utf-8 or cp1252"
        ) from None
    if format_of(path, format) == "epub":
        found = _import_epub(path, output, front_matter)
    else:
        play, problems = check_screenplay(path, format, expand=False, encoding=encoding)
        problems.check()
        assert play is not None
        found = Imported(play)
    # The script gets another name than the book.
    found = replace(found, screenplay=replace(found.screenplay, untitled=False))
    if not guess:
        return found
    guesses = guess_speakers(found.screenplay)
    return replace(found, screenplay=guesses.screenplay, quotes=guesses.quotes, guessed=guesses.guessed)


def _import_epub(path: Path, output: Path, front_matter: bool) -> Imported:
    from csm_cli.script.readers.epub import read_epub

    reading = reading_of(path)
    book = read_epub(path, reading, front_matter=front_matter)
    reading.problems.check()
    if book.cover is None or str(output) == "-":
        return Imported(book.screenplay, skipped=book.skipped)
    data, ending = book.cover
    cover = output.with_name(f"{output.stem}-cover{ending}")
    metadata = {**book.screenplay.metadata, "cover": cover.name}
    return Imported(replace(book.screenplay, metadata=metadata), (cover, data), book.skipped)
