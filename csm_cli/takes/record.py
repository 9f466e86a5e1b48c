"""What is written down of a rendering: the take of every line, and in csm.lock what takes were made with.

`csm takes` and `csm master` read the record; nothing else depends on it. Where it is gone or damaged, the
takes themselves answer: of each line the one chosen or made last.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from contextlib import nullcontext
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from csm_cli.core.data import parse_json, parse_yaml
from csm_cli.core.errors import CsmError, UsageError
from csm_cli.core.files import alone, read_file, written
from csm_cli.takes.files import files_at
from csm_cli.takes.place import Place, Url
from csm_cli.takes.store import FOLDER, TakeStore

RENDERS = "renders"
_SCHEMA = 1
LOCK_NAME = "csm.lock"
MAX_LOCK_BYTES = 1 << 20
_LOCK_SCHEMA = 1
_HEAD = "# What the takes of these scripts were made with. Written by csm render; keep it with the scripts.\n"


def read_lock(folder: Path) -> dict[str, dict[str, Any]]:
    """The entries of `csm.lock`, by the name of the script; {} where there is none.

    Raises:
        CsmError: it is damaged.
    """
    path = folder / LOCK_NAME
    try:
        value = parse_yaml(read_file(path, MAX_LOCK_BYTES))
        if value["schema"] != _LOCK_SCHEMA:
            raise ValueError(f"of schema {value['schema']}")
        return {str(name): dict(facts) for name, facts in value["scripts"].items()}
    except FileNotFoundError:
        return {}
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        problem = getattr(error, "strerror", None) or str(error).partition("\n")[0]
        raise CsmError(
            f"cannot be read ({problem})", where=str(path), remedy="restore it, or delete it and render again"
        ) from error


def write_lock(folder: Path, scripts: Mapping[str, Mapping[str, Any]]) -> None:
    """Note what scripts are rendered with; the entries of other scripts stay.

    Raises:
        CsmError: it is damaged or cannot be written.
    """
    with alone(folder / ".csm", "lockfile"):
        before = read_lock(folder)
        after = before | {name: dict(facts) for name, facts in scripts.items()}
        if after == before:
            return
        with written(folder / LOCK_NAME) as temporary:
            text = yaml.safe_dump(
                {"schema": _LOCK_SCHEMA, "scripts": after}, sort_keys=True, allow_unicode=True
            )
            temporary.write_text(_HEAD + text, encoding="utf-8")


def differences(locked: Mapping[str, Any], now: Mapping[str, Any], name: str = "") -> list[str]:
    """What differs, a line each: "voices anna: was 3f…, is 9a…"; only what both state."""
    found: list[str] = []
    for key in locked:
        label = f"{name} {key}".strip()
        # A name changes no sound; the revision identifies the model.
        if key not in now or label == "model id":
            continue
        if isinstance(locked[key], Mapping) and isinstance(now[key], Mapping):
            found += differences(locked[key], now[key], label)
        elif locked[key] != now[key]:
            found.append(f"{label}: was {locked[key]}, is {now[key]}")
    return found


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


def read_record(folder: Place, script: str) -> Rendering:
    """The record of a script; an empty one where there is none or it is damaged."""
    try:
        value = parse_json(files_at(folder).read(_name(script)) or b"")
        if value["schema"] != _SCHEMA:
            return Rendering(script)
        lines = {
            line: Used(str(used["take"]), bool(used["stale"]), tuple(map(str, used["reasons"])))
            for line, used in value["lines"].items()
        }
        return Rendering(script, lines, dict(value["options"]))
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return Rendering(script)


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
        before = read_record(folder, script)
        merged = {**before.lines, **lines}
        new = Rendering(script, merged, {**before.options, **(options or {})})
        text = json.dumps({"schema": _SCHEMA, **_as_dict(new)}, ensure_ascii=False)
        files_at(folder).write(_name(script), f"{text}\n".encode())
        return new


def _as_dict(record: Rendering) -> dict[str, Any]:
    """`dataclasses.asdict`, without its copies of every value."""
    lines = {
        line: {"take": used.take, "stale": used.stale, "reasons": used.reasons}
        for line, used in record.lines.items()
    }
    return {"script": record.script, "lines": lines, "options": dict(record.options)}


def current_take(store: TakeStore, record: Rendering, place: str, line: str) -> str | None:
    """The id of the take that a line uses now.

    A pin wins; then the record, which a choice changes; then the latest choice; then the latest take.
    """
    rows = store.index.at(place)
    pinned = [row for row in rows if place in row.pins]
    if pinned:
        return pinned[-1].id
    used = record.lines.get(line)
    if used is not None and used.take and store.index.get(used.take):
        return used.take
    chosen = [row for row in rows if place in row.chosen]
    if chosen:
        return max(chosen, key=lambda row: row.chosen[place]).id
    return rows[-1].id if rows else None


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
    return f"{RENDERS}/{script}.json"
