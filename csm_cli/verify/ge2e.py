"""The GE2E speaker encoder (Wan et al. 2018), with the weights of the package resemblyzer (Apache-2.0).

The package's code is not imported: it needs a voice activity detector that has to be compiled, and that no
longer loads beside a present setuptools. Spectrogram, windows and network are the same, and a test holds them
to its own.
"""

from __future__ import annotations

import functools
import pickle
from importlib import metadata
from pathlib import Path
from typing import Any

import numpy as np

from csm_cli.core.errors import MissingError

RATE = 16_000
PACKAGE, WEIGHTS = "resemblyzer", "resemblyzer/pretrained.pt"
INSTALL = f"pip install --no-deps {PACKAGE}"
"""The weights, which are all that is used of it; what the package depends on needs a C compiler."""
LENGTH, HOP, BANDS, WIDTH = 400, 160, 40, 256
WINDOW_FRAMES, STEP_FRAMES = 160, 77
"""A window is 1.6 s, and 1.3 of them begin in a second, as the package has it."""
COVERAGE = 0.75
"""Share of the last window that must be speech for it to count."""


class GE2E:
    """Embeds speech in 256 numbers, none negative.

    Args:
        weights: a checkpoint as resemblyzer has it.

    Raises:
        MissingError: it cannot be read, or is something else.
    """

    name = "ge2e"

    def __init__(self, weights: Path):
        import torch

        self._lstm = torch.nn.LSTM(BANDS, WIDTH, num_layers=3, batch_first=True)
        self._linear = torch.nn.Linear(WIDTH, WIDTH)
        try:
            state = torch.load(weights, map_location="cpu", weights_only=True)["model_state"]
            for part, prefix in ((self._lstm, "lstm."), (self._linear, "linear.")):
                part.load_state_dict(
                    {key[len(prefix) :]: value for key, value in state.items() if key.startswith(prefix)}
                )
        except (OSError, RuntimeError, LookupError, TypeError, EOFError, pickle.UnpicklingError) as error:
            raise MissingError(
                "the speaker encoder's weights cannot be read",
                where=str(weights),
                remedy=f"give resemblyzer's pretrained.pt, or install it: {INSTALL}",
            ) from error

    def embed(self, speech: np.ndarray) -> np.ndarray:
        """The mean over windows of 1.6 s; speech that is shorter than one is repeated to fill it.

        Args:
            speech: float32 `[samples]` at 16 kHz, without silence; at least one sample. Its level counts.

        Returns:
            float32 `[256]` of length 1.
        """
        import torch

        window = WINDOW_FRAMES * HOP
        if speech.size < window:
            speech = np.resize(speech, window)
        starts = _starts(speech.size)
        padded = np.pad(speech, (0, max(0, starts[-1] * HOP + window - speech.size)))
        bands = mel_bands(padded)
        windows = np.stack([bands[start : start + WINDOW_FRAMES] for start in starts])
        with torch.inference_mode():
            _, (hidden, _) = self._lstm(torch.from_numpy(windows))
            vectors = torch.relu(self._linear(hidden[-1]))
            mean = torch.nn.functional.normalize(vectors, dim=1).mean(dim=0)
            return torch.nn.functional.normalize(mean, dim=0).numpy()


def installed_weights() -> Path | None:
    """The weights in the installed package; None where it is not installed."""
    try:
        path = Path(str(metadata.distribution(PACKAGE).locate_file(WEIGHTS)))
    except metadata.PackageNotFoundError:
        return None
    return path if path.is_file() else None


def mel_bands(speech: np.ndarray) -> np.ndarray:
    """The power in 40 bands every 10 ms, float32 `[1 + samples // 160, 40]`."""
    import torch

    spectrum = torch.stft(
        torch.from_numpy(speech),
        LENGTH,
        HOP,
        window=torch.hann_window(LENGTH),
        pad_mode="constant",
        return_complex=True,
    )
    return (spectrum.abs().square().T @ _filters()).numpy()


@functools.cache
def _filters() -> Any:
    """The bands' weights, float32 tensor `[201, 40]`, on Slaney's scale as librosa has them."""
    import torch
    from transformers.audio_utils import mel_filter_bank

    filters = mel_filter_bank(LENGTH // 2 + 1, BANDS, 0.0, RATE / 2, RATE, norm="slaney", mel_scale="slaney")
    return torch.from_numpy(filters.astype(np.float32))


def _starts(samples: int) -> list[int]:
    """The first frames of the windows over a sound of at least one window."""
    frames = -(-(samples + 1) // HOP)
    starts = list(range(0, max(1, frames - WINDOW_FRAMES + STEP_FRAMES + 1), STEP_FRAMES))
    covered = (samples / HOP - starts[-1]) / WINDOW_FRAMES
    return starts[:-1] if covered < COVERAGE and len(starts) > 1 else starts
