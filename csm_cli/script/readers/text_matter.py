"""What stands before the text of a book: title page and list of contents."""

from __future__ import annotations

import re
from typing import NamedTuple

from csm_cli.script.header import Header
from csm_cli.script.readers.text_entries import PAGE, entry_key
from csm_cli.script.readers.text_gutenberg import is_credit, is_field, read_fields
from csm_cli.script.readers.text_headings import candidate_of, is_capitals, title_strength, undecorated
from csm_cli.script.readers.text_rows import Account, Block, Row, ends_sentence, stops

_CONTENTS = re.compile(
    r"(?:table of )?contents[.:]?|list of (?:illustrations|plates|maps|chapters|figures)[.:]?"
    r"|illustrations[.:]?|index of chapters[.:]?",
    re.IGNORECASE,
)
_COLUMNS = re.compile(r"(?:(?:chapter|page|pages|chap\.?|no\.?)\s*){1,3}\.?", re.IGNORECASE)
_BY = re.compile(r"(?:written\s+|(?:a|the)\s+[a-z]{3,12}\s+)?by[:\s]+(?P<author>\S.{1,60})", re.IGNORECASE)
_BY_ALONE = re.compile(r"(?:(?:written|edited) )?by:?", re.IGNORECASE)
_IMPRINT = re.compile(
    r"(?:illustrated|translated|edited|published|printed|copyright|©|\(c\)|all rights reserved|isbn|author of"
    r"|with (?:an introduction|illustrations|\w+ illustrations)|first published"
    r"|(?:first|second|third|new|revised) edition|a (?:novel|story|romance|tale|play|memoir|novella)"
    r"|poems|stories|in (?:one|two|three) volumes?|(?:volume|vol\.) (?:[ivx]{1,4}|one|two|three|\d)"
    r"|(?:london|new york|boston|philadelphia|edinburgh)\b|\(?1[5-9]\d\d\)?|\(?20\d\d\)?|m[dclxvi]{3,14}\.?"
    r"|.{0,40}\b(?:press|publishers?|& co\.?|and company|& sons?|limited|ltd\.?)\b"
    r"|to .{2,60}|for (?:my|all) .{2,40}).{0,80}",
    re.IGNORECASE,
)
_MOST_ENTRIES = 2000
_MOST_LEADING = 40


class Span(NamedTuple):
    """Rows from `begin` up to `end`."""

    begin: int
    end: int


def without_contents(rows: list[Row], account: Account) -> list[Row]:
    """The rows without the lists of contents and illustrations, whose entries the account takes."""
    rows = list(rows)
    at, listed, prose = 0, 0, False
    while at < len(rows) and listed < 6:
        text = rows[at].text
        if not text or (at and rows[at - 1].text):
            at += 1
            continue
        span = None
        if _CONTENTS.fullmatch(undecorated(text)) and title_strength(text):
            span = _listed(rows, at, at + 1)
        elif not prose and candidate_of(text):
            span = _listed(rows, at, at, bare=True)
        if span and span.end > span.begin:
            account.leave_out_rows("contents", rows[span.begin : span.end])
            account.listed |= {entry_key(row.text) for row in rows[span.begin : span.end]}
            rows[span.begin : span.end] = [Row(row.number, "") for row in rows[span.begin : span.end]]
            listed, at = listed + 1, span.end
            continue
        end = _end(rows, at)
        prose = prose or _is_prose(rows[at:end])
        at = end
    return rows


def _end(rows: list[Row], at: int) -> int:
    while at < len(rows) and rows[at].text:
        at += 1
    return at


def _is_prose(rows: list[Row]) -> bool:
    text = " ".join(row.text for row in rows)
    return any(map(str.islower, text)) and (
        (stops(text) and len(text) > 90 and not PAGE.search(rows[-1].text[-80:]))
        or max(len(row.text) for row in rows) > 110
    )


def _listed(rows: list[Row], heading: int, at: int, *, bare: bool = False) -> Span | None:
    """The list from `at` on, below its heading; `bare`: it has none, and its first entry comes again."""
    seen: dict[str, int] = {}
    first, last = "", at
    many = 0
    while at < len(rows) and many < _MOST_ENTRIES:
        if not rows[at].text:
            at += 1
            continue
        end = _end(rows, at)
        if _is_prose(rows[at:end]):
            break
        for number in range(at, end):
            key = entry_key(rows[number].text)
            again = key in seen and (key == first or (not bare and key[0] == "=" and len(key) > 4))
            if again and many > (2 if bare else 1):
                return Span(heading, _before_numbers(rows, number, heading))
            if (
                (
                    bare
                    and number == at
                    and many
                    and not (candidate_of(rows[number].text) or rows[number - 1].text)
                )
                and not PAGE.search(rows[number].text[-80:])
                and title_strength(rows[number].text) == 0
            ):
                return None
            if not _COLUMNS.fullmatch(rows[number].text):
                seen.setdefault(key, number)
                first = first or key
                many += 1
            last = number + 1
        at = end
    if bare or not many:
        return None
    # Nothing of it comes again word for word: what leads to the prose is no entry.
    if at < len(rows):
        block = last - 1
        while block > heading and rows[block - 1].text:
            block -= 1
        if block > heading + 1 and not PAGE.search(rows[block].text[-80:]) and last - block < 3:
            last = block
    return Span(heading, last)


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


