"""Markdown inside a line: emphasis, links, entities and backslashes become the plain text that is spoken."""

from __future__ import annotations

import re
from html import unescape

_ESCAPE = re.compile(r"\\([!-/:-@\[-`{-~])")
_HIDDEN = re.compile("\x01([0-9a-f]{2})\x02")
_LINK = re.compile(r"!?\[([^\[\]]*)\]\([^()\s]*\)")
_STARS = re.compile(r"(\*{1,3})(?=[^\s*])([^*]*[^\s*])\1")
# An underscore inside a word (snake_case) is no emphasis.
_UNDERSCORES = re.compile(r"(?<![\w_])(_{1,3})(?=[^\s_])([^_]*[^\s_])\1(?![\w_])")
_CODE = re.compile(r"(?<!`)`([^`'\s](?:[^`'\n]*[^`'\s])?)`(?!`)")
_STRUCK = re.compile(r"(?<!~)~~(?=[^\s~])([^~]*[^\s~])~~(?!~)")
_ENTITY = re.compile(r"&(?:#\d{1,7}|#[xX][0-9a-fA-F]{1,6}|[A-Za-z][A-Za-z0-9]{1,31});")
_MAX_NESTING = 4


def plain_text(text: str) -> str:
    """`text` without Markdown marks; a backslash keeps the mark behind it as it is.

    Comments are expected to be gone already. Control characters, which scripts cannot hold, stand in for
    escaped marks on the way.
    """
    if not any(mark in text for mark in "\\*_[`~&"):
        return text
    text = _ESCAPE.sub(lambda match: f"\x01{ord(match[1]):02x}\x02", text)
    text = _STRUCK.sub(r"\1", _CODE.sub(r"\1", _LINK.sub(r"\1", text)))
    for _ in range(_MAX_NESTING):  # from the innermost pair outwards
        stripped = _UNDERSCORES.sub(r"\2", _STARS.sub(r"\2", text))
        if stripped == text:
            break
        text = stripped
    if "&" in text:
        text = _ENTITY.sub(lambda match: unescape(match[0]), text)
    return _HIDDEN.sub(lambda match: chr(int(match[1], 16)), text)
