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
