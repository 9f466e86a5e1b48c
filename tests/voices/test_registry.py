"""The registry: three layers, names that stay names, voices whole or not at all."""

from __future__ import annotations

import multiprocessing
import os
import re
import string
import tempfile
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
import soundfile
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from csm_cli.audio.files import read_audio
from csm_cli.core.errors import CsmError, MissingError, UsageError
from csm_cli.core.files import data_dir
from csm_cli.voices import names as places
from csm_cli.voices import store
from csm_cli.voices.adding import check_transcript
from csm_cli.voices.names import check_name
from csm_cli.voices.registry import VoiceRegistry
from csm_cli.voices.store import NewClip

RATE = 24000
TEXT = "The keeper climbed the stairs and lit the lamp."


def speech(seconds: float = 3.0, level: float = 0.3, rate: int = RATE) -> np.ndarray:
    time = np.arange(int(seconds * rate)) / rate
    return (level * np.sin(2 * np.pi * 200 * time) * np.abs(np.sin(2 * np.pi * 3 * time))).astype(np.float32)


CLIP = [NewClip("", TEXT, speech())]
OTHER = [NewClip("", "Other words, about as many as before.", speech())]


def labelled(*labels: str) -> list[NewClip]:
    return [NewClip(label, f"Words said {label}.", speech(1 + 0.1 * len(label))) for label in labels]


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


def visible(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir() if path.name != ".lock")


def damage(folder: Path, content: str) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "voice.yaml").write_text(content, encoding="utf-8")


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


# Nine lists of ten times the list before: a billion letters, if anybody wrote them out.
BILLION = "a: &a [x,x,x,x,x,x,x,x,x,x]\n" + "".join(
    f"{now}: &{now} [{','.join(['*' + before] * 10)}]\n" for before, now in pairwise("abcdefghij")
)


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
        ("speaker: 3\ntext: hello\naudio: ..\n", "outside its folder"),
        ("speaker: 3\nclips: words\n", "needs a list for `clips`"),
        ("speaker: 3\nclips: [{label: a, text: b}]\n", "without `audio`"),
        ("speaker: 3\nclips: [{label: A, text: b, audio: c.wav}]\n", "is no label"),
        ("speaker: 3\nlanguage: 7\n", "needs text for `language`"),
        ("speaker: 3\nname: 2026\n", "needs text for `name`, not 2026"),
        (f"{BILLION}speaker: 3\ntext: *j\n", "needs text for `text`, not a list"),
        (f"{BILLION}speaker: 3\nname: *j\n", "needs text for `name`, not a list"),
        (f"{BILLION}speaker: *j\n", "needs `speaker`"),
        ("[" * 400, "is not YAML"),
    ],
)
def test_damaged_cards(registry: VoiceRegistry, content: str, words: str) -> None:
    damage(data_dir() / "voices" / "bad", content)
    with pytest.raises(CsmError) as raised:
        registry.get("bad")
    message = str(raised.value)
    assert words in message and "voice.yaml: " in message and "\n" not in message
    assert [voice.name for voice in registry.all()] == ["fenrir", "heart"]
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
    damage(data_dir() / "voices" / "heart", "oops")
    with pytest.raises(CsmError, match="key: value"):
        registry.get("heart")
    assert [voice.name for voice in registry.all()] == ["fenrir"]


def test_a_voice_without_a_clip(registry: VoiceRegistry) -> None:
    damage(data_dir() / "voices" / "tag", "speaker: 9\n")
    voice = registry.get("tag")
    assert (voice.speaker, voice.text, voice.audio, voice.seconds) == (9, "", None, 0)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read every folder")
def test_a_folder_without_permission(registry: VoiceRegistry) -> None:
    home = data_dir() / "voices"
    registry.add("ann", CLIP)
    home.chmod(0)
    try:
        assert [voice.name for voice in registry.all()] == ["fenrir", "heart"]
        assert "cannot be read" in registry.problems()[0]
        with pytest.raises(CsmError, match="cannot be changed"):
            registry.add("bob", CLIP)
    finally:
        home.chmod(0o755)


