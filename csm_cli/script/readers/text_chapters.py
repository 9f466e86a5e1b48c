"""Which rows of a plain text are headings: those that are sure by themselves, and those in a sequence."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from dataclasses import replace

from csm_cli.script.readers.text_headings import (
    Candidate,
    candidate_of,
    stands_in_capitals,
    title_strength,
)
from csm_cli.script.readers.text_rows import Account, Block, begins_lower, ends_sentence, stops

RULE = re.compile(r"([*#~_=•⁂·–—-])(?:\s*\1){2,120}|-*\s*(?:[oO]0[oO]|[oO]{3})\s*-*|[⁂§]")
_UNDERLINE = re.compile(r"={3,120}|-{3,120}|~{3,120}|\*{3,120}")
_COMMON = ("chapter", "part", "book", "volume", "act", "canto", "stave", "letter")


def split_candidates(blocks: list[Block], speaks: Callable[[str], bool]) -> list[Block]:
    """The blocks with each row that may be a heading in one of its own.

    Args:
        blocks: of the text.
        speaks: whether a row names its speaker, so that it is no heading.
    """
    found: list[Block] = []
    for block in blocks:
        rows, begin, gap = block.rows, 0, block.gap
        broken = block.broken
        for at in range(len(rows)):
            if at < begin:
                continue
            candidate, end = _candidate_at(block, at, speaks)
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


def _candidate_at(block: Block, at: int, speaks: Callable[[str], bool]) -> tuple[Candidate | None, int]:
    """What the row at index `at` may be, and the index of the row behind it and its underline."""
    rows = block.rows
    text, following = rows[at].text, rows[at + 1].text if at + 1 < len(rows) else ""
    if len(text) > 120:
        return None, at
    underlined = bool(_UNDERLINE.fullmatch(following)) and abs(len(following) - len(text)) <= 4
    candidate = None if speaks(text) else candidate_of(text)
    if underlined and at == 0 and any(map(str.isalnum, text)) and (candidate or not stops(text)):
        return candidate or Candidate("marked", following[0], 0, text), at + 2
    if candidate is None:
        return None, at
    end = at + 1
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
    for block in blocks:
        if block.candidate and block.candidate.kind == "labelled":
            values[block.candidate.style].add(block.candidate.value)
    for at, block in enumerate(blocks):
        candidate = block.candidate
        if candidate is None or candidate.kind in ("number", "titled"):
            continue
        begins = at == 0 or block.gap > 0 or bool(blocks[at - 1].heading)
        ends = at + 1 == len(blocks) or blocks[at + 1].gap > 0
        often = len(values[candidate.style]) > 1
        if candidate.kind == "marked":
            sure = begins and (ends or candidate.style != "#")
        elif candidate.kind == "named":
            sure = begins
        elif candidate.sure == 2:
            sure = begins or often or ends
        elif candidate.sure == 1:
            sure = (
                begins and (ends or len(blocks[at + 1].rows) == 1) and (often or candidate.style in _COMMON)
            )
        else:
            sure = begins and ends and often
        if sure:
            block.heading = candidate.whole
    _choose_numbers(blocks)
    _choose_capitals(blocks)
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
    kept: list[Block] = []
    for at, block in enumerate(blocks):
        whole = block.candidate and block.candidate.kind == "number" and block.candidate.style in most
        if at in pages or (whole and block.gap):
            account.leave_out_rows("page number", block.rows)
            if at + 1 < len(blocks):
                blocks[at + 1].broken = True
        else:
            kept.append(block)
    return kept


def _choose_numbers(blocks: list[Block]) -> None:
    """Bare and titled numbers are headings if they count upwards, with text between them."""
    styles: dict[tuple[str, str], list[int]] = defaultdict(list)
    for at, block in enumerate(blocks):
        if block.candidate and block.candidate.kind in ("number", "titled"):
            alone = block.gap > 0 or at == 0 or bool(blocks[at - 1].heading)
            if block.candidate.kind == "number" or (alone and _stands(blocks, at)):
                styles[block.candidate.kind, block.candidate.style].append(at)
    for places in styles.values():
        for chain in _chains(blocks, places):
            with_text = sum(
                _text_between(blocks, here, after) for here, after in zip(chain, chain[1:], strict=False)
            )
            led = chain[0] > 0 and bool(blocks[chain[0] - 1].heading)
            if (len(chain) > 1 and 3 * with_text >= 2 * (len(chain) - 1)) or (len(chain) == 1 and led):
                for at in chain:
                    candidate = blocks[at].candidate
                    assert candidate is not None
                    blocks[at].heading = candidate.whole


def _stands(blocks: list[Block], at: int) -> bool:
    candidate = blocks[at].candidate
    assert candidate is not None
    return candidate.sure == 2 or at + 1 == len(blocks) or blocks[at + 1].gap > 0


def _chains(blocks: list[Block], places: list[int]) -> Iterator[list[int]]:
    """Runs that count up from 1 (or 0), one number at most missing between two."""
    chain: list[int] = []
    last = 0
    for at in places:
        candidate = blocks[at].candidate
        assert candidate is not None
        value = candidate.value
        if value <= 1 and not (chain and value == last + 1):
            if chain:
                yield chain
            chain, last = [at], value
        elif chain and last < value <= last + 2:
            chain.append(at)
            last = value
    if chain:
        yield chain


def _text_between(blocks: list[Block], here: int, after: int) -> bool:
    between = [
        block for block in blocks[here + 1 : min(after, here + 8)] if block.speaks and not block.candidate
    ]
    titles = 1 if between and len(between[0].rows) == 1 and title_strength(between[0].text) else 0
    return len(between) > titles or any(stops(block.rows[-1].text) for block in between)


def _choose_capitals(blocks: list[Block]) -> None:
    """Rows in capitals alone: parts above numbered chapters, or chapters if there are several."""
    texts = Counter(block.text for block in blocks if len(block.rows) < 3)
    gaps = Counter(block.gap for block in blocks if block.gap and not block.heading)
    usual = gaps.most_common(1)[0][0] if gaps else 1
    headings = [at for at, block in enumerate(blocks) if block.heading]
    prose = next(
        (at for at, block in enumerate(blocks) if not block.heading and _is_prose(block)), len(blocks)
    )
    found, wide = list[int](), list[int]()
    for at, block in enumerate(blocks[:-1]):
        after = blocks[at + 1]
        if block.heading or len(block.rows) > 2 or texts[block.text] > 1 or not (block.gap and after.gap):
            continue
        if at and not (ends_sentence(blocks[at - 1].rows[-1].text) or blocks[at - 1].heading or at < prose):
            continue
        capital = stands_in_capitals(block.text)
        if capital and after.heading:
            candidate = after.candidate
            if headings[0] < at and candidate and candidate.value < 2 and candidate.kind != "named":
                block.heading = block.text
        elif not (after.heading or stands_in_capitals(after.text)) and _leads_to_prose(blocks, at + 1):
            if capital:
                found.append(at)
            elif (
                len(block.rows) == 1
                and title_strength(block.text) == 2
                and (block.gap > usual or block.broken)
            ):
                wide.append(at)
    if headings:
        least = min((blocks[at].gap for at in headings[1:]), default=1)
        found = [at for at in found if at > headings[0] and blocks[at].gap >= max(least, usual + 1)]
        wide = []
    elif len(found) < 2 or (prose < found[0] and not all(blocks[at].gap > usual for at in found)):
        found = []
    if len(wide) < 3 or found:
        wide = []
    for at in (*found, *wide):
        blocks[at].heading = blocks[at].text


def _is_prose(block: Block) -> bool:
    text = block.rows[-1].text
    return stops(text) and any(map(str.islower, block.text)) and len(block.text.split()) > 2


def _leads_to_prose(blocks: list[Block], at: int) -> bool:
    return any(_is_prose(block) for block in blocks[at : at + 2] if not block.heading)


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


def join_titles(blocks: list[Block], speaks: Callable[[str], bool]) -> list[Block]:
    """The blocks with the titles below bare numbers joined to them: "CHAPTER I: The Sea"."""
    bare = [
        at
        for at, block in enumerate(blocks)
        if block.heading
        and block.candidate
        and not block.candidate.title
        and block.candidate.kind != "marked"
    ]
    below = {at: _title_below(blocks, at, speaks) for at in bare}
    often = 2 * sum(bool(sure) for sure, _ in below.values()) > len(bare) > 1
    joined: list[Block] = []
    taken = 0
    for at, block in enumerate(blocks):
        if taken:
            rows = block.rows[taken:]
            taken = 0
            if rows:
                joined.append(replace(block, rows=rows, gap=1))
            continue
        joined.append(block)
        sure, rows_below = below.get(at, (0, 0))
        continued = _continued(blocks, at)
        if continued or sure == 2 or (sure == 1 and often):
            taken = 1 if continued else rows_below
            title = " ".join(row.text for row in blocks[at + 1].rows[:taken])
            plain = continued or not block.heading[-1].isalnum()
            block.heading = f"{block.heading} {title}" if plain else f"{block.heading}: {title}"
    return joined


def _title_below(blocks: list[Block], at: int, speaks: Callable[[str], bool]) -> tuple[int, int]:
    """How sure the rows below a number are its title, and how many they are."""
    if at + 2 > len(blocks) or blocks[at + 1].heading:
        return 0, 0
    candidate, block = blocks[at].candidate, blocks[at + 1]
    rows = [row.text for row in block.rows]
    if candidate is None or speaks(rows[0]):
        return 0, 0
    strengths = [title_strength(text) for text in rows[:4]]
    more = at + 2 < len(blocks) and not blocks[at + 2].heading
    if len(rows) < 4 and all(strengths) and sum(map(len, rows)) < 160 and more:
        if len(rows) > 1 and block.gap and min(strengths) < 2:
            return 0, 0
        return (2 if not block.gap else strengths[0]), len(rows)
    if not block.gap and len(rows) > 1 and strengths[0] and len(rows[0]) <= 60 and not begins_lower(rows[1]):
        following = rows[1:6]
        if sum(ends_sentence(text) for text in following) * 5 >= 4 * len(following):
            return 2, 1
        if strengths[0] == 2 and stops(rows[-1]) and len(max(following, key=len)) > 60:
            return 2, 1
    return 0, 0


def _continued(blocks: list[Block], at: int) -> bool:
    """Whether the title on the row of the number goes on in the next row."""
    candidate = blocks[at].candidate
    if not candidate or not candidate.title or at + 2 >= len(blocks):
        return False
    block = blocks[at + 1]
    if block.gap or block.heading or len(block.rows) > 1 or stops(candidate.title):
        return False
    text = block.text
    if candidate.title.isupper():
        return text.isupper() and len(text) < 70
    return begins_lower(text) and not stops(text) and len(text) < 60
