"""Three small books, written for this test, all the way: import, lint, convert, dry run."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from csm_cli.script import read_screenplay
from tests.script.books import make_epub, page, scenes_of

BOOKS = Path(__file__).parents[1] / "books"


def text_of(path: Path) -> str:
    return " ".join(line.text for line in read_screenplay(path).lines)


def as_epub(path: Path) -> Path:
    """The narration as an e-book: what a publisher would make of it."""
    play = read_screenplay(BOOKS / "salt_road.txt")
    pages, contents = {"title.xhtml": page("<h1>The Salt Road</h1>", kind="titlepage")}, []
    for chapter in play.chapters:
        name = f"c{chapter.number}.xhtml"
        scenes = [
            "".join(f"<p>{line.text.replace('&', '&amp;')}</p>\n" for line in scene)
            for scene in scenes_of(chapter)
        ]
        pages[name] = page(f"<h2>{chapter.title}</h2>\n{'<hr/>'.join(scenes)}")
        contents.append((name, chapter.title))
    return make_epub(path, pages, contents)


@pytest.mark.parametrize(
    ("book", "options", "chapters", "speakers"),
    [
        ("salt_road.epub", [], 4, {"narrator"}),
        ("salt_road.txt", [], 4, {"narrator"}),
        ("platform_nine.txt", ["--guess-speakers"], 2, {"narrator", "Mr. Lowe", "Ines"}),
        ("the_lamp.fountain", [], 2, {"narrator", "ADA", "TOM", "KEEPER", "McAllister the cat"}),
    ],
)
def test_a_book_all_the_way(csm, book, options, chapters, speakers):
    source = Path(book)
    as_epub(source) if book.endswith(".epub") else shutil.copy(BOOKS / book, source)
    assert csm("import", book, "-o", "book.md", *options).code == 0
    assert text_of(Path("book.md")) == text_of(source)

    linted = csm("lint", "--strict", "book.md")
    assert (linted.code, [row for row in linted.out.splitlines() if ": note: " not in row]) == (0, [])

    assert csm("convert", "book.md", "-o", "book.yaml").code == 0
    assert csm("convert", "book.yaml", "-o", "again.md").code == 0
    assert csm("convert", "again.md", "-o", "again.yaml").code == 0
    assert Path("again.md").read_text() == Path("book.md").read_text()
    assert Path("again.yaml").read_text() == Path("book.yaml").read_text()

    play = read_screenplay("again.yaml")
    assert len(play.chapters) == chapters
    assert {line.speaker for line in play.lines} == speakers

    planned = csm("render", "--dry-run", "book.md")
    assert planned.code == 0, planned.err
    rows = [row.split() for row in planned.out.splitlines() if row.split()[0].isdecimal()]
    assert [int(row[0]) for row in rows] == [chapter.number for chapter in play.chapters]
    assert all(chapter.title[:12] in planned.out for chapter in play.chapters)
    read = csm("lint", "--spoken", "book.md").out
    assert len(read.splitlines()) == len(play.lines)
    assert not any(char.isdigit() for row in read.splitlines() for char in row.split(": ", 2)[2])
