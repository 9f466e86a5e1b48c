"""Files of e-books: names written in another way, files that are missing, covers of all kinds."""

from __future__ import annotations

import zipfile
from unicodedata import normalize

import pytest

from csm_cli.core.errors import ScriptError
from csm_cli.script.reader import check_screenplay, parse_state
from csm_cli.script.readers.epub import read_epub
from tests.script.books import PNG, make_package, page

JPEG = b"\xff\xd8\xff\xe0" + bytes(40)
ONE, TWO = page("<h1>One</h1><p>A.</p>"), page("<h1>Two</h1><p>B.</p>")
BOTH = [("One", ["A."]), ("Two", ["B."])]


def chapters(book):
    return [(chapter.title, [line.text for line in chapter.lines]) for chapter in book.screenplay.chapters]


def read(path):
    return read_epub(path, parse_state(path))


@pytest.mark.parametrize(
    "link, name",
    [
        ("a%20b.xhtml", "OEBPS/a b.xhtml"),
        ("a b.xhtml", "OEBPS/a b.xhtml"),
        ("a%20b.xhtml", "OEBPS/a%20b.xhtml"),
        ("a%2520b.xhtml", "OEBPS/a%20b.xhtml"),
        ("100%.xhtml", "OEBPS/100%.xhtml"),
        ("Chapter.XHTML.html", "OEBPS/chapter.xhtml.html"),
        ("CHAPTER.html", "oebps/chapter.html"),
        ("Text\\a.xhtml", "OEBPS/Text/a.xhtml"),
        ("Text/a.xhtml", "OEBPS\\Text\\a.xhtml"),
        ("./Text//a.xhtml", "OEBPS/Text/a.xhtml"),
        ("../OEBPS/a.xhtml", "OEBPS/a.xhtml"),
        ("/OEBPS/a.xhtml", "OEBPS/a.xhtml"),
        (normalize("NFC", "Über.xhtml"), normalize("NFD", "OEBPS/Über.xhtml")),
        (normalize("NFD", "Über.xhtml"), normalize("NFC", "OEBPS/Über.xhtml")),
        ("%C3%9Cber.xhtml", "OEBPS/Über.xhtml"),
        ("%DCber.xhtml", "OEBPS/Über.xhtml"),
        ("Text/a.xhtml", "OEBPS/a.xhtml"),
        ("a&amp;b.xhtml", "OEBPS/a&b.xhtml"),
        ("a%23b.xhtml", "OEBPS/a#b.xhtml"),
        ("a.xhtml?x=1", "OEBPS/a.xhtml"),
    ],
)
def test_a_file_is_found_by_a_name_that_is_written_in_another_way(tmp_path, link, name):
    files, names = {link: ONE, "b.xhtml": TWO}, {link: name}
    contents = [(link, "One"), ("b.xhtml", "Two")]
    path = make_package(tmp_path / "a.epub", files, names=names, contents=contents, spine=[link, "b.xhtml"])
    state = parse_state(path)
    assert chapters(read_epub(path, state)) == BOTH
    assert not state.problems.findings()


@pytest.mark.parametrize("opf", ["OEBPS\\book.opf", "OEBPS/book.opf", "book.opf"])
def test_the_package_document_may_be_anywhere(tmp_path, opf):
    folder = "OEBPS/" if "OEBPS" in opf else ""
    names = {"a.xhtml": f"{folder}a.xhtml", "b.xhtml": f"{folder}b.xhtml"}
    path = make_package(tmp_path / "a.epub", {"a.xhtml": ONE, "b.xhtml": TWO}, names=names, opf=opf)
    assert chapters(read(path)) == BOTH


