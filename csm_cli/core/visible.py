"""Characters that a screen obeys or does not show: what is refused in texts, and how the rest is printed."""

from __future__ import annotations

import re

from csm_cli.core.errors import UsageError

_CONTROLS = "\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x84\x86-\x9f"
_NO_CHARACTERS = "\ud800-\udfff\ufffe\uffff"
# Those that turn the order of a text around (embeddings, overrides, isolates) or lie over it.
_DISGUISES = "\u202a-\u202e\u2066-\u206f\ufff9-\ufffb"
_TAGS = "\U000e0000-\U000e007f"
# Letters of a flag such as Scotland's; anywhere else they are a text that nobody sees.
_LOOSE_TAGS = f"(?<![\U0001f3f4{_TAGS}])[{_TAGS}]+"

REFUSED = re.compile(f"[{_CONTROLS}{_NO_CHARACTERS}{_DISGUISES}]|{_LOOSE_TAGS}")
"""No text that is read may hold these: control characters but tab and line ends, halves of characters, and
format characters that can make a text look like another."""
DISGUISE = re.compile(f"[{_DISGUISES}]|{_LOOSE_TAGS}")
"""Those of `REFUSED` that take no room: where they are left out, nothing takes their place."""

# Allowed in a text, where they say where words may break and which way they run, but not seen.
_UNSEEN = "\xad\u061c\u115f\u1160\u180e\u200b\u200e\u200f\u2028\u2029\u2060-\u2065\u3164\ufeff\uffa0"
# Joiners belong to emoji and to scripts whose letters join; behind a Latin letter they join nothing.
_JOINERS = "(?<=[\x00-\u024f])[\u200c\u200d]"
_SHOWN = re.compile(f"[{_CONTROLS}\t\n\r\x85{_NO_CHARACTERS}{_DISGUISES}{_UNSEEN}]|{_LOOSE_TAGS}|{_JOINERS}")
_NAMED = {"\t": "\\t", "\n": "\\n", "\r": "\\r"}


def visible(text: str) -> str:
    r"""`text` on one row as it may be printed: what a screen obeys or does not show as `\x1b`, `\u202e`.

    Bytes of a file's name that are not UTF-8 (surrogates, PEP 383) are `\xff` as well.
    """
    return text if text.isascii() and text.isprintable() else _SHOWN.sub(_escaped, text)


def json_visible(text: str) -> str:
    r"""A JSON text with the same characters inside its strings as `\u001b`: it stands for the same values.

    Args:
        text: as `json.dumps` wrote it; its own line ends stay.
    """
    return _SHOWN.sub(lambda found: found[0] if found[0] == "\n" else _as_json(found[0]), text)


def check_text(text: str, where: str) -> str:
    """`text`, which somebody gave, if it may be kept and spoken.

    Args:
        where: the option or argument, for the error; the place in a text of several rows is added.

    Raises:
        UsageError: it holds a character that is refused.
    """
    if found := REFUSED.search(text):
        row = text.count("\n", 0, found.start()) + 1
        column = found.start() - text.rfind("\n", 0, found.start())
        place = f"{where}:{row}:{column}" if "\n" in text else where
        raise UsageError(f"{described(found[0])} cannot be in a text", where=place, remedy="remove it")
    return text


def described(char: str) -> str:
    """A refused character for a message: "control character U+001B"."""
    if "\udc80" <= char <= "\udcff":
        return f"a byte 0x{ord(char) - 0xDC00:02x} that is not UTF-8"
    kind = "control character" if not DISGUISE.match(char) and char < "\ud800" else "invisible character"
    return f"{kind} U+{ord(char[0]):04X}"


def without_refused(text: str, instead: str = "") -> str:
    """`text` without refused characters; `instead` stands for those that are control characters."""
    if not REFUSED.search(text):
        return text
    return REFUSED.sub(lambda found: "" if DISGUISE.match(found[0]) else instead, text)


def left_out(text: str) -> str:
    """What to say where `without_refused` leaves characters out: the first, and how many more; "" if none."""
    found = REFUSED.findall(text)
    more = f" (and {len(found) - 1} more)" if len(found) > 1 else ""
    return f"{described(found[0])} is left out{more}" if found else ""


def _escaped(found: re.Match[str]) -> str:
    return "".join(map(_escape, found[0]))


def _escape(char: str) -> str:
    if char in _NAMED:
        return _NAMED[char]
    code = ord(char)
    if 0xDC80 <= code <= 0xDCFF:  # a byte
        code -= 0xDC00
    if code < 0x100:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


def _as_json(text: str) -> str:
    units = text.encode("utf-16-be", "surrogatepass")
    return "".join(f"\\u{units[at : at + 2].hex()}" for at in range(0, len(units), 2))
