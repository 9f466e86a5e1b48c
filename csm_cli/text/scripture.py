"""References to the Bible in words: "1 Cor. xiii. 4", "II Samuel 11", "Gen. 1:1"."""

from __future__ import annotations

import re

from csm_cli.text.numbers import cardinal
from csm_cli.text.roman import roman_value
from csm_cli.text.short_forms import BIBLE_NAMES

_BOOKS = "|".join(sorted({*BIBLE_NAMES.values(), "Luke", "Acts", "Job", "Jonah", "Micah", "Ruth", "Esther"}))
_TITLES = "Gen|Rev|Col|Dan|Jas|Ex|Sam"
"""These are mostly something else: a verse has to follow."""
_SHORT = re.compile(
    rf"\b({'|'.join(BIBLE_NAMES)})\.? (?=[0-9]{{1,3}}:[0-9]|[ivxlc]{{1,7}}\. ?[0-9])"
    rf"|(?<=\b[123] )({'|'.join(BIBLE_NAMES)})\. (?=[0-9])"
    rf"|\b((?!(?:{_TITLES})\b)(?:{'|'.join(BIBLE_NAMES)}))\. (?=[0-9]{{1,3}}\b)"
)
_CHAPTER = re.compile(rf"\b({_BOOKS}) ([ivxlc]{{1,7}})\. ?(?=[0-9])")
_ORDER = re.compile(
    r"\b(1|2|3|I{1,3}) (?=(?:Samuel|Kings|Chronicles|Corinthians|Thessalonians|Timothy|Peter|John"
    r"|Maccabees) [0-9a-z])"
)
_ORDINALS = {"1": "First", "2": "Second", "3": "Third", "I": "First", "II": "Second", "III": "Third"}
_ANY = re.compile(r"[0-9]")


def verses(text: str) -> str:
    """`text` with the names of the books in full and Roman chapters as numbers."""
    if not _ANY.search(text):
        return text
    text = _SHORT.sub(lambda match: f"{BIBLE_NAMES[match[1] or match[2] or match[3]]} ", text)
    text = _CHAPTER.sub(_chapter, text)
    return _ORDER.sub(lambda match: f"{_ORDINALS[match[1]]} ", text)


def _chapter(match: re.Match[str]) -> str:
    value = roman_value(match[2])
    return f"{match[1]} {cardinal(value)} " if value else match[0]
