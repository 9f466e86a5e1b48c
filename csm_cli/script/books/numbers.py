"""Numbers of chapters, read and written: "12", "XII", "Twelve", "the Twelfth", "One Hundred and Two"."""

from __future__ import annotations

import re
from typing import Literal, NamedTuple

Form = Literal["digits", "roman", "word"]


class Number(NamedTuple):
    """A number at the beginning of a text; `end` is the index behind it."""

    value: int
    form: Form
    end: int


def _words(text: str) -> list[str]:
    return text.split()


_SMALL = _words(
    "one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen "
    "seventeen eighteen nineteen"
)
_SMALL_ORDINALS = _words(
    "first second third fourth fifth sixth seventh eighth ninth tenth eleventh twelfth thirteenth "
    "fourteenth fifteenth sixteenth seventeenth eighteenth nineteenth"
)
_TENS = _words("twenty thirty forty fifty sixty seventy eighty ninety")
_ONES = {word: value for words in (_SMALL, _SMALL_ORDINALS) for value, word in enumerate(words, 1)}
_TENS_VALUES = {word: 10 * value for value, word in enumerate(_TENS, 2)}
_TENS_VALUES |= {f"{word[:-1]}ieth": value for word, value in _TENS_VALUES.items()}
_HUNDREDS = ("hundred", "hundredth")
_DIGITS = re.compile(r"(\d{1,4})(?:st|nd|rd|th|[a-c])?(?!\w)", re.IGNORECASE)
_ROMAN = re.compile(r"([IVXLCDM]{1,9}|[ivxlcdm]{1,9})(?![\w'’])")
_ROMAN_FORM = re.compile(r"(?:C{0,4}|CD|D)(?:XC|XL|L?X{0,4})(?:IX|IV|V?I{0,4})")
_ROMAN_VALUES = {"I": 1, "V": 5, "X": 10, "L": 50, "C": 100, "D": 500, "M": 1000}
_WORD = re.compile(r"[^\W\d_]+(?:[-‐‑][^\W\d_]+)*")
_MOST_WORDS = 6
_MOST = 10_000
_ROMAN_LETTERS = (
    *((1000, "m"), (900, "cm"), (500, "d"), (400, "cd"), (100, "c"), (90, "xc"), (50, "l"), (40, "xl")),
    *((10, "x"), (9, "ix"), (5, "v"), (4, "iv"), (1, "i")),
)


def leading_number(text: str) -> Number | None:
    """The number with which `text` begins, the longest one; None: there is none."""
    if digits := _DIGITS.match(text):
        return Number(int(digits[1]), "digits", digits.end())
    if (roman := _ROMAN.match(text)) and (value := roman_value(roman[1])):
        return Number(value, "roman", roman.end())
    words, ends = list[str](), list[int]()
    at = 0
    while len(words) < _MOST_WORDS and (word := _WORD.match(text, at)):
        words.append(word[0].lower())
        ends.append(word.end())
        at = word.end()
        if not text[at : at + 1].isspace():
            break
        at += len(text) - at - len(text[at:].lstrip())
    for many in range(len(words), 0, -1):
        if value := _value(words[:many]):
            return Number(value, "word", ends[many - 1])
    return None


def roman_value(text: str) -> int:
    """The value of a Roman number up to 899; 0: `text` is none."""
    letters = text.upper()
    if not letters or not _ROMAN_FORM.fullmatch(letters):
        return 0
    return roman_sum(letters)


def roman_sum(letters: str) -> int:
    """What Roman numerals in capitals come to, in whatever order they stand."""
    values = [_ROMAN_VALUES[letter] for letter in letters]
    return sum(
        -value if value < following else value
        for value, following in zip(values, [*values[1:], 0], strict=False)
    )


def number_of(text: str) -> int:
    """A whole number that a document has as text, at most 10,000; 0 if it is none."""
    return min(int(text), _MOST) if text.isascii() and text.isdecimal() and len(text) < 9 else 0


def written_number(number: int, format: str) -> str:
    """A number in one of Word's formats, such as "upperRoman" or "lowerLetter"; else in figures."""
    if format in ("upperLetter", "lowerLetter") and number > 0:
        letters = chr(97 + (number - 1) % 26) * ((number - 1) // 26 % 3 + 1)
        return letters.upper() if format == "upperLetter" else letters
    if format in ("upperRoman", "lowerRoman"):
        text = ""
        for value, letters in _ROMAN_LETTERS:
            text += letters * (number // value)
            number %= value
        return text.upper() if format == "upperRoman" else text
    return str(number)


def _value(words: list[str]) -> int:
    """The value of a number in words, in lower case; 0: they are none."""
    parts = [part for word in words for part in re.split("[-‐‑]", word)]
    if parts[0] == "the":
        parts = parts[1:]
    hundreds = 0
    for at, part in enumerate(parts):
        if part in _HUNDREDS:
            before = parts[:at]
            if before not in ([], ["a"]) and (len(before) != 1 or before[0] not in _SMALL[:9]):
                return 0
            hundreds = 100 * (_ONES[before[0]] if before and before != ["a"] else 1)
            parts = parts[at + 1 :]
            if parts[:1] == ["and"]:
                parts = parts[1:]
                if not parts:
                    return 0
            break
    if not parts:
        return hundreds
    if len(parts) == 1:
        rest = _ONES.get(parts[0], 0) or _TENS_VALUES.get(parts[0], 0)
    elif len(parts) == 2 and parts[0] in _TENS and 0 < _ONES.get(parts[1], 0) < 10:
        rest = _TENS_VALUES[parts[0]] + _ONES[parts[1]]
    else:
        rest = 0
    return hundreds + rest if rest else 0
