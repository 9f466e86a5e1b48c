"""Whose voice it is: the speaker encoder of Resemblyzer (GE2E, 256 numbers), and cosines.

The network is that of `csm_cli.verify`. What is done to the sound before differs, because the figures of the
evaluation rest on it: sound of at least -30 dBFS keeps its level, short sound is filled up with silence, and
the level of a silence is fixed. Long silences are cut out by level, where the package does so by WebRTC's
detector; that leaves a cosine of 0.997 or more between the two.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from csm_cli.audio.resample import resample
from csm_cli.verify.ge2e import GE2E, HOP, RATE, WINDOW_FRAMES
from recipes.demo_voice.prosody import PAUSE_DB, levels
from recipes.demo_voice.teachers import missing

_LEVEL = 10 ** (-30 / 20)
_KEPT_SILENCE = 20  # steps of 10 ms


class Speaker:
    """The encoder.

    Args:
        root: the folder that `fetch.py` fills.

    Raises:
        MissingError: the weights are not in it.
    """

    def __init__(self, root: Path):
        path = root / "resemblyzer" / "pretrained.pt"
        if not path.is_file():
            raise missing(root, "the speaker encoder is")
        self._encoder = GE2E(path)

    def embed(self, audio: np.ndarray, rate: int) -> np.ndarray:
        """The voice of mono `audio` `[samples]`: float32 `[256]` of length 1; zeros for silence."""
        audio = _prepared(resample(audio, rate, RATE))
        if not np.any(audio):
            return np.zeros(256, np.float32)
        return self._encoder.embed(np.pad(audio, (0, max(0, WINDOW_FRAMES * HOP - len(audio)))))


def cosine(first: np.ndarray, second: np.ndarray) -> float:
    """The cosine of two embeddings of length 1."""
    return float(np.dot(first, second))


def _prepared(audio: np.ndarray) -> np.ndarray:
    """At least at -30 dBFS, without long silences."""
    rms = float(np.sqrt(np.mean(np.square(audio, dtype=np.float64)))) if len(audio) else 0.0
    if rms == 0:
        return audio
    audio = audio * np.float32(max(1.0, _LEVEL / rms))
    step = RATE // 100
    loud = levels(audio, RATE) >= PAUSE_DB
    if not len(loud):  # less than 10 ms
        return audio[:0]
    near = np.convolve(loud, np.ones(_KEPT_SILENCE + 1))[_KEPT_SILENCE // 2 :][: len(loud)] > 0
    return audio[: len(loud) * step].reshape(-1, step)[near].ravel()
