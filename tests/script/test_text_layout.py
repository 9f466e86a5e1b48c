"""Layout of plain texts: what is a paragraph, a verse, an item, a page."""

from __future__ import annotations

import textwrap

import pytest

from csm_cli.script import read_screenplay

COLD = (
    "It was a cold night and the sea was loud against the wall, so that nobody in the harbour slept. "
    "Anna lit the lamp, put it in the window, and sat down beside it as she did every night of that winter, "
    "which was long."
)
NOBODY = (
    "Nobody came. The boats were out beyond the point, and the wind had gone round to the north. She "
    "thought of her brother, who could not swim, and of the old man who had taught her to read the sky."
)


def lines(script, text: str) -> list[str]:
    return [line.text for line in read_screenplay(script("a.txt", text)).lines]


def wrapped(text: str, indent: int = 0) -> str:
    return textwrap.fill(text, 70, initial_indent=" " * indent)


@pytest.mark.parametrize(
    "text",
    [
        f"{COLD}\n\n{NOBODY}\n",
        f"{COLD}\n{NOBODY}\n",
        f"{wrapped(COLD)}\n\n{wrapped(NOBODY)}\n",
        f"{wrapped(COLD, 4)}\n{wrapped(NOBODY, 4)}\n",
        f"{wrapped(COLD, 4)}\n\n{wrapped(NOBODY, 4)}\n",
        textwrap.indent(f"{wrapped(COLD)}\n\n{wrapped(NOBODY)}\n", "     "),
        f"\t{COLD}\n\t{NOBODY}\n",
        wrapped(COLD).replace("\n", "\n\n") + "\n\n\n" + wrapped(NOBODY).replace("\n", "\n\n"),
        f"{COLD}\f{NOBODY}",
    ],
    ids=["blank", "rows", "wrapped", "indents", "both", "margin", "tabs", "double", "pages"],
)
def test_two_paragraphs_in_every_layout(script, text):
    assert lines(script, text) == [COLD, NOBODY]


def test_a_poem_is_kept_line_by_line_and_prose_is_not(script):
    poem = "The tide comes in,\nThe tide goes out,\nAnd nobody\nKnows why."
    assert lines(script, f"{wrapped(COLD)}\n\n{poem}\n\n{wrapped(NOBODY)}\n") == [
        COLD,
        *poem.split("\n"),
        NOBODY,
    ]
    free = "the tide comes in\nand goes\nas it has always gone\nwithout a word\n\n"
    free += "nobody\nasked it to\nstop\nand go\n"
    assert lines(script, free) == free.replace("\n\n", "\n").strip().split("\n")
    assert lines(script, "It was cold\nthat day.\n") == ["It was cold that day."]


def test_an_address_and_a_list_are_kept_row_by_row(script):
    address = "Mrs. Hale\n12 Harbour Row\nAshby"
    assert lines(script, f"{wrapped(COLD)}\n\n{address}\n")[1:] == address.split("\n")
    items = "1. Lamp oil, of the kind that the\nkeeper buys\n2. Wicks"
    assert lines(script, f"{wrapped(COLD)}\n\n{items}\n")[1:] == [
        "1. Lamp oil, of the kind that the keeper buys",
        "2. Wicks",
    ]


@pytest.mark.parametrize(
    ("rows", "joined"),
    [
        ("The light-\nhouse is no lighthouse.", "The lighthouse is no lighthouse."),
        ("The sea-\ngull is a sea-gull.", "The sea-gull is a sea-gull."),
        ("In twenty-\none days.", "In twenty-one days."),
        ("An Anglo-\nSaxon in 1914-\n18.", "An Anglo-Saxon in 1914-18."),
        ("My mother-in-\nlaw is impor-\ntant.", "My mother-in-law is important."),
        ("A two-\nand a three-master.", "A two- and a three-master."),
        ("The impor¬\ntant light\u00ad\nhouse.", "The important lighthouse."),
        ("He went--\nand came.", "He went-- and came."),
        ("The light-\n\fhouse was a lighthouse.", "The lighthouse was a lighthouse."),
    ],
)
def test_a_hyphen_at_the_end_of_a_row(script, rows, joined):
    assert lines(script, rows) == [joined]


@pytest.mark.parametrize("number", ["12", "- 12 -", "xii", "Page 12", "12\n\f"])
def test_a_page_number_within_a_sentence(script, number):
    first, _, rest = COLD.partition(" and sat down")
    text = f"Chapter 1\n\n{wrapped(first)}\n\n{number}\n\nand sat down{rest}\n"
    assert lines(script, text) == [COLD]


def test_emphasis_is_its_words(script):
    assert lines(script, "He read _The\nTimes_ and a_b_c and __init__.") == [
        "He read The Times and a_b_c and __init__."
    ]


def test_scene_breaks_in_any_shape(script):
    text = "Chapter 1\n\nOne.\n\n#\n\nTwo.\n* * *\nThree.\n\n-----\n\nFour.\n\n***\n\nChapter 2\n\nFive.\n"
    first, second = read_screenplay(script("a.txt", text)).chapters
    assert len(first.items) == 7
    assert len(second.items) == 1


def test_a_narrator_in_capitals_is_the_narrator(script):
    play = read_screenplay(script("a.txt", "NARRATOR: It was cold.\n\nANNA: Yes.\n"))
    assert [line.speaker for line in play.lines] == ["narrator", "ANNA"]


@pytest.mark.parametrize("row", ["To be continued.", "Amen."])
def test_a_sentence_at_the_end_of_every_page_is_no_running_head(tmp_path, row):
    path = tmp_path / "a.txt"
    path.write_text("\f".join(f"Chapter {n}\n\nThe sea was calm on day {n}.\n\n{row}\n" for n in range(1, 6)))
    assert [line.text for line in read_screenplay(path).lines].count(row) == 5


def test_rows_that_count_up_inside_sentences_are_running_heads(tmp_path):
    path = tmp_path / "a.txt"
    page = "The keeper looked at the sea for a while, and then he\n\n{}        THE KEEPER\n\nwent down.\n\n"
    path.write_text("".join(page.format(number) for number in range(10, 15)))
    lines = [line.text for line in read_screenplay(path).lines]
    assert lines == ["The keeper looked at the sea for a while, and then he went down."] * 5
