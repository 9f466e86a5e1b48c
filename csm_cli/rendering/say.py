"""Saying a text: a rendering of one chapter that stays in memory until it is written to one file."""

from __future__ import annotations

import os
import time
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from csm_cli.audio.ffmpeg import check_measuring
from csm_cli.audio.level import DEFAULT_LOUDNESS, Loudness
from csm_cli.audio.mastering import Mastering, Pauses
from csm_cli.audio.stitch import stitch_chapter
from csm_cli.core.errors import CsmError, UsageError
from csm_cli.core.files import check_name
from csm_cli.core.visible import check_text
from csm_cli.delivery.encode import export_chapter
from csm_cli.delivery.formats import check_formats
from csm_cli.delivery.tags import Tags
from csm_cli.rendering.assemble import book_of, chapter_parts
from csm_cli.rendering.cast import find_voice
from csm_cli.rendering.loop import speak_chains
from csm_cli.rendering.models import UNLIMITED, Limits
from csm_cli.rendering.options import RenderOptions
from csm_cli.rendering.progress import Progress, RenderReport
from csm_cli.rendering.project import Job, JobPlan, plan_job
from csm_cli.rendering.requests import ModelTraits
from csm_cli.rendering.session import RenderJob, speak_config
from csm_cli.rendering.speed import at_speed
from csm_cli.script import NARRATOR, CastMember, Chapter, Line, Screenplay, Source
from csm_cli.takes import TakeStore
from csm_cli.takes.lineage import TakeRepository
from csm_cli.takes.store import TakeWriter
from csm_cli.text import Normaliser
from csm_cli.text.cues import cues
from csm_cli.text.lexicon_files import load_lexicon
from csm_cli.verify import Verifier
from csm_cli.voices.names import renamed, voice_names
from csm_cli.voices.registry import VoiceRegistry
from csm_cli.voices.voice import statement

if TYPE_CHECKING:
    from pydub import AudioSegment

    from csm_cli.engine import Engine

SUFFIXES = (".wav", ".flac", ".mp3", ".opus", ".m4a", ".ogg")
ENDINGS = f"{', '.join(SUFFIXES[:-1])} or {SUFFIXES[-1]}"
PAUSES = Pauses(head=0.1, tail=0.2)


class Saying:
    """A text and the voice that is to say it. Making one loads no model and finds every fault of the user's.

    Args:
        text: paragraphs are set apart by blank lines.
        voice: name; None: the default voice.
        project_dir: whose voices come first.

    Attributes:
        renamed: the voice of today, if `voice` is the name of an earlier one.

    Raises:
        UsageError: there is nothing to say.
        MissingError: there is no such voice.
        ScriptError: problems in a lexicon.
    """

    def __init__(self, text: str, voice: str | None, project_dir: Path | None = None):
        here = project_dir or Path.cwd()
        found = find_voice(VoiceRegistry(here), voice or "", "--voice")
        self.renamed = renamed([voice or ""], voice_names(here))
        self.screenplay = as_screenplay(text, found.name)
        self.voices = {found.name: found}
        self.normaliser = Normaliser(lexicon=load_lexicon(here))

    def spoken(self) -> list[str]:
        """What will be read, a text for each paragraph."""
        return [self.normaliser.normalise(cues(line.text)[0]) for line in self.screenplay.lines]

    def plan(self, options: RenderOptions, model: ModelTraits) -> JobPlan:
        """What there is to speak: one chain, its lines the paragraphs.

        Raises:
            MissingError: the reference of the voice cannot be read.
        """
        play = at_speed(self.screenplay, options.delivery.speed)
        job = Job(play, self.voices, Path(), Path(), self.normaliser)
        return plan_job(job, replace(options, chapters=None), model)

    def speak(
        self,
        engine: Engine,
        options: RenderOptions,
        *,
        limits: Limits = UNLIMITED,
        progress: Progress | None = None,
    ) -> tuple[AudioSegment, RenderReport]:
        """Say it, with the same checks and retries as a rendering.

        Args:
            progress: of the line, and of its sound.

        Returns:
            (the sound; what it came to).
        """
        started = time.monotonic()
        plan = self.plan(options, ModelTraits.of(engine, limits))
        store, verifier = TakeStore(None), Verifier()
        progress = progress or Progress()
        progress.start(plan.chains)
        with TakeWriter(store) as writer:
            works = RenderJob(plan, TakeRepository(writer, verifier.checks)).works(engine, progress)
            ((_, lines),) = speak_chains(engine, works, speak_config(options, verifier, batch=1))
        parts = chapter_parts(store, plan.chains[0].chapter, lines)
        mastering = Mastering(loudness=options.delivery.loudness)
        segment, _ = stitch_chapter(parts, engine.sample_rate, PAUSES, mastering=mastering)
        report = RenderReport()
        report.add_chapter(lines, segment.frame_count() / engine.sample_rate, [])
        report.seconds = time.monotonic() - started
        return segment, report


def as_screenplay(text: str, voice: str) -> Screenplay:
    """A text as a script of one chapter, a line for each paragraph.

    Raises:
        UsageError: there is nothing to say, or a control character in it.
    """
    text = check_text(text.replace("\f", "\n\n"), "TEXT")  # form feeds are ends of pages
    here = Source("text", 1, 1)
    paragraphs = [" ".join(block.split()) for block in text.replace("\r\n", "\n").split("\n\n")]
    paragraphs = [block for block in paragraphs if any(map(str.isalnum, block))]
    if not paragraphs:
        raise UsageError("there is nothing to say", where="TEXT", remedy="give at least one word")
    lines = tuple(
        Line(f"c01-l{number:03d}", NARRATOR, block, here, None, number > 1, voice)
        for number, block in enumerate(paragraphs, 1)
    )
    cast = {NARRATOR: CastMember(NARRATOR, voice, None, here)}
    return Screenplay("text", "text", "", "en", cast, (Chapter(1, "text", lines, here),))


def check_output(path: Path, loudness: Loudness = DEFAULT_LOUDNESS) -> None:
    """Make sure, before anything is spoken, that a file of that name can be written.

    A folder is not made for one file: a name that is mistyped should not leave one behind.

    Raises:
        UsageError: its ending names no format, it is a folder, or its folder is not there.
        MissingError: its format or loudness needs a tool that is not there.
        CsmError: its folder cannot be written to.
    """
    folder = check_name(path).parent
    if path.is_dir():
        raise UsageError("is a folder", where=str(path), remedy=f"name a {ENDINGS} file in it")
    if path.suffix.lower() not in SUFFIXES:
        fault = f"ends in {path.suffix}, which is no format" if path.suffix else "has no ending"
        raise UsageError(fault, where=str(path), remedy=f"end it in {ENDINGS}")
    if not folder.is_dir():
        raise UsageError(
            f"there is no folder {folder}", where=str(path), remedy="make it first, or name another file"
        )
    if not os.access(folder, os.W_OK):
        raise CsmError("nothing may be written there", where=str(folder), remedy="name a file elsewhere")
    check_formats([path.suffix])
    if loudness.lufs is not None:
        check_measuring()


def write_file(segment: AudioSegment, path: Path, saying: Saying) -> None:
    """Write what `saying` said to `path`, in the format of its ending; nothing or all of it."""
    book = book_of(saying.screenplay, voices=statement(saying.voices.values()))
    tags = Tags(comment=book.tags("").comment)
    (made,) = export_chapter(segment, path.parent, path.stem, [path.suffix], tags)
    if made != path:  # the ending in capitals
        made.replace(path)
