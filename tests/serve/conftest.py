"""A small real engine, made once."""

from __future__ import annotations

from pathlib import Path

import pytest

from csm_cli.engine import Engine
from tests.rendering.tiny import write_tiny_checkpoint


@pytest.fixture(scope="session")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A checkpoint with random weights: four codebooks, one layer, the embedded voice's tokenizer."""
    return write_tiny_checkpoint(tmp_path_factory.mktemp("tiny"))


@pytest.fixture(scope="session")
def engine(tiny: Path) -> Engine:
    return Engine.load(tiny, "cpu", in_haste=True)
