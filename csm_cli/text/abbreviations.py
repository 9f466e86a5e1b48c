"""English abbreviations and initials in words."""

from __future__ import annotations

import re

from csm_cli.text.numbers import COUNTED, NUMBER
from csm_cli.text.scripture import verses
from csm_cli.text.short_forms import (
    BEFORE_FIGURES,
    BEFORE_NUMERALS,
    OF_MONTHS,
    SLASHED,
    STATE_NAMES,
    TITLES,
    WORDS,
)


def _one_of(words: object) -> str:
    return "|".join(map(re.escape, sorted(words, key=len, reverse=True)))  # type: ignore[call-overload]


_TITLE = re.compile(rf"\b({'|'.join(TITLES)})\.(?=\s|$|-[A-Z])(?!\s[0-9])")
_BARE_TITLE = re.compile(r"\b(Mr|Mrs|Ms|Dr|Mme|Mlle|Messrs|Mt)(?=\s[A-Z])")
_WORD = re.compile(rf"(?<![\w.])({_one_of(WORDS)})(?!\w)")
_UNDOTTED = re.compile(r"(?<![\w.])(Jr|Ltd|vs|viz|&c)(?![\w.])")
_BEFORE_FIGURE = re.compile(rf"(?<![\w.])(?<![0-9] )({_one_of(BEFORE_FIGURES)})\s?(?=[0-9])")
_BEFORE_NUMERAL = re.compile(rf"\b({_one_of(BEFORE_NUMERALS)})\.\s?(?=(?:[IVXL]+|[ivxl]+)\b)")
_LEVEL = re.compile(r"\b([Ll])vl\.? ?(?=[0-9])")
_OF_MONTH = re.compile(rf"(?:(?<=[0-9](?:st|nd|rd|th) )|(?<=[23]d ))({'|'.join(OF_MONTHS)})\.")
_SLASH = re.compile(
    r"(?<![\w/])(?<![0-9] )(w/o|b/c|and/or|either/or|c/o|s/he|[nN]/[aA]|km/hour|km/h|m/s|w/)(?=\s|$"
    r"|[.,;:!?)\]\"'])"
    r"|(?<![\w/])(w/)(?=[a-z])"
)
_STATE = re.compile(rf"(?<=[a-z], )({'|'.join(STATE_NAMES)})(?:\.|(?=,? |$))")
_AGAINST = re.compile(r"(?<=[a-z.]) v\.? (?=[A-Z])|(?<=[A-Z]) v\. (?=[A-Z])")
_CENTURY = re.compile(r"(?<=[0-9](?:st|nd|rd|th) )[cC](?:ent)?\.(?=\W|$)")
_FOLLOWING = re.compile(r"(?<=[0-9])\s?ff?\.(?=\W|$)")
_PLURAL = re.compile(r"(?<=[a-z])\((e?s)\)")
_NEGATED = re.compile(
    r"\b(?:an?|the|that|this|his|her|my|one|ripe|last|every|dried|single|fresh|ate|eat)(?: [a-z]+)? $"
    r"|\b(?:ate|eat|eating|picked)\b.{0,25}$"
)
_NUMBERED_BEFORE = re.compile(
    r"\b(?:[Tt]he|[Rr]ooms?|[Pp]latform|[Ss]ee|[Oo]pus|[Ss]ymphony|[Ss]onata|[Cc]oncerto|[Bb]us) $|, $"
)
_DIRECTIONS = {"N": "North", "S": "South", "E": "East", "W": "West"}
_DIRECTION = re.compile(
    r"\b([NSEW])\.? (?=(?:[0-9]+(?:st|nd|rd|th)|[A-Z][a-z]+) (?:St|Ave|Rd|Blvd|Dr|Ln|Street|Avenue|Road"
    r"|Drive|Boulevard)\b)"
)
_SISTER = re.compile(
    r"(?<![A-Z][a-z] )(?:(?<=^)|(?<=[.!?,;:\"(] )|(?<=\band )|(?<=\bto )|(?<=\bwith ))Sr\.?(?= [A-Z][a-z])"
)
_JOINED = re.compile(rf"\b({'|'.join(TITLES)}|St|Jan|Feb|Apr|Aug|Sept?|Oct|Nov|Dec)\.(?=[A-Z][a-z]|[0-9])")
_CIRCA = re.compile(r"\b(?:ca?\. ?(?=A\.? ?D\b)|ca (?=[0-9]{3,4}\b))")
_ERAS = re.compile(r"\b([AB] [CD])\s?[-–]\s?(?=[AB] [CD]\b|[0-9])")
_RIGHT = re.compile(r"\bRt\. Hon\.(?= )")
_SIRS = re.compile(r"\bMM\.(?= [A-Z][a-z])")
_EDITION = re.compile(r"(?<=[0-9](?:st|nd|rd|th)) ed\.(?=\W|$)")
_LAND = re.compile(
    r"\b([NSEW])\. (?=Dakota|Carolina|Virginia|America|Africa|Korea|Ireland|Wales|Yorkshire|Sudan"
    r"|[0-9]+(?:st|nd|rd|th)\b)"
)
# "No. IV", "Nos. I and II"; "No. I won't" is no number.
_NUMERAL_NUMBER = re.compile(
    r"\b([Nn])o(s?)\. ?(?=(?:[IVXL]{2,}|[VX])\b|[ivxl]{2,}\b|I(?:,? (?:and|or|to) |, |[-–])[IVX]+\b|I of\b)"
)
_POINT = re.compile(r"\bPt\. (?=[A-Z][a-z])")
_MARK = re.compile(r"\bMk\.? ?(?=[IVX0-9])")
_HOUSE_NUMBER = re.compile(r"\b(No|Nos|Hwy|N[º°]|n[º°]) ?(?=[0-9])")
_PARTS = frozenset(
    [
        "Chapter",
        "Volume",
        "Part",
        "Book",
        "Act",
        "Scene",
        "Section",
        "Canto",
        "Vol",
        "Number",
        "Letter",
        "CHAPTER",
        "VOLUME",
        "PART",
        "BOOK",
        "ACT",
    ]
)
_SAINT = re.compile(r"\bSt\.?(?=\s+[A-Z])")
_STREET = re.compile(r"(?<=\w )St\.(?!\w)")
_DRIVE = re.compile(r"(?<=\w )([A-Z][a-z]+) Dr\.(?=[,.;:!?]|$|\s+[a-z])")
_BEFORE_AND = re.compile(r"(?<![\w.])([A-Z])\.(?= & (?:[A-Z]\.|[A-Z][a-z]))|(?<=& )([A-Z])\.(?= [A-Z][a-z])")
_INITIALS = re.compile(r"(?<![\w.])(?<![0-9])(?<![0-9] (?=[AP]\.M))(?:[A-Z]\.\s?){2,}")
_INITIAL = re.compile(r"((?:^|[A-Z][a-z]+) [A-Z]|^[A-Z])\. (?=[A-Z][a-z])")
_SENTENCE = re.compile(
    r"(?:The|Then|He|She|It|They|We|I|But|And|A|An|In|For|If|My|His|Her|Our|Your|Their|No|Yes|Not"
    r"|On|At|So|You|This|That|There|What|When|Where|Who|Why|How|After|Before|As|To|From|With)\b"
)


