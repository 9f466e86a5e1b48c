"""Roman numerals where they are meant as such: in headings, behind "Chapter" and the names of kings."""

from __future__ import annotations

import re

from csm_cli.text.numbers import cardinal, ordinal

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
_ALONE = re.compile(rf"({_NUMERAL})[.)]?")  # a single letter needs the full stop: "I" may be anybody
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
    """The number that a Roman numeral of I, V, X, L and C stands for."""
    values = [_VALUES[letter] for letter in numeral.upper()]
    pairs = zip(values, [*values[1:], 0], strict=True)
    return sum(-value if value < following else value for value, following in pairs)


def roman_numerals(text: str) -> str:
    """`text` with its Roman numerals in words."""
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
    """ "Henry VIII" is the eighth; "Charles I" is the first, unless Charles is talking to somebody."""
    numeral = match[3]
    if not numeral or (numeral == "I" and not match[4] and not _ONE_REIGNS.match(match[5])):
        return match[0]
    return f"{match[1]} the {ordinal(roman_value(numeral))}"
