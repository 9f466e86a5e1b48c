"""What it costs to take somebody for the speaker of a quotation: by gender, family, acts and names."""

from __future__ import annotations

from csm_cli.script.attribution.paragraphs import NEAR, Paragraph
from csm_cli.script.attribution.people import People, beginnings
from csm_cli.script.attribution.presence import Presence
from csm_cli.script.attribution.subjects import Subject, sentences_of, subject_of, tokens_of
from csm_cli.script.attribution.turns import FIRST, UNKNOWN, Turn
from csm_cli.script.attribution.words import Gender, Words

WRONG_GENDER, _UNKNOWN_GENDER, _LESS_RECENT = 8.0, 0.7, 0.6
ACT, _ACT_BEHIND, _PRONOUN_ACT = 3.5, 2.0, 2.5
_CALLED, _NAMED = 5.0, 0.8
_NARRATED, _NARRATED_PRONOUN = 0.3, 1.5
_ALONE, _STRANGER, _PARENT = 1.5, 2.0, 1.5

"""What it costs not to be favoured so, or to be against it; compare `turns`."""


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
