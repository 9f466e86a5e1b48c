"""Word documents: headings, notes, and all that Word shows or hides beside the text."""

from __future__ import annotations

import zipfile

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from csm_cli.core.errors import ScriptError
from csm_cli.script import read_screenplay
from csm_cli.script.books import DEFAULT, ReadingOptions, count_words
from csm_cli.script.importing import import_book
from csm_cli.script.reader import parse_state
from csm_cli.script.readers.documents.docx import read_docx
from tests.script.documents import chapters_of, make_docx, word_xml

FOOTNOTES = (
    '<?xml version="1.0"?><w:footnotes xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main">'
    '<w:footnote w:id="0" w:type="separator"><w:p/></w:footnote>'
    '<w:footnote w:id="2"><w:p><w:r><w:footnoteRef/></w:r><w:r><w:t>Very cold.</w:t></w:r></w:p></w:footnote>'
    "</w:footnotes>"
)


def read(path, options: ReadingOptions = DEFAULT):
    state = parse_state(path)
    book = read_docx(path, state, options)
    state.problems.check()
    return book


def left_out(book) -> list[tuple[str, str]]:
    return [(part.what, part.text) for part in book.left_out]


def with_part(path, name: str, text: str):
    """Put a file into a document's archive, in place of one of that name."""
    with zipfile.ZipFile(path) as archive:
        files = {each: archive.read(each) for each in archive.namelist()}
    with zipfile.ZipFile(path, "w") as archive:
        for each, data in {**files, name: text}.items():
            archive.writestr(each, data)
    return path


def test_headings_by_style_divide_the_book(tmp_path):
    def fill(document):
        document.add_paragraph("The Lamp", style="Title")
        document.add_heading("One", 1)
        document.add_paragraph("It was ").add_run("cold").bold = True
        document.add_paragraph("A stone", style="List Bullet")
        document.add_paragraph("* * *")
        document.add_paragraph("Later.")
        document.add_heading("Two", 1)
        document.add_paragraph("The end.")

    book = read(make_docx(tmp_path / "a.docx", fill))
    assert chapters_of(book.screenplay) == [
        ("One", ["It was cold", "A stone", "---", "Later."]),
        ("Two", ["The end."]),
    ]
    assert (book.screenplay.title, book.screenplay.author) == ("The Lamp", "A. Writer")
    assert left_out(book) == [("title page", "The Lamp")]


def test_a_style_of_ones_own_is_a_heading_by_what_it_is_based_on_or_its_level(tmp_path):
    def fill(document):
        style = document.styles.add_style("Kapitel", 1)
        style.base_style = document.styles["Heading 1"]
        document.add_paragraph("One", style="Kapitel")
        document.add_paragraph("First.")
        level = word_xml('<w:pPr><w:outlineLvl w:val="0"/></w:pPr>')
        document.add_paragraph("Two")._p.insert(0, level)
        document.add_paragraph("Second.")

    play = read_screenplay(make_docx(tmp_path / "a.docx", fill))
    assert chapters_of(play) == [("One", ["First."]), ("Two", ["Second."])]


def test_titles_in_the_style_of_titles_are_chapters_if_there_are_several(tmp_path):
    def fill(document):
        for title in ("One", "Two"):
            document.add_paragraph(title, style="Title")
            document.add_paragraph(f"Text of {title}.")

    play = read_screenplay(make_docx(tmp_path / "a.docx", fill))
    assert chapters_of(play) == [("One", ["Text of One."]), ("Two", ["Text of Two."])]


NUMBERING = (
    '<w:numbering xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main">'
    '<w:abstractNum w:abstractNumId="7">'
    '<w:lvl w:ilvl="0"><w:start w:val="1"/><w:numFmt w:val="upperRoman"/>'
    '<w:pStyle w:val="Heading1"/><w:lvlText w:val="Chapter %1"/></w:lvl>'
    '<w:lvl w:ilvl="1"><w:start w:val="1"/><w:numFmt w:val="decimal"/>'
    '<w:pStyle w:val="Heading2"/><w:lvlText w:val="%1.%2"/></w:lvl></w:abstractNum>'
    '<w:num w:numId="3"><w:abstractNumId w:val="7"/></w:num></w:numbering>'
)


def test_numbers_that_word_makes_for_headings_are_part_of_them(tmp_path):
    def fill(document):
        for style in ("Heading 1", "Heading 2"):
            properties = document.styles[style].element.get_or_add_pPr()
            properties.append(word_xml('<w:numPr><w:numId w:val="3"/></w:numPr>'))
        for title in ("", "The Land", ""):
            document.add_heading(title, 1)
            document.add_paragraph("It was cold.")
            document.add_heading("Deeper", 2)
            document.add_paragraph("It was dark.")

    path = with_part(make_docx(tmp_path / "a.docx", fill), "word/numbering.xml", NUMBERING)
    assert chapters_of(read_screenplay(path)) == [
        (title, ["It was cold.", "---", deeper, "It was dark."])
        for title, deeper in (
            ("Chapter I", "I.1 Deeper"),
            ("Chapter II The Land", "II.1 Deeper"),
            ("Chapter III", "III.1 Deeper"),
        )
    ]


