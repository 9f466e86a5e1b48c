"""A script under review: its lines as rows, kept up to date with the disk; what changes is published."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path
from threading import Event, RLock
from typing import Any

from csm_cli.audio.mastering import Pauses
from csm_cli.core.errors import CsmError, ScriptError, first_line
from csm_cli.core.files import data_dir
from csm_cli.editing.lines import ScriptLine
from csm_cli.review.errors import ScriptChangedError
from csm_cli.review.manuscript import Manuscript
from csm_cli.review.marks import MarkFile
from csm_cli.review.reading import OpenScript
from csm_cli.review.rows import Row, chapter_rows, gaps_of, line_row, take_rows, text_now
from csm_cli.review.stamps import Stamps, TakesWatch
from csm_cli.takes import Take
from csm_cli.takes.place import Place
from csm_cli.takes.store import takes_folder
from csm_cli.text.lexicon_files import project_file, user_file
from csm_cli.web.errors import ApiError

Publish = Callable[[str, dict[str, Any]], None]
MOST_ROWS = 500
"""Changed rows that are sent; the page reads the script again after more."""
LOADING_SECONDS = 20.0
"""That a request waits for a script that is being read."""
KEPT_VERSIONS = 8


class Book:
    """A script with its takes and marks. Its methods may be called by any thread.

    Args:
        number: of the script among those reviewed.
        path: of the script.
        takes: where its takes are; None: beside the script.
        publish: called with a name and values of what has changed.
        note: called with a line for a person.
        job_of: the state of what is to be spoken of a line, and a message.
        pauses_of: the pauses of its files.
    """

    def __init__(
        self,
        number: int,
        path: Path,
        takes: Place | None,
        publish: Publish,
        note: Callable[[str], None],
        job_of: Callable[[int, str], tuple[str | None, str]] = lambda number, line: (None, ""),
        pauses_of: Callable[[OpenScript, Path], Pauses] = lambda script, path: Pauses(),
    ):
        self.number, self.path, self.place = number, path, takes or takes_folder(path)
        self.lock = RLock()
        self.problem: str | None = None
        self.script: OpenScript | None = None
        self.manuscript: Manuscript | None = None
        self.marks = MarkFile(self.place, path.name, note)
        self._takes, self._publish, self._job_of, self._pauses_of = takes, publish, job_of, pauses_of
        self._ready, self._note = Event(), note
        self._files, self._watch, self._marked = Stamps(), TakesWatch(self.place), Stamps(fresh=True)
        self._rows: dict[str, Row] = {}
        self._gaps: dict[str, float] = {}
        self._shown: dict[str, list[str]] = {}  # ids of the lines, by version

    @property
    def version(self) -> str:
        """Of the script as it is shown."""
        return "" if self.manuscript is None else self.manuscript.version

    def poll(self) -> None:
        """Look at the disk, and read what has changed there."""
        with self.lock:
            if self._files.changed(self._paths()):
                self._watch.changed()
                self.read()
            elif self._watch.changed():
                self.refresh()
            elif self.marks.path is not None and self._marked.changed([self.marks.path]):
                self.update(self.marks.refresh())

    def read(self, manuscript: Manuscript | None = None) -> None:
        """Read the script; where it has errors, what it was before is still shown, with the first of them.

        Args:
            manuscript: if that has been read already.
        """
        with self.lock:
            self._files.changed(self._paths())
            before, problem, version = self._rows, self.problem, self.version
            try:
                if self.script is not None:
                    self.script.store.refresh()
                manuscript = manuscript or Manuscript(self.path)
                script = OpenScript(self.path, self._takes, self.script, self._note)
                while not manuscript.is_current():  # both have to be of one moment
                    manuscript = Manuscript(self.path)
                    script = OpenScript(self.path, self._takes, script)
                self.manuscript, self.script, self.problem = manuscript, script, None
            except (CsmError, OSError) as error:
                self.problem = error.problems[0] if isinstance(error, ScriptError) else first_line(error)
            except Exception as error:  # shown too, and said by whoever called
                self.problem = f"{self.path}: internal: {type(error).__name__}"
                self._ready.set()
                raise
            if self.script is not None and self.problem is None:
                self.marks.refresh()
                self._gaps, pauses = {}, self._pauses_of(self.script, self.path)
                for chapter in self.script.chapters:
                    self._gaps |= gaps_of(chapter, pauses)
                rows = [self._row(line) for line in self.script.lines]
                self._rows = {row["id"]: row for row in rows}
                self._shown[self.version] = [row["id"] for row in rows]
                for version in list(self._shown)[:-KEPT_VERSIONS]:
                    del self._shown[version]
            self._ready.set()
            changed = [row for name, row in self._rows.items() if row != before.get(name)]
            same = list(before) == list(self._rows)
            if problem != self.problem or not same or (changed and version != self.version):
                self._publish("script", {"script": self.number})
            else:
                self._tell(changed)

    def refresh(self) -> None:
        """Read takes, record and marks, and publish the lines that have changed."""
        with self.lock:
            if self.script is None:
                self.read()
                return
            lines = [*(line.planned.id for line in self.script.changed_lines()), *self.marks.refresh()]
            if self.script.rendered_otherwise:  # there may be other lines, such as titles
                self.read()
                return
            self.update(lines)

    def update(self, lines: Iterable[str]) -> list[Row]:
        """Make the rows of these lines anew, and publish those that have changed; the changed ones."""
        with self.lock:
            changed = []
            for name in dict.fromkeys(lines):
                line = self.script.by_id.get(name) if self.script else None
                if line is not None and (row := self._row(line)) != self._rows.get(name):
                    self._rows[name] = row
                    changed.append(row)
            self._tell(changed)
            return changed

    def summary(self, read_only: bool, seconds: float = LOADING_SECONDS) -> dict[str, Any]:
        """The script with its chapters, as the page lists it; without, if it is not read in `seconds`."""
        self._ready.wait(seconds)
        with self.lock:
            found: dict[str, Any] = {
                "id": self.number,
                "path": str(self.path),
                "title": self.path.stem,
                "language": "en",
                "problem": self.problem,
                "loading": not self._ready.is_set(),
                "editable": False,
                "version": self.version,
                "chapters": [],
            }
            if self.script is not None:
                play, first = self.script.job.screenplay, self.script.lines[0].planned.line
                assert self.manuscript is not None
                found |= {
                    "title": play.title,
                    "language": play.language,
                    "editable": not read_only and self.manuscript.edits(Path(first.source.path)),
                    "chapters": chapter_rows(self.script.chapters, self._rows.values()),
                }
            return found

    def lines(self) -> dict[str, Any]:
        """All lines, in order.

        Raises:
            ApiError: they are still being read.
        """
        self._wait()
        with self.lock:
            cast = self.script.job.screenplay.cast if self.script else {}
            return {
                "version": self.version,
                "speakers": {name: number for number, name in enumerate(cast)},
                "lines": list(self._rows.values()),
            }

    def row(self, name: str) -> Row:
        """The row of a line.

        Raises:
            ApiError: there is no such line.
        """
        with self.lock:
            self.line(name)
            return self._rows[name]

    def details(self, name: str) -> Row:
        """A line with its takes, its spoken form and its settings.

        Raises:
            ApiError: there is no such line.
        """
        with self.lock:
            line, script = self.line(name), self.opened
            assert self.manuscript is not None
            why = self.manuscript.why_not(line.planned.line)
            edit = self.problem or (f"{why.what}; {why.remedy}" if why else None)
            return self.row(name) | {
                "spoken": line.planned.request.spoken,
                "settings": self.manuscript.own_settings(line.planned.line),
                "edit": edit,
                "takes": take_rows(script, line, self.marks),
            }

    @property
    def opened(self) -> OpenScript:
        """The script, once it has been read.

        Raises:
            ApiError: it is being read, or it cannot be.
        """
        self._wait()
        if self.script is None:
            raise ApiError(422, "invalid_script", self.problem or "", "mend the script; the page follows")
        return self.script

    def line(self, name: str) -> ScriptLine:
        """A line by its stable id.

        Raises:
            ApiError: there is no such line.
        """
        found = self.opened.by_id.get(name)
        if found is None:
            raise ApiError(
                404, "no_line", "there is no such line in the script", "read the lines again", name
            )
        return found

    def take(self, line: ScriptLine, take_id: str) -> Take:
        """A take of a line by its id.

        Raises:
            ApiError: the line has no such take.
        """
        for take in self.opened.takes_of(line):
            if take.id == take_id:
                return take
        raise ApiError(404, "no_take", "the line has no such take", "read the line again", take_id)

    def check_version(self, version: str, name: str, mine: str | None) -> None:
        """Make sure that the script is as it was shown.

        Raises:
            ScriptChangedError: it is not, or has errors by now; `name` is the line, and `mine` the text that
                it should have had.
        """
        if self.manuscript is not None and not self.manuscript.is_current():
            self.read()
        if version != self.version or self.problem is not None:
            raise self.changed(version, name, mine)

    def changed(self, version: str, name: str, mine: str | None) -> ScriptChangedError:
        """The error for an edit of a line as it was shown, where the script is another by now."""
        shown = self._shown.get(version, [])
        theirs = None if self.problem is not None else text_now(name, shown, self._rows)
        return ScriptChangedError(theirs, mine, self.version, self.problem)

    def _tell(self, changed: list[Row]) -> None:
        """Publish rows that have changed."""
        if len(changed) > MOST_ROWS:
            self._publish("script", {"script": self.number})
        elif changed:
            self._publish("lines", {"script": self.number, "lines": changed})

    def _row(self, line: ScriptLine) -> Row:
        assert self.script is not None
        mark = self.marks.get(line.planned.id, line.take.id if line.take else None)
        gap = self._gaps.get(line.planned.line.id, 0.0)
        return line_row(self.script, line, mark, gap, self._job_of(self.number, line.planned.id))

    def _wait(self) -> None:
        if not self._ready.wait(LOADING_SECONDS):
            raise ApiError(
                503, "loading", "the script is being read", "ask again", headers={"Retry-After": "2"}
            )

    def _paths(self) -> list[Path]:
        """What the script is made of: its files, its lexicons, the folders of voices."""
        files = [self.path] if self.manuscript is None else self.manuscript.files
        named = self.script.job.screenplay.lexicon if self.script else ()
        folder = self.path.parent
        lexicons = [project_file(folder), user_file(), *(folder / name for name in named)]
        return [*files, *lexicons, folder / "voices", data_dir() / "voices"]
