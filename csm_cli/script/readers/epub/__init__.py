"""Reader of EPUB 2 and 3: pages in the reading order, their style sheets, and the cover."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

from csm_cli.core.errors import ScriptError
from csm_cli.script.books import DEFAULT, Book, LeftOut, ReadingOptions, count_words
from csm_cli.script.books.blocks import Page
from csm_cli.script.books.chapters import book_from_pages
from csm_cli.script.books.html.parts import epub_type, note_refused, short_text, words_in
from csm_cli.script.books.html.styles import Styles
from csm_cli.script.books.pages import TooManyParagraphs, limited, read_page
from csm_cli.script.header import LANGUAGE, Header, default_header
from csm_cli.script.problems import Source, shown
from csm_cli.script.readers.archive import MAX_COVER_BYTES, Archive
from csm_cli.script.readers.epub.package import Package
from csm_cli.script.sources import ParseState, local_name, parse_page

_METADATA = {
    "publisher": "publisher",
    "date": "date",
    "identifier": "identifier",
    "rights": "copyright",
    "subject": "genre",
    "description": "description",
}
_FEWEST_LINKS, _MOST_LINKS, _LONGEST_LINK = 4, 2000, 200
_TAG = re.compile(r"<[^<>]{1,200}>")
_IMAGES = (".jpg", ".jpeg", ".png", ".webp", ".gif", ".svg", ".bmp", ".tif", ".tiff", ".avif", ".jxl")
_PAGES = (".xhtml", ".html", ".htm", ".xml")
_MOST_WORDS = 40


def read_epub(path: Path, state: ParseState, options: ReadingOptions = DEFAULT) -> Book:
    """Read an EPUB.

    Args:
        path: of the file.
        state: receives the problems: of what cannot be read, a warning each.
        options: what is read.

    Raises:
        ScriptError: the archive, its package document or all its pages cannot be read.
        UsageError: `options` name a section that is not there.
    """
    with Archive(path) as archive:
        package = Package(archive)
        reader = _Reader(archive, package, state, options)
        pages = list(reader.pages())
        cover, unusable = find_cover(archive, package)
        if unusable:
            reader.report(unusable, "cover")
    header = _header(package, str(path), state)
    book = book_from_pages(
        pages, package.contents, str(path), header, state, options, reader.words, package.resolve
    )
    return book._replace(cover=cover, left_out=(*reader.left_out, *book.left_out))


def _header(package: Package, path: str, state: ParseState) -> Header:
    header = default_header(path, state)
    found = package.metadata
    if title := found.get("title"):
        header.title, header.untitled = title, False
    header.author = found.get("creator", "")
    if LANGUAGE.fullmatch(found.get("language", "")):
        header.language = found["language"]
    header.metadata = {key: found[name] for name, key in _METADATA.items() if name in found}
    if description := header.metadata.get("description"):
        header.metadata["description"] = " ".join(_TAG.sub(" ", description).split())
    return header


class _Reader:
    """Reads the pages of the spine; `words` is how many were read."""

    def __init__(self, archive: Archive, package: Package, state: ParseState, options: ReadingOptions):
        self.words = self._paragraphs = 0
        self.left_out: list[LeftOut] = []
        self._archive, self._package, self._state, self._options = archive, package, state, options
        self._sheets: dict[str, str] = {}

    def pages(self) -> Iterator[Page]:
        """The pages that can be read.

        Raises:
            ScriptError: there is none, or they have too many paragraphs.
        """
        faults: list[ScriptError] = []
        read = 0
        for fault in self._package.faults:
            self.report(fault, "missing file")
        for name in self._package.pages:
            try:
                page = self._page(name)
            except TooManyParagraphs:
                raise
            except ScriptError as error:
                faults.append(error)
                self.report(error.problems[0].partition(": error: ")[2], "missing file", name)
                continue
            read += 1
            if page:
                yield page
        if faults and not read:
            raise faults[0]

    def report(self, message: str, what: str, name: str = "") -> None:
        """Warn of something that cannot be read."""
        place = self._archive.place(name) if name else str(self._archive.path)
        self._state.problems.add(Source(place, 1, 1), message, "warning")
        self.left_out.append(LeftOut(what, place, 0, shown(message)))

    def _page(self, name: str) -> Page | None:
        place = self._archive.place(name)
        root = parse_page(self._archive.read(name), place)
        if root is None:
            return None
        note_refused(root, place, self._state.problems)
        styles = Styles(self._style_sheets(name, root))
        blocks = limited(read_page(root, place, self._options, styles), place, self._paragraphs)
        self._paragraphs += sum(block.kind == "paragraph" for block in blocks)
        self.words += words_in(root, styles)
        kinds = {self._package.kinds.get(name, ""), *_kinds(root)} - {""}
        if _is_contents(root):
            kinds.add("toc")
        return Page(name, place, blocks, frozenset(kinds))

    def _style_sheets(self, page: str, root: Any) -> Iterator[str]:
        """The texts of the style sheets that a page has or links."""
        for element in root.iter():
            name = local_name(element)
            if name == "style":
                yield "".join(element.itertext())
            elif name == "link" and "stylesheet" in (element.get("rel") or "").lower():
                path, _ = self._package.resolve(page, element.get("href") or "")
                if path not in self._sheets:
                    self._sheets[path] = self._sheet(path)
                yield self._sheets[path]
            elif name == "body":
                break

    def _sheet(self, path: str) -> str:
        try:
            return self._archive.read(path).decode("utf-8", "replace")
        except ScriptError:  # a page can be read without its style sheet
            return ""


def _is_contents(root: Any) -> bool:
    """Whether nearly all of a page are links, as on a page of contents."""
    links = [each for each in root.iter() if local_name(each) == "a" and each.get("href")]
    if not _FEWEST_LINKS <= len(links) <= _MOST_LINKS:
        return False
    linked = sum(count_words(short_text(each, _LONGEST_LINK) or "") for each in links)
    return linked * 5 > count_words(" ".join(root.itertext())) * 4


def _kinds(root: Any) -> set[str]:
    """The epub:types of a page: of its body, and of sections that enclose all of it."""
    body = next((element for element in root.iter() if local_name(element) == "body"), root)
    outer = [body]
    while len(outer[-1]) == 1 and len(outer) < 4:
        outer.append(outer[-1][0])
    return {kind for element in outer for kind in epub_type(element)}


class Cover(NamedTuple):
    """A cover.

    Args:
        image: its content and the ending of its name, or None.
        unusable: what to say of a cover that is there and cannot be used; else "".
    """

    image: tuple[bytes, str] | None
    unusable: str = ""


def find_cover(archive: Archive, package: Package) -> Cover:
    """The first cover that can be used: the declared one, or that of the first page."""
    unusable = ""
    for name in dict.fromkeys(_candidates(archive, package)):
        try:
            data = archive.read(name, MAX_COVER_BYTES)
        except ScriptError as error:
            unusable = unusable or f"the cover cannot be read: {error.problems[0].partition(': error: ')[2]}"
            continue
        if data.startswith(b"\xff\xd8\xff"):
            return Cover((data, ".jpg"))
        if data.startswith(b"\x89PNG\r\n\x1a\n"):
            return Cover((data, ".png"))
        unusable = unusable or f"the cover {name} is of a kind that cannot be used; save it as JPEG or PNG"
    return Cover(None, unusable)


def _candidates(archive: Archive, package: Package) -> Iterator[str]:
    for name in package.covers:
        yield from _image(archive, package, name)
    for name in package.pages[:1]:
        yield from _image(archive, package, name, 3)
    for identity, name in package.items.items():
        stem = name.rpartition("/")[2].rpartition(".")[0].lower()
        named = "cover" in stem or "cover" in identity.lower()
        if named and "back" not in stem and name.lower().endswith(_IMAGES):
            yield name


def _image(archive: Archive, package: Package, name: str, most: int = _MOST_WORDS) -> Iterator[str]:
    """The image with this name, or the only one on the page with this name and at most so many words."""
    if not name.lower().endswith(_PAGES):
        yield name
        return
    try:
        root = parse_page(archive.read(name), name)
    except ScriptError:
        return
    body = [] if root is None else [each for each in root.iter() if local_name(each) == "body"]
    if root is None or len("".join((body[0] if body else root).itertext()).split()) > most:
        return
    links = []
    for element in root.iter():
        if local_name(element) in ("img", "image", "object"):
            link = element.get("src") or element.get("data") or element.get("href")
            link = link or element.get("{http://www.w3.org/1999/xlink}href")
            links += [link] if link else []
    if len(links) == 1:
        yield package.resolve(name, links[0])[0]
