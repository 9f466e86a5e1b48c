"""Damage: bytes and tokens of any file, values of JSON and YAML, members of zip archives.

All chance comes from the given `random.Random`, which may be hypothesis' own: then examples shrink.
"""

from __future__ import annotations

import io
import json
import re
import zipfile
from collections.abc import Callable, Sequence
from pathlib import Path
from random import Random
from typing import Any

import yaml

LONGEST = 1 << 18
"""Bytes of an input: what takes long shows in less."""
NUMBERS = (
    *(0, -1, 1, 2, 127, 128, 255, 256, 65_535, 2**31 - 1, 2**31, 2**32, 2**53, 2**63, 2**64, 10**20, 10**400),
    *(0.5, -0.0, 1e-320, 1e16, 1e300, float("inf"), float("-inf"), float("nan")),
)
_LONG = (("9", 30), ("1", 5000), ("a", 3000), ("[", 300), ("{", 300), ("- ", 80), (" ", 500), ("\n", 300))
TEXTS = (
    *(
        row.encode().decode("unicode_escape")
        for row in Path(__file__).with_name("tokens.txt").read_text().split("\n")
    ),
    *(text * times for text, times in _LONG),
)
"""What means something in some format, or to some program; the rows of `tokens.txt` have Python's escapes."""
TOKENS = (
    *(text.encode() for text in TEXTS),
    *(b"\xff", b"\xff\xfe", b"\xc0\x80", b"\xed\xa0\x80", b"\0" * 16, b"\xff" * 8, b"\x7f\xff\xff\xff"),
)
_WORD = re.compile(rb"[A-Za-z_][\w.-]*|-?\d[\d.eE+-]*|[^\w\s]+|\s+")
_TAG = re.compile(rb"<[^<>]*>")


def damaged(data: bytes, others: Sequence[bytes], chance: Random) -> bytes:
    """A damaged copy of `data`.

    Args:
        others: further files of its kind, of which parts may come in.
    """
    for _ in range(1 + min(chance.randrange(6), chance.randrange(6))):
        if chance.random() < 0.6 and data[:4] == b"PK\3\4":  # a changed byte only breaks a checksum
            data = _member(data, others, chance)
        elif chance.random() < 0.4 and data[:1] in (b"{", b"["):
            data = _values(data, others, chance)
        else:
            data = chance.choice(_WAYS)(data, others, chance)
    return data if data[:4] == b"PK\3\4" else data[:LONGEST]


def interesting(chance: Random, depth: int = 0) -> Any:
    """A value of JSON that a reader may not expect."""
    kind = chance.randrange(8 if depth < 3 else 4)
    if kind == 0:
        return chance.choice((None, True, False))
    if kind in (1, 2):
        return chance.choice(NUMBERS)
    if kind == 3:
        return chance.choice(TEXTS)
    if kind == 4:
        return [interesting(chance, depth + 1) for _ in range(chance.randrange(4))]
    if kind == 5:
        value: Any = interesting(chance, 9)
        for _ in range(chance.choice((2, 30, 150, 1200))):
            value = [value] if chance.random() < 0.5 else {"a": value}
        return value
    return {chance.choice(TEXTS): interesting(chance, depth + 1) for _ in range(chance.randrange(4))}


def change_value(value: Any, chance: Random) -> Any:
    """The value with something in it, at any depth, replaced, left out, doubled, moved or renamed."""
    places = list(_places(value))
    if not places:
        return interesting(chance)
    holder, key = chance.choice(places)
    kind = chance.randrange(7)
    if kind == 0:
        del holder[key]
    elif kind == 1 and isinstance(holder, list):
        holder[key:key] = [holder[key]] * chance.choice((1, 2, 50))
    elif kind == 2:
        source, there = chance.choice(places)
        if (isinstance(source, list) and there < len(source)) or (
            isinstance(source, dict) and there in source
        ):
            holder[key] = json.loads(json.dumps(source[there], default=str))
    elif kind == 3 and isinstance(holder, dict):
        holder[chance.choice(TEXTS)] = holder.pop(key)
    elif kind == 4 and isinstance(holder[key], int | float) and not isinstance(holder[key], bool):
        factor = chance.choice((-1, 0, 2, 1e9, 1e300, 0.1))
        holder[key] = holder[key] * factor if abs(holder[key]) < 1e300 else 0
    elif kind == 5 and isinstance(holder[key], str):
        holder[key] = _text(holder[key], chance)
    else:
        holder[key] = interesting(chance)
    return value


def _places(value: Any) -> Any:
    """(holder, key) of everything inside a value."""
    waiting, seen = [value], 0
    while waiting and seen < 5000:
        holder = waiting.pop()
        keys: Any = holder.keys() if isinstance(holder, dict) else range(len(holder))
        for key in list(keys) if isinstance(holder, dict | list) else ():
            seen += 1
            yield holder, key
            if isinstance(holder[key], dict | list):
                waiting.append(holder[key])


def _text(text: str, chance: Random) -> str:
    at = chance.randrange(len(text) + 1)
    return text[:at] + chance.choice(TEXTS) + text[at + chance.randrange(3) :]


def _flip(data: bytes, others: Sequence[bytes], chance: Random) -> bytes:
    changed = bytearray(data or b"\0")
    for _ in range(chance.choice((1, 1, 2, 8))):
        at = chance.randrange(len(changed))
        changed[at] = chance.choice((changed[at] ^ 1 << chance.randrange(8), chance.randrange(256), 0, 255))
    return bytes(changed)


def _remove(data: bytes, others: Sequence[bytes], chance: Random) -> bytes:
    start, end = _stretch(data, chance)
    return data[:start] + data[end:]


