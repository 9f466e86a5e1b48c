"""The HTML page of a PDF: its paragraphs, headings and notes from its rows."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Sequence

from csm_cli.script.readers.documents.tree import TITLE_PAGE, PageTree
from csm_cli.script.readers.pdf.headings import Bookmark, Headings
from csm_cli.script.readers.pdf.margins import divide_notes, margin_rows
from csm_cli.script.readers.pdf.rows import Row, body_size
from csm_cli.script.readers.pdf.shape import blocks_of, is_drop_cap, shape_of

_WORD = re.compile(r"[^\W\d_]+(?:[-\u2010][^\W\d_]+)*")
_LAST_PART = re.compile(r"[^\W\d_]+[-\u2010\u00ad]$")
_FIRST_PART = re.compile(r"[^\W\d_]+")
_LONGEST_PART = 60
_ONE_LETTER_WORDS = "AIO"


def page_of_rows(pages: Sequence[Sequence[Row]], bookmarks: Sequence[Bookmark], place: str) -> PageTree:
    """The HTML page of a PDF.

    Args:
        pages: rows of each page, in the order of the file.
        bookmarks: the outline.
        place: of the file, for messages.
    """
    tree = PageTree(place)
    body = body_size(pages)
    margins = margin_rows(pages, body)
    for row, what in sorted(margins.items(), key=lambda each: each[0].page):
        tree.leave_out(what, row.page, row.text)
    words = Counter(word.lower() for page in pages for row in page for word in _WORD.findall(row.text))
    kept, notes = divide_notes([[row for row in page if row not in margins] for page in pages], body)
    shape = shape_of(kept, body)
    headings = Headings(kept, bookmarks, shape)
    blocks = blocks_of(kept, shape, headings.rows, headings.apart)
    headings.learn(blocks)
    writer = _Writer(tree, words, notes)
    writer.write(blocks, headings)
    for (page, mark), rows in notes.items():
        writer.add(rows, ("aside", "doc-footnote"), ("p", ""), identity=_note_id(page, mark))
    return tree


def _note_id(page: int, mark: str) -> str:
    return f"note-{page}-{mark}"


class _Writer:
    """Adds blocks to a page.

    Args:
        tree: the page.
        words: how often each word is there, in small letters.
        notes: marks of footnotes with their page.
    """

    def __init__(self, tree: PageTree, words: Counter[str], notes: Collection[tuple[int, str]]):
        self._tree, self._words, self._notes = tree, words, notes

    def write(self, blocks: Sequence[Sequence[Row]], headings: Headings) -> None:
        """Add the blocks of the text."""
        for block in blocks:
            if block[0].page in headings.contents:
                self.add(block, ("nav", "doc-toc"), ("p", ""))
            elif block[0].page in headings.title_pages:
                self.add(block, ("p", TITLE_PAGE))
            elif level := headings.level(block):
                self.add(block, (f"h{level}", ""))
            else:
                self.add(block, ("p", ""))

    def add(self, block: Sequence[Row], *tags: tuple[str, str], identity: str = "") -> None:
        """Add a block within elements, each a name and a role or `TITLE_PAGE`."""
        for name, role in tags:
            attributes = {"kind" if role == TITLE_PAGE else "role": role} if role else {}
            if identity:
                attributes["id"], identity = identity, ""
            self._tree.start(name, block[0].page, **attributes)
        for index, row in enumerate(block):
            following = block[index + 1] if index + 1 < len(block) else None
            for position, piece in enumerate(row.pieces):
                text = piece.text if position else piece.text.lstrip()
                if position == len(row.pieces) - 1:
                    text = self._joined(row, text.rstrip(), following)
                self._add_piece(row, text, piece.raised and index + position > 0)
        self._tree.end(len(tags))

    def _add_piece(self, row: Row, text: str, raised: bool) -> None:
        if not raised:
            self._tree.text(text)
            return
        mark = text.strip()
        if (row.page, mark) in self._notes:
            self._tree.add("a", mark, row.page, href=f"#{_note_id(row.page, mark)}", role="doc-noteref")
        else:
            self._tree.add("sup", mark, row.page)
        self._tree.text(text[len(text.rstrip()) :])

    def _joined(self, row: Row, text: str, following: Row | None) -> str:
        """The end of a row, with what parts it from the next one: a space, a hyphen or nothing."""
        if following is None:
            return text
        after = _FIRST_PART.match(following.text)
        if is_drop_cap(row, following):
            return text if self._belongs(text.strip(), after[0] if after else "") else f"{text} "
        before = _LAST_PART.search(text[-_LONGEST_PART:])
        if not before or not after or not after[0][0].islower():
            return text if text.endswith("—") else f"{text} "
        whole, parted = before[0][:-1] + after[0], f"{before[0][:-1]}-{after[0]}"
        kept = self._words[parted.lower()] > self._words[whole.lower()] and text[-1] != "\u00ad"
        return text if kept else text[:-1]

    def _belongs(self, letter: str, rest: str) -> bool:
        """Whether a drop cap is the first letter of a word, and no word by itself."""
        if letter not in _ONE_LETTER_WORDS:
            return True
        return self._words[f"{letter}{rest}".lower()] >= self._words[rest.lower()] - 1
