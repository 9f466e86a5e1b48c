"""`csm.lock`: what a project's takes were made with. While it fits, the same script gives the same takes."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from csm_cli.core.errors import CsmError
from csm_cli.core.files import alone, written

NAME = "csm.lock"
_SCHEMA = 1
_HEAD = "# What the takes of these scripts were made with. Written by csm render; keep it with the scripts.\n"


def read_lock(folder: Path) -> dict[str, dict[str, Any]]:
    """What `csm.lock` says, by the name of the script; {} where there is none.

    Raises:
        CsmError: it is damaged.
    """
    path = folder / NAME
    try:
        value = yaml.safe_load(path.read_text(encoding="utf-8"))
        if value["schema"] != _SCHEMA:
            raise ValueError(f"of schema {value['schema']}")
        return {str(name): dict(facts) for name, facts in value["scripts"].items()}
    except FileNotFoundError:
        return {}
    except (OSError, ValueError, KeyError, TypeError, AttributeError, yaml.YAMLError) as error:
        problem = str(error).partition("\n")[0]
        raise CsmError(
            f"cannot be read ({problem})", where=str(path), remedy="restore it, or delete it and render again"
        ) from error


def write_lock(folder: Path, scripts: Mapping[str, Mapping[str, Any]]) -> None:
    """Note what scripts are rendered with; what it says of other scripts stays.

    Raises:
        CsmError: it is damaged or cannot be written.
    """
    with alone(folder / ".csm", "lockfile"):
        before = read_lock(folder)
        after = before | {name: dict(facts) for name, facts in scripts.items()}
        if after == before:
            return
        with written(folder / NAME) as temporary:
            text = yaml.safe_dump({"schema": _SCHEMA, "scripts": after}, sort_keys=True, allow_unicode=True)
            temporary.write_text(_HEAD + text, encoding="utf-8")


def differences(locked: Mapping[str, Any], now: Mapping[str, Any], name: str = "") -> list[str]:
    """What differs, a line each: "voices anna: was 3f…, is 9a…"; only what both state."""
    found: list[str] = []
    for key in locked:
        label = f"{name} {key}".strip()
        if key not in now or label == "model id":  # a name changes no sound; the revision tells the model
            continue
        if isinstance(locked[key], Mapping) and isinstance(now[key], Mapping):
            found += differences(locked[key], now[key], label)
        elif locked[key] != now[key]:
            found.append(f"{label}: was {locked[key]}, is {now[key]}")
    return found
