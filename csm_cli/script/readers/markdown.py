"""Parser of Markdown scripts: headings are chapters, paragraphs are lines; see docs/scripts.md."""

from __future__ import annotations

import re

from csm_cli.script.builder import ScreenplayBuilder
from csm_cli.script.cue_words import cue_word
from csm_cli.script.document import NARRATOR, Screenplay
from csm_cli.script.header import Header, default_header, read_header, read_text
from csm_cli.script.markup import (
    BLANK,
    BRACES,
    CUE,
    QUOTE,
    LineRows,
    UnreadMarkup,
    begins_item,
    check_duplicates,
    misspelt_cue,
    plain_text,
    read_braces,
    read_cue,
    trailing_braces,
)
from csm_cli.script.problems import Problems, Source, SourceText
from csm_cli.script.settings import CHAPTER_KEYS, LINE_KEYS, check_keys, read_seed, read_settings
from csm_cli.script.sources import ParseState
from csm_cli.script.yaml_nodes import Fields, Scalar, kind, parse_nodes

_COMMENT = re.compile(r"(?<!\\)<!--.*?(-->|\Z)", re.DOTALL)
_RULE = re.compile(r"([-*_])(?:\s*\1){2,}")
_HEADING = re.compile(r"(#{1,6})(?:[ \t]|$)")
_SPEAKER = re.compile(r"(\*\*|__)(?P<name>[^*:]{1,100}?)(?::\s*\1|\s*\1\s*:)\s*")
_NAME_COLON = re.compile(r"([^*:]{1,60}):\s")
_NOTE = re.compile(r"\(((?:[^()\\]|\\.)*)\)\s*")
_CHAPTER_VOICE = "voice."
_KEYS = (*LINE_KEYS, "speaker")


def read_markdown(source: SourceText, state: ParseState, places: list[LineRows] | None = None) -> Screenplay:
    """Parse a Markdown script; problems are added to `state`, and where each line stands to `places`."""
    header, first = _front_matter(source, state)
    body = _without_comments(source, first, state.problems)
    builder = ScreenplayBuilder(source.path, header, state)
    parser = _Parser(source.path, header, builder, state.problems, [] if places is None else places)
    for number, row in enumerate(body, first + 1):
        parser.feed(row, number)
        if state.problems.full:
            break
    parser.close()
    return builder.finish()


def _front_matter(source: SourceText, state: ParseState) -> tuple[Header, int]:
    """The header and its number of rows."""
    problems = state.problems
    rows = source.text.split("\n")
    header = default_header(source.path, state)
    if rows[0].rstrip() != "---":
        return header, 0
    last = next((row for row, text in enumerate(rows) if row and text.rstrip() in ("---", "...")), None)
    if last is None:
        problems.add(source.at(0), 'the front matter that begins here has no closing "---"')
        problems.check()
        return header, len(rows)
    text = "\n".join(rows[1:last])
    before = len(problems.findings())
    root = parse_nodes(SourceText(source.path, text, first_line=2), problems)
    if isinstance(root, Fields):
        return read_header(root, source.path, state), last + 1
    if root is not None:
        problems.add(root.source, f"front matter has keys such as title and voices; this is {kind(root)}")
    header.strict_cast = len(problems.findings()) == before
    return header, last + 1


def _without_comments(source: SourceText, first: int, problems: Problems) -> list[str]:
    """The rows from `first` on, with comments blanked out."""
    body = "".join(source.text.split("\n", first)[first:])
    start = len(source.text) - len(body)

    def blank_out(match: re.Match[str]) -> str:
        if not match[1]:
            problems.add(source.at(start + match.start()), 'this comment has no closing "-->"')
        return re.sub(r"[^\n]", BLANK, match[0]).replace("\n", f"{BLANK}\n{BLANK}")

    return (_COMMENT.sub(blank_out, body) if "<!--" in body else body).split("\n")


def _title(heading: str) -> str:
    """The title in "# Title" or "# Title ##", with its inline marks."""
    title = heading.lstrip("#").strip()
    bare = title.rstrip("#")
    if not bare or bare[-1].isspace():
        title = bare
    return title


