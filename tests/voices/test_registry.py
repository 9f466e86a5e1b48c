"""The registry: three layers, and names that stay names."""

from __future__ import annotations

import re
import string
import tempfile
from pathlib import Path

import numpy as np
import pytest
import soundfile
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from csm_cli.audio.files import read_audio
from csm_cli.core.errors import MissingError, UsageError
from csm_cli.core.files import data_dir
from csm_cli.voices import names as places
from csm_cli.voices.adding import check_transcript
from csm_cli.voices.names import check_name
from csm_cli.voices.registry import VoiceRegistry
from csm_cli.voices.store import NewClip
from tests.voices.folders import CLIP, OTHER, RATE, labelled, speech, visible


def test_round_trip(registry: VoiceRegistry) -> None:
    voice, warnings, changed = registry.add(
        "ann",
        [NewClip("", "The keeper climbed: the “stairs”, and lit #1.", speech())],
        licence="CC0",
        note="mine",
        consent="Ann, 2026",
        language="en",
    )
    assert warnings == () and changed
    assert registry.get("ann") == voice
    assert (voice.name, voice.speaker, voice.layer, voice.licence) == ("ann", 2, "user", "CC0")
    assert voice.text == "The keeper climbed: the “stairs”, and lit #1."
    assert voice.folder == data_dir() / "voices" / "ann"
    assert voice.audio is not None and soundfile.info(voice.audio).samplerate == RATE
    assert np.allclose(read_audio(voice.audio), speech(), atol=1e-3)
    assert voice.as_dict() == {
        "name": "ann",
        "speaker": 2,
        "language": "en",
        "text": voice.text,
        "seconds": 3.0,
        "layer": "user",
        "folder": str(voice.folder),
        "audio": str(voice.audio),
        "clips": [{"label": "", "text": voice.text, "audio": str(voice.audio), "seconds": 3.0}],
        "licence": "CC0",
        "consent": "Ann, 2026",
        "note": "mine",
    }
    assert sorted(path.name for path in voice.folder.iterdir()) == ["reference.wav", "voice.yaml"]
    assert visible(voice.folder.parent) == ["ann"]


def test_layers(registry: VoiceRegistry, tmp_path: Path) -> None:
    assert [(v.name, v.layer) for v in registry.all()] == [("fenrir", "shipped"), ("heart", "shipped")]
    registry.add("heart", CLIP, force=True)
    registry.add("heart", CLIP, project=True, force=True)
    assert registry.get("heart").layer == "project"
    assert registry.get("heart").folder == tmp_path / "project" / "voices" / "heart"
    assert VoiceRegistry(None).get("heart").layer == "user"
    for layer in ("project", "user"):
        removed = registry.remove("heart")
        assert removed is not None and removed.layer == layer and not removed.folder.exists()
    assert registry.get("heart").layer == "shipped"
    with pytest.raises(UsageError, match="came with csm"):
        registry.remove("heart")


def test_a_taken_name_needs_force(registry: VoiceRegistry) -> None:
    with pytest.raises(UsageError, match=r"'fenrir' exists already \(shipped: .*--force"):
        registry.add("fenrir", CLIP)
    with pytest.raises(UsageError, match="exists already"):
        registry.check_free("fenrir")
    registry.check_free("fenrir", force=True)
    first = registry.add("ann", CLIP, speaker=40).voice
    registry.check_free("ann")
    with pytest.raises(UsageError, match="exists already"):
        registry.add("ann", OTHER)
    assert registry.get("ann") == first
    second = registry.add("ann", OTHER, force=True).voice
    assert second.text.startswith("Other") and second.speaker == 40


def test_the_project_and_the_user_may_each_have_a_voice_of_one_name(registry: VoiceRegistry) -> None:
    mine = registry.add("ann", CLIP, speaker=40).voice
    copy = registry.add("ann", CLIP, project=True)
    assert (copy.voice.layer, copy.voice.speaker, copy.warnings) == ("project", 40, ())
    other = registry.add("ann", OTHER, project=True, force=True)
    assert "another 'ann' among your own voices" in other.warnings[0]
    assert VoiceRegistry(None).get("ann") == mine
    assert "the project has its own 'ann'" in registry.add("ann", CLIP, note="new", force=True).warnings[0]
    with pytest.raises(UsageError, match=r"exists already.*project"):
        registry.add("ann", CLIP, project=True)
    longer = registry.add("ann", labelled("sad"), extend=True).voice
    assert longer.layer == "user" and longer.labels == ("plain", "sad"), "its own, not the project's"
    registry.add("bob", CLIP)
    with pytest.raises(UsageError, match="extend it without --project"):
        registry.add("bob", labelled("sad"), extend=True, project=True)


def test_a_tag_from_elsewhere_is_kept_where_it_is_free(registry: VoiceRegistry) -> None:
    assert registry.add("ann", CLIP, usual=40).voice.speaker == 40
    assert registry.add("bob", CLIP, usual=40).voice.speaker == 2
    again = registry.add("ann", CLIP, usual=50)
    assert again.voice.speaker == 40 and not again.changed


