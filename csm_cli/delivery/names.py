"""File names of chapters: plain ASCII, bounded, in order."""

from __future__ import annotations

import re
import unicodedata

MAX_SLUG = 48
# Letters that decomposition leaves whole.
LETTERS = str.maketrans(
    {"ß": "ss", "æ": "ae", "œ": "oe", "ø": "o", "đ": "d", "ð": "d", "þ": "th", "ł": "l", "ı": "i", "ħ": "h"}
)


def slug(title: str) -> str:
    """`title` as a file name: lower-case ASCII letters, digits and hyphens, at most 48; never empty.

    A title in letters that cannot be transliterated simply becomes "chapter".
    """
    text = unicodedata.normalize("NFKD", title.lower().translate(LETTERS)).lower().translate(LETTERS)
    text = re.sub(r"['’ʼ`]", "", "".join(c for c in text if not unicodedata.combining(c)))
    text = re.sub(r"[^a-z0-9]+", "-", text).strip("-")
    if len(text) > MAX_SLUG:
        cut = text[: MAX_SLUG + 1].rpartition("-")[0]  # at the end of a word, if there is one
        text = (cut if len(cut) > MAX_SLUG // 2 else text[:MAX_SLUG]).strip("-")
    return text or "chapter"


def chapter_stem(number: int, title: str, count: int = 0) -> str:
    """`01-arrival`: unique by its number; digits enough that `count` chapters sort by name."""
    return f"{number:0{max(2, len(str(count)))}d}-{slug(title)}"
