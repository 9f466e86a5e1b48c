"""Rendering: jobs in, chapter files and a report out."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, suppress
from typing import TYPE_CHECKING

from csm_cli.core.errors import CsmError
from csm_cli.rendering.book import book_writer
from csm_cli.rendering.cast import references
from csm_cli.rendering.chapter import Mark, chapter_parts
from csm_cli.rendering.credits import role_of
from csm_cli.rendering.loop import SpeakConfig, Work, speak_chains
from csm_cli.rendering.models import UNLIMITED, Limits
from csm_cli.rendering.options import RenderOptions
from csm_cli.rendering.progress import Interrupted, Progress, RenderReport
from csm_cli.rendering.project import Job, plan_jobs
from csm_cli.rendering.requests import identity_of
from csm_cli.rendering.running import Notes, Running, prepare
from csm_cli.takes.lineage import Chooser
from csm_cli.takes.repository import TakeRepository
from csm_cli.takes.store import TakeWriter
from csm_cli.verify import Verifier

if TYPE_CHECKING:
    from csm_cli.engine import Engine


def render_jobs(
    jobs: Sequence[Job],
    engine: Engine,
    options: RenderOptions,
    progress: Progress | None = None,
    *,
    limits: Limits = UNLIMITED,
    verifier: Verifier | None = None,
    mark: Mark | None = None,
    note: Callable[[str], None] = lambda text: None,
) -> RenderReport:
    """Speak what is not spoken yet. Each chapter is written when it is complete, `timeline.json` at the end.

    Args:
        jobs: from `read_jobs`.
        engine: the model, loaded; a sketch of it is enough where nothing has to be spoken.
        options: those of `read_jobs`.
        progress: hears of all that is finished.
        limits: of the model.
        verifier: judges what is spoken.
        mark: puts a watermark into what is delivered.
        note: is told, in a line each, what a person should know.

    Raises:
        Interrupted: by the user; finished takes, chapters and their timeline are on the disk.
        CsmError: something cannot be written. What was finished stays.
    """
    progress, verifier = progress or Progress(), verifier or Verifier()
    plans = plan_jobs(jobs, options, engine, limits=limits)
    chains = [chain for plan in plans for chain in plan.chains]
    sampler = options.sampler(engine.default_sampler)
    report = RenderReport()
    started = time.monotonic()
    progress.start(chains)
    with ExitStack() as stack:
        running = prepare(stack, plans, options, identity_of(engine), sampler, note)
        notes = [Notes.of(each, options) for each in running]
        reports = [each.report(mine.store) for each, mine in zip(notes, running, strict=True)]
        desks = _desks(stack, running, options, verifier)
        books = [
            stack.enter_context(
                book_writer(
                    each.job.screenplay,
                    each.job.voices,
                    each.job.folder,
                    options.delivery,
                    engine.sample_rate,
                )
            )
            for each in running
        ]
        owner = {id(chain): place for place, each in enumerate(running) for chain in each.plan.chains}
        manner = SpeakConfig(
            options.batch, options.context_turns, options.retries, verifier, options.reference
        )
        failed = True
        try:
            for chain, lines in speak_chains(engine, _works(running, desks, engine), manner, progress):
                place, chapter = owner[id(chain)], chain.chapter
                each, book = running[place], books[place]
                parts = chapter_parts(each.store, chapter, lines, mark)
                timeline, files = book.add(
                    chapter.number, chapter.title, parts, role_of(chain.screenplay, chapter)
                )
                each.finished.add(chapter.number)
                reports[place].add(chapter, timeline, lines)
                report.add_chapter(lines, timeline.duration, [file.path for file in files])
                progress.chapter(chain, timeline.duration, files)
                notes[place].record(lines)
            for book in books:
                files = book.finish()
                report.files += [file.path for file in files]
                progress.book(files, book.notes)
            failed = False
        except KeyboardInterrupt:
            failed = False
            left = [
                chain for chain in chains if chain.chapter.number not in running[owner[id(chain)]].finished
            ]
            raise Interrupted(report, left) from None
        finally:
            report.seconds = time.monotonic() - started
            for own, book in zip(reports, books, strict=True):
                with suppress(*([CsmError] if failed else [])):  # the first fault is the one to be told
                    report.files += book.write_timeline()
                    report.files += own.write(report.seconds, report.spoken_seconds)
    return report


def _desks(
    stack: ExitStack, running: Sequence[Running], options: RenderOptions, verifier: Verifier
) -> list[TakeRepository]:
    writers: dict[int, TakeWriter] = {}
    desks = []
    for each in running:
        if id(each.store) not in writers:
            writers[id(each.store)] = stack.enter_context(TakeWriter(each.store))
        chooser = Chooser(each.store, options.lineage, options.fresh, each.beside)
        desks.append(TakeRepository(chooser, writers[id(each.store)], verifier.checks))
    return desks


def _works(running: Sequence[Running], desks: Sequence[TakeRepository], engine: Engine) -> Iterator[Work]:
    for each, desk in zip(running, desks, strict=True):
        job = each.job
        heard = references(engine, each.plan.tags, job.screenplay, job.voices, each.plan.shipped_speakers)
        for chain in each.plan.chains:
            yield Work(chain, each.asking.ask(chain), heard, desk)
