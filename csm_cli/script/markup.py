"""Markup of Markdown scripts: CommonMark that is removed or left out, cues in brackets, settings in braces.

`[pause 1]` and `[sound door.wav gain=-6]` are cues, `{seed=7 gain=-3}` are settings. Of CommonMark
(spec.commonmark.org) and GFM, emphasis and links are reduced to their text; code, tables, HTML are not read.
"""

from __future__ import annotations

import re
from html import unescape
from typing import NamedTuple

from csm_cli.core.visible import REFUSED, described
from csm_cli.script.builder import ScreenplayBuilder
from csm_cli.script.cue_words import is_starred_cue
from csm_cli.script.problems import Problems, Source, did_you_mean, shown
from csm_cli.script.settings import read_seconds, read_sound
from csm_cli.script.yaml_nodes import Fields, Scalar

_ESCAPE = re.compile(r"\\([!-/:-@\[-`{-~])")
_HIDDEN = re.compile("\x01([0-9a-f]{2})\x02")
_LINK = re.compile(r"!?\[([^\[\]]*)\]\([^()\s]*\)")
# A star between figures (2*3*4) is not emphasis.
_STARS = re.compile(r"(?:(?<!\d)|(?!\*{1,3}\d))(\*{1,3})(?=[^\s*])([^*]*[^\s*])\1")
# An underscore inside a word (snake_case) is not emphasis.
_UNDERSCORES = re.compile(r"(?<![\w_])(_{1,3})(?=[^\s_])([^_]*[^\s_])\1(?![\w_])")
_CODE = re.compile(r"(?<!`)`([^`'\s](?:[^`'\n]*[^`'\s])?)`(?!`)")
_STRUCK = re.compile(r"(?<!~)~~(?=[^\s~])([^~]*[^\s~])~~(?!~)")
_ENTITY = re.compile(r"&(?:#\d{1,7}|#[xX][0-9a-fA-F]{1,6}|[A-Za-z][A-Za-z0-9]{1,31});")
_MAX_NESTING = 4


def plain_text(text: str) -> str:
    """`text` without emphasis, links, code marks and entities; backslash escapes as in CommonMark.

    Comments have been removed. Control characters, which no script contains, replace escaped marks meanwhile.
    """
    if not any(mark in text for mark in "\\*_[`~&"):
        return text
    text = _ESCAPE.sub(lambda match: f"\x01{ord(match[1]):02x}\x02", text)
    text = _STRUCK.sub(r"\1", _CODE.sub(r"\1", _LINK.sub(r"\1", text)))
    for _ in range(_MAX_NESTING):  # from the innermost pair outwards
        stripped = _UNDERSCORES.sub(_emphasised, _STARS.sub(_emphasised, text))
        if stripped == text:
            break
        text = stripped
    if "&" in text:
        text = _ENTITY.sub(lambda match: match[0] if _refused(match[0]) else unescape(match[0]), text)
    return _HIDDEN.sub(lambda match: chr(int(match[1], 16)), text)


def check_entities(row: str, number: int, path: str, problems: Problems) -> None:
    """Report entities of a row that stand for characters that are refused in every text."""
    for entity in _ENTITY.finditer(row) if "&#" in row else ():
        begin = entity.start()
        while begin and row[begin - 1] == "\\":
            begin -= 1
        if (entity.start() - begin) % 2 == 0 and (char := _refused(entity[0])):
            problems.add(Source(path, number, entity.start() + 1), f"{described(char)}; remove {entity[0]}")


def _refused(entity: str) -> str:
    """The refused character that an entity stands for; "" if it is another."""
    if not entity.startswith("&#"):
        return ""
    number = int(entity[3:-1], 16) if entity[2] in "xX" else int(entity[2:-1])
    char = chr(number) if number < 0x110000 else ""
    return char if REFUSED.match(char) else ""


def _emphasised(match: re.Match[str]) -> str:
    """What is emphasised, without its marks; `*coughs*` keeps them, as it is not to be said."""
    text = match.string
    return match[0] if is_starred_cue(text, match.start(), match.end()) else match[2]


