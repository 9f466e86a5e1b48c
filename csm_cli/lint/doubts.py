"""What in a script is likely to be read otherwise than meant, or not at all, and where that stands."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Container, Iterator, Mapping, Sequence
from functools import cached_property
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

from csm_cli.core.errors import ScriptError
from csm_cli.script.document import Line, Screenplay, Source
from csm_cli.script.problems import Level, Problems, shown
from csm_cli.script.source_text import SourceText, read_source

_WORDS = 8
"""Enough to know a part by."""


class Places:
    """Finds parts of these lines in their files, which are read when the first is looked for."""

    def __init__(self, lines: Sequence[Line], problems: Problems):
        self._lines, self._problems = lines, problems
        self._files: dict[str, SourceText | None] = {}

    def find(self, line: Line, part: str, level: Level) -> Source:
        """Where `part` of a line's text stands; where the line begins, if its file words it otherwise.

        Nothing is looked for if a finding of this level would not be told anyway.
        """
        file = self._file(line.source.path) if self._problems.keeps(level) else None
        if file is None:
            return line.source
        first = file.index(line.source)
        after = self._ends.get(line.source)
        last = file.index(after) if after else len(file.text)
        begin = file.text.find(part, first, last)
        if begin < 0 and " " in part:
            words = re.compile(r"[\s\\]+".join(map(re.escape, part.split()[:_WORDS])))
            found = words.search(file.text, first, max(first, last))
            begin = found.start() if found else -1
        return line.source if begin < 0 else file.at(begin)

    @cached_property
    def _ends(self) -> dict[Source, Source]:
        """Where the next line begins, of lines that have one in the same file."""
        sources = pairwise(line.source for line in self._lines)
        return {here: after for here, after in sources if here.path == after.path}

    def _file(self, path: str) -> SourceText | None:
        if path not in self._files:
            try:
                self._files[path] = read_source(Path(path))
            except ScriptError:  # an e-book has pages, no rows
                self._files[path] = None
        return self._files[path]


def tag_doubts(play: Screenplay, own: Mapping[str, int], shipped: int) -> Iterator[tuple[Source, str]]:
    """Characters whose `speaker:` is a shipped voice's, and who are cast in another; with what is wrong.

    Args:
        play: the script.
        own: tags of the shipped voices, by the names that the cast has for them.
        shipped: how many shipped voices the model was trained on; they have the lowest tags.
    """
    for member in play.cast.values():
        tag = member.speaker
        if tag is not None and tag < shipped and own.get(member.voice) != tag:
            yield (
                member.source,
                f"speaker {tag} of {shown(member.name)} is a shipped voice's on this model, "
                f"which will be heard in it; give {shipped} to 99, or leave it out",
            )


SPEAKABLE = 250
"""Characters that a model reads well at once; longer lines are split."""
LONG_LINE = 2000
"""Characters: over two minutes in one line, which can only be spoken again as a whole."""

_DOUBT = re.compile(
    r"""
      (?P<date>  (?<![\d/.-])\d{1,2}([/.-])\d{1,2}\2(?:\d{4}|\d{2})(?![\d/-]) )
    | (?P<clock> (?<![\d.,$£€])(?:[01]?\d|2[0-3])\.[0-5]\d(?=\s?(?:[ap]\.?m\b|o'clock|h\b)) )
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
_CLAUSES = re.compile(r"(?<=[.!?…;:,—–])[\"'”’)\]]*\s+|\s+-+\s+")
_FAMILIAR = frozenset(
    re.findall(
        "[A-Z]+",
        "AM PM TV UK US USA EU UN OK CD DVD CIA FBI BBC NASA NATO DNA CEO GPS HIV AIDS USB PDF ID IQ MP RIP "
        "UFO VIP ATM AC DC BC AD BCE CE",
    )
)
_READ_MARKS = frozenset("‘’‚‛“”„‟«»‹›–—‐‑‒―…·•§°′″№£€¥¢½⅓⅔¼¾²³×÷±−©®™¡¿†‡")
_WORTH_A_LOOK = re.compile(r"[\d/\[({<]|[A-Z][A-Z0-9&]")


class Doubt(NamedTuple):
    """What, and why."""

    text: str
    why: str


def doubts(text: str) -> Iterator[Doubt]:
    """What is likely to be misread in a written English text."""
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
    """The longest part of `text` without a place to breathe, if it is longer than a model reads well."""
    if len(text) <= SPEAKABLE:
        return ""
    longest = max(_CLAUSES.split(text), key=len)
    return longest if len(longest) > SPEAKABLE else ""


def unreadable(text: str, english: bool = True, alphabet: Container[str] | None = None) -> str:
    """The characters of `text` that are not read, each once.

    Args:
        text: as written.
        english: only Latin letters are read; else those of any script.
        alphabet: what the model knows at all; None: any.
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
        from csm_cli.text.characters import fold_to

        return not fold_to(char, alphabet)[1]
    if category[0] == "L":
        return not english or "LATIN" in unicodedata.name(char, "")
    return category[0] == "N" and not english
