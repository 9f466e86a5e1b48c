"""What a row of a plain text would be as a heading, seen by itself: "CHAPTER I. The Sea", "2", "Prologue"."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

from csm_cli.script.books.numbers import Number, leading_number

Kind = Literal["labelled", "named", "number", "titled", "marked", "capitals"]


@dataclass(frozen=True, slots=True)
class Candidate:
    """What a row would be as a heading.

    Args:
        kind: "labelled" is "Chapter 1", "named" "Prologue", "number" "I." alone, "titled" "I. The Keeper",
            "marked" "# The Keeper", "capitals" a row in capitals above others.
        style: headings of one style form a sequence: the label, or how the number is written.
        value: of the number; 0: it has none.
        whole: the heading as written, without decoration.
        title: what follows the number in the row.
        sure: 2: nothing but a heading is written so; 1: it should stand alone; 0: it may be a sentence.
    """

    kind: Kind
    style: str
    value: int
    whole: str
    title: str = ""
    sure: int = 2


PAGE = "page"
"""The style of "Page 12", which is never a heading."""
MAX_LENGTH = 120
MAX_TITLE = 90
_MOST_TITLE_WORDS = 14
_STRONG = (
    *("chapter", "chap", "ch", "part", "book", "volume", "vol", "act", "scene", "canto", "stave", "letter"),
    *(
        "section",
        "episode",
        "adventure",
        "kapitel",
        "chapitre",
        "capítulo",
        "capitulo",
        "capitolo",
        "hoofdstuk",
    ),
    *("teil", "partie", "parte", "tome", "livre", "libro", "akt", "acte", "scène"),
)
_WEAK = (
    *("story", "tale", "fit", "fytte", "lesson", "day", "night", "week", "entry", "evening", "month", "year"),
    *("hour", "lecture", "sermon", "fable", "essay", "sonnet", "poem", "song"),
)
_LABELS = (*_STRONG, *_WEAK)
_ALL = "|".join(sorted(_LABELS, key=len, reverse=True))
_LABELLED = re.compile(
    rf"(?P<label>{_ALL})(?P<between>[\s._:#–—-]*)(?:(?:no|nr|number)\b[.\s]*)?(?=\S)", re.IGNORECASE
)
_LAST = re.compile(r"(?:the\s+)?(?:last|final)\b", re.IGNORECASE)
_BEHIND = re.compile(r"\s*(?P<mark>[.:)\]–—-]+(?:\s[.–—-]+){0,8})?\s*(?P<title>.*)")
_TURNED = re.compile(
    rf"(?:the\s+)?(?P<number>[a-z-]{{4,20}}|\d{{1,3}}(?:st|nd|rd|th))\s+(?P<label>{_ALL})\b"
    r"(?:\s*[.:–—-]+\s*(?P<title>.*)|\.?)",
    re.IGNORECASE,
)
_NAMED = re.compile(
    r"(?P<name>prologue|prelude|proem|epilogue|foreword|preface|introduction|interlude|intermezzo|afterword"
    r"|conclusion|appendix|postscript|coda|acknowledge?ments|author[’']s note|a note (?:on|to|from)\b.{0,40})"
    r"(?:\s+(?P<number>[0-9]{1,2}|[IVX]{1,4}|[A-D]))?(?:\s*[.:–—-]+\s*(?P<title>.*))?",
    re.IGNORECASE,
)
_MARKED = re.compile(r"(#{1,3})\s+(\S.*?)\s*#*")
_NUMBER = re.compile(
    r"(?:§\s*|[Nn][Oo]\.\s*|№\s*)?(?P<number>\d{1,3}|[IVXLCDM]{1,9}|[ivxlc]{1,7})(?P<mark>[.):]?)"
)
_PAGE = re.compile(r"(?:page|p\.|pg\.?)\s*(\d{1,4})(?:\s*(?:of|/)\s*\d{1,4})?", re.IGNORECASE)
_TITLED = re.compile(
    r"(?P<number>\d{1,3}|[IVXLCDM]{1,9})(?P<mark>\s*[.):–—-]+\s*|\s+)"
    r"(?P<title>[^\W\d_a-zß-öø-ÿ].*|[\"“‘(].+)"
)
_WORD_TITLED = re.compile(r"(?P<number>[A-Za-z][A-Za-z -]{2,30})(?P<mark>\s*[.:–—]+\s*)(?P<title>\S.*)")
_DECORATION = " \t*=~_#|•·—–-<>[](){}"
_SMALL_WORDS = frozenset(
    re.split(
        " ",
        "a an the of in on at to for and or but nor with by from as is it into upon over under up off near "
        "than that de la le du des von van der den und et",
    )
)
_NO_BEGINNING = ("dear ", "my dear", "my dearest", "dearest ", "sir", "madam", "to whom", "yours")
_MONTHS = (
    "january|february|march|april|may|june|july|august|september|october|november|december"
    "|jan|feb|mar|apr|jun|jul|aug|sept?|oct|nov|dec"
)
_DATE = re.compile(
    rf"\b(?:{_MONTHS})\b\.?,?\s*(?:the\s+)?\d|\d(?:st|nd|rd|th)?\s+(?:of\s+)?(?:{_MONTHS})\b|^\W*1[0-9]{{3}}\W*$"
    r"|\b(?:mon|tues|wednes|thurs|fri|satur|sun)day,",
    re.IGNORECASE,
)
_CLOSING = re.compile(
    r"(?:the\s+)?end[.!]?|(?:the\s+)?end\s+of\s+(?:the\s+)?(?:\w+\s+)?(?:part|book|volume|vol|chapter|act|canto)\b.*"
    r"|finis|fin|\(?to be continued.*",
    re.IGNORECASE,
)
_INITIALS = re.compile(r"(?:[A-Z]\.\s*)+(?:[A-Z][A-Z'’-]*)?\.?")


@lru_cache(4096)
def candidate_of(text: str) -> Candidate | None:
    """What a row would be as a heading; None: it cannot be one by itself."""
    if not text or len(text) > MAX_LENGTH:
        return None
    if marked := _MARKED.fullmatch(text):
        return Candidate("marked", marked[1], 0, marked[2]) if any(map(str.isalnum, marked[2])) else None
    bare = undecorated(text)
    if not bare or not (bare[0].isalnum() or bare[0] in "§№"):
        return None
    return _labelled(bare) or _turned(bare) or _named(bare) or _number(bare) or _titled(bare)


def names_chapter(text: str) -> bool:
    """Whether a paragraph that stands alone can be nothing but the heading of a chapter: "Chapter 4"."""
    found = candidate_of(text)
    return found is not None and found.kind in ("labelled", "named") and found.sure > 0


def undecorated(text: str) -> str:
    """A row without the marks that stand on both sides of it: "--- Chapter 1 ---", "_Prologue_"."""
    begin = len(text) - len(text.lstrip(_DECORATION))
    end = len(text.rstrip(_DECORATION))
    return text[begin:end] if begin and end < len(text) else text


def bare(text: str) -> str:
    """The letters and figures of a title, in lower case, for comparison."""
    return "".join(filter(str.isalnum, text.casefold()))


def title_strength(text: str) -> int:
    """How much a text looks like a title.

    Returns:
        2: in capitals, or with capitals as a title has them; 1: as a sentence without its stop; 0: like
        a sentence, a salutation, a date or speech.
    """
    words = text.split() if len(text) <= MAX_TITLE else []
    if not words or len(words) > _MOST_TITLE_WORDS:
        return 0
    first = text[0]
    if not (first.isupper() or first.isdigit() or first in "(‘'“\"_"):
        return 0
    if is_date(text) or _CLOSING.fullmatch(text):
        return 0
    last = text.rstrip("\"'”’)]_*")[-1:]
    if not last or last in ",;:—–-&" or text.lower().startswith(_NO_BEGINNING):
        return 0
    if is_capitals(text):
        return 2
    cased = all(
        not any(map(str.isalpha, word)) or word.strip("\"'“”‘’(_*")[:1].isupper() or _small(word)
        for word in words
    )
    if first in "“\"‘'":
        return int(cased and len(words) > 1 and text[-1] in "”\"’'")
    if last in ".!?…":
        return int(cased and len(words) > 1) if last == "." else 2 * int(cased and len(words) > 1)
    if cased:
        return 2
    return 0 if re.search(r"[^\W\d_]{3,}[.!?]\s+[A-ZÀ-Þ“\"]", text) else 1


def is_capitals(text: str) -> bool:
    """Whether a text has at least two letters, and all of them are capitals."""
    return sum(map(str.isupper, text)) > 1 and not any(map(str.islower, text))


def is_date(text: str) -> bool:
    """Whether a text is, or has in it, a date as at the top of a letter."""
    return bool(_DATE.search(text))


def stands_in_capitals(text: str) -> bool:
    """Whether a row is in capitals as a heading is: no shout, signature, date or end."""
    return (
        is_capitals(text)
        and len(text) <= 70
        and text[0] not in "\"“‘'—–-"
        and text.rstrip("\"'”’)]")[-1:] not in tuple("!?,;:—–-")
        and re.search(r"[^\W\d_]{3}", text) is not None
        and not (_INITIALS.fullmatch(text) or _CLOSING.fullmatch(text) or is_date(text))
    )


def _small(word: str) -> bool:
    return word.strip("\"'“”‘’.,;:()").lower() in _SMALL_WORDS


def _labelled(text: str) -> Candidate | None:
    label = _LABELLED.match(text)
    if not label:
        return None
    rest = text[label.end() :]
    if not label["between"] and not rest[0].isdigit():
        return None
    number = leading_number(rest)
    if number is None and (last := _LAST.match(rest)):
        number = Number(0, "word", last.end())
    if number is None:
        return None
    end = label.end() + number.end
    behind = _BEHIND.fullmatch(text, end)
    assert behind is not None
    title, mark = behind["title"], behind["mark"] or ""
    name = label["label"].lower()
    style = {"chap": "chapter", "ch": "chapter", "vol": "volume"}.get(name, name)
    if not title:
        return Candidate("labelled", style, number.value, text, sure=0 if name in _WEAK else 2)
    if title[0] in ",/;" and (inner := candidate_of(title[1:].strip())) and inner.kind == "labelled":
        return Candidate("labelled", style, number.value, text)
    if re.fullmatch(r"\(?(?:of|continued|cont\.?)(?:\s+\d+)?\)?", title, re.IGNORECASE):
        return Candidate("labelled", style, number.value, text, title, 1)
    if not (title[0].isalnum() or title[0] in "(\"“‘'_«"):
        return None
    sure = title_strength(title)
    if not mark and not (
        text[0].isupper() and text[end].isspace() and (sure or (title[0].isupper() and len(title) <= 50))
    ):
        return None
    inner = candidate_of(title)
    if inner and inner.kind == "labelled":
        sure = inner.sure
    return Candidate("labelled", style, number.value, text, title, sure)


def _turned(text: str) -> Candidate | None:
    turned = _TURNED.fullmatch(text)
    number = leading_number(turned["number"]) if turned else None
    if not turned or not number or number.end < len(turned["number"]) or not text[0].isupper():
        return None
    title = turned["title"] or ""
    sure = title_strength(title) if title else 1
    return Candidate("labelled", turned["label"].lower(), number.value, text, title, sure)


def _named(text: str) -> Candidate | None:
    named = _NAMED.fullmatch(text)
    if not named:
        return None
    title = named["title"] or ""
    if title and not title_strength(title):
        return None
    name = named["name"].lower()
    if name.startswith("a note") and not is_capitals(text) and title_strength(text) < 2:
        return None
    return Candidate("named", name, 0, text, title)


def _number(text: str) -> Candidate | None:
    if page := _PAGE.fullmatch(text):
        return Candidate("number", PAGE, int(page[1]), text)
    bare = _NUMBER.fullmatch(text)
    if bare and (number := leading_number(bare["number"])):
        small = " small" if text.islower() else ""
        return Candidate("number", f"{number.form}{small}", number.value, text)
    words = text.rstrip(".:")
    number = leading_number(words)
    if number and number.form == "word" and number.end == len(words) and words[0].isupper():
        return None if words.lower().startswith("the ") else Candidate("number", "word", number.value, text)
    return None


def _titled(text: str) -> Candidate | None:
    titled = _TITLED.fullmatch(text) or _WORD_TITLED.fullmatch(text)
    number = leading_number(titled["number"].strip()) if titled else None
    if not titled or not number or number.end < len(titled["number"].strip()):
        return None
    mark, title = titled["mark"], titled["title"]
    sure = 1 if _CLOSING.fullmatch(title) else title_strength(title)  # "IV. The End"
    if not sure or (not mark.strip() and sure < 2) or is_date(text):
        return None
    return Candidate("titled", f"{number.form}{mark.strip()[:1]}", number.value, text, title, sure)
