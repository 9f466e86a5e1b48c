"""An inaudible mark in delivered sound, by silentcipher; takes, and so the model's context, stay unmarked."""

from __future__ import annotations

import contextlib
import hashlib
import io
from pathlib import Path
from typing import Any

import numpy as np

from csm_cli.audio.resample import resample
from csm_cli.core.errors import MissingError, first_line

RATE = 44_100
MESSAGE_BYTES = 5
DISTORTION_DB = 47.0  # signal to mark; the model's own usual figure
LEAST_SECONDS = 1.0
"""A shorter line cannot hold the mark and stays as it is."""
INSTALL = "pip install 'csm-cli[watermark]', then pip install --no-deps silentcipher (it pins an old torch)"


def message_of(key: str) -> list[int]:
    """The five bytes that a key marks with: the beginning of its SHA-256."""
    return list(hashlib.sha256(key.encode()).digest()[:MESSAGE_BYTES])


class Watermark:
    """Marks sounds with a key.

    Args:
        key: anything; only its hash is embedded.
        folder: of silentcipher's 44.1 kHz checkpoint with `hparams.yaml`; None: from the Hub.

    Raises:
        MissingError: silentcipher or its checkpoint is not there.
    """

    def __init__(self, key: str, folder: Path | None = None, device: str = "cpu"):
        self._message = message_of(key)
        try:
            import silentcipher
        except ImportError as error:
            raise MissingError(
                "silentcipher is not installed", where="--watermark", remedy=INSTALL
            ) from error
        where = (
            {} if folder is None else {"ckpt_path": str(folder), "config_path": str(folder / "hparams.yaml")}
        )
        if folder is not None and not (folder / "hparams.yaml").is_file():
            raise MissingError(
                "holds no hparams.yaml",
                where=str(folder),
                remedy="give the folder of silentcipher's 44.1 kHz checkpoint",
            )
        try:
            with contextlib.redirect_stdout(io.StringIO()):  # it prints to the stream that carries our paths
                self._model: Any = silentcipher.get_model(model_type="44.1k", device=device, **where)
        except Exception as error:  # whatever the Hub, torch or its own code raise
            raise MissingError(
                f"its checkpoint cannot be loaded ({first_line(error)})",
                where="--watermark",
                remedy="name its folder with --watermark-model",
            ) from error

    def __call__(self, sound: np.ndarray, rate: int) -> np.ndarray:
        """The sound with the mark in it, float32 of the same length; too short or silent: as it was."""
        if sound.size < LEAST_SECONDS * rate or not np.any(sound):
            return sound
        wide = resample(sound, rate, RATE)
        with contextlib.redirect_stdout(io.StringIO()):
            marked, _ = self._model.encode_wav(
                wide, RATE, self._message, message_sdr=DISTORTION_DB, calc_sdr=False
            )
        back = resample(np.asarray(marked, dtype=np.float32).reshape(-1), RATE, rate)
        return np.pad(back, (0, max(0, sound.size - back.size)))[: sound.size]
