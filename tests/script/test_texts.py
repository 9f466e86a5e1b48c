"""Small books in plain text, written for this test: titles, lines, and what is left out of them."""

from __future__ import annotations

from pathlib import Path

import pytest

from csm_cli.script.books import Book, ReadingOptions, count_words
from csm_cli.script.reader import parse_state, read_screenplay
from csm_cli.script.readers.text import text_book

TEXTS = Path(__file__).parent / "texts"
BOOKS = TEXTS.parents[1] / "books"


def read(name: str, **options) -> Book:
    path = TEXTS / name
    state = parse_state(path)
    book = text_book(path, state, ReadingOptions(**options))
    assert not state.problems.findings()
    return book


def shape(book: Book) -> list[tuple[str, int]]:
    """Title and number of lines of each chapter."""
    return [(chapter.title, len(chapter.lines)) for chapter in book.screenplay.chapters]


def left_out(book: Book) -> dict[str, int]:
    words: dict[str, int] = {}
    for part in book.left_out:
        words[part.what] = words.get(part.what, 0) + part.words
    return words


EXPECTED = {
    "lantern_gutenberg.txt": (
        ("The Lantern Room", "Mary Ellery Hale"),
        [("CHAPTER I: THE KEEPER", 3), ("CHAPTER II: THE STORM", 6), ("CHAPTER III: THE MORNING AFTER", 2)],
        {"header": 71, "credits": 7, "picture": 13, "title page": 24, "contents": 28, "notes": 19,
         "transcriber's notes": 18, "licence": 42},
    ),
    "old_frame.txt": (
        ("The Blue Door", "Ida Marsh"),
        [("I.", 2), ("II.", 5), ("III.", 1)],
        {"header": 31, "credits": 12, "title page": 6, "licence": 13},
    ),
    "two_rows.txt": (
        ("The Ferry", "Joan Hale"),
        [
            ("CHAPTER I: The Sea", 2),
            ("CHAPTER II: The Land", 2),
            ("CHAPTER III: In which nothing happens, and is much talked about", 2),
            ("PART TWO: Chapter IV. Home", 1),
        ],
        {"title page": 5},
    ),
    "numbers.txt": (
        ("THE WINTER TENANT", ""),
        [("1", 1), ("2", 1), ("3", 5), ("4", 1)],
        {"title page": 3, "page number": 1},
    ),
    "capitals.txt": (("capitals", ""), [("THE KEEPER", 4), ("THE GATE", 4), ("THE KEY", 1)], {}),
    "rows.txt": (("rows", ""), [("Chapter 1", 4), ("Chapter 2", 2)], {}),
    "indents.txt": (("indents", ""), [("CHAPTER ONE", 4), ("CHAPTER TWO", 1)], {}),
    "pages.txt": (
        ("THE LONG FIELD", "Peter Dale"),
        [("CHAPTER 1", 2), ("CHAPTER 2", 1)],
        {"title page": 6, "page number": 5, "running head": 9},
    ),
    "letters.txt": (
        ("The Correspondence of Two Sisters", ""),
        [("LETTER 1", 5), ("LETTER 2", 7), ("LETTER 3", 2)],
        {"title page": 5},
    ),
    "story.txt": (("The Last Ice", "Edwin Pell"), [("The Last Ice", 6)], {"title page": 13}),
    "play.txt": (
        ("THE UMBRELLA", "C. Orme"),
        [
            ("ACT I: SCENE I. A railway station. Night.", 3),
            ("SCENE II. The same. Morning.", 1),
            ("ACT II: SCENE I. A street. Rain.", 2),
        ],
        {"title page": 10},
    ),
    "poems.txt": (("poems", ""), [("THE TIDE", 6), ("THE GULL", 4)], {}),
    "words.txt": (
        ("words", ""),
        [
            ("PROLOGUE", 1),
            ("PART THE FIRST: Chapter Thirteen", 1),
            ("CHAPTER TWENTY-ONE – The Well", 1),
            ("Chapter Thirty", 1),
            ("PART THE SECOND: Chapter One Hundred and Two: “Who Goes There?”", 1),
            ("Chapter the Last", 1),
            ("EPILOGUE.", 1),
        ],
        {},
    ),
    "contents.txt": (
        ("The Night Shift", "Ruth Amis"),
        [("Foreword", 1), ("Monday", 1), ("The Lift", 1), ("The Long Way Down", 1)],
        {"title page": 9, "contents": 15, "notes": 9, "transcriber's notes": 7},
    ),
}  # fmt: skip


