"""Dates in words: "12 May 1984", "May 12, 1984", "2021-03-04", "3/4/2021"."""

from __future__ import annotations

import re

from csm_cli.text.numbers import COUNTED, ordinal, with_oh, year

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
    rf"\b((?!May\b)(?:{_SHORT_NAME}))\.(?=,?\s+[0-9])|\b({_SHORT_NAME})(?=\s+[0-9])"
    rf"|(?<=[0-9] )\b({_SHORT_NAME})\b\.?(?=,?\s+[0-9])"
    rf"|(?<=[0-9](?:st|nd|rd|th) of )({_SHORT_NAME})\b(?:\.(?=[,;\s]))?"
    rf"|(?<=\b[Ii]n )({_SHORT_NAME})\.(?= [a-z])|(?<=\b[Oo]f )({_SHORT_NAME})\.(?= [a-z])"
    rf"|(?<=[0-9] )\b({_SHORT_NAME})\b\.?|(?<=[0-9](?:st|nd|rd|th) )({_SHORT_NAME})\b\.?"
)
_SHORT_DAY = re.compile(
    rf"\b({'|'.join(sorted(_DAYS, key=len, reverse=True))})(?:(\.)|(?=-(?:{'|'.join(_DAYS)})\b)"
    rf"|(?= [0-9]{{1,2}}(?:st|nd|rd|th)? (?:{_MONTH}|{_SHORT_NAME})\b)"
    rf"|(?<=day-...)\b|(?<=day-....)\b)"
)
_DAY_GOES_ON = re.compile(
    rf",|\s?[-–]|\s+(?:[0-9&]|(?:{_MONTH}|{_SHORT_NAME}|morning|afternoon|evening|night|at|noon|to|through|thru|and|or|from)\b)"
)
_DAY_BEFORE = re.compile(
    r"(?:\b(?:to|through|thru|from|on|every|until|till|next|last|and|since|by|each)|&|[-–]|day,) ?$"
)
_ENDS = re.compile(
    r"[\"')\]]*(?:$|\s+[\"']?(?:The|He|She|It|They|We|I|But|And|In|A|An|Then|There|This|That)\b)"
)
_OLD_ORDINAL = re.compile(
    r"\b([0-9]*([23]))d(?= (?:of|inst|ult|prox|instant|ultimo|proximo|day|and|or)\b| [A-Z]|,)"
)
_OF_YEAR = re.compile(
    r"\b(Jan|Feb|Apr|Jun|Jul|Aug|Sept|Sep|Oct|Nov|Dec)\.(?= (?:last|next|to|through|and|or|until"
    r"|[12][0-9]{3})\b)"
)
_DAYS_SPAN = re.compile(r"(?<=day)-(?=(?:Mon|Tues|Wednes|Thurs|Fri|Satur|Sun)day\b)")
_DAY = "(0?[1-9]|[12][0-9]|3[01])"
_BARE_DAY = "[1-9]|[12][0-9]|3[01]"
_DAY_SPAN = re.compile(
    rf"\b({_MONTH}) {_DAY}(?:st|nd|rd|th)?\s?[-–]\s?{_DAY}(?:st|nd|rd|th)?"
    r"(?![\w:]|[.,][0-9])"
)
_DAY_SPAN_FIRST = re.compile(
    rf"(?<![\w.,:/$£€-])((?:[Tt]he|[Ff]rom) )?{_DAY}(?:st|nd|rd|th)?(\s?[-–]\s?| to "
    rf"| and ){_DAY}"
    rf"(?:st|nd|rd|th)?\s+(of\s+)?({_MONTH})\b(?:(,?\s+)([12][0-9]{{3}})(?![0-9]))?"
)
_MONTHS_SPAN = re.compile(rf"\b({_MONTH})\s?[-–]\s?(?=(?:{_MONTH})\b)")
_MONTH_FIRST = re.compile(
    rf"\b({_MONTH})\s+{_DAY}(?:st|nd|rd|th)?(?![0-9:.,]*[0-9]|[–-])(?:(,?\s+)([12][0-9]{{3}})(?![0-9]))?"
)
_MONTH_DAY_YEAR = re.compile(rf"\b({_MONTH})\s+{_DAY}(?:st|nd|rd|th)?,\s*([12][0-9]{{3}})(?![0-9])")
_DAY_FIRST = re.compile(
    rf"(?<![\w.,:/$£€-])([Tt]he\s+)?{_DAY}(?:st|nd|rd|th)?\s+(of\s+)?({_MONTH})\b(?:(,?\s+)([12][0-9]{{3}})(?![0-9]))?"
)
_NAMED = re.compile(rf"(?<![\w-])([0-3]?[0-9])-({_MONTH}|{_SHORT_NAME})-([12][0-9]{{3}})(?![\w-])")
_SPAN_OF_DATES = re.compile(
    rf"(?<=[0-9])\s?[-–]\s?(?=(?:{_MONTH}) [0-9])|(?<=[a-z])\s?[-–]\s?(?=[0-9]{{1,2}} (?:{_MONTH})\b)"
)
_LISTED_FIRST = re.compile(
    rf"(?<![\w.,:/$£€-])(?<!the )((?:{_BARE_DAY})(?:, (?:{_BARE_DAY})){{1,30}},?) (and|or) "
    rf"({_BARE_DAY}) ({_MONTH})\b"
)
_DAYS_LISTED = re.compile(
    rf"\b({_MONTH}) ((?:{_BARE_DAY})(?:, (?:{_BARE_DAY})){{0,30}},?) (and|or) ({_BARE_DAY})"
    rf"(?![\w:-]|[.,][0-9]|,? [0-9])"
)
_ISO = re.compile(
    r"(?<![\w/.-])([12][0-9]{3})([-/.])(0[1-9]|1[0-2])\2(0[1-9]|[12][0-9]|3[01])(?![\w/-]|\.[0-9])"
)
_SLASHED = re.compile(r"(?<![\w/.])([0-3]?[0-9])([/.-])([0-3]?[0-9])\2((?:1[0-9]|20)[0-9]{2})(?![\w/])")
_SHORT_YEAR = re.compile(r"(?<![\w/.])([0-3]?[0-9])(/)([0-3]?[0-9])/([0-9]{2})(?![\w/]|\.[0-9])")


