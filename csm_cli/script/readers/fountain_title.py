"""The title page of a Fountain script: keys with values on their own row or on indented rows below."""

from __future__ import annotations

import re

from csm_cli.script.document import METADATA, CastMember
from csm_cli.script.header import Header, default_header
from csm_cli.script.markup import plain_text
from csm_cli.script.problems import Source, SourceText
from csm_cli.script.readers.fountain_rows import (
    BLANK,
    in_capitals,
    is_known_transition,
    is_transition,
    scene_heading,
    speaker_name,
)
from csm_cli.script.sources import ParseState

_KEY = re.compile(r"([^\W\d_][\w -]{0,40}):\s*(.*)")
_KNOWN = (
    *("title", "credit", "author", "authors", "source", "notes"),
    *("draft date", "date", "contact", "copyright", "voices"),
)
_KEYS = {"author": "author", "authors": "author", "draft date": "date", "copyright": "copyright"}


def read_title_page(rows: list[str], source: SourceText, state: ParseState) -> tuple[Header, int]:
    """The header and the number of rows of the title page, 0 without one.

    Args:
        rows: of the script, with notes and boneyards blanked out.
    """
    header = default_header(source.path, state)
    header.strict_cast = False
    if not _begins(rows[0].strip()):
        return header, 0
    values, end = _values(rows, source.path)
    joined = {key: " ".join(plain_text(text) for text, _ in parts) for key, parts in values.items()}
    if title := joined.get("title"):
        header.title, header.untitled = " ".join(title.split()), False
    for key, value in joined.items():
        name = _KEYS.get(key, key)
        if name == "author":
            header.author = value
        elif name in METADATA and name != "cover":
            header.metadata[name] = value
    for row, place in values.get("voices", []):
        name, _, voice = row.partition(":")
        name = speaker_name(name)
        header.cast[name] = CastMember(name, voice.strip(), None, place)
    return header, end


def _begins(row: str) -> bool:
    """Whether a script's first row begins a title page, not a transition, a title card or a speech."""
    key = _KEY.fullmatch(row)
    if key is None or is_transition(row) or is_known_transition(row, alone=True):
        return False
    return key[1].lower() in _KNOWN or not in_capitals(key[1])


def _values(rows: list[str], path: str) -> tuple[dict[str, list[tuple[str, Source]]], int]:
    """The rows of every value with their places by the key in small letters, and the row behind the page."""
    values: dict[str, list[tuple[str, Source]]] = {}
    key = ""
    for number, row in enumerate(rows):
        text = row.replace(BLANK, "").strip()
        if not text:
            if BLANK in row:
                continue
            return values, number + 1
        place = Source(path, number + 1, len(row) - len(row.lstrip()) + 1)
        if not row[0].isspace():
            if scene_heading(text) or is_known_transition(text, alone=False) or is_transition(text):
                return values, number
            if pair := _KEY.fullmatch(text):
                key, text = " ".join(pair[1].lower().split()), pair[2].strip()
        if text:
            values.setdefault(key, []).append((text, place))
    return values, len(rows)
