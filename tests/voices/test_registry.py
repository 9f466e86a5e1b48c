"""The registry: three layers, names that stay names, voices whole or not at all."""

from __future__ import annotations

import os
import re
import string
import tempfile
from pathlib import Path

import numpy as np
import pytest
import soundfile
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from csm_cli.audio.files import read_audio
from csm_cli.errors import CsmError, MissingError, UsageError
from csm_cli.paths import data_dir
from csm_cli.voices import places
from csm_cli.voices import registry as module
from csm_cli.voices.registry import VoiceRegistry
from csm_cli.voices.voice import check_name

RATE = 24000
TEXT = "The keeper climbed the stairs and lit the lamp."


def speech(seconds: float = 3.0, level: float = 0.3, rate: int = RATE) -> np.ndarray:
    time = np.arange(int(seconds * rate)) / rate
    return (level * np.sin(2 * np.pi * 200 * time) * np.abs(np.sin(2 * np.pi * 3 * time))).astype(np.float32)


@pytest.fixture
def clip(tmp_path: Path) -> Path:
    path = tmp_path / "clip.wav"
    soundfile.write(path, speech(), RATE)
    return path


@pytest.fixture
def shipped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A shipped layer of two voices, speakers 0 and 1."""
    folder = tmp_path / "shipped"
    for speaker, name in enumerate(("kal", "slt")):
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


def damage(folder: Path, content: str) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "voice.yaml").write_text(content, encoding="utf-8")


def test_round_trip(registry: VoiceRegistry, clip: Path) -> None:
    voice, warnings = registry.add(
        "ann", clip, "  The  keeper\nclimbed: the “stairs”, and lit #1. ", licence="CC0", note="mine"
    )
    assert warnings == ()
    assert registry.get("ann") == voice
    assert (voice.name, voice.speaker, voice.layer, voice.licence) == ("ann", 2, "user", "CC0")
    assert voice.text == "The keeper climbed: the “stairs”, and lit #1."
    assert voice.folder == data_dir() / "voices" / "ann"
    assert voice.audio is not None and soundfile.info(voice.audio).samplerate == RATE
    assert np.allclose(read_audio(voice.audio), speech(), atol=1e-3)
    assert voice.as_dict() == {
        "name": "ann",
        "speaker": 2,
        "text": voice.text,
        "seconds": 3.0,
        "layer": "user",
        "folder": str(voice.folder),
        "audio": str(voice.audio),
        "licence": "CC0",
        "note": "mine",
    }
    assert sorted(path.name for path in voice.folder.iterdir()) == ["reference.wav", "voice.yaml"]
    assert [path.name for path in voice.folder.parent.iterdir()] == ["ann"]


def test_layers(registry: VoiceRegistry, clip: Path, tmp_path: Path) -> None:
    assert [(v.name, v.layer) for v in registry.all()] == [("kal", "shipped"), ("slt", "shipped")]
    registry.add("slt", clip, TEXT, force=True)
    registry.add("slt", clip, TEXT, project=True, force=True)
    assert registry.get("slt").layer == "project"
    assert registry.get("slt").folder == tmp_path / "project" / "voices" / "slt"
    assert VoiceRegistry(None).get("slt").layer == "user"
    for layer in ("project", "user"):
        removed = registry.remove("slt")
        assert removed is not None and removed.layer == layer and not removed.folder.exists()
    assert registry.get("slt").layer == "shipped"
    with pytest.raises(UsageError, match="came with csm"):
        registry.remove("slt")


def test_a_taken_name_needs_force(registry: VoiceRegistry, clip: Path) -> None:
    with pytest.raises(UsageError, match=r"'kal' exists already \(shipped: .*--force"):
        registry.add("kal", clip, TEXT)
    first = registry.add("ann", clip, TEXT, speaker=40).voice
    with pytest.raises(UsageError, match="exists already"):
        registry.add("ann", clip, "Other words, about as many as before.")
    assert registry.get("ann") == first
    second = registry.add("ann", clip, "Other words, about as many as before.", force=True).voice
    assert second.text.startswith("Other") and second.speaker == 40


def test_speaker_tags(registry: VoiceRegistry, clip: Path) -> None:
    assert registry.add("a", clip, TEXT).voice.speaker == 2
    assert registry.add("b", clip, TEXT, speaker=4).voice.speaker == 4
    assert registry.add("c", clip, TEXT).voice.speaker == 3
    assert registry.add("d", clip, TEXT).voice.speaker == 5
    added = registry.add("e", clip, TEXT, speaker=0)
    assert added.voice.speaker == 0 and "also 'kal'" in added.warnings[0]
    for tag in (-1, 1000):
        with pytest.raises(UsageError, match="speaker tag"):
            registry.add("f", clip, TEXT, speaker=tag)


def test_missing_voice_says_what_there_is(registry: VoiceRegistry) -> None:
    with pytest.raises(MissingError) as raised:
        registry.get("slit", where="book.yaml:3:7")
    assert str(raised.value) == ("book.yaml:3:7: no voice named 'slit'; did you mean 'slt'? voices: kal, slt")
    with pytest.raises(MissingError, match="did you mean 'kal'"):
        registry.remove("KAL")


def test_no_voice_at_all(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(places, "shipped_dir", lambda: None)
    assert VoiceRegistry(None).scan() == ((), ())
    with pytest.raises(MissingError, match="csm voices add"):
        VoiceRegistry(None).get("ann")


@pytest.mark.parametrize(
    "name",
    ["", ".", "..", "../kal", "a/b", "a\\b", "/etc", "Kal", "-x", "_x", "a b", "ä", "a" * 41, "a\n", "a.b"],
)
def test_names_that_are_refused(registry: VoiceRegistry, clip: Path, name: str, tmp_path: Path) -> None:
    before = sorted(tmp_path.rglob("*"))
    with pytest.raises(UsageError, match="cannot be the name of a voice"):
        registry.add(name, clip, TEXT)
    with pytest.raises(MissingError):
        registry.get(name)
    with pytest.raises(MissingError):
        registry.remove(name)
    assert sorted(tmp_path.rglob("*")) == before


@given(st.text(max_size=60))
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


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    name=st.text(string.ascii_lowercase + string.digits, min_size=1, max_size=40),
    text=st.text(min_size=10, max_size=90).filter(lambda text: any(c.isalnum() for c in text)),
)
def test_any_transcript_survives_the_card(clip: Path, shipped: Path, name: str, text: str) -> None:
    voice = VoiceRegistry(None).add(name, clip, text, force=True).voice
    assert voice.text == " ".join(text.split())
    assert VoiceRegistry(None).get(name) == voice


@pytest.mark.parametrize(
    ("audio", "words"),
    [
        (speech(0.5), "under 1 s"),
        (speech(31), "over 30 s"),
        (np.zeros(2 * RATE, np.float32), "is silent"),
        (np.full(2 * RATE, 0.25, np.float32), "is silent"),  # a constant is no sound either
    ],
)
def test_clips_that_are_refused(registry: VoiceRegistry, tmp_path: Path, audio, words: str) -> None:
    path = tmp_path / "clip.flac"
    soundfile.write(path, audio, RATE)
    with pytest.raises(UsageError) as raised:
        registry.add("ann", path, TEXT)
    assert str(raised.value).startswith(f"{path}: ") and words in str(raised.value)
    assert not (data_dir() / "voices").exists()


def test_missing_and_broken_clips(registry: VoiceRegistry, tmp_path: Path) -> None:
    with pytest.raises(MissingError, match="no such audio file"):
        registry.add("ann", tmp_path / "none.wav", TEXT)
    (tmp_path / "text.wav").write_text("words, not sound")
    with pytest.raises(UsageError, match="not audio"):
        registry.add("ann", tmp_path / "text.wav", TEXT)


@pytest.mark.parametrize("text", ["", "  \n ", "…!?"])
def test_empty_transcripts(registry: VoiceRegistry, clip: Path, text: str) -> None:
    with pytest.raises(UsageError, match="transcript is empty"):
        registry.add("ann", clip, text)


@pytest.mark.parametrize(("text", "kind"), [("Hi.", "short"), ("word " * 60, "long")])
def test_transcripts_that_do_not_fit(registry: VoiceRegistry, clip: Path, text: str, kind: str) -> None:
    (warning,) = registry.add("ann", clip, text).warnings
    assert f"too {kind} for 3.0 s" in warning


@pytest.mark.parametrize(
    ("level", "peak", "words"), [(0.3, 0.3, None), (0.02, 0.708, "quiet"), (1.5, 0.708, "overdriven")]
)
def test_level(registry: VoiceRegistry, tmp_path: Path, level: float, peak: float, words: str | None) -> None:
    path = tmp_path / "clip.wav"
    soundfile.write(path, np.clip(speech(level=level) + 0.01, -1, 1), RATE)
    voice, warnings = registry.add("ann", path, TEXT)
    assert voice.audio is not None
    audio = read_audio(voice.audio)
    assert np.abs(audio).max() == pytest.approx(peak, rel=0.05)
    assert abs(audio.mean()) < 1e-3
    assert [words in warning for warning in warnings] == ([True] if words else [])


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("name: [unclosed", "is not YAML"),
        ("just words", "key: value"),
        ("", "key: value"),
        ("name: other\nspeaker: 3\n", "is named 'other' in a folder named 'bad'"),
        ("text: hello\n", "needs `speaker`"),
        ("speaker: true\n", "needs `speaker`"),
        ("speaker: -1\n", "needs `speaker`"),
        ("speaker: 3\ntext: [a, b]\n", "needs text for `text`"),
        ("speaker: 3\ntext: hello\naudio: gone.wav\n", "is not there"),
        ("speaker: 3\ntext: hello\naudio: ../../clip.wav\n", "outside its folder"),
        ("speaker: 3\ntext: hello\naudio: ..\n", "is not there"),
    ],
)
def test_damaged_cards(registry: VoiceRegistry, content: str, words: str) -> None:
    damage(data_dir() / "voices" / "bad", content)
    with pytest.raises(CsmError) as raised:
        registry.get("bad")
    message = str(raised.value)
    assert words in message and "voice.yaml: " in message and "\n" not in message
    assert [voice.name for voice in registry.all()] == ["kal", "slt"]
    assert registry.problems() == (message,)
    assert registry.remove("bad") is None
    assert registry.problems() == ()


def test_card_that_is_missing_or_binary(registry: VoiceRegistry) -> None:
    folder = data_dir() / "voices" / "bad"
    folder.mkdir(parents=True)
    with pytest.raises(CsmError, match="cannot be read"):
        registry.get("bad")
    (folder / "voice.yaml").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(CsmError, match="not UTF-8"):
        registry.get("bad")


def test_a_damaged_voice_still_hides_the_one_behind_it(registry: VoiceRegistry) -> None:
    damage(data_dir() / "voices" / "slt", "oops")
    with pytest.raises(CsmError, match="key: value"):
        registry.get("slt")
    assert [voice.name for voice in registry.all()] == ["kal"]


def test_a_voice_without_a_clip(registry: VoiceRegistry) -> None:
    damage(data_dir() / "voices" / "tag", "speaker: 9\n")
    voice = registry.get("tag")
    assert (voice.speaker, voice.text, voice.audio, voice.seconds) == (9, "", None, 0)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read every folder")
def test_a_folder_without_permission(registry: VoiceRegistry, clip: Path) -> None:
    home = data_dir() / "voices"
    registry.add("ann", clip, TEXT)
    home.chmod(0)
    try:
        assert [voice.name for voice in registry.all()] == ["kal", "slt"]
        assert "cannot be read" in registry.problems()[0]
        with pytest.raises(CsmError, match="cannot be changed"):
            registry.add("bob", clip, TEXT)
    finally:
        home.chmod(0o755)


def test_a_file_where_the_folder_should_be(registry: VoiceRegistry, clip: Path) -> None:
    data_dir().mkdir(parents=True)
    (data_dir() / "voices").write_text("in the way")
    assert len(registry.all()) == 2
    with pytest.raises(CsmError, match=r"cannot be changed .*; check its permissions"):
        registry.add("ann", clip, TEXT)


def test_a_failed_replacement_keeps_the_old_voice(
    registry: VoiceRegistry, clip: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    old = registry.add("ann", clip, TEXT).voice

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(module, "write_wav", full)
    with pytest.raises(CsmError, match="No space left"):
        registry.add("ann", clip, TEXT, force=True)
    assert registry.get("ann") == old
    assert [path.name for path in old.folder.parent.iterdir()] == ["ann"]


def test_a_failed_swap_puts_the_old_voice_back(
    registry: VoiceRegistry, clip: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    old = registry.add("ann", clip, TEXT).voice
    rename, calls = Path.rename, []

    def second_fails(self: Path, target: Path) -> Path:
        calls.append(self)
        if len(calls) == 2:
            raise PermissionError(13, "Permission denied")
        return rename(self, target)

    monkeypatch.setattr(Path, "rename", second_fails)
    with pytest.raises(CsmError, match="Permission denied"):
        registry.add("ann", clip, TEXT, force=True)
    assert registry.get("ann") == old
    assert [path.name for path in old.folder.parent.iterdir()] == ["ann"]


def test_the_shipped_folder_is_no_project(shipped: Path, clip: Path, tmp_path: Path) -> None:
    shipped.rename(tmp_path / "voices")
    (tmp_path / "shipped").symlink_to(tmp_path / "voices")
    registry = VoiceRegistry(tmp_path)
    assert registry.get("slt").layer == "shipped"
    with pytest.raises(UsageError, match="no project folder"):
        registry.add("ann", clip, TEXT, project=True)
    with pytest.raises(UsageError, match="no project folder"):
        VoiceRegistry(None).add("ann", clip, TEXT, project=True)


def test_shipped_folder_of_a_wheel_and_of_a_checkout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    package = tmp_path / "site" / "csm_cli"
    package.mkdir(parents=True)
    monkeypatch.setattr("csm_cli.__file__", str(package / "__init__.py"))
    (tmp_path / "site" / "voices").mkdir()
    assert places.shipped_dir() is None  # some other package's folder, not a checkout's
    (tmp_path / "site" / "pyproject.toml").touch()
    assert places.shipped_dir() == tmp_path / "site" / "voices"
    (package / "voices" / "shipped").mkdir(parents=True)
    assert places.shipped_dir() == package / "voices" / "shipped"


def test_every_shipped_voice_is_sound() -> None:
    voices, problems = VoiceRegistry(None).scan()
    assert problems == ()
    assert len({voice.speaker for voice in voices}) == len(voices)
    for voice in voices:
        assert voice.licence and 1 <= voice.seconds <= 30
