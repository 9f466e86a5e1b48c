"""Running heads between the paragraphs of a book, with or beside the numbers of its printed pages."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import replace

from csm_cli.script.blocks import Block, Page
from csm_cli.script.books import LeftOut

_NUMBERED = re.compile(r"(?:\d{1,4}\s+)?(\D.{0,58}?\D)(?:\s+\d{1,4})?")
_LONGEST = 60
_FEWEST = 3


def leave_out_running_heads(pages: Sequence[Page], names: Iterable[str]) -> None:
    """Leave out paragraphs that come at least three times with page numbers.

    They say the title, the author or a heading of the book, and have a number or stand beside one that was
    left out.

    Args:
        pages: whose `blocks` are changed.
        names: title and author.
    """
    known = {name.casefold() for name in names if name}
    known |= {block.text.casefold() for page in pages for block in page.blocks if block.kind == "heading"}
    found: dict[str, list[tuple[Page, int]]] = defaultdict(list)
    for page in pages:
        for index, block in enumerate(page.blocks):
            if block.kind != "paragraph" or len(block.text) > _LONGEST:
                continue
            match = _NUMBERED.fullmatch(block.text)
            beside = any(_is_number(page.blocks, each) for each in (index - 1, index + 1))
            if match and match[1].casefold() in known and (beside or match[1] != block.text):
                found[match[1].casefold()].append((page, index))
    for places in found.values():
        for page, index in places if len(places) >= _FEWEST else ():
            block = page.blocks[index]
            gone = LeftOut("running head", f"{page.place}:{block.row}", block.words, block.text)
            page.blocks[index] = replace(block, kind="gone", marks=(), gone=gone)


def _is_number(blocks: Sequence[Block], index: int) -> bool:
    gone = blocks[index].gone if 0 <= index < len(blocks) else None
    return gone is not None and gone.what == "page number"
