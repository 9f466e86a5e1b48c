"""Units behind figures: "5 km", "60 mph", "6'2"", "3 sq ft", "10 kHz"."""

from __future__ import annotations

import re

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
    """`text` with units read out; the figures in front of them stay as they are."""
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
