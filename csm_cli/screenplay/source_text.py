"""The text of a script file and the places in it: decoding, line ends, positions, list of problems."""

from __future__ import annotations

import difflib
import re
from bisect import bisect_right
from collections.abc import Iterable
from pathlib import Path

from csm_cli.errors import ScriptError
from csm_cli.screenplay.document import Source

# What YAML 1.1 does not allow in a file; no prose needs it in Markdown either.
_CONTROL = re.compile("[^\t\n\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_SHOWN = 40


class Problems:
    """What is wrong with one script, gathered so that everything is reported at once."""

    def __init__(self) -> None:
        self._found: dict[tuple[Source, str], None] = {}

    def add(self, source: Source, message: str) -> None:
        """Note `message` at `source`; the same twice is noted once."""
        self._found[source, message] = None

    def __bool__(self) -> bool:
        return bool(self._found)

    def check(self) -> None:
        """Raise ScriptError with every problem, in file order, if there is any."""
        if self._found:
            ordered = sorted(self._found, key=lambda found: (found[0].line, found[0].column))
            raise ScriptError([f"{source}: error: {message}" for source, message in ordered])


class SourceText:
    """The decoded text of a script: line ends are "\\n", a byte order mark is gone.

    Args:
        path: the file, as it is to be named in messages.
        text: the text.
        first_line: number of the text's first line in its file (for text cut out of a larger one).
    """

    def __init__(self, path: str, text: str, first_line: int = 1):
        self.path, self.text, self._first_line = path, text, first_line
        self._starts = [0, *(match.end() for match in re.finditer("\n", text))]

    def at(self, index: int) -> Source:
        """The place of the character at `index` (0-based; one past the end is allowed)."""
        row = bisect_right(self._starts, index) - 1
        return Source(self.path, self._first_line + row, index - self._starts[row] + 1)


def read_source(path: Path) -> SourceText:
    """Read a script file as UTF-8.

    Raises:
        ScriptError: the file cannot be read, is not UTF-8, or holds a control character.
    """
    try:
        data = path.read_bytes()
    except FileNotFoundError:
        raise ScriptError([f"{path}: error: no such file"]) from None
    except IsADirectoryError:
        raise ScriptError([f"{path}: error: this is a folder, not a script"]) from None
    except (OSError, ValueError) as fault:
        reason = getattr(fault, "strerror", None) or fault
        raise ScriptError([f"{path}: error: cannot be read: {reason}"]) from None
    problems = Problems()
    try:
        source = SourceText(str(path), _plain_lines(data.decode("utf-8")))
    except UnicodeDecodeError as fault:
        before = SourceText(str(path), _plain_lines(data[: fault.start].decode("utf-8")))
        byte = data[fault.start]
        problems.add(before.at(len(before.text)), f"byte 0x{byte:02x} is not UTF-8; save the file as UTF-8")
    else:
        for match in _CONTROL.finditer(source.text):
            problems.add(source.at(match.start()), f"control character U+{ord(match[0]):04X}; remove it")
    problems.check()
    return source


def did_you_mean(word: str, choices: Iterable[str]) -> str:
    """'; did you mean "…"?' with the choice closest to `word`, or "" if none is close."""
    lowered = {choice.casefold(): choice for choice in choices}
    key = word.casefold()
    # difflib takes quadratic time; nothing close to a name is this long.
    close = [key] if key in lowered else difflib.get_close_matches(key[:100], lowered, n=1)
    return f'; did you mean "{shown(lowered[close[0]])}"?' if close else ""


def shown(text: str) -> str:
    """`text` on one line and short enough for a message."""
    flat = " ".join(text.split())
    return flat if len(flat) <= _SHOWN else flat[: _SHOWN - 1].rstrip() + "…"


def _plain_lines(text: str) -> str:
    return text.removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n")
