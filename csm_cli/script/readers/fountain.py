"""Parser of Fountain, the plain-text format of screenplays (fountain.io/syntax).

Sections of level 1 are chapters, action is narration. Scene headings and deeper sections are scene breaks.
Transitions, notes, synopses and the boneyard are not spoken. Characters need no declaration; the title page
key `Voices`, an extension, may cast them, a row for each.
"""

from __future__ import annotations

import re

from csm_cli.script.builder import ScreenplayBuilder
from csm_cli.script.document import NARRATOR, Screenplay
from csm_cli.script.header import Header
from csm_cli.script.markup import check_entities, plain_text
from csm_cli.script.problems import Source, SourceText
from csm_cli.script.readers.fountain_rows import (
    BLANK,
    LONGEST_NAME,
    Character,
    character,
    is_continuation,
    is_known_transition,
    is_transition,
    parenthetical,
    read_title_page,
    scene_heading,
    without_boneyard,
    without_notes,
    without_scene_number,
)
from csm_cli.script.sources import ParseState

_SECTION = re.compile(r"(#{1,6})\s*(.*)")
_PAGE_BREAK = re.compile(r"={3,}")
_UNPRINTED = re.compile(r"={3,}|=\s.*")  # in a speech: a page break, a synopsis
_ENDS_SPEECH = re.compile(r"#{1,6}\s+\S.*|>.*")
_MOST_ROWS, _MOST_CHARACTERS = 12, 600
"""Of a parenthetical, which may go over several rows of a speech."""
_LONGEST_ASIDE = 60
"""Characters of a parenthetical that stands right behind the name, in front of words on their row."""


def read_fountain(source: SourceText, state: ParseState) -> Screenplay:
    """Parse a Fountain script; problems are added to `state`."""
    text, unclosed = without_boneyard(source.text)
    if unclosed >= 0:
        what = 'nothing behind this "/*" is read, as it has no closing "*/"'
        state.problems.add(source.at(unclosed), what, "warning")
    rows = without_notes(text).split("\n")
    for number, row in enumerate(rows, 1):
        check_entities(row, number, source.path, state.problems)
    header, first = read_title_page(rows, source, state)
    builder = ScreenplayBuilder(source.path, header, state)
    parser = _Parser(source.path, header, builder, rows, first)
    while parser.unfinished and not state.problems.full:
        parser.advance()
    parser.end()
    return builder.finish()