def test_the_names_of_an_old_archive_are_found(tmp_path):
    path = make_package(tmp_path / "a.epub", {"Über.xhtml": ONE, "b.xhtml": TWO})
    data = path.read_bytes()
    with zipfile.ZipFile(path) as archive:
        info = archive.getinfo("OEBPS/Über.xhtml")
    assert info.flag_bits & 0x800
    name = "OEBPS/Über.xhtml".encode()
    parts = data.split(name)
    for number in range(len(parts) - 1):  # the flag stands 24 bytes before the name, or 38 in the directory
        offset = 24 if parts[number][-30:-26] == b"PK\x03\x04" else 38
        part = bytearray(parts[number])
        part[-offset + 1] &= ~0x08
        parts[number] = bytes(part)
    path.write_bytes(name.join(parts))
    with zipfile.ZipFile(path) as archive:
        assert "OEBPS/Über.xhtml" not in archive.namelist()
    assert chapters(read(path)) == BOTH


@pytest.mark.parametrize(
    "spine, message",
    [
        (["a.xhtml", "gone.xhtml", "b.xhtml"], 'names "gone.xhtml", which is not in the manifest'),
        (["a.xhtml", "pic.png", "b.xhtml"], "which is no page of text"),
    ],
)
def test_a_wrong_entry_of_the_reading_order_is_named_and_the_rest_read(tmp_path, spine, message):
    path = make_package(tmp_path / "a.epub", {"a.xhtml": ONE, "b.xhtml": TWO, "pic.png": PNG}, spine=spine)
    state = parse_state(path)
    book = read_epub(path, state)
    assert chapters(book) == BOTH
    (finding,) = state.problems.findings()
    assert finding.level == "warning" and message in finding.message
    assert [gone.what for gone in book.left_out] == ["missing file"]


def test_a_missing_page_is_named_and_the_rest_read(tmp_path):
    path = make_package(tmp_path / "a.epub", {"a.xhtml": ONE, "x.xhtml": ONE, "b.xhtml": TWO})
    with zipfile.ZipFile(path) as old, zipfile.ZipFile(tmp_path / "b.epub", "w") as new:
        for name in old.namelist():
            if "x.xhtml" not in name:
                new.writestr(name, old.read(name))
    state = parse_state(tmp_path / "b.epub")
    book = read_epub(tmp_path / "b.epub", state)
    assert chapters(book) == BOTH
    assert [finding.message for finding in state.problems.findings()] == [
        "names 'OEBPS/x.xhtml', which is not in it"
    ]
    assert [(gone.what, gone.words) for gone in book.left_out] == [("missing file", 0)]


def test_a_damaged_page_is_named_and_the_rest_read(tmp_path):
    path = make_package(
        tmp_path / "a.epub", {"a.xhtml": ONE, "x.xhtml": page("<p>Damaged.</p>"), "b.xhtml": TWO}
    )
    with zipfile.ZipFile(path) as archive:
        at = archive.getinfo("OEBPS/x.xhtml").header_offset + 60
    data = path.read_bytes()
    path.write_bytes(data[:at] + b"\xff\x00\xff\x00" + data[at + 4 :])
    play, problems = check_screenplay(path)
    assert [chapter.title for chapter in play.chapters] == ["One", "Two"]
    assert "cannot be read" in problems.findings()[0].message


@pytest.mark.parametrize("name", ["toc.ncx", "nav.xhtml"])
def test_contents_that_are_not_there_do_no_harm(tmp_path, name):
    contents = [("a.xhtml", "1"), ("b.xhtml", "2")] if name == "toc.ncx" else []
    path = make_package(
        tmp_path / "a.epub", {"a.xhtml": ONE, "b.xhtml": TWO}, contents=contents, nav="<nav/>"
    )
    with zipfile.ZipFile(path) as old, zipfile.ZipFile(tmp_path / "b.epub", "w") as new:
        for each in old.namelist():
            if name not in each:
                new.writestr(each, old.read(each))
    assert chapters(read(tmp_path / "b.epub")) == BOTH


def test_a_package_document_that_is_not_well_formed_is_read(tmp_path):
    path = make_package(
        tmp_path / "a.epub", {"a.xhtml": ONE, "b.xhtml": TWO}, metadata="<dc:rights>A & B</dc:rights>"
    )
    assert chapters(read(path)) == BOTH


