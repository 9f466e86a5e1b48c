"""OpenDocument texts, FictionBooks and HTML pages."""

from __future__ import annotations

import zipfile

import pytest

from csm_cli.core.errors import ScriptError
from csm_cli.script import read_screenplay
from csm_cli.script.formats import format_of
from csm_cli.script.importing import read_any_book
from tests.script.documents import ODT_SPACES as ODT
from tests.script.documents import chapters_of, fb2, make_odt

NOTE = (
    '<text:note text:note-class="footnote"><text:note-citation>1</text:note-citation>'
    "<text:note-body><text:p>A note.</text:p></text:note-body></text:note>"
)
BODY = f"""<text:h text:outline-level="1">One</text:h>
<text:p>It<text:s text:c="3"/>was{NOTE} cold.<text:line-break/>Very<text:tab/>cold.</text:p>
<text:list><text:list-item><text:p>Sand</text:p></text:list-item>
<text:list-item><text:p>Salt</text:p></text:list-item></text:list><text:p>* * *</text:p>
<text:h text:outline-level="1">Two</text:h><text:p>The <text:span>end</text:span>.</text:p>"""


def left_out(path) -> dict[str, str]:
    return {part.what: part.text for part in read_any_book(path, None)[0].left_out}


def test_an_opendocument_text_is_divided_by_its_headings(tmp_path):
    play = read_screenplay(make_odt(tmp_path / "a.odt", BODY))
    assert chapters_of(play) == [
        ("One", ["It was cold. Very cold.", "Sand", "Salt"]),
        ("Two", ["The end."]),
    ]
    assert (play.title, play.author, play.language) == ("The Lamp", "A. Writer", "en-GB")


def test_numbers_that_the_outline_makes_for_headings_are_part_of_them(tmp_path):
    levels = "".join(
        f'<text:outline-level-style text:level="{level}" style:num-format="{format}" {more}/>'
        for level, format, more in (
            (1, "I", 'style:num-prefix="Chapter "'),
            (2, "1", 'text:display-levels="2" style:num-suffix="."'),
            (3, "", ""),
        )
    )
    body = "".join(
        f'<text:h text:outline-level="{level}">{title}</text:h><text:p>Text.</text:p>'
        for level, title in ((1, ""), (2, "Deeper"), (1, "The Land"), (3, "Deepest"))
    )
    path = make_odt(tmp_path / "a.odt", body, styles__xml=f"<a {ODT}>{levels}</a>")
    assert chapters_of(read_screenplay(path)) == [
        ("Chapter I", ["Text.", "---", "I.1. Deeper", "Text."]),
        ("Chapter II The Land", ["Text.", "---", "Deepest", "Text."]),
    ]


def test_what_an_opendocument_text_hides_or_has_beside_the_text_is_reported(tmp_path):
    styles = (
        '<style:style style:name="T1"><style:text-properties text:display="none"/></style:style>'
        '<style:style style:name="P1" style:parent-style-name="Title"/>'
        '<style:style style:name="H1"><style:paragraph-properties fo:border-top="1pt solid"/></style:style>'
    )
    body = (
        "<text:tracked-changes><text:changed-region><text:deletion><text:p>never</text:p></text:deletion>"
        '</text:changed-region></text:tracked-changes><text:p text:style-name="P1">My Lamp</text:p>'
        '<text:p>It was<text:span text:style-name="T1"> secret</text:span> cold<office:annotation><text:p>'
        "Sure?</text:p></office:annotation>.<draw:frame><draw:text-box><text:p>In a box</text:p>"
        '</draw:text-box></draw:frame></text:p><text:p text:style-name="H1"/><text:p>Later.</text:p>'
    )
    page = f"<a {ODT}><style:header><text:p>Running head</text:p></style:header></a>"
    path = make_odt(tmp_path / "a.odt", body, styles=styles, styles__xml=page)
    assert left_out(path) == {
        "deleted text": "never",
        "hidden text": "secret",
        "comments": "Sure?",
        "text box": "In a box",
        "page header": "Running head",
        "title page": "My Lamp",
    }
    (chapter,) = chapters_of(read_screenplay(path))
    assert chapter[1] == ["It was cold.", "---", "Later."]


