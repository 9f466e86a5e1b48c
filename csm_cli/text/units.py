"""Figures with a unit or a name: "5 km", "6'2"", "£3 4s 6d", "221B Baker Street", "room 101", "THX 1138"."""

from __future__ import annotations

import re

from csm_cli.text.numbers import cardinal, digits, paired, whole_number

_UNITS = {
    "km": "kilometer",
    "m": "meter",
    "cm": "centimeter",
    "mm": "millimeter",
    "kg": "kilogram",
    "g": "gram",
    "mg": "milligram",
    "lb": "pound",
    "lbs": "pound",
    "oz": "ounce",
    "mi": "mile",
    "yd": "yard",
    "yds": "yard",
    "ml": "milliliter",
    "l": "liter",
    "L": "liter",
    "gal": "gallon",
    "KB": "kilobyte",
    "kB": "kilobyte",
    "MB": "megabyte",
    "GB": "gigabyte",
    "TB": "terabyte",
    "W": "watt",
    "kW": "kilowatt",
    "kWh": "kilowatt hour",
    "MW": "megawatt",
    "V": "volt",
    "sec": "second",
    "secs": "second",
    "min": "minute",
    "mins": "minute",
    "hr": "hour",
    "hrs": "hour",
    "px": "pixel",
    "ha": "hectare",
    "kcal": "kilocalorie",
    "dB": "decibel",
}
# Without a plural in -s.
_FIXED = {
    "mph": ("mile per hour", "miles per hour"),
    "km/h": ("kilometer per hour", "kilometers per hour"),
    "kph": ("kilometer per hour", "kilometers per hour"),
    "m/s": ("meter per second", "meters per second"),
    "ft": ("foot", "feet"),
    "sq. ft": ("square foot", "square feet"),
    "sq ft": ("square foot", "square feet"),
    "sq m": ("square meter", "square meters"),
    "sq. mi": ("square mile", "square miles"),
    "sq mi": ("square mile", "square miles"),
    "km²": ("square kilometer", "square kilometers"),
    "m²": ("square meter", "square meters"),
    "m³": ("cubic meter", "cubic meters"),
    "cm³": ("cubic centimeter", "cubic centimeters"),
    "hp": ("horsepower", "horsepower"),
    "Hz": ("hertz", "hertz"),
    "kHz": ("kilohertz", "kilohertz"),
    "MHz": ("megahertz", "megahertz"),
    "GHz": ("gigahertz", "gigahertz"),
    "rpm": ("revolution per minute", "revolutions per minute"),
    "fps": ("frame per second", "frames per second"),
}
_NAMES = {unit: (name, f"{name}s") for unit, name in _UNITS.items()} | _FIXED
_BEHIND = re.compile(
    r"(?<![\w.,$£€¥])(?<![$£€¥] )"
    r"(?P<number>[0-9][0-9,]*(?:\.[0-9]+)?(?:\s?[½¼¾⅓⅔])?|[½¼¾⅓⅔])(?P<joint> ?-?)(?P<unit>"
    + "|".join(map(re.escape, sorted(_NAMES, key=len, reverse=True)))
    + r")(?![\w²³/'])(?P<dot>\.(?=\s+[a-z0-9]|[,;:]))?"
)
_INCHES = re.compile(r"(?<=[0-9])( ?(?:ft|feet|foot) ?[0-9]{1,2}) ?in\b(\.?)(?=\s+[a-z]|[,;:!?)]|$)")
_FEET = re.compile(r"(?<![\w'])([0-9]{1,2})' ?([0-9]{1,2})(?:\"|'')")
_HEIGHT = re.compile(r"(?<![\w'])([3-8])'(1[01]|[0-9])(?![\w'])")
_LARGE = re.compile(r"(?<![\w.,$£€¥])([0-9]+(?:\.[0-9]+)?)([kKMB])(?!\w)")
_ARTICLE = re.compile(r"\b[Aa]n? $")
_NOUN = re.compile(
    r" (?!(?:a|above|and|apart|away|below|but|from|in|is|of|on|or|per|to|was|were|with)\b)[a-z]"
)
_SCALES = {"k": "thousand", "K": "thousand", "M": "million", "B": "billion"}


def units(text: str) -> str:
    """`text` with units in words; the figures before them are left for later rules."""
    if not re.search(r"[0-9½¼¾⅓⅔]", text):
        return text
    text = _FEET.sub(r"\1 foot \2", text)
    text = _HEIGHT.sub(r"\1 foot \2", text)
    text = _INCHES.sub(_inches, text)
    text = _BEHIND.sub(_unit, text)
    return _LARGE.sub(lambda match: f"{match[1]} {_SCALES[match[2]]}", text)


def _inches(match: re.Match[str]) -> str:
    return f"{match[1]} inches{match[2] if match.end() == len(match.string) else ''}"


def _unit(match: re.Match[str]) -> str:
    one, many = _NAMES[match["unit"]]
    compound = "-" in match["joint"] or bool(  # a 5-km run, a 9mm pistol
        _ARTICLE.search(match.string, max(0, match.start() - 40), match.start())
        and _NOUN.match(match.string, match.end())
    )
    single = match["number"] in ("1", "½", "¼", "¾", "⅓", "⅔") or compound
    return f"{match['number']} {one if single else many}"


