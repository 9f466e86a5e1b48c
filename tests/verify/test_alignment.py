"""Words compared: as the plain recurrence has it, and the part of a text that a transcript has."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from csm_cli.verify.alignment import agreement, align, words_of

words = st.lists(st.sampled_from("abcd"), max_size=8)


def distance(expected, found_words):
    row = list(range(len(found_words) + 1))
    for i, word in enumerate(expected, 1):
        row, before = [i], row
        for j, other in enumerate(found_words, 1):
            row.append(min(before[j] + 1, row[-1] + 1, before[j - 1] + (word != other)))
    return row[-1]


@given(words, words)
def test_errors_are_the_levenshtein_distance(expected, found_words):
    found = align(expected, found_words)
    assert found.errors == distance(expected, found_words)
    assert 0 <= found.hits <= min(len(expected), len(found_words))
    assert found.errors >= len(expected) - found.hits
    first, end = found.span
    assert found.hits <= end - first <= len(expected)


@given(words, words, words)
def test_a_part_of_a_text_is_found(before, middle, after):
    found = align([*"xyz", *before, *middle, *after, *"uvw"], middle, part=True)
    assert found.errors == 0
    assert found.hits == len(middle)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Don't stop—it’s 5 o'clock.", "dont stop its five oclock"),
        ("Café, naïve; “quoted” [aside]", "cafe naive quoted aside"),
        ("…!?", ""),
        ("well-known", "well known"),
    ],
)
def test_words(text, expected):
    assert words_of(text) == expected.split()


def test_agreement_counts_hits_and_errors():
    found = agreement("The keeper lit the lamp at 9.", "the keeper let the lamp at nine")
    assert (found.words, found.hits, found.errors) == (7, 6, 1)
    assert found.share == pytest.approx(6 / 7)
    assert found.error_rate == pytest.approx(1 / 7)
    assert agreement("", "anything").share == 1
    assert agreement("Some words", "").hits == 0
