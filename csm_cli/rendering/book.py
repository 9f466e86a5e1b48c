"""What a script says of its book, for the files that are delivered."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from csm_cli.delivery.book import Book
from csm_cli.delivery.options import Delivery
from csm_cli.delivery.tags import read_cover
from csm_cli.delivery.writer import BookWriter
from csm_cli.rendering.credits import chapters_of
from csm_cli.script import Screenplay
from csm_cli.voices.voice import Voice, statement


def book_of(play: Screenplay, narrator: str = "", voices: str = "") -> Book:
    """The book of a script.

    Args:
        narrator: who is named as the narrator.
        voices: what is stated of the voices.
    """
    facts = {key: value for key, value in play.metadata.items() if key != "cover"}
    return Book(
        title=play.title,
        author=play.author,
        narrator=narrator,
        language=play.language,
        source=Path(play.path).name,
        voices=voices,
        **facts,
    )


def with_cover(delivery: Delivery, play: Screenplay) -> Delivery:
    """The delivery with the script's cover, unless it has one.

    Raises:
        MissingError, UsageError: the script's cover is not there or no picture.
    """
    named = play.metadata.get("cover")
    if delivery.cover or not named:
        return delivery
    return replace(delivery, cover=read_cover(Path(play.path).parent / named))


def book_writer(
    play: Screenplay, voices: Mapping[str, Voice], folder: Path, delivery: Delivery, rate: int
) -> BookWriter:
    """The writer of a script's files.

    Args:
        voices: of the cast, by the names that lines have for them.

    Raises:
        CsmError: the folder cannot be written, the cover not be read.
    """
    heard = dict.fromkeys(line.voice for line in play.lines)
    book = book_of(play, delivery.narrator, statement(voices[name] for name in heard))
    return BookWriter(book, folder, with_cover(delivery, play), rate, chapters_of(play))
