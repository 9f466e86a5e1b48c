"""pocketsphinx with the English model that its package ships: small, offline, and often wrong by a word."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from csm_cli.audio.resample import resample
from csm_cli.core.errors import MissingError
from csm_cli.verify.recognisers.recogniser import RATE, SPHINX

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

    def hear(self, sounds: Sequence[np.ndarray], rate: int) -> list[str]:
        """As `Recogniser.hear`; one after the other."""
        return [self._hear(sound, rate) for sound in sounds]

    def _hear(self, sound: np.ndarray, rate: int) -> str:
        narrow = np.pad(resample(sound, rate, RATE), round(SILENCE_SECONDS * RATE))
        pcm = (narrow / max(float(np.abs(narrow).max()), 1e-3) * PEAK).astype(np.int16).tobytes()
        self._decoder.start_utt()
        self._decoder.process_raw(pcm, full_utt=True)
        self._decoder.end_utt()
        found = self._decoder.hyp()
        return found.hypstr if found else ""
