"""Errors, files, options, and the values that go in and out of the engine; imports no other package."""

import os
from pathlib import Path

__version__ = "0.1.0"

PACKAGE_DIR = Path(__file__).parents[1]
"""Where the code lies; the voices that came with it lie in it or beside it."""


def available_cores() -> int:
    """Cores that this process may run on: in a container, those of the container."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
