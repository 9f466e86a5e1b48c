"""Scripts in Markdown: headings are chapters, paragraphs are lines. docs/scripts.md has the language."""

from __future__ import annotations

import re

from csm_cli.script.cues import (
    BRACES,
    CUE,
    check_twice,
    read_braces,
    read_cue,
    trailing_braces,
    unknown_cue,
)
from csm_cli.script.document import NARRATOR, Screenplay, Source
from csm_cli.script.draft import Draft, Header
from csm_cli.script.header import bare_header, read_header, read_text
from csm_cli.script.markup import GONE, QUOTE, Marks, begins_item, plain_text
from csm_cli.script.problems import Problems
from csm_cli.script.reading import Reading
from csm_cli.script.settings import CHAPTER_KEYS, LINE_KEYS, check_keys, read_seed, read_settings
from csm_cli.script.source_text import SourceText
from csm_cli.script.yaml_nodes import Fields, Scalar, kind, parse_nodes

_COMMENT = re.compile(r"(?<!\\)<!--.*?(-->|\Z)", re.DOTALL)
_RULE = re.compile(r"([-*_])(?:\s*\1){2,}")
_HEADING = re.compile(r"(#{1,6})(?:[ \t]|$)")
_SPEAKER = re.compile(r"(\*\*|__)(?P<name>[^*:]{1,100}?)(?::\s*\1|\s*\1\s*:)\s*")
_NAME_COLON = re.compile(r"([^*:]{1,60}):\s")
_NOTE = re.compile(r"\(((?:[^()\\]|\\.)*)\)\s*")
_CHAPTER_VOICE = "voice."
_KEYS = (*LINE_KEYS, "speaker")


def read_markdown(source: SourceText, reading: Reading) -> Screenplay:
    """The screenplay in a Markdown text; faults are noted in `reading`."""
    header, first = _front_matter(source, reading)
    body = _without_comments(source, first, reading.problems)
    draft = Draft(source.path, header, reading)
    reader = _Reader(source.path, header, draft, reading.problems)
    for number, row in enumerate(body, first + 1):
        reader.take(row, number)
        if reading.problems.full:
            break
    reader.close()
    return draft.finish()


def _front_matter(source: SourceText, reading: Reading) -> tuple[Header, int]:
    """The header and the number of rows that it takes."""
    problems = reading.problems
    rows = source.text.split("\n")
    nothing = bare_header(source.path, reading)
    if rows[0].rstrip() != "---":
        return nothing, 0
    last = next((row for row, text in enumerate(rows) if row and text.rstrip() in ("---", "...")), None)
    if last is None:
        problems.add(source.at(0), 'the front matter that begins here has no closing "---"')
        problems.check()
        return nothing, len(rows)
    text = "\n".join(rows[1:last])
    before = len(problems.findings())
    root = parse_nodes(SourceText(source.path, text, first_line=2), problems)
    if isinstance(root, Fields):
        return read_header(root, source.path, reading), last + 1
    if root is not None:
        problems.add(root.source, f"front matter has keys such as title and voices; this is {kind(root)}")
    nothing.cast_known = len(problems.findings()) == before
    return nothing, last + 1


def _without_comments(source: SourceText, first: int, problems: Problems) -> list[str]:
    """The rows from `first` on, comments blotted out in place."""
    body = source.text.split("\n", first)[first] if first else source.text
    start = len(source.text) - len(body)

    def blot(match: re.Match[str]) -> str:
        if not match[1]:
            problems.add(source.at(start + match.start()), 'this comment has no closing "-->"')
        return re.sub(r"[^\n]", GONE, match[0]).replace("\n", f"{GONE}\n{GONE}")

    return (_COMMENT.sub(blot, body) if "<!--" in body else body).split("\n")


def _title(heading: str) -> str:
    """The title in "# Title" or "# Title ##", its marks as they stand."""
    title = heading.lstrip("#").strip()
    bare = title.rstrip("#")
    if not bare or bare[-1].isspace():
        title = bare
    return title


