"""Clearing up: takes that no line of any script uses, and what broken-off writes left behind."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from csm_cli.core.errors import CsmError, first_line
from csm_cli.editing.lines import ScriptTakes
from csm_cli.takes import TakeStore
from csm_cli.takes.place import Place, Url, nobody_else
from csm_cli.takes.record import recorded_scripts
from csm_cli.takes.store import FOLDER

YOUNG = timedelta(days=1)
"""Takes behind a URL that are younger stay: a rendering may be at work that has not noted them yet."""


@dataclass(frozen=True)
class Collected:
    """What was cleared, or would be.

    Args:
        takes: their ids.
        leftovers: files that belong to no take.
        bytes: freed.
        kept: takes that stay.
    """

    takes: tuple[str, ...]
    leftovers: tuple[Path, ...]
    bytes: int
    kept: int


def collect(
    project: Path, takes: Place | None, note: Callable[[str], None], *, dry_run: bool = False
) -> Collected:
    """Remove takes that are neither used by a line of a script that is still there, nor pinned, nor chosen.

    Behind a URL no lock says whether somebody renders: there, takes of the last day stay, and all leftovers.

    Args:
        project: the folder of the scripts.
        takes: of the takes; None: `.csm/takes` in the project.
        note: called with scripts that cannot be read: their takes all stay; and with damaged sidecars, which
            stay too.
        dry_run: look only.

    Raises:
        CsmError: a render is at work, a file cannot be removed.
    """
    folder = takes or project / FOLDER
    with nullcontext() if isinstance(folder, Url) else nobody_else(folder):
        store = TakeStore(folder)  # not earlier: what was spoken while the lock was waited for is no leftover
        if not isinstance(folder, Url):
            store.index.read_again()  # what a person pinned or chose is not a matter of what a file remembers
        for problem in store.index.problems:
            note(problem)
        needed = _needed(project, folder, store, note)
        rows = store.index.rows()
        idle = [row.id for row in rows if row.id not in needed]
        leftovers: list[Path] = []
        if isinstance(folder, Url):
            young = (datetime.now(UTC) - YOUNG).isoformat(timespec="microseconds")
            idle = [row.id for row in rows if row.id not in needed and row.made < young]
            idle = [each for each in idle if not _is_wanted(store, each)]
        else:
            damaged = {Path(name).stem for name in store.index.damaged}  # a person may still mend them
            leftovers = _leftovers(folder, {row.id for row in rows} | damaged)
        freed = sum(store.size(take) for take in idle) + sum(path.stat().st_size for path in leftovers)
        if not dry_run:
            for take in idle:
                store.remove(take)
            for path in leftovers:
                path.unlink(missing_ok=True)
            store.close()
    return Collected(tuple(idle), tuple(leftovers), freed, len(rows) - len(idle))


def _needed(project: Path, folder: Place, store: TakeStore, note: Callable[[str], None]) -> set[str]:
    needed: set[str] = set()
    for row in store.index.rows():
        if row.pins or row.chosen:
            needed.add(row.id)
    scripts = {*recorded_scripts(folder), *(row.script for row in store.index.rows())}
    for name in sorted(scripts):
        path = project / name
        if not path.is_file():
            continue
        try:
            script = ScriptTakes(path, folder)
        except CsmError as error:
            note(f"{path}: cannot be read, so its takes all stay ({first_line(error)})")
            needed |= {row.id for row in store.index.rows() if row.script == name}
            continue
        needed |= {line.take.id for line in script.lines if line.take is not None}
    return needed


def _is_wanted(store: TakeStore, take_id: str) -> bool:
    """Whether its sidecar says that a person pinned or chose it; the index need not be right."""
    take = store.peek(take_id)
    return take is not None and bool(take.pins or take.chosen)


def _leftovers(folder: Path, takes: set[str]) -> list[Path]:
    """Files in the shards that belong to no take: of broken-off writes."""
    return [
        path
        for shard in sorted(folder.glob("??"))
        for path in sorted(shard.iterdir())  # hidden files too
        if path.is_file() and path.name.partition(".")[0] not in takes
    ]
