"""Rendering: scripts in, chapter files and a report out. `RenderJob` is a script on its way."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import CancelledError, Future, ThreadPoolExecutor
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from csm_cli.audio.measure import Measured
from csm_cli.audio.timeline import ChapterTimeline
from csm_cli.core.errors import CsmError
from csm_cli.rendering.assemble import BookAssembler, BookPlan, chapters_at_once
from csm_cli.rendering.chain import SpeakConfig, Work
from csm_cli.rendering.delivered import Watermark
from csm_cli.rendering.line import SpokenLine
from csm_cli.rendering.loop import speak_chains
from csm_cli.rendering.models import UNLIMITED, Limits
from csm_cli.rendering.options import RenderOptions
from csm_cli.rendering.outdated import stale_lines
from csm_cli.rendering.plan import Chain
from csm_cli.rendering.progress import Interrupted, Progress, RenderReport
from csm_cli.rendering.project import Job, JobPlan, plan_jobs
from csm_cli.rendering.requests import ModelTraits
from csm_cli.takes import TakeStore
from csm_cli.takes.lineage import TakeRepository
from csm_cli.takes.lock import settle_lock
from csm_cli.takes.place import Place, in_use
from csm_cli.takes.record import Used, read_record
from csm_cli.takes.store import TakeWriter
from csm_cli.verify import Verifier
from csm_cli.voices.codes import VoiceEncoder

if TYPE_CHECKING:
    from csm_cli.engine import Engine


@dataclass(eq=False)
class RenderJob:
    """A script while it is rendered: what there is to speak, and where its takes are.

    Args:
        plan: its chains.
        repository: of its takes; jobs of one project share the store behind it.
        before: what its lines used in the last rendering.
        finished: numbers of the chapters that are written.
    """

    plan: JobPlan
    repository: TakeRepository
    before: Mapping[str, Used] = field(default_factory=dict)
    finished: set[int] = field(default_factory=set)

    @property
    def job(self) -> Job:
        """The script with its voices, its output folder and the place of its takes."""
        return self.plan.job

    @property
    def store(self) -> TakeStore:
        """Where its takes are."""
        return self.repository.store

    def settings(self, options: RenderOptions) -> dict[str, Any]:
        """What all its takes are made with, as `csm.lock` states it."""
        seed = self.job.screenplay.seed if options.seed is None else options.seed
        return self.plan.factory.settings(seed or 0)

    def works(self, engine: VoiceEncoder, progress: Progress) -> Iterator[Work]:
        """Its chains, to be spoken; voices are encoded when the first is asked for."""
        voices = self.plan.references(engine)
        for chain in self.plan.chains:
            yield Work(chain, voices, self.repository, progress, key=self)

    def book(self, options: RenderOptions, rate: int) -> BookPlan:
        """What is needed to make its files, of sound at `rate` Hz."""
        job = self.job
        return BookPlan(
            job.screenplay,
            job.voices,
            job.folder,
            job.takes,
            options.delivery,
            rate,
            self.settings(options),
            options.to_remember(),
        )


def speak_config(options: RenderOptions, verifier: Verifier, batch: int | None = None) -> SpeakConfig:
    """How chains are spoken with these options; `batch`: in place of theirs."""
    turns, retries, reference = options.context_turns, options.retries, options.reference
    return SpeakConfig(batch or options.batch, turns, retries, verifier, reference, not options.eager)


def open_jobs(
    stack: ExitStack,
    plans: Sequence[JobPlan],
    options: RenderOptions,
    note: Callable[[str], None],
    checks: Sequence[str] = ("signal",),
) -> list[RenderJob]:
    """Open the stores, one for each folder, and compare with `csm.lock`.

    Args:
        stack: leaving it ends what is begun here.
        plans: of the jobs.
        options: of the rendering.
        note: called with what a person should know, a line each.
        checks: that new takes go through.

    Raises:
        CsmError: takes cannot be kept.
        UsageError: `options.locked`, and takes would come out differently.
    """
    writers: dict[Place, TakeWriter] = {}
    beside = frozenset(plan.job.script for plan in plans)
    jobs = []
    for plan in plans:
        for warning in plan.warnings:
            note(warning)
        folder = plan.job.takes
        if folder not in writers:
            store = TakeStore(folder)
            store.check_writable()
            stack.enter_context(in_use(folder))
            stack.callback(store.close)
            for problem in store.index.problems:
                note(problem)
            writers[folder] = stack.enter_context(TakeWriter(store))
        repository = TakeRepository(
            writers[folder], checks, lineage=options.lineage, fresh=options.fresh, beside=beside
        )
        jobs.append(RenderJob(plan, repository, read_record(folder, plan.job.script).lines))
    _check_lock(jobs, options, note)
    return jobs


def render_jobs(
    jobs: Sequence[Job],
    engine: Engine,
    options: RenderOptions,
    progress: Progress | None = None,
    *,
    limits: Limits = UNLIMITED,
    plans: Sequence[JobPlan] | None = None,
    verifier: Verifier | None = None,
    watermark: Watermark | None = None,
    note: Callable[[str], None] = lambda text: None,
) -> RenderReport:
    """Speak what is not spoken yet. Each chapter is written when it is complete, `timeline.json` at the end.

    Args:
        jobs: from `read_jobs`.
        engine: the model, loaded; a `LazyEngine` is loaded when something has to be spoken.
        options: those of `read_jobs`.
        progress: of all that is finished.
        limits: of the model.
        plans: of the jobs for this model, if they are made already.
        verifier: judges what is spoken.
        watermark: is put into what is delivered.
        note: called with what a person should know, a line each.

    Raises:
        Interrupted: by the user; finished takes, chapters and their timeline are on the disk.
        CsmError: something cannot be written. What was finished stays.
    """
    progress, verifier = progress or Progress(), verifier or Verifier()
    plans = plan_jobs(jobs, options, ModelTraits.of(engine, limits)) if plans is None else plans
    report = RenderReport()
    started = time.monotonic()
    progress.start([chain for plan in plans for chain in plan.chains])
    with ExitStack() as stack:
        running = open_jobs(stack, plans, options, note, verifier.checks)
        books = {
            job: stack.enter_context(BookAssembler(job.book(options, engine.sample_rate), job.store))
            for job in running
        }
        works = (work for job in running for work in job.works(engine, progress))

        def settle(made: Made) -> None:
            job: RenderJob = made.work.key
            chain, book = made.work.chain, books[job]
            job.finished.add(chain.chapter.number)
            book.report(chain.chapter.number, made.timeline, made.lines)
            files = [file.path for file in made.files]
            stale = stale_lines(job.store, made.lines, job.before)
            report.add_chapter(made.lines, made.timeline.duration, files, stale)
            progress.chapter(chain, made.timeline.duration, made.files)
            book.record(made.lines)

        beside = ChaptersBeside(books, watermark, settle)
        failed = True
        try:
            for work, lines in speak_chains(engine, works, speak_config(options, verifier), beside.settle):
                beside.submit(work, lines)
            beside.settle(wait=True)
            for book in books.values():
                files = book.finish()
                report.files += [file.path for file in files]
                progress.book(files, book.notes)
            failed = False
        except KeyboardInterrupt:
            beside.close()
            failed = False
            raise Interrupted(report, unfinished(running)) from None
        finally:
            beside.close()
            report.seconds = time.monotonic() - started
            for book in books.values():
                with suppress(*([CsmError] if failed else [])):  # the first fault is the one that is raised
                    report.files += book.write_texts(report.seconds, report.spoken_seconds)
    return report


class Made(NamedTuple):
    """A chapter whose files are made."""

    work: Work
    lines: list[SpokenLine]
    timeline: ChapterTimeline
    files: list[Measured]


class ChaptersBeside:
    """Makes the files of chapters in threads, while the next ones are spoken.

    Args:
        books: by job, which is the key of its works.
        watermark: is put into what is delivered.
        settled: called in the caller's thread with each chapter, in the order of `submit`.
    """

    def __init__(
        self,
        books: Mapping[RenderJob, BookAssembler],
        watermark: Watermark | None,
        settled: Callable[[Made], None],
    ) -> None:
        self._books, self._watermark, self._settled = books, watermark, settled
        self._threads = ThreadPoolExecutor(chapters_at_once(), "csm-chapter")
        self._waiting: deque[Future[Made]] = deque()

    def submit(self, work: Work, lines: list[SpokenLine]) -> None:
        """Have a chapter made; with a watermark at once, as marking keeps all threads from printing."""
        if self._watermark is not None:
            self._settled(self._make(work, lines))
            return
        self._waiting.append(self._threads.submit(self._make, work, lines))

    def _make(self, work: Work, lines: list[SpokenLine]) -> Made:
        timeline, files = self._books[work.key].add(work.chain.chapter.number, lines, self._watermark)
        return Made(work, lines, timeline, files)

    def settle(self, wait: bool = False) -> None:
        """Pass on what is made, up to the first chapter that is not; with `wait` all of them.

        Raises:
            CsmError: as `BookAssembler.add`.
        """
        while self._waiting and (wait or self._waiting[0].done()):
            made = self._waiting[0].result()
            self._waiting.popleft()
            self._settled(made)

    def close(self) -> None:
        """Let chapters that are being made come to their end, and pass them on; no other is begun."""
        self._threads.shutdown(cancel_futures=True)
        waiting, self._waiting = self._waiting, deque()
        for each in waiting:
            with suppress(CsmError, CancelledError):  # the first fault is the one that is raised
                self._settled(each.result())


def unfinished(jobs: Sequence[RenderJob]) -> list[Chain]:
    """Chapters that are not written."""
    return [chain for job in jobs for chain in job.plan.chains if chain.chapter.number not in job.finished]


def _check_lock(jobs: Sequence[RenderJob], options: RenderOptions, note: Callable[[str], None]) -> None:
    """Report what differs from csm.lock, and stop if that is wanted; else write down how it is now."""
    folders: dict[Path, dict[str, Mapping[str, Any]]] = {}
    for job in jobs:
        scripts = folders.setdefault(Path(job.job.screenplay.path).parent, {})
        scripts[job.job.script] = job.settings(options)
    for folder, scripts in folders.items():
        settle_lock(folder, scripts, note, locked=options.locked)
