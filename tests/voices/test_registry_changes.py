"""Voices that are added, extended, renamed and replaced: whole or not at all, by one process at a time."""

from __future__ import annotations

import multiprocessing
import os
from pathlib import Path

import pytest

from csm_cli.core.errors import CsmError, MissingError, UsageError
from csm_cli.voices import store
from csm_cli.voices.registry import VoiceRegistry
from csm_cli.voices.store import NewClip
from tests.voices.folders import CLIP, OTHER, TEXT, labelled, speech, visible


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
