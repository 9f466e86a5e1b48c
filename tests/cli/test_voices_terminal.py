"""`csm voices add` on a terminal: it asks what only a person knows."""

from __future__ import annotations

import yaml

from csm_cli.core.files import data_dir
from tests.cli.terminal import on_terminal, sentences
from tests.voices.sounds import TEXT, speech, written


def card(name: str) -> dict:
    return yaml.safe_load((data_dir() / "voices" / name / "voice.yaml").read_text())


def test_it_asks_for_the_transcript_and_for_consent(tmp_path) -> None:
    clip = written(tmp_path / "clip.wav", speech())
    answers = [("transcript: ", "\x01Once, \x05."), ("consent or licence", "Anna agreed, 2026")]
    code, shown = on_terminal(
        *("voices", "add", "anna", clip, "--asr", "pocketsphinx", "--model", tmp_path / "none"),
        answers=answers,
    )
    assert code == 0 and not answers, shown
    assert "this was recognised" in sentences(shown) and "Traceback" not in shown
    kept = card("anna")
    assert kept["text"].startswith("Once, the keeper ") and kept["text"].endswith(".")
    assert kept["consent"] == "Anna agreed, 2026"


def test_yes_asks_nothing(tmp_path) -> None:
    clip = written(tmp_path / "clip.wav", speech())
    code, shown = on_terminal(
        *("voices", "add", "anna", clip, "--text", TEXT, "-y", "--model", tmp_path / "none"), answers=[]
    )
    assert code == 0 and "no licence or consent is noted" in sentences(shown)
    assert card("anna")["consent"] == ""
