"""Sound that comes in pieces: the same as in one, however it is cut."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from csm_cli.audio.level import LimitStream, limit_peaks
from csm_cli.audio.tempo import TempoStream, change_tempo
from csm_cli.audio.trim import TrimStream, loudest_frame, trim

RATE = 24_000
SIZES = st.lists(st.sampled_from([1, 7, 119, 120, 500, 1920, 7680]), min_size=1, max_size=30)


def babble(seconds: float, seed: int, silence: tuple[float, float] = (0.0, 0.0)) -> np.ndarray:
    """Tones that swell and fade, between silences of so many seconds."""
    random = np.random.default_rng(seed)
    time = np.arange(round(seconds * RATE)) / RATE
    tone = sum(np.sin(2 * np.pi * pitch * time + pitch) for pitch in random.uniform(90, 900, 4))
    loud = (0.15 * tone * (0.6 + 0.4 * np.sin(2 * np.pi * 3 * time))).astype(np.float32)
    edges = [random.normal(0, 1e-4, round(each * RATE)).astype(np.float32) for each in silence]
    return np.concatenate([edges[0], loud, edges[1]])


def pieces(sound: np.ndarray, sizes: list[int]) -> Iterator[np.ndarray]:
    start = number = 0
    while start < sound.size:
        size = sizes[number % len(sizes)]
        yield sound[start : start + size]
        start, number = start + size, number + 1


def through(stream: Any, sound: np.ndarray, sizes: list[int]) -> np.ndarray:
    return np.concatenate(
        [*(stream.feed(piece) for piece in pieces(sound, [max(60, n) for n in sizes])), stream.finish()]
    )


@settings(max_examples=20)
@given(
    st.sampled_from([0.25, 0.5, 0.9, 1.0, 1.3, 2.0, 3.7, 4.0]),
    st.sampled_from([0.0, 0.001, 0.05, 0.4]),
    SIZES,
)
def test_a_tempo_is_the_same_in_pieces(speed: float, seconds: float, sizes: list[int]) -> None:
    sound = babble(seconds, 1)
    found = through(TempoStream(RATE, speed), sound, sizes)
    assert np.array_equal(found, change_tempo(sound, RATE, speed))
    assert found.size == round(sound.size / speed)


@settings(max_examples=20)
@given(SIZES, st.sampled_from([0.0, 0.02, 0.3]), st.sampled_from([0.0, 0.02, 0.3]))
def test_silence_at_the_ends_is_cut_as_in_the_whole(sizes: list[int], head: float, tail: float) -> None:
    sound = np.concatenate([babble(0.2, 2, (head, 0.25)), babble(0.1, 3, (0.0, tail))])
    found = through(TrimStream(RATE, loudest_frame(sound, RATE), 0.015), sound, sizes)
    wanted = trim(sound, RATE).copy()
    assert found.size == wanted.size
    fade = round(0.015 * RATE)
    np.testing.assert_array_equal(found[fade:-fade], wanted[fade:-fade])
    assert found[0] == 0 and abs(found[-1]) < 1e-6
    assert np.all(np.abs(found) <= np.abs(wanted) + 1e-7)


def test_nothing_is_kept_of_silence() -> None:
    silence = np.random.default_rng(0).normal(0, 1e-5, RATE).astype(np.float32)
    assert through(TrimStream(RATE, 0.1, 0.015), silence, [500]).size == 0
    assert loudest_frame(silence[:0], RATE) == 0


@settings(max_examples=20)
@given(SIZES, st.integers(0, 5))
def test_peaks_are_limited_as_in_the_whole(sizes: list[int], seed: int) -> None:
    sound = 2.5 * babble(0.4, seed)
    found = through(LimitStream(RATE, -3.5), sound, sizes)
    wanted = sound.copy()
    limit_peaks(wanted, RATE, -3.5)
    np.testing.assert_allclose(found, wanted, atol=1e-3)
    assert np.abs(found).max() <= 10 ** (-3.5 / 20) + 1e-6


@pytest.mark.parametrize("size", [1, 500, 100_000])
def test_without_a_ceiling_nothing_is_held_back(size: int) -> None:
    stream, sound = LimitStream(RATE, None), babble(0.1, 1)
    assert np.array_equal(stream.feed(sound[:size]), sound[:size]) and stream.finish().size == 0
