"""What is expected of a recogniser; and pocketsphinx, which needs no download."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol, runtime_checkable

import numpy as np

from csm_cli.audio.resample import resample
from csm_cli.core.errors import MissingError

SPHINX = "pocketsphinx"
WHISPER = "whisper"
RATE = 16_000
"""Hz, the input of every recogniser here."""
INSTALL = "pip install 'csm-cli[asr]', or choose --asr pocketsphinx"


class Recogniser(Protocol):
    """Transcribes speech.

    Attributes:
        name: what it is, with its model, for reports.
    """

    @property
    def name(self) -> str: ...
    def transcribe(self, sounds: Sequence[np.ndarray], rate: int) -> list[str]:
        """The words of each sound, float32 mono `[samples]` at `rate` Hz, at most 30 s long; "" for none."""
        ...


@runtime_checkable
class Weighing(Protocol):
    """A recogniser that also gives the probability of a text for a sound."""

    def weigh(
        self, sounds: Sequence[np.ndarray], rate: int, texts: Callable[[int, str], Sequence[str]]
    ) -> list[tuple[str, list[float]]]:
        """Transcribes each sound, and weighs texts.

        Args:
            sounds, rate: as for `Recogniser.transcribe`.
            texts: called with the place of a sound and its transcript; returns what is to be weighed.

        Returns:
            The transcript of each sound, and the natural logarithm of the probability of each of its texts.
        """
        ...


SILENCE_SECONDS = 0.2  # it wants a little silence around the words
PEAK = 20_000


class Sphinx:
    """A recogniser that needs no download.

    Raises:
        MissingError: the package is not installed.
    """

    name = SPHINX

    def __init__(self) -> None:
        try:
            from pocketsphinx import Decoder
        except ImportError as error:
            raise MissingError(
                "pocketsphinx is not installed", where="--asr", remedy="pip install 'csm-cli[asr]'"
            ) from error
        self._decoder = Decoder(samprate=RATE, loglevel="FATAL")

    def transcribe(self, sounds: Sequence[np.ndarray], rate: int) -> list[str]:
        """As `Recogniser.transcribe`; one after the other."""
        return [self._transcribe(sound, rate) for sound in sounds]

    def _transcribe(self, sound: np.ndarray, rate: int) -> str:
        narrow = np.pad(resample(sound, rate, RATE), round(SILENCE_SECONDS * RATE))
        pcm = (narrow / max(float(np.abs(narrow).max()), 1e-3) * PEAK).astype(np.int16).tobytes()
        self._decoder.start_utt()
        self._decoder.process_raw(pcm, full_utt=True)
        self._decoder.end_utt()
        found = self._decoder.hyp()
        return found.hypstr if found else ""
