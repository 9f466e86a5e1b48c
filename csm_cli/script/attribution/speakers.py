"""Attributes the quotations of a book to its characters, and divides its paragraphs accordingly."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

from csm_cli.script.attribution.evidence import Collector
from csm_cli.script.attribution.paragraphs import Paragraph, names_used, paragraphs_of
from csm_cli.script.attribution.people import People
from csm_cli.script.attribution.quotations import Quotation, convention_of
from csm_cli.script.attribution.turns import FIRST, UNKNOWN, choose
from csm_cli.script.attribution.words import Gender, words_for
from csm_cli.script.document import NARRATOR, CastMember, Chapter, Item, Line, Screenplay

DOUBTFUL_MARGIN = 1.0
"""Choices that are better than the next by less are marked for a person."""
WHO = "who?"
"""The delivery note that marks a quotation whose speaker is doubtful."""
_MOST_JOINED = 10
"""Words of narration, joined to a quotation by signs without a space, that are spoken with it."""


@dataclass(frozen=True)
class Guesses:
    """A screenplay with quotations assigned to speakers.

    Args:
        quotes: number of quotations.
        guessed: number of those that were assigned to a character.
        doubtful: number of those that are marked for a person, whoever they were assigned to.
        genders: "m" or "f" by the character's name, where it is known.
        notes: what a person should know of how they were assigned, one line each.
    """

    screenplay: Screenplay
    quotes: int
    guessed: int
    doubtful: int
    genders: dict[str, Gender]
    notes: tuple[str, ...] = ()


class Said(NamedTuple):
    """A quotation, its speaker, and whether that is doubtful."""

    quotation: Quotation
    speaker: str
    doubtful: bool


@dataclass(frozen=True)
class Attribution:
    """Who speaks the quotations of a book's paragraphs.

    Args:
        paragraphs: all that the narrator has, in order.
        said: by paragraph, of each quotation.
        people: the characters.
    """

    paragraphs: list[Paragraph]
    said: list[list[Said]]
    people: People


def guess_speakers(play: Screenplay) -> Guesses:
    """Assign the quotations in the narrator's lines to their probable speakers."""
    play = composed_lines(play)
    return with_speakers(play, attribute(play))


def composed_lines(play: Screenplay) -> Screenplay:
    """The screenplay with its lines in NFC, so that a name is written in one way."""
    if all(line.text.isascii() or unicodedata.is_normalized("NFC", line.text) for line in play.lines):
        return play

    def composed(line: Line) -> Line:
        return replace(line, text=unicodedata.normalize("NFC", line.text))

    return replace(play, chapters=tuple(chapter.with_lines(composed) for chapter in play.chapters))


def attribute(play: Screenplay) -> Attribution:
    """Who speaks the quotations in the narrator's lines, by the rules."""
    texts = list(_narrated(play))
    words = words_for(play.language, [text for _, _, text in texts])
    convention = convention_of((text for _, _, text in texts), words)
    paragraphs = paragraphs_of(texts, convention, words)
    people = People(*names_used(paragraphs, words), words)
    said: list[list[Said]] = []
    begin = 0
    while begin < len(paragraphs):
        end = begin
        while end < len(paragraphs) and paragraphs[end].section == paragraphs[begin].section:
            end += 1
        said += _section(paragraphs[begin:end], Collector(paragraphs[begin:end], people, words))
        begin = end
    return Attribution(paragraphs, said, people)


def _narrated(play: Screenplay) -> list[tuple[int, int, str]]:
    """(Chapter, section, text) of the narrator's lines; anything else between two lines ends a section."""
    found, section = [], 0
    for chapter in play.chapters:
        section += 1
        for item in chapter.items:
            if isinstance(item, Line) and item.speaker == NARRATOR:
                found.append((chapter.number, section, item.text))
            else:
                section += 1
    return found


def _section(paragraphs: Sequence[Paragraph], collector: Collector) -> list[list[Said]]:
    choices = iter(choose(collector.collect()))
    found: list[list[Said]] = []
    for paragraph in paragraphs:
        row = []
        for quotation in paragraph.quotations:
            choice = next(choices)
            named = not choice.speaker.startswith(UNKNOWN) and choice.speaker != FIRST
            unsure = choice.speaker.startswith(UNKNOWN) or choice.margin < DOUBTFUL_MARGIN
            row.append(Said(quotation, choice.speaker if named else NARRATOR, unsure))
        found.append(row)
    return found


