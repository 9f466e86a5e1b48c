"""Whatever is written is spoken: every number and word, in any surroundings, in any language."""

from __future__ import annotations

import re
import unicodedata
from functools import cache
from importlib import resources

import pytest
from hypothesis import given
from hypothesis import strategies as st

from csm_cli.text import spoken_text
from csm_cli.text.characters import clean, without_marks
from csm_cli.text.normaliser import Normaliser
from csm_cli.text.unread import unread

NUMBER_FRAMES = [
    "He was {} years old.",
    "(see page {})",
    "They won {}-3.",
    "for children <{} years",
    "{}.",
    "It cost ${}.",
    "£{}, please",
    "Room {}",
    "in {}",
    "It was {}°C.",
    "“{},” he said.",
    "{}%",
    "#{}",
    "No. {}",
    "{} km away",
    "about {} people",
    "8:{}",
    "the {}th time",
    ":{})",
    "({})",
    "[{}]",
    "={}",
    "x{}",
    "~{}",
    "{}/{}",
    "-{}",
    "*{}*",
    "_{}_",
    "the {}s",
    "{}x{}",
    "{}, {} and {}",
    "<{}>",
    "He said {}; then",
    "a={}",
    "chapter {}",
    "{}=)",
    "8) {}",
    "{} :D",
    "at {}.",
    "I have {} <3",
]
WORD_FRAMES = [
    "{}",
    "the {} came",
    "“{}”",
    "({})",
    "*{}*",
    "_{}_ was",
    "{}!",
    ":{})",
    ";{} ",
    "8{}",
    "={}=",
    "<{}>",
    "[{}]",
    "no. {}",
    "{} & {}",
    "{}… {}",
    "—{}—",
    "~{}~",
    "{}/{}",
    ":-{}",
]
MARKS = "!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~“”‘’«»–—…→×±≈°€£¥§©™•†¢"


def letters(text: str) -> str:
    """Letters and figures alone, in their plain forms."""
    return re.sub(r"[\W_]", "", unicodedata.normalize("NFKC", text))


def check(text: str) -> None:
    """Nothing with a letter or a figure is cleaned away, and the spoken form has every figure and word."""
    kept = without_marks(clean(text))
    assert letters(kept) == letters(text) or re.search(r"\bheart$|\blove ", kept), (text, kept)
    assert not unread(text, spoken_text(text)), (text, spoken_text(text))


@cache
def dictionary() -> list[str]:
    """The words of the dictionary of PocketSphinx."""
    file = resources.files("pocketsphinx") / "model" / "en-us" / "cmudict-en-us.dict"
    words = (line.split(" ")[0] for line in file.read_text(encoding="utf-8").splitlines())
    return [word for word in words if word.isalpha()]


@pytest.mark.parametrize("frame", NUMBER_FRAMES)
def test_every_tenth_number_to_10_000_is_spoken(frame):
    for number in range(len(frame) % 10, 10_001, 10):
        check(frame.replace("{}", str(number)))


@given(st.sampled_from(NUMBER_FRAMES), st.integers(0, 10**9))
def test_any_number_is_spoken(frame, number):
    check(frame.replace("{}", str(number)))


@pytest.mark.parametrize("frame", WORD_FRAMES)
def test_no_word_of_a_dictionary_is_cleaned_away(frame):
    other = Normaliser("de")
    for word in dictionary()[len(frame) % 17 :: 17]:
        text = frame.replace("{}", word)
        assert letters(without_marks(clean(text))) == letters(text)
        assert word in other.normalise(text), text


@pytest.mark.parametrize("word", ["D", "p", "83", "8", "3", "May", "xD", "hello", "0"])
def test_no_pair_of_marks_takes_a_word_or_a_figure_away(word):
    other = Normaliser("de")
    for first in MARKS:
        for last in MARKS:
            text = f"so {first}{word}{last} there"
            check(text)
            said = other.normalise(text)
            assert word in said or (word.isdigit() and letters(said) != "sothere"), (text, said)


@pytest.mark.parametrize(
    ("written", "spoken", "missing"),
    [
        ("He was 83 years old.", "He was years old.", ["83"]),
        ("He was 83 years old.", "He was eighty-three years old.", []),
        ("In 1905, on 3/4", "In nineteen oh five, on March fourth", []),
        ("The steamboat came.", "The came.", ["steamboat"]),
        ("007 and 1,200", "zero zero seven and one thousand two hundred", []),
        ("1,200", "one thousand twenty", ["1200"]),
    ],
)
def test_what_the_spoken_form_lacks_is_named(written, spoken, missing):
    assert unread(written, spoken) == missing


def test_a_word_of_the_lexicon_may_be_said_otherwise():
    assert not unread("Hermione came at 7", "Her my oh nee came at seven", {"Hermione"})
