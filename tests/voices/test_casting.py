"""Every character that speaks gets a voice of its own, as long as there are enough."""

from __future__ import annotations

from csm_cli.script import read_screenplay
from csm_cli.script.document import Screenplay
from csm_cli.voices.casting import assign_voices, shipped_genders

VOICES = {"heart": "f", "bella": "f", "michael": "m", "george": "m"}


def play_of(tmp_path, names: str, header: str = "") -> Screenplay:
    """A script in which each of these names has a line, the first the longest."""
    lines = [f"- {name}: {'word ' * (20 - at)}" for at, name in enumerate(names.split())]
    listed = "".join(f"  {name}:\n" for name in names.split() if name != "narrator" and name not in header)
    script = tmp_path / "a.yaml"
    script.write_text(f"voices:\n{header}{listed}lines:\n- narrator: It began.\n" + "\n".join(lines))
    return read_screenplay(script)


def voices_of(play: Screenplay) -> dict[str, str]:
    return {member.name: member.voice for member in play.cast.values()}


def test_the_shipped_voices_say_what_they_are():
    assert shipped_genders() == {
        "heart": "f",
        "bella": "f",
        "emma": "f",
        "sarah": "f",
        "michael": "m",
        "fenrir": "m",
        "george": "m",
        "fable": "m",
    }


def test_voices_fit_and_differ(tmp_path):
    play = assign_voices(play_of(tmp_path, "Tom Anna Ben"), {"Tom": "m", "Anna": "f"}, VOICES)
    assert voices_of(play) == {"narrator": "heart", "Tom": "michael", "Anna": "bella", "Ben": "george"}
    assert {line.speaker: line.voice for line in play.lines} == voices_of(play)


def test_a_voice_that_the_script_gives_is_kept(tmp_path):
    play = assign_voices(play_of(tmp_path, "Tom Anna", "  Tom: bella\n"), {"Anna": "f"}, VOICES)
    assert voices_of(play)["Tom"] == "bella"
    assert voices_of(play)["Anna"] not in ("bella", "heart")


def test_who_speaks_least_shares_when_all_voices_are_taken(tmp_path):
    names = "Ann Beth Cora Dan Ed"
    genders = {"Ann": "f", "Beth": "f", "Cora": "f", "Dan": "m", "Ed": "m"}
    found = voices_of(assign_voices(play_of(tmp_path, names), genders, VOICES))
    assert len({found[name] for name in ("narrator", "Ann", "Beth", "Cora")}) == 4
    assert found["Ann"] == "bella"
    assert {found["Dan"], found["Ed"]} <= {"michael", "george"}


def test_a_script_without_voices_to_choose_from_stays_as_it_is(tmp_path):
    play = play_of(tmp_path, "Tom")
    assert assign_voices(play, {}, {}) is play
