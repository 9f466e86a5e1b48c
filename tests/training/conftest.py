"""A tiny codec, a tiny voice and a folder of code shards to learn from."""

from __future__ import annotations

import importlib.util
import json
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
import torch
from transformers import MimiConfig, MimiModel

BOOKS, CODES = 5, 32


def _model_tests() -> ModuleType:
    path = Path(__file__).parents[1] / "model" / "tiny.py"
    spec = importlib.util.spec_from_file_location("model_tiny", path)
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


tiny = _model_tests()


def encode(tag: int, text: str) -> list[int]:
    """Ids of the tiny alphabet: BOS, letters, end."""
    return [tiny.BOS, *(tiny.LETTERS.index(c) for c in f"[{tag}]{text}"), tiny.END]


@pytest.fixture
def codec() -> MimiModel:
    torch.manual_seed(0)
    codec = MimiModel(MimiConfig(**tiny.CODEC)).eval()
    with torch.no_grad():
        for name, buffer in codec.named_buffers():
            if name.endswith("embed_sum"):  # all zeros at first: every code would be 0
                buffer.normal_()
    return codec


@pytest.fixture
def shards(tmp_path: Path) -> Path:
    """Two shards of two voices whose codes follow from their letters, so that they can be learned."""
    rng = np.random.default_rng(0)
    folder = tmp_path / "codes"
    folder.mkdir()
    for name in ("000-00000", "000-00001", "001-00000"):
        texts = ["".join(rng.choice(list("abcdefgh"), size=rng.integers(2, 7))) for _ in range(12)]
        codes = [np.array([[ord(c) % 31 + 1] * BOOKS for c in t], np.int16) for t in texts]
        np.savez(
            folder / f"{name}.npz",
            codes=np.concatenate(codes),
            ends=np.cumsum([len(c) for c in codes]),
            tags=np.array([i % 2 for i in range(len(texts))], np.uint8),
            texts=np.frombuffer(json.dumps(texts).encode(), np.uint8),
        )
    return folder
