"""The driver of a fleet of workers: it plans, hands out chains, and has what is complete mastered."""

from __future__ import annotations

import time
import uuid
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import replace
from pathlib import Path

from csm_cli.cluster.books import BooksInProgress, ChainInBook
from csm_cli.cluster.fleet import Fault, Fleet, Lost, Mastered, MasterLost, News, Ready, Signal
from csm_cli.cluster.messages import (
    ChainDone,
    Event,
    LineDone,
    Order,
    Result,
    Setup,
    Started,
    WorkerInfo,
    check_info,
    versions,
)
from csm_cli.cluster.scheduler import DEATHS_ALONE, Assignment, Scheduler
from csm_cli.core.errors import CsmError
from csm_cli.rendering.line import SpokenLine
from csm_cli.rendering.options import RenderOptions
from csm_cli.rendering.progress import Interrupted, Progress, RenderReport
from csm_cli.rendering.project import Job, plan_jobs
from csm_cli.rendering.requests import voice_hash
from csm_cli.rendering.session import RenderJob, open_jobs, unfinished
from csm_cli.takes.files import BESIDE, files_at
from csm_cli.takes.place import Place
from csm_cli.takes.take import now

TICK_SECONDS = 1.0
STARTS = 3
"""Workers that are lost one after the other while they start, in one place, before it is given up."""
BOOKS_OPEN = 3
"""Books are begun as long as fewer chains wait than this many times the slots there will be."""


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
        progress: of all that is finished.
        note: called with what a person should know, a line each.

    Raises:
        Interrupted: by the user; finished takes, chapters and their timeline are on the disk.
        CsmError: workers differ, no worker stays alive, something cannot be written.
    """
    driver = _Driver(jobs, fleet, options, progress or Progress(), note)
    try:
        with ExitStack() as stack:
            driver.run(stack)
    except KeyboardInterrupt:
        raise Interrupted(driver.report, unfinished(driver.jobs)) from None
    finally:
        driver.report.seconds = driver.elapsed()
    return driver.report


class _Driver:
    """Signals of the fleet come in, orders go out; nothing here waits but `fleet.wait`."""

    def __init__(
        self,
        scripts: Sequence[Job],
        fleet: Fleet,
        options: RenderOptions,
        progress: Progress,
        note: Callable[[str], None],
    ):
        self._scripts, self._fleet, self._options = scripts, fleet, options
        self._progress, self._note = progress, note
        self.report = RenderReport()
        self.jobs: list[RenderJob] = []
        self._coming: deque[RenderJob] = deque()
        self._books = BooksInProgress(fleet, options, self.report, progress, self.elapsed)
        self._scheduler = Scheduler(fleet.size)
        self._first: WorkerInfo | None = None
        self._hosts: dict[str, str] = {}
        self._idle: list[str] = []
        self._failed_starts = 0
        self._started, self._since, self._began = time.monotonic(), now(), False

    def run(self, stack: ExitStack) -> None:
        """From the first worker to the last file."""
        proofs = stack.enter_context(_proofs({script.takes for script in self._scripts}))
        self._fleet.start(self._setup(proofs))
        while self._first is None:
            self._receive(self._fleet.wait(TICK_SECONDS))
        self._started = time.monotonic()
        self._plan(stack, self._first)
        try:
            while self._coming or self._books:
                self._open_books(self._first)
                idle, self._idle = self._idle, []
                for worker in idle:
                    assigned = self._scheduler.assign(worker)
                    self._fleet.send(worker, [self._order(each) for each in assigned])
                self._receive(self._fleet.wait(TICK_SECONDS))
                scheduler = self._scheduler
                self._progress.fleet(scheduler.workers, self._fleet.size, scheduler.speaking, scheduler.slots)
        except BaseException as error:
            # The first fault is the one that is raised.
            with suppress(*([CsmError] if isinstance(error, CsmError) else [])):
                self._books.stop(TICK_SECONDS)
            raise

    def elapsed(self) -> float:
        """Seconds since the first worker was ready."""
        return time.monotonic() - self._started

    def _setup(self, proofs: dict[Place, str]) -> Setup:
        hashes = {voice: voice_hash(voice) for script in self._scripts for voice in script.voices.values()}
        briefly = [replace(each, screenplay=replace(each.screenplay, chapters=())) for each in self._scripts]
        wanted = briefly if self._options.verify else briefly[:1]
        beside = frozenset(script.script for script in self._scripts)
        voices = tuple(hashes.items())
        return Setup(Path.cwd(), proofs, self._options, tuple(wanted), voices, beside, self._since)

    def _plan(self, stack: ExitStack, first: WorkerInfo) -> None:
        plans = plan_jobs(self._scripts, self._options, first.model)
        self.jobs = open_jobs(stack, plans, self._options, self._note)
        self._progress.start([chain for plan in plans for chain in plan.chains])
        # Books with the longest chains first, for nothing can be done beside a chain that comes last.
        self._coming.extend(sorted(self.jobs, key=_longest_chain, reverse=True))

    def _open_books(self, first: WorkerInfo) -> None:
        """Begin with more books when few chains wait: what is open costs memory, and disk for mastering."""
        slots = max(self._scheduler.slots, self._options.batch * self._fleet.size)
        while self._coming and self._scheduler.waiting < BOOKS_OPEN * slots:
            job = self._coming.popleft()
            number = len(self.jobs) - len(self._coming)
            book = self._books.open(number, job, first.rate)
            index = job.store.index
            for place, each in book.chains.items():
                seconds = [
                    0.0 if not self._options.fresh and index.in_slot(line.request.slot) else line.seconds
                    for line in each.chain.lines
                ]
                self._scheduler.add((number, place), seconds)
            self._books.finish_if_complete(book)

    def _order(self, assignment: Assignment) -> Order:
        book = self._books[assignment.key[0]]
        each, job = book.chains[assignment.key[1]], book.job.job
        chain = each.chain
        alone = replace(chain, screenplay=replace(chain.screenplay, chapters=(chain.chapter,)))
        voices = {line.voice: job.voices[line.voice] for line in chain.lines}
        return Order(assignment, alone, voices, job.takes)

    def _receive(self, signals: Sequence[Signal]) -> None:
        # A lost master first: whatever else is called for has to find its books open in the new one.
        for signal in sorted(signals, key=lambda signal: not isinstance(signal, MasterLost)):
            match signal:
                case Ready(worker, info):
                    self._ready(worker, info)
                case News(worker, news):
                    self._scheduler.join(worker, news.slots)
                    for event in news.events:
                        self._event(worker, event)
                    self._idle.append(worker)
                case Lost(worker, why, blame):
                    self._lost(worker, why, blame)
                case Mastered():
                    self._books.mastered(signal)
                case MasterLost():
                    self._books.master_lost(signal)
                case Fault(error, worker):
                    self._fault(error, worker)

    def _ready(self, worker: str, info: WorkerInfo) -> None:
        try:
            check_info(worker, info, versions(), self._first)
        except CsmError as error:
            self._fault(error, worker)
            return
        if self._first is None:
            self._first = info
            for text in info.notes:
                self._note(text)
        self._failed_starts = 0
        self._hosts[worker] = info.host
        self._scheduler.join(worker, info.slots)
        self._idle.append(worker)

    def _event(self, worker: str, event: Event) -> None:
        scheduler, key = self._scheduler, event.key
        book = self._books[key[0]]
        each = book.chains[key[1]]
        match event:
            case Started():
                scheduler.started(worker, key)
            case LineDone(_, number, result):
                if scheduler.line(worker, key, number):
                    self._began = True
                    self._progress.line(self._line(each, number, result))
            case ChainDone(_, results):
                if scheduler.finished(worker, key):
                    lines = [self._line(each, number, result) for number, result in enumerate(results)]
                    self._books.complete(book, key[1], lines)

    def _line(self, each: ChainInBook, number: int, result: Result) -> SpokenLine:
        """A line with its take; spoken now, even if by a worker that did not live to the chain's end."""
        faults: tuple[str, ...] = ()
        if number in each.aside:
            faults = (f"set aside: {DEATHS_ALONE} workers died while they spoke it and nothing else",)
        made = result.take.made if result.take else ""
        rendered = result.rendered or made >= self._since
        return SpokenLine(each.chain.lines[number], result.take, rendered, result.stale, faults)

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


def _longest_chain(job: RenderJob) -> float:
    return max((chain.seconds for chain in job.plan.chains), default=0.0)


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
