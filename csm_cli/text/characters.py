"""Characters: typography that is removed or made plain, and folding to the alphabet of a model."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Container

# Invisible characters: soft hyphen, zero-width space, word joiner, directional marks, byte order mark.
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
# Full-width forms and ligatures, for NFKC; on other characters it would turn x² into x2.
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
    """`text` on one line, in NFC, with plain quotes, dashes and ellipses, without emoji and the like."""
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
    for pattern, single in _REPEATED:
        text = pattern.sub(single, text)
    return text


ASCII = frozenset(map(chr, range(32, 127)))
"""Printable ASCII: the alphabet of a model that was trained on plain English."""

# Tried in order; " " last, so that the words on both sides stay apart.
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
# A comma that replaces a dash has a space before it.
_LOOSE = re.compile(" +(?=[,;:])")


def fold_to(text: str, alphabet: Container[str]) -> tuple[str, str]:
    """Replace the characters of `text` that are not in `alphabet`, by case, decomposition or a stand-in.

    Args:
        text: spoken form.
        alphabet: allowed characters; it should contain the space.

    Returns:
        The text, white space collapsed, and the characters that were dropped, each once, in order.
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
    # White space and combining accents are not reported as dropped.
    return "" if char.isspace() or not bare else None
