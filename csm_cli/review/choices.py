"""Which take a line uses, as a person decides it, and the way back to how that was before."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from csm_cli.editing.lines import ScriptLine
from csm_cli.editing.pinning import choose, pin, unpin
from csm_cli.review.book import Book
from csm_cli.review.errors import conflict
from csm_cli.review.reading import OpenScript
from csm_cli.review.rows import Row
from csm_cli.review.undo import Step, UndoStack
from csm_cli.takes.record import Used, merge_record


@dataclass(frozen=True)
class Choice:
    """How it stood with the takes of a line.

    Args:
        line: it is of.
        pinned: ids of the takes that were pinned for it.
        chosen: when takes were chosen for it, by their ids.
        used: what the record said of it.
    """

    line: ScriptLine
    pinned: frozenset[str]
    chosen: dict[str, str]
    used: Used

    @classmethod
    def of(cls, script: OpenScript, line: ScriptLine) -> Choice:
        """As it is now."""
        takes = script.takes_of(line)
        used = script.record.lines.get(line.planned.id)
        if used is None:
            used = Used(line.take.id if line.take else "", line.stale, line.reasons)
        return cls(
            line,
            frozenset(take.id for take in takes if line.place in take.pins),
            {take.id: take.chosen[line.place] for take in takes if line.place in take.chosen},
            used,
        )

    def restore(self, script: OpenScript) -> None:
        """Let it be so again. Takes that have been made since stay, neither pinned nor chosen.

        Raises:
            CsmError: it cannot be written.
        """
        place = self.line.place
        for take in script.takes_of(self.line):
            pins = tuple(each for each in take.pins if each != place)
            pins += (place,) if take.id in self.pinned else ()
            chosen = {name: when for name, when in take.chosen.items() if name != place}
            if take.id in self.chosen:
                chosen[place] = self.chosen[take.id]
            if (set(pins), chosen) != (set(take.pins), dict(take.chosen)):
                script.store.update(replace(take, pins=pins, chosen=chosen))
        if self.used.take:
            merge_record(script.job.takes, script.job.script, {self.line.planned.id: self.used})


class Choices:
    """Chooses, pins and lets go.

    Args:
        undo: takes note of each change.
    """

    def __init__(self, undo: UndoStack):
        self._undo = undo

    def choose(self, book: Book, name: str, take_id: str) -> Row:
        """Let a line use a take.

        Raises:
            ApiError: there is no such line or take, or the line is pinned to another.
        """
        with book.lock:
            book.refresh()
            line = book.line(name)
            take = book.take(line, take_id)
            if line.pinned and line.take is not None and line.take.id != take_id:
                raise conflict("pinned", "the line is pinned to another take", "unpin it first", line.source)
            return self._changed(book, line, "the choice of a take", lambda: choose(book.opened, line, take))

    def pin(self, book: Book, name: str, take_id: str) -> Row:
        """Pin a take of a line.

        Raises:
            ApiError: there is no such line or take.
        """
        with book.lock:
            book.refresh()
            line = book.line(name)
            take = book.take(line, take_id)
            return self._changed(book, line, "a pin", lambda: pin(book.opened, line, take))

    def unpin(self, book: Book, name: str) -> Row:
        """Let a line go again.

        Raises:
            ApiError: there is no such line.
        """
        with book.lock:
            book.refresh()
            line = book.line(name)
            if not line.pinned:
                return book.row(name)
            return self._changed(book, line, "letting go of a pin", lambda: unpin(book.opened, line))

    def note(self, book: Book, before: Choice, what: str) -> None:
        """Take note of a change that has been made to how it stood with a line."""

        name = before.line.planned.id
        after = Choice.of(book.opened, book.line(name))

        def back() -> str:
            with book.lock:
                book.refresh()
                now = Choice.of(book.opened, book.line(name))
                if (now.pinned, now.chosen, now.used) != (after.pinned, after.chosen, after.used):
                    raise conflict(
                        "choice_changed", "the choice has been changed since, so this cannot be undone",
                        "choose again", now.line.source,
                    )  # fmt: skip
                before.restore(book.opened)
                book.refresh()
            return before.line.planned.id

        self._undo.push(Step(what, back, book.number))

    def _changed(self, book: Book, line: ScriptLine, what: str, change: Callable[[], object]) -> Row:
        before = Choice.of(book.opened, line)
        try:
            change()
        finally:
            book.refresh()
        self.note(book, before, what)
        return book.row(line.planned.id)
