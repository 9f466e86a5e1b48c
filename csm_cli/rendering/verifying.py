"""The checks of what is spoken, as the options of a rendering name them."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from csm_cli.core.errors import MissingError
from csm_cli.rendering.options import RenderOptions
from csm_cli.rendering.project import Job
from csm_cli.verify import Verifier
from csm_cli.verify.alignment import words_of


def make_verifier(jobs: Sequence[Job], options: RenderOptions, note: Callable[[str], None]) -> Verifier:
    """The checks that `options.verify` names; its models are loaded here, before anything is spoken.

    Args:
        jobs: whose language the recogniser is for, whose voices are compared with, and whose lexicons hold
            words that no recogniser has.
        options: of the rendering.
        note: called with a line when a check stays off, or when its recogniser is a poor judge.

    Raises:
        MissingError: a recogniser or a speaker model is not there.
        UsageError: the recogniser has not learned the language.
    """
    recogniser = likeness = None
    if "asr" in options.verify:
        from csm_cli.verify.recognisers import load_recogniser

        try:
            recogniser = load_recogniser(options.asr, jobs[0].screenplay.language, options.device, note)
        except MissingError as error:
            raise MissingError(
                error.what, where=f"--verify asr: {error.where}", remedy=error.remedy
            ) from error
    if "voice" in options.verify:
        references = {
            name: voice.audio for job in jobs for name, voice in job.voices.items() if voice.audio is not None
        }
        from csm_cli.verify.speaker import NO_ENCODER, load_encoder

        encoder = load_encoder(options.voice_model)
        if encoder is None:
            note(f"--verify voice is off: {NO_ENCODER}")
        elif not references:
            note("--verify voice is off: no voice of this cast has a reference recording")
        else:
            from csm_cli.verify.speaker import VoiceLikeness

            likeness = VoiceLikeness(encoder, references)
    return Verifier(recogniser, likeness, names=_words_of_lexicons(jobs), times=options.delivery.words)


def _words_of_lexicons(jobs: Sequence[Job]) -> frozenset[str]:
    """The words that lexicons put in the place of written ones: what is recognised is compared with those."""
    entries = {entry for job in jobs if job.normaliser for entry in job.normaliser.lexicon.entries}
    return frozenset(word for entry in entries for word in words_of(entry.words_said))
