"""Chapters and sections of e-books: thin and broken tables of contents, guesses, and what is chosen."""

from __future__ import annotations

import pytest

from csm_cli.core.errors import UsageError
from csm_cli.script.books import ReadingOptions
from csm_cli.script.books.chapters import book_from_page
from csm_cli.script.header import default_header
from csm_cli.script.reader import parse_state
from csm_cli.script.readers.epub import read_epub
from csm_cli.script.sources import parse_page
from tests.script.books import make_package, page


def book_of(tmp_path, pages, contents=(), options=None, **more):
    files = {name: text if text.startswith("<?xml") else page(text) for name, text in pages.items()}
    path = make_package(tmp_path / "a.epub", files, contents=list(contents), **more)
    return read_epub(path, parse_state(path), options or ReadingOptions())


def chapters(book):
    return [(chapter.title, [line.text for line in chapter.lines]) for chapter in book.screenplay.chapters]


THREE = {
    "a.xhtml": "<h1>Chapter One</h1><p>Here is one.</p>",
    "b.xhtml": "<h1>Chapter Two</h1><p>Here is two.</p>",
    "c.xhtml": "<h1>Chapter Three</h1><p>Here is three.</p>",
}
BY_HEADINGS = [
    ("Chapter One", ["Here is one."]),
    ("Chapter Two", ["Here is two."]),
    ("Chapter Three", ["Here is three."]),
]


@pytest.mark.parametrize(
    "contents",
    [
        [],
        [("a.xhtml", "Begin Reading")],
        [("a.xhtml", "Chapter One")],
        [("a.xhtml", "Chapter One"), ("c.xhtml", "Chapter Three")],
        [("x.xhtml", "Nowhere")],
        [("a.xhtml#x", "Chapter One"), ("b.xhtml#y", "Chapter Two")],
        [("x.xhtml", "Chapter Two")],
    ],
)
def test_a_book_with_thin_contents_is_divided_at_its_headings(tmp_path, contents):
    assert chapters(book_of(tmp_path, THREE, contents)) == BY_HEADINGS


NAVIGATION = '<nav epub:type="toc"><ol><li><a href="a.xhtml">Start</a></li></ol></nav>'


@pytest.mark.parametrize("nav", ["", NAVIGATION])
def test_headings_on_one_page_divide_it(tmp_path, nav):
    pages = {"a.xhtml": "".join(THREE.values())}
    assert chapters(book_of(tmp_path, pages, [("a.xhtml", "Text")] if nav else (), nav=nav)) == BY_HEADINGS


def test_places_that_are_not_there_fall_back_to_headings(tmp_path):
    pages = {"a.xhtml": "<h1>One</h1><p>Here is one.</p><h1>Two</h1><p>Here is two.</p>"}
    expected = [("One", ["Here is one."]), ("Two", ["Here is two."])]
    assert chapters(book_of(tmp_path, pages, [("a.xhtml#x", "One"), ("a.xhtml#y", "Two")])) == expected
    assert chapters(book_of(tmp_path, pages, [("a.xhtml#x", "I."), ("a.xhtml#y", "II.")])) == expected


def test_parts_named_in_the_contents_are_divided_at_their_chapters(tmp_path):
    pages = {
        "a.xhtml": "<h1>Part One</h1><h2>Chapter 1</h2><p>A.</p><h2>Chapter 2</h2><p>B.</p>",
        "b.xhtml": "<h1>Part Two</h1><h2>Chapter 3</h2><p>C.</p><h2>Chapter 4</h2><p>D.</p>",
    }
    contents = [("a.xhtml", "Part One"), ("b.xhtml", "Part Two")]
    assert [title for title, _ in chapters(book_of(tmp_path, pages, contents))] == [
        *("Part One: Chapter 1", "Chapter 2", "Part Two: Chapter 3", "Chapter 4"),
    ]


def test_lesser_headings_are_lines_of_a_chapter(tmp_path):
    pages = {
        "a.xhtml": "<h1>One</h1><p>A.</p><h2>Later</h2><p>B.</p><h2>Much later</h2><p>C.</p>",
        "b.xhtml": "<h1>Two</h1><p>D.</p>",
    }
    for contents in ([], [("a.xhtml", "One"), ("b.xhtml", "Two")]):
        assert chapters(book_of(tmp_path, pages, contents)) == [
            ("One", ["A.", "Later", "B.", "Much later", "C."]),
            ("Two", ["D."]),
        ]


def test_the_title_of_the_book_above_each_chapter_is_no_chapter(tmp_path):
    pages = {"a.xhtml": "<h1>The Lamp</h1><h2>One</h2><p>A.</p><h2>Two</h2><p>B.</p>"}
    assert [title for title, _ in chapters(book_of(tmp_path, pages))] == ["One", "Two"]


def test_a_number_and_the_title_behind_it_are_one(tmp_path):
    pages = {"a.xhtml": "<h2>1</h2><h3>The Storm</h3><p>A.</p><h2>2</h2><h3>The Calm</h3><p>B.</p>"}
    assert chapters(book_of(tmp_path, pages)) == [("1: The Storm", ["A."]), ("2: The Calm", ["B."])]


