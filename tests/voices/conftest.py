"""A registry over a shipped layer of two voices."""

from __future__ import annotations

from pathlib import Path

import pytest
import soundfile
import yaml

from csm_cli.voices import names as places
from csm_cli.voices.registry import VoiceRegistry
from tests.voices.folders import RATE, TEXT, speech


@pytest.fixture
def shipped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A shipped layer of two voices, speakers 0 and 1."""
    folder = tmp_path / "shipped"
    for speaker, name in enumerate(("fenrir", "heart")):
        (folder / name).mkdir(parents=True)
        soundfile.write(folder / name / "reference.wav", speech(), RATE)
        card = {"name": name, "speaker": speaker, "text": TEXT, "audio": "reference.wav", "licence": "free"}
        (folder / name / "voice.yaml").write_text(yaml.safe_dump(card), encoding="utf-8")
    (folder / "README.md").write_text("not a voice")
    monkeypatch.setattr(places, "shipped_dir", lambda: folder)
    return folder


@pytest.fixture
def registry(tmp_path: Path, shipped: Path) -> VoiceRegistry:
    return VoiceRegistry(tmp_path / "project")
