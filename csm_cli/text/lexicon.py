"""The lexicon: words that are replaced before normalisation, by speaker, chapter and spelling.

So an entry may override the normalisation of "Dr." or "1984". Of several entries that match, the longest word
wins, then the narrower scope, then the nearer file.
"""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Literal, NamedTuple

from csm_cli.script.problems import shown
from csm_cli.text.characters import clean
from csm_cli.text.patterns import OverLimitError, Pattern, words_alone

Layer = Literal["project", "script", "user"]
_MOST_TIMES_OVER = 3


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
        match: `word` is a regular expression, and `say` may name its groups.
    """

    word: str
    say: str
    where: str = ""
    layer: Layer = "project"
    speakers: tuple[str, ...] = ()
    chapters: tuple[int, ...] = ()
    case: bool = False
    part: bool = False
    match: bool = False

    @property
    def scope(self) -> int:
        """Specificity: the number of restrictions."""
        return bool(self.speakers) + bool(self.chapters) + self.case

    @property
    def words_said(self) -> str:
        """`say` without references to groups."""
        return words_alone(self.say) if self.match else self.say

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
            "match": self.match,
        }


class Replacement(NamedTuple):
    """A part of a text, from `start` to `end`, and what an entry says in its place."""

    start: int
    end: int
    say: str
    entry: Entry


class Lexicon:
    """Entries, of the nearest file first; contains the words that have an entry.

    Raises:
        PatternError: an entry has a regular expression that is none.
    """

    def __init__(self, entries: Iterable[Entry] = ()):
        self.entries = tuple(entries)
        self._words: dict[str, list[Entry]] = {}
        self._patterns = [
            (each, Pattern(each.word, each.say, each.case)) for each in self.entries if each.match
        ]
        self._over: dict[Entry, tuple[str, str]] = {}
        self._times_over: Counter[Entry] = Counter()
        for entry in self.entries:
            if entry.match:
                continue
            if key := _key(entry.word):  # an empty one would match everywhere
                self._words.setdefault(key, []).append(entry)
        for candidates in self._words.values():
            candidates.sort(key=lambda entry: -entry.scope)  # stable: nearer files stay first
        self._pattern = self._compile()

    def __bool__(self) -> bool:
        return bool(self.entries)

    def __contains__(self, word: object) -> bool:
        if not isinstance(word, str):
            return False
        return _key(word) in self._words or any(pattern.matches(clean(word)) for _, pattern in self._patterns)

    @property
    def digest(self) -> str:
        """A hash of the entries, without their places; "" for none."""
        if not self.entries:
            return ""
        content = [
            (e.word, e.say, e.speakers, e.chapters, e.case, e.part) + (("match",) if e.match else ())
            for e in self.entries
        ]
        return hashlib.sha256(repr(content).encode()).hexdigest()[:20]

    @property
    def over_limit(self) -> tuple[str, ...]:
        """What became of regular expressions that went over a limit: "file:line:col: warning: …"."""
        return tuple(
            f'{entry.where}: warning: "{shown(entry.word)}" {what} "{shown(text)}", which is read without it'
            + ("; it is not used any more" if self._times_over[entry] >= _MOST_TIMES_OVER else "")
            for entry, (what, text) in self._over.items()
        )

    @property
    def has_patterns(self) -> bool:
        """Whether there are regular expressions among the entries."""
        return bool(self._patterns)

    def apply(self, text: str, speaker: str = "", chapter: int = 0) -> str:
        """A cleaned `text` with the words of the matching entries replaced."""
        kept, done = [], 0
        for each in self._replacements(text, speaker, chapter):
            kept += [text[done : each.start], each.say]
            done = each.end
        return "".join([*kept, text[done:]]) if kept else text

    def used(self, text: str, speaker: str = "", chapter: int = 0) -> list[Entry]:
        """The entry of each replacement in a cleaned text."""
        return [each.entry for each in self._replacements(text, speaker, chapter)]

    def _replacements(self, text: str, speaker: str, chapter: int) -> list[Replacement]:
        """What is replaced, from left to right; of several that begin at one place the longest."""
        found = list(self._of_words(text, speaker, chapter)) if self._pattern else []
        if not self._patterns:
            return found
        found += self._of_patterns(text, speaker, chapter)
        found.sort(key=lambda each: (each.start, -each.end, -each.entry.scope))
        chosen: list[Replacement] = []
        for each in found:
            if not chosen or each.start >= chosen[-1].end:
                chosen.append(each)
        return chosen

    def _of_words(self, text: str, speaker: str, chapter: int) -> Iterator[Replacement]:
        assert self._pattern is not None
        for match in self._pattern.finditer(text):
            if entry := self._entry(match, speaker, chapter):
                yield Replacement(match.start(), match.end(), entry.say, entry)

    def _of_patterns(self, text: str, speaker: str, chapter: int) -> Iterator[Replacement]:
        for entry, pattern in self._patterns:
            if entry.applies_to(speaker, chapter) and self._times_over[entry] < _MOST_TIMES_OVER:
                try:
                    found = pattern.replacements(text)
                except OverLimitError as fault:
                    self._over.setdefault(entry, (str(fault), text))
                    self._times_over[entry] += 1
                    continue
                yield from (Replacement(start, end, say, entry) for start, end, say in found)

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
        partly = {_key(entry.word) for entry in self.entries if entry.part and not entry.match}
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
