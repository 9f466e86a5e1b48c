"""What goes between the driver and its workers, all of it picklable, and the check that workers agree."""

from __future__ import annotations

import hashlib
import platform
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from csm_cli.cluster.scheduler import Assignment, Key
from csm_cli.core import PACKAGE_DIR, __version__
from csm_cli.core.errors import MissingError
from csm_cli.rendering.options import RenderOptions
from csm_cli.rendering.plan import Chain
from csm_cli.rendering.project import Job
from csm_cli.rendering.requests import ModelTraits
from csm_cli.takes import Take
from csm_cli.takes.place import Place
from csm_cli.voices.voice import Voice


@dataclass(frozen=True)
class Setup:
    """What a worker is given before all else.

    Args:
        folder: the driver's working folder, in which all relative paths hold.
        stores: where takes lie, for each a name of a file beside them that proves that it is the same one.
        options: of the rendering.
        jobs: without their chapters: whose languages, lexicons and voices the checks are for.
        voices: every voice, with the hash of its reference.
        beside: names of all scripts that are rendered at the same time.
        since: when the rendering began; with `options.fresh`, takes chosen since then are its own.
    """

    folder: Path
    stores: Mapping[Place, str]
    options: RenderOptions
    jobs: tuple[Job, ...] = ()
    voices: tuple[tuple[Voice, str], ...] = ()
    beside: frozenset[str] = frozenset()
    since: str = ""


@dataclass(frozen=True)
class WorkerInfo:
    """What a worker reports before it speaks.

    Args:
        host: name of its machine.
        device: where its model runs.
        versions: of all that can change the sound, by name.
        model: that it has loaded.
        rate: Hz.
        checks: that takes go through.
        slots: lines that it speaks side by side.
        notes: what a person should know.
    """

    host: str
    device: str
    versions: Mapping[str, str]
    model: ModelTraits
    rate: int
    checks: tuple[str, ...]
    slots: int
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Order:
    """A chain to speak, with all that is needed for it.

    Args:
        assignment: which chain, and how much of it.
        chain: its lines; its script holds no other chapter.
        voices: by the names that the lines use.
        takes: where the store lies.
    """

    assignment: Assignment
    chain: Chain
    voices: Mapping[str, Voice]
    takes: Place


@dataclass(frozen=True)
class Result:
    """What a line came to; the fields are those of `SpokenLine`."""

    take: Take | None
    rendered: bool
    stale: bool = False


@dataclass(frozen=True)
class Started:
    """A chain has a slot."""

    key: Key


@dataclass(frozen=True)
class LineDone:
    """A line is finished."""

    key: Key
    number: int
    result: Result


@dataclass(frozen=True)
class ChainDone:
    """All that was ordered of a chain is spoken and on the disk."""

    key: Key
    results: tuple[Result, ...]


Event = Started | LineDone | ChainDone


@dataclass(frozen=True)
class WorkerNews:
    """What a worker reports.

    Args:
        events: since the last time, in order.
        slots: lines that it can speak side by side now.
    """

    events: tuple[Event, ...] = field(default=())
    slots: int = 1


PACKAGES = ("torch", "transformers", "tokenizers", "numpy", "soundfile")
"""Whose versions can change what a line sounds like, or how a take is written."""


@cache
def versions() -> dict[str, str]:
    """Of everything here that has a say in the sound."""
    found = {
        "csm": __version__,
        "csm's code": _digest(PACKAGE_DIR, "*.py"),
        "the lexicon": _digest(PACKAGE_DIR / "text", "*"),
        "Python": ".".join(platform.python_version_tuple()[:2]),
    }
    for name in PACKAGES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            found[name] = "missing"
    return found


def check_info(worker: str, info: WorkerInfo, ours: Mapping[str, str], first: WorkerInfo | None) -> None:
    """Make sure that a worker would speak as the others do.

    Args:
        worker: its name.
        info: of the worker.
        ours: versions of the driver.
        first: of the first worker; None for the first.

    Raises:
        MissingError: something differs; says what.
    """
    pairs = [(name, info.versions.get(name, "missing"), ours[name], "the driver") for name in ours]
    if first is not None:
        other = f"the worker on {first.host}"
        pairs += [
            ("the model's revision", info.model.identity.revision, first.model.identity.revision, other),
            ("the number type", info.model.identity.dtype, first.model.identity.dtype, other),
            ("the model's sampler", str(info.model.sampler), str(first.model.sampler), other),
            ("checks", ", ".join(info.checks), ", ".join(first.checks), other),
        ]
    for name, theirs, wanted, whose in pairs:
        if theirs != wanted:
            raise MissingError(
                f"{name} differs: {theirs} here, {wanted} on {whose}",
                where=f"{worker} on {info.host}",
                remedy="install the same on every machine, or leave this one out",
            )


def _digest(folder: Path, pattern: str) -> str:
    total = hashlib.sha256()
    for path in sorted(folder.rglob(pattern)):
        if path.is_file() and path.suffix != ".pyc":
            total.update(f"{path.relative_to(folder)}:".encode() + path.read_bytes())
    return total.hexdigest()[:12]
