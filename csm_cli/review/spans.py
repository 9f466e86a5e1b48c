"""Where a line stands in its file, and how to write another text or setting into just that place.

Indices count characters of the file's text with plain line ends. A change is proposed, not trusted: whoever
makes it reads the script again and looks whether this one line has changed as it should.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import NamedTuple, Protocol

_TOKEN = re.compile(r"(?:\{\{[^{}\n]*\}\}|\S)+")
KEYS = ("speed", "gain", "pause_after")
"""Settings of a line that are changed here."""


class Change(NamedTuple):
    """The characters from `start` to `end` become `text`."""

    start: int
    end: int
    text: str


@dataclass(frozen=True)
class TextSpan:
    """The text of a line.

    Args:
        read: the characters that are read: markup included, comments left out, rows divided by line ends.
        at: the index of each of them in the file.
        whole: writes a text that takes the place of everything.
        word: writes words that take the place of others; given whether they begin a row.
        hidden: indices of characters between them that must stay, such as those of a comment.
        region: the place of everything, where that is more than what is read.
    """

    read: str
    at: Sequence[int]
    whole: Callable[[str], str]
    word: Callable[[str, bool], str]
    hidden: frozenset[int] = frozenset()
    region: tuple[int, int] | None = None

    def rewrites(self, old: str, new: str) -> Iterator[list[Change]]:
        """Ways to write another text, the one that changes least first; none of them touches what must stay.

        Args:
            old: the text as it is read.
            new: as it should be read.
        """
        for changes in (self._words(old.split(), new.split()), self._everything(new)):
            taken = (range(change.start, change.end) for change in changes)
            if changes and not any(self.hidden.intersection(each) for each in taken):
                yield changes

    def _everything(self, new: str) -> list[Change]:
        """The text in place of the first piece between what must stay; nothing in the place of the others."""
        start, end = self.region or (self.at[0], self.at[-1] + 1)
        stay = sorted(index for index in self.hidden if start <= index < end)
        if not stay:
            return [Change(start, end, self.whole(new))]
        pieces = [Change(start, stay[0], f"{self.whole(new)} ")]
        pieces += [Change(a + 1, b, " ") for a, b in zip(stay, [*stay[1:], end], strict=True) if b > a + 1]
        return pieces

    def _words(self, old: list[str], new: list[str]) -> list[Change]:
        """The words that differ alone; [] where it is not clear which characters those are."""
        tokens = list(_TOKEN.finditer(self.read))
        places = _aligned([token[0] for token in tokens], old)
        changes = []
        for kind, a, b, c, d in SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
            if kind == "equal":
                continue
            begin = places[a] if a < len(old) else len(tokens)
            last = begin if a == b else places[b - 1]
            if begin is None or last is None:
                return []
            changes.append(self._piece(tokens, begin, last + (a != b), " ".join(new[c:d])))
        return changes

    def _piece(self, tokens: list[re.Match[str]], begin: int, end: int, words: str) -> Change:
        """What becomes of the tokens from `begin` up to `end`."""
        if not words:  # with the space in front of the next one, or behind the one before
            if end < len(tokens):
                return self._in_file(tokens[begin].start(), tokens[end].start(), "")
            return self._in_file(tokens[begin - 1].end() if begin else 0, tokens[end - 1].end(), "")
        if begin == len(tokens):
            return self._in_file(len(self.read), len(self.read), f" {self.word(words, False)}")
        start = tokens[begin].start()
        text = self.word(words, start == 0 or self.read[start - 1] == "\n")
        if begin == end:
            return self._in_file(start, start, f"{text} ")
        return self._in_file(start, tokens[end - 1].end(), text)

    def _in_file(self, first: int, last: int, text: str) -> Change:
        start = self.at[first] if first < len(self.at) else self.at[-1] + 1
        return Change(start, self.at[last - 1] + 1 if last > first else start, text)


def _aligned(tokens: list[str], words: list[str]) -> list[int | None]:
    """For each word the token that it is read from, where that is clear."""
    if len(tokens) == len(words):
        return list(range(len(words)))
    places: list[int | None] = [None] * len(words)
    for kind, a, b, c, d in SequenceMatcher(None, tokens, words, autojunk=False).get_opcodes():
        if kind == "equal" or b - a == d - c:
            for token, word in zip(range(a, b), range(c, d), strict=True):
                places[word] = token
    return places


class LineSpan(Protocol):
    """A line in its file.

    Attributes:
        text: where its text stands.
        own: the settings of `KEYS` that it has itself, as written.
    """

    text: TextSpan
    own: dict[str, str]

    def setting(self, key: str, value: str | None) -> Change | None:
        """The change that gives the line a setting, or takes it away; None: there is no safe one."""
