"""What a text says of the speaker of every quotation: tags, acts beside it, names, who is there."""

from __future__ import annotations

import re
from collections.abc import Sequence

from csm_cli.script.attribution.paragraphs import NEAR, Paragraph
from csm_cli.script.attribution.people import People, described
from csm_cli.script.attribution.subjects import Subject, sentences_of, tokens_of
from csm_cli.script.attribution.tags import Tag, handed_over, tag_before
from csm_cli.script.attribution.turns import FIRST, UNKNOWN, Link, Turn
from csm_cli.script.attribution.weights import ACT, Presence, Weights
from csm_cli.script.attribution.words import Words

_SHORT_NARRATION = 150
"""Characters of narration after which whoever was called is not expected to answer."""
_ANSWERS, _NOT_THERE_YET, _SAME_PARAGRAPH = 0.8, 0.7, 1.0
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
        self._introduced: dict[int, str] = {}

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
            _join_tags(self._turns[begins:])
        return self._turns

    def _link(self, paragraph: Paragraph, number: int, narrated: int) -> Link:
        if number:
            return "same paragraph"
        if len(self._turns) == 1:
            return "new"
        if paragraph.goes_on:
            return "goes on"
        return "later" if narrated else "next paragraph"

    def _turn(self, place: int, number: int) -> Turn:
        """The turn of a quotation, but for its link."""
        paragraph, there = self._paragraphs[place], self._there
        turn = Turn("new", candidates=there.candidates(place))
        self._turns.append(turn)
        for name in turn.candidates:
            if name.startswith(UNKNOWN):
                turn.against[name] = 0.0 if number and self._turns[-2].fixed == name else _NOT_THERE_YET
            elif name != FIRST and name not in there.recent and name not in there.mentions[place]:
                turn.against[name] = _NOT_THERE_YET
        said = paragraph.said(number)
        tag = self._tag(place, number)
        alone = there.name_alone(said)  # “Danny,” he muttered.
        if alone in there.recent or (tag and tag.subject and tag.subject.kind == "name"):
            alone = ""
        if tag and tag.subject:
            turn.tagged = tag.sure
            if place not in self._introduced:
                all_said = map(paragraph.said, range(len(paragraph.quotations)))
                self._introduced[place] = next(filter(None, map(there.introduced, all_said)), "")
            self._apply_tag(turn, tag.subject, tag.sure, self._introduced[place] or alone)
        if turn.fixed in self._people.persons:
            there.note([turn.fixed])
        elif not turn.fixed:
            by_pronoun = bool(tag and tag.subject and tag.subject.kind in ("he", "she"))
            self._weights.add_acts(turn, paragraph, number, by_pronoun)
            begins = number == 0 and place > 0 and not paragraph.before(0).strip()
            if begins and not self._paragraphs[place - 1].quotations:
                self._weights.add_narration(turn, self._paragraphs[place - 1].text, by_pronoun)
            self._weights.add_content(turn, said, alone or there.introduced(said))
        return turn

    def _tag(self, place: int, number: int) -> Tag | None:
        """The tag behind a quotation, else the one in front of it or at the end of the paragraph before."""
        paragraph = self._paragraphs[place]
        tag = paragraph.tags[number]
        named = tag is not None and tag.subject is not None
        before = paragraph.before(number)
        if number == 0 and not before.strip() and place:
            before = self._introduction(place)
        tokens = tokens_of(before, self._words)
        resumed = number and paragraph.tags[number - 1] and len(sentences_of(tokens)) == 1
        ended = paragraph.said(number).rstrip("”\"’'»«“ ")[-1:] in ".!?…"
        if resumed and (other := handed_over(tokens, self._words, self._names)):
            return other
        if not tokens or resumed or (named and not ended):
            return tag
        ahead = tag_before(before, tokens, self._words, self._names)
        leads = before.rstrip().endswith((",", ":"))
        if ahead and ahead.subject and (leads if named or tag is None else ahead.sure):
            return ahead
        return ahead if ahead and ahead.subject and ahead.sure and tag is None else tag

    def _introduction(self, place: int) -> str:
        """The end of the paragraph before, if it leads to a quotation: "Tom said:"; else ""."""
        text = self._paragraphs[place - 1].narration[-1][-NEAR:]
        return text if text.rstrip().endswith((":", ",")) else ""

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


def _join_tags(turns: Sequence[Turn]) -> None:
    """A paragraph's quotations without a tag of their own belong to the speaker of the one tag in it."""
    fixed = {turn.fixed for turn in turns if turn.fixed}
    if len(fixed) == 1:
        speaker = next(iter(fixed))
        for turn in turns:
            if not turn.fixed:
                turn.favoured.append((speaker, _SAME_PARAGRAPH))
