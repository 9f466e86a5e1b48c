"""Pages of books: drop caps, powers, hidden text, line breaks, ruby, tables and pictures."""

from __future__ import annotations

import pytest
from lxml import etree

from csm_cli.core.errors import ScriptError
from csm_cli.script.books import DEFAULT, ReadingOptions
from csm_cli.script.books.html.styles import Styles
from csm_cli.script.books.pages import read_page
from csm_cli.script.reader import parse_state, read_screenplay
from csm_cli.script.readers.epub import read_epub
from tests.script.books import make_epub, page


def blocks_of(body: str, options: ReadingOptions = DEFAULT, css: str = ""):
    root = etree.fromstring(page(body).encode())
    return list(read_page(root, "a.xhtml", options, Styles([css])))


def texts(body: str, options: ReadingOptions = DEFAULT, css: str = "") -> list[str]:
    return [block.text for block in blocks_of(body, options, css) if block.is_text]


def left_out(body: str, options: ReadingOptions = DEFAULT, css: str = "") -> list[tuple[str, str]]:
    return [(block.gone.what, block.gone.text) for block in blocks_of(body, options, css) if block.gone]


def lines(tmp_path, body: str) -> list[str]:
    path = make_epub(tmp_path / "a.epub", {"a.xhtml": page(body)}, [])
    return [line.text for line in read_epub(path, parse_state(path)).screenplay.lines]


@pytest.mark.parametrize(
    "body, text",
    [
        ('<p><span class="dc">T</span>he rain.</p>', "The rain."),
        ("<p>T<span>HE WIND</span> came.</p>", "THE WIND came."),
        ('<p><span class="dc">T</span>\n<span class="sc">HE WIND</span> came.</p>', "THE WIND came."),
        ('<p><img src="t.png" alt="T"/>he snow.</p>', "The snow."),
        ('<p><img src="i.png" alt="I"/> was there.</p>', "I was there."),
        ('<p><img src="t.png" alt="T"/> <span>he snow.</span></p>', "The snow."),
        ('<p><img src="t.png" alt="Drop cap T"/>he snow.</p>', "The snow."),
        ('<p><img src="x.png" alt="" title="T"/>he snow.</p>', "The snow."),
        ('<p><img src="img/initial_t.png" alt=""/>he snow.</p>', "The snow."),
        ('<p><img src="img/o.jpg"/>nce more.</p>', "Once more."),
        ('<p class="first">W</p><p>HEN it rained.</p>', "WHEN it rained."),
        ('<p><img src="t.png" alt="“T"/>he snow,” she said.</p>', "“The snow,” she said."),
        ('<p><img class="drop" src="t.png" alt="T"/></p><p>he snow.</p>', "The snow."),
        ('<p><span class="dc">“I</span>t came,” she said.</p>', "“It came,” she said."),
        ('<p>“<span class="dc">I</span> <span>t came,” she said.</span></p>', "“It came,” she said."),
        ("<p><big>A</big> boat came.</p>", "A boat came."),
        ("<p><big>O</big>nce more.</p>", "Once more."),
        ('<p><font size="7">O</font>nce more.</p>', "Once more."),
        ("<p><span>O</span> <span>nce more.</span></p>", "Once more."),
        ("<p><i>I</i> was there.</p>", "I was there."),
        ("<p><span>A</span> <span>fter the rain.</span></p>", "After the rain."),
        ("<p><span>A</span> <span>ship came.</span></p>", "A ship came."),
        ('<div class="dropcap">W</div><p>e all went home.</p>', "We all went home."),
        ('<p class="dropcap">W</p><p>e all went home.</p>', "We all went home."),
        ('<p class="dropcap">W</p><p>E ALL went home.</p>', "WE ALL went home."),
        ('<p class="dropcap">A</p><p>boat came.</p>', "A boat came."),
        ("<div>O</div>nce more.", "Once more."),
        ('<div class="initial"><p>W</p></div><p>e all went home.</p>', "We all went home."),
        ("<p><b>M</b><small>R. HILL</small> came.</p>", "MR. HILL came."),
        ('<p><span class="drop"><b>É</b></span> <span>tienne came.</span></p>', "Étienne came."),
    ],
)
def test_a_drop_cap_joins_its_word(body, text):
    assert texts(body) == [text]