def abbreviations(text: str) -> str:
    """A cleaned `text` with common abbreviations in words and initials as single letters: "J R R"."""
    if "/" in text:
        text = _SLASH.sub(lambda match: SLASHED.get(match[0]) or SLASHED[match[0].lower()], text)
    text = _RIGHT.sub("Right Honorable", _SIRS.sub("Messieurs", text))
    text = _EDITION.sub(lambda match: f" edition{_stop(match)}", text)
    text = _LAND.sub(lambda match: f"{_DIRECTIONS[match[1]]} ", text)
    text = _NUMERAL_NUMBER.sub(r"\1umber\2 ", text)
    text = _JOINED.sub(r"\1. ", _CIRCA.sub("circa ", text))
    text = _SISTER.sub("Sister", text)
    text = _POINT.sub("Point ", _MARK.sub("Mark ", text))
    text = _HOUSE_NUMBER.sub(_house_number, text)
    text = _BARE_TITLE.sub(lambda match: TITLES[match[1]], text)
    text = _LEVEL.sub(r"\1evel ", text)
    text = _DIRECTION.sub(lambda match: f"{_DIRECTIONS[match[1]]} ", text)
    if "St" in text:
        text = _STREET.sub(_street, text)
        text = _SAINT.sub("Saint", text)
    text = verses(text)
    if ", " in text:
        text = _STATE.sub(lambda match: STATE_NAMES[match[1]] + _stop(match), text)
    if "(" in text:
        text = _PLURAL.sub(r"\1", text)
    text = (_WORD if "." in text else _UNDOTTED).sub(lambda match: WORDS[match[1]] + _stop(match), text)
    if "." not in text:
        return text
    text = _AGAINST.sub(" versus ", text)
    text = _CENTURY.sub(lambda match: f"century{_stop(match)}", text)
    text = _FOLLOWING.sub(" and following", text)
    text = _DRIVE.sub(lambda match: f"{match[1]} Drive{_stop(match)}", text)
    text = _TITLE.sub(lambda match: TITLES[match[1]], text)
    text = _BEFORE_FIGURE.sub(_before_figure, text)
    text = _BEFORE_NUMERAL.sub(lambda match: f"{BEFORE_NUMERALS[match[1]]} ", text)
    text = _OF_MONTH.sub(lambda match: OF_MONTHS[match[1]] + _stop(match), text)
    text = _BEFORE_AND.sub(r"\1\2", text)
    text = _ERAS.sub(r"\1 to ", _INITIALS.sub(_initials, text))
    return _INITIAL.sub(_initial, text)


