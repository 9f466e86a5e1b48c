"""Lists of contents and of illustrations in a plain text, and their entries compared with headings."""

from __future__ import annotations

import re
from typing import NamedTuple

from csm_cli.script.books.headings import bare, candidate_of, title_strength, undecorated
from csm_cli.script.readers.text.rows import Account, Row, end_of_block, stops

_CONTENTS = re.compile(
    r"(?:table of )?contents[.:]?|list of (?:illustrations|plates|maps|chapters|figures)[.:]?"
    r"|illustrations[.:]?|index of chapters[.:]?",
    re.IGNORECASE,
)
_COLUMNS = re.compile(r"(?:(?:chapter|page|pages|chap\.?|no\.?)\s*){1,3}\.?", re.IGNORECASE)
_MOST_ROWS = 6000
_MOST_BEYOND = 40
_MOST_TRIES = 40
PAGE = re.compile(
    r"(?:\s{0,40}(?:\.\s?|·\s?|…|_){2,60}\s{0,40}|\s{2,40}|\t)(?:p(?:age|\.)?\s*)?(?:\d{1,4}|[ivxlc]{1,7})$"
)
"""The page of an entry, behind dots or blanks."""
_LAST_NUMBER = re.compile(r"\s+\d{1,4}$")
_NUMBER = re.compile(r"(?:\d{1,3}|[IVXLC]{1,8})[.):\s—–-]+(?=\S)")
_LONGEST_ENTRY = 160


class Span(NamedTuple):
    """Rows from `begin` up to `end`."""

    begin: int
    end: int


def without_contents(rows: list[Row], account: Account) -> list[Row]:
    """The rows without the lists of contents and illustrations, whose entries the account takes."""
    rows = list(rows)
    at, listed, tried, prose = 0, 0, 0, False
    while at < len(rows) and listed < 6:
        text = rows[at].text
        if not text or (at and rows[at - 1].text):
            at += 1
            continue
        span = None
        if _CONTENTS.fullmatch(undecorated(text)) and title_strength(text):
            span = _listed(rows, at, at + 1)
        elif not prose and tried < _MOST_TRIES and candidate_of(text):
            tried += 1
            span = _listed(rows, at, at, unheaded=True)
        if span and span.end > span.begin:
            account.leave_out_rows("contents", rows[span.begin : span.end])
            account.listed |= {entry_key(row.text) for row in rows[span.begin : span.end]}
            rows[span.begin : span.end] = [Row(row.number, "") for row in rows[span.begin : span.end]]
            listed, at = listed + 1, span.end
            continue
        end = end_of_block(rows, at)
        prose = prose or is_prose(rows[at:end])
        at = end
    return rows


def is_prose(rows: list[Row]) -> bool:
    """Whether rows are a paragraph of prose: a long sentence, or a row longer than any entry."""
    text = " ".join(row.text for row in rows)
    return any(map(str.islower, text)) and (
        (stops(text) and len(text) > 90 and not _has_page(rows[-1].text))
        or max(len(row.text) for row in rows) > 110
    )


def _listed(rows: list[Row], heading: int, at: int, *, unheaded: bool = False) -> Span | None:
    """The list from `at` on, below its heading; `unheaded`: it has none, and its first entry comes again.

    It ends before an entry that comes again, as the heading of its chapter; else before the first sentence.
    """
    seen: set[str] = set()
    first, last, beyond = "", at, 0
    most = at + _MOST_ROWS
    while at < min(len(rows), most) and beyond < _MOST_BEYOND:
        if not rows[at].text:
            at += 1
            continue
        end = end_of_block(rows, at)
        if is_prose(rows[at:end]) or (unheaded and not _is_entry(rows[at].text)):
            break
        beyond += beyond > 0 or not (_is_entry(rows[end - 1].text) or not stops(rows[end - 1].text))
        for number in range(at, end):
            key = entry_key(rows[number].text)
            again = key in seen and (key == first or (not unheaded and key[0] == "=" and len(key) > 4))
            if again and len(seen) > (2 if unheaded else 1):
                return Span(heading, _before_numbers(rows, number, heading))
            if beyond:
                continue
            last = number + 1
            if not _COLUMNS.fullmatch(rows[number].text):
                seen.add(key)
                first = first or key
        at = end
    if unheaded or not seen:
        return None
    block = last - 1
    while block > heading and rows[block - 1].text:
        block -= 1
    if at < len(rows) and block > heading + 1 and not _has_page(rows[block].text) and last - block < 3:
        last = block  # what leads to the text is no entry
    return Span(heading, last)


def _is_entry(text: str) -> bool:
    return _has_page(text) or title_strength(text) > 0 or candidate_of(text) is not None


def _has_page(text: str) -> bool:
    return bool(PAGE.search(text[-80:]))


def _before_numbers(rows: list[Row], at: int, least: int) -> int:
    """The index of the number above a title that has come again, else of the title."""
    above = at - 1
    while above > least and not rows[above].text:
        above -= 1
    found = candidate_of(rows[above].text) if above > least else None
    return (
        above
        if found and not found.title and found.kind in ("labelled", "number") and found.value == 1
        else at
    )


def entry_key(text: str) -> str:
    """What an entry and its heading have in common: label and number, else the letters of the title."""
    if len(text) > _LONGEST_ENTRY:
        return "="
    entry = undecorated(PAGE.sub("", text))
    found = candidate_of(entry)
    if found and found.kind == "labelled":
        return f"{found.style} {found.value}"
    if not PAGE.search(text):
        entry = _LAST_NUMBER.sub("", entry) or entry
        if (found := candidate_of(entry)) and found.kind == "labelled":
            return f"{found.style} {found.value}"
    return f"={bare(_NUMBER.sub('', entry, count=1))}"
