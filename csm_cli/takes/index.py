"""The index: what is needed of every sidecar to choose a take without opening it.

It is made from the sidecars each time a store is opened; `index.json` only remembers those that have not
changed since. Losing or damaging that file costs a little time and nothing else.
"""

from __future__ import annotations

import json
from collections import defaultdict
from contextlib import suppress
from dataclasses import dataclass
from threading import Lock
from typing import Any

from csm_cli.core.data import parse_json
from csm_cli.core.errors import CsmError
from csm_cli.takes.files import BESIDE, Files
from csm_cli.takes.take import Take, take_from_json

SIDECAR = ".json"
CACHE = f"{BESIDE}index.json"
_SCHEMA = 1


@dataclass(frozen=True, slots=True)
class Row:
    """A take in brief; the fields are those of `Take` and of its request."""

    id: str
    slot: str
    request: str
    script: str
    place: str
    context: tuple[str, ...]
    pins: tuple[str, ...]
    chosen: dict[str, str]
    made: str
    accepted: bool
    origin: str

    @classmethod
    def of(cls, take: Take) -> Row:
        """The row of a take."""
        request = take.asked
        return cls(
            take.id,
            "" if take.origin == "imported" else request.slot,
            take.key if take.origin == "spoken" else "",
            request.script,
            request.place,
            take.context,
            take.pins,
            dict(take.chosen),
            take.made,
            take.accepted,
            take.origin,
        )


class Index:
    """The rows of a store. Safe to use from several threads.

    Attributes:
        damaged: names of sidecars that could not be read.
    """

    def __init__(self, files: Files):
        self._files = files
        self._lock = Lock()
        self._rows: dict[str, Row] = {}
        self._seen: dict[str, tuple[int, int]] = {}
        self._by_slot: dict[str, set[str]] = defaultdict(set)
        self._by_request: dict[str, set[str]] = defaultdict(set)
        self._by_place: dict[str, set[str]] = defaultdict(set)
        self._changed = False
        self.damaged: list[str] = []
        self._open()

    def get(self, take_id: str) -> Row | None:
        """The row of a take; None if it is not in the store."""
        return self._rows.get(take_id)

    def rows(self) -> list[Row]:
        """All rows, oldest first."""
        with self._lock:
            return sorted(self._rows.values(), key=lambda row: (row.made, row.id))

    def in_slot(self, slot: str) -> list[Row]:
        """Takes of a line as planned, oldest first."""
        return self._sorted(self._by_slot, slot)

    def answering(self, request: str) -> list[Row]:
        """Takes that give the sound of a request, oldest first."""
        return self._sorted(self._by_request, request)

    def at(self, place: str) -> list[Row]:
        """Takes made, pinned or chosen for a line of a script, oldest first."""
        return self._sorted(self._by_place, place)

    def add(self, row: Row) -> None:
        """Add a row, or replace it."""
        with self._lock:
            self._forget(row.id)
            self._remember(row)
            self._changed = True

    def remove(self, take_id: str) -> None:
        """Remove a row."""
        with self._lock:
            self._forget(take_id)
            self._changed = True

    def refresh(self) -> dict[str, set[str]]:
        """Read what has changed on the disk since, by whatever process.

        Returns:
            By the id of each take that came, changed or went: the places (`script#line`) that it is for.

        Raises:
            CsmError: a store behind a URL cannot be listed.
        """
        changed: dict[str, set[str]] = {}
        there = set()
        for entry in list(self._files.seen(SIDECAR)):
            there.add(entry.name)
            mark = entry.size, entry.changed
            if self._seen.get(entry.name) != mark:
                take_id, row = entry.name.removesuffix(SIDECAR), self._read(entry.name)
                changed[take_id] = self._put(take_id, row)
                self._seen[entry.name] = mark
        for name in [name for name in self._seen if name not in there]:
            del self._seen[name]
            changed[name.removesuffix(SIDECAR)] = self._put(name.removesuffix(SIDECAR), None)
        return changed

    def _put(self, take_id: str, row: Row | None) -> set[str]:
        """Have this row for a take, or none; the places that the take was for, or is."""
        with self._lock:
            rows = [each for each in (self._rows.get(take_id), row) if each is not None]
            self._forget(take_id)
            if row is not None:
                self._remember(row)
            self._changed = True
        return {place for each in rows for place in (each.place, *each.pins, *each.chosen)}

    def close(self) -> None:
        """Write what is remembered, if anything changed. A folder that cannot be written is left alone."""
        if not self._changed:
            return
        takes = {}
        for entry in list(self._files.seen(SIDECAR)):
            mark = entry.size, entry.changed
            row = self._rows.get(entry.name.removesuffix(SIDECAR))
            if row is None or self._seen.get(entry.name) != mark:
                # Written since, perhaps by another process: the row may differ from the sidecar by now.
                row = self._read(entry.name)
            if row is not None:
                takes[entry.name] = [*mark, [getattr(row, field) for field in Row.__slots__]]
        text = json.dumps({"schema": _SCHEMA, "takes": takes}, separators=(",", ":"))
        with suppress(CsmError):
            self._files.write(CACHE, text.encode())
        self._changed = False

    def _open(self) -> None:
        remembered = self._remembered()
        count = 0
        for entry in self._files.seen(SIDECAR):
            count += 1
            row = _row_from(remembered.get(entry.name), entry.size, entry.changed)
            if row is None:
                self._changed = True
                row = self._read(entry.name)
            self._seen[entry.name] = entry.size, entry.changed
            if row is not None:
                self._remember(row)
        self._changed = self._changed or count != len(remembered)

    def _remembered(self) -> dict[str, Any]:
        try:
            value = parse_json(self._files.read(CACHE) or b"")
            return value["takes"] if value["schema"] == _SCHEMA else {}
        except (ValueError, KeyError, TypeError, RecursionError):
            return {}

    def _read(self, name: str) -> Row | None:
        try:
            take = take_from_json(self._files.read(name) or b"")
        except ValueError:
            take = None
        if take is None or take.id + SIDECAR != name:
            self.damaged.append(self._files.where(name))
            return None
        return Row.of(take)

    def _sorted(self, table: dict[str, set[str]], key: str) -> list[Row]:
        with self._lock:
            rows = [self._rows[take_id] for take_id in table.get(key, ())]
        return sorted(rows, key=lambda row: (row.made, row.id))

    def _remember(self, row: Row) -> None:
        self._rows[row.id] = row
        for table, keys in self._tables(row):
            for key in keys:
                table[key].add(row.id)

    def _forget(self, take_id: str) -> None:
        row = self._rows.pop(take_id, None)
        if row is not None:
            for table, keys in self._tables(row):
                for key in keys:
                    table[key].discard(take_id)

    def _tables(self, row: Row) -> list[tuple[dict[str, set[str]], set[str]]]:
        places = {row.place, *row.pins, *row.chosen}
        return [(self._by_slot, {row.slot}), (self._by_request, {row.request}), (self._by_place, places)]


def _row_from(remembered: Any, size: int, changed: int) -> Row | None:
    """The row remembered for a sidecar, if that has not changed since."""
    try:
        size_then, changed_then, values = remembered
        if (size_then, changed_then) != (size, changed):
            return None
        row = dict(zip(Row.__slots__, values, strict=True))
        return Row(**row | {"context": tuple(row["context"]), "pins": tuple(row["pins"])})
    except (TypeError, ValueError, KeyError):
        return None
