"""Figures in words: percentages, fractions, ordinals, ranges, years, decimals, whole numbers.

The rules run from the most specific to the most general; what a rule replaces has no digits left.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from csm_cli.text.numbers import (
    COUNTED,
    NUMBER,
    cardinal,
    decimal,
    ordinal,
    plural,
    spell_endless,
    whole_number,
    with_oh,
    year,
)
from csm_cli.text.scores import scores
from csm_cli.text.times import times

_FRACTIONS = {
    "½": (1, 2), "⅓": (1, 3), "⅔": (2, 3), "¼": (1, 4), "¾": (3, 4), "⅕": (1, 5), "⅖": (2, 5), "⅗": (3, 5),
    "⅘": (4, 5), "⅙": (1, 6), "⅚": (5, 6), "⅐": (1, 7), "⅛": (1, 8), "⅜": (3, 8), "⅝": (5, 8), "⅞": (7, 8),
    "⅑": (1, 9), "⅒": (1, 10),
}  # fmt: skip
_SIGNS = "".join(_FRACTIONS)
_RAISED = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹⁻⁺", "0123456789-+")
_LOWERED = str.maketrans("₀₁₂₃₄₅₆₇₈₉", "0123456789")
_POWER = re.compile("(?<=[0-9A-Za-z)])([⁻⁺]?[⁰¹²³⁴⁵⁶⁷⁸⁹]{1,9})(?![⁰¹²³⁴⁵⁶⁷⁸⁹])")
_PRODUCT = re.compile(r"(?<!\w)(?!cm|mm|km|dm|nm|ft|in|yd|mi)([a-z])([a-z])(?=[²³])")
_LOOSE = re.compile("[⁰¹²³⁴⁵⁶⁷⁸⁹₀₁₂₃₄₅₆₇₈₉]+")
FIGURE = re.compile(f"[0-9{_SIGNS}⁰¹²³⁴⁵⁶⁷⁸⁹₀₁₂₃₄₅₆₇₈₉]")
"""A character that every figure contains."""


def fraction(above: int, below: int) -> str:
    """ "one half", "three quarters", "five eighths"."""
    name = "half" if below == 2 else "quarter" if below == 4 else ordinal(below)
    if below in (100, 1000):
        name = name.removeprefix("one ")
    if above > 1:
        name = "halves" if below == 2 else f"{name}s"
    return f"{cardinal(above)} {name}"


def _fraction(match: re.Match[str]) -> str:
    """ "one half"; behind a whole number "and a half", "and three quarters"."""
    above, below = _FRACTIONS[match[2]]
    if not match[1]:
        return fraction(above, below)
    part = fraction(above, below)
    return f"{whole_number(match[1])} and {f'a{part[3:]}' if above == 1 and below in (2, 3, 4, 5) else part}"


def _decade(match: re.Match[str]) -> str:
    figures = match[1] or match[2]
    if figures in ("00", "10"):
        return {"00": "two thousands", "10": "tens"}[figures]
    return plural(year(int(figures)))


_BETWEEN_BEFORE = re.compile(r"\b[Bb]etween $")


def _years(match: re.Match[str]) -> str:
    """ "1914-18", "1984-5", "1999-00" and "1914-1918"."""
    first, last = match[1], match[2]
    joint = "and" if _BETWEEN_BEFORE.search(match.string, max(0, match.start() - 9), match.start()) else "to"
    if len(last) == 4:
        return f"{year(int(first))} {joint} {year(int(last))}"
    number = int(last)
    words = with_oh(number) if len(last) == 2 else cardinal(number)
    return f"{year(int(first))} {joint} {year(int(first[:2]) * 100 + 100) if last == '00' else words}"


def _range(match: re.Match[str]) -> str:
    first, last = (
        decimal(each.replace(",", "")) if "." in each else whole_number(each) for each in match.groups()
    )
    joint = "and" if _BETWEEN_BEFORE.search(match.string, max(0, match.start() - 9), match.start()) else "to"
    return f"{first} {joint} {last}"


def _short_year(match: re.Match[str]) -> str:
    """ "'09" and "'39-'45"."""
    years = [int(each) for each in match.groups() if each]
    return " to ".join(with_oh(number) if number else "oh oh" for number in years)


def _diggers(match: re.Match[str]) -> str:
    """ "the '49ers"."""
    words = cardinal(int(match[1]))
    return words + ("rs" if words.endswith("e") else "ers")


def _year(match: re.Match[str]) -> str:
    """1984, but for "1990 sheep were sold": what is counted is no year."""
    before = match.string[max(0, match.start() - 20) : match.start()]
    if re.match(COUNTED, match.string[match.end() : match.end() + 40]) and not _NAMED_YEAR.search(before):
        return whole_number(match[0])
    return year(int(match[0]))


def _rule(needed: str, pattern: str, words: Callable[[re.Match[str]], str], flags: int = 0) -> _Rule:
    return needed, re.compile(pattern, flags), words


_ROUND = {"10": "tens", "100": "hundreds", "1000": "thousands", "1000000": "millions"}
_Rule = tuple[str, re.Pattern[str], Callable[[re.Match[str]], str]]
_BEFORE_YEAR = (
    "in|since|by|until|till|from|before|after|year|of|AD|A D|circa|during|through|throughout|between|late"
    "|early|mid|spring|summer|autumn|fall|winter|census|copyright|born|died|dated"
)
_NAMED_YEAR = re.compile(
    r"\b(?:[Tt]he|[Tt]his|[Hh]is|[Hh]er|[Ii]ts|[Tt]heir|[Oo]ur|[Mm]y|[Aa]n?|[Ii]n|[A-Z]\w+,?) $"
)
_PAIRS: list[_Rule] = [
    _rule("-–", r"(?<![\w.,$£€-])(1[0-9]{3}|20[0-9]{2})\s?[-–]\s?'?([12][0-9]{3}|[0-9]{1,2})(?![\w-]"
        r"|[.,][0-9])",
          _years),
    _rule("'", r"(?<![\w'])'([0-9]{2})(?:\s?[-–]\s?'?([0-9]{2}))?(?![\w'])", _short_year),
    _rule("s", r"(?<![\w.,])(10|100|1,?000|1,000,000)s\b(?= of\b)", lambda m: _ROUND[m[1].replace(",", "")]),
    _rule("s", r"(?<![\w.,])'?(?:([0-9]{2}|1[0-9]{3}|20[0-9]{2})s|([1-9]0|1[0-9]{2}0|20[0-9]0)'s)\b",
          _decade),
    _rule("s", r"(?<![\w.,])(?<!umber )([0-9])'?s\b(?! [a-z]+(?:st|er)\b)",
          lambda m: plural(cardinal(int(m[1])))),
    _rule(".", r"(?<![\w.])\.(?=[0-9])", lambda m: "0."),
    _rule("-–", rf"(?<![\w.,$£€:/-])((?:{NUMBER})(?:\.[0-9]+)?)\s?[-–]\s?((?:{NUMBER})(?:\.[0-9]+)?)"
          r"(?![\w:]|-(?![a-z])|[.,/][0-9])", _range),
]  # fmt: skip
_SINGLES: list[_Rule] = [
    _rule("-–", rf"(?<![\w.,)\]–-])[-–](?=[0-9{_SIGNS}])", lambda m: "minus "),
    _rule(_SIGNS, rf"(?:({NUMBER})[\s-]?)?([{_SIGNS}])", _fraction),
    _rule(":", r"(?<=[0-9]):(?=[0-9])", lambda m: " "),
    _rule("s", r"(?<![\w'])'?([0-9]{2})ers\b", _diggers),
    _rule("", rf"({NUMBER})(?:st|nd|rd|th|ST|ND|RD|TH)\b", lambda m: ordinal(int(m[1].replace(",", "")))),
    _rule(".", rf"(?:{NUMBER})(?:\.[0-9]+)+", lambda m: decimal(m[0])),
    _rule("", r"\b([Bb]etween|[Ff]rom) (1[0-9]{3}) (and|to) (1[0-9]{3})\b(?!,[0-9])",
          lambda m: f"{m[1]} {year(int(m[2]))} {m[3]} {year(int(m[4]))}"),
    _rule("", rf"\b(?:{_BEFORE_YEAR}) 1[0-9]{{3}}\b(?!,[0-9])",
          lambda m: f"{m[0][:-4]}{year(int(m[0][-4:]))}", re.IGNORECASE),
    _rule("", r"(?<![\w.,])(?:1[1-9][0-9]{2}|20[0-9]{2})(?![\w]|,[0-9])", _year),
    _rule("", NUMBER, lambda m: whole_number(m[0])),
]  # fmt: skip
"""(characters of which every match contains one, or ""; pattern; its words): others are skipped quickly."""
_ORDINALS = re.compile(r"(?<=[0-9])(st|nd|rd|th)\s?[-–]\s?(?=[0-9]+(?:st|nd|rd|th)\b)")
_DECADES = re.compile(r"(?<=[0-9]s)\s?[-–]\s?(?='?[0-9]+s\b)")
_RANGE = re.compile(
    r"(?<=[0-9])\s?[-–]\s?(?=#[0-9])|(?<=[0-9])\s?–\s?(?=[$£€]?[0-9])|(?<=[0-9%])\s?[-–]\s?(?=[0-9.]+\s?[%])"
)
_SLASHED = re.compile(r"(?<![0-9/])(?:([0-9]+)[ -])?([1-3]/[2-4])(?![0-9/])")
_SUFFIXED = re.compile(r"(?<![\w/.,])([0-9]{1,2})/([1-9][0-9]{0,2})(?:rd|th|nd)s?\b")
_CENTURIES = re.compile(
    r"(?<![\w.,/-])([0-9]{1,2})[-–](?=[0-9]{1,2}(?:st|nd|rd|th)\b)"
    r"|(?<![\w.,/-])([0-9]{1,2})/(?=[0-9]{1,2}(?:st|nd|rd|th) centur)"
)
_SIMPLE = {"1/2": "½", "1/3": "⅓", "2/3": "⅔", "1/4": "¼", "3/4": "¾"}
_BETWEEN = re.compile(r"(?<=[0-9])[-/](?=[0-9])")
_PERCENT = re.compile(rf"(?<=[0-9{_SIGNS}])\s?([%‰])(?=(-?))")
_NUMBER_SIGN = re.compile(r"[#№]\s?(?=[0-9])")
_SPACED = re.compile(
    r"(?<![\w.,+])(?<![^0-9]-)(?<!^-)(?<![0-9] )(?<!\b[A-Z] )([1-9][0-9]{0,2})((?:[ '][0-9]{3}){1,5})"
    r"(?!\w|-(?![1-9][0-9]{0,2} [0-9]{3})|[.,][0-9]{3}| [0-9])"
)
_LABEL_BEFORE = re.compile(
    r"\b(?:chapters?|rooms?|pages?|figures?|numbers?|no|sections?|verses?|at|January|February|March|April|May|June|July"
    r"|August|September|October|November|December|call|dial|phone|tel|code|lines?|parts?|table|platform"
    r"|gate|age|aged) $",
    re.IGNORECASE,
)
_STAR = re.compile(r"(?<=[0-9])\*+(?=\s+[a-z]|[.,;:!?)]|$|-[a-z])")
_TIMES = re.compile(
    r"(?<=[0-9])\s?\*\s?(?=[0-9(])|(?<=[0-9)])\*(?=[0-9(]|[a-zA-Z]\b)|(?<=\b[a-zA-Z])\*(?=[0-9(])"
)


def figures_to_words(text: str) -> str:
    """A cleaned `text` with every figure (digits 0-9 and their signs) in words."""
    if not FIGURE.search(text):
        return text
    text = _POWER.sub(_raised, _PRODUCT.sub(r"\1 \2", text))
    text = spell_endless(_LOOSE.sub(lambda match: match[0].translate(_RAISED).translate(_LOWERED), text))
    text = _SUFFIXED.sub(lambda match: fraction(int(match[1]), int(match[2])), text)
    text = _CENTURIES.sub(lambda match: f"{ordinal(int(match[1] or match[2]))} to ", text)
    text = _SLASHED.sub(lambda match: _SIMPLE.get(match[2], match[2]).join([match[1] or "", ""]), text)
    text = _TIMES.sub(" times ", _STAR.sub(" star", text))
    text = times(scores(text))
    text = _DECADES.sub(" to ", _ORDINALS.sub(r"\1 to ", text))
    text = _RANGE.sub(" to ", text)
    text = _PERCENT.sub(lambda match: " percent" if match[1] == "%" else " per mille", text)
    text = _NUMBER_SIGN.sub("number ", text)
    text = _BETWEEN.sub(" ", _apply(_PAIRS, text))
    return _apply(_SINGLES, text)


def _apply(rules: list[_Rule], text: str) -> str:
    for needed, pattern, words_of in rules:
        if not needed or any(map(text.__contains__, needed)):
            text = _replace(pattern, words_of, text)
    return text


def grouped(text: str) -> str:
    """`text` with commas in numbers that were written with spaces: "20 000 men"."""
    return _SPACED.sub(_grouped, text)


def _grouped(match: re.Match[str]) -> str:
    """ "20 000 men" is one number; "Chapter 5 200 men" are two."""
    before = match.string[max(0, match.start() - 40) : match.start()]
    return match[0] if _LABEL_BEFORE.search(before) else match[0].replace(" ", ",").replace("'", ",")


def _raised(match: re.Match[str]) -> str:
    power = match[1].translate(_RAISED)
    before = match.string[max(0, match.start() - 40) : match.start()]
    letters = re.search(r"[A-Za-z]+$", before)
    if letters and len(letters[0]) > 2:
        return f" {power}"
    number = int(power.lstrip("+-"))
    if power[0] in "+-":
        return f" to the {'minus' if power[0] == '-' else 'plus'} {cardinal(number)}"
    return {2: " squared", 3: " cubed"}.get(number, f" to the {ordinal(number)}")


def _replace(pattern: re.Pattern[str], words_of: Callable[[re.Match[str]], str], text: str) -> str:
    return pattern.sub(lambda match: _apart(match, words_of(match)), text)


def _apart(match: re.Match[str], words: str) -> str:
    """`words`, with a space where the figure is next to a letter or another figure: "4x4", "B2B"."""
    text, start, end = match.string, match.start(), match.end()
    before = " " if start and _touches(text[start - 1]) and words[:1].isalnum() else ""
    after = " " if end < len(text) and _touches(text[end]) and words[-1:].isalnum() else ""
    return f"{before}{words}{after}"


def _touches(char: str) -> bool:
    return char.isalnum() or char in "$£€"
