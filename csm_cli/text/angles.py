"""Angles, places on a map, temperatures: "51°30′26″N", "a 45° angle", "-5 °C", "heading NNW"."""

from __future__ import annotations

import re

_OF_ARC = re.compile(r"(?<=[0-9])(?:'|\")(?= of arc\b)")
_COMPASS = {"N": "north", "S": "south", "E": "east", "W": "west"}
_POINT = r"[NSEW]?[NS][EW]|[NSEW]"
_ARC = re.compile(
    r"(?<![\w.])(?P<degrees>-?[0-9]+(?:\.[0-9]+)?)\s?°\s?"
    r"(?:(?P<minutes>[0-9]{1,2}(?:\.[0-9]+)?)\s?'(?!')\s?(?:(?P<seconds>[0-9]{1,2}(?:\.[0-9]+)?)\s?(?:\"|''))?\s?)?"
    rf"(?:(?P<point>{_POINT})\b(?![.'][A-Za-z])(?:\.(?=[,;]| [a-z]))?)?"
)
_POINT_BEFORE = re.compile(rf"\b({_POINT})\s?(?=[0-9]{{1,3}}(?:\.[0-9]+)?\s?°)")
_SCALE = re.compile(r"(?<=[0-9])\s?°\s?(C|F|K|c|f)\b")
_SIGN = re.compile(r"(?<=[0-9])\s?°")
_ONE = re.compile(r"(?<![\w.,])1\s?°\s?(C|F|c|f)\b")
_NOUN = "angle|turn|bend|slope|arc|incline|rotation|curve|view|temperature|heat|range|oven|wedge|pivot"
_SINGLE = re.compile(rf"(\b[Aa]n? -?[0-9.]+)\s?°(?= [a-z])|([0-9])\s?°(?=[ -](?:{_NOUN})\b)")
_SCALES = {"C": "Celsius", "F": "Fahrenheit", "K": "Kelvin"}
_SPAN = re.compile(r"(?<=[0-9])\s?(?:°\s?(?:C|F)?)?\s?[-–]\s?(?=[0-9]+(?:\.[0-9]+)?\s?°)")


_DIRECTION = re.compile(
    r"(?<![\w.])(?P<point>(?:[NSEW]\.?)?[NS]\.?[EW]\.?|[NSEW]\.?)(?= (?:of|winds?|corner|coast|side"
    r"|gales?|breezes?|bank|wall|direction"
    r"|face|slope|quarter|edge|end|shore|tip|flank|bound|by)\b)"
    r"|(?:(?<=miles )|(?<=[0-9] mi\. )|(?<=km )|(?<=to the )|(?<=from the )|(?<=due )|(?<=heading )"
    r"|(?<=meters )"
    r"|(?<=metres )|(?<=kilometers ))"
    r"(?P<bare>(?:[NSEW]\.?)?[NS]\.?[EW]\.?|[NSEW]\.?)(?![\w.'])"
)


def directions(text: str) -> str:
    """`text` with the letters of the compass in words: "20 miles NE of the cape", "an N.N.W. wind"."""
    return _DIRECTION.sub(_direction, text)


def _direction(match: re.Match[str]) -> str:
    letters = (match["point"] or match["bare"]).replace(".", "")
    single_letter = (
        len(letters) == 1
        and match["point"]
        and not re.search(
            r"(?:miles|km|meters|metres|kilometers|feet|the|an?|due) $",
            match.string[max(0, match.start() - 12) : match.start()],
        )
    )
    if single_letter or len(set(letters[:2]) & set("NS")) == 2:
        return match[0]
    stop = "." if match[0].endswith(".") and match.end() == len(match.string) else ""
    return compass(letters) + stop


def angles(text: str) -> str:
    """`text` with degrees, minutes and seconds in words; their figures are left for later rules."""
    text = _OF_ARC.sub(lambda match: " minutes" if match[0] == "'" else " seconds", text)
    if "°" not in text:
        return text
    text = _POINT_BEFORE.sub(lambda match: f"{compass(match[1])} ", text)
    text = _SPAN.sub(" to ", text)
    text = _ONE.sub(lambda match: f"1 degree {_SCALES[match[1].upper()]}", text)
    text = _SCALE.sub(lambda match: f" degrees {_SCALES[match[1].upper()]}", text)
    text = _SINGLE.sub(r"\1\2 degree", text)
    text = _ARC.sub(_arc, text)
    return _SIGN.sub(" degrees", text)


def compass(point: str) -> str:
    """ "NNW" as "north northwest"."""
    if len(point) == 3:
        return f"{_COMPASS[point[0]]} {compass(point[1:])}"
    return "".join(_COMPASS[letter] for letter in point)


def _arc(match: re.Match[str]) -> str:
    if match["degrees"] is None or (not match["minutes"] and not match["point"]):
        one = match["degrees"] in ("1", "-1")
        tail = match[0][len(match[0].rstrip()) :]
        return f"{match['degrees']} degree{'' if one else 's'}{tail}"
    words = []
    for name in ("degrees", "minutes", "seconds"):
        if figures := match[name]:
            words.append(f"{figures} {name if figures != '1' else name[:-1]}")
    if match["point"]:
        words.append(compass(match["point"]))
    tail = match[0][len(match[0].rstrip()) :]
    return " ".join(words) + tail