BLANK = "\x00"
"""Replaces a character that is not read, so that the rest keeps its column; no script contains it."""
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


class LineRows(NamedTuple):
    """Where a line stands.

    Args:
        source: of its text, as in `Line`.
        named: the name of a speaker, or `speaker` among the settings, stands before the text.
        braces: (row, first column, last): of its settings, or, where the two are equal, where these would be.
        rows: (number, column at which the text begins, the row with what is not read as `BLANK`).
    """

    source: Source
    named: bool
    braces: tuple[int, int, int]
    rows: tuple[tuple[int, int, str], ...]


def begins_block(text: str) -> bool:
    """Whether a row that begins so is more than text, so that a writer has to escape it."""
    return bool(
        text[:1] in ("|", ">")
        or BULLET.match(text)
        or _FENCE.match(text)
        or _UNDERLINE.fullmatch(text)
        or _FOOTNOTE.match(text)
    )


class UnreadMarkup:
    """Finds markup that is not read, row by row, and warns once for each block."""

    def __init__(self, path: str, problems: Problems):
        self._path, self._problems = path, problems
        self._fence, self._fence_at = "", Source(path, 1, 1)
        self._reported: set[str] = set()
        self._skipping = ""  # kind of the block that is being skipped

    def skips(self, text: str, source: Source) -> bool:
        """Whether a row belongs to a block that is left out: code, table, footnote, setext underline.

        Args:
            text: the row, stripped.
            source: place of its first character.
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
        """Report a block of code that is open at the end of the script."""
        if self._fence:
            self._problems.add(self._fence_at, f'this block of code has no closing "{self._fence}"')

    def blank_out(self, row: str, number: int) -> str:
        """`row`, of the same length, with images, footnote marks and HTML tags blanked out and reported."""
        check_entities(row, number, self._path, self._problems)
        if "[" in row or "<" in row:
            row = _UNREAD.sub(lambda match: self._blanked(match, number), row)
        if "~~" in row:
            for struck in _STRUCK_SPAN.finditer(row):
                self._warn(number, struck.start(), "what is struck out is read all the same; take it out")
        if "**" in row or "__" in row:
            for inner in _INNER_NAME.finditer(row):
                name = inner["name"].strip()
                what = f"is read as part of the line; if {name} speaks, begin a row with it"
                self._warn(number, inner.start("whole"), f'"{inner["whole"]}" {what}')
        return row

    def _blanked(self, match: re.Match[str], number: int) -> str:
        before = match.string[: match.start()]
        if (len(before) - len(before.rstrip("\\"))) % 2:
            return match[0]
        kind = match["name"].lower() if match["name"] else match[0]
        if match.lastgroup in _WHAT and kind not in self._reported:
            self._reported.add(kind)
            self._warn(number, match.start(), f"{_WHAT[match.lastgroup]}: {shown(match[0])}")
        return BLANK * len(match[0])

    def _leave_out(self, kind: str, what: str, source: Source) -> bool:
        if not kind or kind != self._skipping or kind == "footnote":
            self._problems.add(source, what, "warning")
        self._skipping = kind
        return True

    def _warn(self, number: int, index: int, what: str) -> None:
        self._problems.add(Source(self._path, number, index + 1), what, "warning")


def begins_item(text: str, in_paragraph: bool) -> int:
    """The length of a row's bullet, 0 for a numbered item; -1: the row is no item of a list.

    Args:
        text: the row, stripped.
        in_paragraph: a paragraph outside a list is open. Then only `1.` begins a numbered list, as in
            CommonMark: a row of prose may begin with a year and a full stop.
    """
    if bullet := BULLET.match(text):
        return bullet.end()
    number = _NUMBER.match(text)
    return 0 if number and (not in_paragraph or number[1] == "1") else -1


_QUOTED = r'"(?:[^"\\]|\\.)*"'
CUE = re.compile(rf"\[(pause|sound|bed|include)\b:?\s*+((?:{_QUOTED}|[^\[\]\"])*+)\]", re.IGNORECASE)
_PAIR = rf"(?:{_QUOTED}|[^\s={{}}\",]+)\s*=\s*(?:{_QUOTED}|[^\s{{}}\",]+)"
BRACES = re.compile(rf"\{{\s*({_PAIR}(?:[\s,]+{_PAIR})*)\s*\}}\s*")
PARTS = re.compile(rf"({_QUOTED}|[^\s={{}}\",]+)\s*=\s*({_QUOTED}|[^\s{{}}\",]+)")
_OPTION = re.compile(r"\s(?:(gain|duck|fade)\s*=?\s*([-+]?[0-9.]+)(?:\s*(?:dB|s))?|(over))\s*,?$")

MAX_CUE = 1000


def read_cue(match: re.Match[str], source: Source, builder: ScreenplayBuilder, problems: Problems) -> None:
    """Add the cue of a match of `CUE`, which begins at `source`."""
    word, rest = match[1].lower(), match[2].strip()
    at = Source(source.path, source.line, source.column + match.start(2) - match.start())
    if word == "pause":
        if (seconds := read_seconds(rest, at, problems)) is not None:
            builder.add_pause(seconds, source)
    elif word == "include":
        builder.include(_unquoted(rest), source)
    elif word == "bed" and rest.lower() in ("end", "stop", "off"):
        builder.end_bed(source)
    elif len(rest) > MAX_CUE:
        problems.add(at, f"a cue of {len(rest)} characters; {MAX_CUE} are the most")
    else:
        builder.add_sound(read_sound(_options(word, rest, at), problems), at)


def read_braces(match: re.Match[str], row: int, offset: int, path: str) -> Fields:
    """The settings of a match of `BRACES` as a mapping; `offset`: column of the string's first character."""
    fields = Fields(Source(path, row, offset + match.start()))
    for pair in PARTS.finditer(match.string, match.start(1), match.end(1)):
        key = Scalar(_unquoted(pair[1]), True, Source(path, row, offset + pair.start(1)))
        value = pair[2]
        node = Scalar(_unquoted(value), value[0] != '"', Source(path, row, offset + pair.start(2)))
        fields.pairs.append((key, node))
    return fields


