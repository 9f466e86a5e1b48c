"""Import and reading of every format: the same plan either way, every word in the script or in the report."""

from __future__ import annotations

import os
import re
import zipfile
from html import unescape
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from csm_cli.core.errors import ScriptError
from csm_cli.script import Line, SceneBreak, read_screenplay
from csm_cli.script.books import ReadingOptions, count_words
from csm_cli.script.formats import ENDINGS, format_of, stem_of
from csm_cli.script.importing import import_book, read_any_book
from csm_cli.script.writers import write_script
from tests.script.books import CONTENTS, PAGES, make_epub
from tests.script.documents import fb2, make_docx, make_odt, make_pdf, set_rows
from tests.script.test_docx import FOOTNOTES, with_part, word_xml
from tests.script.test_formats import FOUNTAIN, TEXT
from tests.script.test_odt_fb2_html import BODY, FICTION, PAGE
from tests.script.test_pdf import ROWS


def word_document(path: Path) -> Path:
    def fill(document):
        document.add_paragraph("The Lamp", style="Title")
        document.add_heading("1. The *Storm*", 1)
        paragraph = document.add_paragraph("It was # cold_here_")
        paragraph._p.append(word_xml('<w:r><w:footnoteReference w:id="2"/></w:r>'))
        paragraph.add_run(".").bold = True
        document.add_paragraph("- “A stone”: it said [pause 1].", style="List Bullet")
        document.add_table(1, 2).cell(0, 1).text = "In a table"
        document.add_paragraph("* * *")
        document.add_paragraph("ANNA: Later {gain=3}.")
        document.add_heading("Two", 1)
        document.add_heading("Deeper", 2)
        document.add_paragraph("The end.")

    return with_part(make_docx(path, fill), "word/footnotes.xml", FOOTNOTES)


def document(folder: Path, ending: str) -> Path:
    """A document of the format with that ending."""
    path = folder / f"book{ending}"
    if ending == ".epub":
        return make_epub(path, PAGES, CONTENTS)
    if ending == ".docx":
        return word_document(path)
    if ending == ".odt":
        return make_odt(path, BODY)
    if ending == ".fb2.zip":
        with zipfile.ZipFile(path, "w") as archive:
            archive.writestr("book.fb2", fb2(FICTION))
    elif ending == ".fb2":
        path.write_bytes(fb2(FICTION))
    elif ending == ".pdf":
        pages = [
            [(100, 450, 18, f"{number}"), (60, 30, 9, f"{number}"), *set_rows(ROWS)] for number in (1, 2, 3)
        ]
        return make_pdf(path, pages)
    else:
        texts = {
            ".html": PAGE,
            ".txt": TEXT,
            ".fountain": FOUNTAIN,
            ".json": '[{"speaker": "A", "text": "Hi."}]',
        }
        path.write_text(texts[ending])
    return path


def plan(play) -> list:
    """What is rendered of a screenplay: chapters, lines and breaks in their order."""
    return [
        (
            chapter.title,
            [
                (item.speaker, item.text, item.new_paragraph, item.notes)
                if isinstance(item, Line)
                else "break"
                for item in chapter.items
                if isinstance(item, (Line, SceneBreak))
            ],
        )
        for chapter in play.chapters
    ]


EVERY = [".epub", ".docx", ".odt", ".fb2", ".fb2.zip", ".html", ".pdf", ".txt", ".fountain", ".json"]
BOOKS = EVERY[:-3]


@pytest.mark.parametrize("to", ["markdown", "yaml"])
@pytest.mark.parametrize("ending", EVERY)
def test_a_book_and_the_script_that_import_makes_of_it_are_one_plan(tmp_path, ending, to):
    path = document(tmp_path, ending)
    script = tmp_path / f"script{'.md' if to == 'markdown' else '.yaml'}"
    imported = import_book(path, None, script)
    if imported.cover:
        imported.cover[0].write_bytes(imported.cover[1])
    script.write_text(write_script(imported.screenplay, to))
    assert plan(read_screenplay(script)) == plan(read_screenplay(path))


@pytest.mark.parametrize("ending", BOOKS)
def test_every_word_of_a_book_is_in_the_script_or_in_the_report(tmp_path, ending):
    imported = import_book(document(tmp_path, ending), None, tmp_path / "script.md")
    left = sum(imported.left_out.values())
    assert imported.book.words == imported.words + left
    assert imported.words > 0


html = st.recursive(
    st.text(st.sampled_from("ab 1.,*#_-[{\\<&:“”’\n\u00a0"), max_size=12).map(
        lambda text: text.replace("&", "&amp;").replace("<", "&lt;")
    ),
    lambda inner: st.tuples(
        st.sampled_from(
            ["p", "p", "p", "h1", "h2", "h3", "div", "blockquote", "ul", "li", "em", "b", "hr", "br"]
        ),
        st.lists(inner, max_size=4),
    ).map(lambda pair: f"<{pair[0]}>{' '.join(pair[1])}</{pair[0]}>"),
    max_leaves=20,
)


