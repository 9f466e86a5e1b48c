"""What stands in brackets in a book and is no text: illustrations, notes and their marks, page numbers."""

from __future__ import annotations

import re
from collections import defaultdict
from dataclasses import replace
from typing import NamedTuple

from csm_cli.script.books import Notes, count_words
from csm_cli.script.readers.text.rows import Account, Row

_OPENING = re.compile(
    r"\[\s*(?P<word>illustrations?|decoration|frontispiece|blank page|footnotes?|endnotes?|note\s+\w{1,4}:"
    r"|transcriber[’']?s?[’']?\s+notes?|transcriber|sidenote|pg\.?\s*\d+|page\s+\d+|p\.\s*\d+)",
    re.IGNORECASE,
)
_KINDS = {
    "illu": "picture",
    "deco": "picture",
    "fron": "picture",
    "blan": "page number",
    "foot": "notes",
    "endn": "notes",
    "note": "notes",
    "tran": "transcriber's notes",
    "side": "side note",
}
_NUMBERED_NOTE = re.compile(r"\s*(?:foot|end)?notes?\s*(?P<mark>[\w*†‡]{1,4})?\s*:?\s*", re.IGNORECASE)
_NOTE_ROW = re.compile(r"\[(?P<mark>\d{1,4}|[A-Z]|[*†‡]{1,3})\]:?\s+(?=\S)")
_MARK = re.compile(
    r"(?:\s(?=\[[^\[\]]{1,16}\](?!\w)))?\[(?:(?:foot|end)?note\s+)?(?P<mark>\d{1,4}|[A-Z]|[*†‡]{1,3})\]",
    re.IGNORECASE,
)
_BRACED = re.compile(r"(?:\s(?=\{[^{}]{1,16}\}(?!\w)))?\{(?:p(?:g|age)?\.?\s*)?\d{1,4}\}", re.IGNORECASE)
_NOTES = re.compile(r"(?:foot|end)?notes?[.:]?", re.IGNORECASE)
_EMPHASIS = re.compile(r"(?<![\w_])_(?=[^\s_])([^_]{0,2000}[^\s_])_(?![\w_])")
_CODE = re.compile(r"[#{}\\`]")
_MOST_ROWS, _MOST_CHARACTERS, _MOST_FAILURES = 80, 20_000, 200


class _Note(NamedTuple):
    row: int
    text: str


_Texts = dict[str, list[_Note]]
"""Notes that wait for their marks."""


def plain_emphasis(text: str) -> str:
    """A paragraph without the underscores around `_emphasis_`; unchanged if it looks like code."""
    return text if "_" not in text or _CODE.search(text) else _EMPHASIS.sub(r"\1", text)


def without_marks(
    rows: list[Row], account: Account, notes: Notes, *, front_matter: bool = False
) -> list[Row]:
    """The rows without illustrations, notes and page numbers in brackets.

    Args:
        rows: of the text.
        account: receives what is left out.
        notes: "skip" leaves the notes out, "inline" reads them where their marks stand, "end" where they are.
        front_matter: keep a transcriber's notes.
    """
    rows = list(rows)
    texts = _take_brackets(rows, account, notes, front_matter)
    _take_note_rows(rows, account, notes, texts)
    taken = set(texts)
    for at, row in enumerate(rows):
        if "[" in row.text or "{" in row.text:
            rows[at] = _without_mark(row, account, texts, taken)
    _take_note_headings(rows, account)
    for waiting in texts.values():
        for note in waiting:
            account.leave_out("notes", note.row, note.text)
    return rows


def _take_brackets(rows: list[Row], account: Account, notes: Notes, front_matter: bool) -> _Texts:
    """Blank out brackets that begin with a known word; the result is the notes' texts by their marks."""
    texts: _Texts = defaultdict(list)
    failures = 0
    for at in range(len(rows)):
        begin = 0
        while failures < _MOST_FAILURES and (opening := _OPENING.search(rows[at].text, begin)):
            word = opening["word"].lower()
            what = _KINDS.get(word[:4], "page number")
            end = _closing(rows, at, opening.start())
            if end is None:
                failures += 1
                begin = opening.end()
                continue
            inside = _between(rows, at, opening.start() + 1, end)
            mark = _NUMBERED_NOTE.match(inside) if what == "notes" else None
            if what == "notes" and mark and not inside[mark.end() :].strip():
                begin = opening.end()  # "[Footnote 3]" is a mark
            elif (what == "notes" and notes == "end") or (what.startswith("trans") and front_matter):
                begin = opening.end()
            else:
                if mark and mark["mark"]:
                    texts.setdefault(mark["mark"], [])
                if mark and notes == "inline":
                    texts[mark["mark"] or "*"].append(
                        _Note(rows[at].number, " ".join(inside[mark.end() :].split()))
                    )
                    words = count_words(inside) - count_words(inside[mark.end() :])
                    account.leave_out(what, rows[at].number, f"[{inside[: mark.end()]}", words)
                else:
                    account.leave_out(
                        what, rows[at].number, f"[{inside}]", _lost(rows, at, opening.start(), end)
                    )
                _blank(rows, at, opening.start(), end)
    return texts