def dates(text: str, day_first: bool = False) -> str:
    """A cleaned `text` with its dates in words; `day_first`: 3/4/2021 is the third of April."""
    if _SHORT_DAY.search(text):
        text = _SHORT_DAY.sub(_day, text)
        text = _SHORT_DAY.sub(_day, text)  # Mon-Fri: the second once the first is written out
    text = _DAYS_SPAN.sub(" to ", text)
    text = _OF_YEAR.sub(lambda match: _SHORT[match[1]], text)
    if not re.search("[0-9]", text):
        return text
    text = _OLD_ORDINAL.sub(lambda match: f"{match[1]}{'nd' if match[2] == '2' else 'rd'}", text)
    text = _SHORT_MONTH.sub(_month, text)
    text = _NAMED.sub(lambda match: f"{match[1]} {_SHORT.get(match[2], match[2])} {match[3]}", text)
    text = _LISTED_FIRST.sub(_listed_first, text)
    text = _SPAN_OF_DATES.sub(" to ", text)
    text = _DAYS_LISTED.sub(_listed_days, text)
    text = _ISO.sub(lambda match: _date(int(match[4]), int(match[3]), match[1], day_first), text)
    text = _SLASHED.sub(lambda match: _slashed(match, day_first), text)
    text = _SHORT_YEAR.sub(lambda match: _slashed(match, day_first), text)
    text = _MONTHS_SPAN.sub(r"\1 to ", text)
    text = _DAY_SPAN_FIRST.sub(_days_of, text)
    text = _DAY_SPAN.sub(_from_to, text)
    text = _DAY_FIRST.sub(_from_day, text)
    text = _MONTH_DAY_YEAR.sub(
        lambda match: f"{match[1]} {ordinal(int(match[2]))}, {year(int(match[3]))}", text
    )
    return _MONTH_FIRST.sub(_from_month, text)