def test_without_headings_paragraphs_that_name_chapters_divide_the_book(tmp_path):
    pages = {"a.xhtml": "<p>Chapter 1</p><p>A.</p><p><b>Chapter 2</b></p><p>B.</p>"}
    assert chapters(book_of(tmp_path, pages)) == [("Chapter 1", ["A."]), ("Chapter 2", ["B."])]


@pytest.mark.parametrize("kind", ['class="chapter-title"', 'class="x h2"', 'role="heading" aria-level="1"'])
def test_paragraphs_that_are_headings_by_class_or_role_divide_the_book(tmp_path, kind):
    pages = {"a.xhtml": f"<p {kind}>The Storm</p><p>A.</p><p {kind}>The Calm</p><p>B.</p>"}
    book = book_of(tmp_path, pages, [("a.xhtml", "Start")])
    assert chapters(book) == [("The Storm", ["A."]), ("The Calm", ["B."])]


def test_the_fuller_of_two_contents_is_taken(tmp_path):
    pages = {"a.xhtml": "<p>A.</p>", "b.xhtml": "<p>B.</p>"}
    book = book_of(tmp_path, pages, [("a.xhtml", "One"), ("b.xhtml", "Two")], nav=NAVIGATION)
    assert chapters(book) == [("One", ["A."]), ("Two", ["B."])]


def test_a_book_that_ends_with_a_heading_is_read(tmp_path):
    pages = {"a.xhtml": "<h1>One</h1><p>A.</p>", "b.xhtml": "<h1>The End</h1>"}
    assert chapters(book_of(tmp_path, pages)) == [("One", ["A."]), ("The End", ["The End"])]


@pytest.mark.parametrize(
    "name, body, guess",
    [
        ("x.xhtml", page("<p>X.</p>", kind="titlepage"), "title page"),
        ("x.xhtml", page("<p>X.</p>", kind="dedication"), "dedication"),
        ("x.xhtml", "<h1>Contents</h1><p>One</p>", "contents"),
        ("x.xhtml", "<h1>Also by A. Writer</h1><p>The Sea</p>", "advertisement"),
        ("x.xhtml", "<h1>The Lamp</h1><p>by A. Writer</p>", "title page"),
        ("x.xhtml", "<p>Copyright © 1999 A. Writer</p><p>All rights reserved.</p>", "copyright"),
        ("x.xhtml", "<p>For Anna</p>", "dedication"),
        ("titlepage.xhtml", "<p>The Lamp</p>", "title page"),
        ("copyright.xhtml", "<p>First printed in 1999.</p>", "copyright"),
        ("toc.xhtml", "<p>One</p><p>Two</p>", "contents"),
        (
            "x.xhtml",
            "".join(f'<p><a href="z{n % 2 + 1}.xhtml">Day {n}</a></p>' for n in range(6)),
            "contents",
        ),
        ("x.xhtml", "<h1>Foreword</h1><p>X.</p>", "foreword"),
        ("x.xhtml", "".join(f"<p>Ship {n}, {n}, {n + 2}</p>" for n in range(30)), "index"),
        ("index.xhtml", "<p>It rained.</p>", "body"),
        ("x.xhtml", "<p>It rained.</p>", "body"),
    ],
)
def test_what_a_page_is_is_guessed(tmp_path, name, body, guess):
    pages = {name: body, "z1.xhtml": "<h1>One</h1><p>It was late.</p>", "z2.xhtml": "<h1>Two</h1><p>No.</p>"}
    book = book_of(tmp_path, pages, [("z1.xhtml", "One"), ("z2.xhtml", "Two")])
    first, *others = book.sections
    left = {"title page", "contents", "copyright", "advertisement", "index"}
    assert (first.guess, first.kept) == (guess, guess not in left)
    assert [(each.number, each.title, each.guess, each.kept) for each in others] == [
        (2, "One", "body", True),
        (3, "Two", "body", True),
    ]


SEVEN = {"title.xhtml": page("<p>The Lamp</p>", kind="titlepage")} | {
    f"p{n}.xhtml": f"<h1>Day {n}</h1><p>Text {n}.</p>" for n in range(1, 5)
}


@pytest.mark.parametrize(
    "options, kept",
    [
        ({}, [2, 3, 4, 5]),
        ({"front_matter": True}, [1, 2, 3, 4, 5]),
        ({"skip": ("3",)}, [2, 4, 5]),
        ({"skip": ("2-4",)}, [5]),
        ({"skip": ("day 4", "2")}, [3, 4]),
        ({"only": ("2", "4-5")}, [2, 4, 5]),
        ({"only": ("1",)}, [1]),
        ({"only": ("title page",)}, [1]),
        ({"only": ("3-99",), "skip": ("Day 3",)}, [3, 5]),
    ],
)
def test_sections_are_chosen_by_number_range_or_title(tmp_path, options, kept):
    book = book_of(tmp_path, SEVEN, options=ReadingOptions(**options))
    assert [section.number for section in book.sections if section.kept] == kept
    words = sum(len(line.text.split()) for line in book.screenplay.lines)
    assert book.words == words + book.headings + sum(gone.words for gone in book.left_out)


