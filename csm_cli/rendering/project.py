"""From script files to jobs and plans: all that can be read, and found faulty, before a model is loaded."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from csm_cli.core.errors import CsmError, ScriptError, UnreadableScript, UsageError
from csm_cli.core.files import check_name
from csm_cli.core.stored import left_aside, said_once
from csm_cli.core.types import Segment
from csm_cli.lint.needs import language_fault, tag_doubts
from csm_cli.lint.script import check_script
from csm_cli.rendering.assemble import book_of
from csm_cli.rendering.cast import cast_tags, find_voices, line_tags, references, with_clips
from csm_cli.rendering.credits import with_credits, with_titles
from csm_cli.rendering.options import RenderOptions, format_chapters
from csm_cli.rendering.plan import Chain, plan_screenplay
from csm_cli.rendering.requests import ModelTraits, RequestFactory
from csm_cli.rendering.speed import at_speed
from csm_cli.script import Screenplay, read_screenplay
from csm_cli.script.problems import script_error
from csm_cli.script.reader import recast
from csm_cli.script.sources import STDIN
from csm_cli.takes.place import Place
from csm_cli.takes.store import takes_folder
from csm_cli.text import Normaliser, normaliser_for
from csm_cli.voices.codes import VoiceEncoder
from csm_cli.voices.names import renamed, voice_names

if TYPE_CHECKING:
    from csm_cli.voices.voice import Voice


@dataclass(frozen=True)
class Job:
    """One script to render.

    Args:
        screenplay: what it says.
        voices: every voice that its cast names, by the name the cast uses.
        folder: where its chapters go.
        takes: where its takes are kept.
        normaliser: makes spoken text of its lines; None: how they are read is not known.
        renamed: voices of today by the earlier names that the script has for them.
    """

    screenplay: Screenplay
    voices: dict[str, Voice]
    folder: Path
    takes: Place
    normaliser: Normaliser | None = None
    renamed: Mapping[str, str] = field(default_factory=dict)

    @property
    def script(self) -> str:
        """The name of the script among those of its project."""
        return self.screenplay.file_name


def read_jobs(
    scripts: Sequence[Path], options: RenderOptions, unread: Callable[[str], None] | None = None
) -> list[Job]:
    """Read the scripts and find their voices. Loads no model. `unread`: as for `read_each`.

    Raises:
        ScriptError: problems in any of the scripts, all of them; one that is not there.
        MissingError: a voice that is not there.
        UsageError: chapters that no script has, two scripts of one name.
    """
    batch = read_each(scripts, options, unread=unread)
    batch.check()
    return list(batch.jobs)


@dataclass(frozen=True)
class Batch:
    """Scripts that are rendered together.

    Args:
        jobs: of those that can be rendered.
        faults: what is wrong with the others, by their paths.
    """

    jobs: Sequence[Job]
    faults: Mapping[Path, CsmError]

    def check(self) -> None:
        """Raise what is wrong with the scripts, if anything is: the problems of all of them at once."""
        faults = list(self.faults.values())
        found = [fault for fault in faults if isinstance(fault, ScriptError)]
        if len(found) > 1 and len(found) == len(faults):
            raise ScriptError([each for it in found for each in it.problems], sum(it.number for it in found))
        if faults:
            raise (found or faults)[0]


def read_each(
    scripts: Sequence[Path],
    options: RenderOptions,
    check: Callable[[Job], None] = lambda job: None,
    unread: Callable[[str], None] | None = None,
) -> Batch:
    """As `read_jobs`; a script with problems does not stop the others.

    Args:
        scripts: the files.
        options: of the rendering.
        check: raises what else is wrong with a job.
        unread: for who looks at takes and speaks nothing: called, once, with what is wrong with lexicons.
            Jobs then have no normaliser. None: it is an error.

    Raises:
        UsageError: chapters that no script has, two scripts of one name.
    """
    if STDIN in scripts:
        raise UsageError("a script to render is a file", where="-", remedy="save it, and name the file")
    folders = _folders(scripts, options.output)
    jobs, faults = [], dict[Path, CsmError]()
    unread = said_once(unread) if unread else None
    for script, folder in zip(scripts, folders, strict=True):
        try:
            job = _read_job(script, folder, options, unread)
            check(job)
            jobs.append(job)
        except CsmError as error:
            faults[script] = error
    if jobs:
        _check_chapters([job.screenplay for job in jobs], options.chapters)
    return Batch(jobs, faults)


def _read_job(
    script: Path, folder: Path, options: RenderOptions, unread: Callable[[str], None] | None
) -> Job:
    """The job of a script; its chapters go into `folder`."""
    if not _is_utf8(script.name):  # its takes and reports name it
        raise UsageError("has a name that is not UTF-8", where=str(script), remedy="rename it")
    if check_name(folder).exists() and not folder.is_dir():
        raise UsageError("is a file", where=str(folder), remedy="name a folder for the chapters, with -o")
    try:
        read = read_screenplay(script)
        former = renamed(read.voices, voice_names(Path(read.path).parent))
        play = _completed(recast(read, former), options)
        normaliser = _normaliser(play, unread)
    except UnreadableScript:
        raise
    except ScriptError:  # all there is to mend is reported at once, as lint does
        raise script_error(check_script(script, readings=False)) from None
    play = at_speed(play, options.delivery.speed)
    play, voices = with_clips(play, find_voices(play))
    return Job(play, voices, folder, options.takes or takes_folder(Path(play.path)), normaliser, former)


def _normaliser(play: Screenplay, unread: Callable[[str], None] | None) -> Normaliser | None:
    try:
        return normaliser_for(play)
    except ScriptError as error:
        if unread is None:
            raise
        what = left_aside(error.problems).replace(": error: ", ": warning: ", 1)
        unread(f"{what}; until the lexicon is mended, lines that are read otherwise by now are not found")
        return None


def _is_utf8(name: str) -> bool:
    try:
        name.encode()
    except UnicodeEncodeError:  # its bytes are surrogates (PEP 383)
        return False
    return True


def former_names(jobs: Iterable[Job]) -> dict[str, str]:
    """Voices of today by the earlier names that the scripts have for them, each once."""
    return {old: new for job in jobs for old, new in job.renamed.items()}


def _completed(play: Screenplay, options: RenderOptions) -> Screenplay:
    """The script with the titles and credits that are to be spoken beside it."""
    delivery = options.delivery
    if delivery.titles:
        play = with_titles(play)
    return with_credits(play, book_of(play, delivery.narrator)) if delivery.credits else play


@dataclass(frozen=True)
class JobPlan:
    """What there is to speak for a job.

    Args:
        job: the script.
        tags: speaker tag of every character.
        chains: the chapters.
        factory: of the lines' requests.
        shipped_speakers: shipped voices that the model was trained on.
        warnings: what a person should know of the tags and the lexicon, one line each.
    """

    job: Job
    tags: dict[str, int]
    chains: list[Chain]
    factory: RequestFactory
    shipped_speakers: int = 0
    warnings: tuple[str, ...] = ()

    def references(self, engine: VoiceEncoder) -> dict[tuple[int, str], Segment]:
        """The references of its voices, encoded where they were not before, by speaker tag and voice."""
        return references(engine, self.tags, self.job.screenplay, self.job.voices, self.shipped_speakers)


def plan_jobs(
    jobs: Sequence[Job], options: RenderOptions, model: ModelTraits = ModelTraits()
) -> list[JobPlan]:
    """Plan the jobs for a model; without one, for looking at scripts and takes.

    Args:
        jobs: from `read_jobs`.
        options: of the rendering.
        model: which will speak.

    Raises:
        MissingError: the reference of a voice cannot be read.
    """
    return [plan_job(job, options, model) for job in jobs]


def plan_job(job: Job, options: RenderOptions, model: ModelTraits) -> JobPlan:
    """As `plan_jobs`, of one."""
    shipped = model.shipped_speakers
    tags = cast_tags(job.screenplay, job.voices, shipped)
    own = {name: voice.speaker for name, voice in job.voices.items() if voice.layer == "shipped"}
    lexicon = job.normaliser.lexicon.digest if job.normaliser else ""
    factory = RequestFactory.of(job.script, job.voices, lexicon, model, options)
    chains = plan_screenplay(
        job.screenplay,
        tags,
        others=line_tags(job.screenplay, job.voices, tags, shipped),
        seed=options.seed,
        max_characters=model.max_characters,
        chapters=options.chapters,
        alphabet=model.alphabet,
        cues=model.cues,
        normaliser=job.normaliser,
        factory=factory,
    )
    doubts = tag_doubts(job.screenplay, own, shipped)
    warnings = tuple(f"{source}: warning: {what}" for source, what in doubts)
    if fault := language_fault(job.screenplay, model.languages):
        warnings += (f"{job.screenplay.path}: warning: {fault}",)
    warnings += job.normaliser.lexicon.over_limit if job.normaliser else ()
    return JobPlan(job, tags, chains, factory, shipped, warnings)


def _folders(scripts: Sequence[Path], output: Path | None) -> list[Path]:
    folders = [(output or Path()) / script.stem for script in scripts]
    if len(scripts) == 1 and output is not None:
        folders = [output]
    named = Counter(map(_as_one, folders))
    for script, folder in zip(scripts, folders, strict=True):
        if named[_as_one(folder)] > 1:
            raise UsageError(
                "another script has the same name, and so the same folder",
                where=str(script),
                remedy="render them one after the other, with -o",
            )
    return folders


def _as_one(folder: Path) -> Path:
    """The same for names that are one on this system: on Windows and macOS capitals do not count."""
    return Path(str(folder).casefold()) if sys.platform in ("win32", "darwin") else folder


def _check_chapters(plays: Sequence[Screenplay], wanted: frozenset[int] | None) -> None:
    there = {chapter.number for play in plays for chapter in play.chapters}
    if wanted and (absent := sorted(wanted - there)):
        raise UsageError(
            f"there is no chapter {format_chapters(absent)}",
            where="--chapters",
            remedy=f"choose from {format_chapters(sorted(there))}",
        )