def test_a_book_without_a_reading_order_has_that_of_the_manifest(tmp_path):
    path = make_package(tmp_path / "a.epub", {"a.xhtml": ONE, "b.xhtml": TWO}, spine=[])
    assert chapters(read(path)) == BOTH


def test_a_book_without_a_container_is_read(tmp_path):
    path = make_package(tmp_path / "a.epub", {"a.xhtml": ONE, "b.xhtml": TWO})
    with zipfile.ZipFile(path) as old, zipfile.ZipFile(tmp_path / "b.epub", "w") as new:
        for each in old.namelist():
            if "container" not in each:
                new.writestr(each, old.read(each))
    assert chapters(read(tmp_path / "b.epub")) == BOTH


def test_a_book_of_which_no_page_can_be_read_is_refused(tmp_path):
    path = make_package(tmp_path / "a.epub", {"a.xhtml": "", "b.png": PNG}, names={"a.xhtml": "OEBPS/c.txt"})
    with pytest.raises(ScriptError) as caught:
        read(path)
    assert caught.value.problems == [f"{path}: error: names 'OEBPS/a.xhtml', which is not in it"]


COVERS = {
    "property": {"kinds": {"x.jpg": 'properties="cover-image"'}},
    "id": {"metadata": '<meta name="cover" content="i1"/>'},
    "href": {"metadata": '<meta name="cover" content="x.jpg"/>'},
    "guide to an image": {"guide": '<reference type="cover" href="x.jpg"/>'},
    "guide to a page": {"guide": '<reference type="cover" href="p.xhtml"/>'},
    "first page": {"spine": ["p.xhtml", "a.xhtml"]},
    "name of the item": {"ids": {"x.jpg": "my-cover"}},
}
IMAGE_PAGE = page(
    '<div><svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink">'
    '<image xlink:href="x.jpg"/></svg></div>'
)


@pytest.mark.parametrize("way", COVERS)
def test_a_cover_is_found_in_the_ways_that_are_in_use(tmp_path, way):
    files = {"a.xhtml": ONE, "x.jpg": JPEG, "p.xhtml": IMAGE_PAGE}
    book = read(make_package(tmp_path / "a.epub", files, **COVERS[way]))
    assert book.cover == (JPEG, ".jpg")


@pytest.mark.parametrize("name", ["cover.jpg", "Cover.PNG", "images/book_cover.jpeg"])
def test_a_cover_is_found_by_the_name_of_its_file(tmp_path, name):
    data = PNG if name.lower().endswith("png") else JPEG
    book = read(
        make_package(tmp_path / "a.epub", {"a.xhtml": ONE, "back-cover.jpg": JPEG + b"x", name: data})
    )
    assert book.cover == (data, ".png" if data == PNG else ".jpg")


def test_a_picture_in_the_text_is_no_cover(tmp_path):
    files = {"a.xhtml": page('<h1>One</h1><p>It rained all day.</p><img src="x.jpg" alt=""/>'), "x.jpg": JPEG}
    assert read(make_package(tmp_path / "a.epub", files)).cover is None


@pytest.mark.parametrize("ending", ["webp", "gif", "svg"])
def test_a_cover_of_another_kind_is_named(tmp_path, ending):
    files = {"a.xhtml": ONE, f"cover.{ending}": b"GIF89a"}
    path = make_package(tmp_path / "a.epub", files, kinds={f"cover.{ending}": 'properties="cover-image"'})
    state = parse_state(path)
    book = read_epub(path, state)
    assert book.cover is None
    message = f"the cover OEBPS/cover.{ending} is of a kind that cannot be used; save it as JPEG or PNG"
    assert [finding.message for finding in state.problems.findings()] == [message]
    assert [(gone.what, gone.where) for gone in book.left_out] == [("cover", str(path))]
