"""The driver of a fleet of workers: it plans, hands out chains, and has what is complete mastered."""

from __future__ import annotations

import time
import uuid
from collections import Counter, deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from csm_cli.audio.timeline import ChapterTimeline
from csm_cli.cluster.fleet import Fault, Fleet, Lost, Mastered, MasterLost, News, Ready, Signal
from csm_cli.cluster.mastering import Brief, Whole
from csm_cli.cluster.messages import (
    ChainDone,
    Event,
    Facts,
    LineDone,
    Order,
    Result,
    Setup,
    Started,
    check_facts,
    versions,
)
from csm_cli.cluster.scheduler import DEATHS_ALONE, Key, Scheduler
from csm_cli.core.errors import CsmError
from csm_cli.rendering.line import SpokenLine
from csm_cli.rendering.models import Limits, choose_model
from csm_cli.rendering.options import RenderOptions
from csm_cli.rendering.plan import Chain
from csm_cli.rendering.progress import Interrupted, Progress, RenderReport
from csm_cli.rendering.project import Job, plan_jobs
from csm_cli.rendering.report.rows import other_takes
from csm_cli.rendering.requests import voice_hash
from csm_cli.rendering.running import Notes, Running, prepare
from csm_cli.takes import LineRequest
from csm_cli.takes.files import BESIDE, files_at
from csm_cli.takes.index import Row
from csm_cli.takes.place import Place
from csm_cli.takes.take import now
from csm_cli.verify.codes import expected_seconds

TICK_SECONDS = 1.0
STARTS = 3
"""Workers that are lost one after the other while they start, in one place, before it is given up."""
MASTERINGS = 3
"""Masters that may be lost one after the other before mastering is given up."""
BOOKS_OPEN = 3
"""Books are begun as long as fewer chains wait than this many times the slots there will be."""
FAREWELL_SECONDS = 60.0


def render_on_fleet(
    jobs: Sequence[Job],
    fleet: Fleet,
    options: RenderOptions,
    progress: Progress | None = None,
    *,
    note: Callable[[str], None] = lambda text: None,
) -> RenderReport:
    """Speak what is not spoken yet, on all workers of a fleet. Gives the same files as `render_jobs`.

    Args:
        jobs: from `read_jobs`.
        fleet: not started yet.
        options: those of `read_jobs`; `batch` is each worker's own.
        progress: hears of all that is finished.
        note: is told, in a line each, what a person should know.

    Raises:
        Interrupted: by the user; finished takes, chapters and their timeline are on the disk.
        CsmError: workers differ, no worker stays alive, something cannot be written.
    """
    driver = _Driver(jobs, fleet, options, progress or Progress(), note)
    try:
        with ExitStack() as stack:
            driver.run(stack)
    except KeyboardInterrupt:
        raise Interrupted(driver.report, driver.unfinished()) from None
    finally:
        driver.report.seconds = driver.elapsed
    return driver.report


@dataclass(eq=False)
class _Chain:
    """A chain on its way."""

    chain: Chain
    asked: tuple[LineRequest, ...]
    aside: set[int] = field(default_factory=set)
    lines: list[SpokenLine] | None = None
    mastered: bool = False


@dataclass(eq=False)
class _Book:
    """A book on its way."""

    number: int
    running: Running
    master: int
    chains: dict[int, _Chain] = field(default_factory=dict)
    finishing: bool = False


