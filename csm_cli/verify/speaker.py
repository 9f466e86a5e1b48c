"""Whether a take is in its own voice: speaker encoders, and the likeness of their vectors."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from csm_cli.audio.files import CLIP_SECONDS, read_audio
from csm_cli.audio.level import amplitude, rms
from csm_cli.audio.resample import resample
from csm_cli.core.errors import MissingError, first_line

RATE = 16_000
NO_ENCODER = "there is no speaker encoder; pip install --no-deps resemblyzer, or name one by --voice-model"
LEVEL_DB = -20.0
"""dBFS RMS that speech is brought to. GE2E reads powers, so it matters; at this one voices differ most."""
BLOCK_SECONDS = 0.03
SILENT_DB = 30.0
"""Below the loud blocks by this much is silence."""
KEPT_BLOCKS = 3
"""Silence within 90 ms of speech stays: consonants begin and end in it."""


class SpeakerEncoder(Protocol):
    """Embeds speech.

    Attributes:
        name: of the model, as sidecars of takes note it.
    """

    name: str

    def embed(self, speech: np.ndarray, /) -> np.ndarray:
        """A vector of length 1 for float32 `[samples]` at 16 kHz; at least one sample."""


class XVectorEncoder:
    """A checkpoint of transformers' `AutoModelForAudioXVector` with its feature extractor.

    Args:
        folder: that holds both.

    Raises:
        MissingError: the model cannot be loaded.
    """

    def __init__(self, folder: Path):
        from transformers import AutoFeatureExtractor, AutoModelForAudioXVector

        try:
            if not folder.is_dir():
                raise OSError("no such folder")
            self._extract: Any = AutoFeatureExtractor.from_pretrained(folder, local_files_only=True)
            self._model: Any = AutoModelForAudioXVector.from_pretrained(folder, local_files_only=True).eval()
        except (OSError, ValueError, KeyError) as error:
            raise MissingError(
                f"the speaker model cannot be loaded ({first_line(error)})",
                where=str(folder),
                remedy="give the folder of an x-vector model, such as wavlm-base-plus-sv",
            ) from error
        self.name = folder.resolve().name

    def embed(self, speech: np.ndarray) -> np.ndarray:
        """A vector of length 1 for float32 `[samples]` at 16 kHz."""
        import torch

        inputs = self._extract([speech], sampling_rate=RATE, return_tensors="pt")
        with torch.inference_mode():
            vector = self._model(**inputs).embeddings[0].float().numpy()
        return vector / max(float(np.linalg.norm(vector)), 1e-9)


def load_encoder(model: Path | None = None) -> SpeakerEncoder | None:
    """The encoder to compare voices with.

    Args:
        model: folder of an x-vector model, or a GE2E checkpoint (`.pt`); None: the GE2E weights that the
            package resemblyzer brings.

    Returns:
        None if no model is given and the package is not installed.

    Raises:
        MissingError: the model cannot be loaded.
    """
    from csm_cli.verify.ge2e import GE2E, installed_weights

    if model is not None and model.suffix != ".pt":
        return XVectorEncoder(model)
    weights = model or installed_weights()
    return None if weights is None else GE2E(weights)


def speech_alone(sound: np.ndarray, rate: int = RATE) -> np.ndarray:
    """`sound` without its silence, at -20 dBFS.

    Args:
        sound: float32 mono `[samples]`.
        rate: Hz.

    Returns:
        float32 `[samples]`; none if all is silent.
    """
    block = round(BLOCK_SECONDS * rate)
    blocks = sound[: sound.size // block * block].reshape(-1, block)
    power = np.square(blocks, dtype=np.float32).mean(axis=1)
    if not power.size or power.max() < 1e-10:
        return np.zeros(0, np.float32)
    loud = power >= np.percentile(power, 90) * 10 ** (-SILENT_DB / 10)
    near = np.convolve(loud, np.ones(2 * KEPT_BLOCKS + 1), "full")
    speech = blocks[near[KEPT_BLOCKS : KEPT_BLOCKS + loud.size] > 0].ravel()
    return np.asarray(speech * (amplitude(LEVEL_DB) / rms(speech)), np.float32)


LEAST_SECONDS = 0.6
"""Seconds of speech; fewer do not identify a voice."""


@dataclass(frozen=True)
class Bounds:
    """Limits of a take's cosines.

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
        encoder: of the voices.
        references: the clip of every voice by name. A voice without one, or with less than 0.6 s of speech in
            it, is not judged.

    Raises:
        CsmError: a clip cannot be read.
    """

    def __init__(self, encoder: SpeakerEncoder, references: Mapping[str, Path]):
        self.name, self._encoder = encoder.name, encoder
        vectors = {
            name: voice_vector(encoder, read_audio(clip, RATE, CLIP_SECONDS), RATE)
            for name, clip in references.items()
        }
        self._vectors = {name: vector for name, vector in vectors.items() if vector is not None}

    def similarities(self, sound: np.ndarray, rate: int) -> dict[str, float]:
        """The cosine of a sound to each voice's clip, by name; {} for one with too little speech."""
        vector = voice_vector(self._encoder, sound, rate)
        return (
            {}
            if vector is None
            else {name: float(vector @ reference) for name, reference in self._vectors.items()}
        )


def voice_vector(encoder: SpeakerEncoder, sound: np.ndarray, rate: int) -> np.ndarray | None:
    """The speaker embedding of a sound, a vector of length 1; None for one with less than 0.6 s of speech."""
    speech = speech_alone(resample(sound, rate, RATE))
    return encoder.embed(speech) if speech.size >= LEAST_SECONDS * RATE else None


def bounds_of(encoder: str, seconds: float) -> Bounds:
    """The bounds for a take with so many seconds of speech; the same for all where none were measured."""
    return next((bounds for below, bounds in MEASURED.get(encoder, ()) if seconds < below), Bounds())


def foreign(voice: str, similarities: Mapping[str, float], bounds: Bounds = Bounds()) -> str | None:
    """Why a take is not in the voice it should be in; None if it is, or if that voice was not compared."""
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