def _day(match: re.Match[str]) -> str:
    """ "Wed. to Sun." are days; "He sat. Then he left." and "in the sun." are not."""
    before, after = (
        match.string[max(0, match.start() - 20) : match.start()],
        match.string[match.end() : match.end() + 40],
    )
    if match[2]:
        named = _DAY_GOES_ON.match(after) or _DAY_BEFORE.search(before)
        if not named or (match[1] in ("Sun", "Sat") and re.search(r"\b[Tt]he $", before)):
            return match[0]
    stop = "." if match[2] and _ENDS.match(after) else ""
    return _DAYS[match[1]] + stop


def _month(match: re.Match[str]) -> str:
    name = next(filter(None, match.groups()))
    after = match.string[match.end() : match.end() + 40]
    stopped = match[0].endswith(".")
    if name in ("Mar", "May", "Dec", "Jun", "Jan") and not stopped and re.match(r"\s[A-Z]", after):
        return match[0]  # the name of a person
    return _SHORT[name] + ("." if stopped and _ENDS.match(after) else "")


def _from_to(match: re.Match[str]) -> str:
    """ "May 3-5": both are days of May, if the second is later."""
    first, last = int(match[2]), int(match[3])
    return f"{match[1]} {ordinal(first)} to {ordinal(last)}" if 0 < first < last else match[0]


def _listed_first(match: re.Match[str]) -> str:
    """ "1, 2 and 3 May" and "5 and 6 June"."""
    days = [int(each) for each in re.findall("[0-9]+", match[1])] + [int(match[3])]
    if days != sorted(set(days)):
        return match[0]
    listed = ", ".join(f"the {ordinal(day)}" for day in days[:-1]) + ("," if match[1].endswith(",") else "")
    return f"{listed} {match[2]} {match[3]} {match[4]}"


def _listed_days(match: re.Match[str]) -> str:
    """ "May 1, 2 and 3": all are days of May, if each is later."""
    days = [int(each) for each in re.findall("[0-9]+", match[2])] + [int(match[4])]
    if days != sorted(set(days)) or re.match(COUNTED, match.string[match.end() : match.end() + 60]):
        return match[0]
    listed = ", ".join(ordinal(day) for day in days[:-1]) + ("," if match[2].endswith(",") else "")
    return f"{match[1]} {listed} {match[3]} {ordinal(days[-1])}"


def _days_of(match: re.Match[str]) -> str:
    """ "12-14 June 2020"; "5 and 6 men of May" is none."""
    first, last = int(match[2]), int(match[4])
    if not first < last:
        return match[0]
    joint = f"{match[3] if match[3] == ' and ' else ' to '}the "
    tail = f"{',' if ',' in match[7] else ''} {year(int(match[8]))}" if match[8] else ""
    lead = "from the " if (match[1] or "").lower() == "from " else match[1] or "the "
    lead = lead.capitalize() if (match[1] or "x")[0].isupper() else lead
    return f"{lead}{ordinal(first)}{joint}{ordinal(last)} of {match[6]}{tail}"


def _from_day(match: re.Match[str]) -> str:
    tail = f" {year(int(match[6]))}" if match[6] else ""
    if match[6] and "," in match[5]:
        tail = f",{tail}"
    the = match[1] or ("the " if match.start() or not match.string[:1].isupper() else "The ")
    return f"{the}{ordinal(int(match[2]))} of {match[4]}{tail}"


_OF_A_DAY = re.compile(r"\b(?:[Oo]n|[Ss]ince|[Bb]y|[Uu]ntil|[Oo]f|[Ff]rom|[Tt]o) $")


def _from_month(match: re.Match[str]) -> str:
    before = match.string[max(0, match.start() - 20) : match.start()]
    after = match.string[match.end() : match.end() + 60]
    bare = not match[4] and not re.search("(?:st|nd|rd|th)$", match[0])
    if bare and re.match(COUNTED, after) and not _OF_A_DAY.search(before):
        return match[0]  # In May 5 people died.
    if re.search(r"\b[Ii]n $", before) and not match[4] and re.match(r"\s[a-z]", after):
        return match[0]
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
    return with_oh(number) if number else "two thousand"
