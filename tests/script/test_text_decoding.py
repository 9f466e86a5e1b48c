"""Plain texts in any encoding: what can be guessed is read, and said."""

from __future__ import annotations

import codecs

import pytest

from csm_cli.core.errors import ScriptError
from csm_cli.script import read_screenplay
from csm_cli.script.problems import Problems
from csm_cli.script.readers.text.decoding import decode_plain

TEXT = "Chapter 1\n\n“Grüße,” said Zoë – it’s late…\n"


def decoded(data: bytes, encoding: str = "utf-8") -> tuple[str, list[str]]:
    """The text, and the warnings without the file's name."""
    problems = Problems()
    text = decode_plain("a.txt", data, encoding, problems).text
    assert not problems
    return text, [f"{found.source}: {found.message}".removeprefix("a.txt:") for found in problems.findings()]


@pytest.mark.parametrize(
    "data",
    [
        TEXT.encode(),
        codecs.BOM_UTF8 + TEXT.encode(),
        TEXT.encode("utf-16"),
        codecs.BOM_UTF16_BE + TEXT.encode("utf-16-be"),
        TEXT.encode("utf-32"),
        codecs.BOM_UTF32_BE + TEXT.encode("utf-32-be"),
        TEXT.replace("\n", "\r\n").encode(),
        TEXT.replace("\n", "\r").encode(),
        TEXT.replace("\n", "\r\r\n").encode(),
    ],
    ids=["UTF-8", "BOM", "UTF-16", "UTF-16-BE", "UTF-32", "UTF-32-BE", "CRLF", "CR", "CRCRLF"],
)
def test_marks_and_line_ends_are_understood(data):
    assert decoded(data) == (TEXT, [])


def test_cp1252_is_guessed_and_said():
    text, (warning,) = decoded(TEXT.encode("cp1252"))
    assert text == TEXT
    assert warning.startswith("3:1: byte 0x93 is not UTF-8; the file is read as cp1252")
    assert "--encoding" in warning


def test_a_few_bytes_of_cp1252_in_utf_8():
    text, (warning,) = decoded("Grüße, Ärger.\n".encode() + "Grüße.".encode("cp1252"))
    assert text == "Grüße, Ärger.\nGrüße."
    assert warning.startswith("2:3: 2 bytes are not UTF-8")


def test_utf_16_without_a_mark():
    text, (warning,) = decoded("The sea was loud.\n".encode("utf-16-le"))
    assert (text, warning) == ("The sea was loud.\n", "1:1: no byte order mark; read as UTF-16-LE")


def test_a_named_encoding_is_not_guessed():
    assert decoded(TEXT.encode("cp1252"), "cp1252") == (TEXT, [])
    assert decoded(TEXT.encode("cp1252"), "latin-1") == (TEXT, [])
    assert decoded("Привет".encode("koi8-r"), "koi8-r") == ("Привет", [])
    with pytest.raises(ScriptError, match="not ascii"):
        decoded(TEXT.encode(), "ascii")


@pytest.mark.parametrize(
    ("data", "message"),
    [
        ("Море было громким этой ночью.".encode("koi8-r"), "nor is this cp1252; name the encoding"),
        ("海は荒れていた。".encode("shift-jis"), "nor is this cp1252; name the encoding"),
        (bytes(range(256)) * 4, "this is no text"),
        (bytes(1000), "control character U+0000, and 999 more; this is no text"),
    ],
    ids=["KOI8-R", "Shift-JIS", "binary", "NULs"],
)
def test_what_is_no_western_text_is_refused(data, message):
    with pytest.raises(ScriptError) as caught:
        decoded(data)
    (problem,) = caught.value.problems
    assert message in problem


def test_control_characters_are_left_out_and_said():
    text, warnings = decoded(b"The \x1b[1msea\x07.\fIt\xc2\x92s.\x1a\n")
    assert text == "The sea.\fIt’s.\n"
    assert warnings == [
        "1:5: control character U+001B is left out",
        "1:12: control character U+0007 is left out",
        '1:17: control character U+0092 is read as "’"',
        "1:20: control character U+001A is left out",
    ]


def test_a_page_break_is_white_space(script):
    text = "Chapter 1\n\nThe first page ends here.\n\fThe second page begins. It goes\n\n\fon, page"
    text += " after\fpage.\n"
    play = read_screenplay(script("a.txt", text))
    assert [line.text for line in play.lines] == [
        "The first page ends here.",
        "The second page begins. It goes on, page after page.",
    ]
