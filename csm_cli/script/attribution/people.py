"""The characters of a book: which names are people, which names are the same person, and their gender."""

from __future__ import annotations

import re
from collections import Counter
from copy import copy
from dataclasses import dataclass

from csm_cli.script.attribution.joining import (
    MARRIED,
    Seen,
    first_name_gender,
    groups_of,
    spelling,
    split_name,
    title_gender,
)
from csm_cli.script.attribution.subjects import Subject
from csm_cli.script.attribution.words import Gender, Words
from csm_cli.script.document import NARRATOR

OFTEN = 3
"""Tags after which a description, such as "the captain", is a character."""
_MOST_NAMES = 500
_GENERIC = frozenset(
    re.findall(
        r"\S+",
        "man woman boy girl child stranger lady gentleman fellow person visitor figure mann frau junge "
        "mädchen kind homme femme garçon fille hombre mujer niño niña uomo donna",
    )
)
_NOBODY = frozenset(
    re.findall(
        r"\S+",
        "other others latter former one first second third two voice voices crowd people men women boys "
        "girls rest same next last answer reply party company pair latter’s andere anderen stimme autre "
        "autres voix otro voz",
    )
)
_MASTERS = frozenset(("mr", "monsieur", "herr", "señor", "signor", "sir", "lord", "colonel", "dr", "captain"))
_NO_RANKS = frozenset(
    re.findall(
        r"\S+",
        "lady miss madam madame master mother father brother sister old young little sir lord don señor "
        "señora herr frau monsieur mademoiselle fräulein dame private cousin saint minister chief",
    )
)


@dataclass
class Person:
    """A character.

    Args:
        name: that the script uses.
        names: all, that one among them.
        gender: "" if it is not known.
        speaks: whether a tag names this character.
    """

    name: str
    names: tuple[str, ...]
    gender: Gender
    speaks: bool = True


