"""Divides a paragraph into the lines of its narrator and its speakers; not a character is lost."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import NamedTuple

from csm_cli.script.attribution.quotations import Quotation
from csm_cli.script.document import NARRATOR, Line

WHO = "who?"
"""The delivery note that marks a quotation whose speaker is doubtful."""
_MOST_JOINED = 10
"""Words of narration, joined to a quotation by signs without a space, that are spoken with it."""


class Said(NamedTuple):
    """A quotation, its speaker, and whether that is doubtful."""

    quotation: Quotation
    speaker: str
    doubtful: bool


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