def test_a_file_where_the_folder_should_be(registry: VoiceRegistry) -> None:
    data_dir().mkdir(parents=True)
    (data_dir() / "voices").write_text("in the way")
    assert len(registry.all()) == 2
    with pytest.raises(CsmError, match=r"cannot be changed .*; check its permissions"):
        registry.add("ann", CLIP)


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


def test_several_clips(registry: VoiceRegistry) -> None:
    voice = registry.add("ann", labelled("calm", "angry")).voice
    assert voice.labels == ("calm", "angry")
    assert (voice.text, voice.label) == ("Words said calm.", "calm")
    angry = registry.get("ann/angry")
    assert angry.text == "Words said angry." and angry.audio == voice.folder / "angry.wav"
    assert angry.speaker == voice.speaker and angry.name == "ann"
    with pytest.raises(
        MissingError, match=r"book:1:1: the voice 'ann' has no clip 'sad'; it has calm, angry"
    ):
        registry.get("ann/sad", where="book:1:1")
    with pytest.raises(MissingError, match="has one clip, without a label"):
        registry.get("fenrir/sad")
    with pytest.raises(MissingError, match="no voice named"):
        registry.get("../ann/calm")


def test_a_voice_is_extended(registry: VoiceRegistry) -> None:
    registry.add("ann", CLIP, licence="CC0", note="mine")
    both = registry.add("ann", labelled("angry"), extend=True).voice
    assert both.labels == ("plain", "angry")
    assert (both.licence, both.note, both.text) == ("CC0", "mine", TEXT)
    again = registry.add("ann", labelled("angry"), extend=True)
    assert again.voice == both and not again.changed
    louder = [NewClip("angry", "Louder now!", speech(2))]
    mended = registry.add("ann", louder, extend=True).voice
    assert mended.labels == both.labels and mended.clips[1].text == "Louder now!"
    assert len(list(mended.folder.glob("*.wav"))) == 2, "the clip that was replaced is gone"
    with pytest.raises(MissingError):
        registry.add("bob", CLIP, extend=True)
    with pytest.raises(UsageError, match="not in this folder"):
        registry.add("fenrir", labelled("angry"), extend=True)


def test_registering_twice_changes_nothing(registry: VoiceRegistry) -> None:
    first = registry.add("ann", labelled("calm", "angry"), consent="Ann").voice
    before = {path: path.stat().st_mtime_ns for path in first.folder.iterdir()}
    again = registry.add("ann", labelled("calm", "angry"), consent="Ann")
    assert again.voice == first and not again.changed
    assert {path: path.stat().st_mtime_ns for path in first.folder.iterdir()} == before
    with pytest.raises(UsageError, match="exists already"):
        registry.add("ann", labelled("calm", "angry"), consent="Bob")


def test_rename(registry: VoiceRegistry) -> None:
    old = registry.add("ann", labelled("calm", "angry"), consent="Ann").voice
    registry.add("bob", CLIP)
    new = registry.rename("ann", "anna")
    assert (new.name, new.speaker, new.labels, new.consent) == ("anna", old.speaker, old.labels, "Ann")
    assert visible(new.folder.parent) == ["anna", "bob"]
    assert registry.get("anna") == new
    assert registry.rename("anna", "anna") == new
    for name, other, words in (
        ("anna", "bob", "exists already"),
        ("anna", "fenrir", "exists already"),
        ("anna", "../x", "cannot be the name"),
        ("fenrir", "cal", "came with csm"),
    ):
        with pytest.raises(UsageError, match=words):
            registry.rename(name, other)
    with pytest.raises(MissingError):
        registry.rename("nobody", "somebody")


def test_a_clip_is_not_taken_for_its_voice(registry: VoiceRegistry) -> None:
    registry.add("ann", labelled("calm", "angry"))
    for change in (lambda: registry.rename("ann/calm", "bob"), lambda: registry.remove("ann/calm")):
        with pytest.raises(UsageError, match=r"'ann/calm' names a clip, .*; give 'ann'"):
            change()
    assert registry.get("ann").labels == ("calm", "angry")


