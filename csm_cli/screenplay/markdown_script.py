"""Scripts in Markdown: headings are chapters, paragraphs are lines. docs/scripts.md has the language."""

from __future__ import annotations

import re
from pathlib import Path

from csm_cli.screenplay.document import NARRATOR, Screenplay, Source
from csm_cli.screenplay.draft import Draft, Header, read_seconds
from csm_cli.screenplay.header import read_header
from csm_cli.screenplay.inline import plain_text
from csm_cli.screenplay.nodes import Fields, kind, parse_nodes
from csm_cli.screenplay.source_text import Problems, SourceText

# Stands for a character of a comment, so that what follows keeps its column; no script holds it.
_GONE = "\x00"
_COMMENT = re.compile(r"<!--.*?(-->|\Z)", re.DOTALL)
_RULE = re.compile(r"([-*_])(?:\s*\1){2,}")
_PAUSE = re.compile(r"\[pause\b:?\s*([^\]]*)\]", re.IGNORECASE)
_SPEAKER = re.compile(r"(\*\*|__)(?P<name>[^*:]{1,100}?)(?::\s*\1|\s*\1\s*:)\s*")
_NAME_COLON = re.compile(r"([^*:]{1,60}):\s")


def read_markdown(source: SourceText) -> Screenplay:
    """The screenplay in a Markdown text.

    Raises:
        ScriptError: with every problem found.
    """
    problems = Problems()
    header, first = _front_matter(source, problems)
    body = _without_comments(source, first, problems)
    draft = Draft(source.path, header, problems)
    reader = _Reader(source.path, header, draft, problems)
    for number, row in enumerate(body, first + 1):
        reader.take(row, number)
    reader.end_line()
    return draft.finish()


def _front_matter(source: SourceText, problems: Problems) -> tuple[Header, int]:
    """The header and the number of rows that it takes."""
    rows = source.text.split("\n")
    nothing = Header(title=Path(source.path).stem)
    if rows[0].rstrip() != "---":
        return nothing, 0
    last = next((row for row, text in enumerate(rows) if row and text.rstrip() in ("---", "...")), None)
    if last is None:
        problems.add(source.at(0), 'the front matter that begins here has no closing "---"')
        problems.check()
        return nothing, len(rows)
    text = "\n".join(rows[1:last])
    before = bool(problems)
    root = parse_nodes(SourceText(source.path, text, first_line=2), problems)
    if isinstance(root, Fields):
        return read_header(root, source.path, problems), last + 1
    if root is not None:
        problems.add(root.source, f"front matter has keys such as title and voices; this is {kind(root)}")
    nothing.cast_known = bool(problems) == before
    return nothing, last + 1


def _without_comments(source: SourceText, first: int, problems: Problems) -> list[str]:
    """The rows from `first` on, comments blotted out in place."""
    body = source.text.split("\n", first)[first] if first else source.text
    start = len(source.text) - len(body)

    def blot(match: re.Match[str]) -> str:
        if not match[1]:
            problems.add(source.at(start + match.start()), 'this comment has no closing "-->"')
        return re.sub(r"[^\n]", _GONE, match[0]).replace("\n", f"{_GONE}\n{_GONE}")

    return (_COMMENT.sub(blot, body) if "<!--" in body else body).split("\n")


def _title(heading: str) -> str:
    """The title in "# Title" or "# Title ##"."""
    title = heading[1:].strip()
    bare = title.rstrip("#")
    if not bare or bare[-1].isspace():
        title = bare
    return " ".join(plain_text(title).split())


class _Reader:
    """Goes through the rows. `_said` holds the rows of the line that is being read."""

    def __init__(self, path: str, header: Header, draft: Draft, problems: Problems):
        self._path, self._header, self._draft, self._problems = path, header, draft, problems
        self._said: list[str] = []
        self._speaker, self._named_at, self._source = NARRATOR, Source(path, 1, 1), Source(path, 1, 1)
        self._fresh = True  # the next line begins a paragraph
        self._open = False  # a line is being read

    def take(self, row: str, number: int) -> None:
        """Read one physical line of the script; `number` counts from 1."""
        text = row.replace(_GONE, " ").strip()
        if not text:
            if _GONE not in row:  # a comment on a line of its own does not end a paragraph
                self._end_paragraph()
            return
        column = len(row) - len(row.replace(_GONE, " ").lstrip()) + 1
        source = Source(self._path, number, column)
        if text == "#" or text.startswith(("# ", "#\t")):
            self._end_paragraph()
            self._draft.begin_chapter(_title(text), source)
        elif text[0] == "#":
            self._problems.add(
                source, r'a chapter begins with "# Title"; text that begins with # is written \#'
            )
        elif _RULE.fullmatch(text):
            self._end_paragraph()
            self._chapter(source)
            self._draft.add_scene_break(source)
        elif text[0] == "[" and (pause := _PAUSE.fullmatch(text)):
            self._pause(pause, source)
        else:
            self._text(row, text, source)

    def end_line(self) -> None:
        """Hand over the line that is being read."""
        if self._open:
            self._chapter(self._named_at)
            text = plain_text("\n".join(self._said))
            self._draft.add_line(
                self._speaker, text, named_at=self._named_at, source=self._source, new_paragraph=self._fresh
            )
            self._fresh = self._open = False
            self._said = []

    def _end_paragraph(self) -> None:
        self.end_line()
        self._fresh = True
        self._speaker = NARRATOR

    def _chapter(self, source: Source) -> None:
        if not self._draft.in_chapter:
            self._draft.begin_chapter(self._header.title, source)

    def _pause(self, pause: re.Match[str], source: Source) -> None:
        """A pause ends a line but not a turn: the same speaker goes on in the row below."""
        self.end_line()
        self._chapter(source)
        at = Source(self._path, source.line, source.column + pause.start(1))
        if (seconds := read_seconds(pause[1].strip(), at, self._problems)) is not None:
            self._draft.add_pause(seconds, source)

    def _text(self, row: str, text: str, source: Source) -> None:
        for pause in _PAUSE.finditer(row):
            at = Source(self._path, source.line, pause.start() + 1)
            self._problems.add(at, f"a pause stands on a line of its own: {pause[0]}")
        begin = source.column - 1
        if speaker := _SPEAKER.match(row, begin):
            self.end_line()
            self._speaker = " ".join(plain_text(speaker["name"]).split())
            self._named_at = Source(self._path, source.line, speaker.start("name") + 1)
            begin = speaker.end()
            self._open, self._source = True, Source(self._path, source.line, begin + 1)
        elif not self._open:
            self._open, self._named_at, self._source = True, source, source
        named = _NAME_COLON.match(text)
        if named and not speaker and named[1] in self._header.cast:
            what = rf'a line of {named[1]} is written "**{named[1]}:** text" (or "\:" if this is no name)'
            self._problems.add(source, what)
        if said := row[begin:].replace(_GONE, "").strip().removesuffix("\\"):
            if not self._said:
                self._source = Source(self._path, source.line, begin + 1)
            self._said.append(said)
