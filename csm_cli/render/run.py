"""Rendering: jobs in, chapter files and a report out."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from csm_cli.delivery.writer import BookWriter
from csm_cli.errors import CsmError, UsageError
from csm_cli.render.asking import Asking, identity_of
from csm_cli.render.book import book_writer
from csm_cli.render.cast import references
from csm_cli.render.chapter import chapter_parts
from csm_cli.render.credits import role_of
from csm_cli.render.desk import Desk
from csm_cli.render.lines import SpokenLine
from csm_cli.render.loop import Manner, Work, speak_chains
from csm_cli.render.models import UNLIMITED, Limits
from csm_cli.render.options import RenderOptions
from csm_cli.render.progress import Progress
from csm_cli.render.project import Job, JobPlan, plan_jobs
from csm_cli.render.report import Interrupted, RenderReport
from csm_cli.report import ReportWriter
from csm_cli.takes import TakeStore
from csm_cli.takes.choose import Chooser
from csm_cli.takes.lockfile import NAME as LOCK_NAME
from csm_cli.takes.lockfile import differences, read_lock, write_lock
from csm_cli.takes.locks import in_use
from csm_cli.takes.record import Used, merge_record
from csm_cli.takes.writer import TakeWriter
from csm_cli.verify import Verifier

if TYPE_CHECKING:
    from csm_cli.engine import Engine, Sampler


@dataclass(eq=False)
class _Running:
    """A job while it is rendered."""

    plan: JobPlan
    asking: Asking
    desk: Desk
    writer: BookWriter
    report: ReportWriter
    finished: set[int] = field(default_factory=set)

    @property
    def job(self) -> Job:
        return self.plan.job


def render_jobs(
    jobs: Sequence[Job],
    engine: Engine,
    options: RenderOptions,
    progress: Progress | None = None,
    *,
    limits: Limits = UNLIMITED,
    verifier: Verifier | None = None,
    note: Callable[[str], None] = lambda text: None,
) -> RenderReport:
    """Speak what is not spoken yet. Each chapter is written when it is complete, `timeline.json` at the end.

    Args:
        jobs: from `read_jobs`.
        engine: the model, loaded.
        options: those of `read_jobs`.
        progress: hears of all that is finished.
        limits: of the model.
        verifier: judges what is spoken.
        note: is told, in a line each, what a person should know.

    Raises:
        Interrupted: by the user; finished takes, chapters and their timeline are on the disk.
        CsmError: something cannot be written. What was finished stays.
    """
    progress, verifier = progress or Progress(), verifier or Verifier()
    plans = plan_jobs(jobs, options, max_characters=engine.max_characters, limits=limits)
    chains = [chain for plan in plans for chain in plan.chains]
    sampler = options.sampler(engine.default_sampler)
    report = RenderReport()
    started = time.monotonic()
    progress.start(chains)
    with ExitStack() as stack:
        running = _prepare(stack, plans, engine, options, sampler, limits, verifier, note)
        owner = {id(chain): each for each in running for chain in each.plan.chains}
        manner = Manner(options.batch, options.context_turns, options.retries, verifier)
        failed = True
        try:
            for chain, lines in speak_chains(engine, _works(running, engine, limits), manner, progress):
                each, chapter = owner[id(chain)], chain.chapter
                parts = chapter_parts(each.desk.store, chapter, lines)
                timeline, files = each.writer.add(
                    chapter.number, chapter.title, parts, role_of(chain.screenplay, chapter)
                )
                each.finished.add(chapter.number)
                each.report.add(chapter, timeline, lines)
                report.add_chapter(lines, timeline.duration, [file.path for file in files])
                progress.chapter(chain, timeline.duration, files)
                _record(each, lines, options)
            for each in running:
                files = each.writer.finish()
                report.files += [file.path for file in files]
                progress.book(files, each.writer.notes)
            failed = False
        except KeyboardInterrupt:
            failed = False
            left = [chain for chain in chains if chain.chapter.number not in owner[id(chain)].finished]
            raise Interrupted(report, left) from None
        finally:
            report.seconds = time.monotonic() - started
            for each in running:
                with suppress(*([CsmError] if failed else [])):  # the first fault is the one to be told
                    report.files += each.writer.write_timeline()
                    report.files += each.report.write(report.seconds, report.spoken_seconds)
                each.desk.store.close()
    return report


def _prepare(
    stack: ExitStack,
    plans: Sequence[JobPlan],
    engine: Engine,
    options: RenderOptions,
    sampler: Sampler,
    limits: Limits,
    verifier: Verifier,
    note: Callable[[str], None],
) -> list[_Running]:
    """Open the stores, one for each folder, and set up every job."""
    model = identity_of(engine)
    stores: dict[Path, tuple[TakeStore, TakeWriter]] = {}
    scripts = [plan.job.script for plan in plans]
    running = []
    for plan in plans:
        folder = plan.job.takes
        if folder not in stores:
            store = TakeStore(folder)
            store.check_writable()
            stack.enter_context(in_use(folder))
            for damaged in store.index.damaged:
                note(f"{damaged}: is damaged; the line is spoken again unless it has another take")
            stores[folder] = store, stack.enter_context(TakeWriter(store))
        store, writer = stores[folder]
        beside = [name for name in scripts if name != plan.job.script]
        chooser = Chooser(store, options.lineage, options.fresh, beside)
        asking = Asking.of(plan.job, model, sampler, options.context_turns, limits)
        book = stack.enter_context(
            book_writer(plan.job.screenplay, plan.job.folder, options.delivery, engine.sample_rate)
        )
        play = plan.job.screenplay
        facts = asking.facts(_seed(plan.job, options))
        told = ReportWriter(store, plan.job.script, play.title, plan.job.folder, facts, len(play.chapters))
        running.append(_Running(plan, asking, Desk(chooser, writer, verifier.checks), book, told))
    _check_lock(running, options, note)
    return running


def _check_lock(running: Sequence[_Running], options: RenderOptions, note: Callable[[str], None]) -> None:
    """Say what differs from csm.lock, and stop if that is asked for; else write down how it is now."""
    for each in running:
        folder = Path(each.job.screenplay.path).parent
        facts = each.asking.facts(_seed(each.job, options))
        found = differences(read_lock(folder).get(each.job.script, {}), facts)
        if found and options.locked:
            raise UsageError(
                f"takes would come out differently: {'; '.join(found)}",
                where=str(folder / LOCK_NAME),
                remedy="render without --locked to accept that, or undo the change",
            )
        for difference in found:
            note(f"{folder / LOCK_NAME}: {difference}; lines that this changes are spoken again")
        try:
            write_lock(folder, {each.job.script: facts})
        except CsmError as error:  # a script may lie where nothing can be written; its takes need not
            note(f"not kept: {error}")


def _seed(job: Job, options: RenderOptions) -> int:
    return (job.screenplay.seed if options.seed is None else options.seed) or 0


def _works(running: Sequence[_Running], engine: Engine, limits: Limits) -> Iterator[Work]:
    for each in running:
        job = each.job
        heard = {} if limits.speakers else references(engine, each.plan.tags, job.screenplay, job.voices)
        for chain in each.plan.chains:
            yield Work(chain, each.asking.ask(chain), heard, each.desk)


def _record(each: _Running, lines: Sequence[SpokenLine], options: RenderOptions) -> None:
    """Note the takes of a finished chapter."""
    used = {
        line.planned.id: Used(line.take.id if line.take else "", line.stale, line.reasons) for line in lines
    }
    merge_record(each.job.takes, each.job.script, used, options=_plain(options))


def _plain(options: RenderOptions) -> dict[str, Any]:
    """What is needed to speak a line again in the same way."""
    value = asdict(options)
    return {
        name: value[name]
        for name in ("context_turns", "seed", "temperature", "top_k", "model", "device", "retries")
    }
