"""Dates in words: "12 May 1984", "May 12, 1984", "2021-03-04", "3/4/2021"."""

from __future__ import annotations

import re

from csm_cli.text.numbers import cardinal, ordinal, year

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
_SHORT_DAY = re.compile(
    rf"\b({'|'.join(_DAYS)})\.(?=,|\s+(?:[0-9]|(?:{_MONTH}|morning|afternoon|evening|night|at|noon)\b))"
    rf"|\b({'|'.join(_DAYS)})(?=-(?:{'|'.join(_DAYS)})\b)|(?<=day-)({'|'.join(_DAYS)})\b\.?"
)
_DAYS_SPAN = re.compile(r"(?<=day)-(?=(?:Mon|Tues|Wednes|Thurs|Fri|Satur|Sun)day\b)")
_DAY_SPAN = re.compile(
    rf"\b({_MONTH}) ([12]?[0-9]|3[01])(?:st|nd|rd|th)?\s?[-–]\s?([12]?[0-9]|3[01])(?:st|nd|rd|th)?"
    r"(?![\w:]|[.,][0-9])"
)
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
_SHORT_YEAR = re.compile(r"(?<![\w/.])([0-3]?[0-9])(/)([0-3]?[0-9])/([0-9]{2})(?![\w/]|\.[0-9])")


def dates(text: str, day_first: bool = False) -> str:
    """A cleaned `text` with its dates in words; `day_first`: 3/4/2021 is the third of April."""
    if _SHORT_DAY.search(text):
        text = _SHORT_DAY.sub(_day, text)
        text = _SHORT_DAY.sub(_day, text)  # Mon-Fri: the second once the first is written out
        text = _DAYS_SPAN.sub(" to ", text)
    if not re.search("[0-9]", text):
        return text
    text = _SHORT_MONTH.sub(lambda match: _SHORT[next(filter(None, match.groups()))], text)
    text = _ISO.sub(lambda match: _date(int(match[3]), int(match[2]), match[1], day_first), text)
    text = _SLASHED.sub(lambda match: _slashed(match, day_first), text)
    text = _SHORT_YEAR.sub(lambda match: _slashed(match, day_first), text)
    text = _DAY_SPAN.sub(_from_to, text)
    text = _DAY_FIRST.sub(_from_day, text)
    text = _MONTH_DAY_YEAR.sub(
        lambda match: f"{match[1]} {ordinal(int(match[2]))}, {year(int(match[3]))}", text
    )
    return _MONTH_FIRST.sub(_from_month, text)


def _day(match: re.Match[str]) -> str:
    return _DAYS[next(filter(None, match.groups()))]


def _from_to(match: re.Match[str]) -> str:
    """ "May 3-5": both are days of May, if the second is later."""
    first, last = int(match[2]), int(match[3])
    return f"{match[1]} {ordinal(first)} to {ordinal(last)}" if 0 < first < last else match[0]


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
    return _date(day, month, match[4], day_first)


def _date(day: int, month: int, of: str, day_first: bool) -> str:
    name = _MONTHS[month - 1]
    year_words = year(int(of)) if len(of) == 4 else _short_year(of)
    if day_first:
        return f"the {ordinal(day)} of {name} {year_words}"
    return f"{name} {ordinal(day)}, {year_words}"


def _short_year(figures: str) -> str:
    """ "44" is forty-four, "05" oh five, "00" two thousand: the century is left out."""
    number = int(figures)
    return "two thousand" if not number else f"oh {cardinal(number)}" if number < 10 else cardinal(number)
