"""`csm voices add` on a terminal: it asks what only a person knows."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

import csm_cli
from csm_cli.paths import data_dir
from tests.voices.sounds import TEXT, speech, written

pty = pytest.importorskip("pty")


def on_terminal(*arguments: object, answers: list[tuple[str, str]]) -> tuple[int, str]:
    """(exit code, what the screen showed) of csm, with each answer typed once its question is there."""
    leader, follower = pty.openpty()
    root = str(Path(csm_cli.__file__).parent.parent)
    process = subprocess.Popen(
        [sys.executable, "-m", "csm_cli", *map(str, arguments)],
        stdin=follower,
        stdout=follower,
        stderr=follower,
        env={**os.environ, "PYTHONPATH": root, "TERM": "xterm"},
    )
    os.close(follower)
    shown = ""
    while True:
        try:
            data = os.read(leader, 4096)
        except OSError:  # the other end is closed
            break
        if not data:
            break
        shown += data.decode("utf-8", "replace")
        while answers and answers[0][0] in shown:
            question, answer = answers.pop(0)
            shown = shown.replace(question, f"<{question}>", 1)
            os.write(leader, answer.encode() + b"\n")
    os.close(leader)
    return process.wait(60), shown


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
    assert "this was recognised" in shown and "Traceback" not in shown
    kept = card("anna")
    assert kept["text"].startswith("Once, the keeper ") and kept["text"].endswith(".")
    assert kept["consent"] == "Anna agreed, 2026"


def test_yes_asks_nothing(tmp_path) -> None:
    clip = written(tmp_path / "clip.wav", speech())
    code, shown = on_terminal(
        *("voices", "add", "anna", clip, "--text", TEXT, "-y", "--model", tmp_path / "none"), answers=[]
    )
    assert code == 0 and "no licence or consent is noted" in shown
    assert card("anna")["consent"] == ""
