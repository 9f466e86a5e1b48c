"""Deliverables made again from takes that are there: no model is loaded, nothing is spoken."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import replace
from functools import partial

from csm_cli.audio.measure import Measured
from csm_cli.core import available_cores
from csm_cli.core.errors import CsmError, MissingError
from csm_cli.delivery.writer import BookWriter
from csm_cli.rendering.assemble import book_writer, chapter_parts
from csm_cli.rendering.batch import ScriptFaults
from csm_cli.rendering.credits import role_of
from csm_cli.rendering.line import SpokenLine
from csm_cli.rendering.options import RenderOptions
from csm_cli.rendering.outdated import Outdated, changed_contexts, stale_lines
from csm_cli.rendering.plan import Chain, PlannedLine
from csm_cli.rendering.progress import Progress, RenderReport
from csm_cli.rendering.project import Job, JobPlan, plan_jobs
from csm_cli.takes import TakeStore
from csm_cli.takes.record import Rendering, current_take, read_record

DEFAULT_RATE = 24_000
# Chapters at once: ffmpeg does the work, in processes of its own.
WORKERS = min(available_cores(), 8)


def master_jobs(
    jobs: Sequence[Job],
    options: RenderOptions,
    progress: Progress | None = None,
    failed: Callable[[Job, CsmError], None] | None = None,
    note: Callable[[str], None] = lambda text: None,
) -> RenderReport:
    """Make the files of every job from the takes of its last rendering.

    A line uses the take that the rendering used, or the one pinned or chosen since. Pauses, titles, sounds,
    gains, speeds and metadata are those of the script as it is now. Lines that are read otherwise by now, or
    are in another voice, are delivered as they were spoken, and named in the report as to be reviewed.

    Args:
        jobs: from `read_jobs`.
        options: those of `read_jobs`.
        progress: of all that is finished.
        failed: called with a job that a line without a take, a damaged take or a file that cannot be written
            keeps from being made; the others are made. None: that is raised.
        note: called with a line about each file of csm's own that is damaged; the others are used.

    Raises:
        MissingError: a line has no take.
        CsmError: a take is damaged, a file cannot be written; with `failed` the disk is full.
    """
    faults = ScriptFaults(failed)
    progress = progress or Progress()
    report = RenderReport()
    started = time.monotonic()
    plans = plan_jobs(jobs, options)
    found = []
    for plan in plans:
        store = TakeStore(plan.job.takes)
        with faults.of(plan.job):
            found.append((plan, store, _lines(plan.job, store, plan.chains, note)))
    for problem in dict.fromkeys(problem for _, store, _ in found for problem in store.index.problems):
        note(problem)
    progress.start([chain for plan, _, _ in found for chain in plan.chains])
    for plan, store, chapters in found:
        with faults.of(plan.job):
            _write(plan, store, chapters, options, progress, report)
        store.close()
    report.seconds = time.monotonic() - started
    return report


def _write(
    plan: JobPlan,
    store: TakeStore,
    chapters: Sequence[list[SpokenLine]],
    options: RenderOptions,
    progress: Progress,
    report: RenderReport,
) -> None:
    """Make the files of one job."""
    before = read_record(plan.job.takes, plan.job.script).lines
    rate = next((line.take.rate for lines in chapters for line in lines if line.take), DEFAULT_RATE)
    with book_writer(plan.job.screenplay, plan.job.voices, plan.job.folder, options.delivery, rate) as writer:
        try:
            with ThreadPoolExecutor(WORKERS) as pool:
                make = partial(_make, writer, store)
                made = pool.map(make, plan.chains, chapters)
                for chain, lines, (seconds, files) in zip(plan.chains, chapters, made, strict=True):
                    report.add_chapter(
                        lines, seconds, [file.path for file in files], stale_lines(store, lines, before)
                    )
                    for line in lines:
                        progress.line(line)
                    progress.chapter(chain, seconds, files)
            whole = writer.finish()
        except BaseException:
            with suppress(CsmError):  # the first fault is the one that is raised
                writer.write_timeline()
            raise
        report.files += [file.path for file in whole]
        progress.book(whole, writer.notes)
        report.files += writer.write_timeline()


def _make(
    writer: BookWriter, store: TakeStore, chain: Chain, lines: list[SpokenLine]
) -> tuple[float, list[Measured]]:
    """(seconds of a chapter; its files)."""
    chapter = chain.chapter
    parts = chapter_parts(store, chapter, lines, words=writer.delivery.words)
    timeline, files = writer.add(chapter.number, chapter.title, parts, role_of(chain.screenplay, chapter))
    return timeline.duration, files


def _lines(
    job: Job, store: TakeStore, chains: Sequence[Chain], note: Callable[[str], None]
) -> list[list[SpokenLine]]:
    """Every line of every chapter with its take."""
    record = read_record(job.takes, job.script, note)
    missing: list[PlannedLine] = []
    chapters = []
    for chain in chains:
        lines = [_line(job, store, record, planned, missing) for planned in chain.lines]
        chapters.append(lines)
    if missing:
        first = missing[0].line
        others = f" (and {len(missing) - 1} more lines)" if len(missing) > 1 else ""
        raise MissingError(
            f"the line has no take yet{others}",
            where=str(first.source),
            remedy=f"speak it first: csm render {job.screenplay.path}",
        )
    return _compared(job, store, chains, chapters)


def _compared(
    job: Job, store: TakeStore, chains: Sequence[Chain], chapters: Sequence[list[SpokenLine]]
) -> list[list[SpokenLine]]:
    """The lines with what has changed since their takes were spoken."""
    outdated = Outdated(job)
    for take in (line.take for lines in chapters for line in lines if line.take):
        outdated.learn(take)
    return [
        [
            replace(
                line,
                stale=bool(context) and not (line.take and outdated.kept(line.planned, line.take)),
                faults=outdated.changes(line.planned, chain.chapter.number, line.take),
            )
            for line, context in zip(
                lines, changed_contexts(store, [line.take for line in lines]), strict=True
            )
        ]
        for chain, lines in zip(chains, chapters, strict=True)
    ]


def _line(
    job: Job, store: TakeStore, record: Rendering, planned: PlannedLine, missing: list[PlannedLine]
) -> SpokenLine:
    used = record.lines.get(planned.id)
    if (used is not None and not used.take) or (used is None and not planned.parts):
        return SpokenLine(planned, None, rendered=False)  # there was nothing to say
    take = current_take(store, record, planned.request, store.load)
    if take is None:
        missing.append(planned)
    return SpokenLine(planned, take, rendered=False)