class People:
    """The characters of a book.

    Args:
        seen: names and descriptions, by how they are used.
        words: of the language.

    Attributes:
        by_name: the person of every name and of every description that is a character.
        persons: each once, by the name that the script uses.
    """

    def __init__(self, seen: dict[str, Seen], descriptions: dict[str, Seen], words: Words):
        self._words = words
        self.by_name: dict[str, Person] = {}
        often = sorted(seen, key=lambda name: -seen[name].weight)[:_MOST_NAMES]
        names = {name: seen[name] for name in often if name.casefold() != NARRATOR}
        for group in groups_of(names, words):
            if any(_is_person(name, names[name], words) for name in group):
                self._add(group, names)
        self._ranks: dict[str, dict[str, Person]] = {}
        for person in self.by_name.values():
            for title in _titles_of(person, words):
                self._ranks.setdefault(title, {})[person.name] = person
        self._present: frozenset[str] = frozenset()
        for text, use in descriptions.items():
            if text not in self.by_name and self.by_rank(text) is None and _is_character(text, use, words):
                self.by_name[text] = Person(
                    text, (text,), words.gender_of(text.split()[-1].lower()) or _voted(use.genders)
                )
        self.persons = {person.name: person for person in self.by_name.values()}

    def _add(self, group: list[str], names: dict[str, Seen]) -> None:
        weights = {name: sum(names[name].tags.values()) for name in group}
        chosen = max(
            group, key=lambda name: (weights[name], names[name].acts + names[name].mentions, len(name))
        )
        votes: Counter[str] = Counter()
        for name in group:
            votes.update(names[name].genders)
        titled = next((g for name in group if (g := title_gender(name, self._words))), "")
        listed = next((g for name in group if (g := first_name_gender(name, self._words))), "")
        voted = _voted(votes)
        sure = voted and votes[voted] >= 3
        gender: Gender = titled or (voted if sure else "") or listed or voted  # type: ignore[assignment]
        others = sorted(name for name in group if name != chosen)
        person = Person(chosen, (chosen, *others), gender, any(names[name].tags for name in group))
        for name in group:
            self.by_name[name] = person

    def by_rank(self, description: str) -> Person | None:
        """The one person whose title stands in a description, such as Dr. Quill for "the doctor"."""
        noun = description.split()[-1].lower()
        alone = noun.capitalize() if noun.capitalize() in self._words.titles and noun not in _NO_RANKS else ""
        rank = self._words.ranks.get(noun, alone)
        bearers = self._ranks.get(spelling(rank), {}) if rank else {}
        present = [person for name, person in bearers.items() if name in self._present]
        found = present or list(bearers.values())
        return found[0] if len(found) == 1 else None

    def among(self, text: str) -> People:
        """The same people, of whom those named in a text are present: a rank means one of them first."""
        titled = {person.name: person for bearers in self._ranks.values() for person in bearers.values()}
        found = copy(self)
        found._present = frozenset(
            person.name for person in titled.values() if any(name in text for name in person.names)
        )
        return found

    def gender_of(self, name: str) -> Gender:
        """The gender of a person; "" for somebody who is none of them, too."""
        return self.persons[name].gender if name in self.persons else ""

    def may_be_parent(self, name: str, gender: Gender) -> bool:
        """Whether a person has the title of a grown-up of that gender: "Mrs. Hill"."""
        titles = (
            {title for each in self.persons[name].names for title in split_name(each, self._words)[0]}
            if name in self.persons
            else set()
        )
        return bool(titles & (MARRIED if gender == "f" else _MASTERS))

    def wife_of(self, name: str) -> Person | None:
        """The married woman who has a man's family name."""
        family = {part[-1] for each in self.persons[name].names if (part := split_name(each, self._words)[1])}
        wives = {
            person.name: person
            for person in self.persons.values()
            for titles, rest in (split_name(each, self._words) for each in person.names)
            if set(titles) & MARRIED and rest and rest[-1] in family
        }
        return next(iter(wives.values())) if len(wives) == 1 else None

    def find(self, subject: Subject) -> Person | None:
        """The person that a name or description means."""
        if subject.kind == "name":
            return self.by_name.get(subject.text)
        if subject.kind in ("description", "kin"):
            for text in beginnings(subject.text):
                if person := self.by_name.get(text) or self.by_rank(text):
                    return person
        return None


def described(text: str) -> str:
    """A description as it is counted, its first letter small."""
    return text[:1].lower() + text[1:]


def beginnings(text: str) -> list[str]:
    """A description and its beginnings, the longest first: "the cook crossed" may end in a verb."""
    parts = described(text).split()
    return [" ".join(parts[:end]) for end in range(len(parts), 1, -1)]


def _is_person(name: str, use: Seen, words: Words) -> bool:
    if use.tags:
        return True
    parts = name.split()
    if parts[0] in words.titles and len(parts) > 1:
        return True
    if any(part in words.names for part in parts[:1]):
        return bool(use.acts or use.called or use.mentions)
    if words.nouns_have_capitals:
        return use.called > 1 and use.acts > 1
    return use.acts > 1 or (
        use.acts > 0 and (use.called > 0 or use.mentions > 2 or bool(_voted(use.genders)))
    )


def _is_character(text: str, use: Seen, words: Words) -> bool:
    noun = text.split()[-1].lower()
    if noun in _NOBODY or len(text.split()) > 4 or (noun.endswith("s") and not noun.endswith("ss")):
        return False
    total = sum(use.tags.values())
    most = max(use.tags.values(), default=0)
    if text.split()[-1].istitle() and not words.nouns_have_capitals:  # "the Countess" is as good as a name
        return total + use.acts > 1
    return total > 1 and (most if noun in _GENERIC else total) + use.acts >= OFTEN


def _titles_of(person: Person, words: Words) -> set[str]:
    return {title for name in person.names for title in split_name(name, words)[0]}


def _voted(votes: Counter[str]) -> Gender:
    if votes["m"] > 2 * votes["f"]:
        return "m"
    return "f" if votes["f"] > 2 * votes["m"] else ""
