"""What is expected of a recogniser; and pocketsphinx, which needs no download."""

from __future__ import annotations

import re
import unicodedata
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


@runtime_checkable
class Aligning(Protocol):
    """A recogniser that also finds the words of a text in a sound."""

    def align(
        self, sounds: Sequence[np.ndarray], rate: int, texts: Sequence[str]
    ) -> list[list[tuple[float, float] | None]]:
        """When the words of a text are spoken.

        Args:
            sounds, rate: as for `Recogniser.transcribe`.
            texts: of the sounds, in spoken form; their words are set apart by spaces.

        Returns:
            (start, end) in seconds of each word; None for what has no letters, and where they are not found.
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
        self._search = self._decoder.current_search()

    def transcribe(self, sounds: Sequence[np.ndarray], rate: int) -> list[str]:
        """As `Recogniser.transcribe`; one after the other."""
        return [self._transcribe(sound, rate) for sound in sounds]

    def align(
        self, sounds: Sequence[np.ndarray], rate: int, texts: Sequence[str]
    ) -> list[list[tuple[float, float] | None]]:
        """As `Aligning.align`; a word that is not in its dictionary is taken as it is spelled."""
        return [self._align(sound, rate, text) for sound, text in zip(sounds, texts, strict=True)]

    def _transcribe(self, sound: np.ndarray, rate: int) -> str:
        self._decode(sound, rate)
        found = self._decoder.hyp()
        return found.hypstr if found else ""

    def _align(self, sound: np.ndarray, rate: int, text: str) -> list[tuple[float, float] | None]:
        times: list[tuple[float, float] | None] = [None] * len(text.split())
        owners = [(place, each) for place, word in enumerate(text.split()) for each in _spellings(word)]
        if not owners:
            return times
        for _, word in owners:
            if self._decoder.lookup_word(word) is None:
                self._decoder.add_word(word, " ".join(PHONES[letter] for letter in word.replace("'", "")))
        try:
            self._decoder.set_align_text(" ".join(word for _, word in owners))
            self._decode(sound, rate)
            found = [each for each in self._decoder.seg() or () if each.word[0] not in "<["]
        except RuntimeError:  # the text does not fit into the sound
            found = []
        finally:
            self._decoder.activate_search(self._search)
        if len(found) != len(owners):
            return times
        for (place, _), each in zip(owners, found, strict=True):
            start, end = (frame / 100 - SILENCE_SECONDS for frame in (each.start_frame, each.end_frame + 1))
            before = times[place]
            times[place] = (before[0] if before else max(0.0, start), max(0.0, end))
        return times

    def _decode(self, sound: np.ndarray, rate: int) -> None:
        narrow = np.pad(resample(sound, rate, RATE), round(SILENCE_SECONDS * RATE))
        pcm = (narrow / max(float(np.abs(narrow).max()), 1e-3) * PEAK).astype(np.int16).tobytes()
        self._decoder.start_utt()
        self._decoder.process_raw(pcm, full_utt=True)
        self._decoder.end_utt()


PHONES = {
    "a": "AE", "b": "B", "c": "K", "d": "D", "e": "EH", "f": "F", "g": "G", "h": "HH", "i": "IH",
    "j": "JH", "k": "K", "l": "L", "m": "M", "n": "N", "o": "AA", "p": "P", "q": "K", "r": "R",
    "s": "S", "t": "T", "u": "AH", "v": "V", "w": "W", "x": "K", "y": "IY", "z": "Z",
}  # fmt: skip
"""A sound for each letter: enough to find where an unknown word is."""


def _spellings(word: str) -> list[str]:
    """The words of a spoken word as a dictionary has them: "eighty-three!" is "eighty", "three"."""
    plain = unicodedata.normalize("NFKD", word.lower().replace("’", "'"))
    return re.findall(r"[a-z]+(?:'[a-z]+)*", "".join(c for c in plain if not unicodedata.combining(c)))
