"""Parser of Fountain, the plain-text format of screenplays (fountain.io/syntax).

Sections of level 1 are chapters, action is narration. Scene headings and deeper sections are scene breaks.
Transitions, notes, synopses and the boneyard are not spoken. Characters need no declaration; the title page
key `Voices`, an extension, may cast them, a row for each.
"""

from __future__ import annotations

import re

from csm_cli.script.builder import ScreenplayBuilder
from csm_cli.script.document import METADATA, NARRATOR, CastMember, Screenplay
from csm_cli.script.header import Header, default_header
from csm_cli.script.markup import plain_text
from csm_cli.script.problems import Source, SourceText
from csm_cli.script.sources import ParseState

_BLANK = "\x00"  # replaces a character that is not spoken, so that the rest keeps its column
_BONEYARD = re.compile(r"/\*.*?(?:\*/|\Z)", re.DOTALL)
_MARKS = re.compile(r"\[\[|\]\]|\n\n")  # begin and end of a note; a blank row, which no note spans
_LONGEST_NAME = 200
_KEY = re.compile(r"([A-Za-z][A-Za-z ]{0,40}):\s*(.*)")
_HEADING = re.compile(r"(?:INT|EXT|EST|INT\.?/EXT|EXT\.?/INT|I/E)(?:\.|\s)", re.IGNORECASE)
_SCENE_NUMBER = re.compile(r"\s*#[\w.-]+#\s*$")
_CHARACTER = re.compile(r"(?=[^a-z]*[A-Z])[^a-z()]+(?:\s*\([^()]*\))*\s*\^?")
_FORCED_CHARACTER = re.compile(r"@([^()^]+)((?:\s*\([^()]*\))*)\s*\^?")
_EXTENSION = re.compile(r"\(([^()]*)\)")
_TRANSITION = re.compile(r"[^a-z]*\bTO:")
_CONTINUED = re.compile(r"cont(?:['’]?d|inued|inuing)?\.?", re.IGNORECASE)
_KEYS = {"author": "author", "authors": "author", "draft date": "date", "copyright": "copyright"}


def read_fountain(source: SourceText, state: ParseState) -> Screenplay:
    """Parse a Fountain script; problems are added to `state`."""
    text = _without_notes(_BONEYARD.sub(lambda match: _blanked(match[0]), source.text))
    rows = text.split("\n")
    header, first = _title_page(rows, source, state)
    builder = ScreenplayBuilder(source.path, header, state)
    parser = _Parser(source.path, header, builder)
    blank = True
    for number in range(first, len(rows)):
        following = rows[number + 1] if number + 1 < len(rows) else ""
        blank = parser.feed(rows[number], number + 1, blank, not following.replace(_BLANK, "").strip())
        if state.problems.full:
            break
    parser.end()
    return builder.finish()


def _blanked(text: str) -> str:
    return re.sub(r"[^\n]", _BLANK, text)


def _without_notes(text: str) -> str:
    """`text` with its `[[notes]]` blanked out; unbalanced marks are kept."""
    kept, done, begun = [], 0, -1
    for mark in _MARKS.finditer(text):
        if mark[0] == "]]" and begun >= 0:
            kept += [text[done:begun], _blanked(text[begun : mark.end()])]
            done, begun = mark.end(), -1
        elif mark[0] == "\n\n":
            begun = -1
        elif mark[0] == "[[" and begun < 0:
            begun = mark.start()
    return "".join([*kept, text[done:]])


def _title_page(rows: list[str], source: SourceText, state: ParseState) -> tuple[Header, int]:
    """The header and the number of rows of the title page."""
    header = default_header(source.path, state)
    header.strict_cast = False
    if not _KEY.fullmatch(rows[0].strip()) or _TRANSITION.fullmatch(rows[0].strip()):
        return header, 0
    values: dict[str, list[tuple[str, Source]]] = {}
    key, number = "", 0
    for number, row in enumerate(rows):
        text = row.replace(_BLANK, "").strip()
        if not text:
            break
        place = Source(source.path, number + 1, len(row) - len(row.lstrip()) + 1)
        if (pair := _KEY.fullmatch(text)) and not row[:1].isspace():
            key, text = pair[1].lower(), pair[2].strip()
        if key and text:
            values.setdefault(key, []).append((text, place))
    joined = {key: plain_text(" ".join(text for text, _ in parts)) for key, parts in values.items()}
    if title := joined.get("title"):
        header.title, header.untitled = " ".join(title.split()), False
    for key, value in joined.items():
        name = _KEYS.get(key, key)
        if name == "author":
            header.author = value
        elif name in METADATA and name != "cover":
            header.metadata[name] = value
    for row, place in values.get("voices", []):
        name, _, voice = row.partition(":")
        name = _name(name)
        header.cast[name] = CastMember(name, voice.strip(), None, place)
    return header, number + 1


