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
        **dict.fromkeys("‐‑‒−﹣⁃", "-"),
        **dict.fromkeys("—―⸺⸻", " - "),
        "…": "...",
        **dict.fromkeys("→⇒⟶⟹➔➙➛➜➝➞➡", "→"),
        **dict.fromkeys("✕✖⨯", "×"),
        **dict.fromkeys("∼～", "~"),
        "♯": "#",
        "∕": "/",
        "⁄": "/",
        "∗": "*",
    }
)
# A dash of any kind between two figures, an en dash inside a compound: both like a hyphen.
_DASH_OF_FIGURES = re.compile("(?<=[0-9])[–—―−‒‐‑](?=[0-9])|(?<=[^\\W\\d_])–(?=[^\\W\\d_])")
_STARS = re.compile("(?<=[0-9])\\s?[★☆⭐]")
_RAISED_ORDINAL = re.compile("(?<=[0-9])(?:ˢᵗ|ⁿᵈ|ʳᵈ|ᵗʰ)")
# Full-width forms and ligatures, for NFKC; on other characters it would turn x² into x2.
_LOOKALIKE = re.compile("[\ufb00-\ufb06\uff01-\uff5e\u2160-\u2188]+")
_FIGURE = re.compile("[\u2460-\u24ff\u2776-\u2793\U0001f100-\U0001f16f\U0001d7ce-\U0001d7ff]|(?![0-9])\\d")
"""Circled and other figures and letters, and those of other writing systems."""
_EMOJI = re.compile(
    "[\U0001f000-\U0001faff\u2190-\u2191\u2193-\u21ff\u2300-\u23ff\u2500-\u266c\u2670-\u27bf\u2b00-\u2bff"
    "\u3030\u303d\ufe0e\ufe0f\u20e3\u200d\U000e0020-\U000e007f]+"
)
# No sign of these holds a letter or a figure: nothing that could be a word is taken out.
_EMOTICON = re.compile(r"(?<!\S)(?:[:;=][-'^]?[)(\]\[/\\|*]{1,3}|\^_?\^)(?=[\s.,!?]|$)")
_HEART = re.compile(r"\b(I|[Ww]e|[Yy]ou|[Tt]hey) <3 (?=[a-zA-Z])|(?<=[.!?,]) <3(?=\s*$)")
_EMPHASIS = (
    re.compile(r"(\*{1,3}|~~)(?=[^\s*~])([^*~]*[^\s*~])\1"),
    re.compile(r"(?<![\w_])(_{1,3})(?=[^\s_])([^_]*[^\s_])\1(?![\w_])"),
)
_GROUPS = re.compile(r"(?<![\d.,])([0-9]{1,3})((?:[\u00a0\u2007\u2009\u202f][0-9]{3})+)(?![\d])")
_NOT_GROUPED = re.compile(r"[^\S\u202f]+")
GROUP_SPACE = "\u202f"
"""Between three figures of a number that was written with thin or fixed spaces."""
_REPEATED = [
    (re.compile(r"!{2,}"), "!"),
    (re.compile(r"\?{2,}"), "?"),
    (re.compile(r"[!?]*(?:\?!|!\?)[!?]*"), "?!"),
    (re.compile(r",(?:\s*,)+"), ","),
    (re.compile(r"(?:\.\s){2,}\.(?!\w)|\.{3,}"), "..."),
    (re.compile(r"(?<=[^.])\.\.(?!\.)"), "."),
]


def clean(text: str) -> str:
    """`text` on one line, in NFC, with plain quotes, dashes and ellipses, without emoji and the like.

    `GROUP_SPACE` is the only white space beside " " that stays: "10 000" with a thin space is one number.
    """
    if text.isascii():
        return " ".join(text.translate(_PLAIN).split())
    text = unicodedata.normalize("NFC", text.translate(_SILENT))
    text = _LOOKALIKE.sub(lambda match: unicodedata.normalize("NFKC", match[0]), text)
    text = _RAISED_ORDINAL.sub(lambda match: unicodedata.normalize("NFKC", match[0]), text)
    text = _STARS.sub("*", _DASH_OF_FIGURES.sub("-", text)).translate(_PLAIN)
    text = _EMOJI.sub(" ", _FIGURE.sub(_plain_figure, text))
    text = text.replace(GROUP_SPACE, "\u2009")
    text = _GROUPS.sub(lambda match: match[1] + re.sub(r"\s", GROUP_SPACE, match[2]), text)
    return _NOT_GROUPED.sub(" ", text).strip()


def _plain_figure(match: re.Match[str]) -> str:
    """ "①" as 1, "Ⓐ" as A, "٣" as 3: with spaces where a letter or figure is beside it."""
    char = match[0]
    value = unicodedata.numeric(char, None)
    if unicodedata.category(char) == "Nd":
        return str(unicodedata.digit(char))
    plain = f"{value:g}" if value is not None else unicodedata.normalize("NFKC", char)
    return f" {plain} " if plain != char and any(map(str.isalnum, plain)) else char


def without_marks(text: str) -> str:
    """A cleaned `text` without emphasis, emoticons and repeated punctuation."""
    text = _EMOTICON.sub("", text)
    if "<3" in text:
        text = _HEART.sub(lambda match: f"{match[1]} love " if match[1] else " heart", text)
    for pattern in _EMPHASIS:
        if "*" in text or "_" in text or "~" in text:
            text = pattern.sub(_emphasised, text)
    for pattern, single in _REPEATED:
        text = pattern.sub(single, text)
    return text


def _emphasised(match: re.Match[str]) -> str:
    """What is between the marks; all of it where they multiply: "2*3*4", "a*b*c"."""
    before, after = (
        match.string[match.start() - 1 : match.start()],
        match.string[match.end() : match.end() + 1],
    )
    between_figures = before.isdigit() or after.isdigit()
    short = len(match[2]) == 1 and (before.isalnum() or after.isalnum())
    return match[0] if between_figures or short else match[2]


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