def test_speaker_tags(registry: VoiceRegistry) -> None:
    assert registry.add("a", CLIP).voice.speaker == 2
    assert registry.add("b", CLIP, speaker=4).voice.speaker == 4
    assert registry.add("c", CLIP).voice.speaker == 3
    assert registry.add("d", CLIP).voice.speaker == 5
    added = registry.add("e", CLIP, speaker=0)
    assert added.voice.speaker == 0 and "also 'fenrir'" in added.warnings[0]
    for tag in (-1, 1000):
        with pytest.raises(UsageError, match="speaker tag"):
            registry.add("f", CLIP, speaker=tag)


def test_missing_voice_says_what_there_is(registry: VoiceRegistry) -> None:
    with pytest.raises(MissingError) as raised:
        registry.get("haert", where="book.yaml:3:7")
    assert str(raised.value) == (
        "book.yaml:3:7: no voice named 'haert'; did you mean 'heart'? voices: fenrir, heart"
    )
    with pytest.raises(MissingError, match="did you mean 'fenrir'"):
        registry.remove("FENRIR")


def test_no_voice_at_all(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(places, "shipped_dir", lambda: None)
    assert VoiceRegistry(None).scan() == ((), ())
    with pytest.raises(MissingError, match="csm voices add"):
        VoiceRegistry(None).get("ann")


@pytest.mark.parametrize(
    "name",
    [
        "",
        ".",
        "..",
        "../fenrir",
        "a/b",
        "a\\b",
        "/etc",
        "Kal",
        "-x",
        "_x",
        "a b",
        "ä",
        "a" * 41,
        "a\n",
        "a.b",
    ],
)
def test_names_that_are_refused(registry: VoiceRegistry, name: str, tmp_path: Path) -> None:
    before = sorted(tmp_path.rglob("*"))
    with pytest.raises(UsageError, match="cannot be the name of a voice"):
        registry.add(name, CLIP)
    with pytest.raises(MissingError):
        registry.get(name)
    with pytest.raises(MissingError):
        registry.remove(name)
    assert sorted(tmp_path.rglob("*")) == before


@given(st.text(max_size=60))
@example("NUL")
@example("Com1.x")
def test_any_name_is_taken_or_a_better_one_proposed(name: str) -> None:
    try:
        assert check_name(name) == name
    except UsageError as error:
        proposal = re.search(r"such as '(.*)'$", str(error))
        assert proposal and check_name(proposal[1]) == proposal[1]
        assert "\n" not in str(error)
    else:
        with tempfile.TemporaryDirectory() as folder:
            assert (Path(folder) / name).resolve().parent == Path(folder).resolve()


def test_the_shipped_folder_is_no_project(shipped: Path, tmp_path: Path) -> None:
    shipped.rename(tmp_path / "voices")
    (tmp_path / "shipped").symlink_to(tmp_path / "voices")
    registry = VoiceRegistry(tmp_path)
    assert registry.get("heart").layer == "shipped"
    with pytest.raises(UsageError, match="no project folder"):
        registry.add("ann", CLIP, project=True)
    with pytest.raises(UsageError, match="no project folder"):
        VoiceRegistry(None).add("ann", CLIP, project=True)


def test_shipped_folder_of_a_wheel_and_of_a_checkout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    package = tmp_path / "site" / "csm_cli"
    package.mkdir(parents=True)
    monkeypatch.setattr(places, "PACKAGE_DIR", package)
    (tmp_path / "site" / "voices").mkdir()
    assert places.shipped_dir() is None  # some other package's folder, not a checkout's
    (tmp_path / "site" / "pyproject.toml").touch()
    assert places.shipped_dir() == tmp_path / "site" / "voices"
    (package / "voices" / "shipped").mkdir(parents=True)
    assert places.shipped_dir() == package / "voices" / "shipped"


def test_every_shipped_voice_is_sound() -> None:
    voices, problems = VoiceRegistry(None).scan()
    assert problems == () and len(voices) >= 4
    credit = (voices[0].folder.parent / "CREDITS").read_text(encoding="utf-8")
    assert len({voice.speaker for voice in voices}) == len(voices)
    for voice in voices:
        assert voice.licence and voice.text and voice.language in ("en", "en-GB") and 1 <= voice.seconds <= 30
        assert re.search(rf"^{voice.name} ", credit, re.MULTILINE), "who made it"


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    name=st.text(string.ascii_lowercase + string.digits, min_size=1, max_size=40),
    text=st.text(min_size=1, max_size=90).filter(lambda text: any(c.isalnum() for c in text)),
)
def test_any_transcript_survives_the_card(shipped: Path, name: str, text: str) -> None:
    text = check_transcript(text, 3)[0]
    voice = VoiceRegistry(None).add(name, [NewClip("", text, CLIP[0].audio)], force=True).voice
    assert voice.text == text
    assert VoiceRegistry(None).get(name) == voice
