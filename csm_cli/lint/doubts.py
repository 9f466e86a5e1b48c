"""What in a written text is likely to be misread, or not read at all."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Container, Iterator
from typing import NamedTuple

from csm_cli.text.characters import fold_to

SPEAKABLE = 250
"""Characters that a model reads well in one utterance; longer lines are split."""
LONG_LINE = 2000
"""Characters: over two minutes of speech, which can only be rendered again as a whole."""

_DOUBT = re.compile(
    r"""
      (?P<date>  (?<![\d/.-])\d{1,2}([/.-])\d{1,2}\2(?:\d{4}|\d{2})(?![\d/-]) )
    | (?P<clock> (?<![\d.,$£€])(?:[01]?\d|2[0-3])\.[0-5]\d(?=\s?(?:[ap]\.?m\b|o'clock|h\b)) )
    | (?P<hour>  (?:(?<=\bat\ )|(?<=\bis\ )|(?<=\bwas\ )|(?<=\bby\ ))\d{1,2}\.[0-5]\d(?!\d|[.,]\d) )
    | (?P<month> \b(?:May|March)\ \d{1,2}(?=\ [a-z]) )
    | (?P<no>    \b(?:[Nn]o|fig|art|sec)\.\ ?\d+ )
    | (?P<group> (?<![\d.,+-])[1-9]\d{0,2}\ \d{3}(?![\d-]|\ \d) )
    | (?P<heart> <3(?![\d.]) )
    | (?P<smile> (?<!\S)(?:[:;=]-?[DPpOo3]|[xX]D)(?=[\s.,!?]|$) )
    | (?P<ratio> (?<![\d:.])\d{1,3}:\d{1,3}(?::\d{1,3})?(?![\d:]) )
    | (?P<slash> (?<![\w/])\w+/\w+(?![\w/]) )
    | (?P<long>  (?<![\d.,$£€#])\d{5,}(?![\d.,]?\d|(?:st|nd|rd|th)\b) )
    | (?P<mixed> \b(?=\w*\d)(?=\w*[A-Za-z])
                 (?!\d+(?:st|nd|rd|th|s|am|pm|km|kg|cm|mm|m|g|ft|lb|h|k)\b)\w{2,}\b )
    | (?P<caps>  (?<![\w.'’])[A-Z][A-Z0-9&]+(?:-[A-Z0-9]+)*(?![\w’'.]\w|\w) )
    | (?P<round> [\[({<][^\[\](){}<>]{0,80}[\])}>] )
    """,
    re.VERBOSE,
)
_TIME = re.compile(r"(?:[01]?\d|2[0-3]):[0-5]\d")
_FOUR_SHOUTED = re.compile(r"\b[A-Z][A-Z'’]+(?:\W+[A-Z][A-Z'’]*){3,}")
_ROMAN = re.compile(r"(?=[MDCLXVI])M{0,3}(?:CM|CD|D?C{0,3})(?:XC|XL|L?X{0,3})(?:IX|IV|V?I{0,3})")
_CLAUSES = re.compile(r"(?<=[.!?…;:,—–])[\"'”’)\]]*\s+|(?<!\s)\s+-+\s+")
_FAMILIAR = frozenset(
    re.findall(
        "[A-Z]+",
        "AM PM TV UK US USA EU UN OK CD DVD CIA FBI BBC NASA NATO DNA CEO GPS HIV AIDS USB PDF ID IQ MP RIP "
        "UFO VIP ATM AC DC BC AD BCE CE",
    )
)
_READ_MARKS = frozenset("‘’‚‛“”„‟«»‹›–—‐‑‒―…·•§°′″№£€¥¢½⅓⅔¼¾²³×÷±−©®™¡¿†‡")
_WORTH_A_LOOK = re.compile(r"[\d/\[({<]|[A-Z][A-Z0-9&]|[:;=]-?[DPpOo]|xD")


class Doubt(NamedTuple):
    """A part of a text, and why it may be misread."""

    text: str
    why: str


def doubts(text: str) -> Iterator[Doubt]:
    """The parts of a written English text that are likely to be misread."""
    if not _WORTH_A_LOOK.search(text):
        return
    shouted = _FOUR_SHOUTED.search(text)
    if shouted:
        yield Doubt(shouted[0], "capitals may be spelled out; use small letters")
    for match in _DOUBT.finditer(text):
        found = match[0]
        if match["date"]:
            yield Doubt(found, "day or month first? write the date in words")
        elif match["clock"]:
            yield Doubt(found, "a time is written with a colon, 9:30")
        elif match["hour"]:
            yield Doubt(found, "a time, or a number? a time is written with a colon, 9:30")
        elif match["month"]:
            yield Doubt(found, "a day, or a count? write it in words")
        elif match["no"]:
            yield Doubt(found, "an abbreviation, or the end of a sentence? write the word that is meant")
        elif match["group"]:
            yield Doubt(found, "one number, or two? write a comma into one, a word for two")
        elif match["heart"]:
            yield Doubt(found, "a heart, or less than three? write it in words")
        elif match["smile"]:
            yield Doubt(found, "its letter is spoken; leave the smiley out")
        elif match["ratio"]:
            if not _TIME.fullmatch(found):
                yield Doubt(found, "a time, a score or a verse? write it in words")
        elif match["slash"]:
            if not re.fullmatch(r"[1-3]/[2-4]|and/or|(?:km|m|mi)/[hs]", found):
                yield Doubt(found, "a slash; write the word that is meant")
        elif match["long"]:
            yield Doubt(found, "one number, or digit by digit? write it in words or with commas")
        elif match["mixed"]:
            yield Doubt(found, "letters and figures; write it as it is said")
        elif match["caps"]:
            if found not in _FAMILIAR and not (shouted and shouted.start() <= match.start() < shouted.end()):
                if _ROMAN.fullmatch(found):
                    yield Doubt(found, "a Roman numeral? write it in words")
                elif len(found) > 1:
                    yield Doubt(found, "a word or single letters? write it as it is said")
        else:
            yield Doubt(found, "what stands in brackets is spoken")


def longest_stretch(text: str) -> str:
    """The longest clause of `text` if it has more than `SPEAKABLE` characters, else ""."""
    if len(text) <= SPEAKABLE:
        return ""
    longest = max(_CLAUSES.split(text), key=len)
    return longest if len(longest) > SPEAKABLE else ""


def unreadable(text: str, english: bool = True, alphabet: Container[str] | None = None) -> str:
    """The characters of `text` that are not read aloud, each once.

    Args:
        text: as written.
        english: only Latin letters are read; else those of any writing system.
        alphabet: of the model; None: unrestricted.
    """
    if text.isascii() and alphabet is None:
        return ""
    found = dict[str, None]()
    for char in text:
        if char.isascii() if alphabet is None else char in alphabet:
            continue
        if char in _READ_MARKS and alphabet is None:
            continue
        if not _readable(char, english, alphabet):
            found[char] = None
    return "".join(found)


def _readable(char: str, english: bool, alphabet: Container[str] | None) -> bool:
    category = unicodedata.category(char)
    if category[0] in "ZM" or category == "Cf":
        return True
    if alphabet is not None:
        return not fold_to(char, alphabet)[1]
    if category[0] == "L":
        return not english or "LATIN" in unicodedata.name(char, "")
    return category[0] == "N" and not english
