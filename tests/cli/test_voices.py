"""`csm voices`."""

import json

import numpy as np
import pytest
import soundfile

TEXT = "The boat turned into the wind and fell silent."


@pytest.fixture
def clip(tmp_path):
    path = tmp_path / "clip.wav"
    time = np.arange(3 * 44_100) / 44_100
    sound = 0.3 * np.sin(2 * np.pi * 220 * time)
    soundfile.write(path, np.stack([sound, sound], axis=1), 44_100)
    return path


def listing(csm):
    return {voice["name"]: voice for voice in json.loads(csm("voices", "list", "--json").out)}


def test_add_list_show_remove(csm, engine, clip):
    added = csm("voices", "add", "anna", clip, "--text", TEXT, "--speaker", 12, "--note", "a friend")
    assert added.code == 0
    assert added.out.strip().endswith("voices/anna")
    assert engine.encoded == 1, "the codes are made at once"
    assert listing(csm)["anna"]["speaker"] == 12
    assert "anna" in csm("voices", "list").out
    shown = csm("voices", "show", "anna").out
    assert f"text: {TEXT}" in shown
    assert json.loads(csm("voices", "show", "anna", "--json").out)[0]["note"] == "a friend"
    assert csm("voices", "remove", "anna").code == 0
    assert "anna" not in listing(csm)


def test_a_name_that_is_taken(csm, engine, clip):
    assert csm("voices", "add", "anna", clip, "--text", TEXT).code == 0
    again = csm("voices", "add", "anna", clip, "--text", TEXT)
    assert again.code == 2
    assert "--force" in again.err
    assert csm("voices", "add", "anna", clip, "--text", TEXT, "--force").code == 0


def test_a_project_keeps_its_voices_beside_its_scripts(csm, engine, clip, tmp_path):
    added = csm("voices", "add", "anna", clip, "--text", TEXT, "--project")
    assert added.code == 0
    assert (tmp_path / "here" / "voices" / "anna" / "voice.yaml").exists()
    assert listing(csm)["anna"]["layer"] == "project"


def test_a_reference_is_heard_by_csm_but_not_by_the_demo_model(csm, engine, clip):
    csm("voices", "add", "anna", clip, "--text", TEXT)
    csm("say", "Hello there.", "-v", "anna", "--model", "some/model")
    csm("say", "Hello there.", "-v", "anna")
    heard, not_heard = engine.asked
    assert [segment.text for segment in heard.context] == [TEXT]
    assert engine.encoded == 1, "from the cache"
    assert not_heard.context == ()


def test_a_voice_is_registered_even_if_no_model_is_there_to_encode_it(csm, clip, tmp_path):
    added = csm("voices", "add", "anna", clip, "--text", TEXT, "--model", tmp_path / "absent")
    assert added.code == 0
    assert "warning: not encoded yet:" in added.err
    assert "anna" in listing(csm)


def test_what_is_not_there(csm):
    for action in ("show", "remove"):
        result = csm("voices", action, "nobody")
        assert (result.code, result.out) == (4, "")
        assert "no voice named 'nobody'" in result.err


def test_a_file_that_is_no_recording(csm, tmp_path):
    text = tmp_path / "clip.wav"
    text.write_text("not a sound")
    result = csm("voices", "add", "anna", text, "--text", TEXT)
    assert result.code == 2
    assert str(text) in result.err
    assert csm("voices", "add", "anna", tmp_path / "absent.wav", "--text", TEXT).code == 4
