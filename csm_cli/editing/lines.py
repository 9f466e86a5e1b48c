"""The lines of a script with the takes that they use: what every command on takes starts from. No model."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass, replace
from itertools import groupby
from pathlib import Path
from typing import Any

from csm_cli.core.errors import MissingError, UsageError
from csm_cli.rendering.options import RenderOptions
from csm_cli.rendering.outdated import CONTEXT, Outdated, changed_contexts
from csm_cli.rendering.plan import PlannedLine
from csm_cli.rendering.project import plan_jobs, read_jobs
from csm_cli.script import Chapter
from csm_cli.takes import Take, TakeStore
from csm_cli.takes.keys import place_of
from csm_cli.takes.place import Place
from csm_cli.takes.record import Used, current_take, merge_record, only_script, read_record
from csm_cli.takes.store import FOLDER

SHORTEST_ID = 4


@dataclass(frozen=True, eq=False)
class ScriptLine:
    """A line of the script.

    Args:
        planned: as it would be spoken.
        chapter: it is in.
        place: its name among all scripts of the project.
        take: that it uses now; None if it was never spoken.
        reasons: why it needs review.
        changes: why the take is stale, in plain words: the line is read otherwise by now, is in another
            voice by now, its context has changed.
    """

    planned: PlannedLine
    chapter: Chapter
    place: str
    take: Take | None
    reasons: tuple[str, ...]
    changes: tuple[str, ...] = ()

    @property
    def stale(self) -> bool:
        """Whether anything has changed since the take was spoken."""
        return bool(self.changes)

    @property
    def outdated(self) -> tuple[str, ...]:
        """What of that a rendering would speak again in any case: all but the context."""
        return tuple(change for change in self.changes if change != CONTEXT)

    @property
    def state(self) -> str:
        """new, pinned, review, stale or ok; what the checks found in an outdated take is of no interest."""
        if self.take is None:
            return "new"
        if self.pinned:
            return "pinned"
        return "stale" if self.outdated else "review" if self.reasons else "stale" if self.stale else "ok"

    @property
    def source(self) -> str:
        """`file:line` in the script."""
        where = self.planned.line.source
        return f"{where.path}:{where.line}"

    @property
    def pinned(self) -> bool:
        """Whether a person wants this take and no other."""
        return self.take is not None and self.place in self.take.pins


class ScriptTakes:
    """A script with its takes.

    Args:
        script: the file.
        takes: where they are kept; None: beside the script.
        store: of them, if it is open already.
        note: called with a line about each file of csm's own that is damaged; the others are used.
        speaks: lines may be spoken; else a lexicon with problems is noted and left out.

    Raises:
        ScriptError, MissingError: as `read_jobs`.
    """

    def __init__(
        self,
        script: Path,
        takes: Place | None = None,
        store: TakeStore | None = None,
        note: Callable[[str], None] = lambda text: None,
        speaks: bool = True,
    ):
        folder = takes or script.parent / FOLDER
        self.record = read_record(folder, script.name, note)
        self.options = RenderOptions.recall(self.record.options, takes, note)
        (self.job,) = read_jobs([script], self.options, None if speaks else note)
        self.store = store or TakeStore(folder)
        self.lines = self._lines()
        for problem in self.store.index.problems:
            note(problem)

    @property
    def script(self) -> Path:
        """The script file, as the screenplay names it."""
        return Path(self.job.screenplay.path)

    def takes_of(self, line: ScriptLine) -> list[Take]:
        """All takes of a line that say what it says now, oldest first."""
        rows = {row.id: row for row in self.store.index.at(line.place)}
        if line.take is not None:
            rows |= {row.id: row for row in self.store.index.in_slot(line.take.asked.slot)}
        found = (self.store.peek(row.id) for row in sorted(rows.values(), key=lambda row: (row.made, row.id)))
        return [take for take in found if take is not None and take.asked.written == line.planned.line.text]

    def find(self, name: str) -> ScriptLine:
        """The line of a stable id, the beginning of one, or a line number of the script.

        Raises:
            UsageError: there is none, or there are several.
        """
        number, _, column = name.partition(":")
        if number.isdecimal() and (not column or column.isdecimal()):
            found = [line for line in self.lines if line.planned.line.source.line == int(number)]
            if column:
                found = [line for line in found if line.planned.line.source.column == int(column)] or found
        else:
            found = [line for line in self.lines if line.planned.id == name]
            if not found and len(name) >= SHORTEST_ID:
                found = [line for line in self.lines if line.planned.id.startswith(name)]
        if len(found) == 1:
            return found[0]
        if not found:
            raise UsageError(
                f"there is no line {name}", where=str(self.script), remedy=f"see csm takes list {self.script}"
            )
        ids = ", ".join(line.planned.id for line in found[:9])
        raise UsageError(
            f"{name} names several lines: {ids}", where=str(self.script), remedy="name one of them"
        )

    def find_take(self, line: ScriptLine, name: str | None) -> Take:
        """A take of a line: by its number, from 1, or the beginning of its id; None: the one it uses.

        Raises:
            MissingError: the line was never spoken.
            UsageError: there is no such take, or there are several.
        """
        takes = self.takes_of(line)
        if name is None:
            if line.take is None:
                raise MissingError(
                    "the line has no take yet", where=line.source, remedy=f"csm render {self.script}"
                )
            return line.take
        if name.isdecimal() and 1 <= int(name) <= len(takes):
            return takes[int(name) - 1]
        found = [take for take in takes if take.id.startswith(name)] if len(name) >= SHORTEST_ID else []
        if len(found) != 1:
            several = "is the beginning of several takes" if found else "is no take of this line"
            raise UsageError(
                f"{name} {several}; there are {len(takes)}",
                where=line.source,
                remedy=f"give a number from 1 to {len(takes)}, or an id" if takes else "render it first",
            )
        return found[0]

    def use(self, line: ScriptLine, take: Take) -> None:
        """Note that a line now uses a take."""
        reasons = () if take.accepted else take.reasons
        used = {line.planned.id: Used(take.id, False, reasons)}
        merge_record(self.job.takes, self.job.script, used)

    def refresh(self, places: Collection[str]) -> list[ScriptLine]:
        """Look again which takes the lines use, after a change on the disk.

        Args:
            places: of lines whose takes have changed, as `Index.refresh` gives them. Lines of which the
                record says something else now are added.

        Returns:
            Those lines, new, and others whose context has changed by that; they are in `lines` too.
        """
        before, self.record = self.record.lines, read_record(self.job.takes, self.job.script)
        now, fresh = self.record.lines, set()
        for at, line in enumerate(self.lines):
            name = line.planned.id
            if line.place in places or before.get(name) != now.get(name):
                self.lines[at] = self._compared(self._line(line.chapter, line.planned))
                fresh.add(at)
        return [self.lines[at] for at in sorted(fresh | self._follow_contexts(fresh))]

    def close(self) -> None:
        """Write what makes the next opening quicker."""
        self.store.close()

    def _lines(self) -> list[ScriptLine]:
        (plan,) = plan_jobs([self.job], self.options)
        self._outdated = Outdated(self.job)
        self.lines = [self._line(chain.chapter, planned) for chain in plan.chains for planned in chain.lines]
        every = range(len(self.lines))
        for at in every:  # all letters are known by now
            self.lines[at] = self._compared(self.lines[at])
        self._follow_contexts(every)
        return self.lines

    def _line(self, chapter: Chapter, planned: PlannedLine) -> ScriptLine:
        place = place_of(self.job.script, planned.id)
        take = current_take(self.store, self.record, planned.request)
        used = self.record.lines.get(planned.id, Used(""))
        same = take is not None and used.take == take.id
        reasons = used.reasons if same else take.reasons if take and not take.accepted else ()
        if take is not None:
            self._outdated.learn(take)
            reasons = () if place in take.pins else reasons
        return ScriptLine(planned, chapter, place, take, reasons)

    def _compared(self, line: ScriptLine) -> ScriptLine:
        """The line with what has changed since its take was spoken, but for the context."""
        changes = self._outdated.changes(line.planned, line.chapter.number, line.take)
        return line if changes == line.changes else replace(line, changes=changes)

    def _follow_contexts(self, places: Collection[int]) -> set[int]:
        """Look which contexts have changed in the chapters of the lines at `places`; where that is new."""
        wanted, found = {self.lines[at].chapter.number for at in places}, set()
        for number, group in groupby(range(len(self.lines)), lambda at: self.lines[at].chapter.number):
            if number not in wanted:
                continue
            chapter = list(group)
            contexts = changed_contexts(self.store, [self.lines[at].take for at in chapter])
            for at, change in zip(chapter, contexts, strict=True):
                line = self.lines[at]
                changes = (*line.outdated, *(() if line.pinned else change))
                if changes != line.changes:
                    self.lines[at] = replace(line, changes=changes)
                    found.add(at)
        return found


def split_name(name: str, script: Path | None, takes: Place | None) -> tuple[Path, str]:
    """A line as a person names it, as (script, name in it).

    Args:
        name: `book.md:12`, `book.md:12:3`, `book.md#k3f9a2b`; or `12` or `k3f9a2b` of `script`.
        script: as an option names it; None: the only script that was rendered here.

    Raises:
        UsageError: it is not clear which script is meant.
    """
    head, mark, rest = name.partition("#")
    if mark:
        return Path(head), rest
    pieces = name.rsplit(":", 2)
    for cut in (1, 2):
        if len(pieces) > cut and all(piece.isdecimal() for piece in pieces[cut:]) and pieces[0]:
            head = ":".join(pieces[:cut])
            if not head.isdecimal():
                return Path(head), ":".join(pieces[cut:])
    return script or only_script(takes), name


def line_row(script: ScriptTakes, line: ScriptLine) -> dict[str, Any]:
    """A line with its takes as plain values, for JSON and for printing."""
    planned = line.planned
    return {
        "name": planned.id,
        "source": line.source,
        "chapter": line.chapter.number,
        "speaker": planned.line.speaker,
        "voice": planned.voice,
        "text": planned.line.text,
        "state": line.state,
        "stale": line.stale,
        "changes": list(line.changes),
        "review": list(line.reasons),
        "takes": [_take_row(line, take) for take in script.takes_of(line)],
    }


def _take_row(line: ScriptLine, take: Take) -> dict[str, Any]:
    return {
        "name": take.id,
        "origin": take.origin,
        "made": take.made,
        "seed": take.parts[0].seed if take.parts else take.asked.seed,
        "seconds": round(take.seconds, 3),
        "tries": take.tries,
        "in_use": line.take is not None and line.take.id == take.id,
        "pinned": line.place in take.pins,
        "checked": list(take.checked),
        "reasons": list(take.reasons),
        "scores": [dict(part.scores) for part in take.parts],
        "heard": list(take.context),
    }
