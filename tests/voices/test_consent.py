"""What files say of the voices in them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from csm_cli.voices.registry import VoiceRegistry
from csm_cli.voices.store import NewClip
from csm_cli.voices.voice import MAX_CHARACTERS, Voice, statement

CLIP = [NewClip("calm", "Calm.", np.zeros(24_000, np.float32)), NewClip("sad", "Sad.", np.ones(24_000) / 9)]


@pytest.fixture
def registry(own_home: Path) -> VoiceRegistry:
    registry = VoiceRegistry(None)
    registry.add("ann", CLIP, licence="For this book alone.", consent="Ann Berg agreed, 2026.")
    registry.add("bob", CLIP)
    return registry


def test_each_person_once_with_licence_and_consent(registry: VoiceRegistry) -> None:
    voices = [registry.get(name) for name in ("bob", "ann", "ann/sad")]
    assert statement(voices) == (
        "Voices: ann (For this book alone; Ann Berg agreed, 2026), bob (no licence or consent noted)"
    )
    assert statement([]) == ""
    assert statement([Voice("", 0, "", None, "", "", "shipped", Path())]) == ""


def test_a_contract_is_cut(registry: VoiceRegistry) -> None:
    registry.add("ann", CLIP, licence="word " * 400, force=True)
    assert len(statement([registry.get("ann")])) < MAX_CHARACTERS + 30


@pytest.mark.parametrize("kind", ["wav", "flac"])
def test_a_rendering_says_so_in_its_files(registry, tmp_path: Path, kind: str) -> None:
    from csm_cli.delivery.options import Delivery
    from csm_cli.rendering.options import RenderOptions
    from csm_cli.rendering.project import read_jobs
    from csm_cli.rendering.session import render_jobs
    from tests.rendering.fake_engine import FakeEngine

    script = tmp_path / "book.yaml"
    script.write_text("voices: {narrator: ann, Tom: bob}\nlines: [narrator: One line., narrator: Two.]\n")
    options = RenderOptions(output=tmp_path / "out", delivery=Delivery(formats=(kind,)))
    report = render_jobs(read_jobs([script], options), FakeEngine(), options)  # type: ignore[arg-type]
    (file,) = [path for path in report.files if path.suffix == f".{kind}"]
    said = b"AI-narrated. Voices: ann (For this book alone; Ann Berg agreed, 2026)"
    assert said in file.read_bytes()
    assert "Ann Berg agreed" in (tmp_path / "out" / "timeline.json").read_text()
