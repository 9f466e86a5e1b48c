"""Whose voice it is: the speaker encoder of Resemblyzer (GE2E, 256 numbers), and cosines.

The weights are Resemblyzer's; the forward pass is written out here, because the package needs a compiler to
install: the same embedding to 1e-6 for the same sound. Long silences are cut out by level, where the package
does so by WebRTC's detector; that leaves a cosine of 0.997 or more between the two.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch

from csm_cli.audio.resample import resample
from csm_cli.errors import MissingError
from recipes.demo_voice.prosody import PAUSE_DB, levels

RATE = 16_000
_WINDOW, _HOP, _BANDS = 400, 160, 40
_PARTIAL = 160  # frames of a partial utterance: 1.6 s
_STEP = 77  # frames between two of them: 1.3 a second
_COVERAGE = 0.75  # of the last one that must be there
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
        import librosa

        path = root / "resemblyzer" / "pretrained.pt"
        if not path.is_file():
            raise MissingError(
                "the speaker encoder is not there",
                where=str(path),
                remedy=f"python -m recipes.demo_voice.fetch {root}",
            )
        state = torch.load(path, map_location="cpu", weights_only=True)["model_state"]
        self._lstm = torch.nn.LSTM(_BANDS, 256, 3, batch_first=True)
        self._linear = torch.nn.Linear(256, 256)
        for name, module in (("lstm.", self._lstm), ("linear.", self._linear)):
            module.load_state_dict(
                {key.removeprefix(name): value for key, value in state.items() if key.startswith(name)}
            )
        self._mel = librosa.filters.mel(sr=RATE, n_fft=_WINDOW, n_mels=_BANDS)

    @torch.inference_mode()
    def embed(self, audio: np.ndarray, rate: int) -> np.ndarray:
        """The voice of mono `audio` `[samples]`: float32 `[256]` of length 1; zeros for silence."""
        audio = _prepared(resample(audio, rate, RATE))
        if not np.any(audio):
            return np.zeros(256, np.float32)
        starts = _starts(len(audio))
        audio = np.pad(audio, (0, max(0, (starts[-1] + _PARTIAL) * _HOP - len(audio))))
        mel = torch.from_numpy(self._spectrogram(audio))
        _, (hidden, _) = self._lstm(torch.stack([mel[start : start + _PARTIAL] for start in starts]))
        parts = torch.nn.functional.normalize(torch.relu(self._linear(hidden[-1])), dim=1)
        return torch.nn.functional.normalize(parts.mean(0), dim=0).numpy()

    def _spectrogram(self, audio: np.ndarray) -> np.ndarray:
        """Power in mel bands, float32 `[frames, 40]`."""
        import librosa

        power = np.abs(librosa.stft(audio, n_fft=_WINDOW, hop_length=_HOP)) ** 2
        return np.ascontiguousarray((self._mel @ power).T, np.float32)


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
    near = np.convolve(loud, np.ones(_KEPT_SILENCE + 1), "same") > 0
    return audio[: len(loud) * step].reshape(-1, step)[near].ravel()


def _starts(samples: int) -> list[int]:
    """First frames of the partial utterances of that many samples."""
    frames = -(-(samples + 1) // _HOP)
    starts = list(range(0, max(1, frames - _PARTIAL + _STEP + 1), _STEP))
    covered = (samples / _HOP - starts[-1]) / _PARTIAL
    return starts[:-1] if covered < _COVERAGE and len(starts) > 1 else starts