def without_title_page(blocks: list[Block], header: Header, account: Account, *, framed: bool) -> list[Block]:
    """The blocks without those of a title page, from which the header takes title and author.

    Args:
        blocks: with their headings marked.
        header: of the script.
        account: receives what is left out.
        framed: the text has a frame of Project Gutenberg's.
    """
    if title := _marked_title(blocks):
        header.title, header.untitled = title, False
        account.leave_out_rows("title page", blocks[0].rows)
        blocks = blocks[1:]
    leading = 0
    while leading < min(len(blocks), _MOST_LEADING):
        block = blocks[leading]
        if block.heading or (_is_prose(block.rows) and not is_credit(block.text) and not _is_fields(block)):
            break
        leading += 1
    before_heading = leading < len(blocks) and bool(blocks[leading].heading)
    end = 0
    title, author = "", ""
    for at, block in enumerate(blocks[:leading]):
        text = block.text
        if is_credit(text):
            account.leave_out_rows("credits", block.rows)
            block.rows = []
            end = max(end, at + 1) if end == at else end
            continue
        if _is_fields(block):
            read_fields(block.rows, header)
            title, end = title or header.title, at + 1
        elif found := _by(block, blocks[at + 1 : at + 2]):
            if at and at - end > 4:
                break
            rows = [row.text for each in blocks[:at] for row in each.rows]
            rows += found.above
            title = title or " ".join(rows[:4] if sum(map(len, rows[:4])) < 120 else rows[:1])
            author, end = author or found.author, at + 1 + found.blocks
        elif at < end:
            continue
        elif ((title or author) and (_IMPRINT.fullmatch(text) or _repeats(text, title or header.title))) or (
            before_heading and (title or framed) and not stops(text)
        ):
            end = at + 1
    end = end or _lone_title(blocks, leading, before_heading=before_heading, framed=framed)
    if end and not title and not author and not framed:
        title = blocks[0].text
    page = [row for block in blocks[:end] for row in block.rows]
    account.leave_out_rows("title page", page)
    if title and header.untitled:
        header.title, header.untitled = " ".join(title.split()), False
    header.author = header.author or author.strip(" .,")
    return [block for block in blocks[end:] if block.rows]


def _marked_title(blocks: list[Block]) -> str:
    """The first heading if it is marked as no other is, and a chapter begins directly below."""
    headings = [block for block in blocks if block.heading]
    first = blocks[0].candidate if blocks else None
    if not (first and first.kind == "marked" and len(headings) > 1 and blocks[1].heading):
        return ""
    alike = [block for block in headings if block.candidate and block.candidate.style == first.style]
    return blocks[0].heading if len(alike) == 1 and first.style != "listed" else ""


class _Author(NamedTuple):
    author: str
    above: list[str]
    blocks: int


def _by(block: Block, following: list[Block]) -> _Author | None:
    """The author that a block names, the rows above it, and how many further blocks that takes."""
    rows = [row.text for row in block.rows]
    if len(rows) > 8 or max(map(len, rows)) > 80:
        return None
    for at, text in enumerate(rows):
        if (
            (by := _BY.fullmatch(text))
            and (by["author"][0].isupper() or is_capitals(text))
            and not stops(text[:-1])
        ):
            return (
                None if ends_sentence(text) and not is_capitals(text) else _Author(by["author"], rows[:at], 0)
            )
        if _BY_ALONE.fullmatch(text):
            if at + 1 < len(rows):
                return _Author(rows[at + 1], rows[:at], 0)
            if following and len(following[0].rows) < 4 and not following[0].heading:
                return _Author(following[0].rows[0].text, rows[:at], 1)
    return None


def _is_fields(block: Block) -> bool:
    rows = [row.text for row in block.rows]
    return bool(rows) and is_field(rows[0]) and all(is_field(text) for text in rows)


def _repeats(text: str, title: str) -> bool:
    bare = "".join(filter(str.isalnum, text.casefold()))
    return bool(bare) and bare in "".join(filter(str.isalnum, title.casefold()))


def _lone_title(blocks: list[Block], leading: int, *, before_heading: bool, framed: bool) -> int:
    """How many blocks are a title without an author: all before a heading, or one before prose."""
    if not leading or leading == len(blocks):
        return 0
    strengths = [title_strength(block.text) for block in blocks[:leading]]
    if before_heading and leading <= 6 and (framed or (all(strengths) and len(blocks[0].rows) < 4)):
        return leading
    first = blocks[0]
    if leading == 1 and len(blocks) > 2 and len(first.rows) < 3 and strengths[0] == 2:
        clear = is_capitals(first.text) and len(first.text) > 3
        return int(clear or blocks[1].gap > 1 or first.rows[0].indent > 8)
    return 0
