"""Kokoro-82M as a teacher on a CPU: the int8 ONNX file."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np

from recipes.demo_voice.teachers import missing

MOST_PHONEMES = 508


class KokoroOnnx:
    """The teacher.

    Args:
        root: the folder that `fetch.py` fills.
        threads: of the CPU.

    Raises:
        MissingError: model or vocabulary are not in the folder.
    """

    def __init__(self, root: Path, threads: int = 1):
        import onnxruntime

        if not (root / "kokoro.onnx").is_file() or not (root / "vocab.json").is_file():
            raise missing(root, "Kokoro is")
        self.vocabulary: dict[str, int] = json.loads((root / "vocab.json").read_text("utf-8"))["vocab"]
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads, options.inter_op_num_threads = threads, 1
        options.log_severity_level = 3
        self._session = onnxruntime.InferenceSession(
            str(root / "kokoro.onnx"), options, providers=["CPUExecutionProvider"]
        )

    def speak(self, phonemes: str, style: np.ndarray, speed: float = 1.0) -> np.ndarray:
        """Audio of a text.

        Args:
            phonemes: Kokoro's symbols; those it does not know are left out.
            style: float32 `[510, 256]`.
            speed: 1 is Kokoro's own, 0.5 half as fast.

        Returns:
            float32 `[samples]` at 24 kHz.

        Raises:
            ValueError: no phoneme, or more than 508.
        """
        ids = [self.vocabulary[symbol] for symbol in phonemes if symbol in self.vocabulary]
        if not 1 <= len(ids) <= MOST_PHONEMES:
            raise ValueError(f"{len(ids)} phonemes: Kokoro reads 1 to {MOST_PHONEMES} at once")
        given = {
            "tokens": np.array([[0, *ids, 0]], np.int64),
            "style": style[len(ids) - 1].reshape(1, -1).astype(np.float32),
            "speed": np.array([speed], np.float32),
        }
        return np.asarray(self._session.run(None, given)[0], np.float32).ravel()