def test_a_clip_that_is_missing(registry: VoiceRegistry, tmp_path: Path) -> None:
    registry.add("ann", CLIP)
    with pytest.raises(MissingError, match=r"one clip, without a label; add one: .* --extend$"):
        registry.get("ann/calm")
    with pytest.raises(MissingError, match=r"one clip, without a label$"):
        registry.get("fenrir/calm")  # nothing can be added to a shipped voice
    project = VoiceRegistry(tmp_path / "project")
    project.add("bob", labelled("sad"), project=True)
    with pytest.raises(MissingError, match=r"it has sad; add one: .* --extend --project$"):
        project.get("bob/calm")


def test_a_rename_that_is_cut_short_leaves_a_sound_voice(
    registry: VoiceRegistry, monkeypatch: pytest.MonkeyPatch
) -> None:
    registry.add("ann", CLIP)
    write, calls = store._write_card, []

    def second_fails(folder: Path, text: str) -> None:
        calls.append(folder)
        if len(calls) == 2:
            raise OSError(28, "No space left on device")
        write(folder, text)

    monkeypatch.setattr(store, "_write_card", second_fails)
    with pytest.raises(CsmError, match="No space left"):
        registry.rename("ann", "anna")
    assert registry.get("anna").text == TEXT
    assert registry.problems() == ()


def test_a_failed_replacement_keeps_the_old_voice(
    registry: VoiceRegistry, monkeypatch: pytest.MonkeyPatch
) -> None:
    old = registry.add("ann", CLIP).voice
    louder = [NewClip("", TEXT, speech(level=0.5))]
    monkeypatch.setattr(store, "card_text", lambda voice: 1 / 0 if voice.clips else "")
    with pytest.raises(ZeroDivisionError):
        registry.add("ann", louder, force=True)
    monkeypatch.undo()

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(store, "write_wav", full)
    with pytest.raises(CsmError, match="No space left"):
        registry.add("ann", louder, force=True)
    assert registry.get("ann") == old
    assert visible(old.folder.parent) == ["ann"]


def test_while_a_voice_is_replaced_it_is_never_absent(
    registry: VoiceRegistry, monkeypatch: pytest.MonkeyPatch
) -> None:
    registry.add("ann", CLIP)
    seen = []
    replace, unlink = Path.replace, Path.unlink

    def look(*_: object) -> None:
        voice = registry.get("ann")
        assert voice.audio is not None and voice.audio.is_file()
        seen.append(voice.text)

    monkeypatch.setattr(Path, "replace", lambda self, to: (look(), replace(self, to), look())[1])
    monkeypatch.setattr(Path, "unlink", lambda self, **how: (look(), unlink(self, **how), look())[1])
    registry.add("ann", OTHER[:1], force=True)
    assert set(seen) == {TEXT, OTHER[0].text}


def add_many(number: int, home: str) -> None:
    """In a process of its own: ten voices, and clips for one that all share."""
    os.environ["CSM_HOME"] = home
    registry = VoiceRegistry(None)
    for count in range(10):
        registry.add(f"v{number}-{count}", CLIP)
        registry.add("shared", labelled(f"l{number}-{count}"), extend=True)


def test_two_processes_at_once_lose_nothing(own_home: Path) -> None:
    registry = VoiceRegistry(None)
    registry.add("shared", labelled("first"))
    context = multiprocessing.get_context("fork")
    processes = [context.Process(target=add_many, args=(n, os.environ["CSM_HOME"])) for n in range(2)]
    for process in processes:
        process.start()
    for process in processes:
        process.join(60)
        assert process.exitcode == 0
    mine = [voice for voice in registry.all() if voice.layer == "user"]
    assert len(mine) == 21 and registry.problems() == ()
    assert len({voice.speaker for voice in registry.all()}) == len(registry.all()), "no tag twice"
    assert len(registry.get("shared").clips) == 21
