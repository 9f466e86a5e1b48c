"""The measure itself: word errors, and a recogniser that understands what is spoken."""

from __future__ import annotations

from pathlib import Path

import pytest
import soundfile
import yaml
from hypothesis import given
from hypothesis import strategies as st

from csm_cli.demo.recipe.recogniser import Recogniser, word_errors, words_of
from csm_cli.voices.places import shipped_dir

VOICES = shipped_dir() or Path()
words = st.lists(st.sampled_from(["a", "b", "c"]), max_size=7)


@pytest.mark.parametrize(
    ("said", "heard", "errors"),
    [("a b c", "a b c", 0), ("a b c", "a c", 1), ("a b", "a x b", 1), ("a b c", "x y z", 3), ("", "a", 1)],
)
def test_word_errors(said: str, heard: str, errors: int) -> None:
    assert word_errors(said.split(), heard.split()) == errors


@given(words, words, words)
def test_word_errors_are_a_distance(a: list[str], b: list[str], c: list[str]) -> None:
    assert word_errors(a, b) == word_errors(b, a)
    assert (word_errors(a, b) == 0) == (a == b)
    assert word_errors(a, c) <= word_errors(a, b) + word_errors(b, c)


def test_only_words_count() -> None:
    assert words_of("“Well-known,” he said: it's 5!") == ["well", "known", "he", "said", "it's"]


def test_a_reference_clip_is_understood() -> None:
    card = yaml.safe_load((VOICES / "michael" / "voice.yaml").read_text())
    audio, _ = soundfile.read(VOICES / "michael" / "reference.wav", dtype="float32")
    errors, said = Recogniser().errors(audio, card["text"])
    assert errors <= 0.5 * said
    errors, said = Recogniser().errors(audio, "Completely different words that nobody has spoken here.")
    assert errors >= 0.9 * said
