"""Small e-books of kinds that are in use, and the scripts that they become."""

from __future__ import annotations

import pytest

from csm_cli.script.reader import parse_state
from csm_cli.script.readers.epub import read_epub
from csm_cli.text import normaliser_for
from tests.script.books import PNG, make_package, page

DROP_CAPS = page(
    '<h1>One</h1><p><span class="dc">T</span>he rain came at noon.</p>'
    '<p><span class="dc">T</span><span class="sc">HE WIND</span> came at night.</p>'
    '<p><img src="t.png" alt="T"/>he snow came in March.</p>'
    '<p><span class="dc">“I</span>t came,” she said.</p><p><big>A</big> boat came too.</p>'
    '<p><span>O</span> <span>nce more it came.</span></p><div class="dropcap">W</div><p>e all went home.</p>'
)
NOTES = page(
    '<h1>One</h1><p>The ship<a epub:type="noteref" href="#f1">1</a> sank.<sup><a href="n.xhtml#n2" id="r2">2'
    '</a></sup> Nobody knew<a href="#fn3">[3]</a> why.<sup>4</sup> The area was 5 m<sup>2</sup> and the '
    '4<sup>th</sup> man.*</p><aside epub:type="footnote" id="f1"><p>A small ship.</p></aside>'
    '<p class="fn" id="fn3"><a href="#r3">[3]</a> Nobody asked.</p><hr/><p><sup>4</sup> Because of fog.</p>'
    "<p>* He was tall.</p>"
)
NOTES_APART = page('<h1>Notes</h1><p id="n2"><a href="a.xhtml#r2">2.</a> At midnight.</p>')
LINKED = page(
    '<h1>One</h1><p>Nobody knew<a href="#fn3" id="r3">[3]</a> why,<a href="#fn4" id="r4">*</a> or when.'
    '<a href="notes.xhtml#n5" id="r5">5</a> See <a href="b.xhtml">chapter two</a>.</p><div id="fn3"><p>'
    '<a href="#r3">[3]</a> Nobody asked.</p></div><p id="fn4"><a href="#r4">*</a> A note with a star.</p>'
)
POWERS = page(
    "<h1>One</h1><p>Nobody knew why.<sup>4</sup> The room was 20 m<sup>2</sup>, the 4<sup>th</sup> of "
    "H<sub>2</sub>O, E = mc<sup>2</sup>, 10<sup>6</sup> men.</p>"
)
HIDDEN = page(
    '<h1>One</h1><p>Seen.</p><p hidden="hidden">Hidden one.</p><p style="display:none">Hidden two.</p>'
    '<span epub:type="pagebreak" title="12" id="p12">12</span><p>Page <span epub:type="pagebreak" id="p13">13'
    "</span>turns.</p><script>var a=1;</script><style>p{}</style>"
    '<svg xmlns="http://www.w3.org/2000/svg"><title>A ship</title><text>SVG text</text></svg>'
    '<math xmlns="http://www.w3.org/1998/Math/MathML"><mi>x</mi><mo>=</mo><mn>2</mn></math><p>After.</p>'
)
NESTED = [
    page(
        '<h1 id="v1">Volume One</h1><h2 id="c1">I</h2><p>The first day was dry.</p>'
        '<h2 id="c2">II</h2><p>The second day was wet.</p>'
    ),
    page('<h1 id="v2">Volume Two</h1><h2 id="c3">I</h2><p>The third day was cold.</p>'),
    page("<p>It went on being cold.</p>"),
]


def titled(title: str, text: str) -> str:
    return page(f"<h1>{title}</h1><p>{text}</p>")


