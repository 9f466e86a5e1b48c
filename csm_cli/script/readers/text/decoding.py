"""Decoding of plain texts, whatever program wrote them: what can be guessed is guessed, and said."""

from __future__ import annotations

import codecs
import re
import string

from csm_cli.core.errors import ScriptError
from csm_cli.core.visible import DISGUISE, described
from csm_cli.script.problems import MAX_CONTROL_CHARACTERS, MAX_ROWS, Problems, Source, SourceText

_MARKS = (
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
    (codecs.BOM_UTF8, "utf-8-sig"),
)
_LATIN = ("iso8859-1", "latin-1")
_CONTROL = re.compile(
    "\x1b\\[[0-9;]{0,12}[A-Za-z]|[^\t\n\f\x20-\x7e\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]"
    f"|{DISGUISE.pattern}"
)
_C1 = {chr(byte): bytes([byte]).decode("cp1252", "ignore") for byte in range(0x80, 0xA0)}
_HIGH_LETTERS = bytes(set(range(0x80, 0x100)) - {0x85, 0xA0, *range(0x91, 0x98)})
_CONTROL_BYTES = bytes(set(range(0x20)) - set(b"\t\n\v\f\r"))
_SAMPLE = 65_536
_FOREIGN = 0.4
_BINARY = 0.02


def decode_plain(name: str, data: bytes, encoding: str, problems: Problems) -> SourceText:
    """The text in `data`, with "\\n" as line ends and form feeds between pages.

    Without an encoding of another name than UTF-8, a byte order mark decides; what is not UTF-8 is read as
    CP1252. Control characters are removed. Each guess and each removal is a warning.

    Args:
        name: of the file, for messages.
        data: its content.
        encoding: its encoding, "utf-8" if it is not known.
        problems: receives the warnings.

    Raises:
        ScriptError: `data` is not in that encoding, in no encoding that can be guessed, or no text at all;
            or it has too many rows.
    """
    source = SourceText(name, _plain_lines(_text(name, data, encoding, problems)))
    if source.rows > MAX_ROWS:
        raise ScriptError([f"{name}: error: {source.rows} rows; {MAX_ROWS} are the most: divide the script"])
    return _without_control_characters(source, problems)


def _text(name: str, data: bytes, encoding: str, problems: Problems) -> str:
    usual = codecs.lookup(encoding).name
    if usual in ("utf-8", "utf-8-sig"):
        usual = next((other for mark, other in _MARKS if data.startswith(mark)), _wide(data) or "utf-8")
        if usual.startswith("utf-16-"):
            problems.add(Source(name, 1, 1), f"no byte order mark; read as {usual.upper()}", "warning")
    elif usual in _LATIN:
        usual = "cp1252"  # as browsers do: the difference is control characters that no text has
    if usual == "cp1252":
        return _from_cp1252(data)
    try:
        return data.decode(usual)
    except UnicodeDecodeError as fault:
        if usual not in ("utf-8", "utf-8-sig"):
            raise ScriptError([f"{name}: error: not {usual}: {fault.reason}"]) from None
        return _guessed(name, data.removeprefix(codecs.BOM_UTF8), problems)


def _wide(data: bytes) -> str:
    """UTF-16 without a byte order mark: every other byte of a text in Latin letters is zero."""
    sample = data[:_SAMPLE]
    half = len(sample) // 2
    if half < 2 or len(data) % 2:
        return ""
    if sample[1::2].count(0) > 0.7 * half and not sample[::2].count(0):
        return "utf-16-le"
    if sample[::2].count(0) > 0.7 * half and not sample[1::2].count(0):
        return "utf-16-be"
    return ""


def _guessed(name: str, data: bytes, problems: Problems) -> str:
    """Text that is not UTF-8: CP1252, or UTF-8 with a few bytes of CP1252 in it."""
    good = data.decode("utf-8", "ignore")
    wide = sum(char > "\x7f" for char in good)
    lost = len(data) - len(good.encode("utf-8"))
    begin = _first_fault(data)
    row = data.count(b"\n", 0, begin) + 1
    where = Source(name, row, begin - data.rfind(b"\n", 0, begin))
    remedy = "if that is wrong, name another with --encoding"
    if wide > lost:
        what = f"{lost} bytes are not UTF-8, this one first; they are read as cp1252; {remedy}"
        problems.add(where, what, "warning")
        return _mixed(data)
    controls = _number_of(data, _CONTROL_BYTES)
    _check_binary(where, next((byte for byte in data if byte in _CONTROL_BYTES), 0), controls, len(data))
    high, letters = _number_of(data, _HIGH_LETTERS), _number_of(data, string.ascii_letters.encode())
    if high > 4 and high > _FOREIGN * (high + letters):
        what = f"byte 0x{data[begin]:02x} is not UTF-8, nor is this cp1252; name the encoding with --encoding"
        raise ScriptError([f"{where}: error: {what}"])
    what = f"byte 0x{data[begin]:02x} is not UTF-8; the file is read as cp1252 (Western European); {remedy}"
    problems.add(where, what, "warning")
    return _from_cp1252(data)


def _number_of(data: bytes, which: bytes) -> int:
    return len(data) - len(data.translate(None, which))


def _check_binary(where: Source, first: int, controls: int, length: int) -> None:
    if controls > MAX_CONTROL_CHARACTERS // 2 and controls > _BINARY * length:
        what = f"control character U+{first:04X}, and {controls - 1} more; this is no text"
        raise ScriptError([f"{where}: error: {what}"])


def _first_fault(data: bytes) -> int:
    try:
        data.decode("utf-8")
    except UnicodeDecodeError as fault:
        return fault.start
    return 0


def _from_cp1252(data: bytes) -> str:
    """CP1252; its five undefined bytes become control characters."""
    try:
        return data.decode("cp1252")
    except UnicodeDecodeError:
        return "".join(_C1.get(char) or char for char in data.decode("latin-1"))


def _mixed(data: bytes) -> str:
    text = data.decode("utf-8", "surrogateescape")
    return re.sub(
        "[\udc80-\udcff]+", lambda match: _from_cp1252(match[0].encode("utf-8", "surrogateescape")), text
    )


def _plain_lines(text: str) -> str:
    text = text.replace("\ufeff", "")
    if text.count("\r\r\n") == text.count("\n"):
        text = text.replace("\r\r\n", "\n")
    text = text.replace("\r\n", "\n").replace("\r", "\n").replace("\v", " ")
    return text.replace("\x85", "\n").replace("\u2028", "\n").replace("\u2029", "\n\n")


def _without_control_characters(source: SourceText, problems: Problems) -> SourceText:
    found = list(_CONTROL.finditer(source.text))
    if not found:
        return source
    controls = [match for match in found if not DISGUISE.match(match[0])]
    if controls:
        first = controls[0]
        _check_binary(source.at(first.start()), ord(first[0][0]), len(controls), len(source.text))
    for match in found[:MAX_CONTROL_CHARACTERS]:
        meant = _C1.get(match[0])
        what = f'is read as "{meant}"' if meant else "is left out"
        problems.add(source.at(match.start()), f"{described(match[0])} {what}", "warning")
    if len(found) > MAX_CONTROL_CHARACTERS:
        more = f"and {len(found) - MAX_CONTROL_CHARACTERS} more control characters"
        problems.add(source.at(found[MAX_CONTROL_CHARACTERS].start()), more, "warning")
    return SourceText(source.path, _CONTROL.sub(lambda match: _C1.get(match[0], ""), source.text))
