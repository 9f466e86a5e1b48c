"""The text of a script file and the places in it: decoding, line ends, positions."""

from __future__ import annotations

import codecs
import re
import sys
from bisect import bisect_right
from functools import cache
from itertools import islice
from pathlib import Path

from csm_cli.core.errors import ScriptError
from csm_cli.script.document import Source
from csm_cli.script.problems import MAX_BYTES, MAX_CONTROL_CHARACTERS, MAX_ROWS, Problems

CONTROL = re.compile("[^\t\n\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""What YAML 1.1 does not allow in a file; no prose needs it in another format either."""
STDIN = Path("-")
"""A script that is piped in."""
_OTHER_ENCODINGS = {
    codecs.BOM_UTF32_LE: "UTF-32",
    codecs.BOM_UTF32_BE: "UTF-32",
    codecs.BOM_UTF16_LE: "UTF-16",
    codecs.BOM_UTF16_BE: "UTF-16",
}


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

    @property
    def rows(self) -> int:
        """How many rows the text has."""
        return len(self._starts)

    def at(self, index: int) -> Source:
        """The place of the character at `index` (0-based; one past the end is allowed)."""
        row = bisect_right(self._starts, index) - 1
        return Source(self.path, self._first_line + row, index - self._starts[row] + 1)

    def index(self, source: Source) -> int:
        """The index of the character at a place; the inverse of `at`."""
        row = min(source.line - self._first_line, self.rows - 1)
        return self._starts[row] + source.column - 1


def read_bytes(path: Path, most: int = MAX_BYTES) -> bytes:
    """The bytes of a file that a user named; `-` is standard input.

    Raises:
        ScriptError: it cannot be read, is no ordinary file, or is larger than `most`.
    """
    if path == STDIN:
        return _of_size(path, _piped(), most)
    try:
        if path.is_dir():
            raise ScriptError([f"{path}: error: this is a folder, not a script"])
        if path.exists() and not path.is_file():
            raise ScriptError([f"{path}: error: this is not an ordinary file"])
        with path.open("rb") as file:
            return _of_size(path, file.read(most + 1), most)
    except FileNotFoundError:
        raise ScriptError([f"{path}: error: no such file"]) from None
    except (OSError, ValueError) as fault:
        reason = getattr(fault, "strerror", None) or fault
        raise ScriptError([f"{path}: error: cannot be read: {reason}"]) from None


@cache
def _piped() -> bytes:
    """Standard input, which can be read only once."""
    return sys.stdin.buffer.read(MAX_BYTES + 1)


def _of_size(path: Path, data: bytes, most: int) -> bytes:
    if len(data) > most:
        raise ScriptError(
            [f"{path}: error: larger than {most >> 20} MiB; split it into several scripts and include them"]
        )
    return data


def read_source(path: Path, encoding: str = "utf-8") -> SourceText:
    """Read a script file as UTF-8.

    Raises:
        ScriptError: the file cannot be read, is too large, is not UTF-8, or holds a control character.
    """
    return decode(str(path), read_bytes(path), encoding)


def decode(name: str, data: bytes, encoding: str = "utf-8") -> SourceText:
    """The text in `data`; `name` is the file's in messages.

    Raises:
        ScriptError: it is not in that encoding, or holds a control character.
    """
    problems = Problems()
    if encoding == "utf-8":
        for mark, other in _OTHER_ENCODINGS.items():
            if data.startswith(mark):
                raise ScriptError([f"{name}:1:1: error: this file is {other}; save it as UTF-8"])
    try:
        source = SourceText(name, _plain_lines(data.decode(encoding)))
    except UnicodeDecodeError as fault:
        if encoding != "utf-8":
            raise ScriptError([f"{name}: error: not {encoding}: {fault.reason}"]) from None
        before = SourceText(name, _plain_lines(data[: fault.start].decode("utf-8")))
        byte = data[fault.start]
        problems.add(before.at(len(before.text)), f"byte 0x{byte:02x} is not UTF-8; save the file as UTF-8")
    else:
        if source.rows > MAX_ROWS:
            raise ScriptError(
                [f"{name}: error: {source.rows} rows; {MAX_ROWS} are the most: divide the script"]
            )
        for match in islice(CONTROL.finditer(source.text), MAX_CONTROL_CHARACTERS):
            problems.add(source.at(match.start()), f"control character U+{ord(match[0]):04X}; remove it")
    problems.check()
    return source


def _plain_lines(text: str) -> str:
    return text.removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n")
