"""When words are spoken, from the sound alone: in order, within it, where its pauses are."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from csm_cli.audio.word_times import LEAST_SECONDS, WordTime, expected_seconds, placed, settled, word_times

RATE = 8000


def sound(*stretches: float) -> np.ndarray:
    """Noise and silence by turns, of so many seconds each."""
    random = np.random.default_rng(0)
    pieces = [
        random.normal(0, 0.0 if number % 2 else 0.1, round(seconds * RATE))
        for number, seconds in enumerate(stretches)
    ]
    return np.concatenate(pieces).astype(np.float32)


def in_order(spans, start, end) -> bool:
    edges = [start, *(edge for span in spans for edge in span), end]
    return all(a <= b + 1e-9 for a, b in pairwise(edges))


@settings(max_examples=60)
@given(
    st.lists(st.floats(0.01, 1.5), min_size=1, max_size=9),
    st.lists(st.text(max_size=12), max_size=30),
    st.dictionaries(st.integers(-2, 40), st.tuples(st.floats(-5, 20), st.floats(-5, 20)), max_size=20),
    st.booleans(),
)
def test_any_sound_any_words(stretches, words, known, silent) -> None:
    audio = sound(*stretches)
    audio = np.zeros_like(audio) if silent else audio
    spans = word_times(audio, RATE, words, known)
    room = audio.size / RATE >= LEAST_SECONDS * len(words)
    assert len(spans) == (len(words) if room else 0)
    assert in_order(spans, 0, audio.size / RATE)
    assert all(end - start >= LEAST_SECONDS - 1e-9 for start, end in spans)
    assert word_times(audio, RATE, words, known) == spans, "no chance in it"


@given(
    st.lists(st.tuples(st.floats(-9, 9), st.floats(-9, 9)), min_size=1, max_size=30),
    st.floats(-3, 3),
    st.floats(0, 5),
)
def test_any_spans_are_settled_within_two_times(spans, start, length) -> None:
    found = settled(spans, start, start + length)
    assert len(found) in (0, len(spans))
    assert bool(found) == (start + length - start >= LEAST_SECONDS * len(spans))
    assert in_order(found, start, start + length)
    words = [WordTime(number, number + 1, *span) for number, span in enumerate(spans)]
    assert in_order(
        [each[2:] for each in placed(words, 0.5, start, start + length)], start - 1e-6, start + length + 1e-6
    )


def test_words_stand_on_either_side_of_the_pause() -> None:
    words = ["One", "word", "here,", "and", "then", "several", "others", "follow", "it.", "Done."]
    spans = word_times(sound(0.9, 0.4, 2.0, 0.5, 0.4), RATE, words)
    assert spans[2][1] == pytest.approx(0.9, abs=0.03) and spans[3][0] == pytest.approx(1.3, abs=0.03)
    assert spans[8][1] == pytest.approx(3.3, abs=0.03) and spans[9][0] == pytest.approx(3.8, abs=0.03)
    assert spans[0][0] == pytest.approx(0.0, abs=0.02) and spans[-1][1] == pytest.approx(4.2, abs=0.02)


def test_a_silence_inside_a_word_is_no_pause() -> None:
    spans = word_times(sound(0.25, 0.06, 0.25), RATE, ["apparently"])
    assert spans == [pytest.approx((0.0, 0.56), abs=0.02)]


def test_what_a_recogniser_found_stays_and_the_rest_lies_between() -> None:
    words = ["We", "saw", "the", "lighthouse", "there."]
    known = {0: (0.1, 0.3), 1: (0.3, 0.6), 3: (0.8, 1.5)}
    spans = word_times(sound(2.0), RATE, words, known)
    assert [spans[place] for place in known] == list(known.values())
    assert spans[2] == pytest.approx((0.6, 0.8)) and spans[4] == pytest.approx((1.5, 2.0), abs=0.02)
    few = word_times(sound(2.0), RATE, words, {3: (0.1, 0.2)})
    assert few == word_times(sound(2.0), RATE, words), "one word of five is not enough to go by"


def test_long_words_take_longer() -> None:
    lengths = [expected_seconds(word) for word in ("a", "the", "stone", "banana", "extraordinary")]
    assert lengths == sorted(lengths) and lengths[0] > 0.05 and lengths[-1] < 1.2
