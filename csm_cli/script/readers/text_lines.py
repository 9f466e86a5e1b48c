"""Adds the parts of a plain text to a screenplay: lines by paragraphs, verses and speakers."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field

from csm_cli.script.books import count_words
from csm_cli.script.builder import ScreenplayBuilder
from csm_cli.script.document import NARRATOR, Screenplay
from csm_cli.script.problems import Source
from csm_cli.script.readers.text_layout import Joiner, Layout
from csm_cli.script.readers.text_marks import plain_emphasis
from csm_cli.script.readers.text_rows import RULE, Account, Block, Row
from csm_cli.script.readers.text_speakers import Speakers

SCENE = re.compile(r"[*#~_=•⁂·–—-](?:\s*[*#~_=•⁂·–—-]){0,12}")


@dataclass
class Part:
    """A chapter, or what stands before the first one.

    Args:
        headings: above its text; their titles are joined.
        blocks: of its text.
    """

    headings: list[Block] = field(default_factory=list)
    blocks: list[Block] = field(default_factory=list)

    @property
    def title(self) -> str:
        """The titles of its headings; "" without one."""
        titles = (" ".join(plain_emphasis(block.heading).split()) for block in self.headings)
        return ": ".join(title.rstrip(":") for title in titles)

    @property
    def rows(self) -> list[Row]:
        """Every row of it."""
        return [row for block in (*self.headings, *self.blocks) for row in block.rows]

    @property
    def speaks(self) -> bool:
        """Whether there is something to speak below its headings."""
        return any(block.speaks for block in self.blocks)


def parts_of(blocks: Iterable[Block], account: Account) -> list[Part]:
    """The parts of a text. Headings above nothing are left out, or are text if they stand at its end."""
    parts = [Part()]
    for block in blocks:
        for row in () if block.heading else block.rows:
            if RULE.fullmatch(row.text) and count_words(row.text):
                account.leave_out("ornament", row.number, row.text)
        if not block.heading:
            parts[-1].blocks.append(block)
        elif parts[-1].speaks or not parts[-1].headings:
            parts.append(Part([block]))
        else:
            parts[-1].blocks = []  # marks between two headings
            if _same_kind(parts[-1].headings[-1], block):
                empty = parts[-1].headings.pop()
                account.leave_out("chapter without text", empty.rows[0].number, empty.heading)
            parts[-1].headings.append(block)
    if not parts[-1].speaks and parts[-1].headings:
        last = parts.pop()
        parts = parts or [Part()]
        parts[-1].blocks += [*last.headings, *last.blocks]
    if len(parts) > 1 and not parts[0].speaks:
        parts = parts[1:]
    return parts


def _same_kind(above: Block, below: Block) -> bool:
    first, second = above.candidate, below.candidate
    if first is None or second is None:
        return False
    return first.kind == "named" or (
        (first.kind, first.style) == (second.kind, second.style) and first.kind != "marked"
    )


class LineWriter:
    """Adds parts to `builder`; `headings` and `names` are how many words titles and speakers' names have."""

    def __init__(self, builder: ScreenplayBuilder, speakers: Speakers, layout: Layout, joiner: Joiner):
        self.headings = self.names = 0
        self._builder, self._speakers, self._layout, self._joiner = builder, speakers, layout, joiner
        self._speaker = NARRATOR
        self._named_at = Source("", 1, 1)
        self._fresh = True
        self._path = ""
        self._scenes: list[Row] = []

    def add(self, part: Part, path: str) -> None:
        """Add a part as a chapter."""
        self._path = path
        if part.headings:
            title = part.title
            self._builder.begin_chapter(title, self._place(part.headings[0].rows[0]))
            self.headings += count_words(title)
        self._scenes = []
        for block in part.blocks:
            rows = block.rows
            if len(rows) == 1 and (SCENE.fullmatch(rows[0].text) or RULE.fullmatch(rows[0].text)):
                self._scenes.append(rows[0])
            else:
                for run in _between_rules(rows, self._scenes):
                    self._add_block(run)

    def _add_block(self, rows: list[Row]) -> None:
        self._speaker, self._fresh = NARRATOR, True
        begin = 0
        for at, row in enumerate(rows):
            named = self._speakers.find(row.text)
            if not named:
                continue
            self._add_rows(rows[begin:at])
            name = " ".join(named[1].split())
            self._speaker = NARRATOR if name.casefold() == NARRATOR else name
            self._named_at = self._place(row)
            rest = row.text[named.end() :]
            self.names += count_words(row.text) - count_words(rest)
            rows[at] = Row(row.number, rest, row.column + named.end(), row.indent)
            begin = at
        self._add_rows(rows[begin:])

    def _add_rows(self, rows: list[Row]) -> None:
        rows = [row for row in rows if row.text]
        if not rows:
            return
        if self._speaker != NARRATOR:
            self._add_line(rows)
            return
        for number, paragraph in enumerate(self._layout.paragraphs(rows)):
            self._fresh = paragraph.fresh if number else self._fresh
            self._add_line(paragraph.rows)

    def _add_line(self, rows: list[Row]) -> None:
        text, place = plain_emphasis(self._joiner.join(rows)), self._place(rows[0])
        if not any(map(str.isalnum, text)):
            self._builder.append(text)
            return
        if not self._builder.in_chapter:
            self._builder.begin_chapter(self._builder.header.title, place, implied=True)
        for row in self._scenes:
            self._builder.add_scene_break(self._place(row))
        self._scenes.clear()
        named_at = place if self._speaker == NARRATOR else self._named_at
        self._builder.add_line(
            self._speaker, text, named_at=named_at, source=place, new_paragraph=self._fresh
        )
        self._fresh = False

    def _place(self, row: Row) -> Source:
        return Source(self._path, row.number, row.column)

    def finish(self) -> Screenplay:
        """The screenplay."""
        return self._builder.finish()


def _between_rules(rows: list[Row], scenes: list[Row]) -> Iterable[list[Row]]:
    """The runs of rows between those that are rules, which are added to `scenes` before the run behind."""
    begin = 0
    for at, row in enumerate(rows):
        if RULE.fullmatch(row.text):
            if at > begin:
                yield rows[begin:at]
            scenes.append(row)
            begin = at + 1
    if begin < len(rows):
        yield rows[begin:]
