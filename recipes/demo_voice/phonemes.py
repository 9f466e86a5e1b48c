"""Phonemes as Kokoro reads them, by hibari's converter, US and British."""

from __future__ import annotations

import sys
from collections.abc import Callable
from functools import cache
from pathlib import Path

from csm_cli.errors import MissingError


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
