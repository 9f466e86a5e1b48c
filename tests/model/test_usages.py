"""The usages that the field's documentation shows, as the scripts of scripts_examples/python, on a tiny
model.
"""

from __future__ import annotations

import json
import runpy
import shutil
import sys
from pathlib import Path

import pytest
import soundfile

SCRIPTS = Path(__file__).parents[2] / "scripts_examples" / "python"
WRITTEN = {
    "without_context": ["without_context.wav"],
    "with_context": ["with_context.wav"],
    "batched": ["batched-0.wav", "batched-1.wav"],
    "static_cache": [],
    "training_step": [],
}


def test_every_script_is_run() -> None:
    assert {path.stem for path in SCRIPTS.glob("*.py")} == WRITTEN.keys()


@pytest.mark.parametrize("name", WRITTEN)
def test_usage(name: str, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    model = shutil.copytree(folder, tmp_path / "model")
    config = json.loads((model / "config.json").read_text())
    config["max_position_embeddings"] = 1024  # room for a shipped voice's clip, however long
    (model / "config.json").write_text(json.dumps(config))
    monkeypatch.setattr(sys, "argv", [name, str(model)])
    runpy.run_path(str(SCRIPTS / f"{name}.py"))
    assert sorted(path.name for path in tmp_path.glob("*.wav")) == WRITTEN[name]
    assert all(soundfile.info(tmp_path / wav).samplerate == 24_000 for wav in WRITTEN[name])
