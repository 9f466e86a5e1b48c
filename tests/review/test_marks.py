"""Marks beside the takes: written and read by several at once, damaged files left aside."""

import json
from concurrent.futures import ThreadPoolExecutor

import pytest

from csm_cli.core.errors import CsmError
from csm_cli.review.marks import Mark, MarkFile
from csm_cli.takes.place import Url


def test_a_mark_belongs_to_a_line_and_a_take(tmp_path):
    marks = MarkFile(tmp_path, "book.md")
    assert marks.mark("abc", "t1", "good") is None
    assert marks.mark("abc", "t2", "bad", "noise") is None
    assert (marks.get("abc", "t1").mark, marks.get("abc", "t2").fault) == ("good", "noise")
    assert marks.get("abc", "t3") is marks.get("xyz", "t1") is marks.get("abc", None) is None
    before = marks.mark("abc", "t1", None)
    assert (before.mark, marks.get("abc", "t1")) == ("good", None)
    again = MarkFile(tmp_path, "book.md")
    assert again.get("abc", "t1") is None
    again.restore("abc", "t1", before)
    assert MarkFile(tmp_path, "book.md").get("abc", "t1") == before
    assert MarkFile(tmp_path, "other.md").get("abc", "t2") is None


@pytest.mark.parametrize(
    "mark, fault", [("fine", None), ("good", "noise"), ("heard", "word"), ("bad", "smell")]
)
def test_only_marks_that_there_are(tmp_path, mark, fault):
    with pytest.raises(ValueError):
        MarkFile(tmp_path, "book.md").mark("abc", "t", mark, fault)
    assert not list(tmp_path.rglob("*.json"))


def test_several_writers_lose_nothing(tmp_path):
    with ThreadPoolExecutor(8) as pool:
        files = [MarkFile(tmp_path, "book.md") for _ in range(4)]
        list(pool.map(lambda at: files[at % 4].mark(f"line{at}", "t", "heard"), range(40)))
    found = MarkFile(tmp_path, "book.md")
    assert all(
        found.get(f"line{at}", "t") == Mark("heard", None, found.get(f"line{at}", "t").at) for at in range(40)
    )
    assert files[0].refresh() <= {f"line{at}" for at in range(40)}
    assert files[0].get("line39", "t").mark == "heard"
    assert files[0].refresh() == set()


@pytest.mark.parametrize(
    "damaged",
    [
        b"{",
        b"[]",
        b'{"schema": 2, "script": "book.md", "marks": {}}',
        b'{"schema": 1, "script": "other.md", "marks": {}}',
        b'{"schema": 1, "script": "book.md", "marks": {"abc": {"t": {"mark": "fine", "fault": null}}}}',
        b"\xff\xfe",
    ],
)
def test_a_damaged_file_is_named_once_and_kept_aside(tmp_path, damaged):
    path = tmp_path / "marks" / "book.md.json"
    path.parent.mkdir()
    path.write_bytes(damaged)
    notes = []
    marks = MarkFile(tmp_path, "book.md", notes.append)
    assert marks.refresh() == set()
    assert len(notes) == 1
    assert f"{path}: is damaged" in notes[0]
    assert path.read_bytes() == damaged, "nothing is written before there is a mark"
    marks.mark("abc", "t", "good")
    assert MarkFile(tmp_path, "book.md").get("abc", "t").mark == "good"
    (aside,) = path.parent.glob("book.md.damaged-*")
    assert aside.read_bytes() == damaged


def test_a_file_that_cannot_be_read_is_not_replaced(tmp_path):
    (tmp_path / "marks" / "book.md.json").mkdir(parents=True)
    with pytest.raises(CsmError, match="cannot be read"):
        MarkFile(tmp_path, "book.md").mark("abc", "t", "good")


def test_marks_behind_a_url():
    marks = MarkFile(Url("memory://marks-test/takes"), "book.md")
    marks.mark("abc", "t", "bad", "cut")
    again = MarkFile(Url("memory://marks-test/takes"), "book.md")
    assert again.get("abc", "t").fault == "cut"


def test_what_lies_on_the_disk(tmp_path):
    MarkFile(tmp_path, "book.md").mark("abc", "t", "bad", "word")
    value = json.loads((tmp_path / "marks" / "book.md.json").read_text())
    at = value["marks"]["abc"]["t"].pop("at")
    assert value == {
        "schema": 1,
        "script": "book.md",
        "marks": {"abc": {"t": {"mark": "bad", "fault": "word"}}},
    }
    assert at.startswith("20")


def test_a_mark_that_is_none_is_left_aside_and_the_others_count(tmp_path):
    MarkFile(tmp_path, "book.md").mark("abc", "t", "good")
    MarkFile(tmp_path, "book.md").mark("xyz", "t", "bad", "word")
    path = tmp_path / "marks" / "book.md.json"
    value = json.loads(path.read_text())
    value["marks"]["abc"]["t"]["at"] = 5
    value["marks"]["q"] = []
    path.write_text(json.dumps(value))
    notes = []
    marks = MarkFile(tmp_path, "book.md", notes.append)
    assert (marks.get("abc", "t"), marks.get("xyz", "t").fault) == (None, "word")
    (note,) = notes
    assert "marks are left out ('q': Input should be an object" in note
    assert note.endswith(", and 1 more)")
    marks.mark("new", "t", "heard")
    again = MarkFile(tmp_path, "book.md")
    assert (again.get("xyz", "t").fault, again.get("new", "t").mark) == ("word", "heard")
    (aside,) = path.parent.glob("book.md.damaged-*")
    assert json.loads(aside.read_text()) == value