def _double(data: bytes, others: Sequence[bytes], chance: Random) -> bytes:
    start, end = _stretch(data, chance)
    return data[:end] + data[start:end] * chance.choice((1, 1, 2, 20)) + data[end:]


def _splice(data: bytes, others: Sequence[bytes], chance: Random) -> bytes:
    other = chance.choice(others) if others else data
    start, end = _stretch(other, chance)
    at, until = _stretch(data, chance)
    return data[:at] + other[start:end] + data[chance.choice((at, until)) :]


def _insert(data: bytes, others: Sequence[bytes], chance: Random) -> bytes:
    at = chance.randrange(len(data) + 1)
    return data[:at] + chance.choice(TOKENS) + data[at + chance.choice((0, 0, 1, 4)) :]


def _truncate(data: bytes, others: Sequence[bytes], chance: Random) -> bytes:
    return data[: chance.randrange(len(data) + 1)]


def _number(data: bytes, others: Sequence[bytes], chance: Random) -> bytes:
    size = chance.choice((1, 2, 4, 8))
    value = chance.choice(
        (0, 1, 0x7F, 0x80, 0xFF, 0x7FFF, 0x8000, 2**31 - 1, 2**31, 2**32 - 1, 2**63, len(data))
    )
    at = chance.randrange(len(data) + 1)
    number = (value % 256**size).to_bytes(size, chance.choice(("little", "big")))
    return data[:at] + number + data[at + size :]


def _word(data: bytes, others: Sequence[bytes], chance: Random) -> bytes:
    """Words, numbers and signs changed for others of the file, or for what means something somewhere."""
    words = [found.span() for found in _WORD.finditer(data[:65_536])]
    if not words:
        return _insert(data, others, chance)
    (start, end), (low, high) = chance.choice(words), chance.choice(words)
    new = chance.choice((data[low:high], chance.choice(TOKENS), b""))
    return data[:start] + new + data[end:]


def _row(data: bytes, others: Sequence[bytes], chance: Random) -> bytes:
    rows = data.split(b"\n")
    at, other = chance.randrange(len(rows)), chance.randrange(len(rows))
    kind = chance.randrange(4)
    if kind == 0:
        rows[at], rows[other] = rows[other], rows[at]
    elif kind == 1:
        rows.insert(other, rows[at])
    elif kind == 2:
        rows[at] = b" " * chance.choice((1, 2, 4)) + rows[at]
    else:
        del rows[at]
    return b"\n".join(rows)


def _tag(data: bytes, others: Sequence[bytes], chance: Random) -> bytes:
    tags = [found.span() for found in _TAG.finditer(data[:65_536])]
    if not tags:
        return _word(data, others, chance)
    (start, end), (low, high) = chance.choice(tags), chance.choice(tags)
    new = chance.choice(
        (data[low:high], data[start:end] * 2, data[start:end] * 300, b"", data[start:end] + b"<p>")
    )
    return data[:start] + new + data[end:]


def _values(data: bytes, others: Sequence[bytes], chance: Random) -> bytes:
    """JSON, JSON lines or YAML, read, changed and written again; other files lose a stretch."""
    try:
        if data[:1] in b"{[" and b"\n{" not in data:
            return _dumped(change_value(json.loads(data), chance))
        if data[:1] == b"{":
            rows = data.split(b"\n")
            at = chance.randrange(len(rows))
            rows[at] = _dumped(change_value(json.loads(rows[at] or b"{}"), chance))
            return b"\n".join(rows)
        if len(data) < 8192 and b": " in data[:4096] and data[:4] != b"PK\3\4":
            value = yaml.safe_load(data)
            if isinstance(value, dict | list):
                return yaml.safe_dump(
                    change_value(value, chance), sort_keys=False, allow_unicode=True
                ).encode()
    except Exception:  # whatever it is, it has no values that can be changed
        pass
    return _remove(data, others, chance)


def _dumped(value: Any) -> bytes:
    return json.dumps(value, ensure_ascii=False).encode("utf-8", "surrogatepass")


def _member(data: bytes, others: Sequence[bytes], chance: Random) -> bytes:
    """A zip archive with one of its files damaged, left out, renamed or doubled; or its own bytes."""
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            files = [(entry.filename, archive.read(entry)) for entry in archive.infolist()[:60]]
    except Exception:  # whatever it is, it is none that can be taken apart
        return _flip(data, others, chance)
    if not files:
        return data
    at = chance.randrange(len(files))
    name, content = files[at]
    kind = chance.randrange(8)
    if kind == 0:
        del files[at]
    elif kind == 1:
        files[at] = (_text(name, chance).replace("\0", "") or "x", content)
    elif kind == 2:
        files.append((name, content))
    elif kind == 3:
        files[at] = (name, chance.choice(files)[1])
    else:
        ways = [way for way in _WAYS if way is not _member]
        files[at] = (name, chance.choice(ways)(content, [], chance)[:LONGEST])
    return packed(files)


def packed(files: Sequence[tuple[str, bytes]]) -> bytes:
    """A zip archive of files."""
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files:
            if name not in archive.namelist():
                archive.writestr(zipfile.ZipInfo(name[:60_000]), content, zipfile.ZIP_DEFLATED)
    return data.getvalue()


def _stretch(data: bytes, chance: Random) -> tuple[int, int]:
    start = chance.randrange(len(data) + 1)
    return start, min(len(data), start + chance.choice((1, 2, 4, 16, 64, 256, 1024, len(data))))


_WAYS: tuple[Callable[[bytes, Sequence[bytes], Random], bytes], ...] = (
    *(_flip, _remove, _double, _splice, _insert, _truncate, _number, _word, _word, _row, _tag),
    *(_values, _values, _values, _member, _member),
)
