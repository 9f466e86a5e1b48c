"""`csm voices`."""

import json
import zipfile

import numpy as np
import pytest
import soundfile

from tests.voices.sounds import TEXT, speech, speech_at, written


@pytest.fixture
def clip(tmp_path):
    sound = speech_at(44_100)
    return written(tmp_path / "my clip.wav", np.stack([sound, sound], axis=1), 44_100)


@pytest.fixture
def other(tmp_path):
    return written(tmp_path / "Angry!.flac", speech("fenrir"))


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


def test_names_are_typed_with_or_without_capitals(csm, engine, clip, tmp_path):
    assert csm("voices", "add", "ME", clip, "--text", TEXT).out.strip().endswith("voices/me")
    assert csm("say", "Hello.", "-v", "Me", "-o", tmp_path / "me.wav").code == 0
    assert csm("voices", "show", "ME").out.startswith("name: me")
    assert csm("voices", "rename", "ME", "Anna").code == 0
    assert csm("voices", "remove", "ANNA").code == 0 and "anna" not in listing(csm)
    assert "'ä' cannot be the name" in csm("voices", "add", "Ä", clip, "--text", TEXT).err


def test_a_name_that_is_taken(csm, engine, clip):
    assert csm("voices", "add", "anna", clip, "--text", TEXT).code == 0
    same = csm("voices", "add", "anna", clip, "--text", TEXT)
    assert same.code == 0 and "registered already" in same.err
    other = TEXT.replace("keeper", "porter")
    again = csm("voices", "add", "anna", clip, "--text", other)
    assert again.code == 2
    assert "--force" in again.err
    assert csm("voices", "add", "anna", clip, "--text", other, "--force").code == 0


def test_a_project_keeps_its_voices_beside_its_scripts(csm, engine, clip, tmp_path):
    added = csm("voices", "add", "anna", clip, "--text", TEXT, "--project")
    assert added.code == 0
    assert (tmp_path / "here" / "voices" / "anna" / "voice.yaml").exists()
    assert listing(csm)["anna"]["layer"] == "project"


def test_a_reference_comes_first_in_the_context_of_every_model(csm, engine, clip):
    csm("voices", "add", "anna", clip, "--text", TEXT)
    csm("say", "Hello there.", "-v", "anna", "--model", "some/model")
    csm("say", "Hello there.", "-v", "anna")
    assert len(engine.asked) == 2
    for asked in engine.asked:
        assert [(turn.text, turn.speaker) for turn in asked.context] == [(TEXT, asked.speaker)]
    assert engine.encoded == 1, "from the cache"


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


def test_the_report(csm, engine, clip):
    added = csm("voices", "add", "anna", clip, "--text", TEXT, "--consent", "Anna, for this book")
    for what in ("length", "level", "noise", "clipping", "echo", "speech", "context"):
        assert f"  {what}" in added.err
    assert "warning" not in added.err
    (report,) = json.loads(csm("voices", "add", "ben", clip, "--text", TEXT, "--json").out)
    assert report["changed"] and report["reports"][0]["speech_share"] > 0.8
    assert "no licence or consent" in csm("voices", "add", "cleo", clip, "--text", TEXT).err


def test_several_clips(csm, engine, clip, other):
    added = csm("voices", "add", "anna", clip, other, "--text", TEXT, "--text", TEXT)
    assert added.code == 0 and engine.encoded == 2
    assert [each["label"] for each in listing(csm)["anna"]["clips"]] == ["my-clip", "angry"]
    assert "my-clip, angry" in csm("voices", "list").out
    shown = csm("voices", "show", "anna").out
    assert "angry: " in shown and "my-clip: " in shown
    assert csm("voices", "show", "anna/angry", "--json").out.count('"label": "angry"') == 1
    assert csm("voices", "add", "ben", clip, "--text", TEXT, "--label", "calm").code == 0
    assert csm("voices", "add", "ben", other, "--text", TEXT, "--label", "angry", "--extend").code == 0
    assert [each["label"] for each in listing(csm)["ben"]["clips"]] == ["calm", "angry"]


def test_a_clip_is_heard_by_its_label(csm, engine, clip, other):
    words = TEXT.replace("keeper", "porter")
    csm(
        "voices",
        "add",
        "anna",
        clip,
        other,
        "--label",
        "calm",
        "--label",
        "angry",
        "--text",
        TEXT,
        "--text",
        words,
    )
    for name, text in (("anna", TEXT), ("anna/angry", words)):
        assert csm("say", "Hello there.", "-v", name, "--model", "some/model").code == 0
        assert [segment.text for segment in engine.asked[-1].context] == [text]
    missing = csm("say", "Hello there.", "-v", "anna/sad", "--model", "some/model")
    assert missing.code == 4 and "it has calm, angry" in missing.err


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ([], "needs its transcript"),
        (["--text", "one", "--text", "two"], "2 given for 1 recording;"),
        (["--text", " "], "--text: the transcript is empty"),
        (["--text", "one", "--transcript", "x.txt"], "not both"),
        (["--transcript", "x.txt"], "no such transcript"),
        (["--text", TEXT, "--label", "a", "--label", "b"], "--label: 2 given"),
        (["--text", TEXT, "--label", "../x"], "cannot be the label"),
        (["--text", TEXT, "--seconds", "90"], "--seconds: 90 s"),
        (["--text", TEXT, "--asr", "no/such-model"], "csm models pull no/such-model"),
        (
            ["--text", "She sells sea shells on the shore.", "--asr", "pocketsphinx"],
            "does not seem to belong",
        ),
    ],
)
def test_what_cannot_be_added(csm, engine, clip, options, words):
    result = csm("voices", "add", "anna", clip, *options)
    assert result.code in (2, 4) and words in result.err
    assert "anna" not in listing(csm)


