"""Books on their way through a fleet: their chains, and what is ordered of the masters and comes back."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from csm_cli.audio.timeline import ChapterTimeline
from csm_cli.cluster.fleet import Fleet, Mastered, MasterLost
from csm_cli.cluster.mastering import FinishedBook
from csm_cli.core.errors import CsmError
from csm_cli.rendering.line import SpokenLine
from csm_cli.rendering.options import RenderOptions
from csm_cli.rendering.outdated import stale_lines
from csm_cli.rendering.plan import Chain
from csm_cli.rendering.progress import Progress, RenderReport
from csm_cli.rendering.report.rows import other_takes
from csm_cli.rendering.session import RenderJob
from csm_cli.takes.rows import Row

MASTERINGS = 3
"""Masters that may be lost one after the other before mastering is given up."""
FAREWELL_SECONDS = 60.0


@dataclass(eq=False)
class ChainInBook:
    """A chain on its way.

    Attributes:
        aside: numbers of lines that are set aside.
        lines: with their takes, once all are spoken.
        mastered: whether its chapter is written.
    """

    chain: Chain
    aside: set[int] = field(default_factory=set)
    lines: list[SpokenLine] | None = None
    mastered: bool = False


@dataclass(eq=False)
class BookInProgress:
    """A book on its way; `master` makes its files."""

    number: int
    job: RenderJob
    master: int
    chains: dict[int, ChainInBook] = field(default_factory=dict)
    finishing: bool = False


class BooksInProgress:
    """The books that are open, and the calls to masters that are not answered yet.

    Args:
        fleet: has the masters.
        options: of the rendering.
        report: grows with every finished chapter.
        progress: of finished chapters and books.
        elapsed: gives the seconds since the rendering began.
    """

    def __init__(
        self,
        fleet: Fleet,
        options: RenderOptions,
        report: RenderReport,
        progress: Progress,
        elapsed: Callable[[], float],
    ):
        self._fleet, self._options, self._report, self._progress = fleet, options, report, progress
        self._elapsed = elapsed
        self._books: dict[int, BookInProgress] = {}
        self._tickets: dict[int, tuple[str, int, int]] = {}
        self._issued = 0
        self._masters_lost: Counter[int] = Counter()
        self._rate = 0

    def __bool__(self) -> bool:
        return bool(self._books)

    def __getitem__(self, number: int) -> BookInProgress:
        return self._books[number]

    def open(self, number: int, job: RenderJob, rate: int) -> BookInProgress:
        """Begin with a book, of sound at `rate` Hz."""
        self._rate = rate
        book = self._books[number] = BookInProgress(number, job, number % self._fleet.masters)
        self._call(book, "open", job.book(self._options, rate))
        for place, chain in enumerate(job.plan.chains):
            book.chains[place] = ChainInBook(chain)
        return book

    def complete(self, book: BookInProgress, place: int, lines: list[SpokenLine]) -> None:
        """A chain is spoken: have it mastered."""
        book.chains[place].lines = lines
        for line in lines:
            if line.take is not None:
                book.job.store.index.add(Row.of(line.take))
        self._master(book, place, lines)

    def finish_if_complete(self, book: BookInProgress) -> None:
        """Have what is made of the whole book written, if all chapters are."""
        if not book.finishing and all(each.mastered for each in book.chains.values()):
            book.finishing = True
            self._call(book, "finish", self._elapsed(), self._report.spoken_seconds)

    def mastered(self, answer: Mastered) -> None:
        """Take what a master has made."""
        if answer.ticket not in self._tickets:
            return  # from a master that is lost by now
        method, number, place = self._tickets.pop(answer.ticket)
        book = self._books[number]
        if method == "chapter":
            each = book.chains[place]
            if not each.mastered:
                each.mastered = True
                self._chapter(book, each, *answer.value)
            self.finish_if_complete(book)
        elif method == "finish":
            finished: FinishedBook = answer.value
            self._progress.book(finished.files, finished.notes)
            self._report.files += [file.path for file in finished.files] + list(finished.others)
            del self._books[number]
        elif method == "stop":
            self._report.files += answer.value
            del self._books[number]

    def master_lost(self, lost: MasterLost) -> None:
        """The books of a master that is gone begin again, from their takes.

        Raises:
            CsmError: masters are lost one after the other.
        """
        self._masters_lost[lost.master] += 1
        if self._masters_lost[lost.master] > MASTERINGS:
            raise CsmError(
                "mastering does not get on: its process dies again and again",
                remedy="see whether memory or disk is short; what is spoken is kept",
            )
        for book in [each for each in self._books.values() if each.master == lost.master]:
            self._tickets = {ticket: call for ticket, call in self._tickets.items() if call[1] != book.number}
            self._call(book, "open", book.job.book(self._options, self._rate))
            book.finishing = False
            for place, each in book.chains.items():
                if each.lines is not None:
                    self._master(book, place, each.lines)

    def stop(self, tick: float) -> None:
        """Have what is mastered put in order, and wait for that; `tick`: seconds between two looks."""
        for book in self._books.values():
            if not book.finishing:
                book.finishing = True
                self._call(book, "stop", self._elapsed(), self._report.spoken_seconds)
        end = time.monotonic() + FAREWELL_SECONDS
        while self._books and time.monotonic() < end:
            for signal in self._fleet.wait(tick):
                if isinstance(signal, Mastered):
                    self.mastered(signal)
                elif isinstance(signal, MasterLost):
                    gone = [each.number for each in self._books.values() if each.master == signal.master]
                    for number in gone:
                        del self._books[number]

    def _master(self, book: BookInProgress, place: int, lines: Sequence[SpokenLine]) -> None:
        number = book.chains[place].chain.chapter.number
        others = other_takes(book.job.store, book.job.job.script, lines)
        self._call(book, "chapter", number, lines, others, place=place)

    def _call(self, book: BookInProgress, method: str, *arguments: Any, place: int = -1) -> None:
        self._issued += 1
        self._tickets[self._issued] = method, book.number, place
        self._fleet.call(book.master, self._issued, method, book.number, *arguments)

    def _chapter(
        self, book: BookInProgress, each: ChainInBook, timeline: ChapterTimeline, files: list[Any]
    ) -> None:
        lines = each.lines or []
        book.job.finished.add(each.chain.chapter.number)
        stale = stale_lines(book.job.store, lines, book.job.before)
        self._report.add_chapter(lines, timeline.duration, [file.path for file in files], stale)
        self._progress.chapter(each.chain, timeline.duration, files)
        self._masters_lost[book.master] = 0
