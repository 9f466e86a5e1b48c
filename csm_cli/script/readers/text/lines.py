"""Lines of a plain text: by paragraphs, verses, and names of speakers such as `NAME: text` or `[S1] text`."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable

from csm_cli.script.books import count_words
from csm_cli.script.books.blocks import SCENE
from csm_cli.script.books.headings import candidate_of
from csm_cli.script.builder import ScreenplayBuilder
from csm_cli.script.document import NARRATOR, Screenplay
from csm_cli.script.header import RESERVED
from csm_cli.script.names import Names, name_key
from csm_cli.script.problems import Source
from csm_cli.script.readers.text.layout import Joiner, Layout
from csm_cli.script.readers.text.marks import plain_emphasis
from csm_cli.script.readers.text.parts import Part
from csm_cli.script.readers.text.rows import RULE, Row

_TAGGED = re.compile(r"\[((?:S|Speaker\s*)[0-9]{1,3})\]:?\s*", re.IGNORECASE)
_NUMBERED = re.compile(r"(Speaker\s*[0-9A-Z]{1,3})\s*:\s+", re.IGNORECASE)
_NAMED = re.compile(r"([^\W\d_][^\n:!?.,;\"“”]{0,38}[\w.)\u0300-\u036f])\s*:\s+(?=\S)")
_MOST_COLUMNS = 44


class LineWriter:
    """Adds parts to `builder`.

    Attributes:
        headings: words that became titles.
        names: words of speakers' names.
        divided: whether a part has a heading; if none has, the only chapter has the book's title.
    """

    def __init__(self, builder: ScreenplayBuilder, speakers: Speakers, layout: Layout, joiner: Joiner):
        self.headings = self.names = 0
        self._builder, self._speakers, self._layout, self._joiner = builder, speakers, layout, joiner
        self._speaker = NARRATOR
        self._named_at = Source("", 1, 1)
        self._fresh = True
        self._path = ""
        self._scenes: list[Row] = []
        self.divided = False

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
            title = "" if self.divided else self._builder.header.title
            self._builder.begin_chapter(title, place, implied=True)
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


class Speakers:
    """Names before a colon, at least twice: a single one may be a sentence such as "Note: …".

    Args:
        rows: of the whole text.
        declared: names that count in any case.
    """

    def __init__(self, rows: Iterable[Row], declared: Iterable[str]):
        counts: Counter[str] = Counter()
        spelled: dict[str, str] = {}
        filled = 0
        for row in rows:
            if not row.text:
                continue
            filled += 1
            named = _NAMED.match(row.text) if ":" in row.text[:_MOST_COLUMNS] else None
            if named and named[1][0].isupper() and len(named[1].split()) <= 4 and not _is_heading(row.text):
                counts[spelled.setdefault(name_key(named[1]), " ".join(named[1].split()))] += 1
        mostly = sum(counts.values()) * 2 > filled  # if most rows have a name, once is enough
        often = {name for name, count in counts.items() if count > 1 or mostly}
        if often:  # in a dialogue, a single name in capitals is one too
            often |= {name for name in counts if name.isupper() and len(name) > 1}
        found = {*(often - set(RESERVED)), *declared}
        self._names = Names((name, name_key(name)) for name in found)

    def find(self, text: str) -> re.Match[str] | None:
        """The speaker's name, its first group, and the marks around it at the beginning of a row."""
        if text[0] == "[":
            return _TAGGED.match(text)
        if ":" not in text[:_MOST_COLUMNS]:
            return None
        if numbered := _NUMBERED.match(text):
            return numbered
        named = _NAMED.match(text)
        if named is None:
            return None
        known = self._names.exactly(named[1]) or (named[1][0].isupper() and self._names.find(named[1]))
        return named if known else None

    def names(self, text: str) -> bool:
        """Whether a row names its speaker."""
        return self.find(text) is not None


def _is_heading(text: str) -> bool:
    candidate = candidate_of(text)
    return candidate is not None and candidate.kind in ("labelled", "named")
