"""The lines of a script with the takes that they use: what every command on takes starts from. No model."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from csm_cli.core.errors import MissingError, UsageError
from csm_cli.rendering.options import RenderOptions
from csm_cli.rendering.plan import PlannedLine
from csm_cli.rendering.project import plan_jobs, read_jobs
from csm_cli.script import Chapter
from csm_cli.takes import Take, TakeStore
from csm_cli.takes.keys import place_of
from csm_cli.takes.place import Place
from csm_cli.takes.record import Used, current_take, merge_record, read_record, recorded_scripts
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
        stale: whether a take in its context is used no more, as of the last rendering.
        reasons: why it needs review.
    """

    planned: PlannedLine
    chapter: Chapter
    place: str
    take: Take | None
    stale: bool
    reasons: tuple[str, ...]

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

    Raises:
        ScriptError, MissingError: as `read_jobs`.
    """

    def __init__(self, script: Path, takes: Place | None = None, store: TakeStore | None = None):
        folder = takes or script.parent / FOLDER
        self.record = read_record(folder, script.name)
        self.options = RenderOptions.recall(dict(self.record.options), takes)
        (self.job,) = read_jobs([script], self.options)
        self.store = store or TakeStore(folder)
        self.lines = self._lines()

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
            Those lines, new; they are in `lines` too.
        """
        before, self.record = self.record.lines, read_record(self.job.takes, self.job.script)
        now, changed = self.record.lines, []
        for at, line in enumerate(self.lines):
            name = line.planned.id
            if line.place in places or before.get(name) != now.get(name):
                self.lines[at] = self._line(line.chapter, line.planned)
                changed.append(self.lines[at])
        return changed

    def close(self) -> None:
        """Write what makes the next opening quicker."""
        self.store.close()

    def _lines(self) -> list[ScriptLine]:
        (plan,) = plan_jobs([self.job], self.options)
        return [self._line(chain.chapter, planned) for chain in plan.chains for planned in chain.lines]

    def _line(self, chapter: Chapter, planned: PlannedLine) -> ScriptLine:
        place = place_of(self.job.script, planned.id)
        name = current_take(self.store, self.record, place, planned.id)
        take = self.store.peek(name) if name else None
        used = self.record.lines.get(planned.id, Used(""))
        same = take is not None and used.take == take.id
        reasons = used.reasons if same else take.reasons if take and not take.accepted else ()
        if take is not None and place in take.pins:
            reasons = ()
        return ScriptLine(planned, chapter, place, take, same and used.stale, reasons)


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


def only_script(takes: Place | None, folder: Path | None = None) -> Path:
    """The script that was rendered in this folder, if there is one and no other.

    Raises:
        UsageError: there are several, or none.
    """
    folder = folder or Path()
    names = recorded_scripts(takes or folder / FOLDER)
    there: Sequence[Path] = [folder / name for name in names if (folder / name).is_file()]
    if len(there) == 1:
        return there[0]
    listed = ", ".join(str(path) for path in there[:3]) + (", …" if len(there) > 3 else "")
    raise UsageError(
        f"{len(there)} scripts were rendered here: {listed}" if there else "no script was rendered here",
        where=str(folder.resolve()),
        remedy="name the script (a line of it is SCRIPT:LINE)",
    )


def line_state(line: ScriptLine) -> str:
    """new, pinned, review, stale or ok."""
    if line.take is None:
        return "new"
    return "pinned" if line.pinned else "review" if line.reasons else "stale" if line.stale else "ok"


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
        "state": line_state(line),
        "stale": line.stale,
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
