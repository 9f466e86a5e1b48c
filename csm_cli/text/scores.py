"""Pairs of figures: fractions, scores, odds, Bible verses, prices per hour, factors, powers."""

from __future__ import annotations

import re
from math import gcd

from csm_cli.text.numbers import cardinal, ordinal, whole_number

_DIVISORS = {*range(2, 11), 12, 16, 20, 32, 64, 100}
_TENTHS = {10, 20, 100}
_MEASURES = (
    r" (?:of|a|an|the|inch|inches|mile|miles|second|seconds|cups?|teaspoons?|pints?|full|empty|done)\b"
)
_PARTS = re.compile(r"(?<![\w/.,])([0-9]{1,4})/([0-9]{1,4})(?![0-9/]|\.[0-9])")
_WHOLE_BEFORE = re.compile(r"(?<![\w/])[0-9]+ $")
_DAY_BEFORE = re.compile(r"\b(?:on|by|until|since) $", re.IGNORECASE)
_COUNTED = re.compile(
    r" (?!inches|miles|seconds|cups|teaspoons|pints|yards|acres|less|this|across)[a-z]{3,}s\b"
)
_PER = re.compile(
    r"(?<=[0-9%¢kKmM])\s?/\s?(?=(?:month|year|yr|week|day|hour|hr|minute|min|second|night|person|head|piece|mile"
    r"|pound|lb|kg|mo)\b)"
)
_PER_SHORT = re.compile(r"(?<= per )(?:yr|hr|min|lb|kg|mo)\b")
_PER_WORDS = {"yr": "year", "hr": "hour", "min": "minute", "lb": "pound", "kg": "kilogram", "mo": "month"}
_VERSES = re.compile(r"(?<![\w.:])([0-9]{1,3}):([0-9]{1,3})\s?[-–]\s?([0-9]{1,3})(?![\w:])")
_ODDS = re.compile(r"(?<![\w.:])([0-9]{1,6}):1(?![\w:])")
_NAME_BEFORE = re.compile(r"\b[A-Z]\w*\.? $")
_FACTOR = re.compile(r"(?<![\w.,])(?!0[x×])([0-9]+(?:\.[0-9]+)?)[x×](?![\w×]|\s*[-+=])")
_TIMES_BEFORE = re.compile(
    r"(\b[A-Z][a-z]+s? )x(?=(?!64|86|32)[1-9][0-9]{0,2}(?!\w))"  # Health Potion x3
    r"|(?<=\()x(?=[1-9][0-9]{0,2}\))|(?<!\S)x(?=[0-9]+ (?:combo|multiplier|speed|damage|bonus)\b)"
)
_SCIENCE = re.compile(r"(?<=[0-9])x(?=10\^)")
_BY = re.compile(r"(?<=[0-9]) ?x (?=[0-9])|(?<=[0-9]) x ?(?=[0-9])")
_SIDES = re.compile(
    r"(?<=[0-9]) ?[x×] ?(?=[0-9.]+ ?-?(?:mm|cm|m|km|ft|in|inch(?:es)?|feet|foot|yards?|px|pixels?"
    r"|miles?|\"|(?:kilo|centi|milli)?(?:meters?|metres?))(?!\w))"
    r"|(?<=meter|eters|.feet|.foot|.inch|nches|.yard|yards|.mile|miles) ?[x×] ?(?=[0-9])"
)
_MINUS = re.compile(r"(?<=[0-9]) [-–] (?=[0-9.,]+ =)")
_PLUS = re.compile(r"(?<![\w.,)+])\+(?![0-9]{1,3}[ -](?:\([0-9]+\) ?)?[0-9]{2})(?=[0-9$£€])")
_MORE = re.compile(r"(?<![\w<>=-])(?<![0-9] )(?<!\b[a-z] )([<>])\s?(?=[$£€]?[0-9])")
_POWER = re.compile(r"(?:(?<=[0-9)])|(?<=\b[A-Za-z]))\^(-?)([0-9]{1,3})(?![\w.])( ?- ?(?=[0-9]))?")
_RATIO = re.compile(
    r"(?<![\w.:])(16|4|21|3|5|1|2|18|9):(9|3|10|4|2|1)(?= (?:screen|aspect|format|ratio|display|picture"
    r"|monitor|frame|image|video|TV|film|scale|mix|slope|odds)\b|$)"
)
_RATIO_BEFORE = re.compile(
    r"\b(?:ratio|odds|proportion|mixed|scale|chances?)(?: (?:was|is|of|at|are|were|stood at|about))* $"
)
_LESS = re.compile(r"(?<=[0-9])([<>])(?=[0-9])")
_SCALE = re.compile(r"(?<![\w.:])1:([0-9]{1,3}(?:,[0-9]{3})+|[0-9]+(?:\.[0-9]+)?)(?![\w:]|[.,][0-9])")
_OUT_OF = re.compile(r"(?<![\w/.,])([0-9]{1,2}\.[0-9]{1,2})/(5|10|20|100)(?![\w/]|\.[0-9])")
_EVEN = re.compile(r"(?<![\w.,$£€:-])([1-9][0-9]?)-\1(?![\w:-]|[.,][0-9])")


