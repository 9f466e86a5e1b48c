"""Faults planted in a text, as a voice makes them: a word replaced, left out or said twice."""

from __future__ import annotations

import random
import re
from collections import defaultdict
from collections.abc import Iterable, Sequence

KINDS = ("wrong", "missing", "repeated")
_LETTERS = re.compile(r"[A-Za-z]+(?:['’][A-Za-z]+)*")
_CLASSES = (
    "the a an this that these those his her its my your our their some any every each no",
    "I he she it we you they",
    "me him us them",
    "in on at by for of to from with into over under after before through against",
    "is was are were be been has have had do does did",
    "can could will would shall should may might must",
    "and or but nor so yet if when while because",
)  # words that may stand in each other's place
_ENDINGS = ("ing", "ed", "ly", "s", "er", "tion")


class Substitutes:
    """Words that may stand for one another: function words of one class, content words of one ending and
    about one length.

    Args:
        texts: where the content words are taken from.
    """

    def __init__(self, texts: Iterable[str]):
        self._closed = {word: group.split() for group in _CLASSES for word in group.split()}
        self._open: dict[tuple[str, int], list[str]] = defaultdict(list)
        found = dict.fromkeys(
            word for text in texts for word in _LETTERS.findall(text) if word.islower() and "'" not in word
        )
        for word in found:
            if len(word) > 2 and word not in self._closed:
                self._open[_ending(word), len(word)].append(word)

    def draw(self, word: str, rng: random.Random) -> str | None:
        """Another word of the same kind that is pronounced otherwise; None if there is none."""
        plain = word.lower()
        closed = self._closed.get(plain) or self._closed.get(word)
        near = (len(plain) + off for off in (-1, 0, 1))
        pool = closed or [each for length in near for each in self._open.get((_ending(plain), length), ())]
        pool = [each for each in pool if _differ(plain, each.lower())]
        if not pool:
            return None
        chosen = rng.choice(pool)
        return chosen.capitalize() if word[0].isupper() and word != "I" else chosen


def plant(text: str, kind: str, substitutes: Substitutes, rng: random.Random) -> str | None:
    """The text with one fault in it.

    Args:
        kind: "wrong": a word is replaced; "missing": one is left out; "repeated": one stands there twice.

    Returns:
        The altered text; None if the text has no word for it, or but one and that would be left out.
    """
    places = list(_LETTERS.finditer(text))
    if not places or (kind == "missing" and len(places) < 2):
        return None
    rng.shuffle(places)
    for place in places:
        start, end, word = place.start(), place.end(), place.group()
        if kind == "missing":
            return _tidy(text[:start] + text[end:])
        second = word if kind == "repeated" else substitutes.draw(word, rng)
        if second is None:
            continue
        put = f"{word} {second if word == 'I' else second.lower()}" if kind == "repeated" else second
        return text[:start] + put + text[end:]
    return None


def _ending(word: str) -> str:
    return next((ending for ending in _ENDINGS if word.endswith(ending) and len(word) > len(ending) + 1), "")


def _differ(first: str, second: str) -> bool:
    """Whether two words differ by so many letters that they cannot be pronounced alike."""
    if first == second or {first, second} in ({"a", "an"}, {"the", "a"}, {"our", "are"}):
        return False
    shared = sum(a == b for a, b in zip(first, second, strict=False))
    return max(len(first), len(second)) - shared >= (2 if min(len(first), len(second)) > 2 else 1)


def _tidy(text: str) -> str:
    """Without the gap, and with a capital at its beginning, where a word was left out."""
    text = re.sub(r"\s+([,.;:!?])", r"\1", re.sub(r"\s+", " ", text)).strip(" ,;:-")
    return text[:1].upper() + text[1:]


def sample_kinds(texts: Sequence[str], substitutes: Substitutes, rng: random.Random) -> list[tuple[str, str]]:
    """(kind, altered text) for each text, the kinds by turns; one too short for its kind gets another."""
    planted = []
    for number, text in enumerate(texts):
        order = [KINDS[(number + turn) % len(KINDS)] for turn in range(len(KINDS))]
        for kind in order:
            altered = plant(text, kind, substitutes, rng)
            if altered is not None and altered != text:
                planted.append((kind, altered))
                break
        else:
            raise ValueError(f"no fault can be planted in {text!r}")
    return planted
