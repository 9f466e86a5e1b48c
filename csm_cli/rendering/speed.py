"""How fast a model last spoke on this machine, for the estimates of a dry run."""

from __future__ import annotations

import json
from contextlib import suppress
from pathlib import Path
from typing import Protocol

from csm_cli.core.errors import CsmError
from csm_cli.core.files import cache_dir, written
from csm_cli.rendering.requests import Loaded, identity_of

LEAST_SECONDS = 5.0
"""Of speech; less tells nothing of the speed."""


class Placed(Loaded, Protocol):
    """A model on a device."""

    @property
    def device(self) -> object:
        """Where it runs, as torch writes it."""


def note_speed(model: Placed, spoken: float, took: float) -> None:
    """Remember that `spoken` seconds of speech took `took` seconds, if it is long enough to tell."""
    if spoken < LEAST_SECONDS or took <= 0:
        return
    known = _read() | {_key(model): round(spoken / took, 3)}
    with suppress(CsmError), written(_path()) as temporary:
        temporary.write_text(json.dumps(known, indent=1), encoding="utf-8")


def last_speed(model: Placed) -> float | None:
    """Times real time when this model last spoke on this kind of device; None: not known."""
    found = _read().get(_key(model))
    return found if isinstance(found, float) and found > 0 else None


def _key(model: Placed) -> str:
    identity = identity_of(model)
    return f"{identity.revision} {identity.dtype} {str(model.device).partition(':')[0]}"


def _path() -> Path:
    return cache_dir() / "speeds.json"


def _read() -> dict[str, object]:
    try:
        return dict(json.loads(_path().read_bytes()))
    except (OSError, ValueError, TypeError, RecursionError):
        return {}