class _Reader:
    """Goes through the rows. `_said` holds the rows of the line that is being read."""

    def __init__(self, path: str, header: Header, draft: Draft, problems: Problems):
        self._path, self._header, self._draft, self._problems = path, header, draft, problems
        self._marks = Marks(path, problems)
        self._said: list[str] = []
        self._speaker, self._named_at, self._source = NARRATOR, Source(path, 1, 1), Source(path, 1, 1)
        self._settings: Fields | None = None
        self._named = False  # the line begins with a speaker's name
        self._fresh = True  # the next line begins a paragraph
        self._open = False  # a line is being read
        self._quoted = self._listed = False  # of a block quote, of a list
        self._scenes = False  # a scene with a title has been met

    def take(self, row: str, number: int) -> None:
        """Read one physical line of the script; `number` counts from 1."""
        row = self._marks.blot(row, number)
        text = row.replace(GONE, " ").strip() if GONE in row else row.strip()
        source = Source(self._path, number, row.index(text[0]) + 1 if text else 1)
        if self._marks.unread(text, source):
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
            if GONE not in row:  # a comment on a line of its own does not end a paragraph
                self._end_paragraph()
            return
        if text[0] == "#":
            self._heading(text, source)
        elif text[0] in "-*_" and _RULE.fullmatch(text):
            self._end_paragraph()
            self._chapter(source)
            self._draft.add_scene_break(source)
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
        """At the end of the script."""
        self._marks.close()
        self.end_line()

    def end_line(self) -> None:
        """Hand over the line that is being read."""
        if not self._open:
            return
        self._chapter(self._named_at)
        said, notes = "\n".join(self._said), list[str]()
        while self._named and said[:1] == "(" and (note := _NOTE.match(said)):
            said = said[note.end() :]
            notes += [" ".join(plain_text(note[1]).split())] if note[1].strip() else []
        fields = self._settings or Fields(self._source)
        voice = ""
        if fields.pairs:
            check_keys(fields, _KEYS, self._problems)
            check_twice(fields, self._problems)
            voice = read_text(fields, "voice", self._problems)
        self._draft.add_line(
            self._speaker,
            self._plain(said, self._source),
            named_at=self._named_at,
            source=self._source,
            seed=read_seed(fields, self._problems) if fields.pairs else None,
            new_paragraph=self._fresh,
            notes=tuple(notes),
            settings=read_settings(fields, self._problems),
            voice=voice,
        )
        self._fresh = self._open = self._named = False
        self._said, self._settings = [], None

    def _plain(self, text: str, source: Source) -> str:
        r"""Variables are filled in first: the backslash of `\{{` is theirs, not Markdown's."""
        return plain_text(self._draft.fill(text, source))

    def _end_paragraph(self) -> None:
        self.end_line()
        self._fresh = True
        self._quoted = self._listed = False
        self._speaker = NARRATOR

    def _chapter(self, source: Source) -> None:
        if not self._draft.in_chapter:
            self._draft.begin_chapter(self._header.title, source, implied=True)

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
            self._draft.add_scene_break(source, self._plain(_title(text), source))
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
        check_twice(fields, self._problems)
        settings, seed = read_settings(rest, self._problems), read_seed(rest, self._problems)
        title = self._plain(_title(text), source)
        self._draft.begin_chapter(" ".join(title.split()), source, settings, seed, voices)

    def _cue(self, cue: re.Match[str], source: Source) -> None:
        """A cue ends a line but not a turn: the same speaker goes on in the row below."""
        self.end_line()
        if cue[1].lower() != "include":
            self._chapter(source)
        read_cue(cue, source, self._draft, self._problems)

    def _text(self, row: str, text: str, source: Source) -> None:
        if "[" in row:
            for cue in CUE.finditer(row):
                if row[: cue.start()].endswith("\\"):
                    continue
                at = Source(self._path, source.line, cue.start() + 1)
                self._problems.add(at, f"a {cue[1].lower()} stands on a line of its own: {cue[0]}")
            if text[0] == "[" and text[-1] == "]" and (hint := unknown_cue(text)):
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
            self._forgotten_stars(text, source)
        else:
            self._forgotten_stars(text, source)
        if said := row[begin:].replace(GONE, "").strip().removesuffix("\\"):
            if not self._said:
                self._source = Source(self._path, source.line, begin + 1)
            self._said.append(said)

    def _forgotten_stars(self, text: str, source: Source) -> None:
        named = _NAME_COLON.match(text) if ":" in text[:62] else None
        if named and self._draft.resolve(named[1])[0] in self._header.cast:
            what = rf'a line of {named[1]} is written "**{named[1]}:** text" (or "\:" if this is no name)'
            self._problems.add(source, what)

    def _braces(self, row: str, begin: int, number: int) -> int:
        """Read the settings that a line begins with; where its text begins."""
        if row[begin : begin + 1] != "{" or not (braces := BRACES.match(row, begin)):
            return begin
        self._settings = read_braces(braces, number, 1, self._path)
        if speaker := read_text(self._settings, "speaker", self._problems):
            self._speaker, self._named = speaker, True
        return braces.end()
