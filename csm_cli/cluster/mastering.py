"""Mastering, away from the driver: the files of a chapter when it is complete, those of a book at its end."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from csm_cli.audio.measure import Measured
from csm_cli.audio.timeline import ChapterTimeline
from csm_cli.delivery.options import Delivery
from csm_cli.delivery.writer import BookWriter
from csm_cli.render.book import book_writer
from csm_cli.render.chapter import chapter_parts
from csm_cli.render.credits import role_of
from csm_cli.render.lines import SpokenLine
from csm_cli.screenplay import Screenplay
from csm_cli.takes import TakeStore
from csm_cli.voices.voice import Voice


@dataclass(frozen=True)
class Brief:
    """What is needed to master a book.

    Args:
        screenplay: all of it.
        voices: of its cast.
        folder: of the files.
        delivery: what to make.
        rate: Hz.
        takes: folder of the store.
    """

    screenplay: Screenplay
    voices: Mapping[str, Voice]
    folder: Path
    delivery: Delivery
    rate: int
    takes: Path


@dataclass(frozen=True)
class Whole:
    """What was made at the end of a book.

    Args:
        files: audio, measured.
        notes: what a person should know.
        others: the timeline and what is made from it.
    """

    files: tuple[Measured, ...]
    notes: tuple[str, ...]
    others: tuple[Path, ...]


class Mastering:
    """Masters books, several at a time.

    Args:
        folder: the driver's working folder, in which all relative paths hold.
    """

    def __init__(self, folder: Path):
        os.chdir(folder)
        self._books: dict[int, tuple[Brief, BookWriter, TakeStore, ExitStack]] = {}

    def open(self, book: int, brief: Brief) -> None:
        """Begin with a book."""
        stack = ExitStack()
        writer = stack.enter_context(
            book_writer(brief.screenplay, brief.voices, brief.folder, brief.delivery, brief.rate)
        )
        self._books[book] = brief, writer, TakeStore(brief.takes), stack

    def chapter(
        self, book: int, number: int, lines: Sequence[SpokenLine]
    ) -> tuple[ChapterTimeline, list[Measured]]:
        """Master a chapter whose lines are all there.

        Returns:
            (what `timeline.json` will say of it; its files, measured).

        Raises:
            CsmError: a file cannot be written, a take is damaged.
        """
        brief, writer, store, _ = self._books[book]
        chapter = next(each for each in brief.screenplay.chapters if each.number == number)
        parts = chapter_parts(store, chapter, lines)
        return writer.add(number, chapter.title, parts, role_of(brief.screenplay, chapter))

    def finish(self, book: int) -> Whole:
        """Write what is made of the whole book, and forget it.

        Raises:
            CsmError: a file cannot be written.
        """
        _, writer, _, stack = self._books[book]
        with stack:
            files = writer.finish()
            whole = Whole(tuple(files), tuple(writer.notes), tuple(writer.write_timeline()))
        del self._books[book]
        return whole

    def stop(self, book: int) -> list[Path]:
        """Write the timeline of what is finished of a book, and forget the rest."""
        _, writer, _, stack = self._books.pop(book)
        with stack:
            return writer.write_timeline()