def per(text: str) -> str:
    """`text` with "per" in prices and rates: "$5/month", "20 mg/day"."""
    return (
        _PER_SHORT.sub(lambda match: _PER_WORDS[match[0]], _PER.sub(" per ", text)) if "/" in text else text
    )


def scores(text: str) -> str:
    """`text` with the relation between two figures in words; most figures are left for later rules."""
    text = _PARTS.sub(_parts, text)
    text = _LESS.sub(lambda match: " is less than " if match[1] == "<" else " is greater than ", text)
    text = _OUT_OF.sub(r"\1 out of \2", text)
    text = _SCALE.sub(_scale, _RATIO.sub(_ratio, text))
    text = _VERSES.sub(_verses, text)
    text = _ODDS.sub(_odds, text)
    text = _FACTOR.sub(r"\1 times", text)
    text = _TIMES_BEFORE.sub(lambda match: f"{match[1] or ''}times ", text)
    text = _SCIENCE.sub(" times ", text)
    text = _SIDES.sub(" by ", text)
    text = _BY.sub(" times " if "=" in text else " by ", text)
    text = _MINUS.sub(" minus ", text)
    text = _PLUS.sub("plus ", text)
    text = _MORE.sub(lambda match: "more than " if match[1] == ">" else "less than ", text)
    text = _POWER.sub(_power, text)
    return _EVEN.sub(r"\1 \1", text)


def _parts(match: re.Match[str]) -> str:
    """ "7/8": seven eighths; "0/3 coins": out of three; "9/11" is no fraction."""
    above, below = int(match[1]), int(match[2])
    rest = match.string[match.end() : match.end() + 40]
    before = match.string[max(0, match.start() - 40) : match.start()]
    if (
        (_DAY_BEFORE.search(before) and not rest.startswith(" of"))
        or below <= 1
        or match[1] != str(above)
        or match[2] != str(below)
    ):
        return match[0].replace("/", " ")
    beat = re.match(r" (?:time|vision|beat)\b", rest)
    if above == below == 50 or beat:
        return f"{match[1]} {match[2]}"
    counted = (
        above in (0, below)
        or (below > 100 and below % 10 == 0)
        or (above > 1 and below in _TENTHS and not re.match(_MEASURES, rest))
        or (below > 4 and above <= below and _COUNTED.match(rest))
    )
    if counted and above <= below:
        return f"{whole_number(match[1])} out of {whole_number(match[2])}"
    if not above < below or below not in _DIVISORS or gcd(above, below) > 1:
        return match[0].replace("/", " ")
    name = "half" if below == 2 else "quarter" if below == 4 else ordinal(below)
    joint = "and " if _WHOLE_BEFORE.search(before) else ""
    return f"{joint}{cardinal(above)} {name}{'s' if above > 1 else ''}"


def _scale(match: re.Match[str]) -> str:
    """ "1:50,000" and "1:1.5", but not the time 1:30."""
    plain = match[1].replace(",", "")
    return f"1 to {match[1]}" if "." in plain or "," in match[1] or int(plain) > 59 else match[0]


def _ratio(match: re.Match[str]) -> str:
    """ "a 16:9 screen" is sixteen by nine; "the ratio was 3:1" three to one."""
    behind = match.string[match.end() : match.end() + 40]
    if behind and not re.match(r" (?:ratio|scale|mix|slope|odds)", behind):
        return f"{match[1]} by {match[2]}"
    before = match.string[max(0, match.start() - 40) : match.start()]
    return f"{match[1]} to {match[2]}" if behind or _RATIO_BEFORE.search(before) else match[0]


def _verses(match: re.Match[str]) -> str:
    return f"{match[1]} {match[2]} to {match[3]}"


def _odds(match: re.Match[str]) -> str:
    """ "10:1" is ten to one; "Psalm 23:1" is a verse."""
    if match[1] in ("0", "1") or _NAME_BEFORE.search(match.string, max(0, match.start() - 40), match.start()):
        return match[0]
    return f"{match[1]} to one"


def _power(match: re.Match[str]) -> str:
    power, less = int(match[2]), " minus " if match[3] else ""
    if match[1]:
        return f" to the minus {cardinal(power)}{less}"
    return {2: " squared", 3: " cubed"}.get(power, f" to the {ordinal(power)}") + less
