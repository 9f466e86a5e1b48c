"""Headings of plain text: which rows begin a chapter, and which never do."""

from __future__ import annotations

import pytest

from csm_cli.script import read_screenplay
from csm_cli.script.books.numbers import leading_number


def titles(script, text: str) -> list[str]:
    """Titles of the chapters that are declared."""
    play = read_screenplay(script("a.txt", text))
    return [chapter.title for chapter in play.chapters if not chapter.untitled]


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("Thirteen", 13),
        ("twenty-one", 21),
        ("TWENTY ONE", 21),
        ("the First", 1),
        ("the Twenty-Second", 22),
        ("One Hundred and Two", 102),
        ("a hundred", 100),
        ("Nine Hundred Ninety-Nine", 999),
        ("001", 1),
        ("XLIV", 44),
        ("IIII", 4),
        ("3rd", 3),
    ],
)
def test_numbers_in_every_form(text, value):
    number = leading_number(text)
    assert number is not None
    assert (number.value, number.end) == (value, len(text))


@pytest.mark.parametrize("text", ["MIX", "IC", "one-two", "hundred and", "Sea", "12a3", "I’m", ""])
def test_what_is_no_number(text):
    number = leading_number(text)
    assert number is None or number.end < len(text)


@pytest.mark.parametrize(
    "heading",
    [
        *("Chapter Thirteen", "CHAPTER TWENTY-ONE", "Chapter the First", "Chapter One Hundred and Two"),
        *("Chapter 1. The Sea", "Chapter 1 – The Sea", "CHAPTER I.—The Sea", "Chapter 1: The Sea"),
        *("chapter.001", "Chapter1", "CHAPTER 12", "Chapter 3 The Sea", "The First Chapter", "BOOK FIRST."),
        *(
            "LETTER 1",
            "STAVE ONE",
            "CANTO III.",
            "VOLUME II",
            "BOOK IV",
            "PART THE SECOND",
            "ACT I",
            "SCENE 2",
        ),
        *("Prologue", "EPILOGUE.", "Preface", "Author’s Note", "Prologue: The Sea", "Appendix B"),
        *("# The Sea", "Chapter the Last", "Chapitre 3", "Chapter 2 (continued)"),
    ],
)
def test_a_heading_that_is_sure_by_itself(script, heading):
    assert titles(script, f"{heading}\n\nIt was cold.\n") == [heading.removeprefix("# ")]


@pytest.mark.parametrize("heading", ["--- Chapter 1 ---", "*** Chapter 1 ***", "[Chapter 1]", "_Chapter 1_"])
def test_decoration_is_no_part_of_a_title(script, heading):
    assert titles(script, f"{heading}\n\nIt was cold.\n") == ["Chapter 1"]


@pytest.mark.parametrize(
    "row",
    [
        *(
            "Part one of the plan was simple.",
            "Chapter and verse, he said.",
            "Act one was dull.",
            "Book Two is gone.",
        ),
        *(
            "Letter I wrote yesterday.",
            "Chapter I liked best",
            "Part-time work",
            "Booking 1",
            "I",
            "12.",
            "1871",
        ),
        *(
            "HELP",
            "STOP THAT!",
            "“GO AWAY”",
            "J. H. WATSON",
            "YOURS TRULY,",
            "LONDON, 3 MAY 1871",
            "3 May 1871",
        ),
        *("I. The lamp", "1. Take the lamp.", "THE END", "END OF PART ONE", "The Keeper", "D. COPPERFIELD"),
        *(
            "Chapter 1. It rained all day and nobody came.",
            "Second, he left.",
            "No. 5",
            "introduction of guests",
        ),
    ],
)
def test_a_row_that_is_no_heading(script, row):
    play = read_screenplay(script("a.txt", f"It was cold.\n\n{row}\n\nNobody came.\n"))
    assert [line.text for line in play.lines] == ["It was cold.", row, "Nobody came."]
    assert len(play.chapters) == 1


@pytest.mark.parametrize(
    "headings",
    [
        ["1", "2", "3"],
        ["12.", "13.", "14."],
        ["I", "II", "III"],
        ["I.", "II.", "III."],
        ["ONE", "TWO", "THREE"],
        ["One.", "Two.", "Three."],
        ["I. THE KEEPER", "II. THE SEA", "III. THE LAND"],
        ["1. The Keeper", "2. The Sea", "3. The Land"],
        ["1 – The Keeper", "2 – The Sea", "3 – The Land"],
        ["THE KEEPER", "THE SEA", "THE LAND"],
        ["Chapter 1. It rained all day.", "Chapter 2. It rained all night.", "Chapter 3. It stopped."],
    ],
    ids=lambda headings: headings[0],
)
def test_headings_in_a_sequence(script, headings):
    text = "".join(f"{heading}\n\nIt was cold.\n\nNobody came.\n\n" for heading in headings)
    assert titles(script, text) == headings


