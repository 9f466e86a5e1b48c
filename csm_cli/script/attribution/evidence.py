"""What a text says of the speaker of every quotation: tags, acts beside it, names, who is there."""

from __future__ import annotations

import re
from collections.abc import Sequence

from csm_cli.script.attribution.paragraphs import NEAR, Paragraph
from csm_cli.script.attribution.people import People, beginnings, described
from csm_cli.script.attribution.presence import Presence
from csm_cli.script.attribution.subjects import Subject, Token, sentences_of, subject_of, tokens_of
from csm_cli.script.attribution.tags import tag_before
from csm_cli.script.attribution.turns import FIRST, UNKNOWN, Link, Turn
from csm_cli.script.attribution.words import Gender, Words

_SHORT_NARRATION, LONG_NARRATION = 150, 600
"""Characters of narration after which a dialogue is over."""
_WRONG_GENDER, _UNKNOWN_GENDER, _LESS_RECENT = 8.0, 0.7, 0.6
_ACT, _ACT_BEHIND, _PRONOUN_ACT = 3.5, 2.0, 2.5
_CALLED, _NAMED, _ANSWERS = 5.0, 0.8, 0.8
_NOT_THERE_YET = 0.7
_NARRATED, _NARRATED_PRONOUN = 0.3, 1.5
_ALONE, _STRANGER = 1.5, 2.0
_VOICES = frozenset(re.findall(r"\S+", "voice stimme voix voz voce somebody someone another other"))


