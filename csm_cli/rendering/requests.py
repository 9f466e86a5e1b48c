"""From planned lines to what each is asked for: the same with a loaded model and, in a dry run, without."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, Protocol

from csm_cli.checkpoints.revision import checkpoint_revision
from csm_cli.core.errors import MissingError
from csm_cli.engine import Sampler
from csm_cli.rendering.loop import ReferenceMode
from csm_cli.rendering.plan import Chain
from csm_cli.rendering.project import Job
from csm_cli.takes import LineRequest, ModelIdentity, VoiceIdentity
from csm_cli.voices.voice import Voice

SPOKEN_FORM = 1
"""Counts up when the same written text comes to be spoken in other words."""


class Loaded(Protocol):
    """What is known of a model that is loaded."""

    @property
    def model_id(self) -> str:
        """What the user called it."""

    @property
    def files(self) -> tuple[Path, ...]:
        """Of its checkpoint: what decides what it says."""

    @property
    def dtype(self) -> object:
        """Number type."""

    @property
    def quantize(self) -> str | None:
        """What its products are rounded to."""


def identity_of(engine: Loaded) -> ModelIdentity:
    """Which model an engine speaks with."""
    dtype = str(engine.dtype).removeprefix("torch.") + (f"+{engine.quantize}" if engine.quantize else "")
    return ModelIdentity(engine.model_id, checkpoint_revision(engine.files), dtype)


@dataclass(frozen=True)
class RequestFactory:
    """What all lines of a job have in common.

    Args:
        script: name of the script's file.
        voices: by the names that the cast uses, with the hashes of what is heard of them.
        model: which model speaks.
        sampler: how codes are drawn.
        turns: most turns of each speaker that a line hears.
        lexicon: a hash of the entries that hold for the script; "" without any. It is not in the keys of
            takes: what it changes is the spoken text.
    """

    script: str
    voices: dict[str, str]
    model: ModelIdentity
    sampler: Sampler
    turns: int
    lexicon: str = ""

    @classmethod
    def of(
        cls,
        job: Job,
        model: ModelIdentity,
        sampler: Sampler,
        turns: int,
        reference: ReferenceMode = "before",
    ) -> RequestFactory:
        """Of a job."""
        voices = {name: voice_hash(voice) for name, voice in job.voices.items()}
        if reference == "continue":
            voices = {name: f"{mark}, continued" if mark else "" for name, mark in voices.items()}
        lexicon = job.reader.lexicon.digest if job.reader else ""
        return cls(job.script, voices, model, sampler, turns, lexicon)

    def facts(self, seed: int) -> dict[str, Any]:
        """What `csm.lock` states: all but the script that can change what its takes sound like."""
        return {
            "model": {"id": self.model.id, "revision": self.model.revision, "dtype": self.model.dtype},
            "sampler": asdict(self.sampler),
            "seed": seed,
            "context_turns": self.turns,
            "voices": {name or "(default)": mark or "by tag" for name, mark in sorted(self.voices.items())},
            "spoken_form": SPOKEN_FORM,
            "lexicon": self.lexicon or "none",
        }

    def ask(self, chain: Chain) -> tuple[LineRequest, ...]:
        """What each line of a chain is asked for."""
        return tuple(self._asked(chain))

    def _asked(self, chain: Chain) -> Iterable[LineRequest]:
        for line in chain.lines:
            yield LineRequest(
                script=self.script,
                line=line.id,
                speaker=line.line.speaker,
                written=line.line.text,
                parts=line.parts,
                voice=VoiceIdentity(line.voice, self.voices[line.voice], line.tag),
                model=self.model,
                sampler=with_temperature(self.sampler, line.line.settings.temperature),
                seed=line.seed,
                occurrence=line.occurrence,
                turns=0 if line.line.settings.context is False else self.turns,
            )


def with_temperature(sampler: Sampler, temperature: float | None) -> Sampler:
    """The sampler, with the temperature that a line sets; it then counts for all codebooks."""
    if temperature is None:
        return sampler
    return replace(sampler, temperature=temperature, depth_temperature=None)


def voice_hash(voice: Voice) -> str:
    """A hash of what a model hears of a voice, audio and transcript; "" for a voice without a reference.

    Raises:
        MissingError: the reference cannot be read.
    """
    if voice.audio is None:
        return ""
    try:
        sound = voice.audio.read_bytes()
    except OSError as error:
        raise MissingError(
            f"the reference clip of voice {voice.name!r} cannot be read ({error.strerror or error})",
            where=str(voice.audio),
            remedy="check its permissions, or add the voice again",
        ) from error
    return hashlib.sha256(hashlib.sha256(sound).digest() + voice.text.encode()).hexdigest()[:20]
