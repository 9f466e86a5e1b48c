"""From script files to folders of chapters: everything before and after the loop that speaks."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from csm_cli.delivery.writer import BookWriter
from csm_cli.errors import ScriptError, UsageError
from csm_cli.render.book import book_of, with_cover
from csm_cli.render.cast import References, cast_tags, find_voices, line_tags, references
from csm_cli.render.chapter import chapter_parts
from csm_cli.render.loop import speak_chains
from csm_cli.render.models import UNLIMITED, Limits
from csm_cli.render.options import RenderOptions, format_chapters
from csm_cli.render.plan import DEFAULT_MAX_CHARACTERS, Chain, plan_screenplay
from csm_cli.render.progress import Progress
from csm_cli.render.report import Interrupted, RenderReport
from csm_cli.screenplay import Screenplay, read_screenplay

if TYPE_CHECKING:
    from csm_cli.engine import Engine
    from csm_cli.voices.voice import Voice


@dataclass(frozen=True)
class Job:
    """One script to render.

    Args:
        screenplay: what it says.
        voices: every voice that its cast names, by the name the cast uses.
        folder: where its chapters go.
    """

    screenplay: Screenplay
    voices: dict[str, Voice]
    folder: Path


def read_jobs(scripts: Sequence[Path], options: RenderOptions) -> list[Job]:
    """Read the scripts and find their voices. Loads no model.

    Raises:
        ScriptError: problems in any of the scripts, all of them.
        MissingError: a script or a voice that is not there.
        UsageError: chapters that no script has, two scripts of one name.
    """
    plays: list[Screenplay] = []
    problems: list[str] = []
    for script in scripts:
        try:
            plays.append(read_screenplay(script))
        except ScriptError as error:
            problems += error.problems
    if problems:
        raise ScriptError(problems)
    _check_chapters(plays, options.chapters)
    folders = _folders(scripts, options.output)
    return [Job(play, find_voices(play), folder) for play, folder in zip(plays, folders, strict=True)]


@dataclass(frozen=True)
class JobPlan:
    """What there is to speak for a job: the speaker tag of every character, and the chapters as chains."""

    job: Job
    tags: dict[str, int]
    chains: list[Chain]


def plan_jobs(
    jobs: Sequence[Job],
    options: RenderOptions,
    *,
    max_characters: int = DEFAULT_MAX_CHARACTERS,
    limits: Limits = UNLIMITED,
) -> list[JobPlan]:
    """Plan the jobs for a model that reads `max_characters` well and has these limits."""
    plans = []
    for job in jobs:
        tags = cast_tags(job.screenplay, job.voices, limits.speakers)
        chains = plan_screenplay(
            job.screenplay,
            tags,
            others=line_tags(job.screenplay, job.voices, tags, limits.speakers),
            seed=options.seed,
            max_characters=max_characters,
            chapters=options.chapters,
            alphabet=limits.alphabet,
        )
        plans.append(JobPlan(job, tags, chains))
    return plans


def render_jobs(
    jobs: Sequence[Job],
    engine: Engine,
    options: RenderOptions,
    progress: Progress | None = None,
    *,
    limits: Limits = UNLIMITED,
) -> RenderReport:
    """Speak everything. Each chapter is written as soon as it is complete, `timeline.json` at the end.

    Args:
        jobs: from `read_jobs`.
        engine: the model, loaded.
        options: those of `read_jobs`.
        progress: hears of all that is finished.
        limits: of the model.

    Raises:
        Interrupted: by the user; finished chapters and their timeline are on the disk.
    """
    progress = progress or Progress()
    plans = plan_jobs(jobs, options, max_characters=engine.max_characters, limits=limits)
    chains = [chain for plan in plans for chain in plan.chains]
    report = RenderReport()
    started = time.monotonic()
    progress.start(chains)
    with ExitStack() as stack:
        writers = {
            id(plan.job): stack.enter_context(_writer(plan.job, engine.sample_rate, options))
            for plan in plans
        }
        writer_of = {id(chain): writers[id(plan.job)] for plan in plans for chain in plan.chains}
        finished: set[int] = set()
        try:
            speaking = speak_chains(
                engine,
                _with_references(engine, plans, limits),
                options.sampler(engine.default_sampler),
                batch=options.batch,
                turns=options.context_turns,
                progress=progress,
            )
            for chain, lines in speaking:
                chapter = chain.chapter
                timeline, files = writer_of[id(chain)].add(
                    chapter.number, chapter.title, chapter_parts(engine, chapter, lines)
                )
                finished.add(id(chain))
                report.add_chapter(lines, timeline.duration, [file.path for file in files])
                progress.chapter(chain, timeline.duration, files)
            for writer in writers.values():
                files = writer.finish()
                report.files += [file.path for file in files]
                progress.book(files, writer.notes)
        except KeyboardInterrupt:
            left = [chain for chain in chains if id(chain) not in finished]
            raise Interrupted(report, left) from None
        finally:
            for writer in writers.values():
                report.files += writer.write_timeline()
            report.seconds = time.monotonic() - started
    return report


def _writer(job: Job, rate: int, options: RenderOptions) -> BookWriter:
    play, delivery = job.screenplay, options.delivery
    book = book_of(play, delivery.narrator)
    return BookWriter(book, job.folder, with_cover(delivery, play), rate, len(play.chapters))


def _with_references(
    engine: Engine, plans: Sequence[JobPlan], limits: Limits
) -> Iterator[tuple[Chain, References]]:
    for plan in plans:
        job = plan.job
        heard = {} if limits.speakers else references(engine, plan.tags, job.screenplay, job.voices)
        for chain in plan.chains:
            yield chain, heard


def _folders(scripts: Sequence[Path], output: Path | None) -> list[Path]:
    folders = [(output or Path()) / script.stem for script in scripts]
    if len(scripts) == 1 and output is not None:
        folders = [output]
    for script, folder in zip(scripts, folders, strict=True):
        if folder.exists() and not folder.is_dir():
            raise UsageError("is a file", where=str(folder), remedy="name a folder for the chapters, with -o")
        if folders.count(folder) > 1:
            raise UsageError(
                "another script has the same name, and so the same folder",
                where=str(script),
                remedy="render them one after the other, with -o",
            )
    return folders


def _check_chapters(plays: Sequence[Screenplay], wanted: frozenset[int] | None) -> None:
    there = {chapter.number for play in plays for chapter in play.chapters}
    if wanted and (absent := sorted(wanted - there)):
        raise UsageError(
            f"there is no chapter {format_chapters(absent)}",
            where="--chapters",
            remedy=f"choose from {format_chapters(sorted(there))}",
        )
