"""Scripts and voices to render in tests."""

from __future__ import annotations

from pathlib import Path

import pytest

from csm_cli.core.files import data_dir
from csm_cli.voices.registry import VoiceRegistry

SCRIPT = """\
title: The Lighthouse
voices: {narrator: ann, Anna: bob}
chapters:
  - title: Arrival
    lines:
      - narrator: The boat turned into the wind.
      - Anna: Is that the light?
      - pause: 1.5
      - {speaker: Anna, text: "Hold on!", seed: 7}
  - title: The Lamp
    lines:
      - narrator: They climbed the stairs slowly, one hand on the cold wall.
      - Anna: Who looks after it now?
      - scene break
      - narrator: Nobody.
  - title: Morning
    lines:
      - narrator: The sky turned grey, then pink, then gold.
"""


@pytest.fixture
def voices(own_home: Path) -> VoiceRegistry:
    """Two voices without a reference: `ann` is tag 0, `bob` tag 1."""
    for tag, name in enumerate(["ann", "bob"]):
        folder = data_dir() / "voices" / name
        folder.mkdir(parents=True)
        (folder / "voice.yaml").write_text(f"name: {name}\nspeaker: {tag}\n")
    return VoiceRegistry()


@pytest.fixture
def script(tmp_path: Path, voices: VoiceRegistry) -> Path:
    """A script of three chapters and seven lines."""
    path = tmp_path / "lighthouse.yaml"
    path.write_text(SCRIPT)
    return path
