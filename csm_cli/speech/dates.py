"""Dates as they are said: "12 May 1984", "May 12, 1984", "2021-03-04", "3/4/2021"."""

from __future__ import annotations

import re

from csm_cli.speech.numbers import ordinal, year

_MONTHS = (
    "January February March April May June July August September October November December".split()  # noqa: SIM905
)
_SHORT = {month[:3]: month for month in _MONTHS} | {"Sept": "September"}
_DAYS = {
    "Mon": "Monday",
    "Tue": "Tuesday",
    "Tues": "Tuesday",
    "Wed": "Wednesday",
    "Thu": "Thursday",
    "Thurs": "Thursday",
    "Fri": "Friday",
    "Sat": "Saturday",
    "Sun": "Sunday",
}
_MONTH = "|".join(_MONTHS)
_SHORT_NAME = "|".join(_SHORT)
_SHORT_MONTH = re.compile(
    rf"\b({_SHORT_NAME})\.(?=,?\s+[0-9])|\b({_SHORT_NAME})(?=\s+[0-9])"
    rf"|(?<=[0-9] )\b({_SHORT_NAME})\b\.?(?=,?\s+[0-9])"
    rf"|(?<=[0-9](?:st|nd|rd|th) of )({_SHORT_NAME})\b(?:\.(?=[,;\s]))?"
)
_SHORT_DAY = re.compile(rf"\b({'|'.join(_DAYS)})\.(?=,|\s+(?:[0-9]|(?:{_MONTH})\b))")
_MONTH_FIRST = re.compile(
    rf"\b({_MONTH})\s+([12]?[0-9]|3[01])(?:st|nd|rd|th)?(?![0-9:.,]*[0-9]|[–-])(?:(,?\s+)([12][0-9]{{3}})(?![0-9]))?"
)
_MONTH_DAY_YEAR = re.compile(
    rf"\b({_MONTH})\s+([12]?[0-9]|3[01])(?:st|nd|rd|th)?,\s*([12][0-9]{{3}})(?![0-9])"
)
_DAY_FIRST = re.compile(
    rf"(?<![\w.,:/$£€-])(the\s+)?([12]?[0-9]|3[01])(?:st|nd|rd|th)?\s+(of\s+)?({_MONTH})\b(?:(,?\s+)([12][0-9]{{3}})(?![0-9]))?"
)
_ISO = re.compile(r"(?<![\w-])([12][0-9]{3})-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])(?![\w-])")
_SLASHED = re.compile(r"(?<![\w/.])([0-3]?[0-9])([/.])([0-3]?[0-9])\2((?:1[0-9]|20)[0-9]{2})(?![\w/])")


def dates(text: str, day_first: bool = False) -> str:
    """`text` with its dates in words.

    Args:
        text: cleaned.
        day_first: 3/4/2021 is the third of April, as in Britain, not March fourth.
    """
    if not re.search("[0-9]", text):
        return text
    text = _SHORT_DAY.sub(lambda match: _DAYS[match[1]], text)
    text = _SHORT_MONTH.sub(lambda match: _SHORT[next(filter(None, match.groups()))], text)
    text = _ISO.sub(lambda match: _said(int(match[3]), int(match[2]), match[1], day_first), text)
    text = _SLASHED.sub(lambda match: _slashed(match, day_first), text)
    text = _DAY_FIRST.sub(_from_day, text)
    text = _MONTH_DAY_YEAR.sub(
        lambda match: f"{match[1]} {ordinal(int(match[2]))}, {year(int(match[3]))}", text
    )
    return _MONTH_FIRST.sub(_from_month, text)


def _from_day(match: re.Match[str]) -> str:
    tail = f" {year(int(match[6]))}" if match[6] else ""
    if match[6] and "," in match[5]:
        tail = f",{tail}"
    the = match[1] or ("the " if match.start() or not match.string[:1].isupper() else "The ")
    return f"{the}{ordinal(int(match[2]))} of {match[4]}{tail}"


def _from_month(match: re.Match[str]) -> str:
    tail = f"{match[3]}{year(int(match[4]))}" if match[4] else ""
    return f"{match[1]} {ordinal(int(match[2]))}{tail}"


def _slashed(match: re.Match[str], day_first: bool) -> str:
    first, second = int(match[1]), int(match[3])
    day, month = (first, second) if day_first or match[2] == "." else (second, first)
    if month > 12:
        day, month = month, day
    if not (1 <= month <= 12 and 1 <= day <= 31):
        return match[0]
    return _said(day, month, match[4], day_first)


def _said(day: int, month: int, of: str, day_first: bool) -> str:
    name = _MONTHS[month - 1]
    if day_first:
        return f"the {ordinal(day)} of {name} {year(int(of))}"
    return f"{name} {ordinal(day)}, {year(int(of))}"
