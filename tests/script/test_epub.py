"""E-books: order, chapters, what is left out, and archives that mean harm."""

from __future__ import annotations

import zipfile
from pathlib import Path

import pytest

from csm_cli.core.errors import ScriptError
from csm_cli.script import Line, SceneBreak, read_screenplay
from csm_cli.script.books import ReadingOptions
from csm_cli.script.importing import read_any_book
from csm_cli.script.reader import parse_state
from csm_cli.script.readers.epub import read_epub
from csm_cli.script.sources import parse_xml
from tests.script.books import CONTENTS, PAGES, PNG, make_epub, page


def texts_of(play):
    return [
        (
            c.title,
            [i.text if isinstance(i, Line) else "---" for i in c.items if isinstance(i, (Line, SceneBreak))],
        )
        for c in play.chapters
    ]


@pytest.mark.parametrize("version", [2, 3])
def test_a_book_is_read_in_order_without_what_is_not_spoken(tmp_path, version):
    path = make_epub(tmp_path / "a.epub", PAGES, CONTENTS, version=version)
    book = read_epub(path, parse_state(path))
    play = book.screenplay
    assert texts_of(play) == [
        (
            "1. The Storm",
            [
                *(
                    "The boat turned — slowly.",
                    "“Is that the light?” she asked. …",
                    "---",
                    "A letter.",
                    "---",
                ),
                *("Nobody.", "Still the first.", "---", "Later", "Sand", "Salt"),
            ],
        ),
        ("Two", ["Second."]),
        ("Three", ["Third."]),
    ]
    assert (play.title, play.author, play.language) == ("The Lamp & I", "A. Writer", "en-GB")
    assert play.metadata == {"publisher": "P", "description": "A book."}
    assert book.cover == (PNG, ".png")
    assert [section.title for section in book.sections if not section.kept] == [
        "Title Page",
        "OEBPS/copy.xhtml",
        "Notes",
    ]
    assert str(play.lines[0].source) == f"{path}/OEBPS/one.xhtml:7:1"


def test_front_matter_can_be_kept(tmp_path):
    path = make_epub(tmp_path / "a.epub", PAGES, CONTENTS)
    book = read_epub(path, parse_state(path), ReadingOptions(front_matter=True))
    assert book.screenplay.chapters[0].title == "Title Page"
    assert "All rights reserved." in [line.text for line in book.screenplay.lines]


def test_without_contents_every_page_is_a_chapter(tmp_path):
    pages = {"a.xhtml": page("<h1>One</h1><p>First.</p>"), "b.xhtml": page("<p>Second.</p>")}
    play = read_screenplay(make_epub(tmp_path / "a.epub", pages, []))
    assert texts_of(play) == [("One", ["First."]), ("Chapter 2", ["Second."])]


def test_a_part_in_front_of_a_chapter_joins_its_title(tmp_path):
    pages = {"p.xhtml": page("<h1>Part One</h1>"), "a.xhtml": page("<h2>The Sea</h2><p>First.</p>")}
    contents = [("p.xhtml", "Part One"), ("a.xhtml", "The Sea")]
    assert texts_of(read_screenplay(make_epub(tmp_path / "a.epub", pages, contents))) == [
        ("Part One: The Sea", ["First."])
    ]


def test_a_page_that_is_not_well_formed_is_read_all_the_same(tmp_path):
    pages = {"a.xhtml": "<html><body><p>One & two<p>Three&nbsp;four <b>five</body>"}
    play = read_screenplay(make_epub(tmp_path / "a.epub", pages, []))
    assert [line.text for line in play.lines] == ["One & two", "Three four five"]


def test_control_characters_of_a_broken_page_are_not_read(tmp_path):
    pages = {"a.xhtml": page("<h1>O&#27;ne<p>Fine&#x1b;[2J so\x07 far &#xfffe;.</p>")}
    (chapter,) = read_screenplay(make_epub(tmp_path / "a.epub", pages, [])).chapters
    assert chapter.title.isprintable() and chapter.title.startswith("O")
    assert [line.text for line in chapter.lines] == ["Fine [2J so far ."]


def zip_of(path: Path, files: dict[str, bytes]) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return path


def refused(path: Path) -> str:
    with pytest.raises(ScriptError) as caught:
        read_screenplay(path)
    (problem,) = caught.value.problems
    assert "\n" not in problem and str(path) in problem
    return problem


def test_a_zip_bomb_is_refused_before_it_is_unpacked(tmp_path):
    pages = {"a.xhtml": "<p>" + " " * (40 * 2**20) + "</p>"}
    assert "unpacks to more than 16 MiB" in refused(make_epub(tmp_path / "a.epub", pages, []))


@pytest.mark.parametrize("mark", ["<p/>", "<p>", "a<br/>"])
def test_a_page_has_so_many_tags(tmp_path, mark):
    path = tmp_path / "a.html"
    path.write_text(f"<html><body>{mark * 1_500_001}", encoding="utf-8")
    assert "has more than 1500000 tags; divide it" in refused(path)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
def test_entities_are_refused_in_any_encoding(tmp_path, encoding):
    text = '<?xml version="1.0"?><!DOCTYPE lexicon [<!ENTITY a "aaaaaaaaaa">]><lexicon>&a;</lexicon>'
    with pytest.raises(ScriptError, match="declares entities of its own"):
        parse_xml(text.encode(encoding), "a.pls")


