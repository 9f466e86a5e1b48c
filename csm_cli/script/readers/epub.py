"""Reader of EPUB 2 and 3: pages as paragraphs, headings and breaks, divided by the table of contents."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from csm_cli.core.errors import ScriptError
from csm_cli.script.books import DEFAULT, Book, LeftOut, ReadingOptions, Section, count_words
from csm_cli.script.builder import ScreenplayBuilder
from csm_cli.script.chapters import ChapterBuilder
from csm_cli.script.header import LANGUAGE, Header, default_header
from csm_cli.script.pages import epub_type, read_page
from csm_cli.script.readers.epub_archive import MAX_COVER_BYTES, Archive, Manifest
from csm_cli.script.sources import ParseState, local_name, parse_page


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


_SKIPPED_KINDS = _words(
    "cover titlepage title-page halftitlepage toc landmarks loi lot copyright-page copyright colophon "
    "imprint index bibliography other-credits contributors seriespage endnotes footnotes rearnotes "
    "notes"
)
_SKIPPED_TITLES = re.compile(
    r"(?:cover|title ?page|half ?title|(?:table of )?contents|copyright(?: page| notice)?|colophon|imprint"
    r"|index|also by\b.*|by the same author|list of (?:illustrations|figures|tables)|(?:foot|end)?notes"
    r"|bibliography|the full project gutenberg\b.*|about the publisher|newsletter\b.*)\.?",
    re.IGNORECASE,
)
_METADATA = {
    "publisher": "publisher",
    "date": "date",
    "identifier": "identifier",
    "rights": "copyright",
    "subject": "genre",
    "description": "description",
}
_TAG = re.compile(r"<[^<>]{1,200}>")


def read_epub(path: Path, state: ParseState, options: ReadingOptions = DEFAULT) -> Book:
    """Read an EPUB.

    Args:
        path: of the file.
        state: receives the problems.
        options: what is read.

    Raises:
        ScriptError: the archive or its package document cannot be read.
    """
    with Archive(path) as archive:
        manifest = archive.manifest()
        reader = _Reader(archive, manifest, state, options)
        for page in manifest.pages:
            reader.add_page(page)
        cover = _cover(archive, manifest)
    return Book(reader.builder.finish(), cover, tuple(reader.left_out), tuple(reader.sections))


def _header(manifest: Manifest, path: str, state: ParseState) -> Header:
    header = default_header(path, state)
    found = manifest.metadata
    if title := found.get("title"):
        header.title, header.untitled = title, False
    header.author = found.get("creator", "")
    if LANGUAGE.fullmatch(found.get("language", "")):
        header.language = found["language"]
    header.metadata = {key: found[name] for name, key in _METADATA.items() if name in found}
    if description := header.metadata.get("description"):
        header.metadata["description"] = " ".join(_TAG.sub(" ", description).split())
    return header


def _cover(archive: Archive, manifest: Manifest) -> tuple[bytes, str] | None:
    try:
        data = archive.read(manifest.cover, MAX_COVER_BYTES) if manifest.cover else b""
    except ScriptError:  # the book is usable without its cover
        return None
    if data.startswith(b"\xff\xd8\xff"):
        return data, ".jpg"
    return (data, ".png") if data.startswith(b"\x89PNG\r\n\x1a\n") else None


class _Reader:
    """Reads the pages of the spine."""

    def __init__(self, archive: Archive, manifest: Manifest, state: ParseState, options: ReadingOptions):
        self.builder = ScreenplayBuilder(
            str(archive.path), _header(manifest, str(archive.path), state), state
        )
        self.left_out: list[LeftOut] = []
        self.sections: list[Section] = []
        self._archive, self._manifest, self._options = archive, manifest, options
        self._titles: dict[tuple[str, str], str] = {}
        for page, fragment, label in manifest.contents:
            self._titles.setdefault((page, fragment), label)
        self._chapters = ChapterBuilder(self.builder, self._titles)

    def add_page(self, page: str) -> None:
        """Add the blocks of a page, or add it to `left_out`."""
        place = self._archive.place(page)
        root = parse_page(self._archive.read(page), place)
        if root is None:
            return
        left_out: list[LeftOut] = []
        blocks = list(read_page(root, place, self._options, left_out))
        if not any(block.kind in ("paragraph", "heading") for block in blocks):
            return
        title = self._titles.get((page, "")) or next(
            (block.text for block in blocks if block.kind == "heading" and block.level <= 2), ""
        )
        kinds = {self._manifest.kinds.get(page, ""), *self._kinds(root)}
        front = bool(kinds & _SKIPPED_KINDS or _SKIPPED_TITLES.fullmatch(title))
        words = sum(count_words(block.text) for block in blocks if block.kind in ("paragraph", "heading"))
        kept = self._options.front_matter or not front
        guess = "front matter" if front else "body"
        self.sections.append(Section(len(self.sections) + 1, title or page, guess, words, place, kept))
        if kept:
            self.left_out += left_out
            self._chapters.add_page(page, place, title, blocks)
        else:
            self.left_out.append(LeftOut(guess, place, words, title[:60]))

    def _kinds(self, root: Any) -> set[str]:
        """The epub:types of the page: of its body, and of sections that enclose all of it."""
        body = next((element for element in root.iter() if local_name(element) == "body"), root)
        outer = [body]
        while len(outer[-1]) == 1 and len(outer) < 4:
            outer.append(outer[-1][0])
        return {kind for element in outer for kind in epub_type(element)}
