"""The registry over voices that are damaged or not there: a line each, and the others are found."""

from __future__ import annotations

import os
from itertools import pairwise

import pytest

from csm_cli.core.errors import CsmError
from csm_cli.core.files import data_dir
from csm_cli.voices.registry import VoiceRegistry
from tests.voices.folders import CLIP, damage

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
        (f"{BILLION}speaker: 3\ntext: *j\n", "aliases and anchors are not accepted"),
        (f"{BILLION}speaker: 3\nname: *j\n", "aliases and anchors are not accepted"),
        (f"{BILLION}speaker: *j\n", "aliases and anchors are not accepted"),
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