def test_a_drop_cap_is_known_by_its_style():
    assert texts('<div class="x">T</div><p>HE WIND.</p>', css=".x {float: left; font-size: 3em}") == [
        "THE WIND."
    ]


@pytest.mark.parametrize(
    "body, expected",
    [
        ("<h2>A</h2><p>apple</p>", ["A", "apple"]),
        ("<p>B</p><p>banana, 3</p>", ["B", "banana, 3"]),
        ("<p>V</p><p>The night was dark.</p>", ["V", "The night was dark."]),
        ("<p>I</p><p>NOBODY came.</p>", ["I", "NOBODY came."]),
        ("<p>V</p><p>THE night was dark.</p>", ["V", "THE night was dark."]),
        ('<p><img src="a.png"/>boat came.</p>', ["boat came."]),
        ('<p><img src="t.png"/> he came.</p>', ["he came."]),
        ("<p>Plan <b>B</b> <i>failed.</i></p>", ["Plan B failed."]),
    ],
)
def test_a_letter_by_itself_stays_one(body, expected):
    assert texts(body) == expected


@pytest.mark.parametrize(
    "body, text",
    [
        ("20 m<sup>2</sup>, of", "20 m², of"),
        ("5 cm<sup>3</sup>.", "5 cm³."),
        ("2 kg/m<sup>3</sup>", "2 kg/m³"),
        ("E = mc<sup>2</sup>,", "E = mc²,"),
        ("a<sup>2</sup> + b<sup>2</sup> = c<sup>2</sup>.", "a² + b² = c²."),
        ("10<sup>6</sup> men", "10^6 men"),
        ("10<sup>−3</sup> of it", "10^-3 of it"),
        ("6.02 × 10<sup>23</sup> of them", "6.02 × 10^23 of them"),
        ("2<sup>n</sup>", "2^n"),
        ("x<sup>2</sup> is", "x² is"),
        ('10<span class="sup">6</span> men', "10^6 men"),
        ('10<span style="vertical-align: super">6</span> men', "10^6 men"),
        ("the 4<sup>th</sup> man", "the 4th man"),
        ("the 21<sup>st</sup>", "the 21st"),
        ("XX<sup>e</sup> siècle", "XXe siècle"),
        ("M<sup>me</sup> Rose, M<sup>r</sup> Hill", "Mme Rose, Mr Hill"),
        ("H<sub>2</sub>O", "H2O"),
        ("6<sup>1/2</sup> miles", "6 1/2 miles"),
        ("Ca<sup>2+</sup> of it", "Ca2+ of it"),
        ("1<sup>1</sup>/<sub>2</sub> miles", "1 1/2 miles"),
        ("<sup>3</sup>⁄<sub>4</sub> mile", "3⁄4 mile"),
        ("Acme<sup>TM</sup> lamps", "Acme™ lamps"),
    ],
)
def test_raised_text_is_a_power_or_an_ending(tmp_path, body, text):
    assert lines(tmp_path, f"<p>{body}</p>") == [text]


@pytest.mark.parametrize(
    "body, text",
    [
        ("Nobody knew why.<sup>4</sup> Then", "Nobody knew why. Then"),
        ("The end of it<sup>2</sup> was", "The end of it was"),
        ("in 1945<sup>3</sup> and", "in 1945 and"),
        ("the sea<sup>a</sup> was", "the sea was"),
        ("the ship<sup>*</sup> sank", "the ship sank"),
        ("the ship<sup>[7]</sup> sank", "the ship sank"),
        ("(he said)<sup>2</sup> it", "(he said) it"),
        ("why?”<sup>12</sup>", "why?”"),
        ("why. <sup>4</sup> Then", "why. Then"),
        ('why.<span class="superscript">4</span> Then', "why. Then"),
    ],
)
def test_raised_text_is_the_mark_of_a_note(tmp_path, body, text):
    assert lines(tmp_path, f"<p>{body}</p>") == [text]


