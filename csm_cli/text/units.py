"""Figures with a unit: "5 km", "3 sq. ft", "9.8 m/s²", "6'2"", "a 9mm pistol", "2 tbsp."."""

from __future__ import annotations

import re

from csm_cli.text.numbers import NUMBER
from csm_cli.text.unit_names import ABOVE, BELOW, NAMES, POWERS, plural_unit

_HALVES = "½¼¾⅓⅔⅛⅜⅝⅞⅕⅖⅗⅘"
_QUANTITY = (
    rf"(?P<number>(?:{NUMBER})(?:\.[0-9]+)?(?:\s?[{_HALVES}]|[ -][1-9][0-9]?/[0-9]{{1,2}})?"
    rf"|[{_HALVES}]|[1-9]/[0-9]{{1,2}})"
)
_BEHIND = re.compile(
    r"(?<![\w.,$£€¥])(?<![$£€¥] )"
    + _QUANTITY
    + r"(?P<joint> ?-?)(?P<unit>"
    + "|".join(map(re.escape, sorted(NAMES, key=len, reverse=True)))
    + r")(?![\w²³/'’^·]|[.-][A-Za-z])(?P<dot>\.(?=\s+[a-z0-9]|[,;:)]))?"
)
_QUOTIENT = re.compile(
    r"(?:(?<=[0-9½¼¾])\s?|(?<=\bin )|(?<=\bof )|(?<=\())"
    rf"(?P<above>{'|'.join(sorted(ABOVE, key=len, reverse=True))})(?P<above_power>[²³])?\.?\s?(?:/"
    rf"|·(?=[a-z]+⁻))\s?"
    rf"(?P<below>{'|'.join(sorted(BELOW, key=len, reverse=True))})(?P<power>[²³23]|\^[23])?(?:⁻¹)?(?![\w/])"
)
_INCHES = re.compile(
    r"(?<![\w.,$£€])"
    + _QUANTITY
    + r"(?P<joint> ?-?)in(?P<dot>\.?)(?P<after>(?=\s+(?:of|long|wide|tall|high|deep|thick|across|by|in"
    r"|x|and|to|from"
    r"|apart|or)\b)|(?=[,;:)])|(?=$)|(?=\.? [A-Z])|(?<=\.)(?= [a-z])|(?<=-in)(?= [a-z]))"
)
_FOOT_IN = re.compile(
    r"(?<=[0-9])( ?(?:ft\.?|feet|foot) ?)([0-9]{1,2}(?:\.[0-9])?) ?in\b(\.?)(?=\s+[a-z]|[,;:!?)]|$)"
)
_MICRO = re.compile("(?<=[0-9 ])μ(?=[a-zA-Z])")
_FUEL = re.compile(r"(?<=[0-9])\s?[lL]/100\s?km\b")
_PRESSURE = re.compile(r"(?<=\b[1-2][0-9]{2})/(?=[4-9][0-9] ?mm ?Hg)")
_HOURLY = re.compile(r"(?<=[0-9]) m\. an hour\b")
_FEET = re.compile(r"(?<![\w'])([0-9]{1,3})' ?([0-9]{1,2}[½¼¾]?)(?:\"|'')")
_HEIGHT = re.compile(r"(?<![\w'])([3-8])'(1[01]|[0-9])(?![\w'])")
_PRIME = re.compile(r"(?<![\w'])([0-9]{1,5})'(?=(?: [a-z]|[,;.)]|$))")
_DOUBLE = re.compile(r"(?<![\w\"])([0-9]{1,3}(?:\.[0-9]+)?|[0-9]{0,2}[½¼¾])\"(?=(?: [a-z]|[,;.)x]| x |$))")
_BOARD = re.compile(r"(?<![\w.])([0-9.½¼¾]+)\" (by|x|×) ([0-9.½¼¾]+)\"(?=( [a-z])?)")
_FEET_SPAN = re.compile(r"(?<![\w'])([0-9]{1,3})'\s?[-–]\s?([0-9]{1,3})'(?!\w)")
_CUPS = re.compile(rf"(?<![\w.,])([0-9{_HALVES}]+|[0-9] [{_HALVES}]) (c|t|T)\.(?= [a-z])")
_SPOONS = {"c": "cup", "t": "teaspoon", "T": "tablespoon"}
_SCALE = re.compile(r"(?<=[0-9]) degrees ([CF])\b(?:\.(?= [a-z]|,))?")
_SIZE = re.compile(r"(?<=[0-9])\"(?= ?[x×] ?[0-9])")
_ENDS = re.compile(r"[\"')\]]*(?:$|\s+[A-Z])")
_LARGE = re.compile(r"(?<![\w.,$£€¥])([0-9]+(?:\.[0-9]+)?)([kKMB])(?!\w)")
_ARTICLE = re.compile(r"\b(?:[Aa]n?|[Tt]he|[Mm]y|[Hh]is|[Hh]er|[Oo]ur|[Tt]heir|[Tt]his|[Tt]hat|[Oo]ne) $")
_NOUN = re.compile(
    r" (?!(?:a|above|across|ago|and|apart|are|at|away|below|but|by|deep|down|each|every|for|from|high"
    r"|in|into|is|less|long"
    r"|more|later|yesterday|today|tonight|tomorrow|before|after|ahead|behind|further|longer|every|downstream|upstream|inland|north|of|off|on|or|out|over|past|per|so|south|east|tall|than|that|the|then|thick|through|to|under|up|was|were"
    r"|west|wide|with|within)\b)[a-z]"
)
_SCALES = {"k": "thousand", "K": "thousand", "M": "million", "B": "billion"}


