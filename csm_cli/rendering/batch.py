"""Several scripts to be rendered together: what is wrong with each is found before anything is spoken."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from csm_cli.core.errors import ScriptError
from csm_cli.lint.needs import language_fault, sound_faults
from csm_cli.rendering.assemble import with_cover
from csm_cli.rendering.models import choose_model
from csm_cli.rendering.options import RenderOptions
from csm_cli.rendering.project import Batch, Job, read_each
from csm_cli.rendering.requests import voice_hash
from csm_cli.voices.voice import Voice


def _check_clip(voice: Voice) -> None:
    """Look whether the reference of a voice can be read.

    Raises:
        MissingError, UsageError: it cannot.
    """
    from csm_cli.audio.files import audio_seconds, read_audio

    voice_hash(voice)
    if voice.audio is not None and not audio_seconds(voice.audio):
        read_audio(voice.audio)


def read_batch(
    scripts: Sequence[Path],
    options: RenderOptions,
    *,
    strict: bool = False,
    unread: Callable[[str], None] | None = None,
) -> Batch:
    """The jobs of scripts whose voices, sounds and covers are all there, and what is wrong with the others.

    Args:
        scripts: the files.
        options: of the rendering.
        strict: a language that the model does not speak is wrong too; else the plan warns of it.
        unread: as for `read_each`.

    Raises:
        UsageError: chapters that no script has, two scripts of one name.
    """

    spoken = choose_model(options.model).limits().languages if strict else ()

    def check(job: Job) -> None:
        with_cover(options.delivery, job.screenplay)
        for voice in job.voices.values():
            _check_clip(voice)
        if fault := language_fault(job.screenplay, spoken):
            raise ScriptError([f"{job.screenplay.path}: error: {fault}"])
        if found := [f"{source}: error: {what}" for source, what in sound_faults(job.screenplay)]:
            raise ScriptError(found)

    return read_each(scripts, options, check, unread)