def test_paragraphs_called_chapter_divide_a_document_without_headings(tmp_path):
    def fill(document):
        for number in ("Chapter 1", "Chapter 2"):
            document.add_paragraph(number)
            document.add_paragraph(f"This is {number.lower()}, which begins here and goes on.")

    play = read_screenplay(make_docx(tmp_path / "a.docx", fill))
    assert [chapter.title for chapter in play.chapters] == ["Chapter 1", "Chapter 2"]


def test_what_was_deleted_hidden_or_set_beside_the_text_is_reported(tmp_path):
    box = (
        '<w:r><w:pict><v:shape xmlns:v="urn:schemas-microsoft-com:vml"><v:textbox><w:txbxContent><w:p><w:r>'
        "<w:t>In a box</w:t></w:r></w:p></w:txbxContent></v:textbox></v:shape></w:pict></w:r>"
    )

    def fill(document):
        paragraph = document.add_paragraph("It ")
        paragraph._p.append(word_xml("<w:del><w:r><w:delText>never was</w:delText></w:r></w:del>"))
        paragraph._p.append(word_xml("<w:ins><w:r><w:t>was</w:t></w:r></w:ins>"))
        paragraph.add_run(" cold.")
        paragraph.add_run("secret").font.hidden = True
        paragraph._p.append(word_xml(box))
        document.sections[0].header.paragraphs[0].text = "Running head"
        document.sections[0].footer.paragraphs[0].text = "Draft"

    book = read(make_docx(tmp_path / "a.docx", fill))
    assert [line.text for line in book.screenplay.lines] == ["It was cold."]
    assert sorted(left_out(book)) == [
        ("deleted text", "never was"),
        ("hidden text", "secret"),
        ("page footer", "Draft"),
        ("page header", "Running head"),
        ("text box", "In a box"),
    ]


def test_a_text_box_that_is_there_twice_for_old_programs_counts_once(tmp_path):
    content = "<w:txbxContent><w:p><w:r><w:t>In a box</w:t></w:r></w:p></w:txbxContent>"
    box = (
        '<w:r><mc:AlternateContent xmlns:mc="http://schemas.openxmlformats.org/markup-compatibility/2006">'
        f'<mc:Choice Requires="wps"><w:drawing>{content}</w:drawing></mc:Choice>'
        f"<mc:Fallback><w:pict>{content}</w:pict></mc:Fallback></mc:AlternateContent></w:r>"
    )
    book = read(
        make_docx(tmp_path / "a.docx", lambda each: each.add_paragraph("One.")._p.append(word_xml(box)))
    )
    assert left_out(book) == [("text box", "In a box")]


@pytest.mark.parametrize(
    ("notes", "texts"),
    [
        ("skip", ["It was cold.", "Next."]),
        ("inline", ["It was cold.", "Very cold.", "Next."]),
        ("end", ["It was cold.", "Next.", "Very cold."]),
    ],
)
def test_footnotes_are_notes(tmp_path, notes, texts):
    def fill(document):
        paragraph = document.add_paragraph("It was cold")
        paragraph._p.append(word_xml('<w:r><w:footnoteReference w:id="2"/></w:r>'))
        paragraph.add_run(".")
        document.add_paragraph("Next.")

    path = with_part(make_docx(tmp_path / "a.docx", fill), "word/footnotes.xml", FOOTNOTES)
    book = read(path, ReadingOptions(notes=notes))
    assert [line.text for line in book.screenplay.lines] == texts


def test_a_drop_cap_joins_its_word(tmp_path):
    def fill(document):
        cap = document.add_paragraph("I")
        cap._p.insert(0, word_xml('<w:pPr><w:framePr w:dropCap="drop" w:lines="3"/></w:pPr>'))
        document.add_paragraph("t was cold.")

    assert [line.text for line in read_screenplay(make_docx(tmp_path / "a.docx", fill)).lines] == [
        "It was cold."
    ]


def test_breaks_tabs_and_soft_hyphens_are_read_as_they_look(tmp_path):
    def fill(document):
        run = (
            "<w:r><w:t>one</w:t><w:br/><w:t>two</w:t><w:tab/><w:t>ex</w:t><w:softHyphen/><w:t>tra</w:t></w:r>"
        )
        document.add_paragraph()._p.append(word_xml(run))

    (line,) = read_screenplay(make_docx(tmp_path / "a.docx", fill)).lines
    assert line.text == "one two extra"


def test_a_place_is_the_number_of_a_paragraph(tmp_path):
    def fill(document):
        document.add_paragraph("One.")
        document.add_paragraph("Two.")

    path = make_docx(tmp_path / "a.docx", fill)
    assert [str(line.source) for line in read_screenplay(path).lines] == [f"{path}:1:1", f"{path}:2:1"]


