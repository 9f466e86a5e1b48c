"""csm.lock, beside the scripts: what their takes were made with."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import yaml

from csm_cli.core.data import parse_yaml
from csm_cli.core.errors import CsmError, UnfitFile, UsageError, unread
from csm_cli.core.files import alone, written
from csm_cli.core.reading import read_file
from csm_cli.core.stored import LARGEST

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
        return {str(name): _facts(str(name), facts) for name, facts in value["scripts"].items()}
    except FileNotFoundError:
        return {}
    except (UnfitFile, ValueError, KeyError, TypeError, AttributeError) as error:
        problem = getattr(error, "strerror", None) or str(error).partition("\n")[0]
        raise CsmError(
            f"cannot be read ({problem})", where=str(path), remedy="restore it, or delete it and render again"
        ) from error
    except OSError as error:
        raise unread(error, path) from error


def _facts(name: str, value: Any, inner: bool = False) -> dict[str, Any]:
    """What the lock says of a script: plain values, or tables of them by names.

    Raises:
        ValueError: it says something else.
    """
    if not isinstance(value, dict) or not all(isinstance(key, str) for key in value):
        raise ValueError(f"{name}: is no table of facts")
    for key, each in value.items():
        if isinstance(each, dict) and not inner:
            _facts(f"{name}: {key}", each, inner=True)
        elif not isinstance(each, str | int | float | None) or (
            isinstance(each, int | float) and not abs(each) <= LARGEST
        ):
            raise ValueError(f"{name}: {key[:60]} has a value that no lock has")
    return value


class _Plain(yaml.SafeDumper):
    """Writes values that are one object in full each time: a lock with an alias is refused."""

    def ignore_aliases(self, data: Any) -> bool:
        return True


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
            value = {"schema": _LOCK_SCHEMA, "scripts": after}
            text = yaml.dump(value, Dumper=_Plain, sort_keys=True, allow_unicode=True)
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
            found.append(f"{_shown(label)}: was {_shown(locked[key])}, is {_shown(now[key])}")
    return found


def settle_lock(
    folder: Path,
    scripts: Mapping[str, Mapping[str, Any]],
    note: Callable[[str], None],
    *,
    locked: bool = False,
) -> None:
    """Note what differs from `csm.lock`, and write down how it is now.

    Args:
        folder: of the scripts.
        scripts: what their takes are made with, by the names of their files.
        note: called with each difference, a line each.
        locked: stop at a difference.

    Raises:
        UsageError: `locked`, and takes would come out differently.
    """
    before = read_lock(folder)
    found = [text for name in scripts for text in differences(before.get(name, {}), scripts[name])]
    if found and locked:
        raise UsageError(
            f"takes would come out differently: {'; '.join(found)}",
            where=str(folder / LOCK_NAME),
            remedy="render without --locked to accept that, or undo the change",
        )
    for difference in found:
        note(f"{folder / LOCK_NAME}: {difference}; lines that this changes are spoken again")
    try:
        write_lock(folder, scripts)
    except CsmError as error:  # a script may lie where nothing can be written; its takes need not
        note(f"not kept: {error}")


def _shown(value: Any) -> str:
    """A value or name in one row, for a message: people edit the lock too."""
    text = " ".join(str(value).split())
    return text if len(text) <= 80 else f"{text[:79]}…"
