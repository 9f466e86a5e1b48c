"""Which recogniser: pocketsphinx, small and offline, or any Whisper that transformers can load."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import numpy as np

from csm_cli.errors import UsageError

SPHINX = "pocketsphinx"
WHISPER = "whisper"
DEFAULT_WHISPER = "openai/whisper-small"
RATE = 16_000
"""Hz, what every recogniser here listens to."""


class Recogniser(Protocol):
    """Writes down what it hears.

    Attributes:
        name: what it is, with its model, for reports.
    """

    @property
    def name(self) -> str: ...
    def hear(self, sounds: Sequence[np.ndarray], rate: int) -> list[str]:
        """The words of each sound, float32 mono `[samples]` at `rate` Hz, at most 30 s long; "" for none."""
        ...


def load_recogniser(what: str, language: str = "en", device: str = "auto") -> Recogniser:
    """Loads a recogniser.

    Args:
        what: "pocketsphinx" (English alone); "whisper" (the small one); or a Whisper checkpoint: a folder, or
            a repository on the Hub that has been pulled.
        language: tag of what is spoken; a Whisper of many languages is told it.
        device: where a Whisper runs: auto, cpu, cuda or mps.

    Raises:
        UsageError: pocketsphinx and another language than English.
        MissingError: its package or its model is not there.
    """
    if what == SPHINX:
        if not language.lower().startswith("en"):
            raise UsageError(
                f"pocketsphinx knows English only, not {language!r}",
                where="--asr",
                remedy="choose a Whisper checkpoint",
            )
        from csm_cli.asr.sphinx import Sphinx

        return Sphinx()
    from csm_cli.asr.whisper import Whisper

    return Whisper(DEFAULT_WHISPER if what == WHISPER else what, language, device)
