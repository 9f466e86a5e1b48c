"""The title page of a plain text, from which title and author are taken."""

from __future__ import annotations

import re
from typing import NamedTuple

from csm_cli.script.books.headings import bare, is_capitals, title_strength
from csm_cli.script.header import Header
from csm_cli.script.readers.text.contents import is_prose
from csm_cli.script.readers.text.gutenberg import is_credit, is_field, read_fields
from csm_cli.script.readers.text.rows import Account, Block, stops

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
_GENRE = re.compile(
    r"(?:an?|the|or,?)\s.{0,40}\b(?:story|stories|novel|novella|play|romance|tale|tales|memoir|comedy|tragedy|poem)\b.*",
    re.IGNORECASE,
)
_MOST_LEADING = 40
_RIGHTS = re.compile(
    r"copyright|©|rights reserved|isbn|published|printed|press\b|publish|edition|\b1[5-9]\d\d|author of",
    re.IGNORECASE,
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
        if block.heading or (is_prose(block.rows) and not is_credit(block.text) and not _is_fields(block)):
            break
        leading += 1
    before_heading = leading < len(blocks) and bool(blocks[leading].heading)
    end = 0
    title, author = "", ""
    credits = [block for block in blocks[:leading] if is_credit(block.text)]
    for at, block in enumerate(blocks[:leading]):
        text = block.text
        if block in credits:
            end += end == at
        elif _is_fields(block):
            read_fields(block.rows, header)
            title, end = title or header.title, at + 1
        elif found := _by(block, blocks[at + 1 : at + 2]):
            if at - end > 4:
                break
            above = [[row.text for row in each.rows] for each in blocks[:at] if each not in credits]
            title = title or _title_in([rows for rows in [*above, found.above] if rows], header)
            author, end = author or found.author, at + 1 + found.blocks
        elif at >= end:
            known = bool(title or author or not header.untitled)
            imprint = known and (_is_imprint(text) or _repeats(text, title or header.title))
            near = framed and 0 < at == end and block.gap < 4 and title_strength(text) == 2
            if imprint or near or (before_heading and (known or framed) and not stops(text)):
                end = at + 1
    end = end or _lone_title(blocks, leading, before_heading=before_heading, framed=framed)
    if end and not any(block.speaks for block in blocks[end:]):
        return blocks  # there is nothing but a title
    if end and not title and not author and not framed:
        title = blocks[0].text
    for block in credits:
        account.leave_out_rows("credits", block.rows)
    page = [row for block in blocks[:end] if block not in credits for row in block.rows]
    account.leave_out_rows("title page", page)
    if title and header.untitled:
        header.title, header.untitled = " ".join(title.split()), False
    if not header.author:
        author = author.strip(" ,")
        header.author = author if re.search(r"\b\w\.$", author) else author.rstrip(".")
    return [block for block in blocks[end:] if block not in credits]


def _marked_title(blocks: list[Block]) -> str:
    """The first heading if it is marked as no other is, and a chapter begins directly below."""
    headings = [block for block in blocks if block.heading]
    first = blocks[0].candidate if blocks else None
    if not (first and first.kind == "marked" and len(headings) > 1 and blocks[1].heading):
        return ""
    alike = [block for block in headings if block.candidate and block.candidate.style == first.style]
    return blocks[0].heading if len(alike) == 1 and first.style != "listed" else ""


def _title_in(above: list[list[str]], header: Header) -> str:
    """The title in the rows above the author's name: the first ones; the others are its subtitle."""
    first = above[0] if above else []
    end = next((at for at, text in enumerate(first) if at and _GENRE.fullmatch(text)), len(first))
    title = " ".join(first[:end])
    subtitle = " ".join([*first[end:], *(text for rows in above[1:3] for text in rows)])
    last = above[-1][0] if len(above) > 1 else ""
    if subtitle and len(subtitle) < 120 and (_GENRE.fullmatch(last) or not _IMPRINT.fullmatch(last)):
        header.metadata.setdefault("subtitle", subtitle)
    return title if len(title) < 160 else first[0]


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
        by = _BY.fullmatch(text)
        if by and (is_capitals(text) or title_strength(by["author"].rstrip(".")) == 2):
            return _Author(by["author"], rows[:at], 0)
        if _BY_ALONE.fullmatch(text):
            if at + 1 < len(rows):
                return _Author(rows[at + 1], rows[:at], 0)
            if following and len(following[0].rows) < 4 and not following[0].heading:
                return _Author(following[0].rows[0].text, rows[:at], 1)
    return None


def _is_imprint(text: str) -> bool:
    return bool(_IMPRINT.fullmatch(text)) and (not stops(text) or bool(_RIGHTS.search(text)))


def _is_fields(block: Block) -> bool:
    rows = [row.text for row in block.rows]
    return bool(rows) and is_field(rows[0]) and all(is_field(text) for text in rows)


def _repeats(text: str, title: str) -> bool:
    return bool(bare(text)) and bare(text) in bare(title)


def _lone_title(blocks: list[Block], leading: int, *, before_heading: bool, framed: bool) -> int:
    """How many blocks are a title without an author: all before a heading, or one before prose."""
    if not leading or leading == len(blocks):
        return 0
    strengths = [title_strength(block.text) for block in blocks[:leading]]
    titles = all(
        strength or _is_imprint(block.text) or (framed and not stops(block.text))
        for strength, block in zip(strengths, blocks, strict=False)
    )
    if before_heading and leading <= 8 and titles and (framed or len(blocks[0].rows) < 4):
        return leading
    first = blocks[0]
    if leading == 1 and len(blocks) > 2 and len(first.rows) < 3 and strengths[0] == 2:
        clear = is_capitals(first.text) and len(first.text) > 3
        return int(clear or blocks[1].gap > 1 or first.rows[0].indent > 8 or " " in first.text)
    return 0