@pytest.mark.parametrize("choice", ["9", "7-9", "Day 9", "", "0", "9-1"])
def test_a_section_that_is_not_there_is_an_error(tmp_path, choice):
    for option in ("skip", "only"):
        with pytest.raises(
            UsageError, match=f"--{option}: there is no section .*; there are 5; name a number"
        ):
            book_of(tmp_path, SEVEN, options=ReadingOptions(**{option: (choice,)}))


def test_a_book_of_front_matter_alone_is_read(tmp_path):
    assert chapters(book_of(tmp_path, {"a.xhtml": "<h1>Notes</h1><p>It rained.</p>"})) == [
        ("Notes", ["It rained."])
    ]


def test_a_guide_to_a_place_on_a_page_does_not_make_the_page_front_matter(tmp_path):
    pages = {"a.xhtml": '<div id="toc"><p>One</p></div><h1>One</h1><p>A.</p><h1>Two</h1><p>B.</p>'}
    guide = '<reference type="toc" href="a.xhtml#toc"/>'
    contents = [("a.xhtml#toc", "Begin"), ("a.xhtml", "One"), ("a.xhtml", "Two")]
    book = book_of(tmp_path, pages, contents, guide=guide)
    assert [line.text for line in book.screenplay.lines][-2:] == ["A.", "B."]


def test_a_page_outside_the_reading_order_is_left_out_and_named(tmp_path):
    pages = {"a.xhtml": "<p>A.</p>", "b.xhtml": "<p>An answer.</p>"}
    book = book_of(tmp_path, pages, spine=["a.xhtml"])
    assert chapters(book) == [("Chapter 1", ["A."])]
    (gone,) = book.left_out
    assert (gone.what, gone.where, gone.words) == ("front matter", f"{tmp_path}/a.epub/OEBPS/b.xhtml:6", 2)
    assert [section.guess for section in book.sections] == ["body", "outside the reading order"]


def test_a_single_page_is_divided_at_its_headings(tmp_path):
    text = (
        "<html><style>.x{display:none}</style><body><h1>One</h1><p>A.<sup>2</sup></p>"
        "<p class=x>No.<h1>Two</h1><p>B."
    )
    path = tmp_path / "a.html"
    state = parse_state(path)
    root = parse_page(text.encode(), "a.html")
    book = book_from_page(root, "a.html", default_header("a.html", state), state)
    assert chapters(book) == [("One", ["A."]), ("Two", ["B."])]
    assert [(gone.what, gone.where) for gone in book.left_out] == [
        ("note mark", "a.html:1"),
        ("hidden text", "a.html:1"),
    ]
    assert [section.title for section in book.sections] == ["One", "Two"]


def test_entries_that_name_a_page_and_no_place_on_it_are_found_by_their_headings(tmp_path):
    pages = {"a.xhtml": "<h2>One</h2><p>A.</p><h2>Two</h2><p>B.</p><p>Three</p><p>C.</p>"}
    contents = [("a.xhtml", "One"), ("a.xhtml", "Two"), ("a.xhtml", "Three")]
    assert chapters(book_of(tmp_path, pages, contents)) == [("One", ["A."]), ("Two", ["B.", "Three", "C."])]


def test_a_heading_is_not_taken_for_letters_of_the_title(tmp_path):
    pages = {"a.xhtml": "<h1>The Lighthouse</h1><h2>I</h2><p>A.</p>", "b.xhtml": "<h1>Two</h1><p>B.</p>"}
    book = book_of(tmp_path, pages, [("a.xhtml", "The Lighthouse"), ("b.xhtml", "Two")])
    assert chapters(book) == [("The Lighthouse", ["I", "A."]), ("Two", ["B."])]


@pytest.mark.parametrize(
    ("contents", "pages", "expected"),
    [
        (
            [("a.xhtml", "Chapter 3")],
            {"a.xhtml": "<h1>Part Two</h1><h2>Chapter 3</h2><p>C.</p>"},
            [("Part Two: Chapter 3", ["C."])],
        ),
        (
            [("a.xhtml", "Part One"), ("b.xhtml", "Part Two")],
            {
                "a.xhtml": "<h1>Part One</h1><h2>Chapter 1</h2><p>A.</p>",
                "b.xhtml": "<h1>Part Two</h1><h2>Chapter 2</h2><p>B.</p>",
            },
            [("Part One: Chapter 1", ["A."]), ("Part Two: Chapter 2", ["B."])],
        ),
        (
            [("a.xhtml", "The Storm")],
            {"a.xhtml": "<h1>The Storm</h1><h2>A motto by the way</h2><p>A.</p>"},
            [("The Storm", ["A motto by the way", "A."])],
        ),
    ],
)
def test_headings_beside_that_of_the_chapter_join_its_title_if_they_number_one(
    tmp_path, contents, pages, expected
):
    assert chapters(book_of(tmp_path, pages, contents)) == expected