def test_verse_numbers_are_not_spoken(tmp_path):
    body = "<p><sup>1</sup> In the beginning. <sup>2</sup>And it was dark.</p><p><sup>2</sup>It was.</p>"
    assert lines(tmp_path, body) == ["In the beginning. And it was dark.", "It was."]


CSS = """
/* p { display: none } */
@charset "utf-8";
@font-face { font-family: x; src: url(x.ttf) }
.gone, .away { display: none; }
.veiled { VISIBILITY: HIDDEN }
p.only { display:none!important }
#one { display: none }
.outer .inner { display: none }
.gone.shown { display: block }
@media print { .print { display: none } }
@media screen { .screen { display: none } }
p:hover { display: none }
.line { display: block }
"""


@pytest.mark.parametrize(
    "element",
    [
        '<p hidden="hidden">Gone.</p>',
        '<p hidden="">Gone.</p>',
        '<p style="display:none">Gone.</p>',
        '<p style="color:red; DISPLAY : None ;">Gone.</p>',
        '<p style="visibility: hidden">Gone.</p>',
        '<p class="x gone">Gone.</p>',
        '<p class="away">Gone.</p>',
        '<p class="veiled">Gone.</p>',
        '<p class="only">Gone.</p>',
        '<p id="one">Gone.</p>',
        '<div class="outer"><b><p class="inner">Gone.</p></b></div>',
        '<p class="screen">Gone.</p>',
        '<p aria-hidden="true">Gone.</p>',
        '<div style="display:none"><p>Gone.</p></div>',
    ],
)
def test_hidden_text_is_not_spoken(element):
    body = f"<p>Seen.</p>{element}<p>After.</p>"
    assert texts(body, css=CSS) == ["Seen.", "After."]
    assert left_out(body, css=CSS) == [("hidden text", "Gone.")]


@pytest.mark.parametrize(
    "element",
    [
        '<p class="gone shown">Here.</p>',
        '<p class="gone" style="display:block">Here.</p>',
        '<div class="only">Here.</div>',
        '<p class="inner">Here.</p>',
        '<p class="print">Here.</p>',
        "<p>Here.</p>",
        '<p hidden="false">Here.</p>',
        '<p aria-hidden="false">Here.</p>',
        '<p><span aria-hidden="true">H</span>ere.</p>',
    ],
)
def test_what_is_seen_is_spoken(element):
    assert texts(element, css=CSS) == ["Here."]


def test_hidden_text_within_a_sentence_leaves_no_gap():
    assert texts('<p>The <b style="display:none">very</b> sea<i hidden="">s</i>.</p>') == ["The sea."]


def test_style_sheets_of_the_book_and_of_the_page_count(tmp_path):
    head = '<html xmlns="http://www.w3.org/1999/xhtml"><head><link rel="stylesheet" href="css/a%20b.css"/>'
    style = "<style>.y{display:none}</style></head>"
    body = f'{head}{style}<body><p class="x">X.</p><p class="y">Y.</p><p>Z.</p></body></html>'
    extra = {"OEBPS/css/a b__css": ".x { display: none }"}
    path = make_epub(tmp_path / "a.epub", {"a.xhtml": body}, [], **extra)
    book = read_epub(path, parse_state(path))
    assert [line.text for line in book.screenplay.lines] == ["Z."]
    assert [(gone.what, gone.where, gone.words, gone.text) for gone in book.left_out] == [
        ("hidden text", f"{path}/OEBPS/a.xhtml:1", 1, "X."),
        ("hidden text", f"{path}/OEBPS/a.xhtml:1", 1, "Y."),
    ]