def test_every_text_has_its_expectation():
    assert sorted(EXPECTED) == sorted(path.name for path in TEXTS.glob("*.txt"))


@pytest.mark.parametrize("name", sorted(EXPECTED))
def test_a_text_has_its_titles_lines_and_left_out_words(name):
    (title, author), chapters, words = EXPECTED[name]
    book = read(name)
    assert (book.screenplay.title, book.screenplay.author) == (title, author)
    assert shape(book) == chapters
    assert left_out(book) == words


@pytest.mark.parametrize(
    "path", sorted([*TEXTS.glob("*.txt"), *BOOKS.glob("*.txt")]), ids=lambda path: path.name
)
@pytest.mark.parametrize("front_matter", [False, True])
def test_no_word_of_a_text_is_lost(path, front_matter):
    book = text_book(path, parse_state(path), ReadingOptions(front_matter=front_matter))
    lines = sum(count_words(line.text) for line in book.screenplay.lines)
    assert book.words == lines + book.headings + sum(part.words for part in book.left_out)
    assert lines > 0


@pytest.mark.parametrize("name", sorted(EXPECTED))
def test_a_text_is_rendered_as_it_is_imported(name):
    assert read_screenplay(TEXTS / name) == read(name).screenplay


def test_hyphens_at_the_ends_of_rows():
    first, nonsense, _, later = (line.text for line in read("indents.txt").screenplay.chapters[0].lines)
    assert "the well-known singer" in first
    assert "above the millstone," in first
    assert "The mill-race is" in nonsense
    assert "the landlord had sold the stones, and the mill-race ran dry" in later
    (house,) = read("indents.txt").screenplay.chapters[1].lines
    assert "twenty-one windows" in house.text
    assert house.text.endswith("a fine and sensible woman.")


def test_a_sentence_goes_on_over_pages():
    (field, dog), _ = (chapter.lines for chapter in read("pages.txt").screenplay.chapters)
    assert "It had been in the family for" in field.text
    assert field.text.endswith("one had set out with bread and a dog.")
    assert dog.text == "The dog came back."


def test_verses_are_lines_and_stanzas_are_paragraphs():
    tide, _ = read("poems.txt").screenplay.chapters
    assert [line.new_paragraph for line in tide.lines] == [True, False, False, False, True, False]
    song = read("lantern_gutenberg.txt").screenplay.chapters[1].lines[1:5]
    assert [line.text for line in song][1] == "The sea is at the door;"


def test_a_frame_is_kept_as_metadata():
    play = read("lantern_gutenberg.txt").screenplay
    assert (play.language, play.metadata) == (
        "en",
        {"date": "May 4, 2009", "subtitle": "A Story of the Coast"},
    )
    assert read("contents.txt").screenplay.language == "en-GB"


def test_what_is_left_out_has_its_place():
    (number,) = [part for part in read("numbers.txt").left_out if part.what == "page number"]
    assert (Path(number.where).name, number.words, number.text) == ("numbers.txt:13", 1, "14")


def test_front_matter_is_kept_on_request():
    book = read("contents.txt", front_matter=True)
    assert "Table of Contents" in [line.text for line in book.screenplay.lines]
    assert book.screenplay.author == "Ruth Amis"
    assert set(left_out(book)) == {"notes"}


def test_notes_stand_where_their_marks_stood():
    lines = [line.text for line in read("contents.txt", notes="inline").screenplay.lines]
    assert (
        'The lift stood still between two floors. "It does that," said Gray. (Gray was the night porter.)'
        in lines
    )
    assert "[2] Or 1975." in [line.text for line in read("contents.txt", notes="end").screenplay.lines]


def test_sections_are_listed_and_chosen():
    sections = read("contents.txt").sections
    assert [(section.number, section.title, section.kept) for section in sections] == [
        (1, "Title page", False),
        (2, "Contents", False),
        (3, "Foreword", True),
        (4, "Monday", True),
        (5, "The Lift", True),
        (6, "The Long Way Down", True),
        (7, "Transcriber's notes", False),
    ]
    assert [title for title, _ in shape(read("contents.txt", skip=("foreword", "5-6")))] == ["Monday"]
    assert [title for title, _ in shape(read("contents.txt", only=("the lift",)))] == ["The Lift"]
