"""Numbers as English words, American style, without "and"; numbers of other languages."""

from __future__ import annotations

import re
from functools import cache

NUMBER = r"[0-9]{1,3}(?:,[0-9]{3})+(?![0-9])|[0-9]{1,2}(?:,[0-9]{2})+,[0-9]{3}(?![0-9])|[0-9]+"
"""Pattern of a whole number; a comma belongs to it only between groups of three figures."""
COUNTED = (
    r" (?:[a-z]+(?:ed|al|ful|ous|ing|an|ish|y|er|ic) )?(?:(?!was|is|his|this|as|does|has|across|unless"
    r"|always|perhaps"
    r"|towards|besides|sometimes|plus|versus|its|us|yes|thus|less|series|bus|gas|lens|\w*ss|sells|looks|comes|goes|runs|stands|makes|takes"
    r"|needs|wants|says|gets|gives|works|plays|wins|leads|seems|means|shows|lies|begins|starts|ends|remains|becomes"
    r"|belongs|contains|includes|follows|holds|reads|opens|closes|costs|equals)[a-z]{2,}s|people|men|women|children|feet"
    r"|sheep|fish|deer|mice|geese|teeth|oxen|cattle|police|percent|(?:hundred|thousand|million|billion))\b"
)
"""Pattern of what is counted, behind a number: " men", " old houses"; guessed by its plural."""
_SMALL = ["zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven"]
_SMALL += ["twelve", "thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen"]
_TENS = ["", "", "twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety"]
_SCALES = ["", " thousand", " million", " billion", " trillion"]
_LARGEST = 10**15 - 1
_ORDINALS = {
    "one": "first",
    "two": "second",
    "three": "third",
    "five": "fifth",
    "eight": "eighth",
    "nine": "ninth",
    "twelve": "twelfth",
}


def cardinal(number: int) -> str:
    """ "one hundred twenty-one"; negative numbers begin with "minus".

    Numbers of 16 digits and more are spelled digit by digit.
    """
    if number < 0:
        return f"minus {cardinal(-number)}"
    if number > _LARGEST:
        return digits(str(number))
    if number < 1000:
        return _below_thousand(number)
    parts = []
    for scale in _SCALES:
        number, low = divmod(number, 1000)
        if low:
            parts.append(_below_thousand(low) + scale)
        if not number:
            break
    return " ".join(reversed(parts))


def ordinal(number: int) -> str:
    """ "twenty-first"; 0 or more."""
    words = cardinal(number)
    cut = max(words.rfind(" "), words.rfind("-")) + 1
    head, last = words[:cut], words[cut:]
    if last in _ORDINALS:
        return head + _ORDINALS[last]
    return head + (last[:-1] + "ieth" if last.endswith("y") else last + "th")


def year(number: int) -> str:
    """ "nineteen eighty-four", "nineteen oh five", "nineteen hundred", "two thousand one"; 0 or more."""
    century, rest = divmod(number, 100)
    if not 10 <= century <= 99 or (century % 10 == 0 and rest < 10):
        return cardinal(number)
    if rest == 0:
        return f"{_below_thousand(century)} hundred"
    return f"{_below_thousand(century)} {with_oh(rest)}"


def with_oh(number: int) -> str:
    """ "oh five", "forty-five": two figures of a year or of minutes."""
    return f"oh {cardinal(number)}" if number < 10 else cardinal(number)


def paired(figures: str) -> str:
    """Three or four digits of a house or a model: "two twenty-one", "one oh one", "fourteen hundred"."""
    if figures.startswith("0"):
        return digits(figures)
    head, rest = divmod(int(figures), 100)
    if not rest:
        return cardinal(int(figures)) if head % 10 == 0 else f"{_below_thousand(head)} hundred"
    return f"{_below_thousand(head)} {with_oh(rest)}"


def decimal(text: str) -> str:
    """ "3.14" as "three point one four"; digits with any number of points: also "1.2.3"."""
    whole, *fractions = text.split(".")
    return " point ".join([whole_number(whole), *(digits(part) for part in fractions)])


def whole_number(text: str) -> str:
    """Digits, with or without thousands separators, as a number; "007" and very long ones digit by digit."""
    plain = text.replace(",", "")
    if len(plain) > 15 or (plain.startswith("0") and len(plain) > 1):
        return digits(plain)
    return cardinal(int(plain))


_ENDLESS = re.compile(r"[0-9][0-9.,:/'⁰¹²³⁴⁵⁶⁷⁸⁹-]{59,}")


def spell_endless(text: str) -> str:
    """`text` with figures of 60 characters and more digit by digit: no other rule looks at them."""
    return _ENDLESS.sub(lambda match: _spelled(match[0]), text)


def _spelled(figures: str) -> str:
    words = [_SMALL[int(char)] if char.isdecimal() else "point" if char == "." else "" for char in figures]
    return " ".join(filter(None, words)) + ("." if figures.endswith(".") else "")


def digits(text: str) -> str:
    """ "four one six": each of the digits 0-9 by itself."""
    return " ".join(_SMALL[int(digit)] for digit in text)


def plural(words: str) -> str:
    """The plural of a number in words: "nineteen eighties", "twenties", "sixes"."""
    if words.endswith("y"):
        return words[:-1] + "ies"
    return words + ("es" if words.endswith("x") else "s")


def _below_thousand(number: int) -> str:
    if number < 20:
        return _SMALL[number]
    if number < 100:
        tens, ones = divmod(number, 10)
        return f"{_TENS[tens]}-{_SMALL[ones]}" if ones else _TENS[tens]
    hundreds, rest = divmod(number, 100)
    head = f"{_SMALL[hundreds]} hundred"
    return f"{head} {_below_thousand(rest)}" if rest else head


_FOREIGN_NUMBER = re.compile(r"(?<![\w.,:/-])[0-9]{1,12}(?:[.,][0-9]{1,6})?(?![\w]|[.,:/-][0-9])")
_FOREIGN_POINT = re.compile("[.,]")


@cache
def has_numbers(language: str) -> bool:
    """Whether num2words is installed and has the language."""
    return _foreign_words("1", language) != "1"


def numbers_in(text: str, language: str) -> str:
    """`text` with whole and decimal numbers in words of `language`; anything else is unchanged."""
    if not has_numbers(language):
        return text
    return _FOREIGN_NUMBER.sub(lambda match: _foreign_words(match[0], language), text)


@cache
def _foreign_words(number: str, language: str) -> str:
    try:
        from num2words import num2words
    except ImportError:
        return number
    if len(number) > 1 and number.startswith("0") and number.isdigit():
        return number  # a telephone number, or 007
    value = float(_FOREIGN_POINT.sub(".", number)) if _FOREIGN_POINT.search(number) else int(number)
    for tag in (language.replace("-", "_"), language.split("-")[0]):
        try:
            return str(num2words(value, lang=tag))
        except (NotImplementedError, KeyError, TypeError, ValueError, OverflowError):
            continue
    return number