def _name(name: str) -> str:
    """A character's name without the mark of dual dialogue; any case of NARRATOR is the narrator."""
    name = " ".join(name.replace("^", "").split())
    return NARRATOR if name.lower() == NARRATOR else name


class _Parser:
    """Parses the body, row by row."""

    def __init__(self, path: str, header: Header, builder: ScreenplayBuilder):
        self._path, self._header, self._builder = path, header, builder
        self._speaker = ""  # of the dialogue; "" in action
        self._named_at = Source(path, 1, 1)
        self._notes: list[str] = []
        self._rows: list[str] = []
        self._source = self._named_at
        self._continues = False  # the speaker has a line already

    def feed(self, row: str, number: int, after_blank: bool, before_blank: bool) -> bool:
        """Parse a row; returns whether it counts as blank for the next one."""
        text = row.replace(_BLANK, "").strip()
        source = Source(self._path, number, len(row) - len(row.lstrip(f" \t{_BLANK}")) + 1)
        if not text:
            if _BLANK in row:
                return after_blank
            if self._speaker and row.startswith("  "):  # two spaces continue a dialogue over a blank row
                return False
            self.end()
            self._speaker, self._notes = "", []
            return True
        if self._speaker:
            self._dialogue(text, source)
        elif not self._structure(text, source, after_blank, before_blank):
            self._action(text, source)
        return False

    def end(self) -> None:
        """Add the line of the rows so far."""
        if not self._rows:
            return
        self._chapter(self._source)
        text = plain_text("\n".join(self._rows))
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

    def _structure(self, text: str, source: Source, after_blank: bool, before_blank: bool) -> bool:
        """Parse a row that is neither action nor dialogue; returns whether it is one."""
        if text[0] == "#" and (marks := re.match(r"(#{1,6})\s*(.*)", text)):
            self.end()
            title = plain_text(marks[2]).strip()
            if len(marks[1]) == 1:
                self._builder.begin_chapter(title, source)
            else:
                self._scene(title, source)
        elif re.fullmatch(r"={3,}", text):
            self.end()
        elif text[0] == "=" or (text[0] == ">" and text[-1] != "<"):
            self.end()  # a synopsis; a forced transition
        elif text[0] == "." and text[1:2].isalnum():
            self._scene(_SCENE_NUMBER.sub("", text[1:]), source)
        elif len(text) > _LONGEST_NAME:
            return False
        elif text[0] == "@" and (forced := _FORCED_CHARACTER.fullmatch(text)):
            self._character(forced[1], forced[2], source)
        elif not after_blank or text[0] in "!>":
            return False
        elif _HEADING.match(text):
            self._scene(_SCENE_NUMBER.sub("", text), source)
        elif before_blank and _TRANSITION.fullmatch(text):
            self.end()
        elif not before_blank and _CHARACTER.fullmatch(text):
            name, _, extensions = text.partition("(")
            self._character(name, f"({extensions}" if extensions else "", source)
        else:
            return False
        return True

    def _scene(self, title: str, source: Source) -> None:
        self.end()
        self._chapter(source)
        self._builder.add_scene_break(source, plain_text(title).strip())

    def _character(self, name: str, extensions: str, source: Source) -> None:
        self.end()
        self._speaker = _name(name)
        self._named_at, self._continues = source, False
        notes = (" ".join(note.split()) for note in _EXTENSION.findall(extensions))
        self._notes = [note for note in notes if note and not _CONTINUED.fullmatch(note)]

    def _dialogue(self, text: str, source: Source) -> None:
        if text[0] == "(" and text[-1] == ")":
            self.end()
            self._notes.append(" ".join(plain_text(text[1:-1]).split()))
            return
        self._add_row(text.removeprefix("~"), source)

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
