"""csm import as a user meets it: what it writes, what it says, sections, files that it does not read."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from tests.script.books import CONTENTS, PAGES, make_epub
from tests.script.test_import_of_every_format import document


def test_import_writes_a_script_and_the_cover_and_says_what_it_left_out(csm):
    make_epub(Path("book.epub"), PAGES, CONTENTS)
    result = csm("import", "book.epub", "-o", "new.md", "--guess-speakers")
    assert (result.code, result.out) == (0, "new-cover.png\nnew.md\n")
    assert "csm: words: 41 in the book, 26 in the script, 15 left out: front matter 11, notes 2" in result.err
    assert "--verbose lists each place, --front-matter keeps front matter" in result.err
    assert "guessed who says 0 of 1 quotation" in result.err
    assert csm("lint", "new.md").code == 0
    assert csm("import", "book.epub", "-o", "new.md").code == 2
    assert csm("import", "book.epub", "-o", "-").out.startswith("---\ntitle: The Lamp & I\n")


def test_import_says_each_place_that_it_left_out(csm):
    make_epub(Path("book.epub"), PAGES, CONTENTS)
    result = csm("import", "book.epub", "-v")
    assert result.out == "book-cover.png\nbook.md\n"
    assert re.search(
        r"^csm: book.epub/OEBPS/copy.xhtml\S*: front matter, 3 words: ", result.err, re.MULTILINE
    )
    assert "csm: book.epub/OEBPS/one.xhtml:10: notes, 2 words: A note." in result.err


def test_import_writes_beside_nothing_that_is_there(csm):
    make_epub(Path("book.epub"), PAGES, CONTENTS)
    assert csm("import", "book.epub", "--to", "yaml").out == "book-cover.png\nbook.yaml\n"
    assert csm("import", "book.epub").code == 0
    assert Path("book.md").exists()
    Path("book-cover.png").unlink()
    again = csm("import", "book.epub")
    assert not Path("book-cover.png").exists()
    assert again.code == 2 and "book.md: is there already; say --force to replace it" in again.err
    assert csm("import", "book.epub", "--force").code == 0
    itself = csm("import", "book.md", "--force")
    assert itself.code == 2 and "book.md: is the book itself; name another file with -o" in itself.err


def test_import_lists_sections_and_reads_those_that_are_chosen(csm):
    make_epub(Path("book.epub"), PAGES, CONTENTS)
    listed = csm("import", "book.epub", "--sections")
    rows = [row.split(maxsplit=3) for row in listed.out.splitlines()]
    assert [row[0] for row in rows] == [str(number) for number in range(1, len(rows) + 1)]
    assert any("title page" in row and "(out) " in row for row in listed.out.splitlines())
    assert not Path("book.md").exists()
    listing = json.loads(csm("import", "book.epub", "--sections", "--json").out)
    assert len(listing) == len(rows)
    assert {"name", "number", "guess", "words", "where", "kept"} <= set(listing[0])
    assert csm("import", "book.epub", "--only", "Two", "--only", "Three", "-o", "-").out.count("\n# ") == 2
    assert "Second." not in csm("import", "book.epub", "--skip", "two", "-o", "-").out
    wrong = csm("import", "book.epub", "--skip", "Seven", "-o", "-")
    assert wrong.code == 2 and "there is no section 'Seven'" in wrong.err


def test_chapters_of_a_text_are_its_sections(csm):
    text = "The boat turned into the wind, and nobody spoke of the light."
    Path("a.txt").write_text("\n\n".join(f"Chapter {n}\n\n{text}" for n in (1, 2, 3)))
    listed = csm("import", "a.txt", "--sections").out.splitlines()
    assert [row.split() for row in listed] == [[n, "14", "body", "Chapter", n] for n in "123"]
    result = csm("import", "a.txt", "--skip", "1-2", "-o", "-")
    assert result.out == f"---\ntitle: a\n---\n\n# Chapter 3\n\n{text}\n"
    assert "words: 42 in the book, 14 in the script, 28 left out: section 28" in result.err
    nothing = csm("import", "a.txt", "--skip", "1-3", "-o", "-")
    assert nothing.code == 3 and "nothing to speak" in nothing.err


def test_chapters_of_a_script_are_its_sections(csm):
    Path("a.md").write_text("# One\n\nFirst.\n\n# Two\n\nSecond one.\n")
    listed = csm("import", "a.md", "--sections").out.splitlines()
    assert [row.split() for row in listed] == [["1", "1", "body", "One"], ["2", "2", "body", "Two"]]
    assert csm("import", "a.md", "--only", "two", "-o", "-").out.endswith("# Two\n\nSecond one.\n")
    assert csm("import", "a.md", "--skip", "1-2", "-o", "-").code == 2


def test_words_of_a_script_are_counted_without_a_claim_about_its_source(csm):
    Path("a.fountain").write_text("INT. HOUSE - DAY\n\nANNA\nHello there.\n")
    assert "csm: words: 2 in the script\n" in csm("import", "a.fountain", "-o", "-").err


@pytest.mark.parametrize(
    "name", ["book.docx", "book.odt", "book.fb2", "book.fb2.zip", "book.html", "book.pdf"]
)
def test_a_document_is_linted_imported_and_planned(csm, name):
    document(Path(), name.removeprefix("book"))
    assert csm("lint", name).code == 0
    assert csm("render", "--dry-run", name).code == 0
    result = csm("import", name)
    assert result.code == 0 and result.out.endswith("book.md\n")
    assert "not accounted for" not in result.err


def test_import_of_another_encoding(csm):
    Path("a.txt").write_bytes("Café.\n".encode("cp1252"))
    assert csm("import", "a.txt", "-o", "a.md", "--encoding", "cp1252").code == 0
    assert Path("a.md").read_text().endswith("Café.\n")
    assert csm("import", "a.txt", "-o", "c.md", "--encoding", "ascii").code == 3
    assert csm("import", "a.txt", "-o", "b.md", "--encoding", "nonsense").code == 2
