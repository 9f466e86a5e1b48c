"""Numbers as words, checked against expected readings and by parsing the words back into numbers."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from csm_cli.text.numbers import cardinal, decimal, ordinal, plural, whole_number, year

_UNITS = ["zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven"]
_UNITS += ["twelve", "thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen"]
_TENS = {
    "twenty": 20,
    "thirty": 30,
    "forty": 40,
    "fifty": 50,
    "sixty": 60,
    "seventy": 70,
    "eighty": 80,
    "ninety": 90,
}
_SCALES = {"thousand": 10**3, "million": 10**6, "billion": 10**9, "trillion": 10**12}


def value_of(words: str) -> int:
    """The number that cardinal words stand for."""
    total = group = 0
    for word in words.replace("-", " ").split():
        if word in _SCALES:
            total, group = total + group * _SCALES[word], 0
        elif word == "hundred":
            group *= 100
        else:
            group += _TENS[word] if word in _TENS else _UNITS.index(word)
    return total + group


@given(st.one_of(st.integers(0, 2000), st.integers(0, 10**15 - 1)))
def test_a_cardinal_can_be_read_back(number: int) -> None:
    assert value_of(cardinal(number)) == number


@given(st.integers(min_value=10**15))
def test_a_number_too_long_to_say_is_spelled(number: int) -> None:
    assert [_UNITS.index(word) for word in cardinal(number).split()] == [int(digit) for digit in str(number)]


@given(st.integers(0, 9999))
def test_a_year_can_be_read_back(number: int) -> None:
    words = year(number).replace(" oh ", " ")
    century, rest = divmod(number, 100)
    if "thousand" in words or number < 1000:
        assert value_of(words) == number
    elif rest:
        head = cardinal(century)
        assert words.startswith(f"{head} ") and value_of(words.removeprefix(head)) == rest
    else:
        assert words == f"{cardinal(century)} hundred"


@pytest.mark.parametrize(
    ("number", "words"),
    [
        (1984, "nineteen eighty-four"),
        (1900, "nineteen hundred"),
        (1905, "nineteen oh five"),
        (2000, "two thousand"),
        (2009, "two thousand nine"),
        (2026, "twenty twenty-six"),
        (1066, "ten sixty-six"),
    ],
)
def test_years_as_they_are_said(number: int, words: str) -> None:
    assert year(number) == words


@pytest.mark.parametrize(
    ("number", "words"),
    [
        (0, "zeroth"),
        (1, "first"),
        (12, "twelfth"),
        (20, "twentieth"),
        (21, "twenty-first"),
        (103, "one hundred third"),
        (1_000_000, "one millionth"),
    ],
)
def test_ordinals(number: int, words: str) -> None:
    assert ordinal(number) == words


def test_decimals_spell_what_follows_the_point() -> None:
    assert decimal("3.14") == "three point one four"
    assert decimal("1,000.05") == "one thousand point zero five"
    assert decimal("1.2.3") == "one point two point three"


def test_leading_zeros_are_said() -> None:
    assert whole_number("007") == "zero zero seven"
    assert whole_number("0") == "zero"


def test_plurals_of_numbers() -> None:
    assert [plural(word) for word in ("twenty", "six", "ten")] == ["twenties", "sixes", "tens"]


def test_minus() -> None:
    assert cardinal(-5) == "minus five"
