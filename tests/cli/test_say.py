"""`csm say`."""

import io
import os
from pathlib import Path

import pytest
import soundfile

from csm_cli.checkpoints.find import DEMO_CHECKPOINT
from tests.cli.conftest import piped
from tests.rendering.fake_engine import capped

HELLO = "Hello there, how are you today?"


def test_a_text_becomes_a_file_whose_path_is_printed(csm, engine):
    result = csm("say", HELLO)
    assert (result.code, result.out) == (0, "say.wav\n")
    sound, rate = soundfile.read("say.wav")
    assert rate == 24_000
    assert 1.5 < len(sound) / rate < 4
    assert engine.loaded == (str(DEMO_CHECKPOINT), "auto")
    first, *_, last = result.err.splitlines()
    assert first.startswith("csm: the embedded demo voice; the full model: `csm models pull")
    assert last.startswith("csm: 1 line, ")


@pytest.mark.parametrize("name", ["a.flac", "a.mp3", "A.WAV"])
def test_the_ending_chooses_the_format(csm, engine, name):
    assert csm("say", HELLO, "-o", name).out == f"{name}\n"
    assert soundfile.info(name).format == name[-4:].strip(".").upper()


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("deep/a.wav", "deep/a.wav: there is no folder deep; make it first, or name another file"),
        (
            "a.xyz",
            "a.xyz: ends in .xyz, which is no format; end it in .wav, .flac, .mp3, .opus, .m4a or .ogg",
        ),
        ("a", "a: has no ending; end it in .wav, .flac, .mp3, .opus, .m4a or .ogg"),
    ],
)
def test_a_file_that_cannot_be_written_is_told_before_any_model(csm, name, told):
    assert csm("say", HELLO, "-o", name) == (2, "", f"csm: error: {told}\n")
    assert not list(Path().iterdir())


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no /dev/full")
def test_a_full_disk_under_standard_output(csm, engine, monkeypatch):
    with open("/dev/full", "w") as full:
        monkeypatch.setattr("sys.stdout", full)
        result = csm("say", HELLO, "-o", "-")
        monkeypatch.undo()
    assert result.code == 1
    assert "csm: error: standard output: cannot be written (No space left on device)" in result.err
    assert "internal" not in result.err and "Traceback" not in result.err


def test_a_reader_that_has_heard_enough(csm, engine, monkeypatch):
    reading, writing = os.pipe()
    os.close(reading)
    with os.fdopen(writing, "w") as gone:
        monkeypatch.setattr("sys.stdout", gone)
        result = csm("say", HELLO, "-o", "-")
        monkeypatch.undo()
    assert result.code == 0 and "error" not in result.err


def test_audio_on_standard_output(csm, engine, monkeypatch):
    stdout = io.TextIOWrapper(io.BytesIO())
    monkeypatch.setattr("sys.stdout", stdout)
    result = csm("say", HELLO, "-o", "-")
    sound, rate = soundfile.read(io.BytesIO(stdout.buffer.getvalue()))
    assert result.code == 0
    assert (rate, sound.ndim) == (24_000, 1)
    assert len(sound) > rate


def test_no_audio_on_a_terminal(csm, engine, monkeypatch):
    monkeypatch.setattr("sys.stdout.isatty", lambda: True, raising=False)
    result = csm("say", HELLO, "-o", "-")
    assert (result.code, result.out) == (2, "")
    assert "terminal" in result.err


def test_text_from_standard_input_in_paragraphs(csm, engine, monkeypatch):
    monkeypatch.setattr("sys.stdin", piped(b"One line.\nStill the same.\n\nAnother one.\n"))
    assert csm("say", "-").code == 0
    assert [asked.text for asked in engine.asked] == ["One line. Still the same.", "Another one."]
    assert [turn.text for turn in engine.asked[1].context][1:] == ["One line. Still the same."]


