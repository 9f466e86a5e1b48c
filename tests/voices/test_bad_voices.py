"""A bad voice is named where voices are listed, and hinders nobody who does not cast it."""

import os

import pytest

from csm_cli.core.errors import CsmError, UsageError
from csm_cli.voices.names import is_file_name, voice_names
from csm_cli.voices.registry import VoiceRegistry
from tests.voices.folders import CLIP, damage

CARDS = {
    "int": 'speaker: !!int ""\n',
    "float": "speaker: !!float x\n",
    "bool": "speaker: !!bool maybe\n",
    "time": "speaker: !!timestamp x\n",
    "key": "? [a]\n: b\n",
    "escape": 'speaker: 3\nnote: "\\e[31m"\n',
    "bidi": 'speaker: 3\nlicence: "a\\u202Eb"\n',
    "long": f"speaker: 3\naudio: {'x' * 300}.wav\ntext: hi\n",
    "deep": "[" * 5000,
}


@pytest.fixture
def registry(tmp_path):
    (tmp_path / "voices").mkdir()
    for name, card in CARDS.items():
        damage(tmp_path / "voices" / name, card)
    damage(tmp_path / "voices" / "good", "speaker: 5\n")
    return VoiceRegistry(tmp_path)


def test_each_bad_card_is_one_problem_and_the_rest_are_there(registry, tmp_path):
    voices, problems = registry.scan()
    assert "good" in [voice.name for voice in voices]
    assert [os.path.basename(os.path.dirname(row.split(": ")[0])) for row in problems] == sorted(CARDS)
    assert not any("\n" in row for row in problems)
    assert registry.get("good").speaker == 5
    for name in CARDS:
        with pytest.raises(CsmError, match=r"voice\.yaml: "):
            registry.get(name)
    assert voice_names(tmp_path) >= {"good", *CARDS}


def test_a_pipe_in_the_place_of_a_card_is_no_wait(registry, tmp_path):
    (tmp_path / "voices" / "pipe").mkdir()
    os.mkfifo(tmp_path / "voices" / "pipe" / "voice.yaml")
    with pytest.raises(CsmError, match="not an ordinary file"):
        registry.get("pipe")


def test_a_script_that_casts_a_good_voice_is_planned_beside_bad_ones(registry, tmp_path):
    from csm_cli.rendering.options import RenderOptions
    from csm_cli.rendering.project import plan_jobs, read_jobs

    script = tmp_path / "a.yaml"
    script.write_text("voices: {narrator: good}\nlines: [{narrator: Hello.}]\n")
    (plan,) = plan_jobs(read_jobs([script], RenderOptions()), RenderOptions())
    assert len(plan.chains) == 1


@pytest.mark.parametrize("field", ["language", "licence", "consent", "note"])
def test_what_is_noted_of_a_voice_holds_no_control_characters(field):
    with pytest.raises(UsageError, match=rf"^--{field}: control character U\+001B cannot be in a text"):
        VoiceRegistry().add("zoe", CLIP, **{field: "a\x1b[31m"})
    assert "zoe" not in voice_names(None)


@pytest.mark.parametrize("name", ["a\x1b.wav", "a\x9b.wav", "a\u202e.wav", "x" * 256, "é" * 128, "..", "a/b"])
def test_a_name_in_an_archive_that_no_file_should_have(name):
    assert not is_file_name(name)
    assert is_file_name("é" * 127)