def test_an_opendocument_text_with_a_password_or_of_another_kind_is_refused(tmp_path):
    manifest = {"META-INF/manifest__xml": "<m><file-entry><encryption-data/></file-entry></m>"}
    path = make_odt(tmp_path / "a.odt", "<text:p>x</text:p>", **manifest)
    with pytest.raises(ScriptError, match="has a password; save it without one"):
        read_screenplay(path)
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("content.xml", "<a><body><spreadsheet/></body></a>")
    with pytest.raises(ScriptError, match="not an OpenDocument text"):
        read_screenplay(path)


FICTION = """<body><title><p>Anna Hill</p><p>The Lamp</p></title>
<section><title><p>Part One</p></title>
<section><title><p>Chapter 1</p><p>The Storm</p></title><epigraph><p>Light is all.</p></epigraph>
<p>It was cold<a l:href="#n1" type="note">[1]</a>.</p>
<poem><stanza><v>Row one,</v><v>row two.</v></stanza></poem><subtitle>* * *</subtitle>
<cite><p>Dear all.</p></cite><empty-line/></section>
<section><title><p>Chapter 2</p></title><p>The <emphasis>end</emphasis>.</p></section></section></body>
<body name="notes"><title><p>Notes</p></title>
<section id="n1"><title><p>1</p></title><p>Very cold.</p></section></body>"""


def test_a_fictionbook_has_its_sections_as_chapters_and_poems_row_by_row(tmp_path):
    path = tmp_path / "a.fb2"
    path.write_bytes(fb2(FICTION))
    play = read_screenplay(path)
    assert chapters_of(play) == [
        (
            "Part One: Chapter 1: The Storm",
            ["Light is all.", "It was cold.", "Row one,", "row two.", "---", "Dear all."],
        ),
        ("Chapter 2", ["The end."]),
    ]
    assert (play.title, play.author, play.language) == ("The Lamp", "Anna Hill", "en-GB")
    assert play.metadata == {"description": "About a lamp.", "publisher": "P"}
    assert read_any_book(path, None)[0].cover == (b"\x89PNG\r\n\x1a\n\x00\x00\x00\x00", ".png")


@pytest.mark.parametrize("name", ["a.fb2.zip", "a.fbz"])
def test_a_zipped_fictionbook_in_another_encoding_is_read(tmp_path, name):
    path = tmp_path / name
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("book.fb2", fb2("<body><section><p>Свет.</p></section></body>", encoding="cp1251"))
    assert format_of(path) == "fb2"
    assert [line.text for line in read_screenplay(path).lines] == ["Свет."]
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr("other.fb2", fb2("<body/>"))
    with pytest.raises(ScriptError, match=r"holds 2 \.fb2 files; there must be one"):
        read_screenplay(path)


@pytest.mark.parametrize(
    ("data", "fault"),
    [
        (b"<a/>", "not an FB2: its root is 'a'"),
        (b"<FictionBook><body>", "not well-formed XML"),
        (b'<!DOCTYPE a [<!ENTITY b "c">]><FictionBook/>', "declares entities"),
        (b"<FictionBook><body/></FictionBook>", "nothing to speak"),
    ],
)
def test_a_broken_fictionbook_is_refused_in_one_line(tmp_path, data, fault):
    (tmp_path / "a.fb2").write_bytes(data)
    with pytest.raises(ScriptError, match=fault) as error:
        read_screenplay(tmp_path / "a.fb2")
    assert len(error.value.problems) == 1


PAGE = """<!DOCTYPE html><html lang="en-GB"><head><title>The Lamp</title>
<meta name="author" content="A. Writer"><style>p {}</style></head><body>
<h1>The Lamp</h1>
<h2>One</h2><p>It was <b>cold</b> &mdash; caf\u00e9.<p>Later.<hr>
<h2>Two</h2><p>The end.<script>alert(1)</script></body></html>"""


def test_a_page_is_divided_by_its_headings_below_the_title(tmp_path):
    path = tmp_path / "a.html"
    path.write_text(PAGE)
    play = read_screenplay(path)
    assert chapters_of(play) == [("One", ["It was cold — café.", "Later."]), ("Two", ["The end."])]
    assert (play.title, play.author, play.language) == ("The Lamp", "A. Writer", "en-GB")


