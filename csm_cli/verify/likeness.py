"""Whether a take is in its own voice, by a speaker encoder."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from csm_cli.audio.files import read_audio
from csm_cli.audio.resample import resample
from csm_cli.verify.encoders import RATE, Encoder, speech_alone

LEAST_SECONDS = 0.6
"""Shorter speech says too little about a voice."""


@dataclass(frozen=True)
class Bounds:
    """What a take's cosines must keep to.

    Attributes:
        floor: to its own voice's clip, at least.
        margin: by which another voice's clip may be nearer.
    """

    floor: float = 0.25
    margin: float = 0.02


MEASURED = {
    "ge2e": ((1.5, Bounds(0.50, 0.10)), (2.5, Bounds(0.58, 0.04)), (float("inf"), Bounds(0.62, 0.02))),
}
"""By encoder: for speech of less than so many seconds, these bounds. What they come to: docs/render.md."""


class VoiceLikeness:
    """Compares takes with the clips of the voices of a cast.

    Args:
        encoder: tells voices apart.
        references: the clip of every voice by name. A voice without one, or with less than 0.6 s of speech in
            it, is not judged.

    Raises:
        CsmError: a clip cannot be read.
    """

    def __init__(self, encoder: Encoder, references: Mapping[str, Path]):
        self.name, self._encoder = encoder.name, encoder
        vectors = {
            name: voice_vector(encoder, read_audio(clip, RATE), RATE) for name, clip in references.items()
        }
        self._known = {name: vector for name, vector in vectors.items() if vector is not None}

    def similarities(self, sound: np.ndarray, rate: int) -> dict[str, float]:
        """The cosine of a sound to each voice's clip, by name; {} for one with too little speech."""
        vector = voice_vector(self._encoder, sound, rate)
        return {} if vector is None else {name: float(vector @ known) for name, known in self._known.items()}


def voice_vector(encoder: Encoder, sound: np.ndarray, rate: int) -> np.ndarray | None:
    """Whose voice a sound is, a vector of length 1; None for one with less than 0.6 s of speech."""
    speech = speech_alone(resample(sound, rate, RATE))
    return encoder.embed(speech) if speech.size >= LEAST_SECONDS * RATE else None


def bounds_of(encoder: str, seconds: float) -> Bounds:
    """The bounds for a take with so many seconds of speech; the same for all where none were measured."""
    return next((bounds for below, bounds in MEASURED.get(encoder, ()) if seconds < below), Bounds())


def foreign(voice: str, similarities: Mapping[str, float], bounds: Bounds = Bounds()) -> str | None:
    """Why a take is not in the voice it should be in; None if it is, or if that cannot be told."""
    if voice not in similarities:
        return None
    own = similarities[voice]
    person = voice.partition("/")[0]  # anna/angry is another clip of anna: she may well sound like herself
    nearest = max(
        (name for name in similarities if name == voice or name.partition("/")[0] != person),
        key=lambda name: similarities[name],
    )
    if similarities[nearest] > own + bounds.margin:
        return f"sounds more like {nearest} ({similarities[nearest]:.2f}) than {voice} ({own:.2f})"
    return f"sounds unlike {voice} ({own:.2f})" if own < bounds.floor else None
