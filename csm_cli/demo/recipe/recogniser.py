"""An offline recogniser's word error rate: pocketsphinx with the model that its package ships."""

from __future__ import annotations

import re

import numpy as np


def words_of(text: str) -> list[str]:
    """The words of a text as the recogniser would write them."""
    return re.sub(r"[^a-z' ]+", " ", text.lower().replace("-", " ")).split()


def word_errors(said: list[str], heard: list[str]) -> int:
    """Levenshtein distance between two lists of words."""
    row = list(range(len(heard) + 1))
    for i, word in enumerate(said, 1):
        diagonal, row[0] = row[0], i
        for j, other in enumerate(heard, 1):
            diagonal, row[j] = row[j], min(row[j] + 1, row[j - 1] + 1, diagonal + (word != other))
    return row[-1]


class Recogniser:
    """pocketsphinx on 24 kHz audio."""

    def __init__(self) -> None:
        from pocketsphinx import Decoder

        self.decoder = Decoder(samprate=16000, loglevel="FATAL")

    def hear(self, audio: np.ndarray) -> str:
        """The words heard in float32 audio [samples] at 24 kHz."""
        from scipy.signal import resample_poly

        narrow = resample_poly(np.pad(audio, 4800), 2, 3)
        pcm = (narrow / max(np.abs(narrow).max(), 1e-3) * 20000).astype(np.int16).tobytes()
        self.decoder.start_utt()
        self.decoder.process_raw(pcm, full_utt=True)
        self.decoder.end_utt()
        found = self.decoder.hyp()
        return found.hypstr if found else ""

    def errors(self, audio: np.ndarray, text: str) -> tuple[int, int]:
        """(word errors, words) of one line."""
        said = words_of(text)
        return word_errors(said, words_of(self.hear(audio))), len(said)
