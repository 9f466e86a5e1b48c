"""What is wrong or doubtful in a script, gathered and reported at once; how large a script may be."""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal, get_args

from csm_cli.core.errors import ScriptError
from csm_cli.script.document import Source

MAX_BYTES = 16 * 2**20
"""Of a script file: some thirty long novels in one."""
MAX_ROWS = 500_000
"""Rows of a script file, spoken or not."""
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
"""Reported one by one; more of them make it a binary file."""


Level = Literal["error", "warning", "note"]
LEVELS: tuple[Level, ...] = get_args(Level)
MOST = 1000
"""Findings of one level that are kept; nobody reads more, and a hostile file could have millions."""
_FEW = 50
_SHOWN = 40


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing to mend (error), to look at (warning) or to know (note).

    Args:
        source: where.
        level: how bad it is.
        message: what is wrong, on one line.
        number: how many it stands for; more than one only where very many are not told one by one.
    """

    source: Source
    level: Level
    message: str
    number: int = 1

    def __str__(self) -> str:
        return f"{self.source}: {self.level}: {self.message}"

    def as_dict(self) -> dict[str, str | int]:
        """For JSON."""
        where = self.source
        return {
            "file": where.path,
            "line": where.line,
            "column": where.column,
            "level": self.level,
            "message": self.message,
        }


class Problems:
    """Findings about a script and the scripts that it includes. True if there is an error."""

    def __init__(self) -> None:
        self._found: dict[Finding, None] = {}
        self._counts: dict[Level, int] = {"error": 0, "warning": 0, "note": 0}
        self._files: dict[str, int] = {}

    def add(self, source: Source, message: str, level: Level = "error") -> None:
        """Note `message` at `source`; the same twice is noted once."""
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
        """Whether a further finding of this level would be told, not just counted."""
        return self._counts[level] < MOST

    @property
    def full(self) -> bool:
        """Whether there are more errors than are kept: nothing is gained by looking for others."""
        return self._counts["error"] > MOST

    def findings(self) -> list[Finding]:
        """All of them, in file order."""
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
        """Raise ScriptError with every error, in file order, if there is any."""
        if self:
            raise script_error(self.findings())


def script_error(findings: Iterable[Finding]) -> ScriptError:
    """What is raised for a script with these findings: its errors."""
    errors = [found for found in findings if found.level == "error"]
    return ScriptError(list(dict.fromkeys(map(str, errors))), sum(found.number for found in errors))


@lru_cache(8)
def _lowered(choices: tuple[str, ...]) -> tuple[dict[str, str], dict[str, list[str]]]:
    """Choices by their names without capitals; those names by their first two letters."""
    lowered = {choice.casefold(): choice for choice in choices}
    beginnings: dict[str, list[str]] = {}
    for name in lowered:
        beginnings.setdefault(name[:2], []).append(name)
    return lowered, beginnings


def did_you_mean(word: str, choices: Iterable[str]) -> str:
    """'; did you mean "…"?' with the choice closest to `word`, or "" if none is close."""
    lowered, beginnings = _lowered(tuple(choices))
    key = word.casefold()
    # difflib takes quadratic time; nothing close to a name is this long.
    likely: Iterable[str] = lowered
    if len(lowered) > _FEW:  # a thousand slips among thousands of names: only the likeliest are compared
        likely = [name for name in beginnings.get(key[:2], ()) if abs(len(name) - len(key)) < 2][:_FEW]
    close = [key] if key in lowered else difflib.get_close_matches(key[:100], likely, n=1)
    return f'; did you mean "{shown(lowered[close[0]])}"?' if close else ""


def shown(text: str) -> str:
    """`text` on one line and short enough for a message."""
    flat = " ".join(text[:400].split())
    return flat if len(flat) <= _SHOWN else flat[: _SHOWN - 1].rstrip() + "…"