def _closing(rows: list[Row], at: int, begin: int) -> tuple[int, int] | None:
    """Row and index behind the bracket that closes the one at `begin` of the row `at`."""
    depth = length = 0
    for number in range(at, min(at + _MOST_ROWS, len(rows))):
        text = rows[number].text
        length += len(text)
        if length > _MOST_CHARACTERS:
            return None
        for index in range(begin if number == at else 0, len(text)):
            if text[index] == "[":
                depth += 1
            elif text[index] == "]":
                depth -= 1
                if not depth:
                    return number, index + 1
    return None


def _between(rows: list[Row], at: int, begin: int, end: tuple[int, int]) -> str:
    last, stop = end
    if last == at:
        return rows[at].text[begin : stop - 1]
    middle = [row.text for row in rows[at + 1 : last]]
    return "\n".join([rows[at].text[begin:], *middle, rows[last].text[: stop - 1]])


def _lost(rows: list[Row], at: int, begin: int, end: tuple[int, int]) -> int:
    """How many words fewer the rows have without the bracket."""
    last, stop = end
    before = sum(count_words(row.text) for row in rows[at : last + 1])
    if last == at:
        return before - count_words(_cut(rows[at].text, begin, stop))
    return before - count_words(rows[at].text[:begin]) - count_words(rows[last].text[stop:])


def _blank(rows: list[Row], at: int, begin: int, end: tuple[int, int]) -> None:
    last, stop = end
    if last == at:
        rows[at] = replace(rows[at], text=_cut(rows[at].text, begin, stop), broken=True)
        return
    rows[at] = replace(rows[at], text=rows[at].text[:begin].rstrip(), broken=True)
    for number in range(at + 1, last):
        rows[number] = replace(rows[number], text="", broken=True)
    rows[last] = replace(rows[last], text=rows[last].text[stop:].lstrip(), broken=True)


def _cut(text: str, begin: int, end: int) -> str:
    before, after = text[:begin], text[end:]
    if before.endswith(" ") and (not after or not after[0].isalnum()):
        before = before.rstrip() if not after or after[0] in ".,;:!?)" else before
    return (before + after).replace("  ", " ").strip()


def _take_note_rows(rows: list[Row], account: Account, notes: Notes, texts: _Texts) -> None:
    """Leave out paragraphs "[1] The note." if the mark stands in the text before."""
    marks: set[str] = set()
    at = 0
    while at < len(rows):
        row = rows[at]
        begins = _NOTE_ROW.match(row.text)
        alone = at == 0 or not rows[at - 1].text or bool(_NOTE_ROW.match(rows[at - 1].text))
        if begins and begins["mark"] in marks and notes != "end":
            end = at + 1
            while end < len(rows) and rows[end].text and not _NOTE_ROW.match(rows[end].text):
                end += 1
            if alone:
                text = "\n".join(each.text for each in rows[at:end])
                texts.setdefault(begins["mark"], [])
                if notes == "inline":
                    texts[begins["mark"]].append(_Note(row.number, " ".join(text[begins.end() :].split())))
                    words = count_words(text) - count_words(text[begins.end() :])
                    account.leave_out("notes", row.number, begins[0], words)
                else:
                    account.leave_out("notes", row.number, text)
                rows[at:end] = [replace(each, text="", broken=True) for each in rows[at:end]]
                at = end
                continue
        if "[" in row.text:
            marks |= {mark["mark"] for mark in _MARK.finditer(row.text) if mark.start()}
        at += 1


def _take_note_headings(rows: list[Row], account: Account) -> None:
    """Leave out "FOOTNOTES:" above notes that were left out."""
    for at, row in enumerate(rows):
        if _NOTES.fullmatch(row.text) and not (at and rows[at - 1].text):
            after = at + 1
            while after < len(rows) and not rows[after].text and not rows[after].broken:
                after += 1
            if after < len(rows) and not rows[after].text:
                account.leave_out_rows("notes", [row])
                rows[at] = replace(row, text="", broken=True)


def _without_mark(row: Row, account: Account, texts: _Texts, taken_notes: set[str]) -> Row:
    """The row without marks of notes, or with the notes in their place."""

    def one(match: re.Match[str]) -> str:
        mark = match["mark"]
        if waiting := texts.get(mark):
            note = waiting.pop(0)
            taken.append(match[0])
            inserted.append(note.text)
            return f" ({note.text})"
        apart = match.start() == 0 or match[0][0].isspace() or row.text[match.start() - 1] == "["
        if mark not in taken_notes and (apart or not (mark.isdigit() or mark in "*†‡") or mark == "0"):
            return match[0]
        taken.append(match[0])
        return ""

    taken: list[str] = []
    inserted: list[str] = []
    whole = _BRACED.sub("", row.text).strip()
    if whole != row.text:
        lost = count_words(row.text) - count_words(whole)
        account.leave_out("page number", row.number, row.text, lost)
        row = replace(row, text=whole, broken=row.broken or not whole)
    text = _MARK.sub(one, row.text).strip()
    if text == row.text:
        return row
    lost = count_words(row.text) - count_words(text) + sum(map(count_words, inserted))
    account.leave_out("notes", row.number, " ".join(taken), lost)
    return replace(row, text=text, broken=row.broken or not text)
