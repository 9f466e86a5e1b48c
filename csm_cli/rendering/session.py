"""Rendering: scripts in, chapter files and a report out. `RenderJob` is a script on its way."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from csm_cli.audio.measure import Measured
from csm_cli.core.errors import CsmError
from csm_cli.rendering.assemble import BookAssembler, BookPlan
from csm_cli.rendering.batch import ChaptersBeside, Made, ScriptFaults
from csm_cli.rendering.chain import SpeakConfig, Work
from csm_cli.rendering.delivered import Watermark
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
    faults: ScriptFaults | None = None,
) -> list[RenderJob]:
    """Open the stores, one for each folder, and compare with `csm.lock`.

    Args:
        stack: leaving it ends what is begun here.
        plans: of the jobs.
        options: of the rendering.
        note: called with what a person should know, a line each.
        checks: that new takes go through.
        faults: takes those of single scripts, which are left out; None: the first is raised.

    Raises:
        CsmError: takes cannot be kept.
        UsageError: `options.locked`, and takes would come out differently.
    """
    faults = faults or ScriptFaults()
    writers: dict[Place, TakeWriter] = {}
    beside = frozenset(plan.job.script for plan in plans)
    jobs = []
    for plan in plans:
        for warning in plan.warnings:
            note(warning)
        folder = plan.job.takes
        with faults.of(plan.job):
            if folder not in writers:
                writers[folder] = _open_store(stack, folder, note)
            repository = TakeRepository(
                writers[folder], checks, lineage=options.lineage, fresh=options.fresh, beside=beside
            )
            jobs.append(RenderJob(plan, repository, read_record(folder, plan.job.script).lines))
    _check_lock(jobs, options, note, faults)
    return [job for job in jobs if job.job not in faults]


def _open_store(stack: ExitStack, folder: Place, note: Callable[[str], None]) -> TakeWriter:
    store = TakeStore(folder)
    store.check_writable()
    stack.enter_context(in_use(folder))
    stack.callback(store.close)
    for problem in store.index.problems:
        note(problem)
    return stack.enter_context(TakeWriter(store))


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
    failed: Callable[[Job, CsmError], None] | None = None,
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
        failed: called with a job whose files or takes cannot be written or read; the others are rendered.
            None: that is raised.

    Raises:
        Interrupted: by the user; finished takes, chapters and their timeline are on the disk.
        CsmError: something cannot be written, with `failed` the disk is full. What was finished stays.
    """
    progress, verifier = progress or Progress(), verifier or Verifier()
    plans = plan_jobs(jobs, options, ModelTraits.of(engine, limits)) if plans is None else plans
    report = RenderReport()
    started = time.monotonic()

    def leave_out(job: Job, error: CsmError) -> None:
        progress.left_out(job.screenplay.path)
        if failed is not None:
            failed(job, error)

    faults = ScriptFaults(None if failed is None else leave_out)
    with ExitStack() as stack:
        running = open_jobs(stack, plans, options, note, verifier.checks, faults)
        books: dict[RenderJob, BookAssembler] = {}
        for job in running:
            with faults.of(job.job):
                books[job] = stack.enter_context(
                    BookAssembler(job.book(options, engine.sample_rate), job.store)
                )
        progress.start([chain for job in books for chain in job.plan.chains])

        def works() -> Iterator[Work]:
            for job in books:
                with faults.of(job.job):
                    for work in job.works(engine, progress):
                        if job.job in faults:
                            break
                        yield work

        def give_up(work: Work, error: Exception) -> None:
            work.repository.give_up()
            faults.leave(work.key.job, error)

        def settle(made: Made) -> None:
            job: RenderJob = made.work.key
            chain, book = made.work.chain, books[job]
            job.finished.add(chain.chapter.number)
            book.report(chain.chapter.number, made.timeline, made.lines)
            files = [file.path for file in made.files]
            stale = stale_lines(job.store, made.lines, job.before)
            report.add_chapter(made.lines, made.timeline.duration, files, stale)
            progress.chapter(chain, made.timeline.duration, made.files)
            with faults.of(job.job):
                book.record(made.lines)

        beside = ChaptersBeside(books, watermark, settle, faults)
        config, broken = speak_config(options, verifier), True
        try:
            for work, lines in speak_chains(
                engine, works(), config, beside.settle, None if failed is None else give_up
            ):
                beside.submit(work, lines)
            beside.settle(wait=True)
            for job, book in books.items():
                written: list[Measured] = []
                if job.job not in faults:
                    with faults.of(job.job):
                        written = book.finish()
                report.files += [file.path for file in written]
                progress.book(written, book.notes)
            broken = False
        except KeyboardInterrupt:
            beside.close()
            broken = False
            raise Interrupted(report, unfinished(running)) from None
        finally:
            beside.close()
            report.seconds = time.monotonic() - started
            for job, book in books.items():
                # The first fault is the one that is raised.
                with suppress(*([CsmError] if broken else [])), faults.of(job.job):
                    report.files += book.write_texts(report.seconds, report.spoken_seconds)
    return report


def unfinished(jobs: Sequence[RenderJob]) -> list[Chain]:
    """Chapters that are not written."""
    return [chain for job in jobs for chain in job.plan.chains if chain.chapter.number not in job.finished]


def _check_lock(
    jobs: Sequence[RenderJob], options: RenderOptions, note: Callable[[str], None], faults: ScriptFaults
) -> None:
    """Report what differs from csm.lock, and stop if that is wanted; else write down how it is now."""
    groups: dict[tuple[Path, str], list[RenderJob]] = {}
    for job in jobs:
        # What differs keeps one script alone from being rendered, where the others go on.
        alone = job.job.script if options.locked and faults.isolated else ""
        groups.setdefault((Path(job.job.screenplay.path).parent, alone), []).append(job)
    for (folder, _), group in groups.items():
        try:
            scripts = {job.job.script: job.settings(options) for job in group}
            settle_lock(folder, scripts, note, locked=options.locked)
        except (CsmError, OSError) as error:
            for job in group:
                faults.leave(job.job, error)
