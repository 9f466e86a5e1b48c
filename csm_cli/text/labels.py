"""Figures and signs that name something: houses, rooms, calibres; addresses, hashtags and handles."""

from __future__ import annotations

import re

from csm_cli.text.numbers import cardinal, digits, paired

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
# THX 1138 as one word, with or without a hyphen: letters, then three or four figures.
_MODEL = re.compile(r"(?<![\w-])([A-Z]{1,4}-?)([1-9][0-9]{2,3})(?![\w-]|[.,:][0-9])")
_FLAT = re.compile(r"(?<![\w.,$£€-])([0-9]{1,3})B(?!\w| (?:people|users|\w+s)\b)")
_CALIBRE = re.compile(
    r"\b((?:a|an|the|his|her|my|your|their|old|loaded) )\.(22|25|32|38|40|44|45|50|303|308|357)(?![0-9%])",
    re.IGNORECASE,
)
_HOURS = re.compile(r"(?<![\w.,:-])([01][0-9]|2[0-3])([0-5][0-9])(?= hours\b)")
_AT = re.compile(r"\b(?:at|by|until|till|from|to|before|after|since|around|about) $", re.IGNORECASE)


def labels(text: str) -> str:
    """`text` with such figures in words; street names are written out already, units are not."""
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
    """ "0600 hours" is a time; "2000 hours" only behind "at" and its like."""
    hour, minute = match[1], match[2]
    if not hour.startswith("0") and not _AT.search(match.string, max(0, match.start() - 40), match.start()):
        return match[0]
    head = digits(hour) if hour.startswith("0") else cardinal(int(hour))
    if minute == "00":
        return f"{head} hundred"
    return f"{head} {digits(minute) if minute.startswith('0') else cardinal(int(minute))}"


_TLD = "com|org|net|edu|gov|io|co|uk|de|fr|eu|us|ca|au|info|biz|tv|me|dev|app|ai|int|example"
_EMAIL = re.compile(r"(?<![\w.])[\w.+-]{1,64}@[\w-]+(?:\.[\w-]+)+(?<![.-])")
_URL = re.compile(
    rf"(?:https?://|(?<![\w.@])www\.)[^\s<>\"']*[^\s<>\"'.,;:!?)\]]"
    rf"|(?<![\w.@/])(?:[a-z0-9-]{{2,63}}\.)+(?:{_TLD})(?![\w.-]*\w)(?:/[^\s<>\"']*[^\s<>\"'.,;:!?)\]])?"
)
_HANDLE = re.compile(r"(?<![\w@#])([@#])([A-Za-z]\w*)")
_MARKS = {
    ".": "dot",
    "/": "slash",
    "-": "dash",
    "_": "underscore",
    "@": "at",
    "+": "plus",
    "=": "equals",
    "?": "question mark",
    "&": "and",
    "#": "hash",
    "%": "percent",
    ":": "colon",
    "~": "tilde",
}


def addresses(text: str) -> str:
    """`text` with addresses in words; their figures are left to be read later."""
    if "@" in text or "#" in text:
        text = _EMAIL.sub(lambda match: _spelled(match[0]), text)
        text = _HANDLE.sub(lambda match: f"{'at' if match[1] == '@' else 'hashtag'} {match[2]}", text)
    if "." in text:
        text = _URL.sub(_url, text)
    return text


def _url(match: re.Match[str]) -> str:
    address = re.sub(r"^https?://(?:www\.)?", "", match[0]).rstrip("/")
    if address.startswith("www."):
        address = f"w w w{address[3:]}"
    return _spelled(address)


def _spelled(address: str) -> str:
    words = re.sub(r"[^\w\s]|_", lambda mark: f" {_MARKS.get(mark[0], ' ')} ", address)
    return " ".join(words.split())