class _Driver:
    """All that the driver knows. Signals come in, orders go out; nothing here waits but `fleet.wait`."""

    def __init__(
        self,
        jobs: Sequence[Job],
        fleet: Fleet,
        options: RenderOptions,
        progress: Progress,
        note: Callable[[str], None],
    ):
        self._jobs, self._fleet, self._options = jobs, fleet, options
        self._progress, self._note = progress, note
        self.report = RenderReport()
        self._scheduler = Scheduler(fleet.size)
        self._first: Facts | None = None
        self._hosts: dict[str, str] = {}
        self._idle: list[str] = []
        self._failed_starts = 0
        self._coming: deque[Running] = deque()
        self._books: dict[int, _Book] = {}
        self._all: list[Running] = []
        self._tickets: dict[int, tuple[str, int, int]] = {}
        self._issued = 0
        self._masters_lost: Counter[int] = Counter()
        self._started, self._since, self._began = time.monotonic(), now(), False

    def run(self, stack: ExitStack) -> None:
        """From the first worker to the last file."""
        limits = choose_model(self._options.model).limits()
        proofs = stack.enter_context(_proofs({job.takes for job in self._jobs}))
        self._fleet.start(self._setup(proofs))
        while self._first is None:
            self._hear(self._fleet.wait(TICK_SECONDS))
        self._started = time.monotonic()
        self._plan(stack, self._first, limits)
        try:
            while self._coming or self._books:
                self._open_books()
                for worker in self._take_idle():
                    turns = self._scheduler.assign(worker)
                    self._fleet.send(worker, [self._order(turn.key, turn) for turn in turns])
                self._hear(self._fleet.wait(TICK_SECONDS))
                scheduler = self._scheduler
                self._progress.fleet(scheduler.workers, self._fleet.size, scheduler.speaking, scheduler.slots)
        except BaseException as error:
            with suppress(*([CsmError] if isinstance(error, CsmError) else [])):  # the first fault is told
                self._farewell()
            raise

    @property
    def elapsed(self) -> float:
        """Seconds since the first worker was ready."""
        return time.monotonic() - self._started

    def unfinished(self) -> list[Chain]:
        """Chapters that are not written."""
        return [
            chain
            for each in self._all
            for chain in each.plan.chains
            if chain.chapter.number not in each.finished
        ]

    def _setup(self, proofs: dict[Place, str]) -> Setup:
        hashes = {voice: voice_hash(voice) for job in self._jobs for voice in job.voices.values()}
        briefly = [replace(job, screenplay=replace(job.screenplay, chapters=())) for job in self._jobs]
        known = briefly if self._options.verify else briefly[:1]
        beside = frozenset(job.script for job in self._jobs)
        voices = tuple(hashes.items())
        return Setup(Path.cwd(), proofs, self._options, tuple(known), voices, beside, self._since)

    def _plan(self, stack: ExitStack, first: Facts, limits: Limits) -> None:
        options, sampler = self._options, self._options.sampler(first.sampler)
        plans = plan_jobs(self._jobs, options, first, limits=limits)
        self._all = prepare(stack, plans, options, first.model, sampler, self._note)
        self._progress.start([chain for plan in plans for chain in plan.chains])
        # Books with the longest chains first, for nothing can be done beside a chain that comes last.
        longest = lambda each: max((chain.seconds for chain in each.plan.chains), default=0.0)  # noqa: E731
        self._coming.extend(sorted(self._all, key=longest, reverse=True))

    def _open_books(self) -> None:
        """Begin with more books when few chains wait: what is open costs memory, and disk for mastering."""
        slots = max(self._scheduler.slots, self._options.batch * self._fleet.size)
        while self._coming and self._scheduler.waiting < BOOKS_OPEN * slots:
            running = self._coming.popleft()
            number = len(self._all) - len(self._coming)
            book = self._books[number] = _Book(number, running, number % self._fleet.masters)
            self._call(book, "open", self._brief(running))
            for place, chain in enumerate(running.plan.chains):
                each = book.chains[place] = _Chain(chain, running.asking.ask(chain))
                index = running.store.index
                self._scheduler.add(
                    (number, place),
                    [
                        0.0
                        if not self._options.fresh and index.in_slot(asked.slot)
                        else sum(map(expected_seconds, asked.parts))
                        for asked in each.asked
                    ],
                )
            self._finish_if_complete(book)

    def _brief(self, running: Running) -> Brief:
        assert self._first is not None
        job = running.job
        delivery, rate = self._options.delivery, self._first.rate
        notes = Notes.of(running, self._options)
        return Brief(job.screenplay, job.voices, job.folder, delivery, rate, notes)

    def _order(self, key: Key, turn: Any) -> Order:
        book = self._books[key[0]]
        each, running = book.chains[key[1]], book.running
        chain = each.chain
        alone = replace(chain, screenplay=replace(chain.screenplay, chapters=(chain.chapter,)))
        voices = {line.voice: running.job.voices[line.voice] for line in chain.lines}
        return Order(turn, alone, each.asked, voices, running.job.takes)

    def _take_idle(self) -> list[str]:
        idle, self._idle = self._idle, []
        return idle

    def _hear(self, signals: Sequence[Signal]) -> None:
        # A lost master first: whatever else is called for has to find its books open in the new one.
        for signal in sorted(signals, key=lambda signal: not isinstance(signal, MasterLost)):
            match signal:
                case Ready(worker, facts):
                    self._ready(worker, facts)
                case News(worker, told):
                    self._scheduler.join(worker, told.slots)
                    for event in told.events:
                        self._event(worker, event)
                    self._idle.append(worker)
                case Lost(worker, why, blame):
                    self._lost(worker, why, blame)
                case Mastered(ticket, value):
                    self._mastered(ticket, value)
                case MasterLost(master):
                    self._master_lost(master)
                case Fault(error, worker):
                    self._fault(error, worker)

    def _ready(self, worker: str, facts: Facts) -> None:
        try:
            check_facts(worker, facts, versions(), self._first)
        except CsmError as error:
            self._fault(error, worker)
            return
        if self._first is None:
            self._first = facts
            for text in facts.notes:
                self._note(text)
        self._failed_starts = 0
        self._hosts[worker] = facts.host
        self._scheduler.join(worker, facts.slots)
        self._idle.append(worker)

    def _event(self, worker: str, event: Event) -> None:
        scheduler, key = self._scheduler, event.key
        each = self._books[key[0]].chains[key[1]]
        match event:
            case Started():
                scheduler.started(worker, key)
            case LineDone(_, number, result):
                if scheduler.line(worker, key, number):
                    self._began = True
                    self._progress.line(self._line(each, number, result))
            case ChainDone(_, results):
                if scheduler.finished(worker, key):
                    each.lines = [self._line(each, number, result) for number, result in enumerate(results)]
                    self._complete(self._books[key[0]], key[1], each.lines)

    def _line(self, each: _Chain, number: int, result: Result) -> SpokenLine:
        """A line with its take; spoken now, even if by a worker that did not live to the chain's end."""
        faults: tuple[str, ...] = ()
        if number in each.aside:
            faults = (f"set aside: {DEATHS_ALONE} workers died while they spoke it and nothing else",)
        made = result.take.made if result.take else ""
        rendered = result.rendered or made >= self._since
        return SpokenLine(each.chain.lines[number], result.take, rendered, result.stale, faults)

    def _complete(self, book: _Book, place: int, lines: list[SpokenLine]) -> None:
        """A chain is spoken: have it mastered."""
        index = book.running.store.index
        for line in lines:
            if line.take is not None:
                index.add(Row.of(line.take))
        self._master(book, place, lines)

    def _master(self, book: _Book, place: int, lines: list[SpokenLine]) -> None:
        running = book.running
        number = book.chains[place].chain.chapter.number
        others = other_takes(running.store, running.job.script, lines)
        self._call(book, "chapter", number, lines, others, place=place)

    def _call(self, book: _Book, method: str, *arguments: Any, place: int = -1) -> None:
        self._issued += 1
        self._tickets[self._issued] = method, book.number, place
        self._fleet.call(book.master, self._issued, method, book.number, *arguments)

    def _mastered(self, ticket: int, value: Any) -> None:
        if ticket not in self._tickets:
            return  # from a master that is lost by now
        method, number, place = self._tickets.pop(ticket)
        book = self._books[number]
        if method == "chapter":
            each = book.chains[place]
            if not each.mastered:
                each.mastered = True
                self._chapter(book, each, *value)
            self._finish_if_complete(book)
        elif method == "finish":
            whole: Whole = value
            self._progress.book(whole.files, whole.notes)
            self.report.files += [file.path for file in whole.files] + list(whole.others)
            del self._books[number]
        elif method == "stop":
            self.report.files += value
            del self._books[number]

    def _chapter(self, book: _Book, each: _Chain, timeline: ChapterTimeline, files: list[Any]) -> None:
        chapter, lines, running = each.chain.chapter, each.lines or [], book.running
        running.finished.add(chapter.number)
        self.report.add_chapter(lines, timeline.duration, [file.path for file in files])
        self._progress.chapter(each.chain, timeline.duration, files)
        self._masters_lost[book.master] = 0

    def _finish_if_complete(self, book: _Book) -> None:
        if not book.finishing and all(each.mastered for each in book.chains.values()):
            book.finishing = True
            self._call(book, "finish", self.elapsed, self.report.spoken_seconds)

    def _master_lost(self, master: int) -> None:
        """Its books begin again, from their takes."""
        self._masters_lost[master] += 1
        if self._masters_lost[master] > MASTERINGS:
            raise CsmError(
                "mastering does not get on: its process dies again and again",
                remedy="see whether memory or disk is short; what is spoken is kept",
            )
        for book in [each for each in self._books.values() if each.master == master]:
            self._tickets = {ticket: call for ticket, call in self._tickets.items() if call[1] != book.number}
            self._call(book, "open", self._brief(book.running))
            book.finishing = False
            for place, each in book.chains.items():
                if each.lines is not None:
                    self._master(book, place, each.lines)

    def _lost(self, worker: str, why: str, blame: bool) -> None:
        host = self._hosts.pop(worker, None)
        self._idle = [each for each in self._idle if each != worker]
        for key, number in self._scheduler.leave(worker, blame=blame):
            each = self._books[key[0]].chains[key[1]]
            each.aside.add(number)
            line = each.chain.lines[number]
            self._note(f"{line.line.source}: {line.id} is set aside: {DEATHS_ALONE} workers died of it")
        if host is None:
            self._failed_starts += 1
            if self._failed_starts >= STARTS * max(1, self._scheduler.expected):
                raise CsmError(
                    f"no worker stays alive ({why})",
                    where=worker,
                    remedy="see whether memory is short; fewer --workers or a smaller --batch need less",
                )
        where = f" on {host}" if host else ""
        self._note(f"{worker}{where} is lost ({why}); another takes its place")
        self._fleet.replace(worker)

    def _fault(self, error: CsmError, worker: str) -> None:
        """A fault for the user; but a late worker that does not fit is left out, if others are at work."""
        if not worker or worker in self._hosts or not self._hosts or not self._began:
            raise error
        self._note(f"{worker} is left out: {error}")
        self._scheduler.expected -= 1

    def _farewell(self) -> None:
        """Have what is mastered put in order."""
        for book in self._books.values():
            if not book.finishing:
                book.finishing = True
                self._call(book, "stop", self.elapsed, self.report.spoken_seconds)
        end = time.monotonic() + FAREWELL_SECONDS
        while self._books and time.monotonic() < end:
            for signal in self._fleet.wait(TICK_SECONDS):
                if isinstance(signal, Mastered):
                    self._mastered(signal.ticket, signal.value)
                elif isinstance(signal, MasterLost):
                    lost = [each.number for each in self._books.values() if each.master == signal.master]
                    for number in lost:
                        del self._books[number]


@contextmanager
def _proofs(places: set[Place]) -> Iterator[dict[Place, str]]:
    """A file of a random name in each store, for workers to find: it is the same one."""
    name = f"{BESIDE}.seen-{uuid.uuid4().hex}"
    made: dict[Place, str] = {}
    try:
        for place in places:
            files = files_at(place)
            files.check()
            files.write(name, b"seen")
            made[place] = name
        yield made
    finally:
        for place in made:
            with suppress(CsmError):
                files_at(place).remove(name)
