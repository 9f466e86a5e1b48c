"""Numbers as a person reads them."""

from __future__ import annotations


def clock(seconds: float) -> str:
    """Seconds as 1:05 or 2:03:04."""
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02d}:{rest:02d}" if hours else f"{minutes}:{rest:02d}"


def count(number: int, thing: str) -> str:
    """ "1 line", "2 lines"."""
    return f"{number} {thing}" if number == 1 else f"{number} {thing}s"


def size(number: int) -> str:
    """Bytes as 12 kB, 3.4 MB, 1.2 GB."""
    for unit, step in (("GB", 1e9), ("MB", 1e6)):
        if number >= step:
            return f"{number / step:.1f} {unit}"
    return f"{number / 1e3:.0f} kB"