_PENCE = r"([0-9]{1,2})(½?)\s?d\b"
_OLD_SUM = re.compile(
    r"£\s?([0-9][0-9,]*),? ?([0-9]{1,2})\s?s\b\.?(?:,? ?" + _PENCE + r"\.?)?"
    r"|(?<![\w.,£$€])([0-9]{1,2})\s?s\b\.?,? ?" + _PENCE + r"\.?"
    r"|(?<![\w.,£$€])([4-9]|1[01])(½?)\s?d\."
)
_OLD_MARK = re.compile(r"[0-9½]\s?[sd]\b")
_SENTENCE_ENDS = re.compile(r"[\"')\]]*(?:$|\s+[A-Z])")


def old_money(text: str) -> str:
    """`text` with British pre-decimal sums (pounds, shillings, pence) in words."""
    return _OLD_SUM.sub(_old_sum, text) if _OLD_MARK.search(text) else text


def _old_sum(match: re.Match[str]) -> str:
    pounds, shillings, pence, half = match[1], match[2] or match[5], match[3] or match[6] or match[8], ""
    half = match[4] or match[7] or match[9] or ""
    words = []
    if pounds:
        words.append(f"{whole_number(pounds)} {'pound' if pounds == '1' else 'pounds'}")
    if shillings:
        words.append(f"{cardinal(int(shillings))} {'shilling' if shillings == '1' else 'shillings'}")
    if pence:
        words.append(_pence(int(pence), bool(half)))
    whole = " ".join(words[:-1]) + (" and " if len(words) > 1 and pence else " " if len(words) > 1 else "")
    stop = "." if match[0].endswith(".") and _SENTENCE_ENDS.match(match.string, match.end()) else ""
    return whole + words[-1] + stop


def _pence(count: int, half: bool) -> str:
    if half:
        return f"{cardinal(count)} pence halfpenny" if count != 1 else "a penny halfpenny"
    return (
        "one penny" if count == 1 else f"{cardinal(count)}pence" if count < 13 else f"{cardinal(count)} pence"
    )


_STREETS = (
    "Street|Avenue|Road|Lane|Drive|Boulevard|Square|Terrace|Place|Court|Crescent|Row|Gardens|Way|Hill|Close"
)
_HOUSE = re.compile(
    r"(?<![\w.,:/$£€#-])([1-9][0-9]{2,3})(?:-?([A-D]))?"
    rf"(?= (?:[NSEW]\.? )?(?:[A-Z][\w']+ ){{1,3}}(?:{_STREETS})\b)"
)
_NAMED = re.compile(
    r"\b((?:[Rr]oom|[Ff]light|[Ss]uite|[Aa]partment|[Hh]ighway"
    r"|Route|Interstate|Boeing|Airbus|Channel|Area|Unit) )"
    r"([1-9][0-9]{2,3})(?![\w]|[.,:][0-9])"
)
# A model in one word, with or without a hyphen: letters, then three or four figures.
_MODEL = re.compile(r"(?<![\w-])([A-Z]{1,4}-?)([1-9][0-9]{2,3})(?![\w-]|[.,:][0-9])")
_FLAT = re.compile(r"(?<![\w.,$£€-])([0-9]{1,3})B(?!\w| (?:people|users|\w+s)\b)")
_CALIBRE = re.compile(
    r"\b((?:a|an|the|his|her|my|your|their|old|loaded) )\.(22|25|32|38|40|44|45|50|303|308|357)(?![0-9%])",
    re.IGNORECASE,
)
_HOURS = re.compile(r"(?<![\w.,:-])([01][0-9]|2[0-3])([0-5][0-9])(?= hours\b)")
_TIME_BEFORE = re.compile(r"\b(?:at|by|until|till|from|to|before|after|since|around|about) $", re.IGNORECASE)


def labels(text: str) -> str:
    """`text` with numbers of houses, rooms, flights, models and calibres in words.

    To be called after `abbreviations`, for the names of streets, and before `units`.
    """
    text = _HOUSE.sub(lambda match: " ".join(filter(None, [paired(match[1]), match[2]])), text)
    text = _NAMED.sub(lambda match: match[1] + paired(match[2]), text)
    text = _MODEL.sub(_model, text)
    text = _FLAT.sub(r"\1 B", text)
    text = _CALIBRE.sub(
        lambda match: match[1] + (paired(match[2]) if len(match[2]) == 3 else cardinal(int(match[2]))), text
    )
    return _HOURS.sub(_hours, text)


def _model(match: re.Match[str]) -> str:
    """ "THX1138" is THX eleven thirty-eight."""
    return f"{match[1]}{'' if match[1].endswith('-') else ' '}{paired(match[2])}"


def _hours(match: re.Match[str]) -> str:
    """ "0600 hours" is a time; "2000 hours" only after "at", "by" and the like."""
    hour, minute = match[1], match[2]
    before = match.string[max(0, match.start() - 40) : match.start()]
    if not hour.startswith("0") and not _TIME_BEFORE.search(before):
        return match[0]
    head = digits(hour) if hour.startswith("0") else cardinal(int(hour))
    if minute == "00":
        return f"{head} hundred"
    return f"{head} {digits(minute) if minute.startswith('0') else cardinal(int(minute))}"
