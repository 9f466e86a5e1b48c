"""Figures in words: money, percentages, times, ordinals, years, decimals, whole numbers.

The rules run from the most specific to the most general; what a rule replaces has no digits left.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from csm_cli.text.numbers import cardinal, decimal, digits, ordinal, plural, whole_number, year
from csm_cli.text.scores import scores

_HOUR = r"(2[0-3]|[01]?[0-9])"
_SPAN = re.compile(
    r"(?:(?<=[0-9][ap]m)|(?<=[0-9] [ap]m)|(?<=[ap]\.m\.))\s?[-–]\s?(?=[0-9])"
    r"|(?<=[0-9])\s?[-–]\s?(?=[0-9]{1,2}(?::[0-9]{2})?\s?[ap]\.?m\b)"
    r"|(?<=:[0-9]{2})\s?[-–]\s?(?=[0-9]{1,2}:[0-9]{2})",
    re.IGNORECASE,
)
_NO_DECIMAL = re.compile(
    rf"(?:(?<=\bat )|(?<=\b[Tt]he )){_HOUR}\.([0-5][05])"
    r"(?= o'clock\b| (?:train|express|bus|ferry|from|every|sharp|precisely)\b)"
)
# "at 6.45" may be a price: it is a time at the end of a sentence or before a new clause.
_AT = re.compile(
    rf"(?<=\bat ){_HOUR}\.([0-5]5|[1-5]0)"
    r"(?=[,;.!?]?(?:$|[\s\"']+(?:and|in|on|when|the|she|he|we|they|I|it)\b))"
)


def hours(text: str) -> str:
    """`text` with "to" between two times ("9am-5pm"), and British times ("at 6.45") with a colon."""
    return _AT.sub(r"\1:\2", _NO_DECIMAL.sub(r"\1:\2", _SPAN.sub(" to ", text)))


_NUMBER = r"[0-9]{1,3}(?:,[0-9]{3})+(?![0-9])|[0-9]+"
_CURRENCIES = {
    "$": ("dollar", "dollars", "cent", "cents"),
    "£": ("pound", "pounds", "penny", "pence"),
    "€": ("euro", "euros", "cent", "cents"),
    "¥": ("yen", "yen", "sen", "sen"),
}
_SCALE_WORDS = {
    "k": "thousand",
    "m": "million",
    "mn": "million",
    "bn": "billion",
    "b": "billion",
    "tn": "trillion",
}
_FRACTIONS = {"½": "half", "⅓": "third", "⅔": "two thirds", "¼": "quarter", "¾": "three quarters"}


def _money(match: re.Match[str]) -> str:
    one, many, small_one, small_many = _CURRENCIES[match["sign"]]
    if _BEFORE_NOUN.search(match.string, max(0, match.start() - 40), match.start()) and re.match(
        " [a-z]", match.string[match.end() : match.end() + 2]
    ):
        many = one  # a $5 bill
    whole, part, scale = match["whole"], match["part"], match["scale"] or match["short"]
    if scale:
        scale = _SCALE_WORDS.get(scale.lower(), scale)
        return f"{decimal(whole.replace(',', '') + (f'.{part}' if part else ''))} {scale} {many}"
    units = f"{whole_number(whole)} {one if whole == '1' else many}"
    if not part or not int(part):
        return units
    cents = int(part.ljust(2, "0"))
    coins = f"{cardinal(cents)} {small_one if cents == 1 else small_many}"
    return coins if not int(whole.replace(",", "")) else f"{units} and {coins}"


def _span(match: re.Match[str]) -> str:
    return f"{match[2]} to {match[1]}{match[3]}"


def _time(match: re.Match[str]) -> str:
    hour, minute, half = int(match["hour"]), int(match["minute"]), match["half"]
    if half:
        tail = "" if not minute else f" oh {cardinal(minute)}" if minute < 10 else f" {cardinal(minute)}"
        return f"{cardinal(hour)}{tail} {half.lower()}.m."
    if minute == 0 and hour == 0:
        return "midnight"
    if minute == 0:
        return f"{cardinal(hour)} o'clock" if 1 <= hour <= 12 else f"{cardinal(hour)} hundred"
    return f"{cardinal(hour)} {'oh ' if minute < 10 else ''}{cardinal(minute)}"


def _hour(match: re.Match[str]) -> str:
    return f"{cardinal(int(match['hour']))} {match['half'].lower()}.m."


def _decade(match: re.Match[str]) -> str:
    return plural(year(int(match[1])))


def _fraction(match: re.Match[str]) -> str:
    whole, name = match[1], _FRACTIONS[match[2]]
    if whole:
        return f"{whole_number(whole)} and {name if ' ' in name else f'a {name}'}"
    return name if " " in name else f"one {name}"


def _telephone(match: re.Match[str]) -> str:
    groups = re.findall("[0-9]+", match[0])
    words = ", ".join(digits(group) for group in groups)
    return f"plus {words}" if match[0].startswith("+") else words


def _years(match: re.Match[str]) -> str:
    """ "1914-18" and "1914-1918"."""
    last = match[2]
    return f"{year(int(match[1]))} to {year(int(last)) if len(last) == 4 else cardinal(int(last))}"


def _range(match: re.Match[str]) -> str:
    return f"{whole_number(match[1])} to {whole_number(match[2])}"


def _year(match: re.Match[str]) -> str:
    return year(int(match[0]))


_HALF = r"\s?(?P<half>[AaPp])\.?[Mm]\b\.?"
_TELEPHONE = (
    r"(?<![\w.,:$£€-])(?:\+[0-9]{1,3}(?:[ -](?:\([0-9]+\) ?)?[0-9]{2,}){2,}|\([0-9]{3}\) ?[0-9]{3}-[0-9]{4}"
)
_TELEPHONE += r"|0[0-9]{2,4} [0-9]{3,4} [0-9]{3,4}|(?<=ISBN )97[89](?:-?[0-9]){10}"
_TELEPHONE += r"|(?:[0-9]-)?[0-9]{3}-[0-9]{3}-[0-9]{4}|[0-9]{3}-[0-9]{4})(?![\w-])"
_BEFORE_NOUN = re.compile(r"\b[Aa]n? $")
_MONEY_SPAN = re.compile(r"([$£€¥])([0-9][0-9,.]*)\s?[-–]\s?[$£€¥]?([0-9])")
_LAST_OF_PAIRS = re.compile(rf"(?<![\w.,$£€:-])({_NUMBER})\s?[-–]\s?({_NUMBER})(?![\w:-]|[.,][0-9])")
FIGURE = re.compile("[0-9½⅓⅔¼¾²³]")
"""A character that every figure contains."""
_RULES: list[tuple[str, re.Pattern[str], Callable[[re.Match[str]], str]]] = [
    ("", re.compile(_TELEPHONE), _telephone),
    (
        "-–",
        re.compile(r"(?<![\w.,$£€-])(1[0-9]{3}|20[0-9]{2})\s?[-–]\s?([0-9]{4}|[0-9]{2})(?![\w-])"),
        _years,
    ),
    ("¢", re.compile(r"(?<=[0-9])\s?¢"), lambda m: " cents"),
    (".", re.compile(r"(?<![\w.])\.(?=[0-9])"), lambda m: "0."),
    ("-–", _LAST_OF_PAIRS, _range),
    (
        "$£€¥",
        re.compile(
            rf"(?P<sign>[$£€¥])\s?(?P<whole>{_NUMBER})(?:\.(?P<part>[0-9]{{1,2}})(?![0-9]))?"
            r"(?:\s(?P<scale>thousand|million|billion|trillion)\b|\s?(?P<short>[kKmMbB]|bn|mn|tn)\b)?"
        ),
        _money,
    ),
    ("".join(_FRACTIONS), re.compile(rf"(?:({_NUMBER})\s?)?([{''.join(_FRACTIONS)}])"), _fraction),
    (
        ":",
        re.compile(
            rf"(?<![0-9:.])(?P<hour>2[0-3]|[01]?[0-9]):(?P<minute>[0-5][0-9])(?![0-9:])(?:{_HALF})?",
        ),
        _time,
    ),
    (".", re.compile(rf"(?<![0-9:.])(?P<hour>1[0-2]|[1-9])\.(?P<minute>[0-5][0-9])(?![0-9:]){_HALF}"), _time),
    (":", re.compile(r"(?<=[0-9]):(?=[0-9])"), lambda m: " "),
    ("'", re.compile(r"(?<![\w'])'([0-9]{2})(?![\w'])"), lambda m: cardinal(int(m[1]))),
    ("mM", re.compile(rf"(?<![0-9.,:])(?P<hour>1[0-2]|[1-9]){_HALF}"), _hour),
    ("", re.compile(rf"({_NUMBER})(?:st|nd|rd|th)\b"), lambda m: ordinal(int(m[1].replace(",", "")))),
    ("s", re.compile(r"(?<![\w.,])'?([0-9]{2}|1[1-9][0-9]{2}|20[0-9]{2})'?s\b"), _decade),
    # Before the general rules, which do not handle points and minus signs.
    ("-", re.compile(r"(?<![\w.,)\]-])-(?=[0-9])"), lambda m: "minus "),
    (".", re.compile(rf"(?:{_NUMBER})(?:\.[0-9]+)+"), lambda m: decimal(m[0])),
    (
        "",
        re.compile(
            r"\b(?:in|since|by|until|from|before|after|year|of|A ?D) 1[0-9]{3}\b(?!,[0-9])", re.IGNORECASE
        ),
        lambda m: f"{m[0][:-4]}{year(int(m[0][-4:]))}",
    ),
    ("", re.compile(r"(?<![\w.,])(?:1[1-9][0-9]{2}|20[0-9]{2})(?![\w]|,[0-9])"), _year),
    ("", re.compile(_NUMBER), lambda m: whole_number(m[0])),
]
"""(characters of which every match contains one, or ""; pattern; its words): others are skipped quickly."""
_SIGN_BEHIND = re.compile(r"(?<![\w.,$£€¥])([0-9][0-9,]*(?:\.[0-9]{1,2})?)\s?([£€])(?![\w$£€¥])")
_ORDINALS = re.compile(r"(?<=[0-9])(st|nd|rd|th)\s?[-–]\s?(?=[0-9]+(?:st|nd|rd|th)\b)")
_RANGE = re.compile(r"(?<=[0-9])\s?–\s?(?=[$£€]?[0-9])")
_SLASHED = re.compile(r"(?<![0-9/])(?:([0-9]+) )?([1-3]/[2-4])(?![0-9/])")
_SIMPLE = {"1/2": "½", "1/3": "⅓", "2/3": "⅔", "1/4": "¼", "3/4": "¾"}
_BETWEEN = re.compile(r"(?<=[0-9])[-/](?=[0-9])")
_PERCENT = re.compile(r"(?<=[0-9½⅓⅔¼¾])\s?[%‰]")
_NUMBER_SIGN = re.compile(r"(?:[#№]|\b[Nn]o\.)\s?(?=[0-9])")
_DEGREES = re.compile(r"(?<=[0-9])\s?°(?:\s?([CF])\b)?")
_DEGREE = re.compile(r"(\b[Aa]n? -?[0-9]+)\s?°(?= [a-z])")
_SCALES = {"C": " degrees Celsius", "F": " degrees Fahrenheit", None: " degrees"}
_SUPERSCRIPTS = {"²": " squared", "³": " cubed"}


def figures_to_words(text: str) -> str:
    """A cleaned `text` with every figure (digits 0-9 and their signs) in words."""
    if not FIGURE.search(text):
        return text
    for mark, words in _SUPERSCRIPTS.items():
        text = text.replace(mark, words)
    text = _SLASHED.sub(lambda match: _SIMPLE.get(match[2], match[2]).join([match[1] or "", ""]), text)
    text = scores(text)
    text = _SIGN_BEHIND.sub(r"\2\1", text)
    text = hours(text)
    text = _ORDINALS.sub(r"\1 to ", text)
    text = _MONEY_SPAN.sub(_span, text)
    text = _RANGE.sub(" to ", text)
    text = _PERCENT.sub(lambda match: " percent" if match[0].endswith("%") else " per mille", text)
    text = _NUMBER_SIGN.sub("number ", text)
    text = _DEGREE.sub(r"\1 degree", text)
    text = _DEGREES.sub(lambda match: _SCALES[match[1]], text)
    for needed, pattern, words_of in _RULES:
        if not needed or any(map(text.__contains__, needed)):
            text = _replace(pattern, words_of, text)
        if pattern is _LAST_OF_PAIRS:
            text = _BETWEEN.sub(" ", text)
    return text


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
