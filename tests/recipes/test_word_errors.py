"""What counts as a word error of a transcript, and what sounds the same."""

import pytest

from recipes.demo_voice.word_errors import word_errors

PRONUNCIATIONS = {
    "knight": "nˈIt",
    "night": "nˈIt",
    "grey": "ɡɹˈA",
    "gray": "ɡɹˈA",
    "fireplace": "fˈIəɹplˌAs",
    "fire": "fˈIəɹ",
    "place": "plˈAs",
    "fire place": "fˈIəɹ plˈAs",
}


def sounds(words: str) -> str:
    return PRONUNCIATIONS.get(words, words)


@pytest.mark.parametrize(
    ("text", "heard"),
    [
        ("Wait, what about people?", "wait what about People"),
        ("There were twenty-three of them.", "There were 23 of them."),
        ("One hundred and five pages.", "105 pages"),
        ("Nineteen oh five.", "1905."),
        ("One thousand nine hundred five.", "1,905"),
        ("It's late; I can't stay and they've gone.", "It is late, I cannot stay and they have gone."),
        ("A well-known face.", "A well known face."),
        ("The café is open.", "the cafe is open"),
        ("It was a fire place.", "It was a fireplace."),
    ],
)
def test_the_same_words_written_otherwise_are_no_errors(text, heard):
    assert word_errors(text, heard).errors == 0


@pytest.mark.parametrize(
    ("text", "heard", "errors"),
    [
        ("The cat sat on the mat.", "The cat sat the mat.", 1),
        ("The cat sat on the mat.", "The cat sat on on the mat.", 1),
        ("The cat sat on the mat.", "The cat sat on the map.", 1),
        ("The cat sat on the mat.", "", 6),
        ("It is late.", "It isn't late.", 1),
        ("Salt and pepper.", "Salt pepper.", 1),
        ("He came and went.", "He came in, went.", 1),
    ],
)
def test_words_left_out_repeated_or_replaced_are_errors(text, heard, errors):
    assert word_errors(text, heard).errors == errors


def test_words_of_the_same_sound_are_no_errors_where_pronunciations_are_known():
    text, heard = "The knight sat by the grey fireplace.", "The night sat by the gray fire place."
    assert word_errors(text, heard, [sounds]).errors == 0
    assert word_errors(text, heard).errors == 2  # a fire place is a fireplace by its letters too


def test_a_stretch_counts_if_it_sounds_otherwise_even_beside_one_that_sounds_the_same():
    assert word_errors("a grey fireplace", "a gray candle", [sounds]).errors == 1


def test_sounds_of_a_second_accent_are_tried_where_the_first_differs():
    def british(words: str) -> str:
        return {"caught": "kˈɔːt", "court": "kˈɔːt"}.get(words, words)

    assert word_errors("He was caught.", "He was court.", [sounds]).errors == 1
    assert word_errors("He was caught.", "He was court.", [sounds, british]).errors == 0


def test_the_words_are_those_of_the_text():
    assert word_errors("Chapter twenty-one.", "chapter").words == 3
