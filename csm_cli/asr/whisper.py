"""Whisper, by transformers' pipeline: any checkpoint in a folder or in the Hub cache."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from csm_cli.asr.recogniser import RATE
from csm_cli.audio.resample import resample
from csm_cli.checkpoints.find import in_hub_cache, looks_like_hub_id
from csm_cli.errors import MissingError

BATCH = 16
CHOICES = "give the folder or the Hub name of a Whisper checkpoint, or pocketsphinx"


class Whisper:
    """A Whisper checkpoint.

    Args:
        model: a folder, or a repository that lies in the Hub cache; nothing is downloaded.
        language: told to a checkpoint that knows many.
        device: auto, cpu, cuda or mps.

    Raises:
        MissingError: it cannot be loaded.
    """

    def __init__(self, model: str, language: str = "en", device: str = "auto") -> None:
        folder = _folder(model)  # before the libraries are loaded, which takes seconds

        from transformers import pipeline

        from csm_cli.engine.devices import pick_device

        self.name = f"Whisper {model}"
        try:
            self._pipe: Any = pipeline(
                "automatic-speech-recognition", model=str(folder), device=pick_device(device)
            )
            config = self._pipe.model.generation_config
        except (OSError, ValueError, KeyError, AttributeError) as error:
            reason = str(error).strip().splitlines()
            raise MissingError(
                f"the recogniser cannot be loaded ({reason[0] if reason else type(error).__name__})",
                where=model,
                remedy=CHOICES,
            ) from error
        # An English-only checkpoint refuses to be told a language.
        known = getattr(config, "lang_to_id", None) if getattr(config, "is_multilingual", False) else None
        short = language.lower().split("-")[0]
        self._told = {"language": short, "task": "transcribe"} if f"<|{short}|>" in (known or {}) else {}

    def hear(self, sounds: Sequence[np.ndarray], rate: int) -> list[str]:
        """As `Recogniser.hear`; in batches."""
        inputs = [{"raw": resample(sound, rate, RATE), "sampling_rate": RATE} for sound in sounds]
        found = self._pipe(inputs, batch_size=BATCH, generate_kwargs=dict(self._told))
        return [" ".join(each["text"].split()) for each in found]


def _folder(model: str) -> Path:
    path = Path(model).expanduser()
    if path.is_dir():
        return path
    if not looks_like_hub_id(model):
        raise MissingError("no such recogniser", where=model, remedy=CHOICES)
    return in_hub_cache(model, None)
