"""Kokoro-82M as a teacher on a CPU: the int8 ONNX file, its styles, and blends of them."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from csm_cli.errors import MissingError

SAMPLE_RATE = 24_000
STYLE_SHAPE = (510, 256)  # a row for each number of phonemes
MOST_PHONEMES = 508
VOICES = {
    "heart": "af_heart",
    "bella": "af_bella",
    "emma": "bf_emma",
    "sarah": "af_sarah",
    "michael": "am_michael",
    "fenrir": "am_fenrir",
    "george": "bm_george",
    "fable": "bm_fable",
}
"""The shipped voices in the order of their speaker tags, and Kokoro's names of them; `b…` is British."""
_FOREIGN = 0.25  # share of blends with a style of another language in them


@dataclass(frozen=True, eq=False)
class Blend:
    """A speaker that no recording is of.

    Attributes:
        style: float32 `[510, 256]`.
        british: whether British styles outweigh the others.
        parts: what it is made of: (style's name, weight).
    """

    style: np.ndarray
    british: bool
    parts: tuple[tuple[str, float], ...]


class Styles:
    """Kokoro's styles by name, each float32 `[510, 256]`.

    Args:
        root: the folder that `fetch.py` fills.

    Raises:
        MissingError: there are no styles in it.
    """

    def __init__(self, root: Path):
        files = sorted((root / "voices").glob("*.bin"))
        if not files:
            raise _missing(root, "Kokoro's styles are")
        self.all = {file.stem: np.fromfile(file, "<f4").reshape(STYLE_SHAPE) for file in files}
        self.english = [name for name in self.all if name[0] in "ab"]

    def blend(self, rng: np.random.Generator) -> Blend:
        """A weighted sum of two or three styles, now and then with one of another language."""
        count = int(rng.integers(2, 4))
        names = [str(name) for name in rng.choice(self.english, count, replace=False)]
        weights = rng.dirichlet([1.2] * count)
        if rng.random() < _FOREIGN:
            names[-1] = str(rng.choice(sorted(self.all)))
        style = sum(weight * self.all[name] for weight, name in zip(weights, names, strict=True))
        british = sum(weight for weight, name in zip(weights, names, strict=True) if name[0] == "b") > 0.5
        parts = tuple((name, round(float(weight), 3)) for weight, name in zip(weights, names, strict=True))
        return Blend(np.asarray(style, np.float32), bool(british), parts)


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
            raise _missing(root, "Kokoro is")
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


def _missing(root: Path, what: str) -> MissingError:
    return MissingError(
        f"{what} not there", where=str(root), remedy=f"python -m recipes.demo_voice.fetch {root}"
    )
