"""Speaker tags on a model with shipped voices: theirs are for them alone, everybody else has another."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import yaml

from csm_cli.audio.files import write_wav
from csm_cli.core.files import data_dir
from csm_cli.rendering.cast import cast_tags, find_voices, line_tags, with_clips
from csm_cli.rendering.options import RenderOptions
from csm_cli.rendering.project import plan_jobs, read_jobs
from csm_cli.rendering.session import render_jobs
from csm_cli.script import Screenplay, read_screenplay
from csm_cli.voices.voice import Voice
from tests.rendering.fake_engine import FakeEngine

SHIPPED = 8


class Engine(FakeEngine):
    shipped_speakers = SHIPPED


def own_voice(name: str, tag: int, *labels: str) -> None:
    """A voice of the user's with that tag; one plain clip, or one for each label."""
    folder = data_dir() / "voices" / name
    folder.mkdir(parents=True)
    clips = [{"label": label, "text": f"{name} {label}", "audio": f"{label}.wav"} for label in labels]
    card = {"speaker": tag, "clips": clips} if clips else {"speaker": tag, "text": name, "audio": "clip.wav"}
    sound = np.random.default_rng(tag).normal(0, 0.1, 48_000).astype(np.float32)
    for file in [f"{label}.wav" for label in labels] or ["clip.wav"]:
        write_wav(folder / file, sound)
    (folder / "voice.yaml").write_text(yaml.safe_dump(card))


@pytest.fixture
def tags_of(tmp_path, own_home):
    """The tag of every character, then of every line in another voice, of a cast."""

    def run(cast: str, *lines: str, shipped: int = SHIPPED) -> tuple[dict[str, int], dict[str, int]]:
        play, voices = found(tmp_path, cast, *lines)
        tags = cast_tags(play, voices, shipped)
        others = line_tags(play, voices, tags, shipped)
        return tags, {f"{speaker} as {voice}": tag for (speaker, voice), tag in others.items()}

    return run


def found(folder: Path, cast: str, *lines: str) -> tuple[Screenplay, dict[str, Voice]]:
    path = folder / "script.yaml"
    body = "".join(f"- {line}\n" for line in lines or ["narrator: One."])
    path.write_text(f"voices: {cast}\nlines:\n{body}")
    play = read_screenplay(path)
    return with_clips(play, find_voices(play))


def test_shipped_voices_keep_their_tags_and_others_start_behind_them(tags_of):
    own_voice("mia", 3)
    own_voice("tom", 9)
    tags, _ = tags_of("{narrator: heart, Mia: mia, Sarah: sarah, Tom: tom, Ann: mia}")
    assert tags == {"narrator": 0, "Mia": 8, "Sarah": 3, "Tom": 9, "Ann": 10}


def test_a_second_character_in_a_shipped_voice_takes_it_from_the_clip(tags_of):
    assert tags_of("{narrator: heart, Anna: heart, Ben: }")[0] == {"narrator": 0, "Anna": 8, "Ben": 9}


def test_no_usual_tag_is_of_three_digits(tags_of):
    own_voice("mia", 120)
    assert tags_of("{narrator: mia}")[0] == {"narrator": 8}
    assert tags_of("{narrator: mia}", shipped=0)[0] == {"narrator": 120}


def test_a_model_without_shipped_voices_goes_by_the_usual_tags(tags_of):
    own_voice("mia", 3)
    cast = "{narrator: heart, Mia: mia, Sarah: sarah}"
    assert tags_of(cast, shipped=0)[0] == {"narrator": 0, "Mia": 3, "Sarah": 1}


def test_a_voice_of_the_users_with_the_name_of_a_shipped_one_is_the_users(tags_of):
    own_voice("sarah", 3)
    assert tags_of("{narrator: sarah}")[0] == {"narrator": 8}


def test_a_voice_that_is_only_a_tag_stands_for_the_shipped_voice_of_that_tag(tags_of):
    folder = data_dir() / "voices" / "three"
    folder.mkdir(parents=True)
    (folder / "voice.yaml").write_text("speaker: 3\n")
    assert tags_of("{narrator: three, Mia: heart}")[0] == {"narrator": 3, "Mia": 0}


def test_more_characters_than_trained_tags_still_have_one_each(tags_of):
    own_voice("mia", 3)
    tags, _ = tags_of(f"{{narrator: mia, {', '.join(f'P{n}: mia' for n in range(120))}}}")
    assert len(set(tags.values())) == 121 and min(tags.values()) == 8


def test_a_tag_of_the_script_stays_and_is_nobody_elses(tags_of):
    own_voice("mia", 3)
    tags, _ = tags_of("{narrator: {voice: mia, speaker: 0}, Heart: heart, Mia: {voice: mia, speaker: 8}}")
    assert tags == {"narrator": 0, "Heart": 9, "Mia": 8}


def test_styles_keep_a_guests_tag_but_never_lend_one_to_a_shipped_voice(tags_of):
    own_voice("mia", 3, "calm", "angry")
    own_voice("low", 40)
    lines = [
        "Mia: (angry) One.",
        "Mia: (low) Two.",
        "Mia: (far) Three.",
        "narrator: (low) Four.",
        "narrator: (near) Five.",
    ]
    cast = "{narrator: {voice: heart, low: low, near: bella}, Mia: {voice: mia, low: low, far: fenrir}}"
    tags, others = tags_of(cast, *lines)
    assert tags == {"narrator": 0, "Mia": 8}
    assert others == {"Mia as fenrir": 5, "narrator as low": 8, "narrator as bella": 1}


def test_each_line_is_spoken_under_the_tag_of_its_reference(tmp_path, own_home):
    own_voice("mia", 3)
    found(tmp_path, "{narrator: sarah, Mia: mia}", "narrator: One.", "Mia: Two.", "{Mia: Three, voice: emma}")
    engine, options = Engine(), RenderOptions(output=tmp_path / "out")
    render_jobs(read_jobs([tmp_path / "script.yaml"], options), engine, options)
    assert [(asked.speaker, asked.context[0].speaker) for asked in engine.asked] == [(3, 3), (8, 8), (2, 2)]
    assert engine.asked[1].context[0].text == "mia"


def test_a_tag_of_another_voice_is_warned_of(tmp_path, own_home):
    own_voice("mia", 3)
    found(tmp_path, "{narrator: {voice: heart, speaker: 0}, Mia: {voice: mia, speaker: 3}}", "Mia: One.")
    options, notes = RenderOptions(output=tmp_path / "out"), []
    jobs = read_jobs([tmp_path / "script.yaml"], options)
    render_jobs(jobs, Engine(), options, note=notes.append)
    (told,) = notes
    assert "script.yaml:1:48: warning: speaker 3 of Mia is a shipped voice's on this model" in told
    assert plan_jobs(jobs, options)[0].warnings == (), "elsewhere it is as good as any"