class _Parser:
    """Parses the body, row by row. `_rows` are the rows of the open line."""

    def __init__(
        self,
        path: str,
        header: Header,
        builder: ScreenplayBuilder,
        problems: Problems,
        places: list[LineRows],
    ):
        self._places, self._braces_at = places, (1, 0, 0)
        self._stands: list[tuple[int, int, str]] = []
        self._path, self._header, self._builder, self._problems = path, header, builder, problems
        self._unread = UnreadMarkup(path, problems)
        self._rows: list[str] = []
        self._speaker, self._named_at, self._source = NARRATOR, Source(path, 1, 1), Source(path, 1, 1)
        self._settings: Fields | None = None
        self._named = False  # the open line begins with a speaker's name
        self._fresh = True  # the next line begins a paragraph
        self._open = False  # a line is open
        self._quoted = self._listed = False  # the paragraph is in a block quote, in a list
        self._scenes = False  # the note about titles of scenes has been given

    def feed(self, row: str, number: int) -> None:
        """Parse a row; `number` counts from 1."""
        row = self._unread.blank_out(row, number)
        text = row.replace(BLANK, " ").strip() if BLANK in row else row.strip()
        source = Source(self._path, number, row.index(text[0]) + 1 if text else 1)
        if self._unread.skips(text, source):
            self._end_paragraph()
            return
        if text and (quote := QUOTE.match(text)):
            if not self._quoted:
                self._end_paragraph()
            self._quoted = True
            text = text[quote.end() :].strip()
            row = " " * (source.column - 1 + quote.end()) + row[source.column - 1 + quote.end() :]
            source = Source(self._path, number, row.index(text[0]) + 1 if text else 1)
        if not text:
            if BLANK not in row:  # a comment on a row of its own does not end a paragraph
                self._end_paragraph()
            return
        if text[0] == "#":
            self._heading(text, source)
        elif text[0] in "-*_" and _RULE.fullmatch(text):
            self._end_paragraph()
            self._chapter(source)
            self._builder.add_scene_break(source)
        elif text[0] == "[" and (cue := CUE.fullmatch(text)):
            self._cue(cue, source)
        elif (bullet := begins_item(text, self._open and not self._listed)) >= 0:
            self.end_line()
            self._fresh = self._listed = True
            begin = source.column - 1 + bullet
            self._text(" " * begin + row[begin:], text[bullet:], Source(self._path, number, begin + 1))
        else:
            self._text(row, text, source)

    def close(self) -> None:
        """End the script."""
        self._unread.close()
        self.end_line()

    def end_line(self) -> None:
        """Add the open line."""
        if not self._open:
            return
        self._chapter(self._named_at)
        text, notes = "\n".join(self._rows), list[str]()
        while self._named and text[:1] == "(" and (note := _NOTE.match(text)):
            text = text[note.end() :]
            notes += [" ".join(plain_text(note[1]).split())] if note[1].strip() else []
        fields = self._settings or Fields(self._source)
        voice = ""
        if fields.pairs:
            check_keys(fields, _KEYS, self._problems)
            check_duplicates(fields, self._problems)
            voice = read_text(fields, "voice", self._problems)
        self._builder.add_line(
            self._speaker,
            self._plain(text, self._source),
            named_at=self._named_at,
            source=self._source,
            seed=read_seed(fields, self._problems) if fields.pairs else None,
            new_paragraph=self._fresh,
            notes=tuple(notes),
            settings=read_settings(fields, self._problems),
            voice=voice,
        )
        self._places.append(LineRows(self._source, self._named, self._braces_at, tuple(self._stands)))
        self._fresh = self._open = self._named = False
        self._rows, self._stands, self._settings = [], [], None

    def _plain(self, text: str, source: Source) -> str:
        r"""`text` with variables replaced, then without marks: the backslash of `\{{` is not Markdown's."""
        return plain_text(self._builder.fill(text, source))

    def _end_paragraph(self) -> None:
        self.end_line()
        self._fresh = True
        self._quoted = self._listed = False
        self._speaker = NARRATOR

    def _chapter(self, source: Source) -> None:
        if not self._builder.in_chapter:
            self._builder.begin_chapter(self._header.title, source, implied=True)

    def _heading(self, text: str, source: Source) -> None:
        marks = _HEADING.match(text)
        if not marks:
            self._problems.add(
                source,
                r'a chapter begins with "# Title", a scene with "## Title"; text that begins '
                r"with # is written \#",
            )
            return
        self._end_paragraph()
        if len(marks[1]) > 1:
            self._chapter(source)
            self._builder.add_scene_break(source, self._plain(_title(text), source))
            if not self._scenes:
                self._scenes = True
                what = 'this is a scene: its title is not spoken; a chapter is written "# Title"'
                self._problems.add(source, what, "note")
            return
        fields = Fields(source)
        if text[-1] == "}" and (braces := trailing_braces(text)):
            fields = read_braces(braces, source.line, source.column, self._path)
            text = text[: braces.start()].rstrip()
        voices: dict[str, str] = {}
        rest = Fields(fields.source)
        for key, value in fields.pairs:
            if key.text.startswith(_CHAPTER_VOICE) and isinstance(value, Scalar):
                voices[key.text.removeprefix(_CHAPTER_VOICE)] = value.text
            else:
                rest.pairs.append((key, value))
        check_keys(rest, CHAPTER_KEYS, self._problems)
        check_duplicates(fields, self._problems)
        settings, seed = read_settings(rest, self._problems), read_seed(rest, self._problems)
        title = self._plain(_title(text), source)
        self._builder.begin_chapter(" ".join(title.split()), source, settings, seed, voices)

    def _cue(self, cue: re.Match[str], source: Source) -> None:
        """Parse a cue. It ends the line, but the next row has the same speaker."""
        self.end_line()
        if cue[1].lower() != "include":
            self._chapter(source)
        read_cue(cue, source, self._builder, self._problems)

    def _text(self, row: str, text: str, source: Source) -> None:
        if "[" in row:
            for cue in CUE.finditer(row):
                if row[: cue.start()].endswith("\\") or cue_word(cue[0]):  # "[pause]" is for the speaker
                    continue
                at = Source(self._path, source.line, cue.start() + 1)
                self._problems.add(at, f"a {cue[1].lower()} stands on a line of its own: {cue[0]}")
            if text[0] == "[" and text[-1] == "]" and (hint := misspelt_cue(text)):
                self._problems.add(source, f"{text} is read aloud as it stands{hint}", "warning")
        begin = source.column - 1
        if text[0] in "*_" and (speaker := _SPEAKER.match(row, begin)):
            self.end_line()
            self._speaker = " ".join(plain_text(speaker["name"]).split())
            self._named_at = Source(self._path, source.line, speaker.start("name") + 1)
            begin = speaker.end()
            self._open, self._source = True, Source(self._path, source.line, begin + 1)
            self._named = True
            begin = self._braces(row, begin, source.line)
        elif not self._open or (text[0] == "{" and BRACES.match(row, begin)):
            self.end_line()
            self._open, self._named_at, self._source = True, source, source
            begin = self._braces(row, begin, source.line)
            self._missing_stars(text, source)
        else:
            self._missing_stars(text, source)
        if content := row[begin:].replace(BLANK, "").strip().removesuffix("\\"):
            if not self._rows:
                self._source = Source(self._path, source.line, begin + 1)
            self._rows.append(content)
            self._stands.append((source.line, begin, row))

    def _missing_stars(self, text: str, source: Source) -> None:
        named = _NAME_COLON.match(text) if ":" in text[:62] else None
        if named and self._builder.cast.declares(named[1]):
            what = rf'a line of {named[1]} is written "**{named[1]}:** text" (or "\:" if this is no name)'
            self._problems.add(source, what)

    def _braces(self, row: str, begin: int, number: int) -> int:
        """Parse the settings at `begin`; returns where the text begins."""
        braces = BRACES.match(row, begin) if row[begin : begin + 1] == "{" else None
        self._braces_at = (number, begin, braces.end() if braces else begin)
        if not braces:
            return begin
        self._settings = read_braces(braces, number, 1, self._path)
        if speaker := read_text(self._settings, "speaker", self._problems):
            self._speaker, self._named = speaker, True
        return braces.end()
