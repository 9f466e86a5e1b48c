"""Texts as YAML scalars that csm and every editor read alike."""

from __future__ import annotations

import re
from collections.abc import Mapping

# Words and figures that YAML takes for something else than text; csm itself would not.
_NOT_TEXT = re.compile(
    r"(?:~|null|yes|no|on|off|true|false|y|n|[-+.0-9][-+.0-9_:eExobinfa]*|=|<<|---.*|\.\.\.)", re.IGNORECASE
)
_PLAIN_BLOCK = re.compile(r"[^\s\-?:,\[\]{}#&*!|>'\"%@`=][^\n]*")
_HIDDEN = re.compile("[\x00-\x1f\x7f-\x9f\u00ad\u200b-\u200f\u2028-\u202e\u2060\ufeff]")


def scalar(text: str, *, flow: bool = False) -> str:
    """`text` as it may stand behind a key: plain where that is safe, else in double quotes.

    Args:
        text: on one line.
        flow: it stands inside `{…}` or `[…]`.
    """
    if (
        _PLAIN_BLOCK.fullmatch(text)
        and text == text.strip()
        and not _NOT_TEXT.fullmatch(text)
        and not _HIDDEN.search(text)
        and ": " not in text
        and " #" not in text
        and not text.endswith(":")
        and not (flow and re.search(r"[,\[\]{}:]", text))
    ):
        return text
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return '"' + _HIDDEN.sub(lambda match: f"\\u{ord(match[0]):04x}", escaped) + '"'


def number(value: float) -> str:
    """A number as a person writes it."""
    return f"{value:.9f}".rstrip("0").rstrip(".") if value % 1 else str(int(value))


def flow_map(pairs: Mapping[str, str]) -> str:
    """`{key: value, …}`; the values are scalars already."""
    return "{" + ", ".join(f"{scalar(key, flow=True)}: {value}" for key, value in pairs.items()) + "}"


def flow_list(texts: tuple[str, ...]) -> str:
    """`[a, b]`."""
    return "[" + ", ".join(scalar(text, flow=True) for text in texts) + "]"