def test_a_page_that_is_packed_as_no_text_is(tmp_path):
    pages = {"a.xhtml": "<p>" + " " * (8 * 2**20) + "</p>"}
    assert "unpacks to more than 100 times its size" in refused(make_epub(tmp_path / "a.epub", pages, []))


@pytest.mark.parametrize("method", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_an_archive_of_another_kind_is_refused(tmp_path, method):
    whole = make_epub(tmp_path / "a.epub", PAGES, CONTENTS)
    with zipfile.ZipFile(whole) as old, zipfile.ZipFile(tmp_path / "b.epub", "w", method) as new:
        for name in old.namelist():
            new.writestr(name, old.read(name))
    assert "packed in a way" in refused(tmp_path / "b.epub")


def test_a_header_that_lies_about_a_size_gains_nothing(tmp_path):
    path = make_epub(tmp_path / "a.epub", {"a.xhtml": "<p>" + "a" * (20 * 2**20) + "</p>"}, [])
    data = path.read_bytes()
    size = (20 * 2**20 + 7).to_bytes(4, "little")
    assert data.count(size) == 2
    path.write_bytes(data.replace(size, (1000).to_bytes(4, "little")))
    assert refused(path)


def test_paths_out_of_the_archive_lead_nowhere(tmp_path):
    (tmp_path / "secret.xhtml").write_text("<p>Secret.</p>")
    pages = {"../../secret.xhtml": page("<p>Hi.</p>")}
    play = read_screenplay(make_epub(tmp_path / "a.epub", {"ok.xhtml": page("<p>Fine.</p>")}, []))
    assert [line.text for line in play.lines] == ["Fine."]
    make_epub(tmp_path / "b.epub", pages, [])
    assert "is not in it" in refused(tmp_path / "b.epub")
    assert sorted(p.name for p in tmp_path.iterdir()) == ["a.epub", "b.epub", "secret.xhtml"]


ENTITIES = (
    '<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;"><!ENTITY f SYSTEM "file:///etc/passwd">]>'
    "<html><body><p>&b;&f;</p></body></html>"
)


def test_entities_are_refused(tmp_path):
    assert "entities" in refused(make_epub(tmp_path / "a.epub", {"a.xhtml": ENTITIES}, []))
    path = zip_of(tmp_path / "b.epub", {"META-INF/container.xml": ENTITIES.encode()})
    assert "entities" in refused(path)


def test_a_protected_book_says_so(tmp_path):
    protection = (
        '<encryption xmlns="urn:x"><EncryptedData><EncryptionMethod '
        'Algorithm="http://www.w3.org/2001/04/xmlenc#aes128-cbc"/></EncryptedData></encryption>'
    )
    extra = {"META-INF/encryption__xml": protection}
    assert "DRM" in refused(make_epub(tmp_path / "a.epub", PAGES, CONTENTS, **extra))


@pytest.mark.parametrize("data", [b"", b"PK\x03\x04", b"no zip at all", bytes(3000)])
def test_what_is_no_archive_is_refused(tmp_path, data):
    path = tmp_path / "a.epub"
    path.write_bytes(data)
    assert "not an EPUB" in refused(path)


def test_an_archive_without_a_book_is_refused(tmp_path):
    assert "META-INF/container.xml" in refused(zip_of(tmp_path / "a.epub", {"a": b"b"}))
    assert "is not in it" in refused(zip_of(tmp_path / "b.epub", {"META-INF/container.xml": b"<a/>"}))


def test_damage_anywhere_is_a_script_error(tmp_path):
    whole = make_epub(tmp_path / "a.epub", PAGES, CONTENTS).read_bytes()
    path = tmp_path / "b.epub"
    for at in range(0, len(whole), 97):
        path.write_bytes(whole[:at] + b"\xff\x00" + whole[at + 2 :])
        try:
            read_screenplay(path)
        except ScriptError as error:
            assert all("\n" not in problem for problem in error.problems)


def test_deep_nesting_is_no_trouble(tmp_path):
    pages = {"a.xhtml": "<html><body>" + "<div>" * 50_000 + "Deep." + "</div>" * 50_000 + "</body></html>"}
    path = make_epub(tmp_path / "a.epub", pages, [])
    try:
        assert read_screenplay(path).lines
    except ScriptError as error:
        assert len(error.problems) == 1


@pytest.mark.parametrize("damage", ["a name that is not UTF-8", "the end of the file in it"])
def test_a_damaged_header_of_a_page_is_one_line(tmp_path: Path, damage: str) -> None:
    data = bytearray(make_epub(tmp_path / "a.epub", PAGES, CONTENTS).read_bytes())
    at = data.index(b"OEBPS/one.xhtml") - 30
    if damage.startswith("a name"):
        data[at + 6 : at + 8], data[at + 30] = (0x800).to_bytes(2, "little"), 0xFF
    else:  # the list at the end says that the page begins where nothing is left
        entry = data.rindex(b"OEBPS/one.xhtml") - 46
        data[entry + 42 : entry + 46] = (len(data) - 10).to_bytes(4, "little")
    (tmp_path / "a.epub").write_bytes(data)
    book, warnings = read_any_book(tmp_path / "a.epub", None)
    assert "Second." in [line.text for line in book.screenplay.lines], "the other pages are read"
    (warning,) = [text for text in warnings if "cannot be read" in text]
    assert f"{tmp_path / 'a.epub'}/OEBPS/one.xhtml" in warning and "\n" not in warning
