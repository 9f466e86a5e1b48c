"""JSON, YAML and zips that were written to take memory or time."""

from __future__ import annotations

import io
import struct
import zipfile
from itertools import pairwise

import pytest

from csm_cli.core.data import open_zip, parse_json, parse_yaml

BILLION = "a: &a [x,x,x,x,x,x,x,x,x,x]\n" + "".join(
    f"{now}: &{now} [{','.join(['*' + before] * 10)}]\n" for before, now in pairwise("abcdefghij")
)


def test_values_are_those_of_yaml() -> None:
    text = "a: [1, 2.5, yes, null]\nb:\n  - {c: 'd'}\n  - 2026-01-02x\n"
    assert parse_yaml(text) == {"a": [1, 2.5, True, None], "b": [{"c": "d"}, "2026-01-02x"]}
    assert parse_yaml(b"\xef\xbb\xbfa: \xc3\xa9") == {"a": "é"}
    assert parse_yaml("") is None


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (BILLION, "line 1: aliases and anchors"),
        ("a: 1\nb: *a", "aliases and anchors"),
        ("a: 1\nb: !!int ''", "line 2: tags"),
        ("a: !!timestamp x", "tags"),
        ("[" * 100_000, "nested too deeply"),
        ("- " * 50_000, "nested too deeply"),
        ("a: " + ":".join(["59"] * 100_000), "digits"),
        ("a: " + "1" * 1_001, "digits"),
        ("- []\n" * 60_000, "more than 50000 lists"),
        ("a: [", "line 2: "),
        ("? [1]\n: 2", "unhashable"),
        ("a: 2026-99-99", "month"),
        ("a\0", "not acceptable|unacceptable|not allowed"),
        ("a: 1\n---\nb: 1", "line 2: "),
    ],
)
def test_yaml_that_is_refused(text: str, words: str) -> None:
    with pytest.raises(ValueError, match=words) as raised:
        parse_yaml(text)
    assert "\n" not in str(raised.value)


@pytest.mark.parametrize("text", ["[" * 200_000, '{"a":' * 200_000, "[" * 200_000 + "]" * 200_000])
def test_json_that_is_nested_is_no_json(text: str) -> None:
    with pytest.raises(ValueError):
        parse_json(text)


def zipped(entries: int) -> bytes:
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w") as archive:
        for number in range(entries):
            archive.writestr(f"a/{number}", b"x")
    return data.getvalue()


def test_a_zip_has_at_most_so_many_entries() -> None:
    with open_zip(io.BytesIO(zipped(10)), 10) as archive:
        assert archive.read("a/7") == b"x"
    with pytest.raises(zipfile.BadZipFile, match="more than 9 files"):
        open_zip(io.BytesIO(zipped(10)), 9)


@pytest.mark.parametrize("zip64", [False, True])
def test_a_directory_that_is_too_large_is_not_read(zip64: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    size = 300 << 20  # as its end states it
    end64 = b"PK\6\6" + struct.pack("<QHHLLQQQQ", 44, 45, 45, 0, 0, 1, 1, size, 0)
    locator = b"PK\6\7" + struct.pack("<LQL", 0, size, 1)
    end = b"PK\5\6" + struct.pack("<HHHHLLH", 0, 0, 1, 1, 0xFFFFFFFF if zip64 else size, 0, 0)
    monkeypatch.setattr(zipfile, "ZipFile", lambda file: pytest.fail("the directory is read"))
    with pytest.raises(zipfile.BadZipFile, match="more than 20000 files"):
        open_zip(io.BytesIO((end64 + locator if zip64 else b"") + end), 20_000)


@pytest.mark.parametrize("data", [b"", b"PK", b"PK\5\6", b"PK\5\6" + b"\xff" * 18, zipped(2)[:-5]])
def test_what_is_no_zip_is_said_so(data: bytes) -> None:
    with pytest.raises((zipfile.BadZipFile, OSError, ValueError)):
        open_zip(io.BytesIO(data), 10).infolist()