@pytest.mark.parametrize(
    "mark, what",
    [
        ('<span epub:type="pagebreak" title="12" id="p12">12</span>', "page number"),
        ('<span role="doc-pagebreak">12</span>', "page number"),
        ('<span class="pagenum">[Pg 12]</span>', "page number"),
        ('<span class="page-number">12</span>', "page number"),
        ("<span>[Pg 12]</span>", "page number"),
        ('<a id="p12">[Page 12]</a>', "page number"),
        ('<span class="running-head">The Lamp</span>', "running head"),
    ],
)
def test_page_numbers_and_running_heads_are_not_spoken(mark, what):
    assert texts(f"<p>Page {mark}turns.</p>") == ["Page turns."]
    assert [gone[0] for gone in left_out(f"<p>Page {mark}turns.</p>")] == [what]


@pytest.mark.parametrize(
    "heads",
    [
        ["12 The Lamp &amp; I", "The Lamp &amp; I 13", "14 THE LAMP &amp; I"],
        ["12 A. Writer", "13 A. Writer", "14 A. Writer"],
        [f'<span class="pagenum">{number}</span></p><p>A. WRITER' for number in (12, 13, 14)],
    ],
)
def test_running_heads_that_come_again_are_not_spoken(tmp_path, heads):
    body = "".join(f"<p>{head}</p><p>It rained on day {number}.</p>" for number, head in enumerate(heads))
    assert lines(tmp_path, body) == ["It rained on day 0.", "It rained on day 1.", "It rained on day 2."]


def test_what_comes_again_without_page_numbers_is_spoken(tmp_path):
    body = "<p>Day 1</p><p>A. Writer</p><p>Day 2</p><p>A. Writer</p><p>Day 3</p><p>A. Writer</p>"
    assert lines(tmp_path, body) == ["Day 1", "A. Writer", "Day 2", "A. Writer", "Day 3", "A. Writer"]


def test_what_is_no_text_is_named_as_left_out():
    body = (
        '<p>A.</p><script>var a;</script><svg xmlns="http://www.w3.org/2000/svg"><title>A ship</title></svg>'
        '<math xmlns="http://www.w3.org/1998/Math/MathML"><mi>x</mi></math>'
        '<p><img src="a/map.png" alt="A map"/></p>'
        '<p><img src="a/dot.png"/></p><pre><code>go 1\ngo 2</code></pre><audio>No sound.</audio><p>B.</p>'
    )
    assert texts(body) == ["A.", "B."]
    assert left_out(body) == [
        ("picture", "A ship"),
        ("formula", "x"),
        ("picture", "A map"),
        ("picture", "dot.png"),
        ("code", "go 1 go 2"),
        ("sound or film", "No sound."),
    ]


def test_an_ornament_is_a_break():
    kinds = [block.kind for block in blocks_of('<p>A.</p><p><img src="o.png" alt="ornament"/></p><p>B.</p>')]
    assert [kind for kind in kinds if kind != "gone"] == ["paragraph", "break", "paragraph"]


def test_a_line_break_in_prose_is_a_space():
    assert texts("<p>“Is that<br/>the light?” she<br/>asked.</p>") == ["“Is that the light?” she asked."]
    assert texts("<h2>Chapter One<br/>The Sea</h2>") == ["Chapter One The Sea"]


@pytest.mark.parametrize(
    "body",
    [
        "<p>The sea is wide,<br/>The night is long,<br/>And nobody sings.</p>",
        '<p class="poem">The sea is wide,<br/>The night is long,<br/>And nobody sings.</p>',
        '<div epub:type="z3998:verse"><p>The sea is wide,<br/>The night is long,<br/>And nobody sings.'
        "</p></div>",
        "<pre>The sea is wide,\n   The night is long,\nAnd nobody sings.</pre>",
        '<div class="stanza"><div>The sea is wide,</div><div>The night is long,</div>'
        "<div>And nobody sings.</div></div>",
        '<p><span class="line">The sea is wide,</span><span class="line">The night is long,</span>'
        '<span class="line">And nobody sings.</span></p>',
    ],
)
def test_a_poem_is_read_line_by_line(body):
    assert texts(body, css=CSS) == ["The sea is wide,", "The night is long,", "And nobody sings."]


