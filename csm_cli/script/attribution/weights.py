"""What it costs to take somebody for the speaker of a quotation: gender, family, acts, names, presence."""

from __future__ import annotations

import re
from collections.abc import Sequence

from csm_cli.script.attribution.paragraphs import NEAR, Paragraph, vocatives
from csm_cli.script.attribution.people import People, beginnings
from csm_cli.script.attribution.subjects import Subject, sentences_of, subject_at, subject_of, tokens_of
from csm_cli.script.attribution.turns import FIRST, UNKNOWN, Turn
from csm_cli.script.attribution.words import Gender, Words

_PAST, _AHEAD, _MOST = 30, 8, 8
"""Paragraphs before and behind a quotation in which its speaker is named; candidates at most."""
_MOST_UNNAMED = 4
_INTRODUCES = re.compile(
    r"\b(?:my name is|my name’s|call me|it’s me|it is me|it is i|i am|i’m|ich bin(?: es)?|ich heiße|"
    r"mein name ist|c’est moi|je suis|je m’appelle|soy|me llamo|mi nombre es|sono|mi chiamo)[,:]? (?=\w)",
    re.IGNORECASE,
)
_FIRST_PERSON = re.compile(r"\bI\b(?!\.)(?:[’']|\s)|\bje\b|\bich\b|\bj’", re.ASCII)
WRONG_GENDER, _UNKNOWN_GENDER, _LESS_RECENT = 8.0, 0.7, 0.6
ACT, _ACT_BEHIND, _PRONOUN_ACT = 3.5, 2.0, 2.5
_CALLED, _NAMED = 5.0, 0.8
_NARRATED, _NARRATED_PRONOUN = 0.3, 1.5
_ALONE, _STRANGER, _PARENT = 1.5, 2.0, 1.5
"""What it costs not to be favoured so, or to be against it; compare `turns`."""


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
        self._each_once: dict[int, tuple[int, tuple[str, ...]]] = {}
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
            for name in self._named_in(other):
                distance[name] = min(far, distance.get(name, far))
        nearest = sorted(distance, key=lambda name: distance[name])[:_MOST] + self.unnamed
        return (*nearest, FIRST) if any(self._first[other] for other in near) else tuple(nearest)

    def _named_in(self, place: int) -> tuple[str, ...]:
        """Who is named or called in a paragraph, each once: a long one is asked for with each quotation."""
        mentioned = self.mentions[place]
        count, names = self._each_once.get(place, (-1, ()))
        if count != len(mentioned):
            names = tuple(dict.fromkeys((*mentioned, *self._called[place])))
            self._each_once[place] = len(mentioned), names
        return names

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


