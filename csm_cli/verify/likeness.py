"""Whether a take is in its own voice: by a small speaker-embedding model that lies in a folder."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from csm_cli.audio.files import read_audio
from csm_cli.audio.resample import resample
from csm_cli.errors import MissingError

RATE = 16_000
LEAST_SECONDS = 0.6
"""Shorter sounds say too little about a voice."""
MARGIN = 0.02
FLOOR = 0.25
"""Below it nothing is the same voice, whatever the model."""


class VoiceLikeness:
    """Compares takes with the references of the voices of a cast.

    What is near enough differs from model to model, so a take is held against its own voice's reference and
    the other voices': it has to be nearest to its own.

    Args:
        folder: a checkpoint of transformers' `AutoModelForAudioXVector` with its feature extractor.
        references: the clip of every voice by name; voices without one are not judged.

    Raises:
        MissingError: the model cannot be loaded, a clip cannot be read.
    """

    def __init__(self, folder: Path, references: Mapping[str, Path]):
        from transformers import AutoFeatureExtractor, AutoModelForAudioXVector

        try:
            if not folder.is_dir():
                raise OSError("no such folder")
            self._extract: Any = AutoFeatureExtractor.from_pretrained(folder, local_files_only=True)
            self._model: Any = AutoModelForAudioXVector.from_pretrained(folder, local_files_only=True).eval()
        except (OSError, ValueError, KeyError) as error:
            reason = str(error).strip().splitlines()
            raise MissingError(
                f"the speaker model cannot be loaded ({reason[0] if reason else type(error).__name__})",
                where=str(folder),
                remedy="give the folder of an x-vector model, such as wavlm-base-plus-sv",
            ) from error
        self.name = folder.resolve().name
        self._known = {name: self._embed(read_audio(clip, RATE)) for name, clip in references.items()}

    def similarities(self, sound: np.ndarray, rate: int) -> dict[str, float]:
        """The cosine of a sound to each voice's reference, by name; {} for one that is too short."""
        if sound.size < LEAST_SECONDS * rate:
            return {}
        vector = self._embed(resample(sound, rate, RATE))
        return {name: float(vector @ known) for name, known in self._known.items()}

    def _embed(self, sound: np.ndarray) -> np.ndarray:
        """A vector of length 1."""
        import torch

        inputs = self._extract([sound], sampling_rate=RATE, return_tensors="pt")
        with torch.inference_mode():
            vector = self._model(**inputs).embeddings[0].float().numpy()
        return vector / max(float(np.linalg.norm(vector)), 1e-9)


def foreign(voice: str, similarities: Mapping[str, float]) -> str | None:
    """Why a take is not in the voice it should be in; None if it is, or if that cannot be told."""
    if voice not in similarities:
        return None
    own = similarities[voice]
    person = voice.partition("/")[0]  # anna/angry is another clip of anna: she may well sound like herself
    nearest = max(
        (name for name in similarities if name == voice or name.partition("/")[0] != person),
        key=lambda name: similarities[name],
    )
    if similarities[nearest] > own + MARGIN:
        return f"sounds more like {nearest} ({similarities[nearest]:.2f}) than {voice} ({own:.2f})"
    return f"sounds unlike {voice} ({own:.2f})" if own < FLOOR else None
