"""Manifests: what is read, and what is wrong in one line."""

from __future__ import annotations

from pathlib import Path

import pytest

from csm_cli.core.errors import MissingError, UsageError
from csm_cli.training.manifest import read_manifest


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name in ("a.wav", "b.wav"):
        (tmp_path / name).write_bytes(b"x")
    return tmp_path


def write(folder: Path, name: str, text: str) -> Path:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


def test_both_kinds_say_the_same(folder: Path) -> None:
    first = '{"audio": "a.wav", "text": "One.  Two.", "speaker": 3, "conversation": 7}'
    lines = first + '\n\n{"path": "b.wav", "sentence": "x"}'
    found = read_manifest(write(folder, "m.jsonl", lines))
    table = "audio,text,speaker,conversation\na.wav,One.  Two.,3,7\nb.wav,x,,\n"
    for text in (table, "\ufeff" + table, table.replace(",", "\t"), table.replace(",", ";")):
        rows = read_manifest(write(folder, "m.csv", text))
        assert [(c.audio, c.text, c.speaker, c.conversation) for c in rows] == [
            (folder / "a.wav", "One. Two.", 3, "7"),
            (folder / "b.wav", "x", 0, None),
        ]
        assert [(c.text, c.conversation) for c in rows] == [(c.text, c.conversation) for c in found]


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("not json", "m.jsonl:2: is not a JSON object"),
        ('{"text": "x"}', "names no audio"),
        ('{"audio": "a.wav", "text": " "}', "has no text"),
        ('{"audio": "a.wav", "text": "x", "speaker": "Ann"}', "speaker 'Ann' is not a number"),
        ('{"audio": "c.wav", "text": "x"}', "there is no"),
    ],
)
def test_a_line_that_cannot_be_used(folder: Path, line: str, words: str) -> None:
    good = '{"audio": "a.wav", "text": "x"}\n'
    with pytest.raises(UsageError) as caught:
        read_manifest(write(folder, "m.jsonl", f"{good}{line}\n{line}"))
    assert words in str(caught.value)
    assert "1 more lines" in str(caught.value)


def test_no_manifest_and_an_empty_one(folder: Path) -> None:
    with pytest.raises(MissingError, match="no such manifest"):
        read_manifest(folder / "none.csv")
    with pytest.raises(UsageError, match="lists no recordings"):
        read_manifest(write(folder, "m.jsonl", "\n"))
    with pytest.raises(UsageError, match="cannot be read"):
        path = folder / "m.csv"
        path.write_bytes(b"\xff\xfe\x00audio")
        read_manifest(path)


@pytest.mark.parametrize(
    ("row", "words"),
    [
        ('{"a":' * 3_000, "is not a JSON object"),
        ("[" * 200_000, "is not a JSON object"),
        ('{"audio": "' + "x" * 5_000 + '", "text": "a"}', "cannot be read (File name too long)"),
        ('{"audio": "a\\u0000.wav", "text": "a"}', "cannot be read ("),
        ('{"audio": "~nobody-of-that-name/a.wav", "text": "a"}', "a.wav"),
        ('{"audio": "a.wav", "text": "a", "speaker": Infinity}', "is not a JSON object"),
        ('{"audio": "a.wav", "text": "a", "speaker": 1' + "0" * 5_000 + "}", "is not a JSON object"),
        ('{"audio": ".", "text": "a"}', "it is a folder, not an ordinary file"),
        ('{"audio": "a.wav", "text": "' + "a" * (1 << 20) + '"}', "line 1 is longer than 1 MB"),
    ],
)
def test_rows_that_are_made_to_hurt(folder: Path, row: str, words: str) -> None:
    with pytest.raises(UsageError) as raised:
        read_manifest(write(folder, "m.jsonl", row + "\n"))
    assert words in str(raised.value) and "\n" not in str(raised.value) and len(str(raised.value)) < 600


def test_text_may_hold_other_ends_of_lines(folder: Path) -> None:
    (clip,) = read_manifest(write(folder, "m.jsonl", '{"audio": "a.wav", "text": "One.\u2028Two.\x85"}\n'))
    assert clip.text == "One. Two."
