"""Whether a transcript has the words of a text."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from csm_cli.verify.words import compare, corrections, doubled, names_in

SAID = "They said that Zaphira would come in the morning."
LONG = "The keeper climbed the stairs and lit the lamp while far below a boat turned toward it."


@pytest.mark.parametrize(
    ("text", "transcript"),
    [
        (LONG, LONG.lower()),
        (LONG, "the keeper climb the stairs and lit the lamp while far below a boat turned toward it"),
        (
            "It is 10:30, and there are 21 of them here.",
            "it is ten thirty and there are twenty one of them here",
        ),
        (
            "There was a knight in the night, riding by the sea.",
            "their was a night in the knight riding by the see",
        ),
        (
            SAID,
            "they said that safira would come in the morning",
        ),
        (
            SAID,
            "they said that sapphire a would come in the morning",
        ),
        ("Zaphira!", "sapphire"),
        ("Yes.", "yes"),
        ("Oh, Zelnor.", "oh sell nor"),
        ("…", "hm"),
        ("In room one oh five sat twenty-one men.", "In room 105 sat 21 men."),
        ("It was one hundred and five, in nineteen eighty-four.", "It was 105, in 1984."),
        ("The fireplace and the grey theatre.", "The fire place and the gray theater."),
    ],
)
def test_what_is_near_enough(text, transcript):
    assert compare(text, transcript).agrees


@pytest.mark.parametrize(
    ("text", "transcript"),
    [
        (LONG, ""),
        (LONG, "the keeper climbed the stairs and lit the lamp"),
        (LONG, LONG + " toward it toward it toward it"),
        (SAID, "they said that dog wood come in the evening"),
        ("Yes.", ""),
        ("Yes.", "my goodness what a day"),
        ("Hold on!", "never"),
    ],
)
def test_what_is_not(text, transcript):
    assert not compare(text, transcript).agrees


@pytest.mark.parametrize(
    ("text", "transcript", "expected"),
    [
        ("The totaled votes are public.", "The total votes, are public", "The totaled votes, are public"),
        ("Of the twenty-one men.", "of 21 men.", "Of the 21 men."),
        ("A well-known man.", "A well no man.", "A well-known man."),
        ("They said that Zaphira left.", "They said that Safira laughs.", "They said that Safira left."),
    ],
)
def test_a_transcript_is_corrected_where_it_differs_and_nowhere_else(text, transcript, expected):
    assert corrections(text, transcript) == (transcript[:1].upper() + transcript[1:], [(expected, False)])


def test_each_difference_is_corrected_by_itself():
    _, (first, second) = corrections("He came home now.", "Then he came home, home now.")
    assert first == ("He came home, home now.", False)
    assert second == ("Then he came home now.", True)
    assert corrections("He came.", "he came")[1] == []


def test_each_short_word_is_doubled_once():
    assert doubled("It is, he said, mountainous!") == [
        "It it is, he said, mountainous!",
        "It is is, he said, mountainous!",
        "It is, he he said, mountainous!",
        "It is, he said said, mountainous!",
    ]
    assert doubled("very very far") == ["very very far far"], "what is repeated anyhow is left as it is"


def test_a_weaker_recogniser_is_given_more_room():
    transcript = "the keeper climbed his walls and let a lamp while far below a boat turned toward it"
    assert not compare(LONG, transcript, 0.1).agrees
    assert compare(LONG, transcript, 0.34).agrees


def test_names_of_the_lexicon_count_as_names():
    text = "we met the old man of quoyle by the river"
    transcript = "we met the old man of coil by the river and"
    assert compare(text, transcript).errors <= 2
    assert compare(text, transcript, names=["quoyle"]).errors == 1


def test_names_are_capitals_inside_a_sentence():
    assert names_in('The boat. It is Anna, and I know I\'m late, said Tom. "Then go."') == ["Anna", "Tom"]


@given(st.text(max_size=60), st.text(max_size=60))
def test_any_two_texts_can_be_compared(text, transcript):
    found = compare(text, transcript)
    assert 0 <= found.alike <= 1
    assert compare(text, text).agrees