def with_speakers(play: Screenplay, attribution: Attribution) -> Guesses:
    """The screenplay with its quotations assigned."""
    rows = iter(attribution.said)
    chapters = []
    cast = dict(play.cast)
    for chapter in play.chapters:
        items: list[Item] = []
        for item in chapter.items:
            if isinstance(item, Line) and item.speaker == NARRATOR:
                items += divided(item, next(rows))
            else:
                items.append(item)
        for item in items:
            if isinstance(item, Line) and item.speaker not in cast:
                person = attribution.people.persons[item.speaker]
                cast[item.speaker] = CastMember(item.speaker, "", None, item.source, {}, person.names[1:])
        chapters.append(_numbered(replace(chapter, items=tuple(items))))
    said = [each for row in attribution.said for each in row]
    return Guesses(
        replace(play, chapters=tuple(chapters), cast=cast),
        quotes=len(said),
        guessed=sum(each.speaker != NARRATOR for each in said),
        doubtful=sum(each.doubtful for each in said),
        genders={
            person.name: person.gender for person in attribution.people.persons.values() if person.gender
        },
    )


def _numbered(chapter: Chapter) -> Chapter:
    items: list[Item] = []
    count = 0
    for item in chapter.items:
        if isinstance(item, Line):
            count += 1
            item = replace(item, id=f"c{chapter.number:02d}-l{count:03d}")
        items.append(item)
    return replace(chapter, items=tuple(items))


class _Piece(NamedTuple):
    start: int
    end: int
    speaker: str
    doubtful: bool


def divided(line: Line, said: Sequence[Said]) -> list[Line]:
    """The lines of a paragraph; their texts, joined by spaces, are its text.

    Args:
        line: the paragraph.
        said: its quotations.
    """
    if all(each.speaker == NARRATOR for each in said):
        doubtful = any(each.doubtful for each in said)
        return [replace(line, notes=(*line.notes, WHO))] if doubtful else [line]
    pieces = _merged(line.text, _pieces(line.text, said))
    return [
        replace(
            line,
            speaker=piece.speaker,
            text=line.text[piece.start : piece.end].strip(),
            voice="" if piece.speaker != NARRATOR else line.voice,
            notes=(*line.notes, WHO) if piece.doubtful else line.notes,
            new_paragraph=line.new_paragraph and not number,
        )
        for number, piece in enumerate(pieces)
    ]


def _pieces(text: str, said: Sequence[Said]) -> list[_Piece]:
    """The paragraph in pieces, cut at spaces alone."""
    pieces: list[_Piece] = []
    at = 0
    for each in said:
        start, end = _at_spaces(text, each.quotation, at)
        if start > at:
            pieces.append(_Piece(at, start, NARRATOR, False))
        if end > start:
            pieces.append(_Piece(start, end, each.speaker, each.doubtful))
            at = end
    if at < len(text):
        pieces.append(_Piece(at, len(text), NARRATOR, False))
    return pieces


def _at_spaces(text: str, quotation: Quotation, least: int) -> tuple[int, int]:
    """(start, end) of a quotation, moved to the next spaces.

    Signs beside it go with it. A few words that are joined to it, as in “I know,”—he sighed—“but”, do too.
    """
    start = _space_before(text, max(quotation.start, least), least)
    end = quotation.end
    while end < len(text) and not text[end].isspace():
        end += 1
    if any(map(str.isalnum, text[quotation.end : end])):
        stop = min((at for sign in '.“"‘«„' if (at := text.find(sign, end)) >= 0), default=len(text))
        if len(text[quotation.end : stop].split()) <= _MOST_JOINED:
            end = stop
            while end < len(text) and not text[end].isspace() and text[end] in ".!?…":
                end += 1
            if end < len(text) and not text[end].isspace():
                end = _space_before(text, end, quotation.end)
    return start, end


def _space_before(text: str, at: int, least: int) -> int:
    while at > least and not text[at - 1].isspace():
        at -= 1
    return at


def _merged(text: str, pieces: list[_Piece]) -> list[_Piece]:
    """The pieces; those of one speaker behind each other, and those without a word, are joined."""
    found: list[_Piece] = []
    for piece in pieces:
        spoken = any(map(str.isalnum, text[piece.start : piece.end]))
        if not found:
            found.append(piece)
            continue
        last = found[-1]
        if not any(map(str.isalnum, text[last.start : last.end])):
            found[-1] = piece._replace(start=last.start)
        elif not spoken or piece.speaker == last.speaker:
            found[-1] = last._replace(end=piece.end, doubtful=last.doubtful or (spoken and piece.doubtful))
        else:
            found.append(piece)
    return found
