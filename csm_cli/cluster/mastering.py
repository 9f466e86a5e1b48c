"""Mastering, away from the driver: the files of a chapter when it is complete, those of a book at its end.

What is noted of a book, the takes that it uses and its report, is written here too: the driver of hundreds of
slots has no time to wait for a disk.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from csm_cli.audio.measure import Measured
from csm_cli.audio.timeline import ChapterTimeline
from csm_cli.delivery.options import Delivery
from csm_cli.delivery.writer import BookWriter
from csm_cli.rendering.book import book_writer
from csm_cli.rendering.chapter import chapter_parts
from csm_cli.rendering.credits import role_of
from csm_cli.rendering.line import SpokenLine
from csm_cli.rendering.report import ReportWriter
from csm_cli.rendering.running import Notes
from csm_cli.script import Screenplay
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
        notes: what is written down beside the audio.
    """

    screenplay: Screenplay
    voices: Mapping[str, Voice]
    folder: Path
    delivery: Delivery
    rate: int
    notes: Notes


@dataclass(frozen=True)
class Whole:
    """What was made at the end of a book.

    Args:
        files: audio, measured.
        notes: what a person should know.
        others: the timeline and what is made from it, and the report.
    """

    files: tuple[Measured, ...]
    notes: tuple[str, ...]
    others: tuple[Path, ...]


class _Book(NamedTuple):
    """A book on its way."""

    brief: Brief
    writer: BookWriter
    store: TakeStore
    report: ReportWriter
    stack: ExitStack


class Mastering:
    """Masters books, several at a time.

    Args:
        folder: the driver's working folder, in which all relative paths hold.
    """

    def __init__(self, folder: Path):
        os.chdir(folder)
        self._books: dict[int, _Book] = {}

    def open(self, book: int, brief: Brief) -> None:
        """Begin with a book."""
        stack = ExitStack()
        writer = stack.enter_context(
            book_writer(brief.screenplay, brief.voices, brief.folder, brief.delivery, brief.rate)
        )
        store = TakeStore(brief.notes.takes)
        self._books[book] = _Book(brief, writer, store, brief.notes.report(store), stack)

    def chapter(
        self, book: int, number: int, lines: Sequence[SpokenLine], others: Mapping[str, Sequence[str]]
    ) -> tuple[ChapterTimeline, list[Measured]]:
        """Note the takes of a chapter whose lines are all there, and master it.

        Args:
            book: that is open.
            number: of the chapter.
            lines: with their takes.
            others: ids of the lines' other takes, for the report.

        Returns:
            (what `timeline.json` will say of it; its files, measured).

        Raises:
            CsmError: a file cannot be written, a take is damaged.
        """
        brief, writer, store, report, _ = self._books[book]
        brief.notes.record(lines)
        chapter = next(each for each in brief.screenplay.chapters if each.number == number)
        parts = chapter_parts(store, chapter, lines)
        timeline, files = writer.add(number, chapter.title, parts, role_of(brief.screenplay, chapter))
        report.add(chapter, timeline, lines, others)
        return timeline, files

    def finish(self, book: int, seconds: float, speech_seconds: float) -> Whole:
        """Write what is made of the whole book, and forget it.

        Args:
            book: that is open.
            seconds: that the rendering has taken.
            speech_seconds: of speech that was made in them.

        Raises:
            CsmError: a file cannot be written.
        """
        _, writer, _, report, stack = self._books[book]
        with stack:
            files = tuple(writer.finish())
            others = (*writer.write_timeline(), *report.write(seconds, speech_seconds))
        del self._books[book]
        return Whole(files, tuple(writer.notes), others)

    def stop(self, book: int, seconds: float, speech_seconds: float) -> list[Path]:
        """Write the timeline and the report of what is finished of a book, and forget the rest."""
        _, writer, _, report, stack = self._books.pop(book)
        with stack:
            return writer.write_timeline() + report.write(seconds, speech_seconds)
