"""The index: what is needed of every sidecar to choose a take without opening it.

It is made from the sidecars each time a store is opened; `index.json` only remembers those that have not
changed since. Losing or damaging that file costs a little time and nothing else: it has a hash of its own,
and a row that says something else than its sidecar, when that is read, is reason to read all of them. A file
with a right hash and wrong rows, which csm never writes, can at most have a line spoken again.
"""

from __future__ import annotations

from collections import defaultdict
from contextlib import suppress
from threading import Lock, RLock

from csm_cli.core.errors import CsmError
from csm_cli.takes.files import BESIDE, Files
from csm_cli.takes.rows import Remembered, Row, is_earlier, sealed, unsealed
from csm_cli.takes.take import Take, take_from_json

SIDECAR = ".json"
CACHE = f"{BESIDE}index.json"


class Index:
    """The rows of a store. Safe to use from several threads.

    Attributes:
        damaged: names of sidecars that could not be read.
        corrected: how often rows were found to differ from their sidecars, and were replaced: what was chosen
            by them before is to be chosen again.
    """

    def __init__(self, files: Files):
        self._files = files
        self._lock, self._reading = Lock(), RLock()
        self._rows: dict[str, Row] = {}
        self._seen: dict[str, tuple[int, int]] = {}
        self._news: dict[str, set[str]] = {}
        self._by_slot: dict[str, set[str]] = defaultdict(set)
        self._by_request: dict[str, set[str]] = defaultdict(set)
        self._by_place: dict[str, set[str]] = defaultdict(set)
        self._changed = False
        self._wrong = False
        self.damaged: list[str] = []
        self.corrected = 0
        self._open()

    @property
    def problems(self) -> list[str]:
        """What is wrong with the index and the sidecars, a line each."""
        where = self._files.where(CACHE)
        wrong = [f"{where}: is damaged; it is made again from the takes"] if self._wrong else []
        again = "is damaged; the line is spoken again unless it has another take"
        return wrong + [f"{each}: {again}" for each in self.damaged]

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
        with self._reading:
            self._catch_up()
            changed, self._news = self._news, {}
            return changed

    def _catch_up(self) -> None:
        """Read what has changed on the disk; what that is, `refresh` gives later."""
        there = set()
        for entry in list(self._files.seen(SIDECAR)):
            there.add(entry.name)
            mark = entry.size, entry.changed
            if self._seen.get(entry.name) != mark:
                self._put(entry.name.removesuffix(SIDECAR), self._read(entry.name))
                self._seen[entry.name] = mark
        for name in [name for name in self._seen if name not in there]:
            del self._seen[name]
            self._put(name.removesuffix(SIDECAR), None)

    def check(self, take: Take) -> None:
        """Compare the row of a take with its sidecar, which was just read.

        If the row says something else and the sidecar has not changed since, the index was wrong: all rows
        are then made again.

        Raises:
            CsmError: a store behind a URL cannot be listed.
        """
        if (row := self._rows.get(take.id)) is None or row == Row.of(take):
            return
        with self._reading:
            self._catch_up()
            row = self._rows.get(take.id)
            # Another thread may have written the sidecar after `take` was read.
            if row != Row.of(take) and row != self._read(take.id + SIDECAR):
                self._wrong = True
                self.read_again()
                self.close()
            self.corrected += 1

    def read_again(self) -> None:
        """Make all rows from the sidecars, whatever was remembered.

        Raises:
            CsmError: a store behind a URL cannot be listed.
        """
        with self._reading:
            self._seen = dict.fromkeys(self._seen, (-1, -1))
            self.damaged.clear()
            self._catch_up()

    def _put(self, take_id: str, row: Row | None) -> None:
        """Have this row for a take, or none; the places that the take was for, or is, are news."""
        with self._lock:
            rows = [each for each in (self._rows.get(take_id), row) if each is not None]
            self._forget(take_id)
            if row is not None:
                self._remember(row)
            self._changed = True
        places = {place for each in rows for place in (each.place, *each.pins, *each.chosen)}
        self._news[take_id] = self._news.get(take_id, set()) | places

    def close(self) -> None:
        """Write what is remembered, if anything changed. A folder that cannot be written is left alone."""
        if not self._changed:
            return
        takes: dict[str, Remembered] = {}
        for entry in list(self._files.seen(SIDECAR)):
            mark = entry.size, entry.changed
            row = self._rows.get(entry.name.removesuffix(SIDECAR))
            if row is None or self._seen.get(entry.name) != mark:
                # Written since, perhaps by another process: the row may differ from the sidecar by now.
                row = self._read(entry.name)
            if row is not None:
                takes[entry.name] = Remembered(*mark, row)
        with suppress(CsmError):
            self._files.write(CACHE, sealed(takes))
        self._changed = False

    def _open(self) -> None:
        remembered = self._remembered()
        count = 0
        for entry in self._files.seen(SIDECAR):
            count += 1
            kept = remembered.get(entry.name)
            if kept is not None and (kept.size, kept.changed) == (entry.size, entry.changed):
                row: Row | None = kept.row
            else:
                self._changed = True
                row = self._read(entry.name)
            self._seen[entry.name] = entry.size, entry.changed
            if row is not None:
                self._remember(row)
        self._changed = self._changed or count != len(remembered)
        if self._wrong:  # so that it is said once
            self.close()

    def _remembered(self) -> dict[str, Remembered]:
        """What the file says of sidecars, by their names; nothing where it is lost or damaged."""
        data = self._files.read(CACHE)
        if data is None or is_earlier(data):
            return {}
        try:
            found = unsealed(data)
            if any(kept.row.id + SIDECAR != name for name, kept in found.items()):
                raise ValueError("a row is of another take")
            return found
        except ValueError:
            self._wrong = True
            return {}

    def _read(self, name: str) -> Row | None:
        try:
            take = take_from_json(self._files.read(name) or b"")
        except ValueError:
            take = None
        if take is None or take.id + SIDECAR != name:
            where = self._files.where(name)
            self.damaged += [] if where in self.damaged else [where]
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