@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(html, min_size=1, max_size=6))
def test_any_page_reads_back_from_its_script_as_it_was_read(tmp_path, parts):
    path = tmp_path / "a.html"
    path.write_text("<body>" + "\n".join(parts))
    try:
        play = read_screenplay(path)
    except ScriptError:
        return
    script = tmp_path / "a.md"
    script.write_text(write_script(import_book(path, None, script).screenplay, "markdown"))
    assert plan(read_screenplay(script)) == plan(play)


@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(html, min_size=1, max_size=6))
def test_no_word_of_any_page_is_lost(tmp_path, parts):
    path = tmp_path / "a.html"
    path.write_text("<body>" + "\n".join(parts))
    try:
        imported = import_book(path, None, tmp_path / "a.md")
    except ScriptError:
        return
    assert imported.book.words == imported.words + sum(imported.left_out.values())
    text = re.sub("</?(?:em|b)>", "", "\n".join(parts))
    assert imported.book.words == count_words(unescape(re.sub("<[^<>]*>", " ", text)))


@pytest.mark.parametrize(
    ("name", "remedy"),
    [
        ("a.mobi", r"convert it to EPUB, for example with Calibre: `ebook-convert book.mobi book.epub`"),
        ("a.azw3", r"ebook-convert book.azw3 book.epub"),
        ("a.KFX", r"ebook-convert book.kfx book.epub"),
        ("a.lit", r"ebook-convert book.lit book.epub"),
        ("a.doc", r"save it as .docx, or: `soffice --convert-to docx book.doc`"),
        ("a.rtf", r"soffice --convert-to docx book.rtf"),
        ("a.pages", r"export it from Pages as EPUB or Word"),
        ("a.tex", r"pandoc book.tex -o book.docx"),
        ("a.djvu", r"convert it to PDF with its text"),
        ("a.cbz", r"recognise its text first"),
        ("a.zip", r"unpack it"),
        ("a.xyz", r"the name must end in one of .*\.docx.*\.pdf"),
    ],
)
def test_a_file_of_a_format_that_is_not_read_gets_a_line_that_says_what_to_do(tmp_path, name, remedy):
    (tmp_path / name).write_bytes(b"x")
    for read in (read_screenplay, lambda path: read_any_book(path, None)):
        with pytest.raises(ScriptError, match=remedy) as error:
            read(tmp_path / name)
        assert len(error.value.problems) == 1


@pytest.mark.parametrize(
    ("data", "fault"),
    [
        (b"%PDF-1.7\n", r"this is a PDF; let its name end in \.pdf"),
        (
            b"{\\rtf1 Hello.}",
            r"this is rich text \(RTF\); open it in LibreOffice or Word and save it as \.docx",
        ),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "this is an old Word file"),
        (bytes(60) + b"BOOKMOBI" + bytes(20), "this is a Kindle book; convert it to EPUB"),
        (b"PK\x03\x04 and so on", "this is a zip archive; let its name end in that of its format"),
    ],
)
@pytest.mark.parametrize("name", ["a.txt", "a.md", "a.html"])
def test_a_file_with_the_wrong_ending_is_told_apart_by_its_content(tmp_path, name, data, fault):
    (tmp_path / name).write_bytes(data)
    with pytest.raises(ScriptError, match=fault) as error:
        read_screenplay(tmp_path / name)
    assert len(error.value.problems) == 1


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="named pipes are a thing of Unix")
@pytest.mark.parametrize("ending", [ending for endings in ENDINGS.values() for ending in endings])
def test_a_pipe_is_refused_and_not_waited_for(tmp_path, ending):
    os.mkfifo(tmp_path / f"a{ending}")
    with pytest.raises(ScriptError, match="it is a pipe, not an ordinary file"):
        read_screenplay(tmp_path / f"a{ending}")


def test_every_ending_has_its_format_and_its_stem():
    for format, endings in ENDINGS.items():
        for ending in endings:
            assert format_of(Path(f"a.b{ending.upper()}")) == format
            assert stem_of(Path(f"a.b{ending}")) == "a.b"
    assert stem_of(Path("folder/a")) == "a"


def test_words_are_counted_as_people_do():
    assert count_words("It is — as they say — 5 o’clock …") == 7


@pytest.mark.parametrize("ending", [".docx", ".odt", ".fb2", ".pdf", ".epub"])
def test_notes_of_every_format_can_be_read_in_place_or_at_the_end(tmp_path, ending):
    path = document(tmp_path, ending)
    note = {".odt": "A note.", ".epub": "A note."}.get(ending, "Very cold.")
    if ending == ".pdf":
        rows = [
            (50, 112, 10, "He looked at the rocks"),
            (141, 116, 6, "1"),
            (143, 112, 10, " for a long time."),
        ]
        make_pdf(path, [[*rows, (50, 60, 7, "1 Very cold."), *set_rows("The end.", top=90)]])
    texts = {
        notes: [
            line.text
            for line in import_book(path, None, path, options=ReadingOptions(notes)).screenplay.lines
        ]
        for notes in ("skip", "inline", "end")
    }
    assert note not in texts["skip"]
    assert texts["inline"].index(note) <= texts["end"].index(note)
    assert [text for text in texts["end"] if text != note] == texts["skip"]
    assert [text for text in texts["inline"] if text != note] == texts["skip"]