def _before_figure(match: re.Match[str]) -> str:
    """ "no. 7" is number seven, but not in "The answer was no. 5 people left."."""
    short, text = match[1], match.string
    before, after = text[max(0, match.start() - 40) : match.start()], text[match.end() : match.end() + 60]
    counted = re.match(rf"(?:{NUMBER}){COUNTED}", after)
    if short in ("no.", "No.") and counted and not _NUMBERED_BEFORE.search(before):
        return match[0]
    if short in ("fig.", "figs.", "art.", "sec.", "est.", "min.", "pt.", "app.") and _NEGATED.search(before):
        return match[0]
    if counted and short in ("fig.", "figs.", "art.", "sec.", "alt.", "est.", "temp."):
        return match[0]
    if short in ("b.", "d.", "fl.", "m.") and not re.match(r"(?:c\. ?|ca\. ?)?[12]?[0-9]{3}\b", after):
        return match[0]
    return f"{BEFORE_FIGURES[short]} "


def _house_number(match: re.Match[str]) -> str:
    """ "No 10 Downing Street"; "No 5 people came" stays."""
    counted = re.match(rf"(?:{NUMBER}){COUNTED}", match.string[match.end() : match.end() + 60])
    if counted and match[1] in ("No", "Nos"):
        return match[0]
    if match[1] == "Hwy":
        return "Highway "
    return "Numbers " if match[1] == "Nos" else f"{match[1][0]}umber "


def _street(match: re.Match[str]) -> str:
    """Street after a name ("Baker St."), else unchanged, for Saint ("to St. Ives")."""
    before = match.string[max(0, match.start() - 60) : match.start()].split()
    after = match.string[match.end() : match.end() + 60]
    named = (before[-1][:1].isupper() or re.fullmatch("[0-9]+(?:st|nd|rd|th)", before[-1])) and not re.match(
        r"\s+[A-Z]", after
    )
    return f"Street{_stop(match)}" if named or _stop(match) else match[0]


def _initials(match: re.Match[str]) -> str:
    """ "J. R. R. " as "J R R "; the last full stop stays where the sentence ends."""
    letters = " ".join(letter for letter in match[0] if letter.isalpha())
    space = " " if match[0][-1].isspace() else ""
    return letters + _stop(match) + space


def _initial(match: re.Match[str]) -> str:
    """ "John F. Kennedy" loses the full stop; "Plan B. Then" keeps it."""
    if match[1].split()[0] in _PARTS:
        return match[0]
    return match[0] if _SENTENCE.match(match.string, match.end()) else f"{match[1]} "


def _stop(match: re.Match[str]) -> str:
    """A full stop if the abbreviation's own one also ends its sentence."""
    if not match[0].rstrip().endswith("."):
        return ""
    after = match.string[match.end() : match.end() + 60].lstrip("\"')]")
    return "." if not after.strip() or _SENTENCE.match(after.lstrip()) else ""
