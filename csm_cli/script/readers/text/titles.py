"""Titles of chapters in a plain text: below bare numbers, and those that are headings without a number."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import replace

from csm_cli.script.books.headings import stands_in_capitals, title_strength
from csm_cli.script.readers.text.rows import Block, begins_lower, ends_sentence, stops


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
            block.rows = [*block.rows, *blocks[at + 1].rows[:taken]]
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
    more = at + 2 < len(blocks) and not (blocks[at + 2].heading and _same_style(blocks[at], blocks[at + 2]))
    if more and blocks[at + 2].heading and (len(rows) > 1 or strengths[0] < 2):
        return 0, 0
    whole = min(strengths) or title_strength(" ".join(rows[:4]))
    if len(rows) < 4 and whole and sum(map(len, rows)) < 160 and more:
        return (2 if not block.gap else whole), len(rows)
    if not block.gap and len(rows) > 1 and strengths[0] and len(rows[0]) <= 60 and not begins_lower(rows[1]):
        following = rows[1:6]
        if sum(ends_sentence(text) for text in following) * 5 >= 4 * len(following):
            return 2, 1
        if strengths[0] == 2 and stops(rows[-1]) and len(max(following, key=len)) > 60:
            return 2, 1
    return 0, 0


def _same_style(first: Block, second: Block) -> bool:
    one, other = first.candidate, second.candidate
    return one is None or other is None or (one.kind, one.style) == (other.kind, other.style)


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


def choose_capitals(blocks: list[Block]) -> None:
    """Rows in capitals alone: parts above numbered chapters, or chapters if there are several."""
    texts = Counter(block.text for block in blocks if len(block.rows) < 3)
    gaps = Counter(block.gap for block in blocks if block.gap and not block.heading)
    usual = gaps.most_common(1)[0][0] if gaps else 1
    headings = [at for at, block in enumerate(blocks) if block.heading]
    prose = next(
        (at for at, block in enumerate(blocks) if not block.heading and _is_prose(block)), len(blocks)
    )
    found, wide, above = list[int](), list[int](), list[int]()
    for at, block in enumerate(blocks[:-1]):
        after = blocks[at + 1]
        alone = (block.gap and after.gap) or (block.candidate and block.candidate.kind == "capitals")
        if block.heading or len(block.rows) > 2 or texts[block.text] > 1 or not alone:
            continue
        before = blocks[at - 1] if at else None
        if before and not (stops(before.rows[-1].text) or before.heading or at < prose or block.gap > usual):
            continue
        capital = stands_in_capitals(block.text)
        if capital and after.heading:
            if after.candidate and after.candidate.value < 2 and after.candidate.kind != "named":
                above.append(at)
        elif not (after.heading or stands_in_capitals(after.text)) and _leads_to_prose(blocks, at + 1):
            if capital:
                found.append(at)
            elif (
                len(block.rows) == 1
                and title_strength(block.text) == 2
                and (block.gap > usual or block.broken or at == 0)
            ):
                wide.append(at)
    if headings:
        least = min((blocks[at].gap for at in headings[1:]), default=1)
        found = [at for at in found if at > headings[0] and blocks[at].gap >= max(least, usual + 1)]
        wide = []
    elif len(found) < 2 or (prose < found[0] and not all(blocks[at].gap > usual for at in found)):
        found = []
    if 2 * sum(count > 1 and stands_in_capitals(text) for text, count in texts.items()) >= len(found):
        found = []  # names of speakers, or shouts
    if len(wide) < 3 or found:
        wide = []
    if above and above[-1] < headings[0]:
        above = []  # the title of the book
    elif any(blocks[at].gap > usual for at in found[1:]):
        found = [at for at in found if at == found[0] or blocks[at].gap > usual]
    dotted = [at for at in found if blocks[at].text.endswith(".")]
    if 2 * len(dotted) < len(found):
        found = [at for at in found if at not in dotted]
    for at in (*found, *wide, *above):
        blocks[at].heading = blocks[at].text


def _is_prose(block: Block) -> bool:
    text = block.rows[-1].text
    return stops(text) and any(map(str.islower, block.text)) and len(block.text.split()) > 2


def _leads_to_prose(blocks: list[Block], at: int) -> bool:
    return any(_is_prose(block) for block in blocks[at : at + 2] if not block.heading)
