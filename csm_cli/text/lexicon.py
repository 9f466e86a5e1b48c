"""The lexicon: words that are replaced before normalisation, by speaker, chapter and spelling.

So an entry may override the normalisation of "Dr." or "1984". Of several entries that match, the longest word
wins, then the narrower scope, then the nearer file.
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
    """The replacement of one word or several: PLS would call `word` a grapheme and `say` an alias.

    Args:
        word: as written.
        say: the replacement, as written.
        where: `file:line:col` of the entry.
        layer: kind of its file.
        speakers: characters to which it applies; none: all.
        chapters: numbers of the chapters to which it applies; none: all.
        case: case-sensitive. By default if `word` has a capital: `polish` also matches `Polish`.
        part: `word` also matches inside a longer word.
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
        """Specificity: the number of restrictions."""
        return bool(self.speakers) + bool(self.chapters) + self.case

    def applies_to(self, speaker: str, chapter: int) -> bool:
        """Whether it applies to a line."""
        return (not self.speakers or speaker in self.speakers) and (
            not self.chapters or chapter in self.chapters
        )

    def as_dict(self) -> dict[str, object]:
        """As a JSON object."""
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
    """Entries, of the nearest file first; contains the words that have an entry."""

    def __init__(self, entries: Iterable[Entry] = ()):
        self.entries = tuple(entries)
        self._words: dict[str, list[Entry]] = {}
        for entry in self.entries:
            if key := _key(entry.word):  # an empty one would match everywhere
                self._words.setdefault(key, []).append(entry)
        for candidates in self._words.values():
            candidates.sort(key=lambda entry: -entry.scope)  # stable: nearer files stay first
        self._pattern = self._compile()

    def __bool__(self) -> bool:
        return bool(self.entries)

    def __contains__(self, word: object) -> bool:
        return isinstance(word, str) and _key(word) in self._words

    @property
    def digest(self) -> str:
        """A hash of the entries, without their places; "" for none."""
        if not self.entries:
            return ""
        content = [(e.word, e.say, e.speakers, e.chapters, e.case, e.part) for e in self.entries]
        return hashlib.sha256(repr(content).encode()).hexdigest()[:20]

    def apply(self, text: str, speaker: str = "", chapter: int = 0) -> str:
        """A cleaned `text` with the words of the matching entries replaced."""
        if self._pattern is None:
            return text

        def replace(match: re.Match[str]) -> str:
            entry = self._entry(match, speaker, chapter)
            return match[0] if entry is None else entry.say

        return self._pattern.sub(replace, text)

    def used(self, text: str, speaker: str = "", chapter: int = 0) -> list[Entry]:
        """The entry of each replacement in a cleaned text."""
        if self._pattern is None:
            return []
        found = (self._entry(match, speaker, chapter) for match in self._pattern.finditer(text))
        return [entry for entry in found if entry is not None]

    def _entry(self, match: re.Match[str], speaker: str, chapter: int) -> Entry | None:
        text, word = match.string, match[0]
        whole = not _inside(text, match.start()) and not _inside(text, match.end())
        for entry in self._words.get(_key(word), ()):
            spelled = not entry.case or clean(entry.word) == word
            if spelled and (whole or entry.part) and entry.applies_to(speaker, chapter):
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
    """The default of `Entry.case`."""
    return word != word.lower()


def _key(word: str) -> str:
    return clean(word).lower()


def _inside(text: str, at: int) -> bool:
    """Whether `at` is inside a word."""
    return 0 < at < len(text) and _is_word(text[at - 1]) and _is_word(text[at])


def _is_word(char: str) -> bool:
    return char.isalnum() or char == "_"