class Weights:
    """Adds costs to turns.

    Args:
        people: of the book.
        words: of the language.
        there: the people of the section.
    """

    def __init__(self, people: People, words: Words, there: Presence):
        self._people, self._words, self._there = people, words, there

    def add_gender(self, turn: Turn, gender: Gender, wrong: float = WRONG_GENDER) -> None:
        """Add what it costs to have another gender, or to be named less recently than others of it."""
        rank = 0
        order = [
            *reversed(self._there.recent),
            *(name for name in turn.candidates if name not in self._there.recent),
        ]
        for name in order:
            if name == FIRST:
                turn.against[name] = turn.against.get(name, 0.0) + wrong
                continue
            own = self._people.gender_of(name)
            if own and own != gender:
                cost = wrong
            else:
                cost = min(rank, 3) * _LESS_RECENT + (0.0 if own else _UNKNOWN_GENDER)
                rank += 1
            turn.against[name] = turn.against.get(name, 0.0) + cost

    def add_kin(self, turn: Turn, subject: Subject) -> None:
        """Use a description such as "his wife" or "her father": somebody of the same family, perhaps."""
        if person := self._people.by_rank(subject.text):
            turn.fixed = person.name
            return
        owner, noun = subject.text.split()[0].lower(), subject.text.split()[-1].lower()
        gender = self._words.gender_of(noun)
        if not gender or owner in ("my", "our"):
            turn.fixed = f"{UNKNOWN}{subject.text}"
            self._there.note_unnamed(turn.fixed)
            return
        near = [*reversed(self._there.recent), *turn.candidates]
        if noun in self._words.wives:
            wives = (self._people.wife_of(name) for name in near if name in self._people.persons)
            if wife := next(filter(None, wives), None):
                turn.favoured.append((wife.name, ACT))
                self._add_candidate(turn, wife.name)
        elif noun in self._words.parents:
            parents = [name for name in turn.candidates if self._people.may_be_parent(name, gender)]
            if len(parents) == 1:
                turn.favoured.append((parents[0], _PARENT))
        self.add_gender(turn, gender)
        turn.against[UNKNOWN] = 1.5
        whose: Gender = "m" if owner in self._words.his else "f"
        owners = (name for name in near if self._people.gender_of(name) == whose)
        if one := next(owners, ""):  # nobody is his own father
            turn.against[one] = turn.against.get(one, 0.0) + _ACT_BEHIND

    def add_acts(self, turn: Turn, paragraph: Paragraph, number: int, by_pronoun: bool) -> None:
        """Use what somebody does in front of a quotation, or else behind it, in the same paragraph.

        Args:
            by_pronoun: the tag is a pronoun, which then means the one who acts.
        """
        before = paragraph.before(number)
        sentences = sentences_of(tokens_of(before, self._words))
        if number and sentences and paragraph.tags[number - 1]:
            sentences = sentences[1:]
        weight, acted = 1.0, False
        for sentence in sentences[:-4:-1]:
            subject = subject_of(sentence, self._words, self._people.by_name)
            pronoun = subject is not None and subject.kind in ("he", "she")
            if subject and not (acted and pronoun):
                acts = self._add_act(turn, subject, weight, ACT * (2 if by_pronoun else 1))
                acted = acted or acts
                if acts and not pronoun:  # he who acts is the one who acted before
                    return
            weight *= 0.8 if pronoun else 0.6
        if acted:
            return
        after = sentences_of(tokens_of(paragraph.after(number), self._words))
        if after and not paragraph.tags[number]:
            subject = subject_of(after[0], self._words, self._people.by_name, within=3)
            if subject:
                self._add_act(turn, subject, 1.0, _ACT_BEHIND)

    def add_narration(self, turn: Turn, text: str, by_pronoun: bool) -> None:
        """Use who acts at the end of the paragraph of narration, `text`, in front of a quotation's."""
        for sentence in sentences_of(tokens_of(text[-NEAR:], self._words))[:-3:-1]:
            subject = subject_of(sentence, self._words, self._people.by_name)
            person = self._people.find(subject) if subject else None
            name = person.name if person else self._unnamed(subject) if subject else ""
            if name:
                turn.favoured.append((name, _NARRATED_PRONOUN if by_pronoun else _NARRATED))
                return

    def _unnamed(self, subject: Subject) -> str:
        """The speaker who is no character and whom a description means; "" for none."""
        if subject.kind != "description":
            return ""
        found = (f"{UNKNOWN}{text}" for text in beginnings(subject.text))
        return next((name for name in found if name in self._there.unnamed), "")

    def _add_act(self, turn: Turn, subject: Subject, weight: float, most: float) -> bool:
        person = self._people.find(subject)
        if person:
            turn.favoured.append((person.name, most * weight))
            self._add_candidate(turn, person.name)
            return True
        if subject.kind == "first":
            turn.favoured.append((FIRST, most * weight))
            return True
        if subject.kind in ("he", "she"):
            self.add_gender(turn, "m" if subject.kind == "he" else "f", _PRONOUN_ACT * weight)
            return True
        if unnamed := self._unnamed(subject):
            turn.favoured.append((unnamed, min(most, ACT) * weight))
            return True
        if subject.kind in ("description", "kin") and any(
            text.split()[-1] in self._words.people for text in beginnings(subject.text)
        ):
            turn.favoured.append((UNKNOWN, _STRANGER * weight))
            turn.against[UNKNOWN] = min(turn.against.get(UNKNOWN, 3.0), 1.5)
            return True
        return False

    def _add_candidate(self, turn: Turn, name: str) -> None:
        if name not in turn.candidates:
            turn.candidates = (*turn.candidates, name)
            self._there.mentions[self._there.place].append(name)

    def add_content(self, turn: Turn, said: str, introduced: str) -> None:
        """Whoever is called or named in a quotation does not say it, unless he introduces himself."""
        if introduced:
            turn.favoured.append((introduced, _CALLED))
        for name in self._there.called(said):
            if name == introduced:
                continue
            alone = self._there.name_alone(said) == name
            turn.against[name] = turn.against.get(name, 0.0) + (_ALONE if alone else _CALLED)
        for name in self._there.named(said):
            turn.against[name] = turn.against.get(name, 0.0) + _NAMED
