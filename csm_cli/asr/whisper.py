"""Whisper, by transformers' pipeline: any checkpoint in a folder or on the Hub."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from csm_cli.asr.recogniser import RATE
from csm_cli.audio.resample import resample
from csm_cli.errors import MissingError

BATCH = 16


class Whisper:
    """A Whisper checkpoint.

    Args:
        model: a folder, or a repository on the Hub, which is downloaded if it is not in the cache.
        language: told to a checkpoint that knows many.
        device: auto, cpu, cuda or mps.

    Raises:
        MissingError: it cannot be loaded.
    """

    def __init__(self, model: str, language: str = "en", device: str = "auto") -> None:
        from transformers import pipeline

        from csm_cli.engine.devices import pick_device

        self.name = f"Whisper {model}"
        try:
            self._pipe: Any = pipeline(
                "automatic-speech-recognition", model=model, device=pick_device(device)
            )
            config = self._pipe.model.generation_config
        except (OSError, ValueError, KeyError, AttributeError) as error:
            reason = str(error).strip().splitlines()
            raise MissingError(
                f"the recogniser cannot be loaded ({reason[0] if reason else type(error).__name__})",
                where=model,
                remedy="give the folder or the Hub name of a Whisper checkpoint, or pocketsphinx",
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
