"""What is written down of a rendering: the take of every line, and its options.

`csm takes` and `csm master` read the record; nothing else depends on it. Where it is gone or damaged, the
takes themselves answer: of each line the one chosen or made last.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Mapping
from contextlib import nullcontext
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from csm_cli.core.errors import UsageError
from csm_cli.core.files import alone, short_name
from csm_cli.core.stored import as_json, left_aside, parsed, shaped_items
from csm_cli.core.visible import json_visible
from csm_cli.takes.files import files_at
from csm_cli.takes.keys import LineRequest
from csm_cli.takes.place import Place, Url
from csm_cli.takes.store import FOLDER, TakeStore
from csm_cli.takes.take import Take

RENDERS = "renders"
_SCHEMA = 1


@dataclass(frozen=True)
class Used:
    """The take that a line uses.

    Args:
        take: its id; "" for a line with nothing to say.
        stale: a take in its context is used no more.
        reasons: why the line needs review.
    """

    take: str
    stale: bool = False
    reasons: tuple[str, ...] = ()


@dataclass(frozen=True)
class Rendering:
    """The last rendering of a script.

    Args:
        script: name of its file.
        lines: by the line's stable id.
        options: of the rendering, as plain values, to speak a line again in the same way.
    """

    script: str
    lines: Mapping[str, Used] = field(default_factory=dict)
    options: Mapping[str, Any] = field(default_factory=dict)


def read_record(folder: Place, script: str, note: Callable[[str], None] = lambda text: None) -> Rendering:
    """The record of a script; an empty one where there is none or it is damaged.

    Args:
        note: called with a line about what is damaged; the rest is used.
    """
    files = files_at(folder)
    data = files.read(_name(script))
    record, problems = _record(script, data) if data is not None else (Rendering(script), [])
    if problems:
        where = files.where(_name(script))
        note(f"{where}: is damaged, and used as far as it goes ({left_aside(problems)})")
    return record


def _record(script: str, data: bytes) -> tuple[Rendering, list[str]]:
    """(what a file says as far as it can be used; what is wrong with the rest)."""
    problems: list[str] = []
    lines: dict[str, Used] = {}
    options: dict[str, Any] = {}
    try:
        value = parsed(data)
        if not isinstance(value, dict) or value.get("schema") != _SCHEMA:
            raise ValueError("it is of another version")
        lines = shaped_items(Used, value.get("lines"), problems.append)
        if not isinstance(value.get("options"), dict):
            raise ValueError("options: is no object")
        options = value["options"]
    except ValueError as error:
        problems.append(str(error))
    return Rendering(script, lines, options), problems


def merge_record(
    folder: Place,
    script: str,
    lines: Mapping[str, Used],
    *,
    options: Mapping[str, Any] | None = None,
) -> Rendering:
    """Take new lines into the record of a script; those of other processes stay.

    Behind a URL there is no lock: of two that write the same record at once, one may be lost.

    Args:
        folder: of the store.
        script: name of its file.
        lines: to add or replace.
        options: in place of what was noted under their names; None: as it was.

    Raises:
        CsmError: it cannot be written.
    """
    with nullcontext() if isinstance(folder, Url) else alone(folder / RENDERS, script):
        files, name = files_at(folder), _name(script)
        data = files.read(name)
        before, problems = _record(script, data) if data is not None else (Rendering(script), [])
        if data is not None and problems:  # what a person may still make sense of is kept
            files.write(f"{name.removesuffix('.json')}.damaged-{hashlib.sha256(data).hexdigest()[:8]}", data)
        merged = {**before.lines, **lines}
        new = Rendering(script, merged, {**before.options, **(options or {})})
        # Paths among the options need not be UTF-8.
        text = json_visible(as_json({"schema": _SCHEMA, **_as_dict(new)}))
        files.write(name, f"{text}\n".encode())
        return new


def _as_dict(record: Rendering) -> dict[str, Any]:
    """`dataclasses.asdict`, without its copies of every value."""
    lines = {
        line: {"take": used.take, "stale": used.stale, "reasons": used.reasons}
        for line, used in record.lines.items()
    }
    return {"script": record.script, "lines": lines, "options": dict(record.options)}


def current_take(
    store: TakeStore,
    record: Rendering,
    request: LineRequest,
    read: Callable[[str], Take | None] | None = None,
) -> Take | None:
    """The take that a line uses now; None if there is none, or it is damaged.

    A pin wins; then the record, which a choice changes; then the latest choice; then the latest take. What
    turns out to be a reading of other words is passed over, whatever index and record say.

    Args:
        read: `store.peek`, which is the default, or `store.load`.
    """
    read = read or store.peek
    while True:
        corrected, found = store.index.corrected, None
        for name in _named(store, record, request):
            found = read(name)
            if found is None or found.is_of(request):
                break
            found = None
        if store.index.corrected == corrected:
            return found


def _named(store: TakeStore, record: Rendering, request: LineRequest) -> Iterator[str]:
    """Ids of takes that a line might use, the first choice first."""
    place = request.place
    rows = store.index.at(place)
    yield from (row.id for row in reversed(rows) if place in row.pins)
    used = record.lines.get(request.line)
    if used is not None and used.take and store.index.get(used.take):
        yield used.take
    chosen = [row for row in rows if place in row.chosen]
    yield from (row.id for row in sorted(chosen, key=lambda row: row.chosen[place], reverse=True))
    yield from (row.id for row in reversed(rows))


def recorded_scripts(folder: Place) -> list[str]:
    """Names of the scripts that have a record."""
    names = files_at(folder).beside(RENDERS)
    return [name.removesuffix(".json") for name in names if name.endswith(".json") and name[0] != "."]


def rendered_scripts(takes: Place | None, folder: Path | None = None) -> list[Path]:
    """The scripts of a folder, this one by default, that were rendered and are there."""
    folder = folder or Path()
    names = recorded_scripts(takes or folder / FOLDER)
    return [folder / name for name in names if (folder / name).is_file()]


def only_script(takes: Place | None, folder: Path | None = None) -> Path:
    """The script that was rendered in this folder, if there is one and no other.

    Raises:
        UsageError: there are several, or none.
    """
    there = rendered_scripts(takes, folder)
    if len(there) == 1:
        return there[0]
    listed = ", ".join(str(path) for path in there[:3]) + (", …" if len(there) > 3 else "")
    raise UsageError(
        f"{len(there)} scripts were rendered here: {listed}" if there else "no script was rendered here",
        where=str((folder or Path()).resolve()),
        remedy="name the script (a line of it is SCRIPT:LINE)",
    )


def _name(script: str) -> str:
    return f"{RENDERS}/{short_name(script, '.json')}"
