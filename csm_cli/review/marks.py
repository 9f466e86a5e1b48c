"""A person's marks on lines: heard, good, or bad and why. They lie beside the takes, a file for each script.

A mark belongs to a line and a take: after an edit, or with another take, the line has none; with the earlier
text or take it has it again. Files are written and locked as the records of renderings are.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping
from contextlib import nullcontext
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal, get_args

from csm_cli.core.data import parse_json
from csm_cli.core.errors import CsmError
from csm_cli.core.files import alone
from csm_cli.takes.files import BESIDE, files_at
from csm_cli.takes.place import Place, Url
from csm_cli.takes.take import now

Judgement = Literal["heard", "good", "bad"]
Fault = Literal["word", "noise", "pace", "voice", "cut", "other"]
JUDGEMENTS: tuple[str, ...] = get_args(Judgement)
FAULTS: tuple[str, ...] = get_args(Fault)
FOLDER = "marks"
_SCHEMA = 1


@dataclass(frozen=True)
class Mark:
    """What a person says of a line in a take.

    Args:
        mark: heard, good or bad.
        fault: of a bad one: what is wrong with it; None: not said.
        at: when, ISO 8601.
    """

    mark: str
    fault: str | None = None
    at: str = ""

    def __post_init__(self) -> None:
        if self.mark not in JUDGEMENTS:
            raise ValueError(f"a mark is one of {', '.join(JUDGEMENTS)}")
        if self.fault is not None and (self.mark != "bad" or self.fault not in FAULTS):
            raise ValueError(f"a fault, of a bad line, is one of {', '.join(FAULTS)}")
        if not isinstance(self.at, str):
            raise ValueError("a time is text")


MarksOfLines = dict[str, dict[str, Mark]]
"""Marks by the stable id of the line, then by the id of the take."""


class MarkFile:
    """The marks on a script's lines. One instance may be used by several threads; so may several processes
    by the file.

    Args:
        folder: of the takes.
        script: name of the script's file.
        note: called once with a line about a damaged file, which is kept under another name when marks are
            next written.
    """

    def __init__(self, folder: Place, script: str, note: Callable[[str], None] = lambda text: None):
        self._folder, self._script, self._note = folder, script, note
        self._files = files_at(folder)
        self._name = f"{BESIDE}{FOLDER}/{script}.json"
        self._named: str | None = None
        self._marks: MarksOfLines = {}
        self.refresh()

    @property
    def path(self) -> Path | None:
        """The file; None behind a URL."""
        return self._files.path(self._name)

    def get(self, line: str, take: str | None) -> Mark | None:
        """The mark on a line in a take."""
        return self._marks.get(line, {}).get(take or "")

    def mark(self, line: str, take: str, mark: str | None, fault: str | None = None) -> Mark | None:
        """Mark a line in a take, or take its mark away; marks of other processes stay.

        Returns:
            The mark that was there before.

        Raises:
            ValueError: there is no such mark or fault.
            CsmError: it cannot be written.
        """
        new = None if mark is None else Mark(mark, fault, now())
        return self.restore(line, take, new)

    def restore(self, line: str, take: str, mark: Mark | None) -> Mark | None:
        """As `mark`, of a mark that there is already."""
        lock = nullcontext() if isinstance(self._folder, Url) else alone(self._folder / FOLDER, self._script)
        with lock:
            data = self._files.read(self._name)
            if data is None and self.path is not None and self.path.exists():
                raise CsmError("cannot be read", where=str(self.path), remedy="check its permissions")
            marks = self._read(data)
            if marks is None:
                digest = hashlib.sha256(data or b"").hexdigest()[:8]
                self._files.write(f"{BESIDE}{FOLDER}/{self._script}.damaged-{digest}", data or b"")
                marks = {}
            before = marks.get(line, {}).get(take)
            of_line = {name: each for name, each in marks.get(line, {}).items() if name != take}
            if mark is not None:
                of_line[take] = mark
            marks[line] = of_line
            if not of_line:
                del marks[line]
            self._files.write(self._name, _as_json(self._script, marks))
            self._marks = marks
        return before

    def refresh(self) -> set[str]:
        """Read what another process has written.

        Returns:
            The ids of the lines whose marks have changed.
        """
        before, marks = self._marks, self._read(self._files.read(self._name)) or {}
        self._marks = marks
        return {line for line in {*before, *marks} if before.get(line) != marks.get(line)}

    def _read(self, data: bytes | None) -> MarksOfLines | None:
        """The marks in a file; None, which is said once of each content, for a damaged one."""
        if not data:
            return {}
        try:
            value = parse_json(data)
            if value["schema"] != _SCHEMA or value["script"] != self._script:
                raise ValueError("it is of another version, or of another script")
            return {
                str(line): {str(take): _mark(each) for take, each in takes.items()}
                for line, takes in value["marks"].items()
            }
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
            digest = hashlib.sha256(data).hexdigest()
            if digest != self._named:
                self._named = digest
                where = self._files.where(self._name)
                self._note(f"warning: {where}: is damaged, so its marks are left out ({error})")
            return None


def _mark(value: Mapping[str, Any]) -> Mark:
    return Mark(value["mark"], value["fault"], value["at"])


def _as_json(script: str, marks: MarksOfLines) -> bytes:
    lines = {
        line: {take: asdict(mark) for take, mark in of_line.items()}
        for line, of_line in sorted(marks.items())
    }
    value = {"schema": _SCHEMA, "script": script, "marks": lines}
    return (json.dumps(value, ensure_ascii=False, separators=(",", ":")) + "\n").encode()
