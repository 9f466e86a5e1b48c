"""Long text in pieces: no word lost, no piece too long, breaks where a reader breathes."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from csm_cli.text import split_text

prose = st.lists(st.from_regex(r"[A-Za-z]{1,12}[.,;:!?]?", fullmatch=True), max_size=60).map(" ".join)


@given(prose, st.integers(13, 80))
def test_pieces_hold_all_words_in_order_within_the_limit(text: str, limit: int) -> None:
    pieces = split_text(text, limit)
    assert " ".join(pieces).split() == text.split()
    assert all(0 < len(piece) <= limit for piece in pieces)


@given(st.text(), st.integers(1, 12))
def test_words_longer_than_the_limit_are_cut_without_loss(text: str, limit: int) -> None:
    pieces = split_text(text, limit)
    assert "".join("".join(pieces).split()) == "".join(text.split())
    assert all(0 < len(piece) <= limit for piece in pieces)


@given(prose, st.integers(13, 80))
def test_no_two_neighbours_would_fit_into_one_piece(text: str, limit: int) -> None:
    pieces = split_text(text, limit)
    assert all(len(a) + 1 + len(b) > limit for a, b in pairwise(pieces))


def test_short_text_is_one_piece() -> None:
    assert split_text("  Hello,\nyou. ", 20) == ["Hello, you."]
    assert split_text(" \n", 20) == []


def test_breaks_come_at_sentence_ends_before_commas() -> None:
    text = "She came, saw the sea. He stayed at home, and slept. They met."
    assert split_text(text, 40) == ["She came, saw the sea.", "He stayed at home, and slept. They met."]


def test_a_long_sentence_breaks_behind_a_comma_or_semicolon() -> None:
    text = "The boat turned into the wind; the old engine fell silent, and nobody spoke a word."
    assert split_text(text, 55) == [
        "The boat turned into the wind;",
        "the old engine fell silent, and nobody spoke a word.",
    ]


def test_no_tiny_tail_remains() -> None:
    pieces = split_text("one two three four five six seven eight nine ten eleven", 50)
    assert len(pieces) == 2
    assert abs(len(pieces[0]) - len(pieces[1])) <= 6


@pytest.mark.parametrize("name", ["Mr. Hill", "Dr. Grey", "St. Ives", "J. Hill"])
def test_an_abbreviation_ends_no_sentence(name: str) -> None:
    first, second = split_text(f"On that evening {name} came home. Then he sat down in the chair.", 45)
    assert first == f"On that evening {name} came home."
    assert second == "Then he sat down in the chair."


def test_a_question_inside_a_sentence_ends_none() -> None:
    pieces = split_text('"Is that the light?" she asked in a low voice. Nobody said a word to her.', 60)
    assert pieces == ['"Is that the light?" she asked in a low voice.', "Nobody said a word to her."]


def test_long_texts_split_fast_enough_to_count_as_instant() -> None:
    text = "The quick brown fox jumps over the lazy dog, and sleeps. " * 5000
    assert len(split_text(text, 250)) == 1250


def test_a_limit_below_one_is_refused() -> None:
    with pytest.raises(ValueError, match="limit must be 1 or more"):
        split_text("text", 0)


def test_a_tiny_piece_is_joined_though_its_neighbour_has_to_be_cut() -> None:
    text = "Yes. The boat turned into the wind at last, and the old engine fell silent while nobody spoke."
    assert len(text) > 92
    assert split_text(text, 92) == [
        "Yes. The boat turned into the wind at last,",
        "and the old engine fell silent while nobody spoke.",
    ]


@pytest.mark.parametrize(
    ("text", "pieces"),
    [
        (
            "“Hold on!” she cried at the top of her voice. ‘Why?’ asked the man behind the wheel.",
            ["“Hold on!” she cried at the top of her voice.", "‘Why?’ asked the man behind the wheel."],
        ),
        (
            "I thought… well, I thought that you knew about it. She had not known about it at all.",
            ["I thought… well, I thought that you knew about it.", "She had not known about it at all."],
        ),
        (
            "— Are you coming with us now? — No, I am staying here for the whole of the winter.",
            ["— Are you coming with us now?", "— No, I am staying here for the whole of the winter."],
        ),
        (
            "They met on 5 p.m. or so at the old St. Ives station. Nobody had come there, e.g. no porter.",
            [
                "They met on 5 p.m. or so at the old St. Ives station.",
                "Nobody had come there, e.g. no porter.",
            ],
        ),
    ],
    ids=["quotes", "ellipsis", "dialogue dashes", "abbreviations"],
)
def test_quotes_ellipses_dashes_and_abbreviations(text: str, pieces: list[str]) -> None:
    assert split_text(text, 60) == pieces