class _Parser:
    """Parses the body, row by row, from row `first` (0-based)."""

    def __init__(self, path: str, header: Header, builder: ScreenplayBuilder, rows: list[str], first: int):
        self._path, self._header, self._builder, self._script = path, header, builder, rows
        self._next = first
        self._after_blank = True
        self._after_mark = False  # the row before is neither action nor of a speech
        self._speaker = ""  # of the dialogue; "" in action
        self._named_at = Source(path, 1, 1)
        self._notes: list[str] = []
        self._rows: list[str] = []
        self._source = self._named_at
        self._continues = False  # the speaker has a line already

    @property
    def unfinished(self) -> bool:
        """Whether there are rows left."""
        return self._next < len(self._script)

    def advance(self) -> None:
        """Parse the next row, and those that belong to it."""
        row = self._script[self._next]
        self._next += 1
        text = _bare(row)
        if not text:
            if BLANK in row or (self._speaker and row.startswith("  ")):
                return  # a note alone is no row; two spaces continue a speech over a blank one
            self.end()
            self._speaker, self._notes = "", []
            self._after_blank, self._after_mark = True, False
            return
        source = Source(self._path, self._next, len(row) - len(row.lstrip(f" \t{BLANK}")) + 1)
        if self._speaker and _UNPRINTED.fullmatch(text):
            return
        if self._speaker and (_ENDS_SPEECH.fullmatch(text) or self._is_cut(text)):
            self.end()
            self._speaker, self._notes = "", []
        if self._speaker:
            self._dialogue(text, source)
            return
        marked = self._structure(text, source)
        if not marked:
            self._action(text, source)
        self._after_blank, self._after_mark = False, marked and not self._speaker

    def end(self) -> None:
        """Add the line of the rows so far."""
        if not self._rows:
            return
        self._chapter(self._source)
        text = " ".join(plain_text(row) for row in self._rows)
        self._rows = []
        if not any(map(str.isalnum, text)):
            return
        speaker = self._speaker or NARRATOR
        self._builder.add_line(
            speaker,
            text,
            named_at=self._named_at if self._speaker else self._source,
            source=self._source,
            new_paragraph=not self._continues,
            notes=tuple(self._notes),
        )
        self._continues = bool(self._speaker)
        self._notes = []

    @property
    def _before_blank(self) -> bool:
        """Whether the next row that is not a note alone is blank."""
        for at in range(self._next, min(self._next + _MOST_ROWS, len(self._script))):
            row = self._script[at]
            if _bare(row):
                return False
            if BLANK not in row:
                break
        return True

    def _is_cut(self, text: str) -> bool:
        """Whether a transition stands right behind a speech, where a blank row was forgotten."""
        return text[-1] == ":" and self._before_blank and is_known_transition(text, alone=False)

    def _structure(self, text: str, source: Source) -> bool:
        """Parse a row that is neither action nor dialogue; returns whether it is one."""
        apart = self._after_blank or self._after_mark
        if text[0] == "#" and (marks := _SECTION.match(text)):
            self.end()
            title = plain_text(marks[2]).strip()
            if len(marks[1]) == 1:
                self._builder.begin_chapter(title, source)
            else:
                self._scene(title, source)
        elif _PAGE_BREAK.fullmatch(text) or text[0] == "=" or (text[0] == ">" and text[-1] != "<"):
            self.end()  # a synopsis; a forced transition
        elif text[0] == "." and text[1:2].isalnum():
            self._scene(without_scene_number(text[1:]), source)
        elif len(text) > LONGEST_NAME:
            return False
        elif text[0] == "@" and (forced := character(text)):
            self._begin_speech(forced, source)
        elif text[0] in "!>":
            return False
        elif is_continuation(text) or is_known_transition(text, alone=apart and self._before_blank):
            self.end()
        elif apart and (heading := scene_heading(text)):
            self._scene(heading, source)
        elif apart and is_transition(text):
            self.end()
        elif self._after_blank and not self._before_blank and (named := character(text)):
            self._begin_speech(named, source)
        else:
            return False
        return True

    def _scene(self, title: str, source: Source) -> None:
        self.end()
        self._chapter(source)
        self._builder.add_scene_break(source, plain_text(title).strip())

    def _begin_speech(self, named: Character, source: Source) -> None:
        self.end()
        self._speaker, self._notes = named.name, list(named.extensions)
        self._named_at, self._continues = source, False

    def _dialogue(self, text: str, source: Source) -> None:
        opening = not self._rows and not self._continues
        if (aside := self._aside(text)) is None:
            self._add_row(text.removeprefix("~"), source)
            return
        note, rest, more = aside
        if rest and not (opening and note[:1].islower() and len(note) <= _LONGEST_ASIDE):
            self._add_row(text.removeprefix("~"), source)
            return
        self.end()
        self._next += more
        if note:
            self._notes.append(" ".join(plain_text(note).split()))
        if rest:
            row = self._script[self._next - 1]
            self._add_row(rest, Source(self._path, self._next, max(row.rfind(rest), 0) + 1))

    def _aside(self, text: str) -> tuple[str, str, int] | None:
        """(The parenthetical that begins here, what is behind it, how many more rows it takes)."""
        if text.lstrip("*_")[:1] != "(":
            return None
        if found := parenthetical(text):
            return *found, 0
        following = self._script[self._next : self._next + _MOST_ROWS]
        for more, row in enumerate(map(_bare, following), 1):
            text = f"{text} {row}"
            if not row or len(text) > _MOST_CHARACTERS:
                break
            if found := parenthetical(text):
                return *found, more
        return None

    def _action(self, text: str, source: Source) -> None:
        if text[0] == ">" and text[-1] == "<":
            text = text[1:-1].strip()
        self._continues = False
        self._add_row(text.removeprefix("!").removeprefix("~"), source)

    def _add_row(self, text: str, source: Source) -> None:
        if text.strip():
            if not self._rows:
                self._source = source
            self._rows.append(text.strip())

    def _chapter(self, source: Source) -> None:
        if not self._builder.in_chapter:
            self._builder.begin_chapter(self._header.title, source, implied=True)


def _bare(row: str) -> str:
    """A row without what is not spoken and the white space around it."""
    return row.replace(BLANK, "").strip()
