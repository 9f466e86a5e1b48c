"""The frame of Project Gutenberg's texts: header, credits, licence; and their notes by transcribers."""

from __future__ import annotations

import re

from csm_cli.script.header import LANGUAGE, Header
from csm_cli.script.readers.text.rows import Account, Row, end_of_block

_START = re.compile(r"\*{3}\s*START\b.*GUTENBERG|\*END\*?\s*THE SMALL PRINT", re.IGNORECASE)
_END = re.compile(
    r"\*{3}\s*END\b.*GUTENBERG|(?:this is the )?end of (?:the |this )?project gutenberg", re.IGNORECASE
)
_EBOOK = re.compile(r"E-?(?:BOOK|TEXT),?\s+(?:OF\s+)?([^*]{2,120}?)\s*\*", re.IGNORECASE)
_KEY = re.compile(r"(?P<key>[A-Z][A-Za-z -]{2,24}):\s*(?P<value>.*)")
_FIRST_ROW = re.compile(
    r"(?:\W*the )?project gutenberg(?:[’']s)?(?: e-?(?:book|text))?(?: of)?,?\s+(?P<title>.{1,100}?)"
    r"(?:,\s+by\s+(?P<author>.{1,60}))?",
    re.IGNORECASE,
)
_CREDITS = re.compile(
    r"(?:this\s+)?(?:e-?text|e-?book|file|book|html version)?\s*(?:was\s+)?"
    r"(?:produced|prepared|transcribed|scanned|digiti[sz]ed|proofread|created|credits)\b"
    r".{0,80}\b(?:by|from|at)\b"
    r"|credits:|updated editions will replace|\(this (?:file|book) was"
    r"|images? (?:generously )?made available",
    re.IGNORECASE | re.DOTALL,
)
_NOTE = re.compile(r"\W*transcriber[’']?s?[’']?\s+(?:end\s?)?notes?\b\W*(?P<rest>.*)", re.IGNORECASE)
_BRACKETS = re.compile(r"\s*[\[(][^\[\]()]{0,60}[\])]\s*")
_LANGUAGES = {
    "english": "en",
    "french": "fr",
    "german": "de",
    "spanish": "es",
    "italian": "it",
    "dutch": "nl",
    "portuguese": "pt",
    "finnish": "fi",
    "swedish": "sv",
    "danish": "da",
    "norwegian": "no",
    "latin": "la",
    "polish": "pl",
    "greek": "el",
    "hungarian": "hu",
    "russian": "ru",
    "chinese": "zh",
    "esperanto": "eo",
}
_FIELDS = ("title", "author", "language", "date", "translator", "subtitle", "publisher", "series")
_MOST_NOTES = 30


def inner_rows(rows: list[Row], header: Header, account: Account) -> tuple[list[Row], bool]:
    """The rows between header and licence, and whether there was a header or a licence."""
    start = next((at for at, row in enumerate(rows) if _START.match(row.text)), None)
    begin = 0
    if start is not None:
        begin = start + 1
        while (
            begin < min(start + 4, len(rows)) and not rows[begin - 1].text.endswith("*") and rows[begin].text
        ):
            begin += 1
        read_fields(rows[:start], header)
        named = _EBOOK.search(" ".join(row.text for row in rows[start:begin])[:200])
        if named and header.untitled:
            set_fields({"title": named[1]}, header)
        account.leave_out_rows("header", rows[:begin])
    end = next((at for at in range(begin, len(rows)) if _END.match(rows[at].text)), len(rows))
    account.leave_out_rows("licence", rows[end:])
    return rows[begin:end], begin > 0 or end < len(rows)


def read_fields(rows: list[Row], header: Header) -> None:
    """Take title, author, language and date from rows such as "Title: The Salt Road"."""
    found: dict[str, str] = {}
    key = ""
    for row in rows:
        if field := _KEY.fullmatch(row.text):
            key = field["key"].strip().lower()
            key = {"release date": "date", "posting date": "date", "authors": "author"}.get(key, key)
            if key in found:
                key = ""
            else:
                found[key] = _BRACKETS.sub(" ", field["value"]).strip()
        elif key and row.text and row.indent and len(found[key]) < 200:
            if key == "title" and len(found[key]) < 60 and found[key][-1:].isalnum():
                key = "subtitle"
            between = ", " if key == "author" else " "
            found[key] = f"{found.get(key, '')}{between}{row.text}".strip()
        else:
            key = ""
    if "title" not in found:
        for row in rows:
            if first := _FIRST_ROW.fullmatch(row.text):
                found["title"] = first["title"].strip("* ")
                found.setdefault("author", (first["author"] or "").strip("* "))
                break
    set_fields(found, header)


def set_fields(found: dict[str, str], header: Header) -> None:
    """Put what was found into the header."""
    found = {key: " ".join(value.split()) for key, value in found.items()}
    if title := found.get("title"):
        header.title, header.untitled = title, False
    header.author = found.get("author") or header.author
    language = found.get("language", "")
    language = _LANGUAGES.get(language.lower(), language)
    if LANGUAGE.fullmatch(language) and (len(language) == 2 or "-" in language):
        header.language = language
    for key in _FIELDS[3:]:
        if found.get(key):
            header.metadata[key] = found[key]


def is_field(text: str) -> bool:
    """Whether a row is one such as "Author: A. Writer"."""
    field = _KEY.fullmatch(text)
    return bool(field and field["value"] and field["key"].lower() in (*_FIELDS, "release date", "copyright"))


def is_credit(text: str) -> bool:
    """Whether a paragraph says who made the file."""
    return len(text) < 1500 and bool(_CREDITS.match(text))


def without_notes(rows: list[Row], account: Account) -> list[Row]:
    """The rows without the notes by transcribers: a paragraph, or those below such a heading."""
    rows = list(rows)
    at = 0
    while at < len(rows):
        note = _NOTE.fullmatch(rows[at].text) if not (at and rows[at - 1].text) else None
        if not note:
            at += 1
            continue
        end = end_of_block(rows, at)
        if not note["rest"] and end == at + 1:
            end = _end_of_notes(rows, end)
        account.leave_out_rows("transcriber's notes", rows[at:end])
        rows[at:end] = [Row(row.number, "", broken=True) for row in rows[at:end]]
        at = end
    return rows


def _end_of_notes(rows: list[Row], at: int) -> int:
    """The end of the paragraphs below a heading: at a wider gap, else behind the first one."""
    first, many = 0, 0
    while at < len(rows) and many < _MOST_NOTES:
        begin = at
        while begin < len(rows) and not rows[begin].text:
            begin += 1
        if many and (begin - at > 2 or begin == len(rows)):
            return at
        at = end_of_block(rows, begin)
        many += 1
        first = first or at
    return at if at >= len(rows) else first
