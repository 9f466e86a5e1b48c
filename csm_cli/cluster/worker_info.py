"""What a worker runs: told before it speaks, and compared by name with what the driver runs."""

from __future__ import annotations

import hashlib
import platform
from collections.abc import Mapping
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import csm_cli
from csm_cli.cluster.messages import Facts
from csm_cli.core.errors import MissingError

PACKAGES = ("torch", "transformers", "tokenizers", "numpy", "soundfile")
"""Whose versions can change what a line sounds like, or how a take is written."""


@cache
def versions() -> dict[str, str]:
    """Of everything here that has a say in the sound."""
    found = {
        "csm": csm_cli.__version__,
        "csm's code": _digest(Path(csm_cli.__file__).parent, "*.py"),
        "the lexicon": _digest(Path(csm_cli.__file__).parent / "text", "*"),
        "Python": ".".join(platform.python_version_tuple()[:2]),
    }
    for name in PACKAGES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            found[name] = "missing"
    return found


def check_facts(worker: str, facts: Facts, ours: Mapping[str, str], first: Facts | None) -> None:
    """Make sure that a worker would speak as the others do.

    Args:
        worker: its name.
        facts: what it tells.
        ours: versions of the driver.
        first: what the first worker told; None for the first.

    Raises:
        MissingError: something differs; says what.
    """
    pairs = [(name, facts.versions.get(name, "missing"), ours[name], "the driver") for name in ours]
    if first is not None:
        other = f"the worker on {first.host}"
        pairs += [
            ("the model's revision", facts.model.revision, first.model.revision, other),
            ("the number type", facts.model.dtype, first.model.dtype, other),
            ("the model's sampler", str(facts.sampler), str(first.sampler), other),
            ("checks", ", ".join(facts.checks), ", ".join(first.checks), other),
        ]
    for name, theirs, wanted, whose in pairs:
        if theirs != wanted:
            raise MissingError(
                f"{name} differs: {theirs} here, {wanted} on {whose}",
                where=f"{worker} on {facts.host}",
                remedy="install the same on every machine, or leave this one out",
            )


def _digest(folder: Path, pattern: str) -> str:
    total = hashlib.sha256()
    for path in sorted(folder.rglob(pattern)):
        if path.is_file() and path.suffix != ".pyc":
            total.update(f"{path.relative_to(folder)}:".encode() + path.read_bytes())
    return total.hexdigest()[:12]
