"""Names of earlier versions: spoken by voices of today, with one note, unless the user has such a voice."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from csm_cli.core.errors import MissingError
from csm_cli.core.files import data_dir
from csm_cli.editing.lines import ScriptTakes
from csm_cli.voices.names import FORMER, note_of, renamed
from csm_cli.voices.registry import VoiceRegistry

OLD = """\
voices: {narrator: slt, Anna: {voice: eve, angry: kal}, Tom: heart}
chapters:
  - title: One
    voices: {Tom: rms}
    lines:
      - narrator: It rained.
      - Anna: (angry) Shut the door.
      - Tom: I have.
      - {speaker: narrator, text: Nobody spoke., voice: awb}
"""
NOTE = "voices have new names: slt is now heart, eve is now bella, kal is now fenrir, rms is now michael, "
NOTE += "awb is now george"


def own_voice(name: str, folder: Path) -> None:
    (folder / name).mkdir(parents=True)
    (folder / name / "voice.yaml").write_text("speaker: 40\n")


@pytest.fixture
def old(csm) -> Path:
    path = Path("old.yaml")
    path.write_text(OLD)
    return path


def test_every_former_name_gives_a_shipped_voice_and_none_is_one():
    shipped = {voice.name for voice in VoiceRegistry().all()}
    assert set(FORMER.values()) <= shipped and not set(FORMER) & shipped
    assert VoiceRegistry().get("slt").name == "heart"


def test_only_names_that_no_voice_has_are_renamed():
    assert renamed(["slt", "anna", "", "rms/calm"], {"anna"}) == {"slt": "heart", "rms/calm": "michael/calm"}
    assert renamed(["slt", "slt/calm"], {"slt"}) == {}
    assert note_of({"slt": "heart"}) == "the voice slt is now heart"


def test_a_clip_of_a_former_voice_is_missed_under_its_new_name():
    with pytest.raises(MissingError, match="'heart' has no clip 'sad'"):
        VoiceRegistry().get("slt/sad")


def test_a_voice_of_the_users_of_that_name_is_no_former_one(tmp_path):
    own_voice("slt", data_dir() / "voices")
    own_voice("eve", tmp_path / "voices")
    assert VoiceRegistry(tmp_path).get("slt").layer == "user"
    assert VoiceRegistry(tmp_path).get("eve").layer == "project"
    assert VoiceRegistry().get("eve").name == "bella"


def test_a_rendering_speaks_in_the_new_voices_and_says_so_once(csm, engine, old):
    result = csm("render", old, "--model", "some/model", "-o", "out")
    assert result.code == 0
    assert [line for line in result.err.splitlines() if "is now" in line] == [f"csm: {NOTE}"]
    takes = [line.take for line in ScriptTakes(old).lines]
    assert [take.asked.voice.name for take in takes] == ["heart", "fenrir", "michael", "george"]
    told = Path("out/timeline.json").read_text()
    assert all(name in told for name in ("fenrir", "george", "heart", "michael")) and "slt" not in told
    assert f"csm: {NOTE}" in csm("master", old, "-o", "out").err


def test_a_dry_run_says_it_too(csm, engine, old):
    result = csm("render", old, "--dry-run", "--model", "some/model")
    assert result.code == 0 and result.err.count("is now heart") == 1


def test_lint_notes_it_once_at_the_first_place(csm, old):
    result = csm("lint", "--strict", old)
    assert result.code == 0
    assert [line for line in result.out.splitlines() if "is now" in line] == [f"old.yaml:1:10: note: {NOTE}"]


def test_the_cast_is_listed_with_the_new_voices(csm, old):
    result = csm("cast", "--json", old)
    assert {part["name"]: part["voices"] for part in json.loads(result.out)} == {
        "narrator": ["heart", "george"],
        "Anna": ["bella", "fenrir"],
        "Tom": ["heart", "michael"],
    }
    assert result.err.count("is now heart") == 1


def test_say_and_the_commands_for_voices_say_it(csm, engine):
    told = "csm: the voice slt is now heart\n"
    assert told in csm("say", "Hello.", "-v", "slt", "--model", "some/model").err
    assert told in csm("voices", "test", "slt", "--model", "some/model").err
    shown = csm("voices", "show", "slt")
    assert shown.out.startswith("name: heart\n") and told in shown.err
    compared = csm("voices", "compare", "slt", "rms", "-o", "two.wav")
    assert "csm: voices have new names: slt is now heart, rms is now michael\n" in compared.err
    assert "michael" in Path("two.svg").read_text() and "rms" not in Path("two.svg").read_text()


def test_a_users_own_voice_is_cast_without_a_note(csm, engine, old):
    for name in FORMER:
        own_voice(name, data_dir() / "voices")
    result = csm("render", old, "--model", "some/model", "-o", "out")
    assert result.code == 0 and "is now" not in result.err
