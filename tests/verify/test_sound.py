"""Faults that the samples of a take show."""

import numpy as np
import pytest
import soundfile

from csm_cli.verify.signal import sound_problems
from csm_cli.voices.registry import VoiceRegistry

RATE = 24_000


def speech(seconds=2.0, level=0.2):
    """Noise in syllables, with a little silence at either end."""
    random = np.random.default_rng(3)
    time = np.arange(round(seconds * RATE)) / RATE
    syllables = np.abs(np.sin(2 * np.pi * 2.5 * time))
    sound = (random.standard_normal(time.size) * level * 0.3 * syllables).astype(np.float32)
    return np.concatenate([np.zeros(1200, np.float32), sound, np.zeros(1200, np.float32)])


@pytest.mark.parametrize("seconds", [0.3, 2.0, 15.0])
def test_sound_speech_has_no_problem(seconds):
    assert sound_problems(speech(seconds), RATE) == ()


def test_the_recordings_of_the_shipped_voices_have_no_problem():
    for voice in VoiceRegistry().all():
        sound, rate = soundfile.read(voice.audio, dtype="float32")
        assert sound_problems(np.concatenate([sound, np.zeros(480, np.float32)]), rate) == ()


def broken(how):
    sound = speech()
    if how == "clipped":
        return np.clip(sound * 30, -1, 1)
    if how == "cut":
        return sound[: np.flatnonzero(np.abs(sound) > 0.1)[-1] - RATE // 8]
    if how == "click":
        sound[0] = 0.4
        return sound
    if how == "gap":
        return np.concatenate([sound, np.full(round(2.5 * RATE), 1e-4, np.float32), sound])
    return sound * 0.004


@pytest.mark.parametrize(
    ("how", "reported"),
    [
        ("clipped", "clipped"),
        ("cut", "still speaking at its end"),
        ("click", "a click at its edge"),
        ("gap", "falls silent for 2."),
        ("quiet", "silent or far too quiet"),
    ],
)
def test_what_is_broken_is_reported(how, reported):
    assert any(reason.startswith(reported) for reason in sound_problems(broken(how), RATE))


def test_a_single_peak_at_full_scale_is_not_clipped():
    sound = speech()
    sound[sound.size // 2] = 1.0
    assert sound_problems(sound, RATE) == ()


@pytest.mark.parametrize("samples", [0, 1, 100])
def test_no_sound_at_all(samples):
    assert sound_problems(np.zeros(samples, np.float32), RATE) == ("there is no sound",)
    assert sound_problems(np.zeros(RATE, np.float32), RATE)[0].startswith("silent")
