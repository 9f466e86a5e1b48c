"""Markdown without a voice: emphasis, links and comments inside a line, and blocks that are left out."""

from __future__ import annotations

import re
from html import unescape

from csm_cli.script.document import Source
from csm_cli.script.problems import Problems, shown

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


GONE = "\x00"
"""Stands for a character that is not read, so that what follows keeps its column; no script holds it."""
QUOTE = re.compile(r"(?:>[ \t]?)+")
BULLET = re.compile(r"[-*+][ \t]+(?=\S)")
_NUMBER = re.compile(r"(\d{1,9})[.)][ \t]+\S")
_FENCE = re.compile(r"(`{3,}(?=[^`]*$)|~{3,})")
_UNDERLINE = re.compile(r"={2,}")
_FOOTNOTE = re.compile(r"\[\^[^\[\]\s]+\]:")
_TAGS = (
    "a|b|big|blockquote|br|center|cite|code|del|div|em|font|hr|i|img|ins|kbd|li|mark|ol|p|q|s|small|span|strike|"
    "strong|sub|sup|table|td|th|tr|u|ul"
)
_UNREAD = re.compile(
    rf"""
      (?P<image> !\[[^\[\]]*\](?:\([^()]*\)|\[[^\[\]]*\]) )
    | (?P<mark>  \[\^[^\[\]\s]+\](?!:) )
    | (?P<tag>   </?(?P<name>{_TAGS})(?:\s[^<>]*)?/?> )
    """,
    re.VERBOSE | re.IGNORECASE,
)
_WHAT = {"image": "an image is not read", "tag": "HTML is not read"}
_STRUCK_SPAN = re.compile(r"(?<![\\~])~~(?=[^\s~])[^~]*[^\s~]~~(?!~)")
_INNER_NAME = re.compile(r"(?<=\S)\s+(?P<whole>(\*\*|__)(?P<name>[^*_:]{1,60})(?::\2|\2:))(?=\s)")


def begins_block(text: str) -> bool:
    """Whether a row that begins like this is more than text: a writer puts a backslash first."""
    return bool(
        text[:1] in ("|", ">")
        or BULLET.match(text)
        or _FENCE.match(text)
        or _UNDERLINE.fullmatch(text)
        or _FOOTNOTE.match(text)
    )


class Marks:
    """Goes through the rows in front of the reader, and says once for each block what will not be read."""

    def __init__(self, path: str, problems: Problems):
        self._path, self._problems = path, problems
        self._fence, self._fence_at = "", Source(path, 1, 1)
        self._told: set[str] = set()
        self._skipping = ""  # the kind of block that goes on until a row that is not of it

    def unread(self, text: str, source: Source) -> bool:
        """Whether a row belongs to a block that is left out: code, table, footnote, underlined heading.

        Args:
            text: the row without the white space around it; "" for an empty one.
            source: where it begins.
        """
        if self._fence:
            if text.startswith(self._fence) and not text.strip(self._fence[0]):
                self._fence = ""
                what = "a block of code is not read; take it out, or say it in words"
                return self._leave_out("", what, self._fence_at)
            return True
        if fence := _FENCE.match(text):
            self._fence, self._fence_at, self._skipping = fence[1], source, ""
            return True
        if text.startswith("|"):
            return self._leave_out("table", "a table is not read; say in words what it shows", source)
        if _FOOTNOTE.match(text):
            return self._leave_out("footnote", "a footnote is not read; put it into the text", source)
        if self._skipping == "footnote" and text:
            return True
        self._skipping = ""
        if _UNDERLINE.fullmatch(text):
            return self._leave_out("", 'a row of "=" is not read; a chapter is written "# Title"', source)
        return False

    def close(self) -> None:
        """At the end of the script: a block of code that goes on is a fault."""
        if self._fence:
            self._problems.add(self._fence_at, f'this block of code has no closing "{self._fence}"')

    def blot(self, row: str, number: int) -> str:
        """The row, of the same length, without what has no sound; what is lost or doubtful is noted."""
        if "[" in row or "<" in row:
            row = _UNREAD.sub(lambda match: self._blotted(match, number), row)
        if "~~" in row:
            for struck in _STRUCK_SPAN.finditer(row):
                self._warn(number, struck.start(), "what is struck out is read all the same; take it out")
        if "**" in row or "__" in row:
            for inner in _INNER_NAME.finditer(row):
                name = inner["name"].strip()
                what = f"is read as part of the line; if {name} speaks, begin a row with it"
                self._warn(number, inner.start("whole"), f'"{inner["whole"]}" {what}')
        return row

    def _blotted(self, match: re.Match[str], number: int) -> str:
        before = match.string[: match.start()]
        if (len(before) - len(before.rstrip("\\"))) % 2:
            return match[0]
        kind = match["name"].lower() if match["name"] else match[0]
        if match.lastgroup in _WHAT and kind not in self._told:  # a tag is told once
            self._told.add(kind)
            self._warn(number, match.start(), f"{_WHAT[match.lastgroup]}: {shown(match[0])}")
        return GONE * len(match[0])

    def _leave_out(self, kind: str, what: str, source: Source) -> bool:
        if not kind or kind != self._skipping or kind == "footnote":
            self._problems.add(source, what, "warning")
        self._skipping = kind
        return True

    def _warn(self, number: int, index: int, what: str) -> None:
        self._problems.add(Source(self._path, number, index + 1), what, "warning")


def begins_item(text: str, in_paragraph: bool) -> int:
    """How many characters of a row are a list's bullet; -1: it is no item of a list.

    Args:
        text: the row without white space in front.
        in_paragraph: a paragraph is open that is not of a list: then only `1.` begins one, for a row of
            prose may well begin with a year and a full stop.
    """
    if bullet := BULLET.match(text):
        return bullet.end()
    number = _NUMBER.match(text)
    return 0 if number and (not in_paragraph or number[1] == "1") else -1
