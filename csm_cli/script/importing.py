"""Import of a book as a screenplay."""

from __future__ import annotations

import codecs
from dataclasses import dataclass, replace
from pathlib import Path

from csm_cli.core.errors import UsageError
from csm_cli.script.attribution import guess_speakers
from csm_cli.script.document import Screenplay
from csm_cli.script.reader import check_screenplay, format_of, parse_state


@dataclass(frozen=True)
class Imported:
    """An imported book.

    Args:
        cover: path to write the cover image to, and its content; or None.
        skipped: titles or files that were left out of an e-book.
        quotes: number of quotations, if speakers were guessed.
        guessed: number of those that were assigned.
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
        output: path of the script; a cover is placed beside it.
        encoding: of a text file.
        front_matter: keep title pages and the like.
        guess: assign quotations to their probable speakers.

    Raises:
        ScriptError: the problems of the book.
        UsageError: there is no such encoding.
    """
    try:
        codecs.lookup(encoding)
    except (LookupError, ValueError):
        raise UsageError(
            f"unknown encoding {encoding!r}", where="--encoding", remedy="name one such as utf-8 or cp1252"
        ) from None
    if format_of(path, format) == "epub":
        imported = _import_epub(path, output, front_matter)
    else:
        play, problems = check_screenplay(path, format, expand=False, encoding=encoding)
        problems.check()
        assert play is not None
        imported = Imported(play)
    # The file's stem, which may be the title, changes.
    imported = replace(imported, screenplay=replace(imported.screenplay, untitled=False))
    if not guess:
        return imported
    guesses = guess_speakers(imported.screenplay)
    return replace(imported, screenplay=guesses.screenplay, quotes=guesses.quotes, guessed=guesses.guessed)


def _import_epub(path: Path, output: Path, front_matter: bool) -> Imported:
    from csm_cli.script.books import ReadingOptions
    from csm_cli.script.readers.epub import read_epub

    state = parse_state(path)
    book = read_epub(path, state, ReadingOptions(front_matter=front_matter))
    state.problems.check()
    skipped = tuple(section.title for section in book.sections if not section.kept)
    if book.cover is None or str(output) == "-":
        return Imported(book.screenplay, skipped=skipped)
    data, ending = book.cover
    cover = output.with_name(f"{output.stem}-cover{ending}")
    metadata = {**book.screenplay.metadata, "cover": cover.name}
    return Imported(replace(book.screenplay, metadata=metadata), (cover, data), skipped)
