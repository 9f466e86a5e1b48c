"""The files of a script, where each line stands in them, and what they become when a line is edited.

Nothing but the characters of that line changes, or nothing at all: the changed script is read again before it
is written, and all of it has to be as before, but for this one line.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, replace
from functools import cached_property
from pathlib import Path

from csm_cli.core.errors import ScriptError, UsageError
from csm_cli.lint.script import check_script
from csm_cli.rendering.credits import is_title
from csm_cli.review.edits import Edited, changed, is_one_change, version_of
from csm_cli.review.markdown_spans import markdown_lines
from csm_cli.review.spans import Change, LineSpan
from csm_cli.review.yaml_spans import yaml_lines
from csm_cli.script import Line, Screenplay
from csm_cli.script.document import Settings
from csm_cli.script.formats import named_format
from csm_cli.script.problems import Problems, Source, script_error, shown
from csm_cli.script.reader import Checked, check_screenplay
from csm_cli.script.sources import decode, read_bytes
from csm_cli.script.writers.yaml import number, own_settings

_SPANS = {"markdown": markdown_lines, "yaml": yaml_lines}
SETTINGS = {"speed": "speed", "gain": "gain", "pause": "pause_after"}
"""Settings as the page names them, and as scripts do."""


class Manuscript:
    """The files of a script, as they are on the disk when this is made.

    Args:
        path: of the script.
        edited: a file that is taken so, not as it lies on the disk.
        checked: the script, if it has been read.

    Raises:
        ScriptError: it has errors.
    """

    def __init__(self, path: Path, edited: Edited | None = None, checked: Checked | None = None):
        self.path = path
        after = {} if edited is None else {edited.file: edited.after}
        if checked is None:
            checked = check_screenplay(path, contents={name.resolve(): data for name, data in after.items()})
        checked.problems.check()
        assert checked.screenplay is not None
        self.play: Screenplay = checked.screenplay
        self._read: tuple[bytes, Checked] = b"", checked
        self._lines_in: dict[Path, Callable[[Source], LineSpan | None]] = {}
        names = {path, *(Path(item.source.path) for chapter in self.play.chapters for item in chapter.items)}
        there = [name for name in sorted(names) if name == path or name.is_file()]
        self.contents = {name: after[name] if name in after else _content(name) for name in there}
        self.version = version_of(self.contents)

    @property
    def files(self) -> list[Path]:
        """The script, and what it includes."""
        return list(self.contents)

    def edits(self, file: Path) -> bool:
        """Whether lines of a file can be edited here at all."""
        return named_format(file) in _SPANS

    def is_current(self) -> bool:
        """Whether the files are still so."""
        try:
            return all(_content(path) == data for path, data in self.contents.items())
        except (ScriptError, OSError):
            return False

    def why_not(self, line: Line) -> UsageError | None:
        """Why a line of the script, as it is rendered, cannot be edited; None: it can."""
        try:
            self._place(line)
            self._span(line)
        except UsageError as error:
            return error
        return None

    def own_settings(self, line: Line) -> dict[str, float | None]:
        """What a line itself sets, by the names of the page."""
        found: dict[str, float | None] = dict.fromkeys(SETTINGS)
        try:
            chapter, _ = self._place(line)
            own = own_settings(self.play, self.play.chapters[chapter], line)
            written_own = self._span(line).own
        except UsageError:
            return found
        for name, key in SETTINGS.items():
            value = getattr(line.settings, key) if key in written_own else getattr(own, key)
            found[name] = value
        return found

    def with_text(self, line: Line, text: str) -> Edited:
        """The edit that gives a line another text.

        Raises:
            ScriptError: the script would have errors; all of them.
            UsageError: the line cannot be edited here.
        """
        text = " ".join(text.split())
        if not any(map(str.isalnum, text)):
            what = f'no word to speak in "{shown(text)}"' if text else "a line needs a text"
            raise ScriptError([f"{line.source}: error: {what}; silence is written as a pause"])
        own = self._line_at(self._place(line))
        return self._edit(own, self._span(own).text.rewrites(own.text, text), replace(own, text=text))

    def with_settings(self, line: Line, values: Mapping[str, float | None]) -> Edited:
        """The edit that gives a line settings, by the names of the page, or (None) takes them away.

        Raises:
            ScriptError, UsageError: as `with_text`.
        """
        chapter, _ = place = self._place(line)
        inherited = self.play.inherited(self.play.chapters[chapter], line.speaker)
        edited, now = self, self._line_at(place)
        result: Edited | None = None
        for name, value in values.items():
            key = SETTINGS[name]
            change = edited._span(now).setting(key, None if value is None else number(value))
            if change is None and value is None and key not in edited._span(now).own:
                continue
            expected = getattr(inherited, key) if value is None else float(value)
            wanted = replace(now, settings=Settings(**asdict(now.settings) | {key: expected}))
            step = edited._edit(now, [] if change is None else [[change]], wanted)
            edited = edited.after(step)
            now = edited._line_at(place)
            result = step if result is None else Edited(step.file, result.before, step.after)
        if result is None:
            data = self.contents[Path(line.source.path)]
            return Edited(Path(line.source.path), data, data)
        return result

    def _edit(self, line: Line, ways: Iterable[Sequence[Change]], wanted: Line) -> Edited:
        place, file = self._place(line), Path(line.source.path)
        faulty: list[bytes] = []
        ways = list(ways)
        for changes in ways:
            after = changed(self.contents[file], changes)
            checked = self._read_with(file, after)
            if checked.screenplay is None or checked.problems:
                faulty.append(after)
            elif is_one_change(self.play, checked.screenplay, place, wanted):
                self._check(file, after, checked)
                return Edited(file, self.contents[file], after)
        if faulty and len(faulty) == len(ways):
            self._check(file, faulty[-1])
        note = wanted.text.startswith("(") and not line.text.startswith("(")
        what = (
            "what stands in parentheses at its beginning would be a delivery note"
            if note
            else ("this cannot be written here without changing more than this line")
        )
        raise UsageError(what, where=str(line.source), remedy="edit the file itself; the page follows")

    def _check(self, file: Path, after: bytes, checked: Checked | None = None) -> None:
        """Lint the script with this content of a file; errors that were there before count too."""
        findings = check_script(self.path, contents={file.resolve(): after}, readings=False, checked=checked)
        if any(found.level == "error" for found in findings):
            raise script_error(findings)

    def _read_with(self, file: Path, data: bytes) -> Checked:
        try:
            checked = check_screenplay(self.path, contents={file.resolve(): data})
        except ScriptError:
            checked = Checked(None, Problems())
        self._read = data, checked
        return checked

    def after(self, edited: Edited) -> Manuscript:
        """The manuscript with an edit that it has given."""
        data, checked = self._read
        return Manuscript(self.path, edited, checked if data == edited.after else None)

    def _line_at(self, place: tuple[int, int]) -> Line:
        item = self.play.chapters[place[0]].items[place[1]]
        assert isinstance(item, Line)
        return item

    @cached_property
    def _places(self) -> dict[Source, list[tuple[int, int]]]:
        found: dict[Source, list[tuple[int, int]]] = {}
        for at, chapter in enumerate(self.play.chapters):
            for number_, item in enumerate(chapter.items):
                if isinstance(item, Line):
                    found.setdefault(item.source, []).append((at, number_))
        return found

    def _place(self, line: Line) -> tuple[int, int]:
        """(chapter, item) of a line, from 0."""
        found = self._places.get(line.source, [])
        if is_title(line) or not found:
            raise UsageError(
                "this line is not in the script: it is spoken for a title or the credits",
                where=str(line.source),
                remedy="edit the chapter's heading, or the header of the script",
            )
        if len(found) > 1:
            raise UsageError(
                "the file of this line is included several times",
                where=str(line.source),
                remedy="edit the file itself; the page follows",
            )
        if self._line_at(found[0]).text != line.text:
            raise UsageError(
                "this line is spoken together with its neighbour (join_short)",
                where=str(line.source),
                remedy="edit the file itself, or take join_short out of its header",
            )
        return found[0]

    def _span(self, line: Line) -> LineSpan:
        file = Path(line.source.path)
        if not self.edits(file):
            whole = file if file.is_file() else self.path  # a page lies in its e-book
            raise UsageError(
                f"scripts in {named_format(whole)} cannot be edited here",
                where=str(whole),
                remedy=f"make a script of it: csm import {whole}",
            )
        span = self._spans(file)(line.source)
        if span is None:
            raise UsageError(
                "where the text of this line begins and ends is not certain",
                where=str(line.source),
                remedy="edit the file itself; the page follows",
            )
        return span

    def _spans(self, file: Path) -> Callable[[Source], LineSpan | None]:
        if file not in self._lines_in:
            format = named_format(file)
            assert format is not None
            self._lines_in[file] = _SPANS[format](decode(str(file), self.contents[file]))
        return self._lines_in[file]


def _content(path: Path) -> bytes:
    """The content of a file that can be edited here; of another, which may be large, its size and time."""
    if named_format(path) in _SPANS:
        return read_bytes(path)
    found = path.stat()
    return f"{found.st_size} {found.st_mtime_ns}".encode()
