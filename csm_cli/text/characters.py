"""Characters before any word is read: typography that carries no sound, and the alphabet of a model."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Container

# Signs that carry no sound: soft hyphen, zero-width space, joiners of no word, marks of direction.
_SILENT = dict.fromkeys([0xAD, 0x200B, 0x200E, 0x200F, *range(0x202A, 0x202F), 0x2060, 0xFEFF])
_PLAIN = str.maketrans(
    {
        **dict.fromkeys("“”„‟«»″", '"'),
        **dict.fromkeys("‘’‚‛‹›′`´", "'"),
        **dict.fromkeys("‐‑‒−", "-"),
        **dict.fromkeys("—―", " - "),
        "…": "...",
    }
)
# Letters that only look different: full-width forms and ligatures. NFKC at large would turn x² into x2.
_LOOKALIKE = re.compile("[\ufb00-\ufb06\uff01-\uff5e]+")
_EMOJI = re.compile(
    "[\U0001f000-\U0001faff\u2190-\u21ff\u2300-\u23ff\u2460-\u24ff\u2500-\u27bf\u2b00-\u2bff\u3030\u303d"
    "\ufe0e\ufe0f\u20e3\u200d\U000e0020-\U000e007f]+"
)
_EMOTICON = re.compile(r"(?<!\S)(?:[:;=8][-'^o]?[)(\]\[DPpOo/\\|*3]|<3|\^_\^|[xX]D)(?=[\s.,!?]|$)")
_EMPHASIS = (
    re.compile(r"(\*{1,3}|~~)(?=[^\s*~])([^*~]*[^\s*~])\1"),
    re.compile(r"(?<![\w_])(_{1,3})(?=[^\s_])([^_]*[^\s_])\1(?![\w_])"),
)
_REPEATED = [
    (re.compile(r"!{2,}"), "!"),
    (re.compile(r"\?{2,}"), "?"),
    (re.compile(r"[!?]*(?:\?!|!\?)[!?]*"), "?!"),
    (re.compile(r",(?:\s*,)+"), ","),
    (re.compile(r"(?:\.\s){2,}\.(?!\w)|\.{3,}"), "..."),
    (re.compile(r"(?<=[^.])\.\.(?!\.)"), "."),
]


def clean(text: str) -> str:
    """`text` with plain quotes, dashes and ellipses, without marks that carry no sound, on one line."""
    if not text.isascii():
        text = unicodedata.normalize("NFC", text.translate(_SILENT))
        text = _LOOKALIKE.sub(lambda match: unicodedata.normalize("NFKC", match[0]), text)
        text = _EMOJI.sub(" ", text)
    return " ".join(text.translate(_PLAIN).split())


def without_marks(text: str) -> str:
    """A cleaned `text` without emphasis, emoticons and repeated punctuation."""
    text = _EMOTICON.sub("", text)
    for pattern in _EMPHASIS:
        if "*" in text or "_" in text or "~" in text:
            text = pattern.sub(r"\2", text)
    for pattern, said in _REPEATED:
        text = pattern.sub(said, text)
    return text


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
