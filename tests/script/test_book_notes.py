"""Notes of e-books: marks and texts of all kinds, left out or read where they belong."""

from __future__ import annotations

import pytest

from csm_cli.script.books import ReadingOptions
from csm_cli.script.reader import parse_state
from csm_cli.script.readers.epub import read_epub
from tests.script.books import make_package, page


def book_of(tmp_path, pages: dict[str, str], notes="skip", contents=()):
    path = make_package(
        tmp_path / "a.epub", {name: page(body) for name, body in pages.items()}, contents=contents
    )
    return read_epub(path, parse_state(path), ReadingOptions(notes=notes))


def lines(book) -> list[str]:
    return [line.text for line in book.screenplay.lines]


def linked(mark: str, note: str) -> str:
    """A page with a mark, and with a note behind another paragraph."""
    return f"<p>The ship{mark} sank.</p><p>It rained.</p>{note}"


def back(label: str) -> str:
    return f'<a href="#r">{label}</a>'


def forth(label: str) -> str:
    return f'<a href="#n" id="r">{label}</a>'


TYPED = '<aside epub:type="footnote" id="n"><p>A small ship.</p></aside>'
MARK = '<a epub:type="noteref" href="#n">1</a>'
ONE_PAGE = {
    "typed": f"<p>The ship{MARK} sank.</p>{TYPED}<p>It rained.</p>",
    "hidden": f"<p>The ship{MARK} sank.</p>"
    '<aside epub:type="footnote" id="n" hidden=""><p>A small ship.</p></aside><p>It rained.</p>',
    "role": '<p>The ship<a role="doc-noteref" href="#n">1</a> sank.</p>'
    '<div role="doc-footnote" id="n">A small ship.</div><p>It rained.</p>',
    "raised link": linked(f"<sup>{forth('1')}</sup>", '<p id="n">1. A small ship.</p>'),
    "raised in a link": linked(forth("<sup>1</sup>"), '<p><a id="n" href="#r">1</a> A small ship.</p>'),
    "brackets": linked(forth("[1]"), f'<p id="n">{back("[1]")} A small ship.</p>'),
    "star": linked(forth("*"), f'<div id="n"><p>{back("*")} A small ship.</p></div>'),
    "dagger": linked(forth("†"), f'<p id="n">{back("†")} A small ship.</p>'),
    "bare number": linked(forth("1"), f'<p id="n">{back("1")} A small ship.</p>'),
    "spaced number": linked(f" {forth('1')}", f'<p id="n">{back("1")} A small ship.</p>'),
    "list": linked(f"<sup>{forth('1')}</sup>", f'<ol><li id="n">A small ship. {back("↩")}</li></ol>'),
    "list of notes": linked(
        MARK,
        '<section epub:type="footnotes"><h2>Notes</h2><ol><li id="n"><p>A small ship. '
        '<a epub:type="backlink" href="#r">back</a></p></li></ol></section>',
    ),
    "class": linked(
        '<a class="fnref" href="#n">1</a>', f'<p class="footnote" id="n">{back("1")} A small ship.</p>'
    ),
    "anchor before": linked(forth("[1]"), f'<a id="n"></a><p>{back("[1]")} A small ship.</p>'),
    "definition": linked(forth("[1]"), f'<dl><dt></dt><dd id="n">{back("[1]")} A small ship.</dd></dl>'),
    "raised without a link": linked("<sup>1</sup>", "<hr/><p><sup>1</sup> A small ship.</p>"),
    "raised and numbered": linked("<sup>1</sup>", "<hr/><p>1. A small ship.</p>"),
    "star without a link": linked("*", "<p>* A small ship.</p>"),
    "brackets without a link": linked("[1]", "<p>[1] A small ship.</p>"),
    "brackets below": "<p>The ship[1] sank.</p><p>[1] A small ship.</p><p>It rained.</p>",
    "raised star": linked("<sup>*</sup>", "<hr/><p><sup>*</sup>A small ship.</p>"),
    "word processor": linked(
        '<a href="#f" name="r"><span class="MsoFootnoteReference">[1]</span></a>',
        '<div><hr/><div id="f1"><p class="MsoFootnoteText"><a href="#r" name="f"><span>[1]</span></a> '
        "A small ship.</p></div></div>",
    ),
    "typesetter": linked(
        '<span><a id="n-back" class="_idFootnoteLink" href="a.xhtml#n">1</a></span>',
        '<div class="_idFootnotes"><div class="_idFootnote" epub:type="footnote"><p id="n">'
        '<a href="a.xhtml#n-back" class="_idFootnoteAnchor">1</a>\tA small ship.</p></div></div>',
    ),
    "row of a table": linked(
        forth("[1]"), f'<table><tr><td id="n">{back("[1]")}</td><td>A small ship.</td></tr></table>'
    ),
    "term": linked(forth("[1]"), f'<dl><dt id="n">{back("[1]")}</dt><dd>A small ship.</dd></dl>'),
    "class and raised": linked("<sup>1</sup>", '<p class="footnote"><sup>1</sup>A small ship.</p>'),
    "small print": linked("<sup>1</sup>", "<p><small><sup>1</sup> A small ship.</small></p>"),
}


