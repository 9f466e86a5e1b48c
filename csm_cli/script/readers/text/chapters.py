"""Which rows of a plain text are headings: those that are sure by themselves, and those in a sequence."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Callable, Container
from itertools import pairwise

from csm_cli.script.books.headings import (
    PAGE,
    Candidate,
    candidate_of,
    stands_in_capitals,
    title_strength,
    undecorated,
)
from csm_cli.script.readers.text.contents import entry_key
from csm_cli.script.readers.text.pages import joined_over_pages
from csm_cli.script.readers.text.rows import RULE, Account, Block, begins_lower, ends_sentence, stops
from csm_cli.script.readers.text.titles import choose_capitals

_UNDERLINE = re.compile(r"={3,120}|-{3,120}|~{3,120}|\*{3,120}")
_COMMON = ("chapter", "part", "book", "volume", "act", "canto", "stave", "letter")


def split_candidates(
    blocks: list[Block], speaks: Callable[[str], bool], listed: Container[str] = ()
) -> list[Block]:
    """The blocks with each row that may be a heading in one of its own.

    Args:
        blocks: of the text.
        speaks: whether a row names its speaker, so that it is no heading.
        listed: keys of the entries of the contents, which are headings where they stand alone.
    """
    found: list[Block] = []
    for block in blocks:
        rows, begin, gap = block.rows, 0, block.gap
        broken = block.broken
        for at in range(len(rows)):
            if at < begin:
                continue
            candidate, end = _candidate_at(block, at, speaks)
            if len(rows) == 1 and (candidate is None or candidate.kind in ("number", "titled")):
                candidate, end = _listed(rows[0].text, listed) or candidate, 1
            if candidate is None:
                continue
            if at > begin:
                found.append(Block(rows[begin:at], gap, broken))
                gap, broken = 0, False
            found.append(Block([rows[at]], gap, broken, candidate))
            begin, gap, broken = end, 0, False
        if begin < len(rows):
            found.append(Block(rows[begin:], gap, broken))
    return found


def _listed(text: str, listed: Container[str]) -> Candidate | None:
    """A row as a heading that is an entry of the contents."""
    key = entry_key(text)
    is_entry = len(key) > 3 and key[0] == "=" and key in listed and title_strength(text)
    return Candidate("marked", "listed", 0, undecorated(text)) if is_entry else None


def _candidate_at(block: Block, at: int, speaks: Callable[[str], bool]) -> tuple[Candidate | None, int]:
    """What the row at index `at` may be, and the index of the row behind it and its underline."""
    rows = block.rows
    text, following = rows[at].text, rows[at + 1].text if at + 1 < len(rows) else ""
    if len(text) > 120:
        return None, at
    candidate = None if speaks(text) else candidate_of(text)
    underlined = bool(_UNDERLINE.fullmatch(following))
    if not candidate:
        underlined = underlined and abs(len(following) - len(text)) <= 4 and not stops(text)
    if underlined and at == 0 and any(map(str.isalnum, text)):
        sure = candidate is not None and candidate.kind in ("labelled", "named", "marked")
        return candidate if sure else Candidate("marked", following[0], 0, text), at + 2
    end = at + 1
    if candidate is None:
        above = stands_in_capitals(text) and following and not (following.isupper() or speaks(text))
        if above and not begins_lower(following) and (at == 0 or stops(rows[at - 1].text)):
            return Candidate("capitals", "", 0, text), end
        return None, at
    if at == 0:
        if begins_lower(following) and (candidate.title or candidate.kind != "labelled"):
            continued = len(rows) == 2 and not stops(following) and len(following) < 60
            return (candidate, end) if continued and candidate.kind == "labelled" else (None, at)
        return candidate, end
    before = rows[at - 1].text
    clear = candidate.kind in ("number", "marked", "named") or (
        candidate.kind == "labelled" and candidate.sure == 2
    )
    apart = stops(before) or RULE.fullmatch(before) or candidate_of(before)
    return (candidate, end) if clear and apart and not begins_lower(following) else (None, at)


def choose_headings(blocks: list[Block], account: Account) -> list[Block]:
    """Mark the candidates that are headings; the others are text again. Page numbers are left out.

    Args:
        blocks: from `split_candidates`.
        account: receives the page numbers.
    """
    blocks = _without_page_numbers(blocks, account)
    values: dict[str, set[int]] = defaultdict(set)
    clear = 0
    for block in blocks:
        if block.candidate and block.candidate.kind in ("labelled", "named"):
            values[block.candidate.style].add(block.candidate.value)
            clear += block.candidate.sure == 2
    for at, block in enumerate(blocks):
        candidate = block.candidate
        if candidate is None or candidate.kind in ("number", "titled", "capitals"):
            continue
        begins = at == 0 or block.gap > 0 or bool(blocks[at - 1].heading)
        ends = at + 1 == len(blocks) or blocks[at + 1].gap > 0
        often = len(values[candidate.style]) > 1
        several = often or clear > 1
        if candidate.kind == "marked":
            sure = begins and (ends or candidate.style[0] != "#")
        elif candidate.kind == "named":
            sure = begins or several
        elif candidate.sure == 2:
            sure = begins or several or ends
        elif candidate.sure == 1:
            sure = (
                begins and (ends or len(blocks[at + 1].rows) == 1) and (often or candidate.style in _COMMON)
            )
        else:
            sure = begins and ends and often
        if sure:
            block.heading = candidate.whole
    _choose_numbers(blocks)
    choose_capitals(blocks)
    return _joined_again(blocks)


def _without_page_numbers(blocks: list[Block], account: Account) -> list[Block]:
    """Leave out bare numbers that interrupt sentences, and the others of that kind if most do."""
    inside: dict[str, list[int]] = defaultdict(list)
    every: Counter[str] = Counter()
    for at, block in enumerate(blocks):
        if not (block.candidate and block.candidate.kind == "number" and block.gap):
            continue
        style = block.candidate.style
        every[style] += 1
        if 0 < at < len(blocks) - 1 and blocks[at + 1].gap:
            before, after = blocks[at - 1], blocks[at + 1]
            if not ends_sentence(before.rows[-1].text) and begins_lower(after.rows[0].text):
                inside[style].append(at)
    pages = {at for places in inside.values() for at in places}
    most = {style for style, places in inside.items() if 3 * len(places) >= every[style]}
    most |= {PAGE} if every[PAGE] > 1 else set()
    kept: list[Block] = []
    for at, block in enumerate(blocks):
        whole = block.candidate and block.candidate.kind == "number" and block.candidate.style in most
        if at in pages or (whole and block.gap):
            account.leave_out_rows("page number", block.rows)
            if at + 1 < len(blocks):
                blocks[at + 1].broken = True
        else:
            kept.append(block)
    return joined_over_pages(kept)


def _choose_numbers(blocks: list[Block]) -> None:
    """Bare and titled numbers are headings if they count upwards, with text between them."""
    styles: dict[tuple[str, str], list[int]] = defaultdict(list)
    for at, block in enumerate(blocks):
        if block.candidate and block.candidate.kind in ("number", "titled") and block.candidate.style != PAGE:
            alone = block.gap > 0 or at == 0 or bool(blocks[at - 1].heading)
            if block.candidate.kind == "number" or (alone and _stands(blocks, at)):
                styles[block.candidate.kind, block.candidate.style].append(at)
    for places in styles.values():
        for chain in _chains(blocks, _without_lists(places)):
            with_text = sum(_text_between(blocks, here, after) for here, after in pairwise(chain))
            first = blocks[chain[0]].candidate
            early = first is not None and first.value < 2
            led = early and chain[0] > 0 and bool(blocks[chain[0] - 1].heading)
            many = len(chain) >= (2 if early else 3) and 3 * with_text >= 2 * (len(chain) - 1)
            if many or (len(chain) == 1 and led):
                for at in chain:
                    candidate = blocks[at].candidate
                    assert candidate is not None
                    blocks[at].heading = candidate.whole


def _without_lists(places: list[int]) -> list[int]:
    """The places without those of numbers that stand directly behind one another."""
    there = set(places)
    return [at for at in places if at - 1 not in there and at + 1 not in there]


def _stands(blocks: list[Block], at: int) -> bool:
    candidate = blocks[at].candidate
    assert candidate is not None
    return candidate.sure == 2 or at + 1 == len(blocks) or blocks[at + 1].gap > 0


def _chains(blocks: list[Block], places: list[int]) -> list[list[int]]:
    """Runs that count up, one number at most missing between two; bare figures from 1 or 0 alone."""
    chains: list[list[int]] = []
    lasts: list[int] = []
    for at in places:
        candidate = blocks[at].candidate
        assert candidate is not None
        value = candidate.value
        open_at = range(len(chains) - 1, max(len(chains) - 5, -1), -1)
        fitting = next((n for step in (1, 2) for n in open_at if lasts[n] + step == value > 1), None)
        if value == 1 and chains and lasts[-1] == 0:
            fitting = len(chains) - 1
        if fitting is not None:
            chains[fitting].append(at)
            lasts[fitting] = value
        elif value <= 1 or not candidate.whole.isdigit():
            chains.append([at])
            lasts.append(value)
    return chains


def _text_between(blocks: list[Block], here: int, after: int) -> bool:
    between = [
        block for block in blocks[here + 1 : min(after, here + 8)] if block.speaks and not block.candidate
    ]
    titles = 1 if between and len(between[0].rows) == 1 and title_strength(between[0].text) else 0
    return len(between) > titles or any(stops(block.rows[-1].text) for block in between)


def _joined_again(blocks: list[Block]) -> list[Block]:
    """The blocks with those joined that were one, unless one of the two is a heading."""
    joined: list[Block] = []
    for block in blocks:
        if joined and not block.gap and not block.heading and not joined[-1].heading:
            joined[-1].rows += block.rows
        else:
            joined.append(block)
            block.candidate = block.candidate if block.heading else None
    return joined
