"""Errors, files, options, and the values that go in and out of the engine; imports no other package."""

import os
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType

__version__ = "0.1.0"

REPOSITORY = "https://github.com/csm-cli/csm"
"""Where the project lives. Every other address is made of this one; CONTRIBUTING.md says how to change it."""

PACKAGE_DIR = Path(__file__).parents[1]
"""Where the code lies; the voices that came with it lie in it or beside it."""

SLOWEST, FASTEST = 0.5, 2.0
"""The tempo that speech may be given, against what was spoken."""


_DEVICES = {"con", "prn", "aux", "nul", "conin$", "conout$"} | {
    f"{port}{number}" for port in ("com", "lpt") for number in "0123456789¹²³"
}


def is_device_name(name: str) -> bool:
    """Whether a file's name stands for a device on Windows, as "nul", "Con.wav" and "lpt1.txt" do."""
    return name.partition(".")[0].partition(":")[0].strip().lower() in _DEVICES


def available_cores() -> int:
    """Cores that this process may run on: in a container, those of the container."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


@contextmanager
def signals_held_back() -> Iterator[None]:
    """Let SIGINT and SIGTERM wait for the end of the body; a second one is not held back.

    For the import of large libraries and for compiling: an exception that a handler raises within one of
    their callbacks is lost, breaks what they do, or ends the process.
    """
    if threading.current_thread() is not threading.main_thread():  # which alone receives them
        yield
        return
    came: list[int] = []
    found = {each: signal.getsignal(each) for each in (signal.SIGINT, signal.SIGTERM)}
    # Those that are ignored stay so, and None is a handler that Python cannot put back.
    before = {each: handler for each, handler in found.items() if handler not in (signal.SIG_IGN, None)}

    def restore() -> None:
        for each, handler in before.items():
            signal.signal(each, handler)

    def hold(number: int, frame: FrameType | None) -> None:
        came.append(number)
        if len(came) > 1:
            restore()
            signal.raise_signal(number)

    for each in before:
        signal.signal(each, hold)
    try:
        yield
    finally:
        restore()
        if len(came) == 1:
            signal.raise_signal(came[0])
