"""Places in a script, findings about them, and limits on the size of a script."""

from __future__ import annotations

import difflib
import re
from bisect import bisect_right
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Literal, get_args

from csm_cli.core.errors import ScriptError, UnreadableScript

MAX_BYTES = 16 * 2**20
"""Of a script file: some thirty long novels in one."""
MAX_ROWS = 500_000
"""Rows of a script file, spoken or not."""
MAX_TAGS = 1_500_000
"""Of a document in XML or HTML; each takes some 300 bytes when it is read."""
MAX_LINES = 50_000
"""Spoken lines of one script, includes counted."""
MAX_LINE_CHARACTERS = 100_000
"""Of one spoken line: more than an hour of speech, to be split by hand."""
MAX_INCLUDES = 1_000
MAX_INCLUDED_BYTES = 16 * 2**20
"""Of all included scripts together; one that is included twice counts twice."""
MAX_INCLUDE_DEPTH = 8
MAX_YAML_DEPTH = 16
MAX_PAUSE_SECONDS = 600.0
MAX_CONTROL_CHARACTERS = 20
"""That are reported; a file with more is binary."""


@dataclass(frozen=True, slots=True)
class Source:
    """A place in a script; `str()` is `file:line:col`. Both count from 1, columns in characters.

    Row 0 stands for the file as a whole; `str()` is its name then.
    """

    path: str
    line: int
    column: int

    def __str__(self) -> str:
        return f"{self.path}:{self.line}:{self.column}" if self.line else self.path


class SourceText:
    """Decoded text of a script and the places in it.

    Args:
        path: of the file, for messages.
        text: with "\\n" as line ends and without a byte order mark.
        first_line: number of the text's first row in its file; more than 1 for an excerpt.
    """

    def __init__(self, path: str, text: str, first_line: int = 1):
        self.path, self.text, self._first_line = path, text, first_line
        self._starts = [0, *(match.end() for match in re.finditer("\n", text))]

    @property
    def rows(self) -> int:
        """Number of rows."""
        return len(self._starts)

    def at(self, index: int) -> Source:
        """The place of the character at `index` (0-based, up to the length of the text)."""
        row = bisect_right(self._starts, index) - 1
        return Source(self.path, self._first_line + row, index - self._starts[row] + 1)

    def index(self, source: Source) -> int:
        """The inverse of `at`."""
        row = min(source.line - self._first_line, self.rows - 1)
        return self._starts[row] + source.column - 1


Level = Literal["error", "warning", "note"]
LEVELS: tuple[Level, ...] = get_args(Level)
MOST = 1000
"""Findings of one level that are kept; a hostile file could have millions."""
_FEW = 50
_SHOWN = 40


@dataclass(frozen=True, slots=True)
class Finding:
    """An error, warning or note about a place.

    Args:
        source: the place.
        level: severity.
        message: on one line.
        number: of findings that this one summarises, beyond the first `MOST` of a level; else 1.
    """

    source: Source
    level: Level
    message: str
    number: int = 1

    def __str__(self) -> str:
        return f"{self.source}: {self.level}: {self.message}"

    def as_dict(self) -> dict[str, str | int]:
        """As a JSON object."""
        where = self.source
        return {
            "file": where.path,
            "line": max(where.line, 1),
            "column": max(where.column, 1),
            "level": self.level,
            "message": self.message,
        }


class Problems:
    """Findings about a script and the scripts that it includes; truthy if there is an error."""

    def __init__(self) -> None:
        self._found: dict[Finding, None] = {}
        self._counts: dict[Level, int] = {"error": 0, "warning": 0, "note": 0}
        self._files: dict[str, int] = {}

    def add(self, source: Source, message: str, level: Level = "error") -> None:
        """Add a finding; an equal one is not added again."""
        finding = Finding(source, level, message)
        if finding in self._found:
            return
        self._files.setdefault(source.path, len(self._files))
        self._counts[level] += 1
        if self._counts[level] <= MOST:
            self._found[finding] = None

    def __bool__(self) -> bool:
        return self._counts["error"] > 0

    def keeps(self, level: Level) -> bool:
        """Whether a further finding of this level would be kept, not just counted."""
        return self._counts[level] < MOST

    @property
    def full(self) -> bool:
        """Whether there are more errors than are kept, so that parsing may stop."""
        return self._counts["error"] > MOST

    def findings(self) -> list[Finding]:
        """The findings in file order, with a summary of those that were not kept."""
        order = sorted(
            self._found,
            key=lambda found: (
                self._files[found.source.path],
                found.source.line,
                found.source.column,
                LEVELS.index(found.level),
            ),
        )
        for level, number in self._counts.items():
            if number > MOST:
                last = next(found for found in reversed(order) if found.level == level)
                rest = "; nothing behind them was looked at" if level == "error" else ""
                order.append(Finding(last.source, level, f"and {number - MOST} more{rest}", number - MOST))
        return order

    def check(self) -> None:
        """Raise ScriptError with the errors, if there are any."""
        if self:
            raise script_error(self.findings())


def script_error(findings: Iterable[Finding]) -> ScriptError:
    """The exception for the errors among these findings."""
    errors = [found for found in findings if found.level == "error"]
    return ScriptError(list(dict.fromkeys(map(str, errors))), sum(found.number for found in errors))


@lru_cache(8)
def _lowered(choices: tuple[str, ...]) -> tuple[dict[str, str], dict[str, list[str]]]:
    """Choices by their case-folded names; those names by their first two letters."""
    lowered = {choice.casefold(): choice for choice in choices}
    beginnings: dict[str, list[str]] = {}
    for name in lowered:
        beginnings.setdefault(name[:2], []).append(name)
    return lowered, beginnings


def did_you_mean(word: str, choices: Iterable[str]) -> str:
    """'; did you mean "…"?' with the choice closest to `word`, or "" if none is close."""
    lowered, beginnings = _lowered(tuple(choices))
    key = word.casefold()
    # difflib takes quadratic time: long words and many choices are cut down first.
    likely: Iterable[str] = lowered
    if len(lowered) > _FEW:
        likely = [name for name in beginnings.get(key[:2], ()) if abs(len(name) - len(key)) < 2][:_FEW]
    close = [key] if key in lowered else difflib.get_close_matches(key[:100], likely, n=1)
    return f'; did you mean "{shown(lowered[close[0]])}"?' if close else ""


def not_there(path: Path, remedy: str = "") -> UnreadableScript:
    """The error for a script that is not there.

    Args:
        path: of the script.
        remedy: what to do if there is no file of nearly that name, which is named otherwise.
    """
    near = ""
    with suppress(OSError, ValueError):  # the endings, which are much alike, say nothing
        there = {each.stem: each.name for each in sorted(path.parent.iterdir()) if each.is_file()}
        near = did_you_mean(path.stem, there)
        near = next((name for stem, name in there.items() if f'"{stem}"' in near), "")
    remedy = f'did you mean "{near}"?' if near else remedy
    what = "a symbolic link that leads to no file" if path.is_symlink() else "no such file"
    error = UnreadableScript(what, where=str(path), remedy=remedy, exit_code=4)
    error.line += "" if remedy else "; check the path"
    return error


def shown(text: str) -> str:
    """`text` on one line, shortened for a message."""
    flat = " ".join(text[:400].split())
    return flat if len(flat) <= _SHOWN else flat[: _SHOWN - 1].rstrip() + "…"