EXAMPLES = {
    "drop caps": (
        {"a.xhtml": DROP_CAPS, "t.png": b"x"},
        [("a.xhtml", "One")],
        [
            *("# One", "The rain came at noon.", "THE WIND came at night.", "The snow came in March."),
            *("“It came,” she said.", "A boat came too.", "Once more it came.", "We all went home."),
        ],
    ),
    "notes": (
        {"a.xhtml": NOTES, "n.xhtml": NOTES_APART},
        [("a.xhtml", "One"), ("n.xhtml", "Notes")],
        ["# One", "The ship sank. Nobody knew why. The area was 5 m² and the 4th man."],
    ),
    "linked notes": (
        {
            "a.xhtml": LINKED,
            "b.xhtml": titled("Two", "Two."),
            "notes.xhtml": page('<h1>Endnotes</h1><p id="n5"><a href="a.xhtml#r5">5</a> At noon.</p>'),
        },
        [("a.xhtml", "One"), ("b.xhtml", "Two"), ("notes.xhtml", "Endnotes")],
        ["# One", "Nobody knew why, or when. See chapter two.", "# Two", "Two."],
    ),
    "hidden": ({"a.xhtml": HIDDEN}, [("a.xhtml", "One")], ["# One", "Seen.", "Page turns.", "After."]),
    "nested contents": (
        dict(zip(("all.xhtml", "two.xhtml", "two_b.xhtml"), NESTED, strict=True)),
        [
            *(("all.xhtml#v1", "Volume One"), ("all.xhtml#c1", "I"), ("all.xhtml#c2", "II")),
            *(("two.xhtml#v2", "Volume Two"), ("two.xhtml#c3", "I")),
        ],
        [
            *("# Volume One: I", "The first day was dry.", "# II", "The second day was wet."),
            *("# Volume Two: I", "The third day was cold.", "It went on being cold."),
        ],
    ),
    "empty pages": (
        {
            "a.xhtml": page("<h1>Part One</h1>"),
            "b.xhtml": titled("1", "It began."),
            "c.xhtml": page(""),
            "d.xhtml": page("<h1>II</h1><hr/>"),
            "e.xhtml": titled("1", "It began again."),
        },
        [
            *(("a.xhtml", "Part One"), ("b.xhtml", "1"), ("c.xhtml", "Blank"), ("d.xhtml", "II")),
            ("e.xhtml", "1"),
        ],
        ["# Part One: 1", "It began.", "# II: 1", "It began again."],
    ),
    "a page with a picture": (
        {
            "a.xhtml": titled("One", "Before the picture."),
            "pic.xhtml": page('<div><img src="p.png" alt="A map of the island"/></div>'),
            "b.xhtml": page("<p>After the picture.</p>"),
            "c.xhtml": titled("Two", "The end."),
            "p.png": PNG,
        },
        [("a.xhtml", "One"), ("c.xhtml", "Two")],
        ["# One", "Before the picture.", "After the picture.", "# Two", "The end."],
    ),
    "an entry without a name": (
        {"a.xhtml": titled("One", "Here is one."), "b.xhtml": titled("Two", "Here is two.")},
        [("a.xhtml", ""), ("a.xhtml", "One"), ("b.xhtml", ""), ("b.xhtml", "Two")],
        ["# One", "Here is one.", "# Two", "Here is two."],
    ),
    "a page before the first chapter": (
        {
            "intro.xhtml": page("<p>A word before the first chapter.</p>"),
            "a.xhtml": titled("One", "Here is one."),
            "b.xhtml": titled("Two", "Here is two."),
        },
        [("a.xhtml", "One"), ("b.xhtml", "Two")],
        [
            *("# Chapter 1", "A word before the first chapter.", "# One", "Here is one."),
            *("# Two", "Here is two."),
        ],
    ),
}


@pytest.mark.parametrize("name", EXAMPLES)
def test_a_book_becomes_the_script_that_a_reader_would_read_aloud(tmp_path, name):
    files, contents, expected = EXAMPLES[name]
    path = make_package(tmp_path / "a.epub", files, contents=contents)
    state = parse_state(path)
    book = read_epub(path, state)
    script: list[str] = []
    for chapter in book.screenplay.chapters:
        script += [f"# {chapter.title}", *(line.text for line in chapter.lines)]
    assert script == expected
    spoken = sum(len(line.text.split()) for line in book.screenplay.lines)
    assert book.words == spoken + book.headings + sum(gone.words for gone in book.left_out)
    assert not state.problems.findings()


def test_powers_and_ordinals_are_spoken_as_such(tmp_path):
    path = make_package(tmp_path / "a.epub", {"a.xhtml": POWERS})
    play = read_epub(path, parse_state(path)).screenplay
    (line,) = play.lines
    assert line.text == "Nobody knew why. The room was 20 m², the 4th of H2O, E = mc², 10^6 men."
    spoken = normaliser_for(play).normalise(line.text)
    for words in ("twenty square meters", "fourth of H two O", "m c squared", "ten to the sixth men"):
        assert words in spoken.replace("mc squared", "m c squared")


def test_a_picture_by_itself_is_named_with_its_place(tmp_path):
    files, contents, _ = EXAMPLES["a page with a picture"]
    path = make_package(tmp_path / "a.epub", files, contents=contents)
    (gone,) = read_epub(path, parse_state(path)).left_out
    assert (gone.what, gone.where, gone.words, gone.text) == (
        *("picture", f"{path}/OEBPS/pic.xhtml:6", 5),
        "A map of the island",
    )
