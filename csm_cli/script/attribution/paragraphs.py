"""Paragraphs divided into quotations and narration, and the names in them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

from csm_cli.script.attribution.joining import Seen
from csm_cli.script.attribution.people import beginnings, described
from csm_cli.script.attribution.quotations import Convention, Quotation, quotations_in
from csm_cli.script.attribution.subjects import (
    Subject,
    Token,
    joined,
    sentences_of,
    subject_at,
    tokens_of,
)
from csm_cli.script.attribution.tags import Tag, tag_after
from csm_cli.script.attribution.words import Words

_NESTED = re.compile(
    r"(?<![^\W_])[‘'](?=\w)[^“”\"‘]{1,400}?[,.!?…—][’'](?!\w)|“[^“”]{1,400}”|\"[^\"]{1,400}\"|[‚‹][^‘’›]{1,400}[‘’›]"
)
NEAR = 400
"""Characters of narration beside a quotation that are looked at."""


@dataclass
class Paragraph:
    """A paragraph of narration and quotations.

    Args:
        chapter: number of its chapter.
        section: number of the stretch between two breaks that it belongs to.
        text: its text.
        quotations: in order.
        goes_on: its first quotation continues the last of the paragraph before.
        words: of the language.
    """

    chapter: int
    section: int
    text: str
    quotations: Sequence[Quotation]
    goes_on: bool
    words: Words

    @cached_property
    def narration(self) -> list[str]:
        """What stands before, between and behind the quotations: one text more than these."""
        ends = [0, *(quotation.end for quotation in self.quotations)]
        starts = [*(quotation.start for quotation in self.quotations), len(self.text)]
        return [self.text[end:start] for end, start in zip(ends, starts, strict=True)]

    def before(self, number: int) -> str:
        """The end of the narration in front of a quotation."""
        return self.narration[number][-NEAR:]

    def after(self, number: int) -> str:
        """The beginning of the narration behind a quotation."""
        return self.narration[number + 1][:NEAR]

    def said(self, number: int) -> str:
        """A quotation, its marks included."""
        quotation = self.quotations[number]
        return self.text[quotation.start : quotation.end]

    @cached_property
    def tags(self) -> list[Tag | None]:
        """The tag behind each quotation."""
        return [self._tag(number) for number in range(len(self.quotations))]

    def _tag(self, number: int) -> Tag | None:
        after = self.after(number)
        sentences = sentences_of(tokens_of(after, self.words))
        if not sentences:
            return None
        gap = after[: sentences[0][0].start]
        if any(mark in gap for mark in ".!?…") or self._heads_next(number, sentences):
            return None
        said = self.said(number).rstrip("”\"’'»«“ ")
        comma = said[-1:] in ",—–" or gap.strip() == ","
        return tag_after(sentences[0], self.words, comma, stop=said[-1:] == "." and not comma)

    def _heads_next(self, number: int, sentences: list[list[Token]]) -> bool:
        """Whether the one sentence behind a quotation introduces the next: “No.” Tom said, “Go.”"""
        if len(sentences) != 1 or number + 1 >= len(self.quotations):
            return False
        ended = self.said(number).rstrip("”\"’'»«“ ")[-1:] == "."
        return ended and sentences[0][0].capital and self.narration[number + 1].rstrip()[-1:] in ",:"


def paragraphs_of(
    texts: Sequence[tuple[int, int, str]], convention: Convention, words: Words
) -> list[Paragraph]:
    """Divide paragraphs; `texts`: (chapter, section, text) of each."""
    found: list[Paragraph] = []
    open_in = -1
    for chapter, section, text in texts:
        going_on = open_in == section
        quotations = quotations_in(text, convention, words, going_on)
        by_dash = bool(quotations) and quotations[0].by_dash
        begins = bool(quotations) and quotations[0].start <= 1 and not by_dash
        found.append(Paragraph(chapter, section, text, quotations, going_on and begins, words))
        left_open = going_on and "»" not in text if by_dash else quotations and not quotations[-1].closed
        open_in = section if left_open else -1
    return found


def names_used(paragraphs: Sequence[Paragraph], words: Words) -> tuple[dict[str, Seen], dict[str, Seen]]:
    """How names, and how descriptions of speakers, are used in a book."""
    names: dict[str, Seen] = {}
    descriptions: dict[str, Seen] = {}
    for paragraph in paragraphs:
        for number in range(len(paragraph.quotations)):
            tag = paragraph.tags[number]
            if tag and tag.sure and tag.subject:
                _count(tag.subject, paragraph.chapter, names, descriptions)
            for name in vocatives(paragraph.said(number), words):
                names.setdefault(name, Seen()).called += 1
        for text in paragraph.narration:
            _count_acts(text[:4000], paragraph, words, names, descriptions)
    return names, descriptions


def _count(subject: Subject, chapter: int, names: dict[str, Seen], descriptions: dict[str, Seen]) -> None:
    if subject.kind == "name":
        names.setdefault(subject.text, Seen()).tags[chapter] += 1
    elif subject.kind == "description" or described(subject.text).startswith(("my ", "our ")):
        descriptions.setdefault(described(subject.text), Seen()).tags[chapter] += 1


def _count_acts(
    text: str, paragraph: Paragraph, words: Words, names: dict[str, Seen], descriptions: dict[str, Seen]
) -> None:
    last = ""
    for sentence in sentences_of(tokens_of(text, words)):
        if sentence[0].low in words.he and last:
            names[last].genders["m"] += 1
        elif sentence[0].low in words.she and last:
            names[last].genders["f"] += 1
        found = [(at, s) for at in range(len(sentence)) if (s := _name_in(sentence, at, words))]
        for _, subject in found:
            names.setdefault(subject.text, Seen()).mentions += 1
        acting = subject_at(sentence, 0, words) if paragraph.quotations and sentence[0].capital else None
        if acting and (acting.kind == "description" or acting.text.startswith("My ")):
            for text in beginnings(acting.text):
                use = descriptions.setdefault(text, Seen())
                use.acts += 1
                _count_genders(use, sentence[acting.end :], words)
        first = found[0] if found else None
        last = ""
        if first is None or first[0] > 2:
            continue
        subject = first[1]
        use = names.setdefault(subject.text, Seen())
        behind = sentence[subject.end : subject.end + 1]
        if behind and joined(behind[0]) and not behind[0].capital and behind[0].low not in words.ends:
            use.acts += 1
        if len({each.text for _, each in found}) == 1:
            last = subject.text
            _count_genders(use, sentence[subject.end :], words)
        if verbs := [token for token in sentence[subject.end : subject.end + 3] if token.low in words.verbs]:
            use.acts += bool(verbs)


def _count_genders(use: Seen, behind: Sequence[Token], words: Words) -> None:
    for token in behind:
        if token.low in words.his or token.low in words.he:
            use.genders["m"] += 1
        elif token.low in words.her or token.low in words.she:
            use.genders["f"] += 1


def _name_in(sentence: Sequence[Token], at: int, words: Words) -> Subject | None:
    token = sentence[at]
    if not token.capital and token.low not in words.adjectives and token.text not in words.titles:
        return None
    if at and sentence[at - 1].capital and joined(token) and sentence[at - 1].text not in words.no_names:
        return None
    begin = at
    while begin > 0 and sentence[begin - 1].capital and joined(sentence[begin]):
        begin -= 1
    before = sentence[begin - 1] if begin else sentence[0]
    if at and before.low in words.determiners and token.text not in words.titles:
        return None  # the March Hare
    found = subject_at(sentence, at, words)
    return found if found and found.kind == "name" else None


def vocatives(said: str, words: Words) -> Iterator[str]:
    """Names by which somebody is spoken to: “Come here, Tom,”; not in quotations within the quotation."""
    said = said[:1] + _NESTED.sub(lambda inner: " " * len(inner[0]), said[1:4000])
    for sentence in sentences_of(tokens_of(said, words)):
        for at, token in enumerate(sentence):
            if not token.capital and token.text not in words.titles:
                continue
            mark = token.gap.strip()
            begins = (
                at == 0
                or mark in (",", "—", "–")
                or sentence[at - 1].low in ("dear", "oh", "o", "ah", "you", "ach")
            )
            found = subject_at(sentence, at, words) if begins else None
            if found is None or found.kind != "name" or not found.text.startswith(token.text):
                continue
            after = _mark_behind(said, sentence, found.end)
            if after in (",", ".", "!", "?", "…", "—", ";", "–") and (at > 0 or after != "."):
                yield found.text


def _mark_behind(said: str, sentence: Sequence[Token], end: int) -> str:
    rest = said[sentence[end - 1].end :].lstrip()
    return rest[:1]
