"""Mastering, away from the driver: the files of a chapter when it is complete, those of a book at its end.

The takes that a book uses and its report are written here too: the driver of hundreds of slots has no time to
wait for a disk.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from csm_cli.audio.measure import Measured
from csm_cli.audio.timeline import ChapterTimeline
from csm_cli.rendering.assemble import BookAssembler, BookPlan
from csm_cli.rendering.line import SpokenLine
from csm_cli.takes import TakeStore


@dataclass(frozen=True)
class FinishedBook:
    """What was made at the end of a book.

    Args:
        files: audio, measured.
        notes: what a person should know.
        others: the timeline and what is made from it, and the report.
    """

    files: tuple[Measured, ...]
    notes: tuple[str, ...]
    others: tuple[Path, ...]


class BookMaster:
    """Masters books, several at a time.

    Args:
        folder: the driver's working folder, in which all relative paths hold.
    """

    def __init__(self, folder: Path):
        os.chdir(folder)
        self._books: dict[int, tuple[BookAssembler, ExitStack]] = {}

    def open(self, number: int, plan: BookPlan) -> None:
        """Begin with a book."""
        stack = ExitStack()
        book = stack.enter_context(BookAssembler(plan, TakeStore(plan.takes)))
        self._books[number] = book, stack

    def chapter(
        self, number: int, chapter: int, lines: Sequence[SpokenLine], others: Mapping[str, Sequence[str]]
    ) -> tuple[ChapterTimeline, list[Measured]]:
        """Record the takes of a chapter whose lines are all there, and master it.

        Args:
            number: of a book that is open.
            chapter: its number.
            lines: with their takes.
            others: ids of the lines' other takes, for the report.

        Returns:
            (what `timeline.json` will say of it; its files, measured).

        Raises:
            CsmError: a file cannot be written, a take is damaged.
        """
        book, _ = self._books[number]
        book.record(lines)
        timeline, files = book.add(chapter, lines)
        book.report(chapter, timeline, lines, others)
        return timeline, files

    def finish(self, number: int, seconds: float, speech_seconds: float) -> FinishedBook:
        """Write what is made of the whole book, and forget it.

        Args:
            number: of a book that is open.
            seconds: that the rendering has taken.
            speech_seconds: of speech that was made in them.

        Raises:
            CsmError: a file cannot be written.
        """
        book, stack = self._books[number]
        with stack:
            files = tuple(book.finish())
            others = tuple(book.write_texts(seconds, speech_seconds))
        del self._books[number]
        return FinishedBook(files, tuple(book.notes), others)

    def stop(self, number: int, seconds: float, speech_seconds: float) -> list[Path]:
        """Write the timeline and the report of what is finished of a book, and forget the rest."""
        book, stack = self._books.pop(number)
        with stack:
            return book.write_texts(seconds, speech_seconds)
