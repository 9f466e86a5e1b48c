"""A tiny random checkpoint, engines of it, and the plain model to compare with: made once."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import torch

from csm_cli.engine import Engine
from tests.model.tiny import randomise, tiny_config, write_tokenizer


@pytest.fixture(scope="session")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    from csm_cli.model import CsmConfig, CsmForConditionalGeneration

    torch.manual_seed(0)
    model = CsmForConditionalGeneration(CsmConfig(**tiny_config()))
    randomise(model)
    path = tmp_path_factory.mktemp("tiny")
    model.save_pretrained(path)
    write_tokenizer(path)
    settings = {"temperature": 0.7, "top_k": 10, "depth_decoder_temperature": 0.8}
    (path / "generation_config.json").write_text(json.dumps(settings))
    return path


@pytest.fixture(scope="session")
def engine(folder: Path) -> Engine:
    return Engine.load(folder, "cpu")


@pytest.fixture(scope="session")
def onednn(folder: Path) -> Engine:
    """The engine as it is without numba: torch's products."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("csm_cli.engine.weights.loops_fit", lambda *given: False)
        return Engine.load(folder, "cpu")


@pytest.fixture(scope="session", params=["loops", "onednn"])
def each(request: pytest.FixtureRequest, engine: Engine, onednn: Engine) -> Engine:
    """Compiled loops and torch's products, by turns."""
    return engine if request.param == "loops" else onednn


@pytest.fixture(scope="session")
def model(folder: Path) -> Any:
    from csm_cli.model import CsmForConditionalGeneration

    return CsmForConditionalGeneration.from_pretrained(folder).eval()
