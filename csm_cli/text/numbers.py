"""Numbers as English words, American style, without "and"; Roman numerals; numbers of other languages."""

from __future__ import annotations

import re
from functools import cache

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
    tail = f"oh {_SMALL[rest]}" if rest < 10 else _below_thousand(rest)
    return f"{_below_thousand(century)} {tail}"


def paired(figures: str) -> str:
    """Three or four digits of a house or a model: "two twenty-one", "one oh one", "fourteen hundred"."""
    if figures.startswith("0"):
        return digits(figures)
    head, rest = divmod(int(figures), 100)
    if not rest:
        return cardinal(int(figures)) if head % 10 == 0 else f"{_below_thousand(head)} hundred"
    tail = f"oh {_SMALL[rest]}" if rest < 10 else _below_thousand(rest)
    return f"{_below_thousand(head)} {tail}"


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


_NUMERAL = r"(?=[IVXLC])(?:XC|XL|L?X{0,3})(?:IX|IV|V?I{0,3})|C{1,3}(?:XC|XL|L?X{0,3})(?:IX|IV|V?I{0,3})"
_PARTS = (
    "Chapter|Part|Book|Act|Scene|Volume|Section|Canto|Article|Appendix|Phase|Type|Class|Stage|Grade|Level"
    "|World War|Psalm|Figure|Table|Plate|Letter|Number|Sonnet|Super Bowl|Episode|Season|Lesson|Verse"
)
_NAMES = (
    "Albert|Alexander|Alfonso|Baldwin|Benedict|Boniface|Carlos|Catherine|Charles|Christian|Clement|Constantine"
    "|David|Edward|Elizabeth|Ferdinand|Francis|Frederick|George|Gregory|Gustav|Haakon|Harald|Henry|Innocent"
    "|Ivan|James|John|John Paul|Julius|Leo|Leopold|Louis|Margaret|Mary|Napoleon|Nicholas|Olaf|Otto|Paul|Peter"
    "|Philip|Pius|Ptolemy|Ramses|Rameses|Richard|Robert|Sixtus|Thutmose|Umberto|Urban|Victor|Wilhelm|William"
)
_RULERS = "King|Queen|Pope|Emperor|Empress|Tsar|Czar|Kaiser|Pharaoh|Prince"
_ALONE = re.compile(rf"({_NUMERAL})[.)]?")  # a single letter needs the full stop: "I" may be the pronoun
_BEHIND_PART = re.compile(
    rf"\b({_PARTS}|{_PARTS.lower()}|{_PARTS.upper()})(\s+)({_NUMERAL}|[ivx]{{1,5}})(?![\w'])"
)
_WAR = re.compile(r"\bWW ?(II?|[12])\b")
_BEHIND_NAME = re.compile(
    rf"\b((?:{_NAMES})|(?:{_RULERS})\s+[A-Z]\w+)(\s+)({_NUMERAL})(?=('s)?(?!\w)(.?.?.?))"
)
_VALUES = {"I": 1, "V": 5, "X": 10, "L": 50, "C": 100}
_ONE_REIGNS = re.compile(r"[,.;:!?)\"']|$| (?:of|wa|ha|di|re|is|an)")


def roman_value(numeral: str) -> int:
    """The value of a Roman numeral of I, V, X, L and C."""
    values = [_VALUES[letter] for letter in numeral.upper()]
    pairs = zip(values, [*values[1:], 0], strict=True)
    return sum(-value if value < following else value for value, following in pairs)


def roman_numerals(text: str) -> str:
    """`text` with Roman numerals in words after a part of a book, a ruler's name and the like."""
    if not re.search(r"\bWW|\b[IVXLCivx]", text):
        return text
    if (alone := _ALONE.fullmatch(text)) and alone[1] and len(text) > 1:
        return cardinal(roman_value(alone[1])).capitalize() + ("." if text.endswith(".") else "")
    text = _WAR.sub(lambda match: f"World War {'two' if match[1] in ('II', '2') else 'one'}", text)
    text = _BEHIND_PART.sub(_part, text)
    return _BEHIND_NAME.sub(_reign, text)


def _part(match: re.Match[str]) -> str:
    numeral = match[3]
    if numeral == "I" and match[1] == "act" and re.match(r",? scene\b", match.string[match.end() :]):
        return f"{match[1]}{match[2]}one"
    valid = numeral not in ("", "C", "L") and re.fullmatch(_NUMERAL, numeral.upper())  # Appendix C
    if not valid or (numeral == "I" and match[1].islower()):
        return match[0]
    return f"{match[1]}{match[2]}{cardinal(roman_value(numeral))}"


def _reign(match: re.Match[str]) -> str:
    """ "Henry VIII" is the eighth; "Charles I" is the first, unless the I is the pronoun."""
    numeral = match[3]
    if not numeral or (numeral == "I" and not match[4] and not _ONE_REIGNS.match(match[5])):
        return match[0]
    return f"{match[1]} the {ordinal(roman_value(numeral))}"


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
