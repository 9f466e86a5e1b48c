"""Mastering, away from the driver: the files of a chapter when it is complete, those of a book at its end.

The takes that a book uses and its report are written here too: the driver of hundreds of slots has no time to
wait for a disk.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from threading import Condition, Lock, Semaphore

from csm_cli.audio.measure import Measured
from csm_cli.audio.timeline import ChapterTimeline
from csm_cli.rendering.assemble import BookAssembler, BookPlan, chapters_at_once
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


@dataclass
class _OpenBook:
    """A book that is begun.

    Attributes:
        stack: leaving it ends what was begun for the book.
        lock: held by whoever changes its record or its report.
        running: chapters that are being made.
    """

    assembler: BookAssembler
    stack: ExitStack
    lock: Lock = field(default_factory=Lock)
    running: int = 0


class BookMaster:
    """Masters books, several at a time, and several chapters at a time if it has the cores for them.

    Each method may be called by a thread of its own, as long as a book's `open` is called first.

    Args:
        folder: the driver's working folder, in which all relative paths hold.
    """

    def __init__(self, folder: Path):
        os.chdir(folder)
        self._books: dict[int, _OpenBook | Exception] = {}
        self._changed = Condition()
        self._room = Semaphore(chapters_at_once())

    def open(self, number: int, plan: BookPlan) -> None:
        """Begin with a book.

        Raises:
            CsmError: its folder cannot be written, or its cover not be read.
        """
        stack = ExitStack()
        found: _OpenBook | Exception
        try:
            assembler = stack.enter_context(BookAssembler(plan, TakeStore(plan.takes)))
            found = _OpenBook(assembler, stack)
        except Exception as error:  # of any kind: the book's other calls wait for this one
            found = error
        with self._changed:
            self._books[number] = found
            self._changed.notify_all()
        if isinstance(found, Exception):
            raise found

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
        with self._at_work(number) as book, self._room:
            with book.lock:
                book.assembler.record(lines)
            timeline, files = book.assembler.add(chapter, lines)
            with book.lock:
                book.assembler.report(chapter, timeline, lines, others)
            return timeline, files

    def _opened(self, number: int) -> _OpenBook:
        """A book, once it is open; `_changed` is held."""
        self._changed.wait_for(lambda: number in self._books)
        book = self._books[number]
        if isinstance(book, Exception):
            raise book
        return book

    @contextmanager
    def _at_work(self, number: int) -> Iterator[_OpenBook]:
        """A book that is not closed before the body ends."""
        with self._changed:
            book = self._opened(number)
            book.running += 1
        try:
            yield book
        finally:
            with self._changed:
                book.running -= 1
                self._changed.notify_all()

    @contextmanager
    def _closing(self, number: int) -> Iterator[BookAssembler]:
        """A book of which no chapter is being made any more; it is forgotten at the end."""
        with self._changed:
            book = self._opened(number)
            self._changed.wait_for(lambda: not book.running)
        with book.stack:
            yield book.assembler
        del self._books[number]

    def finish(self, number: int, seconds: float, speech_seconds: float) -> FinishedBook:
        """Write what is made of the whole book, and forget it.

        Args:
            number: of a book that is open.
            seconds: that the rendering has taken.
            speech_seconds: of speech that was made in them.

        Raises:
            CsmError: a file cannot be written.
        """
        with self._closing(number) as book:
            files = tuple(book.finish())
            others = tuple(book.write_texts(seconds, speech_seconds))
        return FinishedBook(files, tuple(book.notes), others)

    def stop(self, number: int, seconds: float, speech_seconds: float) -> list[Path]:
        """Write the timeline and the report of what is finished of a book, and forget the rest."""
        with self._closing(number) as book:
            return book.write_texts(seconds, speech_seconds)