def test_a_table_of_contents_is_left_out(tmp_path):
    def fill(document):
        document.add_heading("Contents", 1)
        style = document.styles.add_style("toc 1", 1)
        document.add_paragraph("One 1", style=style)
        document.add_heading("One", 1)
        document.add_paragraph("First.")

    book = read(make_docx(tmp_path / "a.docx", fill))
    assert [line.text for line in book.screenplay.lines] == ["First."]


words = st.lists(st.text("abcdefgh", min_size=2, max_size=8), min_size=1, max_size=5).map(" ".join)
runs = st.lists(
    st.tuples(st.sampled_from(["shown", "shown", "hidden", "deleted", "raised", "box"]), words), max_size=6
)


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(
        st.tuples(st.sampled_from(["", "", "", "Heading1", "Heading2", "Title", "TOC1"]), runs), min_size=1
    )
)
def test_every_word_of_a_document_is_read_or_reported(tmp_path, paragraphs):
    xml = {
        "shown": "<w:r><w:t>{} </w:t></w:r>",
        "hidden": "<w:r><w:rPr><w:vanish/></w:rPr><w:t>{} </w:t></w:r>",
        "deleted": "<w:del><w:r><w:delText>{} </w:delText></w:r></w:del>",
        "raised": '<w:r><w:rPr><w:vertAlign w:val="superscript"/></w:rPr><w:t> {} </w:t></w:r>',
        "box": "<w:r><w:pict><w:txbxContent><w:p><w:r><w:t>{}</w:t></w:r></w:p></w:txbxContent></w:pict>"
        "</w:r>",
    }
    body = "".join(
        f'<w:p><w:pPr><w:pStyle w:val="{style}"/></w:pPr>'
        f"{''.join(xml[kind].format(text) for kind, text in runs)}</w:p>"
        for style, runs in paragraphs
    )
    space = 'xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"'
    with zipfile.ZipFile(tmp_path / "a.docx", "w") as archive:
        archive.writestr("word/document.xml", f"<w:document {space}><w:body>{body}</w:body></w:document>")
    try:
        imported = import_book(tmp_path / "a.docx", None, tmp_path / "a.md")
    except ScriptError as error:
        assert "nothing to speak" in str(error) or "no lines" in str(error)
        return
    whole = sum(count_words(text) for _, runs in paragraphs for _, text in runs)
    assert imported.words + sum(imported.left_out.values()) == imported.book.words == whole


def test_a_document_that_is_none_is_refused_in_one_line(tmp_path):
    path = tmp_path / "a.docx"
    path.write_bytes(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600))
    with pytest.raises(ScriptError, match=r"an old Word file, or one with a password; save it as \.docx"):
        read_screenplay(path)
    path.write_bytes(b"nothing")
    with pytest.raises(ScriptError, match="not a Word document"):
        read_screenplay(path)
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("word/other.xml", "<a/>")
    with pytest.raises(ScriptError, match=r"not a Word document \(\.docx\): there is no word/document.xml"):
        read_screenplay(path)


def test_a_document_with_entities_is_refused(tmp_path):
    with zipfile.ZipFile(tmp_path / "a.docx", "w") as archive:
        archive.writestr("word/document.xml", '<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>')
    with pytest.raises(ScriptError, match="declares entities"):
        read_screenplay(tmp_path / "a.docx")


def test_a_document_nested_beyond_measure_is_refused(tmp_path):
    with zipfile.ZipFile(tmp_path / "a.docx", "w") as archive:
        archive.writestr("word/document.xml", "<a>" * 100_000 + "</a>" * 100_000)
    with pytest.raises(ScriptError, match="not well-formed XML"):
        read_screenplay(tmp_path / "a.docx")


def test_front_matter_can_be_kept(tmp_path):
    def fill(document):
        document.add_paragraph("The Lamp", style="Title")
        document.add_paragraph("One 1", style=document.styles.add_style("toc 1", 1))
        document.add_heading("One", 1)
        document.add_paragraph("First.")

    path = make_docx(tmp_path / "a.docx", fill)
    kept = read(path, ReadingOptions(front_matter=True)).screenplay
    assert [line.text for line in kept.lines] == ["The Lamp", "One 1", "First."]
    assert [line.text for line in read(path).screenplay.lines] == ["First."]


def test_the_language_is_that_of_the_default_style(tmp_path):
    def fill(document):
        document.add_paragraph("Guten Tag.")
        document.styles.element.find(".//{*}docDefaults//{*}lang").set(
            f"{{{document.element.nsmap['w']}}}val", "de-AT"
        )

    assert read_screenplay(make_docx(tmp_path / "a.docx", fill)).language == "de-AT"


def test_numbers_alone_are_headings_where_no_style_says_so(tmp_path):
    docx = pytest.importorskip("docx")
    document = docx.Document()
    for text in ("I", "The sea was calm.", "II", "The land was dry.", "III", "The air was thin."):
        document.add_paragraph(text)
    document.save(tmp_path / "a.docx")
    play = read_screenplay(tmp_path / "a.docx")
    assert [chapter.title for chapter in play.chapters] == ["I", "II", "III"]