class Collector:
    """Collects the evidence of a section's paragraphs, in order.

    Args:
        paragraphs: of the section.
        people: of the book.
        words: of the language.
    """

    def __init__(self, paragraphs: Sequence[Paragraph], people: People, words: Words):
        self._paragraphs, self._people, self._words = paragraphs, people, words
        self._names = people.by_name
        self._there = Presence(paragraphs, people, words)
        self._turns: list[Turn] = []
        self._meant: dict[str, str] = {}

    def collect(self) -> list[Turn]:
        """The turns of the section, one for each quotation."""
        narrated, called = 0, list[str]()
        for place, paragraph in enumerate(self._paragraphs):
            if not paragraph.quotations:
                narrated += max(len(paragraph.text), 1)
                self._there.note(self._there.mentions[place])
                continue
            begins = len(self._turns)
            for number in range(len(paragraph.quotations)):
                turn = self._turn(place, number)
                turn.link = self._link(paragraph, number, narrated)
                if number == 0 and narrated < _SHORT_NARRATION:
                    turn.favoured += [(name, _ANSWERS) for name in called if name in turn.candidates]
                narrated = 0
            if not paragraph.goes_on:
                called = []
            for number in range(len(paragraph.quotations)):
                called += self._there.called(paragraph.said(number))
            self._there.note(called)
            self._there.note(self._there.mentions[place])
            self._join_tags(begins, paragraph)
        return self._turns

    def _link(self, paragraph: Paragraph, number: int, narrated: int) -> Link:
        if number:
            return "same paragraph"
        if len(self._turns) == 1:
            return "new"
        if paragraph.goes_on:
            return "goes on"
        if narrated > LONG_NARRATION:
            return "later"
        return "later" if narrated else "next paragraph"

    def _turn(self, place: int, number: int) -> Turn:
        paragraph = self._paragraphs[place]
        turn = Turn("new", candidates=self._there.candidates(place))
        self._turns.append(turn)
        for name in self._there.candidates(place):
            if name.startswith(UNKNOWN):
                turn.against[name] = 0.0 if number and self._turns[-2].fixed == name else _NOT_THERE_YET
            elif name != FIRST and name not in self._there.recent and name not in self._there.mentions[place]:
                turn.against[name] = _NOT_THERE_YET
        before = paragraph.before(number)
        said = paragraph.said(number)
        all_said = map(paragraph.said, range(len(paragraph.quotations)))
        introduced = next(filter(None, map(self._there.introduced, all_said)), "")
        tag = paragraph.tag(number)
        tokens = tokens_of(before, self._words)
        if number == 0 and not before.strip() and place:
            before, tokens = self._introduction(place)
        resumed = number and paragraph.tag(number - 1) and len(sentences_of(tokens)) == 1
        ended = said.rstrip("”\"’'»«“ ")[-1:] in ".!?…"
        if (tag is None or tag.subject is None or ended) and not resumed:
            ahead = tag_before(before, tokens, self._words, self._names) if tokens else None
            leads = before.rstrip().endswith((",", ":"))
            if (
                ahead and ahead.subject and (ahead.sure if tag is None or tag.subject is None else leads)
            ) or (ahead and ahead.subject and leads and tag is None):
                tag = ahead
        if tag and tag.subject:
            turn.tagged = tag.sure
            self._apply_tag(turn, tag.subject, tag.sure, introduced)
        if not turn.fixed:
            by_pronoun = bool(tag and tag.subject and tag.subject.kind in ("he", "she"))
            self._apply_acts(turn, paragraph, number, by_pronoun)
            if number == 0 and not paragraph.before(0).strip():
                self._apply_narration(turn, place, by_pronoun)
            self._apply_content(turn, said, self._there.introduced(said))
        elif turn.fixed in self._people.persons:
            self._there.note([turn.fixed])
        return turn

    def _introduction(self, place: int) -> tuple[str, list[Token]]:
        """The paragraph before, if it leads to a quotation: "Tom said:"."""
        before = self._paragraphs[place - 1]
        text = before.narration[-1][-NEAR:]
        if text.rstrip().endswith((":", ",")):
            return text, tokens_of(text, self._words)
        return "", []

    def _apply_tag(self, turn: Turn, subject: Subject, sure: bool, introduced: str) -> None:
        """Use a tag; without a verb of speech it counts as an act.

        Args:
            introduced: the name by which the speaker introduces himself, or "".
        """
        person = self._people.find(subject)
        if person is None and subject.kind in ("description", "other") and sure:
            if introduced:
                self._meant[described(subject.text)] = introduced
            person = self._people.persons.get(self._meant.get(described(subject.text), ""))
        if person:
            if sure or subject.kind == "name":
                turn.fixed = person.name
            else:
                turn.favoured.append((person.name, _ACT))
        elif subject.kind == "first":
            turn.fixed = FIRST
        elif subject.kind in ("he", "she"):
            self._apply_gender(turn, "m" if subject.kind == "he" else "f", _WRONG_GENDER)
        elif subject.kind == "kin":
            self._apply_kin(turn, subject)
        elif subject.text.split()[-1].lower() in _VOICES or subject.text.split()[1:2] == ["voix"]:
            turn.against[UNKNOWN] = 1.5
        elif sure:
            turn.fixed = f"{UNKNOWN}{described(subject.text)}"
            self._there.note_unnamed(turn.fixed)

    def _apply_gender(self, turn: Turn, gender: Gender, wrong: float) -> None:
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
            own = "" if name.startswith(UNKNOWN) else self._people.persons[name].gender
            if own and own != gender:
                cost = wrong
            else:
                cost = min(rank, 3) * _LESS_RECENT + (0.0 if own else _UNKNOWN_GENDER)
                rank += 1
            turn.against[name] = turn.against.get(name, 0.0) + cost

    def _apply_kin(self, turn: Turn, subject: Subject) -> None:
        """ "his wife", "her father": somebody of that gender, perhaps of the same family."""
        if person := self._people.by_rank(subject.text):
            turn.fixed = person.name
            return
        noun = subject.text.split()[-1].lower()
        gender: Gender = ""
        if noun in ("wife", "mother", "daughter", "sister", "aunt", "niece", "grandmother", "frau", "mutter"):
            gender = "f"
        elif noun in (
            "husband",
            "father",
            "son",
            "brother",
            "uncle",
            "nephew",
            "grandfather",
            "mann",
            "vater",
        ):
            gender = "m"
        if noun in ("wife", "frau", "femme", "mujer", "moglie"):
            husbands = (self._people.wife_of(name) for name in reversed(self._there.recent))
            if wife := next(filter(None, husbands), None):
                turn.favoured.append((wife.name, _ACT))
                turn.candidates = tuple(dict.fromkeys((*turn.candidates, wife.name)))
        if not gender or subject.text.lower().startswith(("my ", "our ")):
            turn.fixed = f"{UNKNOWN}{subject.text}"
            self._there.note_unnamed(turn.fixed)
            return
        self._apply_gender(turn, gender, _WRONG_GENDER)
        turn.against[UNKNOWN] = 1.5

    def _apply_acts(self, turn: Turn, paragraph: Paragraph, number: int, by_pronoun: bool) -> None:
        """Use what somebody does in front of a quotation, or else behind it, in the same paragraph.

        Args:
            by_pronoun: the tag is a pronoun, which then means the one who acts.
        """
        before = paragraph.before(number)
        sentences = sentences_of(tokens_of(before, self._words))
        if number and sentences and paragraph.tag(number - 1):
            sentences = sentences[1:]
        weight, acted = 1.0, False
        for sentence in sentences[:-4:-1]:
            subject = subject_of(sentence, self._words, self._names)
            pronoun = subject is not None and subject.kind in ("he", "she")
            if subject and not (acted and pronoun):
                acts = self._apply_act(turn, subject, weight, _ACT * (2 if by_pronoun else 1))
                acted = acted or acts
                if acts and not pronoun:  # he who acts is the one who acted before
                    return
            weight *= 0.8 if pronoun else 0.6
        if acted:
            return
        after = sentences_of(tokens_of(paragraph.after(number), self._words))
        if after and not paragraph.tag(number):
            subject = subject_of(after[0], self._words, self._names, within=3)
            if subject:
                self._apply_act(turn, subject, 1.0, _ACT_BEHIND)

    def _apply_narration(self, turn: Turn, place: int, by_pronoun: bool) -> None:
        """Use who acts at the end of a paragraph of narration in front of a quotation's."""
        if place == 0 or self._paragraphs[place - 1].quotations:
            return
        text = self._paragraphs[place - 1].text[-NEAR:]
        for sentence in sentences_of(tokens_of(text, self._words))[:-3:-1]:
            subject = subject_of(sentence, self._words, self._names)
            person = self._people.find(subject) if subject else None
            if person:
                turn.favoured.append((person.name, _NARRATED_PRONOUN if by_pronoun else _NARRATED))
                return

    def _apply_act(self, turn: Turn, subject: Subject, weight: float, most: float) -> bool:
        person = self._people.find(subject)
        if person:
            turn.favoured.append((person.name, most * weight))
            if person.name not in turn.candidates:
                turn.candidates = (*turn.candidates, person.name)
            return True
        if subject.kind == "first":
            turn.favoured.append((FIRST, most * weight))
            return True
        if subject.kind in ("he", "she"):
            self._apply_gender(turn, "m" if subject.kind == "he" else "f", _PRONOUN_ACT * weight)
            return True
        if subject.kind in ("description", "kin") and any(
            text.split()[-1] in self._words.people for text in beginnings(subject.text)
        ):
            turn.favoured.append((UNKNOWN, _STRANGER * weight))
            turn.against[UNKNOWN] = min(turn.against.get(UNKNOWN, 3.0), 1.5)
            return True
        return False

    def _apply_content(self, turn: Turn, said: str, introduced: str) -> None:
        """Whoever is called or named in a quotation does not say it, unless he introduces himself."""
        if introduced:
            turn.favoured.append((introduced, _CALLED))
        for name in self._there.called(said):
            if name == introduced:
                continue
            if said.strip("“”\"‘’'«»„ ,.") in self._people.persons[name].names:  # “Danny,” he muttered.
                if name in self._there.recent:
                    turn.against[name] = turn.against.get(name, 0.0) + _ALONE
                else:
                    turn.favoured.append((name, _CALLED))
                continue
            turn.against[name] = turn.against.get(name, 0.0) + _CALLED
        for name in self._there.named(said):
            turn.against[name] = turn.against.get(name, 0.0) + _NAMED

    def _join_tags(self, begin: int, paragraph: Paragraph) -> None:
        """A paragraph's quotations without a tag of their own belong to the speaker of the one tag in it."""
        turns = self._turns[begin:]
        fixed = {turn.fixed for turn in turns if turn.fixed}
        if len(fixed) == 1 and len(turns) > 1:
            speaker = next(iter(fixed))
            for turn in turns:
                if not turn.fixed:
                    turn.favoured.append((speaker, 1.0))