def test_the_same_rows_as_a_list_are_text(script):
    text = "Chapter 1\n\nShe wrote:\n\nI. The lamp\n\nII. The oil\n\nIII. The wick\n\nThen she went.\n"
    play = read_screenplay(script("a.txt", text))
    assert [line.text for line in play.lines][1:4] == ["I. The lamp", "II. The oil", "III. The wick"]


@pytest.mark.parametrize("between", ["\n", "\n\n"])
@pytest.mark.parametrize("number", ["CHAPTER I", "1", "Letter the First"])
def test_a_title_below_its_number_is_joined_to_it(script, number, between):
    other = {"CHAPTER I": "CHAPTER II", "1": "2"}.get(number, "Letter the Second")
    text = f"{number}{between}The Sea\n\nThe first.\n\n{other}{between}The Land\n\nThe second.\n"
    assert titles(script, text) == [f"{number}: The Sea", f"{other}: The Land"]


def test_a_sentence_below_a_number_is_text(script):
    text = "Chapter 1\nThe first row.\nThe second row.\nChapter 2\nThe third row.\n"
    play = read_screenplay(script("a.txt", text))
    assert [(chapter.title, len(chapter.lines)) for chapter in play.chapters] == [
        ("Chapter 1", 2),
        ("Chapter 2", 1),
    ]


def test_underlined_headings_and_a_title_above_them(script):
    play = read_screenplay(
        script("a.txt", "The Road\n========\n\nOne Day\n-------\n\nIt was.\n\nTwo\n---\n\nOh.\n")
    )
    assert play.title == "The Road"
    assert [chapter.title for chapter in play.chapters] == ["One Day", "Two"]


def test_parts_stand_above_their_chapters(script):
    text = "THE KEEPER\n\nI\n\nIt was.\n\nII\n\nIt is.\n\nTHE BELL\n\nI\n\nIt rang.\n\nII\n\nNo more.\n"
    assert titles(script, text) == ["THE KEEPER: I", "II", "THE BELL: I", "II"]


def test_a_chapter_without_text_is_no_error(script):
    play = read_screenplay(script("a.txt", "Chapter 1\n\nChapter 2\n\nIt was.\n\nChapter 3\n"))
    assert [(chapter.title, [line.text for line in chapter.lines]) for chapter in play.chapters] == [
        ("Chapter 2", ["It was.", "Chapter 3"])
    ]


def test_chapters_that_are_named_like_speakers(script):
    contents = "CONTENTS\n\nPart 1: The Sea\nPart 2: The Land\n\n"
    text = f"{contents}Part 1: The Sea\n\nIt was.\n\nPart 2: The Land\n\nIt is.\n"
    assert titles(script, text) == ["Part 1: The Sea", "Part 2: The Land"]


@pytest.mark.parametrize(
    ("text", "titles"),
    [
        ("I. THE SEA\n\nIt was calm.\n\nII. THE LAND\n\nIt was dry.\n\nIII. THE END\n\nIt ended.\n",
         ["I. THE SEA", "II. THE LAND", "III. THE END"]),
        ("Chapter Four. . . . The Ice\n\nIt froze.\n\nChapter Five. . . . The Thaw\n\nIt melted.\n",
         ["Chapter Four. . . . The Ice", "Chapter Five. . . . The Thaw"]),
    ],
)  # fmt: skip
def test_a_numbered_title_may_be_the_end_or_stand_behind_dots(tmp_path, text, titles):
    path = tmp_path / "a.txt"
    path.write_text(text)
    assert [chapter.title for chapter in read_screenplay(path).chapters] == titles


def test_what_stands_before_the_first_heading_is_a_chapter_without_a_title(tmp_path):
    path = tmp_path / "story.txt"
    path.write_text("It was cold.\n\nChapter 1\n\nIt was warm.\n")
    first, second = read_screenplay(path).chapters
    assert (first.title, first.untitled, second.title) == ("Chapter 1", True, "Chapter 1")
    path.write_text("It was cold.\n")
    assert [chapter.title for chapter in read_screenplay(path).chapters] == ["story"]
