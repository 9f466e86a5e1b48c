"""`csm import --guess-speakers`: speakers, voices, marks, and a language model that is asked."""

from __future__ import annotations

from pathlib import Path

import pytest

from csm_cli.script import read_screenplay

STORY = "“Who is it?” said Ann.\n\n“It’s me,” said Ben.\n\n“Come in,” said Ann.\n\n“Go away,” said the boy.\n"


@pytest.mark.parametrize("name", ["book.md", "book.yaml"])
def test_speakers_have_voices_of_their_own_and_marks_stay(csm, name):
    Path("a.txt").write_text(STORY)
    result = csm("import", "a.txt", "-o", name, "--guess-speakers")
    assert result.code == 0
    assert "guessed who says 3 of 4 quotations; 1 of them marked (who?)" in result.err
    play = read_screenplay(name)
    assert {member.name: member.voice for member in play.cast.values()} == {
        "narrator": "heart",
        "Ann": "bella",
        "Ben": "michael",
    }
    assert " ".join(line.text for line in play.lines) == STORY.replace("\n\n", " ").strip()
    linted = csm("lint", name)
    assert linted.code == 0
    assert "note: who says this? left to the narrator" in linted.out
    assert len(linted.out.splitlines()) == 1

    assert csm("convert", name, "-o", "other.yaml").code == 0
    assert [line.notes for line in read_screenplay("other.yaml").lines] == [line.notes for line in play.lines]
    assert "who?" not in csm("lint", "--spoken", name).out


def test_a_book_without_speakers_has_no_voices_either(csm):
    Path("a.txt").write_text("It rained all day.\n")
    assert csm("import", "a.txt", "-o", "a.md", "--guess-speakers").code == 0
    assert Path("a.md").read_text() == "---\ntitle: a\n---\n\nIt rained all day.\n"


def test_a_model_that_cannot_be_reached_is_one_line(csm):
    Path("a.txt").write_text(STORY)
    result = csm("import", "a.txt", "-o", "a.md", "--attribute-with", "http://127.0.0.1:9/v1")
    assert result.code == 0
    assert len([row for row in result.err.splitlines() if "cannot be reached" in row]) == 1
    assert "Traceback" not in result.err
    assert csm("import", "a.txt", "-o", "b.md", "--attribute-with", "nowhere").code == 2


def test_voices_for_a_cast_that_has_none(csm):
    lines = "- narrator: It began.\n- Ann: Who is it?\n- Mr. Hill: I.\n- Ben: No.\n"
    Path("a.yaml").write_text(f"voices: {{Ann: , Mr. Hill: , Ben: fenrir}}\nlines:\n{lines}")
    assert csm("cast", "--assign", "a.yaml").out == (
        "voices:\n  narrator: heart\n  Ann: bella\n  Mr. Hill: michael\n  Ben: fenrir\n"
    )


def test_names_in_capitals_tell_as_much(csm):
    Path("play.fountain").write_text("ADA\nWho put it out?\n\nTOM\nI did.\n\nMRS. HILL\nNo.\n")
    rows = csm("cast", "--assign", "play.fountain").out.splitlines()
    voices = dict(row.strip().split(": ") for row in rows[1:])
    women = {"heart", "bella", "emma", "sarah"}
    assert {name: voice in women for name, voice in voices.items()} == {
        "ADA": True,
        "TOM": False,
        "MRS. HILL": True,
    }
