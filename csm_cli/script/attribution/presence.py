"""Who is there when a quotation is spoken: who is named near it, in it, or by it, and how recently."""

from __future__ import annotations

import re
from collections.abc import Sequence

from csm_cli.script.attribution.paragraphs import Paragraph, vocatives
from csm_cli.script.attribution.people import People
from csm_cli.script.attribution.subjects import subject_at, tokens_of
from csm_cli.script.attribution.turns import FIRST
from csm_cli.script.attribution.words import Words

_PAST, _AHEAD, _MOST = 30, 8, 8
"""Paragraphs before and behind a quotation in which its speaker is named; candidates at most."""
_MOST_UNNAMED = 4
_INTRODUCES = re.compile(
    r"\b(?:my name is|my name’s|call me|it’s me|it is me|it is i|i am|i’m|ich bin(?: es)?|ich heiße|"
    r"mein name ist|c’est moi|je suis|je m’appelle|soy|me llamo|mi nombre es|sono|mi chiamo)[,:]? (?=\w)",
    re.IGNORECASE,
)
_FIRST_PERSON = re.compile(r"\bI\b(?!\.)(?:[’']|\s)|\bje\b|\bich\b|\bj’", re.ASCII)


class Presence:
    """The people of a section.

    Args:
        paragraphs: of the section.
        people: of the book.
        words: of the language.

    Attributes:
        mentions: by paragraph, the people named in its narration, in order.
        place: number of the paragraph that is looked at.
        recent: everybody who was noted so far, the last at the end.
        unnamed: the last speakers who are no characters.
    """

    def __init__(self, paragraphs: Sequence[Paragraph], people: People, words: Words):
        self._people, self._words = people, words
        self.mentions = [
            [name for text in paragraph.narration for name in self.named(text)] for paragraph in paragraphs
        ]
        self._called = [
            [
                name
                for number in range(len(each.quotations))
                for name in self.called(each.said(number))
                if people.persons[name].speaks
            ]
            for each in paragraphs
        ]
        self._first = [any(map(_FIRST_PERSON.search, each.narration)) for each in paragraphs]
        self.place = 0
        self.recent: list[str] = []
        self.unnamed: list[str] = []

    def note(self, names: Sequence[str]) -> None:
        """Note that these were named or spoke, in this order."""
        for name in names:
            if name in self.recent:
                self.recent.remove(name)
            self.recent.append(name)

    def note_unnamed(self, speaker: str) -> None:
        """Note a speaker who is no character."""
        self.unnamed = [*self.unnamed[1 - _MOST_UNNAMED :], speaker]

    def candidates(self, place: int) -> tuple[str, ...]:
        """Who is named near a paragraph, the nearest first."""
        distance: dict[str, float] = {}
        near = range(max(0, place - _PAST), min(len(self.mentions), place + _AHEAD + 1))
        for other in near:
            far = place - other if other <= place else 2 * (other - place)
            for name in (*self.mentions[other], *self._called[other]):
                distance[name] = min(far, distance.get(name, far))
        nearest = sorted(distance, key=lambda name: distance[name])[:_MOST] + self.unnamed
        return (*nearest, FIRST) if any(self._first[other] for other in near) else tuple(nearest)

    def introduced(self, said: str) -> str:
        """Whoever says "my name is" or "it’s me"; "" for nobody."""
        for match in _INTRODUCES.finditer(said[:2000]):
            tokens = tokens_of(said[match.end() : match.end() + 60], self._words)
            subject = subject_at(tokens, 0, self._words, self._people.by_name)
            person = self._people.find(subject) if subject and subject.kind == "name" else None
            if person:
                return person.name
        return ""

    def name_alone(self, said: str) -> str:
        """The person whose name is all that a quotation says, and is not called out; "" for none."""
        person = self._people.by_name.get(said.strip("“”\"‘’'«»„ ,."))
        return person.name if person else ""

    def called(self, said: str) -> list[str]:
        """People whom a quotation calls by name."""
        found = (self._people.by_name.get(name) for name in vocatives(said, self._words))
        return list(dict.fromkeys(person.name for person in found if person))

    def named(self, text: str) -> list[str]:
        """People whose names stand in a text, in order."""
        tokens = tokens_of(text[:8000], self._words)
        found: list[str] = []
        at = 0
        while at < len(tokens):
            token = tokens[at]
            if (
                not token.capital
                and token.text not in self._words.titles
                and token.low not in self._words.definite
            ):
                at += 1
                continue
            bare = token.text.removesuffix("’s").removesuffix("'s")
            subject = subject_at(tokens[: at + 6], at, self._words, self._people.by_name)
            person = self._people.find(subject) if subject else self._people.by_name.get(bare)
            if person:
                found.append(person.name)
            at = max(at + 1, subject.end if subject and person else 0)
        return found
