"""What a line asks of the takes: all that can change its sound, as one value; no model need be loaded."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, Protocol

from csm_cli.checkpoints.revision import checkpoint_revision
from csm_cli.core.errors import MissingError
from csm_cli.core.reading import read_file
from csm_cli.core.types import DEFAULT_MAX_CHARACTERS, Sampler
from csm_cli.rendering.models import UNLIMITED, Limits
from csm_cli.rendering.options import RenderOptions
from csm_cli.script import Line
from csm_cli.takes import LineRequest, ModelIdentity, VoiceIdentity
from csm_cli.voices.voice import MAX_CLIP_BYTES, Voice

SPOKEN_FORM = 2
"""Counts up when the same written text comes to be spoken in other words."""
NO_MODEL = ModelIdentity("", "", "")
CONTINUED = ", continued"
"""Behind the hash of a voice whose clip the line goes on from (`--reference continue`)."""


class IdentifiedModel(Protocol):
    """A model, loaded or not, with what decides its sound."""

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


class PlannableModel(IdentifiedModel, Protocol):
    """An engine, as far as planning needs it."""

    @property
    def default_sampler(self) -> Sampler:
        """Its own."""

    @property
    def max_characters(self) -> int:
        """Longest piece that it reads well."""

    @property
    def shipped_speakers(self) -> int:
        """Shipped voices that it was trained on; they have the tags from 0."""

    @property
    def cues(self) -> tuple[str, ...]:
        """Such as "laughs", that it has learned."""


def identity_of(engine: IdentifiedModel) -> ModelIdentity:
    """Which model an engine speaks with."""
    dtype = str(engine.dtype).removeprefix("torch.") + (f"+{engine.quantize}" if engine.quantize else "")
    return ModelIdentity(engine.model_id, checkpoint_revision(engine.files), dtype)


@dataclass(frozen=True)
class ModelTraits:
    """What a plan depends on in a model; the default stands for no model in particular.

    Args:
        identity: which weights, in what numbers.
        sampler: its own.
        max_characters: longest piece that it reads well.
        shipped_speakers: shipped voices that it was trained on; they have the tags from 0.
        alphabet: characters that it can say; None: any.
        cues: such as "laughs", that it has learned.
        languages: tags of those that it speaks; none: it does not say.
    """

    identity: ModelIdentity = NO_MODEL
    sampler: Sampler = Sampler()
    max_characters: int = DEFAULT_MAX_CHARACTERS
    shipped_speakers: int = 0
    alphabet: frozenset[str] | None = None
    cues: tuple[str, ...] = ()
    languages: tuple[str, ...] = ()

    @classmethod
    def of(cls, engine: PlannableModel, limits: Limits = UNLIMITED) -> ModelTraits:
        """Of an engine, loaded or not."""
        return cls(
            identity_of(engine),
            engine.default_sampler,
            engine.max_characters,
            engine.shipped_speakers,
            limits.alphabet,
            engine.cues,
            limits.languages,
        )


@dataclass(frozen=True)
class RequestFactory:
    """What all lines of a script have in common.

    Args:
        script: name of the script's file.
        voices: hashes of their references, by the names that the cast uses.
        model: which model speaks.
        sampler: how codes are drawn.
        turns: most turns of each speaker that a line has as context.
        lexicon: a hash of the entries that hold for the script; "" without any. It is not in the keys of
            takes: what it changes is the spoken text.
    """

    script: str
    voices: Mapping[str, str]
    model: ModelIdentity = NO_MODEL
    sampler: Sampler = Sampler()
    turns: int = 0
    lexicon: str = ""

    @classmethod
    def of(
        cls,
        script: str,
        voices: Mapping[str, Voice],
        lexicon: str,
        model: ModelTraits,
        options: RenderOptions,
    ) -> RequestFactory:
        """Of a script. References are read for a model alone: without one nothing is spoken with them.

        Raises:
            MissingError: the reference of a voice cannot be read.
        """
        hashes = {} if model.identity == NO_MODEL else {name: voice_hash(it) for name, it in voices.items()}
        if options.reference == "continue":
            hashes = {name: f"{mark}{CONTINUED}" if mark else "" for name, mark in hashes.items()}
        sampler = options.sampler(model.sampler)
        return cls(script, hashes, model.identity, sampler, options.context_turns, lexicon)

    def settings(self, seed: int) -> dict[str, Any]:
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

    def request(
        self, line: Line, name: str, tag: int, parts: tuple[str, ...], seed: int, occurrence: int
    ) -> LineRequest:
        """The request of a line; the arguments are fields of it, `name` its stable id."""
        return LineRequest(
            script=self.script,
            line=name,
            speaker=line.speaker,
            written=line.text,
            parts=parts,
            voice=VoiceIdentity(line.voice, "" if self.model == NO_MODEL else self.voices[line.voice], tag),
            model=self.model,
            sampler=with_temperature(self.sampler, line.settings.temperature),
            seed=seed,
            occurrence=occurrence,
            turns=0 if line.settings.context is False else self.turns,
        )


def with_temperature(sampler: Sampler, temperature: float | None) -> Sampler:
    """The sampler, with the temperature that a line sets; if it is another, it counts for all codebooks."""
    if temperature is None or temperature == sampler.temperature:
        return sampler
    return replace(sampler, temperature=temperature, depth_temperature=None)


def voice_hash(voice: Voice) -> str:
    """A hash of a voice's reference, audio and transcript; "" for a voice without one.

    Raises:
        MissingError: the reference cannot be read.
    """
    if voice.audio is None:
        return ""
    try:
        sound = read_file(voice.audio, MAX_CLIP_BYTES)
    except OSError as error:
        raise MissingError(
            f"the reference clip of voice {voice.name!r} cannot be read ({error.strerror or error})",
            where=str(voice.audio),
            remedy="check its permissions, or add the voice again",
        ) from error
    return hashlib.sha256(hashlib.sha256(sound).digest() + voice.text.encode()).hexdigest()[:20]
