"""Pitch and pauses of sounds that are known."""

import numpy as np
import pytest

from recipes.demo_voice.prosody import inner_pauses, measure_prosody, pitch_track

RATE = 24_000


def harmonic(frequency: np.ndarray) -> np.ndarray:
    phase = 2 * np.pi * np.cumsum(frequency) / RATE
    return sum(np.sin(k * phase) / k for k in range(1, 12)).astype(np.float32) * 0.2


@pytest.mark.parametrize("frequency", [85.0, 130.0, 220.0, 340.0])
def test_the_pitch_of_a_steady_voice_is_found_within_a_tenth_of_a_semitone(frequency):
    pitch = pitch_track(harmonic(np.full(RATE, frequency)), RATE)
    assert (pitch > 0).mean() > 0.9
    assert np.abs(12 * np.log2(pitch[pitch > 0] / frequency)).max() < 0.1


@pytest.mark.parametrize("semitones", [1.0, 3.0])
def test_the_spread_is_that_of_the_melody(semitones):
    melody = semitones * np.sqrt(2) * np.sin(2 * np.pi * np.arange(2 * RATE) / RATE)
    found = measure_prosody(harmonic(150 * 2 ** (melody / 12)), RATE)
    assert found.f0_semitones == pytest.approx(semitones, rel=0.1)


def test_noise_and_silence_have_no_pitch():
    noise = np.random.default_rng(0).normal(0, 0.1, RATE).astype(np.float32)
    assert (pitch_track(noise, RATE) > 0).mean() < 0.05
    assert measure_prosody(np.zeros(RATE, np.float32), RATE) == measure_prosody(np.zeros(0, np.float32), RATE)


def test_only_silences_inside_and_of_some_length_are_pauses():
    sound = harmonic(np.full(RATE // 2, 150.0))
    silence = np.zeros(RATE, np.float32)
    line = np.concatenate(
        [silence, sound, silence[: RATE * 3 // 10], sound, silence[: RATE // 20], sound, silence]
    )
    assert inner_pauses(line, RATE) == [pytest.approx(0.3, abs=0.02)]


def test_faint_noise_is_a_pause_too():
    sound = harmonic(np.full(RATE // 2, 150.0))
    noise = np.random.default_rng(0).normal(0, 0.001, RATE // 4).astype(np.float32)
    assert len(inner_pauses(np.concatenate([sound, noise, sound]), RATE)) == 1
