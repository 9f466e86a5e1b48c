"""Phonemes as Kokoro reads them, by hibari's converter, US and British; and the phone labels of the codec."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterable
from functools import cache
from pathlib import Path

from csm_cli.core.errors import MissingError

MARKS = frozenset(' ;:,.!?—…"()“”ˈˌːʰ→↓↗↘ʼ')
"""Symbols of Kokoro's alphabet that are no sound of their own."""
LEAST, MOST = 3, 330
"""Phonemes of a text."""


@cache
def converter(root: Path, british: bool = False) -> Callable[[str], str]:
    """A function from English text to Kokoro's phoneme symbols.

    Args:
        root: the folder that `fetch.py` fills.
        british: by the British lexicon, not the US one.

    Raises:
        MissingError: hibari is not in the folder.
    """
    if not (root / "hibari" / "g2p").is_dir():
        raise MissingError(
            "hibari is not there", where=str(root), remedy=f"python -m recipes.demo_voice.fetch {root}"
        )
    if str(root) not in sys.path:
        sys.path.append(str(root))
    from hibari.g2p import G2P

    return G2P(british=british)


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
        self.american, self.british = converter(root), converter(root, british=True)
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