@pytest.mark.parametrize("kind", ONE_PAGE)
def test_mark_and_text_of_a_note_are_left_out(tmp_path, kind):
    book = book_of(tmp_path, {"a.xhtml": f"<h1>One</h1>{ONE_PAGE[kind]}"})
    assert lines(book) == ["The ship sank.", "It rained."]
    assert any("A small ship." in gone.text for gone in book.left_out if gone.what == "notes")


@pytest.mark.parametrize("kind", ONE_PAGE)
def test_a_note_is_read_behind_the_paragraph_of_its_mark(tmp_path, kind):
    book = book_of(tmp_path, {"a.xhtml": f"<h1>One</h1>{ONE_PAGE[kind]}"}, "inline")
    assert lines(book) == ["The ship sank.", "A small ship.", "It rained."]


@pytest.mark.parametrize("kind", ONE_PAGE)
def test_a_note_is_read_at_the_end_of_its_chapter(tmp_path, kind):
    body = f"<h1>One</h1>{ONE_PAGE[kind]}<h1>Two</h1><p>The end.</p>"
    book = book_of(tmp_path, {"a.xhtml": body}, "end")
    assert lines(book) == ["The ship sank.", "It rained.", "A small ship.", "The end."]


PAGES = {
    "a.xhtml": '<h1>One</h1><p>The ship<a href="notes.xhtml#n1" id="r1">1</a> sank.'
    '<sup><a href="notes.xhtml#n2" id="r2">2</a></sup> See <a href="b.xhtml">chapter two</a>.</p>'
    "<p>It rained.</p>",
    "b.xhtml": '<h1>Two</h1><p>The end.<a href="notes.xhtml#n3" id="r3">3</a></p>',
    "notes.xhtml": '<h1>Endnotes</h1><p id="n1"><a href="a.xhtml#r1">1</a> A small ship.</p>'
    '<p><a id="n2" href="a.xhtml#r2">2.</a> At noon.</p>'
    '<p id="n3"><a href="b.xhtml#r3">3</a>. In <i>May.</i></p>',
}


def test_notes_on_a_page_of_their_own_are_left_out_or_read(tmp_path):
    assert lines(book_of(tmp_path, PAGES)) == ["The ship sank. See chapter two.", "It rained.", "The end."]
    assert lines(book_of(tmp_path, PAGES, "inline")) == [
        *(
            "The ship sank. See chapter two.",
            "A small ship.",
            "At noon.",
            "It rained.",
            "The end.",
            "In May.",
        ),
    ]
    book = book_of(tmp_path, PAGES, "end")
    assert [[line.text for line in chapter.lines] for chapter in book.screenplay.chapters] == [
        ["The ship sank. See chapter two.", "It rained.", "A small ship.", "At noon."],
        ["The end.", "In May."],
    ]
    assert str(book.screenplay.lines[2].source).endswith("notes.xhtml:6:1")


@pytest.mark.parametrize(
    "body, expected",
    [
        ('<p>See chapter <a href="b.xhtml">5</a>.</p>', "See chapter 5."),
        ('<p>See note <a href="#x">3</a>.</p>', "See note 3."),
        ("<p>It was *very* late, * he said.</p>", "It was *very* late, * he said."),
        ('<p>The <a href="b.xhtml">sea</a>.</p>', "The sea."),
        ("<p>It cost 5*.</p>", "It cost 5*."),
        ("<p>He sang [1] and [2].</p>", "He sang [1] and [2]."),
    ],
)
def test_what_is_no_mark_stays(tmp_path, body, expected):
    book = book_of(tmp_path, {"a.xhtml": body, "b.xhtml": "<h1>Two</h1><p>Two.</p>"})
    assert lines(book)[0] == expected


def test_a_list_in_the_text_is_no_note(tmp_path):
    body = "<p>We had three.<sup>4</sup></p><hr/><p>1. Sand.</p><p>2. Salt.</p>"
    assert lines(book_of(tmp_path, {"a.xhtml": body})) == ["We had three.", "1. Sand.", "2. Salt."]


def test_a_paragraph_that_a_note_leads_back_to_is_no_note(tmp_path):
    body = (
        '<p id="r">The ship<a href="#n">[1]</a> sank.</p><p id="n">[1] A small ship. <a href="#r">[1]</a></p>'
    )
    assert lines(book_of(tmp_path, {"a.xhtml": body})) == ["The ship sank."]


def test_a_note_of_two_paragraphs_is_left_out_whole(tmp_path):
    note = '<aside epub:type="footnote" id="n"><p>A ship.</p><p>A small one.</p></aside>'
    body = f"<p>The ship{MARK} sank.</p>{note}"
    assert lines(book_of(tmp_path, {"a.xhtml": body})) == ["The ship sank."]
    assert lines(book_of(tmp_path, {"a.xhtml": body}, "inline")) == [
        "The ship sank.",
        "A ship.",
        "A small one.",
    ]


def test_marks_in_headings_are_left_out(tmp_path):
    body = f"<h1>One{MARK}</h1><p>It rained.</p>{TYPED}"
    book = book_of(tmp_path, {"a.xhtml": body})
    assert [chapter.title for chapter in book.screenplay.chapters] == ["One"]
    assert lines(book) == ["It rained."]