RUBY = (
    "<p>A <ruby>letter<rp>(</rp><rt>le-ta</rt><rp>)</rp></ruby> and "
    "<ruby><rb>sea</rb><rt>umi</rt></ruby>.</p>"
)


def test_ruby_is_read_as_base_or_as_reading():
    assert texts(RUBY) == ["A letter and sea."]
    assert texts(RUBY, ReadingOptions(ruby="reading")) == ["A le-ta and umi."]
    assert left_out(RUBY) == [("reading of ruby", "le-ta"), ("reading of ruby", "umi")]


def test_a_table_is_read_row_by_row():
    body = (
        "<table><caption>Ships</caption><thead><tr><th>Name</th><th>Year</th></tr></thead>"
        "<tr><td><p>Anna</p></td><td>1901</td></tr><tr><td>Hill, Ben</td><td></td><td>two</td></tr></table>"
    )
    assert texts(body) == ["Ships", "Name, Year", "Anna, 1901", "Hill, Ben; two"]


def test_rows_without_text_are_nothing():
    assert texts("<table><tr><td></td><td> </td></tr><tr><td>A</td><td>B</td></tr></table>") == ["A, B"]


def test_control_characters_beside_drop_caps_and_fractions_are_no_trouble(tmp_path):
    body = "<p><b>T</b> <i>he\x07 sea.</i><p>A\x07 1<sup>1</sup>/<sub>2</sub> mile"
    path = make_epub(tmp_path / "a.epub", {"a.xhtml": body}, [])
    read = read_epub(path, parse_state(path)).screenplay.lines
    assert [line.text for line in read] == ["The sea.", "A 1 1/2 mile"]


def test_a_table_for_layout_is_read_as_paragraphs():
    body = "<table><tr><td><p>One.</p><p>Two.</p><p>Three.</p></td><td><h2>Four</h2></td></tr></table>"
    assert texts(body) == ["One.", "Two.", "Three.", "Four"]


def test_a_list_is_read_item_by_item():
    assert texts("<p>We had</p><ul><li>sand</li><li>salt<ul><li>fine</li></ul></li></ul>") == [
        *("We had", "sand", "salt", "fine"),
    ]


def test_two_line_breaks_divide_paragraphs():
    assert texts("<div>It rained.<br/><br/>Nobody<br/>came.<br/> <br/>No.</div>") == [
        *("It rained.", "Nobody came.", "No."),
    ]


def test_a_picture_of_a_heading_is_one():
    (block,) = blocks_of('<h1><img src="one.png" alt="Chapter One"/></h1>')
    assert (block.kind, block.text, block.level) == ("heading", "Chapter One", 1)


def test_text_around_a_hidden_block_stays_in_two_paragraphs():
    assert texts("<div>One.<p hidden=''>Gone.</p>Two.</div>") == ["One.", "Two."]


def test_of_two_forms_of_a_text_the_plain_one_is_read():
    body = "<p><switch><case>x = 2</case><default>x is two</default></switch></p>"
    assert texts(body) == ["x is two"]


@pytest.mark.parametrize("kind", ["html", "epub"])
def test_reading_stops_at_more_paragraphs_than_a_script_may_have(tmp_path, monkeypatch, kind):
    monkeypatch.setattr("csm_cli.script.books.pages.MAX_PARAGRAPHS", 5)
    few, many = "<p>Word.</p>\n" * 3, "<p>Word.</p>\n" * 6
    if kind == "html":
        path = tmp_path / "a.html"
        path.write_text(f"<html><body>{many}</body></html>")
    else:
        path = make_epub(tmp_path / "a.epub", {"a.xhtml": page(few), "b.xhtml": page(few)}, [])
    with pytest.raises(ScriptError, match="more than 5 paragraphs; divide the book"):
        read_screenplay(path)
