"""The judges with their real weights: skipped unless CSM_RECIPE_ROOT names what fetch.py filled."""

import os
from pathlib import Path

import numpy as np
import pytest

from recipes.demo_voice.judge import Judge, Sample
from recipes.demo_voice.kokoro_onnx import KokoroOnnx
from recipes.demo_voice.phonemes import converter
from recipes.demo_voice.teachers import RATE, Styles

ROOT = Path(os.environ.get("CSM_RECIPE_ROOT", "missing"))
pytestmark = pytest.mark.skipif(not (ROOT / "fetched.json").is_file(), reason="no weights: see fetch.py")
TEXT = "The keeper climbed the stairs, and lit the lamp."


@pytest.fixture(scope="module")
def spoken():
    """One line in three voices, by Kokoro."""
    pytest.importorskip("onnxruntime")
    teacher, styles, phonemes = KokoroOnnx(ROOT), Styles(ROOT), converter(ROOT)(TEXT)
    names = ("af_heart", "am_michael")
    return {name: teacher.speak(phonemes, styles.all[name], 0.9) for name in names}


@pytest.fixture(scope="module")
def judge():
    pytest.importorskip("faster_whisper")
    return Judge(ROOT)


def test_the_teacher_is_understood_and_is_its_own_voice(judge, spoken):
    audio = spoken["af_heart"]
    row = judge.measure(Sample(TEXT, audio, RATE, beside=audio))
    assert (row["errors"], row["words"]) == (0, 9)
    assert (row["ratio"], row["cosine"]) == (1.0, pytest.approx(1.0, abs=1e-3))
    assert 1 < row["f0_semitones"] < 8
    assert row["pauses"] >= 1


def test_another_voice_is_further_off(judge, spoken):
    clips = np.stack([judge.speaker.embed(audio, RATE) for audio in spoken.values()])
    row = judge.measure(Sample(TEXT, spoken["am_michael"], RATE, clips=clips))
    assert row["cosines"][1] > 0.99
    assert row["cosines"][0] < 0.8


@pytest.mark.parametrize("samples", [0, 100, RATE])
def test_silence_has_no_words_and_no_voice(judge, samples):
    silence = np.zeros(samples, np.float32)
    assert not judge.speaker.embed(silence, RATE).any()
    if samples:
        click = np.full(samples, 0.1, np.float32)
        assert np.linalg.norm(judge.speaker.embed(click, RATE)) in (0, pytest.approx(1, abs=1e-5))
    assert judge.measure(Sample(TEXT, silence, RATE))["errors"] > 0
