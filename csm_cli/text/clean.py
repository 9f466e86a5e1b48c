"""Typography: what only looks different, or carries no sound, before any word is looked at."""

from __future__ import annotations

import re
import unicodedata

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