def test_what_is_not_utf_8_is_one_line_before_any_model(csm, monkeypatch):
    monkeypatch.setattr("sys.stdin", piped(b"\xe9t\xe9"))
    told = "csm: error: -: byte 0xe9 is not UTF-8; give the text in UTF-8\n"
    assert csm("say", "-") == (2, "", told)


def test_a_text_that_begins_with_a_dash(csm):
    assert "put -- in front" in csm("say", "-5 degrees").err
    assert csm("say", "--show-spoken", "--", "-5 degrees").out == "minus five degrees\n"


def test_long_text_is_split(csm, engine):
    csm("say", "The boat turned into the wind. " * 12)
    assert len(engine.asked) > 4
    assert max(len(asked.text) for asked in engine.asked) <= engine.max_characters


def test_seed_and_sampler(csm, engine):
    csm("say", HELLO, "--seed", 3)
    csm("say", HELLO, "--seed", 3, "--temperature", 0.5, "--top-k", 7)
    csm("say", HELLO)
    first, second, third = engine.asked
    assert first.seed == second.seed != third.seed
    assert (first.sampler.temperature, first.sampler.top_k) == (0.6, 20), "the model's own"
    assert (second.sampler.temperature, second.sampler.top_k) == (0.5, 7)


def test_a_voice_by_name(csm, engine, voices):
    assert csm("say", HELLO, "-v", "bob").code == 0
    missing = csm("say", HELLO, "-v", "bobb")
    assert missing.code == 4
    assert "--voice: no voice named 'bobb'; did you mean 'bob'?" in missing.err


def test_a_take_that_stays_bad_is_written_reported_and_exits_5(csm, engine):
    engine.fail = capped
    result = csm("say", HELLO)
    assert (result.code, result.out) == (5, "say.wav\n")
    assert len(engine.asked) == 4
    assert "needs review" in result.err


@pytest.mark.parametrize(
    ("flag", "variable", "model", "words"),
    [
        ("mine", "other", "mine", "model mine (--model)"),
        (None, "other", "other", "model other (CSM_MODEL)"),
        (None, "demo", str(DEMO_CHECKPOINT), "the embedded demo voice (CSM_MODEL)"),
        ("demo", "other", str(DEMO_CHECKPOINT), "the embedded demo voice (--model)"),
    ],
)
def test_the_choice_of_the_model(csm, engine, monkeypatch, flag, variable, model, words):
    monkeypatch.setenv("CSM_MODEL", variable)
    result = csm("say", HELLO, *(["--model", flag] if flag else []), "--device", "cpu")
    assert engine.loaded == (model, "cpu")
    assert words in result.err.splitlines()[0]


def test_csm_1b_is_used_once_it_is_in_the_cache(csm, engine, own_home, monkeypatch):
    import huggingface_hub.constants

    snapshot = own_home / "hub" / "models--sesame--csm-1b" / "snapshots" / "abc"
    snapshot.mkdir(parents=True)
    refs = snapshot.parent.parent / "refs"
    refs.mkdir()
    (refs / "main").write_text("abc")
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_CACHE", str(own_home / "hub"))
    monkeypatch.setattr("huggingface_hub.file_download.HF_HUB_CACHE", str(own_home / "hub"), raising=False)
    (snapshot / "config.json").write_text("{}")
    index = '{"weight_map": {"a": "transformers-00001-of-00002.safetensors"}}'
    (snapshot / "transformers.safetensors.index.json").write_text(index)
    csm("say", HELLO)
    assert engine.loaded[0] == str(DEMO_CHECKPOINT), "weights are still missing"
    (snapshot / "transformers-00001-of-00002.safetensors").write_text("")
    result = csm("say", HELLO)
    assert engine.loaded[0] == "sesame/csm-1b"
    assert "found in the Hub cache" in result.err


def test_a_text_without_quotes_is_told_what_it_lacks(csm):
    result = csm("say", "Hello", "there.")
    assert result.code == 2 and "put the whole text in quotes" in result.err
