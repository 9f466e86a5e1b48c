"""What a person changes on a line beside its takes: its mark, its text, its settings."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from csm_cli.core.errors import ScriptError, UsageError
from csm_cli.review.book import Book
from csm_cli.review.edits import ChangedOutsideError, Edited, Patch
from csm_cli.review.errors import LintError, conflict
from csm_cli.review.manuscript import Manuscript
from csm_cli.review.rows import Row
from csm_cli.review.undo import Step, UndoStack
from csm_cli.script import Line
from csm_cli.web.errors import ApiError

_MARKED = {"good": "marked as good", "bad": "marked as bad", None: "a mark taken away"}


class Changes:
    """Marks and edits lines.

    Args:
        undo: takes note of each change.
    """

    def __init__(self, undo: UndoStack):
        self._undo = undo

    def mark(self, book: Book, name: str, take: str, mark: str | None, fault: str | None) -> Row:
        """Mark a line in the take that it uses; None: take the mark away.

        Raises:
            ApiError: the line uses another take by now, or there is no such line, mark or fault.
            CsmError: it cannot be written.
        """
        with book.lock:
            line = book.line(name)
            if line.take is None or line.take.id != take:
                raise conflict(
                    "take_changed", "the line uses another take by now", "listen to it again", line.source
                )
            try:
                before = book.marks.mark(name, take, mark, fault)
                after = book.marks.get(name, take)
            except ValueError as error:
                raise ApiError(400, "bad_request", str(error), place="mark") from error
            book.update([name])

            def back() -> str:
                with book.lock:
                    book.marks.refresh()
                    if book.marks.get(name, take) != after:
                        raise conflict("mark_changed", "the mark has been changed since", "mark it again")
                    book.marks.restore(name, take, before)
                    book.update([name])
                return name

            if mark != "heard":  # which playing through sets: to undo is what a person did
                self._undo.push(Step(_MARKED[mark], back, book.number))
            return book.row(name)

    def text(self, book: Book, name: str, text: str, version: str) -> dict[str, Any]:
        """Give a line another text.

        Args:
            version: of the script that the page shows.

        Returns:
            The version of the script now, the lines that have changed, the id of the line now.

        Raises:
            ScriptChangedError: the script is another by now.
            LintError: it would have errors.
            ApiError: there is no such line, or it cannot be edited here.
            CsmError: it cannot be written.
        """
        return self._edited(
            book, name, version, text, "a text", lambda manuscript, line: manuscript.with_text(line, text)
        )

    def settings(
        self, book: Book, name: str, values: Mapping[str, float | None], version: str
    ) -> dict[str, Any]:
        """Give a line settings, or (None) take them away; otherwise as `text`."""
        return self._edited(
            book,
            name,
            version,
            None,
            f"the {' and '.join(values)} of a line",
            lambda manuscript, line: manuscript.with_settings(line, values),
        )

    def _edited(
        self,
        book: Book,
        name: str,
        version: str,
        mine: str | None,
        what: str,
        edit: Callable[[Manuscript, Line], Edited],
    ) -> dict[str, Any]:
        with book.lock:
            book.check_version(version, name, mine)
            line, manuscript = book.line(name), book.manuscript
            assert manuscript is not None
            before = {row["id"]: row for row in book.lines()["lines"]}
            at = list(before).index(name)
            try:
                edited = edit(manuscript, line.planned.line)
                patch = edited.write() if edited.before != edited.after else None
            except ScriptError as error:
                raise LintError(error) from error
            except UsageError as error:
                raise ApiError(422, "not_editable", error.what, error.remedy or "", error.where) from error
            except ChangedOutsideError as error:
                book.read()
                raise book.changed(version, name, mine) from error
            if patch is not None:
                book.read(manuscript.after(edited))
                self._undo.push(Step(what, lambda: self._back(book, patch, at), book.number))
            rows = book.lines()["lines"]
            changed = [row for row in rows if before.get(row["id"]) != row]
            return {"version": book.version, "lines": changed, "id": self._id_at(book, at, line.planned.line)}

    def _back(self, book: Book, patch: Patch, at: int) -> str | None:
        with book.lock:
            try:
                patch.undo()
            except ChangedOutsideError as error:
                raise conflict(
                    "script_changed",
                    "the script has been changed since, so this cannot be undone",
                    "edit it again",
                    str(patch.file),
                ) from error
            finally:
                book.read()
            return self._id_at(book, at)

    def _id_at(self, book: Book, at: int, line: Line | None = None) -> str | None:
        """The id of the line at a place among the lines; where that is another one, by its row."""
        lines = book.opened.lines
        if line is not None:
            same = [
                each.planned.id
                for each in lines[max(0, at - 1) : at + 2]
                if (each.planned.line.source.path, each.planned.line.source.line)
                == (line.source.path, line.source.line)
            ]
            if same and not (at < len(lines) and lines[at].planned.id in same):
                return same[0]
        return lines[at].planned.id if at < len(lines) else None
