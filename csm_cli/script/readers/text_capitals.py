"""Headings without a number: rows in capitals, or as titles are written, that stand alone."""

from __future__ import annotations

from collections import Counter

from csm_cli.script.readers.text_headings import stands_in_capitals, title_strength
from csm_cli.script.readers.text_rows import Block, stops


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