@pytest.mark.parametrize(
    ("declared", "encoding"),
    [
        ("", "utf-8"),
        ("", "cp1252"),
        ("", "utf-8-sig"),
        ("", "utf-16"),
        ('<meta charset="utf-8">', "utf-8"),
        ('<meta charset="windows-1250">', "cp1250"),
        ('<meta http-equiv="Content-Type" content="text/html; charset=macintosh">', "mac-roman"),
    ],
)
def test_a_page_is_read_in_the_encoding_that_it_declares_or_else_in_one_that_fits(
    tmp_path, declared, encoding
):
    path = tmp_path / "a.htm"
    path.write_bytes(f"<html><head>{declared}</head><p>Café.".encode(encoding))
    assert [line.text for line in read_screenplay(path).lines] == ["Café."]


def test_xhtml_with_empty_elements_keeps_all_of_its_text(tmp_path):
    path = tmp_path / "a.xhtml"
    path.write_text(
        '<?xml version="1.0"?><html xmlns="http://www.w3.org/1999/xhtml"><head><script src="a.js"/></head>'
        '<body><a id="x"/><p>One.</p>Bare text.</body></html>'
    )
    assert [line.text for line in read_screenplay(path).lines] == ["One.", "Bare text."]


def test_text_right_behind_the_title_is_kept(tmp_path):
    path = tmp_path / "a.html"
    path.write_text("<h1>The Lamp</h1>Bare.<h2>One</h2><p>First.</p><h2>Two</h2><p>Second.</p>")
    assert "Bare." in [line.text for line in read_screenplay(path).lines]


def test_an_empty_page_is_refused(tmp_path):
    path = tmp_path / "a.html"
    path.write_text("")
    with pytest.raises(ScriptError, match="nothing to speak"):
        read_screenplay(path)


@pytest.mark.parametrize(
    ("before", "behind"),
    [
        (
            '<section class="pg-boilerplate"><h2>The Project Gutenberg eBook of The Lamp</h2></section>',
            '<section id="pg-footer"><p>Updated editions will replace it.</p></section>',
        ),
        (
            "<pre>For the use of anyone\n*** START OF THIS PROJECT GUTENBERG EBOOK THE LAMP ***</pre>",
            "<p>*** END OF THE PROJECT GUTENBERG EBOOK THE LAMP ***</p><p>Updated editions follow.</p>",
        ),
    ],
)
def test_the_frame_of_project_gutenberg_is_left_out(tmp_path, before, behind):
    path = tmp_path / "a.html"
    path.write_text(
        "<html><head><title>The Project Gutenberg eBook of The Lamp, by A. Writer</title></head><body>"
        f"{before}<h2>One</h2><p>First.</p><h2>Two</h2><p>Second.</p>{behind}</body></html>"
    )
    play = read_screenplay(path)
    assert chapters_of(play) == [("One", ["First."]), ("Two", ["Second."])]
    assert (play.title, play.author) == ("The Lamp", "A. Writer")
    assert "licence" in left_out(path)


@pytest.mark.parametrize(
    "page",
    [
        "<h1>The Lamp</h1>Bare\x01text.<h2>One</h2><p>First.</p><h2>Two</h2><p>Second.</p>",
        "<p><span class='dropcap'>T</span> he boat\x01turned.</p>",
    ],
)
def test_control_characters_of_a_page_are_spaces(tmp_path, page):
    (tmp_path / "a.html").write_text(page)
    assert "\x01" not in " ".join(line.text for line in read_screenplay(tmp_path / "a.html").lines)


def test_a_page_that_declares_latin_1_is_read_as_browsers_read_it(tmp_path):
    path = tmp_path / "a.html"
    path.write_bytes(b'<meta charset="iso-8859-1"><p>caf\xe9 \x93x\x94 \x80</p>')
    assert [line.text for line in read_screenplay(path).lines] == ["café “x” €"]


def test_cells_and_paragraphs_of_one_letter_are_no_drop_caps(tmp_path):
    path = tmp_path / "a.html"
    path.write_text("<table><tr><td>A</td><td>B</td></tr></table><p>x</p>y")
    assert [line.text for line in read_screenplay(path).lines] == ["A, B", "x", "y"]
