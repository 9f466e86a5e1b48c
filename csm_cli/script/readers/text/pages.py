"""Pages of a plain text: page numbers and running heads, sentences that go on over a page, double spacing."""

from __future__ import annotations

import itertools
import re
from collections import Counter
from dataclasses import replace

from csm_cli.script.books.headings import candidate_of, title_strength
from csm_cli.script.readers.text.rows import Account, Block, Row, begins_lower, ends_sentence, stops

_PAGE_NUMBER = re.compile(
    r"\W{0,4}(?:page\s+|p\.\s*)?(?:\d{1,4}|[ivxl]{1,7})(?:\s*(?:of|/)\s*\d{1,4})?\W{0,4}", re.IGNORECASE
)
_NUMBER_AT_END = re.compile(r"^\W*\d{1,4}\s+|\s+\d{1,4}\W*$")
_COUNTED_HEAD = re.compile(
    r"(?P<number>\d{1,4})\s+(?P<behind>[^\W\d_][^\d.!?]{1,60})|(?P<before>[^\W\d_][^\d.!?]{0,60}?)\s+(?P<last>\d{1,4})"
)
_FEWEST_HEADS = 3
_MOST_HEAD = 80
_PASSES = 2
_HYPHENS = ("-", "‐", "¬", "\u00ad")


def without_page_furniture(rows: list[Row], account: Account) -> list[Row]:
    """The rows without page numbers and running heads, where form feeds or counted heads show the pages."""
    rows = list(rows)
    for _ in range(_PASSES if any(row.broken for row in rows) else 0):
        pages = _pages(rows)
        _take_numbers(rows, pages, account)
        _take_heads(rows, pages, account)
    return _without_counted_heads(rows, account)


def _without_counted_heads(rows: list[Row], account: Account) -> list[Row]:
    """The rows without those that have the same words and a number that counts up: "10 THE KEEPER"."""
    found: dict[str, list[tuple[int, int]]] = {}
    for at, row in enumerate(rows):
        head = _COUNTED_HEAD.fullmatch(row.text) if len(row.text) <= _MOST_HEAD else None
        if head and not ((candidate := candidate_of(row.text)) and candidate.kind == "labelled"):
            text = (head["behind"] or head["before"]).casefold()
            found.setdefault(text, []).append((at, int(head["number"] or head["last"])))
    rows = list(rows)
    for places in found.values():
        numbers = [number for _, number in places]
        counted = len(places) >= _FEWEST_HEADS and numbers == sorted(set(numbers))
        if counted and any(_within_sentence(rows, at) for at, _ in places):
            for at, _ in places:
                account.leave_out_rows("running head", [rows[at]])
                rows[at] = replace(rows[at], text="", broken=True)
    return rows


def _within_sentence(rows: list[Row], at: int) -> bool:
    """Whether a sentence goes on from before a row to behind it."""
    before = next((row.text for row in reversed(rows[:at]) if row.text), "")
    after = next((row.text for row in rows[at + 1 :] if row.text), "")
    return bool(before) and not ends_sentence(before) and begins_lower(after)


def _pages(rows: list[Row]) -> list[tuple[int, int]]:
    """The indices of the first and last filled row of each page."""
    pages: list[tuple[int, int]] = []
    first = last = -1
    for at, row in enumerate(rows):
        if row.broken and not row.text and first >= 0:
            pages.append((first, last))
            first = -1
        elif row.text:
            first, last = (at if first < 0 else first), at
    return [*pages, (first, last)] if first >= 0 else pages


def _take_numbers(rows: list[Row], pages: list[tuple[int, int]], account: Account) -> None:
    def is_number(at: int) -> bool:
        return bool(_PAGE_NUMBER.fullmatch(rows[at].text))

    below = [last for first, last in pages if last > first and is_number(last)]
    if len(below) == 1 and below[0] == pages[-1][1]:
        below = []
    above = [first for first, last in pages if last > first and is_number(first)]
    inside = sum(
        is_number(first) and not ends_sentence(rows[before].text)
        for (_, before), (first, _) in itertools.pairwise(pages)
    )
    for at in (*below, *(above if inside else ())):
        account.leave_out_rows("page number", [rows[at]])
        rows[at] = replace(rows[at], text="", broken=False)


def _take_heads(rows: list[Row], pages: list[tuple[int, int]], account: Account) -> None:
    places = [at for first, last in pages for at in dict.fromkeys((first, last)) if last > first]
    texts = {
        at: _NUMBER_AT_END.sub("", rows[at].text)
        for at in places
        if len(rows[at].text) <= _MOST_HEAD and at != pages[0][0]  # the title of the book
    }
    tops = {first for first, _ in pages}
    counts = Counter(texts.values())
    seen: set[str] = set()
    for at, text in texts.items():
        if counts[text] < 2 + (rows[pages[0][0]].text != text) or not any(map(str.isalpha, text)):
            continue
        first, whole = text not in seen, rows[at].text
        if whole == text and not _stands_apart(rows, at, at in tops):
            continue  # "To be continued.", or a line of a song
        seen.add(text)
        if (first or counts[text] < 4) and candidate_of(text) and whole == text:
            continue
        if candidate_of(whole) and whole != text and not candidate_of(text):
            continue  # "CHAPTER 1", "CHAPTER 2": the number is no page's
        account.leave_out_rows("running head", [rows[at]])
        rows[at] = replace(rows[at], text="", broken=False)


def _stands_apart(rows: list[Row], at: int, above: bool) -> bool:
    """Whether a row may be a running head: no sentence, and a title or with an empty row before the text."""
    text, beside = rows[at].text, at + 1 if above else at - 1
    if stops(text):
        return False
    return title_strength(text) == 2 or not (0 <= beside < len(rows) and rows[beside].text)


def single_spaced(rows: list[Row]) -> list[Row]:
    """The rows without the blank ones between rows that go on: a text with double spacing."""
    filled = [at for at, row in enumerate(rows) if row.text]
    pairs = list(itertools.pairwise(filled))
    apart = [(here, after) for here, after in pairs if after - here == 2 and not rows[here + 1].broken]
    going_on = sum(
        not ends_sentence(rows[here].text) and begins_lower(rows[after].text) for here, after in apart
    )
    width = sum(len(rows[here].text) for here, _ in apart) / max(len(apart), 1)
    if len(apart) < 4 or width < 40 or len(apart) * 2 < len(pairs) or going_on * 5 < len(apart) * 2:
        return rows
    blank = {here + 1 for here, _ in apart}
    return [row for at, row in enumerate(rows) if at not in blank]


def joined_over_pages(blocks: list[Block]) -> list[Block]:
    """The blocks with those joined between which a sentence goes on over a page break or picture."""
    joined: list[Block] = []
    for block in blocks:
        if joined and block.broken and not block.candidate and _goes_on(joined[-1], block):
            joined[-1].rows += block.rows
        else:
            joined.append(block)
    return joined


def _goes_on(before: Block, block: Block) -> bool:
    last, text = before.rows[-1].text, block.rows[0].text
    if stops(last) or (len(before.rows) == 1 and candidate_of(last)):
        return False
    if begins_lower(text) or last.endswith(_HYPHENS):
        return True
    full = len(last) > 40 and (last[-1].isalnum() or last[-1] == ",")
    return full and not candidate_of(text) and (len(block.rows) > 1 or stops(text))
