"""Whether what was heard is what should be said: words aligned, with room for what no recogniser can know.

* Words that sound alike are the same word: no one hears "knight" from "night".
* A name (a capital inside a sentence, or a lexicon entry) may be written down in any way that sounds like it.
* In a text of fewer than five words a single wrong guess is a large share: there the sound of the whole
  counts, and the length of the take.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from functools import lru_cache

from csm_cli.asr.words import align, words_of

FEW_WORDS = 5
ALIKE = 0.5
"""Share of a short text's sound that must have been heard."""
NAME_ALIKE = 0.6
_CAPITAL = re.compile(r"(?<=[^\s.!?…:\"“(])\s+([A-Z][\w'’]+)")


@dataclass(frozen=True)
class Comparison:
    """What a recogniser makes of a reading.

    Args:
        words: of the text.
        errors: words replaced, left out or put in.
        allowed: errors that are let through.
        alike: for a short text, the share of its sound that was heard; else 1.
    """

    words: int
    errors: int
    allowed: int
    alike: float = 1.0

    @property
    def agrees(self) -> bool:
        """Whether it is near enough."""
        return self.errors <= self.allowed or (self.words < FEW_WORDS and self.alike >= ALIKE)


def compare(text: str, heard: str, tolerance: float = 0.1, names: Collection[str] = ()) -> Comparison:
    """Compare a text with what was heard of it, both in spoken form.

    Args:
        text: what should be said.
        heard: what the recogniser wrote down.
        tolerance: share of the words that may be wrong; at least one always may.
        names: further words that a recogniser cannot know.
    """
    said, got = words_of(text), words_of(heard)
    count = len(said)
    if not count:
        return Comparison(0, 0, 0)
    known = {word for name in (*names, *names_in(text)) for word in words_of(name)}
    errors = align(_by_sound(said), _by_sound(_with_names(said, got, known))).errors
    # As field practice has it: max(1, ceil(n / 10)) for a good recogniser.
    allowed = max(1, -int(-count * tolerance // 1)) if count >= FEW_WORDS else 0
    alike = 1.0 if count >= FEW_WORDS else likeness("".join(said), "".join(got))
    return Comparison(count, errors, allowed, alike)


def names_in(text: str) -> list[str]:
    """Words with a capital inside a sentence."""
    return [name for name in _CAPITAL.findall(text) if name != "I" and not name.startswith(("I'", "I’"))]


def likeness(first: str, second: str) -> float:
    """How alike two words sound, 0 to 1."""
    from jellyfish import levenshtein_distance

    a, b = sound_of(first), sound_of(second)
    return 1 - levenshtein_distance(a, b) / max(len(a), len(b), 1)


@lru_cache(4096)
def sound_of(word: str) -> str:
    """How a word sounds, by Lawrence Philips' Metaphone; a word that has no such sound stands for itself."""
    from jellyfish import metaphone

    return metaphone(word).replace(" ", "") or word


def _by_sound(words: Sequence[str]) -> list[str]:
    return [sound_of(word) for word in words]


def _with_names(said: Sequence[str], got: Sequence[str], names: Collection[str]) -> list[str]:
    """What was heard, with each name of the text in the place of what sounds like it; also in two words."""
    missing = [word for word in said if word in names and word not in got]
    heard = list(got)
    for name in missing:
        spans = [(i, i + size) for size in (1, 2) for i in range(len(heard) - size + 1)]
        best = max(spans, key=lambda span: likeness(name, "".join(heard[slice(*span)])), default=None)
        if best is not None and likeness(name, "".join(heard[slice(*best)])) >= NAME_ALIKE:
            heard[slice(*best)] = [name]
    return heard
