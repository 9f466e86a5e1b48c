"""What a reader is: good files of a kind, how csm reads them, and what must hold then."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Any

from csm_cli.core.errors import CsmError


class NotTheSameError(Exception):
    """What was read, written and read again has become something else."""


@dataclass(frozen=True)
class Reader:
    """A kind of file.

    Args:
        name: in the names of findings.
        seeds: makes good files, in a folder that may be used for it.
        read: reads a file, given as bytes; the folder is the same for all inputs, and empty at first.
        share: how often, beside the others.
        sealed: makes a damaged file agree with its own digest again, where it has one.
        make: makes a good file of its own each time, in place of one of the seeds.
    """

    name: str
    seeds: Callable[[Path], list[bytes]]
    read: Callable[[Path, bytes], None]
    share: float = 1.0
    sealed: Callable[[bytes], bytes] | None = None
    make: Callable[[Random], bytes] | None = None


def refusals() -> tuple[type[BaseException], ...]:
    """The errors that users and clients are answered with."""
    from csm_cli.engine.wire import WireError
    from csm_cli.web.errors import ApiError

    return CsmError, ApiError, WireError


def check_same(before: Any, after: Any, what: str) -> None:
    """Raise if what was read a second time is not what was read first."""
    if before != after:
        raise NotTheSameError(f"{what}: {before!r:.300} became {after!r:.300}")


def put(folder: Path, name: str, data: bytes) -> Path:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
    return path
