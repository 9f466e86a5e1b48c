"""Silence inside a line is capped, everything else is left as it is."""

import numpy as np
import pytest

from csm_cli.audio.trim import LONGEST_GAP_SECONDS, cap_gaps

RATE = 24_000
TONE = (0.3 * np.sin(2 * np.pi * 200 * np.arange(RATE) / RATE)).astype(np.float32)


def silence(seconds):
    return np.random.default_rng(1).normal(0, 1e-4, round(seconds * RATE)).astype(np.float32)


@pytest.mark.parametrize("seconds", [2.0, 5.0])
def test_a_long_silence_is_cut_to_the_longest_allowed(seconds):
    line = np.concatenate([TONE, silence(seconds), TONE, silence(seconds), TONE])
    capped = cap_gaps(line, RATE)
    assert capped.size / RATE == pytest.approx(3 + 2 * LONGEST_GAP_SECONDS, abs=0.05)
    assert np.array_equal(capped[:RATE], TONE)
    assert np.array_equal(capped[-RATE:], TONE)
    assert np.abs(np.diff(capped)).max() < 0.02, "no step at the joins"
    assert np.array_equal(cap_gaps(capped, RATE), capped)


def test_breath_head_and_tail_are_left_alone():
    line = np.concatenate([silence(3), TONE, silence(1), TONE, silence(3)])
    assert cap_gaps(line, RATE) is line


@pytest.mark.parametrize("samples", [0, 1, 300, 24_000])
def test_short_and_silent_sounds_come_back(samples):
    sound = np.zeros(samples, np.float32)
    assert cap_gaps(sound, RATE) is sound
