"""Text within an alphabet: a model that learned few letters is asked for nothing else."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Container

ASCII = frozenset(map(chr, range(32, 127)))
"""What a model that learned plain English knows."""

# Tried in order; " " last, so that words on either side of a mark stay apart.
_STAND_INS: dict[str, tuple[str, ...]] = {
    **dict.fromkeys("“”„«»", ('"', "")),
    **dict.fromkeys("‘’‚‹›", ("'", "")),
    **dict.fromkeys("–—", ("-", ",", " ")),
    **dict.fromkeys(";:", (",", " ")),
    **dict.fromkeys("!?", (".", " ")),
    **dict.fromkeys("-/_()[]\n\t", (" ",)),
    **dict.fromkeys("\"'", ("",)),
    "…": ("...", ".", " "),
    "ß": ("ss",),
    "æ": ("ae",),
    "Æ": ("Ae", "AE", "ae"),
    "œ": ("oe",),
    "Œ": ("Oe", "OE", "oe"),
    "ø": ("o",),
    "Ø": ("O", "o"),
    "ł": ("l",),
    "Ł": ("L", "l"),
    "đ": ("d",),
    "Đ": ("D", "d"),
    "ð": ("d",),
    "þ": ("th",),
    "Þ": ("Th", "TH", "th"),
    "ı": ("i",),
}
# A comma that stands in for a dash came with spaces on both sides.
_LOOSE = re.compile(" +(?=[,;:])")


def fold_to(text: str, alphabet: Container[str]) -> tuple[str, str]:
    """Rewrite `text` with the characters of `alphabet` only.

    Args:
        text: spoken text.
        alphabet: the single characters that may be used; it should hold the space.

    Returns:
        The text, white space collapsed, and the characters that had no stand-in: each once, in order.
        Accents, case and marks that fold to something are not among them.
    """
    kept, dropped = [], dict[str, None]()
    for char in unicodedata.normalize("NFC", text):
        stand_in = _stand_in(char, alphabet)
        if stand_in is None:
            dropped[char] = None
        else:
            kept.append(stand_in)
    folded = _LOOSE.sub("", " ".join("".join(kept).split())).lstrip(" ,")
    return folded, "".join(dropped)


def _stand_in(char: str, alphabet: Container[str]) -> str | None:
    bare = "".join(part for part in unicodedata.normalize("NFKD", char) if not unicodedata.combining(part))
    for choice in (char, *_STAND_INS.get(char, ()), bare, char.swapcase(), bare.swapcase()):
        if (choice or char in _STAND_INS) and all(part in alphabet for part in choice):
            return choice
    # White space and accents on their own leave nothing that could be missed.
    return "" if char.isspace() or not bare else None