def test_a_transcript_from_a_file_and_from_pocketsphinx(csm, engine, clip, tmp_path):
    (tmp_path / "words.txt").write_text(TEXT + "\n")
    assert csm("voices", "add", "anna", clip, "--transcript", tmp_path / "words.txt").code == 0
    assert listing(csm)["anna"]["text"] == TEXT
    added = csm("voices", "add", "ben", clip, "--asr", "pocketsphinx")
    assert added.code == 0 and "nobody has checked the transcript" in added.err
    assert "keeper" in listing(csm)["ben"]["text"]


def test_rename_export_import(csm, engine, clip, tmp_path):
    csm("voices", "add", "anna", clip, "--text", TEXT, "--licence", "CC0")
    assert csm("voices", "rename", "anna", "hanna").code == 0
    assert "anna" not in listing(csm)
    exported = csm("voices", "export", "hanna")
    assert exported.out == "hanna.zip\n" and exported.err == ""
    names = zipfile.ZipFile(tmp_path / "here" / "hanna.zip").namelist()
    assert names == ["hanna/voice.yaml", "hanna/reference.wav"]
    again = csm("voices", "import", "hanna.zip")
    assert again.code == 0 and "registered already" in again.err
    (copy,) = json.loads(csm("voices", "import", "hanna.zip", "--project", "--json").out)
    assert (copy["name"], copy["layer"], copy["changed"]) == ("hanna", "project", True)
    assert csm("voices", "remove", "hanna").code == 0 and listing(csm)["hanna"]["layer"] == "user"
    assert csm("voices", "import", "hanna.zip", "--as", "joanna", "--project").code == 0
    assert listing(csm)["joanna"]["layer"] == "project" and listing(csm)["joanna"]["licence"] == "CC0"
    assert csm("voices", "import", "hanna.zip", "none.zip", "--as", "x").code == 2
    assert csm("voices", "import", "none.zip").code == 4
    assert (
        "no licence or consent" in csm("voices", "export", "fenrir").err or listing(csm)["fenrir"]["licence"]
    )


class Encoder:
    """Tells loud from soft."""

    name = "loudness"

    def embed(self, speech):
        angle = min(1.5, 10 * float(np.abs(speech).mean()))
        return np.array([np.cos(angle), np.sin(angle)])


def test_compare_says_how_much_alike_voices_are(csm, clip, tmp_path, monkeypatch):
    monkeypatch.setattr("csm_cli.verify.speaker.load_encoder", lambda model: Encoder())
    compared = csm("voices", "compare", "fenrir", "heart", "-o", "two.wav")
    assert compared.out == "two.wav\ntwo.svg\n"
    said = [line for line in compared.err.splitlines() if line.startswith("csm: fenrir and heart: ")]
    assert len(said) == 1 and "likely" in said[0]
    assert said[0].removeprefix("csm: ") in (tmp_path / "here/two.svg").read_text()


def test_compare_without_an_encoder_says_what_to_install(csm, monkeypatch):
    monkeypatch.setattr("csm_cli.verify.ge2e.installed_weights", lambda: None)
    compared = csm("voices", "compare", "fenrir", "heart", "-o", "two.wav")
    assert (compared.code, compared.out) == (0, "two.wav\ntwo.svg\n")
    assert "pip install --no-deps resemblyzer" in compared.err
    missing = csm("voices", "compare", "fenrir", "heart", "--voice-model", "nowhere")
    assert missing.code == 4 and "speaker model cannot be loaded" in missing.err


def test_voices_to_listen_to(csm, engine, clip, tmp_path, monkeypatch):
    monkeypatch.setattr("csm_cli.verify.ge2e.installed_weights", lambda: None)
    here = tmp_path / "here"
    assert csm("voices", "test", "fenrir", "--model", "some/model").out == "fenrir-test.wav\n"
    assert (here / "fenrir-test.wav").is_file()
    compared = csm(
        "voices", "compare", "fenrir", "heart", "--say", "Hello.", "-o", "two.wav", "--model", "some/model"
    )
    assert compared.out == "two.wav\ntwo.svg\n"
    said = soundfile.info(here / "two.wav").duration
    csm("voices", "compare", "fenrir", "heart", "-o", "two.wav")
    assert 0 < soundfile.info(here / "two.wav").duration < said
    assert csm("voices", "compare", "fenrir").code == 2
    assert csm("voices", "compare", "fenrir", "nobody").code == 4
