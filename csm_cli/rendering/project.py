"""From script files to jobs and plans: all that can be known, and found faulty, before a model is loaded."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from csm_cli.core.errors import ScriptError, UsageError
from csm_cli.lint.doubts import tag_doubts
from csm_cli.lint.script import check_script
from csm_cli.rendering.book import book_of
from csm_cli.rendering.cast import cast_tags, find_voices, line_tags, with_clips
from csm_cli.rendering.credits import with_credits, with_titles
from csm_cli.rendering.models import UNLIMITED, Limits
from csm_cli.rendering.options import RenderOptions, format_chapters
from csm_cli.rendering.plan import DEFAULT_MAX_CHARACTERS, Chain, plan_screenplay
from csm_cli.script import Screenplay, read_screenplay
from csm_cli.script.problems import script_error
from csm_cli.script.reader import recast
from csm_cli.script.source_text import STDIN
from csm_cli.takes.place import Place
from csm_cli.takes.store import takes_folder
from csm_cli.text import Reader, reader_for
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
        reader: how its lines are read.
        renamed: voices of today by the earlier names that the script has for them.
    """

    screenplay: Screenplay
    voices: dict[str, Voice]
    folder: Path
    takes: Place
    reader: Reader | None = None
    renamed: Mapping[str, str] = field(default_factory=dict)

    @property
    def script(self) -> str:
        """The name of the script among those of its project."""
        return Path(self.screenplay.path).name


def read_jobs(scripts: Sequence[Path], options: RenderOptions) -> list[Job]:
    """Read the scripts and find their voices. Loads no model.

    Raises:
        ScriptError: problems in any of the scripts, all of them.
        MissingError: a script or a voice that is not there.
        UsageError: chapters that no script has, two scripts of one name.
    """
    if STDIN in scripts:
        raise UsageError("a script to render is a file", where="-", remedy="save it, and name the file")
    try:
        read = [read_screenplay(script) for script in scripts]
        former = [renamed(play.voices, voice_names(Path(play.path).parent)) for play in read]
        plays = [_completed(recast(play, names), options) for play, names in zip(read, former, strict=True)]
        readers = [reader_for(play) for play in plays]
    except ScriptError:  # all there is to mend is told at once, as lint does
        raise script_error(found for script in scripts for found in check_script(script)) from None
    _check_chapters(plays, options.chapters)
    folders = _folders(scripts, options.output)
    return [
        Job(*cast, folder, options.takes or takes_folder(Path(play.path)), reader, names)
        for play, folder, reader, names in zip(plays, folders, readers, former, strict=True)
        for cast in [with_clips(play, find_voices(play))]
    ]


def _completed(play: Screenplay, options: RenderOptions) -> Screenplay:
    """The script with the titles and credits that are to be spoken beside it."""
    delivery = options.delivery
    if delivery.titles:
        play = with_titles(play)
    return with_credits(play, book_of(play, delivery.narrator)) if delivery.credits else play


class PlannedFor(Protocol):
    """What planning needs to know of a model."""

    @property
    def max_characters(self) -> int:
        """Longest piece that it reads well."""

    @property
    def shipped_speakers(self) -> int:
        """Shipped voices that it was trained on; they have the tags from 0."""


@dataclass(frozen=True)
class JobPlan:
    """What there is to speak for a job.

    Args:
        job: the script.
        tags: speaker tag of every character.
        chains: the chapters.
        shipped_speakers: shipped voices that the model was trained on.
        warnings: what a person should know of the tags, one line each.
    """

    job: Job
    tags: dict[str, int]
    chains: list[Chain]
    shipped_speakers: int = 0
    warnings: tuple[str, ...] = ()


def plan_jobs(
    jobs: Sequence[Job],
    options: RenderOptions,
    model: PlannedFor | None = None,
    *,
    limits: Limits = UNLIMITED,
) -> list[JobPlan]:
    """Plan the jobs for a model.

    Args:
        jobs: from `read_jobs`.
        options: of the rendering.
        model: which will speak; None: any.
        limits: of it.
    """
    longest = model.max_characters if model else DEFAULT_MAX_CHARACTERS
    shipped = model.shipped_speakers if model else 0
    plans = []
    for job in jobs:
        tags = cast_tags(job.screenplay, job.voices, shipped)
        own = {name: voice.speaker for name, voice in job.voices.items() if voice.layer == "shipped"}
        doubts = tag_doubts(job.screenplay, own, shipped)
        chains = plan_screenplay(
            job.screenplay,
            tags,
            others=line_tags(job.screenplay, job.voices, tags, shipped),
            seed=options.seed,
            max_characters=longest,
            chapters=options.chapters,
            alphabet=limits.alphabet,
            reader=job.reader,
        )
        warnings = tuple(f"{source}: warning: {what}" for source, what in doubts)
        plans.append(JobPlan(job, tags, chains, shipped, warnings))
    return plans


def _folders(scripts: Sequence[Path], output: Path | None) -> list[Path]:
    folders = [(output or Path()) / script.stem for script in scripts]
    if len(scripts) == 1 and output is not None:
        folders = [output]
    named = Counter(folders)
    for script, folder in zip(scripts, folders, strict=True):
        if folder.exists() and not folder.is_dir():
            raise UsageError("is a file", where=str(folder), remedy="name a folder for the chapters, with -o")
        if named[folder] > 1:
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
