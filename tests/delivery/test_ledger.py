"""A folder that is delivered into again and again: nothing in it speaks of another state of the book."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from csm_cli.delivery.book import Book
from csm_cli.delivery.ledger import NAME
from csm_cli.delivery.manifest import read_timeline
from csm_cli.delivery.options import Delivery
from csm_cli.delivery.writer import BookWriter
from tests.delivery.books import RATE, chapter

TEXTS = Delivery(extras=("srt", "vtt"))
PLAIN = Delivery()


def deliver(
    folder: Path, titles: list[str], delivery: Delivery = PLAIN, lines: int = 2, source: str = "a.md"
):
    """Deliver a book and return what was said about it."""
    with BookWriter(Book("Book", source=source), folder, delivery, RATE, len(titles)) as writer:
        for number, title in enumerate(titles, 1):
            writer.add(number, title, chapter(lines, 0.3))
        writer.finish()
        writer.write_timeline()
    return writer.notes


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.glob("[!.]*"))


def test_a_renamed_chapter_leaves_nothing_behind(tmp_path: Path) -> None:
    deliver(tmp_path, ["One", "Two"], TEXTS)
    (note,) = deliver(tmp_path, ["One", "Deux"], TEXTS)
    assert note == "removed, made earlier and no longer true: 02-two.srt, 02-two.vtt, 02-two.wav"
    stems = ["01-one", "02-deux"]
    assert names(tmp_path) == sorted(
        [f"{s}.{e}" for s in stems for e in ("srt", "vtt", "wav")] + ["timeline.json"]
    )


def test_subtitles_that_no_longer_fit_go_and_those_that_do_stay(tmp_path: Path) -> None:
    deliver(tmp_path, ["One"], TEXTS)
    assert deliver(tmp_path, ["One"]) == [], "the same sound again"
    assert "01-one.srt" in names(tmp_path)
    (note,) = deliver(tmp_path, ["One"], lines=3)
    assert note.endswith("01-one.srt, 01-one.vtt")
    assert names(tmp_path) == ["01-one.wav", "timeline.json"]


def test_another_format_stands_beside_the_first_as_long_as_both_are_true(tmp_path: Path) -> None:
    deliver(tmp_path, ["One"])
    (note,) = deliver(tmp_path, ["One"], Delivery(formats=("flac",)))
    assert note == "still there from earlier: 01-one.wav"
    assert read_timeline(tmp_path / "timeline.json").chapters[0].files == ("01-one.flac", "01-one.wav")
    deliver(tmp_path, ["One"], Delivery(formats=("flac",)), lines=3)
    assert names(tmp_path) == ["01-one.flac", "timeline.json"]


def test_what_stands_beside_the_books_file_holds_the_same_chapters(tmp_path: Path) -> None:
    all_three = Delivery(formats=("wav", "m4b"), extras=("srt", "chapters", "epub"))
    deliver(tmp_path, ["One", "Two", "Three"], all_three)
    with BookWriter(Book("Book", source="a.md"), tmp_path, Delivery(formats=("m4b",)), RATE, 3) as writer:
        for number, title in ((1, "One"), (2, "Two")):
            writer.add(number, title, chapter(2, 0.3))
        writer.finish()
    gone, _ = writer.notes
    assert gone == "removed, made earlier and no longer true: book.chapters.json, book.srt"
    assert {"book.epub", "book.m4b", "03-three.wav", "03-three.srt"} < set(names(tmp_path))


def test_what_somebody_has_changed_or_made_is_never_touched(tmp_path: Path) -> None:
    deliver(tmp_path, ["One"], TEXTS)
    (tmp_path / "01-one.srt").write_text("better subtitles")
    (tmp_path / "cover.jpg").write_text("mine")
    first, second = deliver(tmp_path, ["One"], lines=3)
    assert first.endswith(": 01-one.vtt") and second == (
        "no longer true, but changed by somebody, so left there: 01-one.srt"
    )
    assert names(tmp_path) == ["01-one.srt", "01-one.wav", "cover.jpg", "timeline.json"]


def test_another_script_in_the_same_folder_keeps_its_files(tmp_path: Path) -> None:
    deliver(tmp_path, ["One"])
    (note,) = deliver(tmp_path, ["Other"], source="b.md")
    assert "too, but one timeline.json, now that of b.md" in note
    assert names(tmp_path) == ["01-one.wav", "01-other.wav", "timeline.json"]


def test_a_ledger_that_is_damaged_is_as_none(tmp_path: Path) -> None:
    for text in ("", "[1]", "[" * 100_000, '{"../x": {}}', '{"01-one.wav": {"size": 1}}'):
        deliver(tmp_path, ["One"])
        (tmp_path / NAME).write_text(text)
        (said,) = deliver(tmp_path, ["Two"])
        assert said.startswith(f"{tmp_path / NAME}: is damaged; files of earlier runs are left alone")
        assert [path.read_text() for path in tmp_path.glob(f"{NAME}.damaged-*")] == [text]
        for path in tmp_path.glob(f"{NAME}.damaged-*"):
            path.unlink()
        assert names(tmp_path) == ["01-one.wav", "01-two.wav", "timeline.json"]


def test_one_entry_that_is_wrong_leaves_the_others_alone(tmp_path: Path) -> None:
    deliver(tmp_path, ["One", "Two"])
    value = json.loads((tmp_path / NAME).read_text())
    value["01-one.wav"]["holds"] = "all"
    (tmp_path / NAME).write_text(json.dumps(value))
    damaged, removed = deliver(tmp_path, ["Eins", "Zwei"])
    assert "'01-one.wav': holds: Input should be a valid array" in damaged
    assert removed == "removed, made earlier and no longer true: 02-two.wav"
    assert "01-one.wav" in names(tmp_path)


@pytest.mark.parametrize("damage", ["Infinity", "NaN", "1e999", "1e200", "-1", '"1"', "null", "[]"])
def test_a_chapter_whose_place_a_damaged_timeline_has_lost_keeps_its_file(
    tmp_path: Path, damage: str
) -> None:
    deliver(tmp_path, ["One", "Two"])
    path = tmp_path / "timeline.json"
    text = re.sub('"duration": [^,]*', f'"duration": {damage}', path.read_text(), count=1)
    path.write_text(text)
    for said in (1, 0):
        with BookWriter(Book("Book", source="a.md"), tmp_path, PLAIN, RATE, 2) as writer:
            writer.add(2, "Two", chapter(2, 0.3))
            writer.finish()
        assert len(writer.notes) == said
        assert all("is no timeline of this version" in note and "left alone" in note for note in writer.notes)
        assert {"01-one.wav", "02-two.wav"} < set(names(tmp_path))
        assert [each.number for each in read_timeline(path).chapters] == [2]
    (aside,) = tmp_path.glob("timeline.json.damaged-*")
    assert aside.read_text() == text
