"""Import of books of any format: the text is kept, speakers are guessed on request only."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from csm_cli.script import read_screenplay
from csm_cli.script.attribution import guess_speakers
from csm_cli.script.importing import import_book
from csm_cli.script.writers import write_script
from tests.script.books import CONTENTS, PAGES, make_epub
from tests.script.test_formats import FOUNTAIN, TEXT

STORY = """\
“Come in,” said Anna. “It is cold.”

“Thank you.” Ben shut the door.

“Tea?”

“Please.”

“You are late,” she said quietly.

The clock struck. “Nobody,” old Mr. Hill muttered, “will come now.”
"""


def text_of(play) -> str:
    return " ".join(line.text for line in play.lines)


def imported(path: Path, ending: str, *, guess: bool = False):
    """A book that has been through import, as it is read from the script."""
    found = import_book(path, None, path.with_name(f"script{ending}"))
    written = guess_speakers(found.screenplay).screenplay if guess else found.screenplay
    script = path.with_name(f"script{ending}")
    if found.cover:
        found.cover[0].write_bytes(found.cover[1])
    script.write_text(write_script(written, "yaml" if ending == ".yaml" else "markdown"))
    return read_screenplay(script)


@pytest.mark.parametrize("ending", [".md", ".yaml"])
@pytest.mark.parametrize("guess", [False, True])
def test_the_text_is_that_of_the_source(tmp_path, ending, guess):
    books = [make_epub(tmp_path / "a.epub", PAGES, CONTENTS)]
    for name, text in (("a.fountain", FOUNTAIN), ("a.txt", TEXT), ("b.txt", STORY)):
        (tmp_path / name).write_text(text)
        books.append(tmp_path / name)
    for book in books:
        play = imported(book, ending, guess=guess)
        assert text_of(play) == text_of(read_screenplay(book))
        assert [chapter.title for chapter in play.chapters] == [
            c.title for c in read_screenplay(book).chapters
        ]


def test_a_cover_and_the_metadata_come_along(tmp_path):
    play = imported(make_epub(tmp_path / "a.epub", PAGES, CONTENTS), ".md")
    assert play.metadata["cover"] == "script-cover.png"
    assert (play.title, play.author, play.metadata["publisher"]) == ("The Lamp & I", "A. Writer", "P")


def test_guesses_go_by_verbs_acts_and_turns(tmp_path):
    (tmp_path / "a.txt").write_text(STORY)
    guesses = guess_speakers(read_screenplay(tmp_path / "a.txt"))
    assert [(line.speaker, line.text) for line in guesses.screenplay.lines] == [
        ("Anna", "“Come in,”"),
        ("narrator", "said Anna."),
        ("Anna", "“It is cold.”"),
        ("Ben", "“Thank you.”"),
        ("narrator", "Ben shut the door."),
        ("Anna", "“Tea?”"),
        ("Ben", "“Please.”"),
        ("Anna", "“You are late,”"),
        ("narrator", "she said quietly."),
        ("narrator", "The clock struck."),
        ("Mr. Hill", "“Nobody,”"),
        ("narrator", "old Mr. Hill muttered,"),
        ("Mr. Hill", "“will come now.”"),
    ]
    assert (guesses.quotes, guesses.guessed) == (8, 8)


def test_unanswered_quotations_go_to_the_two_who_talk(tmp_path):
    text = "“One,” said Anna.\n\n“Two,” said Ben.\n\n“Three.”\n\n“Four.”\n"
    (tmp_path / "a.txt").write_text(text)
    lines = guess_speakers(read_screenplay(tmp_path / "a.txt")).screenplay.lines
    assert [line.speaker for line in lines if line.text[0] == "“"] == ["Anna", "Ben", "Anna", "Ben"]


prose = st.text(st.sampled_from("ab A.,“”\"'—…!?\n said Anna Ben"), min_size=1)


@given(prose)
def test_no_word_is_lost_whatever_the_text(tmp_path_factory, text):
    path = tmp_path_factory.mktemp("guess") / "a.txt"
    path.write_text(f"Start.\n\n{text}")
    play = read_screenplay(path)
    assert text_of(guess_speakers(play).screenplay) == text_of(play)
    assert text_of(play).split() == f"Start. {text}".split() or any(
        len(paragraph.split()) and not any(map(str.isalnum, paragraph)) for paragraph in text.split("\n\n")
    )


def test_another_encoding_can_be_named(tmp_path):
    (tmp_path / "a.txt").write_bytes("Café.".encode("cp1252"))
    play = import_book(tmp_path / "a.txt", None, tmp_path / "a.md", encoding="cp1252").screenplay
    assert text_of(play) == "Café."
