"""How long a text takes to say."""

from __future__ import annotations

CHARACTERS_PER_SECOND = 14
"""Of spoken English; other languages written in letters are close."""


def speaking_seconds(text: str) -> float:
    """How long `text` should take, pauses left out."""
    return len(text) / CHARACTERS_PER_SECOND