def trailing_braces(text: str) -> re.Match[str] | None:
    """The settings at the end of a heading, unless a backslash escapes the brace."""
    for match in BRACES.finditer(text):
        if match.end() == len(text):
            return None if text[: match.start()].endswith("\\") else match
    return None


def check_duplicates(fields: Fields, problems: Problems) -> None:
    """Report duplicate keys, as `parse_nodes` does for YAML."""
    seen: set[str] = set()
    for key, _ in fields.pairs:
        if key.text in seen:
            problems.add(key.source, f'duplicate key "{shown(key.text)}"')
        seen.add(key.text)


def misspelt_cue(text: str) -> str:
    """A hint if `text`, in brackets on a row of its own, may be a misspelt cue; else ""."""
    word = re.match(r"\[\s*([A-Za-z]{3,12})\b", text)
    return did_you_mean(f"[{word[1].lower()}", ["[pause", "[sound", "[bed", "[include"]) if word else ""


def _options(word: str, rest: str, at: Source) -> Fields:
    """`door.wav gain=-6 over` as a mapping: options are removed from the end, the rest is the file."""
    fields = Fields(at)
    rest = rest.rstrip().removesuffix(",")
    while option := _OPTION.search(rest):
        key, value = (option[1], option[2]) if option[1] else ("over", "on")
        fields.pairs.append((Scalar(key, True, at), Scalar(value, True, at)))
        rest = rest[: option.start()].rstrip().removesuffix(",").rstrip()
    fields.pairs.append((Scalar(word, True, at), Scalar(_unquoted(rest), True, at)))
    return fields


def _unquoted(text: str) -> str:
    if len(text) > 1 and text[0] == text[-1] == '"':
        return re.sub(r"\\(.)", r"\1", text[1:-1])
    return text
