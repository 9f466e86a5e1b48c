"""Texts as Kokoro's phonemes, US and British, by the rules of hibari; and the phone labels of the codec."""

from __future__ import annotations

import importlib
import json
import sys
from collections.abc import Callable, Iterable
from pathlib import Path

MARKS = frozenset(' ;:,.!?—…"()“”ˈˌːʰ→↓↗↘ʼ')
"""Symbols of Kokoro's alphabet that are no sound of their own."""
LEAST, MOST = 3, 330
"""Phonemes of a text."""


def readers(root: Path) -> tuple[Callable[[str], str], Callable[[str], str]]:
    """Text to phonemes, (US, British), by the rules of hibari."""
    if str(root) not in sys.path:
        sys.path.insert(0, str(root))
    rules = importlib.import_module("hibari.g2p").G2P
    return rules(), rules(british=True)


def vocabulary(root: Path) -> dict[str, int]:
    """Kokoro's phoneme ids."""
    found: dict[str, int] = json.loads((root / "vocab.json").read_text("utf-8"))["vocab"]
    return found


class Phonemes:
    """Reads texts for a teacher.

    Args:
        root: folder of `fetch`.

    Attributes:
        known: Kokoro's phoneme ids.
    """

    def __init__(self, root: Path):
        self.american, self.british = readers(root)
        self.known = vocabulary(root)

    def __call__(self, text: str, british: bool) -> str | None:
        """The symbols of a text that Kokoro has; None for a text that it cannot read in one breath, or with
        a word that the rules cannot spell."""
        try:
            found = (self.british if british else self.american)(text)
        except (ValueError, KeyError, IndexError):
            return None
        found = "".join(symbol for symbol in found if symbol in self.known)
        return found if LEAST <= len(found) <= MOST else None


def label_names(known: Iterable[str]) -> dict[str, int]:
    """Phone labels of the sounds among Kokoro's symbols, from 1; 0 is silence."""
    return {symbol: label for label, symbol in enumerate(sorted(set(known) - MARKS), 1)}
