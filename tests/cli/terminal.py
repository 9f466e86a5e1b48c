"""Running csm on a terminal of its own, and reading what its screen shows."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

import csm_cli

pty = pytest.importorskip("pty")
termios = pytest.importorskip("termios")

_COMMAND = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")
_PIECES = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]|\r|\n|[^\x1b\r\n]+")


def on_terminal(
    *arguments: object, answers: list[tuple[str, str]] | None = None, columns: int = 80, **variables: str
) -> tuple[int, str]:
    """(exit code, what the screen showed) of csm, with each answer typed once its question is there."""
    answers = [] if answers is None else answers
    leader, follower = pty.openpty()
    termios.tcsetwinsize(follower, (24, columns))
    root = str(Path(csm_cli.__file__).parent.parent)
    # These would count for more than the size of the terminal.
    inherited = {name: value for name, value in os.environ.items() if name not in ("COLUMNS", "LINES")}
    process = subprocess.Popen(
        [sys.executable, "-m", "csm_cli", *map(str, arguments)],
        stdin=follower,
        stdout=follower,
        stderr=follower,
        env={**inherited, "PYTHONPATH": root, "TERM": "xterm", **variables},
    )
    os.close(follower)
    shown = ""
    while True:
        try:
            data = os.read(leader, 4096)
        except OSError:  # the other end is closed
            break
        if not data:
            break
        shown += data.decode("utf-8", "replace")
        while answers and answers[0][0] in shown:
            question, answer = answers.pop(0)
            shown = shown.replace(question, f"<{question}>", 1)
            os.write(leader, answer.encode() + b"\n")
    os.close(leader)
    return process.wait(60), shown


def sentences(shown: str) -> str:
    """What was shown, without colours, as one line: where it was broken depends on the length of paths."""
    return " ".join(_COMMAND.sub("", shown).split())


def screen(shown: str) -> list[str]:
    """The lines that are left on the screen, without colours."""
    lines, row, column = [""], 0, 0
    for piece in _PIECES.findall(shown):
        if piece == "\n":
            row += 1
            lines += [""] * (row + 1 - len(lines))
        elif piece == "\r":
            column = 0
        elif piece == "\x1b[1A":
            row = max(0, row - 1)
        elif piece in ("\x1b[2K", "\x1b[K"):
            lines[row] = "" if "2" in piece else lines[row][:column]
        elif not piece.startswith("\x1b"):
            lines[row] = lines[row][:column].ljust(column) + piece + lines[row][column + len(piece) :]
            column += len(piece)
    return lines
