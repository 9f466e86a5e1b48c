"""Written text becomes what a reader would say."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from csm_cli.text import spoken_text

READINGS = [
    # figures
    ("She was born in 1984.", "She was born in nineteen eighty-four."),
    ("It ended in 1066.", "It ended in ten sixty-six."),
    ("There were 3,000 sheep and 12 dogs.", "There were three thousand sheep and twelve dogs."),
    ("1,984 steps", "one thousand nine hundred eighty-four steps"),
    ("the 21st of May", "the twenty-first of May"),
    ("the 1920s and the 80s", "the nineteen twenties and the eighties"),
    ("Pi is 3.14, not 3.", "Pi is three point one four, not three."),
    ("50% or 2.5 %", "fifty percent or two point five percent"),
    ("pages 10–20", "pages ten to twenty"),
    ("-5 degrees, 20°C", "minus five degrees, twenty degrees Celsius"),
    ("room 007, a 4x4", "room zero zero seven, a four x four"),
    ("1½ cups, 1/2 a spoon", "one and a half cups, one half a spoon"),
    ("No. 7, #8", "Number seven, number eight"),
    # money
    ("$1, $5.50 and £0.99", "one dollar, five dollars and fifty cents and ninety-nine pence"),
    ("€2.5 million", "two point five million euros"),
    ("$1,200.", "one thousand two hundred dollars."),
    # times
    ("at 9:30", "at nine thirty"),
    ("at 9:05 pm, at 7:00", "at nine oh five p.m., at seven o'clock"),
    ("It is 5 p.m.", "It is five p.m."),
    # abbreviations and initials
    ("Mr. and Mrs. Hill met Dr. Grey.", "Mister and Missus Hill met Doctor Grey."),
    ("from St. Ives to Baker St.", "from Saint Ives to Baker Street."),
    ("tea, milk, etc.", "tea, milk, et cetera."),
    ("fruit, e.g. pears", "fruit, for example pears"),
    ("J. R. R. Tolkien and John F. Kennedy", "J R R Tolkien and John F Kennedy"),
    ("We need Plan B. Then we go.", "We need Plan B. Then we go."),
    ("He lives in the U.S.A.", "He lives in the U S A."),
    # signs
    ("salt & pepper, R&B", "salt and pepper, R and B"),
    ("“Come in,” she said — ‘now’…", "\"Come in,\" she said - 'now'..."),
    ("well--perhaps", "well - perhaps"),
    ("ﬁne　ｗｏｒｄｓ, x²", "fine words, x squared"),
    ("  a \n b\t c ", "a b c"),
    ("so\u00adft hy\u200bphen", "soft hyphen"),
]


@pytest.mark.parametrize(("written", "said"), READINGS, ids=[written for written, _ in READINGS])
def test_reading(written: str, said: str) -> None:
    assert spoken_text(written) == said


@given(st.lists(st.from_regex(r"[A-Za-z][a-z]{0,8}[,;!?]?", fullmatch=True), min_size=1))
def test_plain_words_stay_as_they_are(words: list[str]) -> None:
    assert spoken_text("  ".join(words)) == " ".join(words)


mixed = st.one_of(
    st.text(),
    st.text(alphabet="0123456789.,:-/%$£€½°#–stndrhapm& ABDr'\""),
    st.lists(st.sampled_from([word for written, _ in READINGS for word in written.split()])).map(" ".join),
)


@given(mixed)
def test_any_text_becomes_one_line_without_figures(text: str) -> None:
    said = spoken_text(text)
    assert not re.search("[0-9]", said)
    assert said == " ".join(said.split())


@pytest.mark.parametrize("said", [said for _, said in READINGS])
def test_what_is_spoken_stays_so(said: str) -> None:
    assert spoken_text(said) == said


@given(st.text(alphabet=st.characters(categories=["L", "Nd"]), min_size=1))
def test_letters_and_figures_never_fall_silent(text: str) -> None:
    assert any(map(str.isalnum, spoken_text(text)))


@pytest.mark.parametrize(
    "part", ["£1 2", ":-) ", "* ", "a 5 km ", "10:1 ", "1/2/", "May 3-", "at 2000 hours ", "x3 "]
)
def test_the_longest_line_is_read_in_the_end(part):
    assert spoken_text(part * (100_000 // len(part))).count("  ") == 0