def units(text: str) -> str:
    """`text` with units in words; the figures before them are left for later rules."""
    if not re.search(rf"[0-9{_HALVES}]", text):
        return text
    text = _MICRO.sub("µ", text)
    text = _FUEL.sub(" liters per one hundred kilometers", text)
    text = _PRESSURE.sub(" over ", text)
    text = _HOURLY.sub(" miles an hour", text)
    text = _FEET.sub(r"\1 foot \2", text)
    text = _HEIGHT.sub(r"\1 foot \2", text)
    text = _BOARD.sub(
        lambda match: f"{match[1]} inch {match[2]} {match[3]} inch{'' if match[4] else 'es'}", text
    )
    text = _FEET_SPAN.sub(r"\1 to \2 feet", text)
    text = _CUPS.sub(_cups, text)
    text = _SCALE.sub(lambda match: f" degrees {'Celsius' if match[1] == 'C' else 'Fahrenheit'}", text)
    text = _SIZE.sub(" inches", text)
    if text.count("'") % 2 or not re.search(r"(?<!\w)'", text):
        text = _PRIME.sub(lambda match: _measured(match, "foot", "feet"), text)
    if text.count('"') % 2:
        text = _DOUBLE.sub(lambda match: _measured(match, "inch", "inches"), text)
    text = _FOOT_IN.sub(_inches, text)
    text = _QUOTIENT.sub(_quotient, text)
    text = _INCHES.sub(_long, text)
    text = _BEHIND.sub(_unit, text)
    return _LARGE.sub(lambda match: f"{match[1]} {_SCALES[match[2]]}", text)


def _cups(match: re.Match[str]) -> str:
    one = match[1] == "1" or match[1] in _HALVES
    return f"{match[1]} {_SPOONS[match[2]]}{'' if one else 's'}"


def _measured(match: re.Match[str], one: str, many: str) -> str:
    return f"{match[1]} {one if match[1] == '1' or _compound(match) else many}"


def _compound(match: re.Match[str]) -> bool:
    """Whether the measure stands before a noun: "a 9mm pistol", "the 5 km run"."""
    before = match.string[max(0, match.start() - 40) : match.start()]
    return bool(_ARTICLE.search(before) and _NOUN.match(match.string, match.end()))


def _inches(match: re.Match[str]) -> str:
    stop = match[3] if match.end() == len(match.string) else ""
    return f"{match[1]}{match[2]} inch{'' if match[2] == '1' else 'es'}{stop}"


def _long(match: re.Match[str]) -> str:
    """ "12 in. long"; "5 in and 3 out" is no measure, nor is "3 in the room"."""
    after = match.string[match.end() : match.end() + 4]
    measure = (
        match["dot"]
        or match["joint"] == "-"
        or after[:1] in ",;:)"
        or re.match(r" (?:of|lo|wi|ta|hi|de|th|ac|by|x)", after)
    )
    if not measure:
        return match[0]
    stop = "." if match["dot"] and (match.end() == len(match.string) or re.match(r" [A-Z]", after)) else ""
    one = match["number"] in ("1", "½", "¼", "¾", "1/2", "1/4", "3/4")
    return f"{match['number']} inch{'' if one or '-' in match['joint'] else 'es'}{stop}"


def _unit(match: re.Match[str]) -> str:
    one, many = NAMES[match["unit"]]
    if match["unit"] in (
        "A",
        "t",
        "st",
        "N",
        "kn",
        "ms",
        "pt",
        "pts",
        "mo",
        "s",
        "cal",
        "V",
        "W",
        "ct",
    ) and not _sure(match):
        return match[0]
    glued = not match["joint"] and bool(_NOUN.match(match.string, match.end()))  # 35mm film
    compound = "-" in match["joint"] or glued or _compound(match)
    single = match["number"] in ("1", *_HALVES) or "/" in match["number"][:2] or compound
    stop = "." if match["unit"].endswith(".") and _ENDS.match(match.string, match.end()) else ""
    return f"{match['number']} {one if single else many}{stop}"


def _sure(match: re.Match[str]) -> bool:
    """Whether a unit of few letters is one: "5 V" is, "the 1st" and "8 N. Main" are not."""
    unit, after = match["unit"], match.string[match.end() : match.end() + 20]
    if unit == "s":
        return match["joint"] == " " and not re.match(r"[A-Z'-]| [A-Z]", after)
    if unit in ("A", "V", "W", "N"):
        return not re.match(r" ?(?:[A-Z0-9]|\.)", after) or (after[:1] == "." and len(after) == 1)
    if unit == "st":
        return bool(match["joint"]) and not re.match(r"\.? ?[A-Z]", after)
    if unit in ("pt", "pts", "mo", "t", "cal", "kn", "ct"):
        return unit not in ("pt", "pts", "mo") or not after.startswith(" font")
    return True


def _quotient(match: re.Match[str]) -> str:
    above, below = ABOVE[match["above"]], BELOW[match["below"]]
    if match["above_power"]:
        above = f"{POWERS[match['above_power']]} {above}"
    if power := match["power"]:
        power = power.lstrip("^")
        if below == "second":
            below = f"{below} {'squared' if power in '²2' else 'cubed'}"
        else:
            below = f"{POWERS[power]} {below}"
    behind = match.string[max(0, match.start() - 40) : match.start()]
    one = bool(re.search(r"(?<![\w.,])1$", behind))
    return f"{' ' if behind[-1:].isalnum() else ''}{above if one else plural_unit(above)} per {below}"
