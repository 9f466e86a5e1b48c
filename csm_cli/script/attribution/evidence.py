"""What a text says of the speaker of every quotation: tags, acts beside it, names, who is there."""

from __future__ import annotations

import re
from collections.abc import Sequence

from csm_cli.script.attribution.paragraphs import NEAR, Paragraph
from csm_cli.script.attribution.people import People, described
from csm_cli.script.attribution.presence import Presence
from csm_cli.script.attribution.subjects import Subject, Token, sentences_of, tokens_of
from csm_cli.script.attribution.tags import tag_before
from csm_cli.script.attribution.turns import FIRST, UNKNOWN, Link, Turn
from csm_cli.script.attribution.weights import ACT, Weights
from csm_cli.script.attribution.words import Words

_SHORT_NARRATION, LONG_NARRATION = 150, 600
"""Characters of narration after which a dialogue is over."""
_ANSWERS, _NOT_THERE_YET = 0.8, 0.7
_VOICES = frozenset(re.findall(r"\S+", "voice stimme voix voz voce somebody someone another other"))


class Collector:
    """Collects the evidence of a section's paragraphs, in order.

    Args:
        paragraphs: of the section.
        people: of the book.
        words: of the language.
    """

    def __init__(self, paragraphs: Sequence[Paragraph], people: People, words: Words):
        people = people.among("\n".join(text for each in paragraphs for text in each.narration))
        self._paragraphs, self._people, self._words = paragraphs, people, words
        self._names = people.by_name
        self._there = Presence(paragraphs, people, words)
        self._weights = Weights(people, words, self._there)
        self._turns: list[Turn] = []
        self._meant: dict[str, str] = {}

    def collect(self) -> list[Turn]:
        """The turns of the section, one for each quotation."""
        narrated, called = 0, list[str]()
        for place, paragraph in enumerate(self._paragraphs):
            self._there.place = place
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
        alone = self._there.name_alone(said)  # “Danny,” he muttered.
        if alone in self._there.recent or (tag and tag.subject and tag.subject.kind == "name"):
            alone = ""
        introduced = introduced or alone
        if tag and tag.subject:
            turn.tagged = tag.sure
            self._apply_tag(turn, tag.subject, tag.sure, introduced)
        if not turn.fixed:
            by_pronoun = bool(tag and tag.subject and tag.subject.kind in ("he", "she"))
            self._weights.add_acts(turn, paragraph, number, by_pronoun)
            begins = number == 0 and place > 0 and not paragraph.before(0).strip()
            if begins and not self._paragraphs[place - 1].quotations:
                self._weights.add_narration(turn, self._paragraphs[place - 1].text, by_pronoun)
            self._weights.add_content(turn, said, alone or self._there.introduced(said))
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
                turn.favoured.append((person.name, ACT))
        elif subject.kind == "first":
            turn.fixed = FIRST
        elif subject.kind in ("he", "she"):
            self._weights.add_gender(turn, "m" if subject.kind == "he" else "f")
        elif subject.kind == "kin":
            self._weights.add_kin(turn, subject)
        elif subject.text.split()[-1].lower() in _VOICES or subject.text.split()[1:2] == ["voix"]:
            turn.against[UNKNOWN] = 1.5
        elif sure:
            turn.fixed = f"{UNKNOWN}{described(subject.text)}"
            self._there.note_unnamed(turn.fixed)

    def _join_tags(self, begin: int, paragraph: Paragraph) -> None:
        """A paragraph's quotations without a tag of their own belong to the speaker of the one tag in it."""
        turns = self._turns[begin:]
        fixed = {turn.fixed for turn in turns if turn.fixed}
        if len(fixed) == 1 and len(turns) > 1:
            speaker = next(iter(fixed))
            for turn in turns:
                if not turn.fixed:
                    turn.favoured.append((speaker, 1.0))
