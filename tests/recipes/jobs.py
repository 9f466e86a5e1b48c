"""What processes of `test_make` do: a module that is imported quickly."""

import time
from pathlib import Path


def fail() -> None:
    """End with a traceback."""
    raise ValueError("no speech")


def wait_for(path: Path) -> None:
    """Return when the file is there."""
    while not path.exists():
        time.sleep(0.02)
