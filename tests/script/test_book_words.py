"""Every word of a book is in the script, or in what is said to be left out."""

from __future__ import annotations

import random
import zipfile
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import etree

from csm_cli.core.errors import ScriptError
from csm_cli.script.books import Book, ReadingOptions
from csm_cli.script.books.chapters import book_from_page
from csm_cli.script.header import default_header
from csm_cli.script.reader import parse_state
from csm_cli.script.readers.epub import read_epub
from tests.script.books import CONTENTS, PAGES, make_epub, page
from tests.script.test_book_chapters import SEVEN, THREE
from tests.script.test_book_notes import ONE_PAGE
from tests.script.test_book_notes import PAGES as NOTES

OPTIONS = [
    ReadingOptions(),
    ReadingOptions(notes="inline", front_matter=True),
    ReadingOptions(notes="end", ruby="reading"),
]
BOOKS = {
    "plain": PAGES,
    "notes": NOTES,
    "sections": SEVEN,
    "headings": THREE,
    **{f"note: {name}": {"a.xhtml": f"<h1>One</h1>{body}"} for name, body in ONE_PAGE.items()},
}


def words_out(book: Book) -> int:
    lines = sum(
        len([w for w in line.text.split() if any(map(str.isalnum, w))]) for line in book.screenplay.lines
    )
    return lines + book.headings


def book_at(path: Path, options: ReadingOptions) -> Book:
    return read_epub(path, parse_state(path), options)


@pytest.mark.parametrize("options", OPTIONS)
@pytest.mark.parametrize("name", BOOKS)
def test_the_words_of_the_source_are_those_of_the_script_and_those_left_out(tmp_path, name, options):
    pages = {file: text if "<html" in text else page(text) for file, text in BOOKS[name].items()}
    path = make_epub(tmp_path / "a.epub", pages, CONTENTS if name == "plain" else [])
    book = book_at(path, options)
    assert book.words > 0
    assert book.words == words_out(book) + sum(gone.words for gone in book.left_out)


def letters(text: str) -> Counter[str]:
    return Counter(char for char in text if char.isalnum())


def test_every_letter_of_the_pages_is_in_the_script_or_left_out(tmp_path):
    path = make_epub(tmp_path / "a.epub", {**PAGES, **{k: page(v) for k, v in NOTES.items()}}, [])
    book = book_at(path, ReadingOptions())
    there = Counter[str]()
    with zipfile.ZipFile(path) as archive:
        for name in archive.namelist():
            if name.endswith(".xhtml") and "nav" not in name:
                root = etree.fromstring(archive.read(name).replace(b"&mdash;", b"-"))
                body = next(root.iter("{*}body"))
                for silent in list(body.iter("{*}script")):
                    silent.getparent().remove(silent)
                there += letters("".join(body.itertext())) + letters("".join(body.xpath("//@alt")))
    found = letters("".join(line.text for line in book.screenplay.lines))
    found += letters("".join(chapter.title for chapter in book.screenplay.chapters))
    found += letters("".join(gone.text for gone in book.left_out))
    for section in book.sections:
        if not section.kept:
            place = section.where.removeprefix(f"{path}/")
            with zipfile.ZipFile(path) as archive:
                root = etree.fromstring(archive.read(place).replace(b"&mdash;", b"-"))
            found += letters("".join(next(root.iter("{*}body")).itertext()))
    assert not there - found


INLINE = ["b", "span", "sup", "sub", "i", "big", "small", "a", "ruby", "rt", "rb", "br", "img", "svg", "math"]
BLOCK = [
    "p",
    "div",
    "h1",
    "h2",
    "h4",
    "ul",
    "li",
    "table",
    "tr",
    "td",
    "th",
    "blockquote",
    "pre",
    "aside",
    "hr",
]
ATTRIBUTES = [
    *("", "", "", 'id="x"', 'id="n1"', 'href="#n1"', 'href="#x"', 'class="footnote"', 'class="dropcap"'),
    *("hidden=''", 'style="display:none"', 'style="display:block"', 'aria-hidden="true"', 'alt="T"'),
    *('epub:type="noteref"', 'epub:type="footnote"', 'class="poem"', 'epub:type="pagebreak"', 'alt="A map"'),
]
TEXTS = [
    "T",
    "he sea",
    " ",
    "\n",
    "1",
    "[1]",
    "*",
    "* He",
    "word",
    "Two words. ",
    "O",
    "nce",
    "m",
    "10",
    "…",
    "a\u00a0b",
]


def random_body(chance: random.Random, depth: int = 0) -> str:
    parts = []
    for _ in range(chance.randrange(1, 5)):
        parts.append(chance.choice(TEXTS))
        if depth < 4 and chance.random() < 0.7:
            name = chance.choice(INLINE + BLOCK)
            attributes = chance.choice(ATTRIBUTES)
            inner = "" if name in ("br", "img", "hr") else random_body(chance, depth + 1)
            parts.append(f"<{name} {attributes}>{inner}</{name}>")
    return "".join(parts)


@settings(max_examples=400, deadline=None)
@given(st.integers(0, 2**32), st.sampled_from(OPTIONS))
def test_no_word_is_lost_whatever_the_page(seed, options):
    body = "<p>Begin.</p>" + random_body(random.Random(seed))
    state = parse_state(Path("a.xhtml"))
    root = etree.fromstring(page(body).encode())
    try:
        book = book_from_page(root, "a.xhtml", default_header("a.xhtml", state), state, options)
    except ScriptError:
        return
    assert book.words == words_out(book) + sum(gone.words for gone in book.left_out), body
    assert all(gone.words >= 0 for gone in book.left_out)
