"""The lexicon: how certain words are to be said, whoever, wherever, in whatever spelling.

An entry replaces written words by others before anything else is read, so it may also overrule the normal
reading of "Dr." or "1984". Of several entries that fit, the longest word wins, then the one of narrower
scope, then the one of the nearer file.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from csm_cli.text.characters import clean

Layer = Literal["project", "script", "user"]


@dataclass(frozen=True, slots=True)
class Entry:
    """How one word, or several, are said.

    Args:
        word: as written.
        say: what is read in its place.
        where: `file:line:col` of the entry.
        layer: where it was found.
        speakers: characters it holds for; none: all.
        chapters: numbers of the chapters it holds for; none: all.
        case: whether capitals count. By default they do if `word` has one: `polish` is also `Polish`.
        part: whether `word` may also be part of a longer one.
    """

    word: str
    say: str
    where: str = ""
    layer: Layer = "project"
    speakers: tuple[str, ...] = ()
    chapters: tuple[int, ...] = ()
    case: bool = False
    part: bool = False

    @property
    def scope(self) -> int:
        """How narrow it is."""
        return bool(self.speakers) + bool(self.chapters) + self.case

    def holds_for(self, speaker: str, chapter: int) -> bool:
        """Whether it counts for a line."""
        return (not self.speakers or speaker in self.speakers) and (
            not self.chapters or chapter in self.chapters
        )

    def as_dict(self) -> dict[str, object]:
        """For JSON."""
        return {
            "word": self.word,
            "say": self.say,
            "layer": self.layer,
            "where": self.where,
            "speakers": list(self.speakers),
            "chapters": list(self.chapters),
            "case": self.case,
            "part": self.part,
        }


class Lexicon:
    """Entries, nearest file first."""

    def __init__(self, entries: Iterable[Entry] = ()):
        self.entries = tuple(entries)
        self._words: dict[str, list[Entry]] = {}
        for entry in self.entries:
            if key := _key(entry.word):  # an empty one would be found everywhere
                self._words.setdefault(key, []).append(entry)
        for candidates in self._words.values():
            candidates.sort(key=lambda entry: -entry.scope)  # stable: nearer files stay in front
        self._pattern = self._compile()

    def __bool__(self) -> bool:
        return bool(self.entries)

    def __contains__(self, word: object) -> bool:
        return isinstance(word, str) and _key(word) in self._words

    @property
    def digest(self) -> str:
        """A hash of what the entries say, wherever they stand; "" without any."""
        if not self.entries:
            return ""
        said = [(e.word, e.say, e.speakers, e.chapters, e.case, e.part) for e in self.entries]
        return hashlib.sha256(repr(said).encode()).hexdigest()[:20]

    def apply(self, text: str, speaker: str = "", chapter: int = 0) -> str:
        """`text`, cleaned, with the words that the entries hold for replaced."""
        if self._pattern is None:
            return text

        def replace(match: re.Match[str]) -> str:
            entry = self._entry(match, speaker, chapter)
            return match[0] if entry is None else entry.say

        return self._pattern.sub(replace, text)

    def used(self, text: str, speaker: str = "", chapter: int = 0) -> list[Entry]:
        """The entries that replace something in a cleaned text."""
        if self._pattern is None:
            return []
        found = (self._entry(match, speaker, chapter) for match in self._pattern.finditer(text))
        return [entry for entry in found if entry is not None]

    def _entry(self, match: re.Match[str], speaker: str, chapter: int) -> Entry | None:
        text, word = match.string, match[0]
        whole = not _inside(text, match.start()) and not _inside(text, match.end())
        for entry in self._words.get(_key(word), ()):
            spelled = not entry.case or clean(entry.word) == word
            if spelled and (whole or entry.part) and entry.holds_for(speaker, chapter):
                return entry
        return None

    def _compile(self) -> re.Pattern[str] | None:
        if not self._words:
            return None
        words = sorted(self._words, key=len, reverse=True)
        partly = {_key(entry.word) for entry in self.entries if entry.part}
        choices = [
            re.escape(word) if word in partly else rf"(?<!\w){re.escape(word)}(?!\w)" for word in words
        ]
        return re.compile("|".join(choices), re.IGNORECASE)


def default_case(word: str) -> bool:
    """Whether capitals count for `word` unless its entry says otherwise."""
    return word != word.lower()


def _key(word: str) -> str:
    return clean(word).lower()


def _inside(text: str, at: int) -> bool:
    """Whether `at` is inside a word."""
    return 0 < at < len(text) and _is_word(text[at - 1]) and _is_word(text[at])


def _is_word(char: str) -> bool:
    return char.isalnum() or char == "_"
