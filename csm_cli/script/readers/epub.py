"""Reader of EPUB 2 and 3: pages as paragraphs, headings and breaks, divided by the table of contents."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, NamedTuple

from csm_cli.core.errors import ScriptError
from csm_cli.script.builder import ScreenplayBuilder
from csm_cli.script.document import Screenplay
from csm_cli.script.header import LANGUAGE, Header, default_header
from csm_cli.script.problems import Source
from csm_cli.script.readers.epub_archive import MAX_COVER_BYTES, Archive, Manifest, epub_type
from csm_cli.script.readers.text import SCENE
from csm_cli.script.sources import ParseState, local_name, parse_page, plain

Kind = Literal["paragraph", "heading", "break", "anchor"]


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


_BLOCKS = _words(
    "address article aside blockquote body caption center dd details div dl dt figcaption figure "
    "footer form h1 h2 h3 h4 h5 h6 header hr html legend li main ol p pre section table tbody td "
    "tfoot th thead tr ul"
)
_HEADINGS = frozenset(["h1", "h2", "h3", "h4", "h5", "h6"])
_SILENT = frozenset(
    ["head", "script", "style", "template", "rt", "rp", "svg", "math", "audio", "video", "nav"]
)
_NOTES = _words(
    "noteref footnote footnotes endnote endnotes rearnote rearnotes note backlink pagebreak page-list"
)
_NOTE_CLASSES = ("footnote", "endnote", "noteref", "fnref", "pagenum", "pageno", "calibre_pagebreak")


@dataclass(frozen=True, slots=True)
class Block:
    """A part of a page: its text with white space collapsed, and its first row in the file.

    `level` of a heading is 1 to 6. The text of an anchor is its id, a target of the table of contents.
    """

    kind: Kind
    text: str
    row: int
    level: int = 0


def read_page(root: Any) -> Iterator[Block]:
    """The blocks of a parsed page, in order."""
    yield from _Walk().walk(root)


class _Walk:
    """Traverses the tree without recursion; `_parts` is the text of the open block."""

    def __init__(self) -> None:
        self._parts: list[str] = []
        self._row = 1
        self._heading = 0

    def walk(self, root: Any) -> Iterator[Block]:
        stack: list[tuple[Any, bool]] = [(root, False)]
        while stack:
            element, leaving = stack.pop()
            name = local_name(element)
            if leaving:
                if name in _BLOCKS:
                    yield from self._close()
                    self._heading = 0
                self._text(element.tail)
                continue
            if not name or name in _SILENT or _is_note(element, name):
                self._text(element.tail)
                continue
            if name in _BLOCKS:
                yield from self._close()
                self._row = element.sourceline or self._row
                self._heading = int(name[1]) if name in _HEADINGS else self._heading
            if identity := element.get("id") or (element.get("name") if name == "a" else None):
                yield Block("anchor", identity, element.sourceline or self._row)
            if name == "hr":
                yield Block("break", "", self._row)
            elif name == "br":
                self._parts.append("\n")
            self._text(element.text)
            stack.append((element, True))
            stack += [(child, False) for child in reversed(element)]
        yield from self._close()

    def _text(self, text: str | None) -> None:
        if text:
            self._parts.append(text)

    def _close(self) -> Iterator[Block]:
        text = plain("".join(self._parts))
        self._parts = []
        if text:
            yield Block("heading" if self._heading else "paragraph", text, self._row, self._heading)


def _is_note(element: Any, name: str) -> bool:
    if _NOTES & set(epub_type(element)):
        return True
    classes = (element.get("class") or "").lower()
    if classes and any(mark in classes for mark in _NOTE_CLASSES):
        return True
    if name not in ("sup", "a"):
        return False
    # A superscript that is a link is a footnote's mark, even without a type or class.
    inner = "".join(element.itertext()).strip("[]()*†‡ \n\t")
    links = element if name == "a" else next((e for e in element.iter() if local_name(e) == "a"), None)
    raised = name == "sup" or any(local_name(e) == "sup" for e in element.iter())
    return raised and links is not None and bool(links.get("href")) and (inner.isdigit() or len(inner) <= 1)


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


class Book(NamedTuple):
    """A book.

    Args:
        screenplay: every line is the narrator's.
        cover: the cover image and its file name's ending, or None.
        skipped: titles or files of front and back matter that was left out.
    """

    screenplay: Screenplay
    cover: tuple[bytes, str] | None
    skipped: tuple[str, ...]


def read_epub(path: Path, state: ParseState, *, front_matter: bool = False) -> Book:
    """Read an EPUB.

    Args:
        path: of the file.
        state: receives the problems.
        front_matter: keep title pages, contents, notes and the like.

    Raises:
        ScriptError: the archive or its package document cannot be read.
    """
    with Archive(path) as archive:
        manifest = archive.manifest()
        builder = ScreenplayBuilder(str(path), _header(manifest, str(path), state), state)
        chapters = _ChapterBuilder(archive, manifest, builder, front_matter)
        for page in manifest.pages:
            chapters.add_page(page)
        cover = _cover(archive, manifest)
    return Book(builder.finish(), cover, tuple(chapters.skipped))


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


class _ChapterBuilder:
    """Divides pages into chapters."""

    def __init__(self, archive: Archive, manifest: Manifest, builder: ScreenplayBuilder, front_matter: bool):
        self.skipped: list[str] = []
        self._archive, self._manifest, self._builder = archive, manifest, builder
        self._front_matter = front_matter
        self._titles: dict[tuple[str, str], str] = {}
        for page, fragment, label in manifest.contents:
            self._titles.setdefault((page, fragment), label)
        self._pages_with_titles = {page for page, _ in self._titles}
        self._title = ""  # of the chapter that has just begun, for headings that repeat it

    def add_page(self, page: str) -> None:
        """Add the blocks of a page, or add it to `skipped`."""
        root = parse_page(self._archive.read(page), self._archive.place(page))
        if root is None:
            return
        blocks = list(read_page(root))
        if not any(block.kind in ("paragraph", "heading") for block in blocks):
            return
        title = self._titles.get((page, "")) or next(
            (block.text for block in blocks if block.kind == "heading" and block.level <= 2), ""
        )
        kinds = {self._manifest.kinds.get(page, ""), *self._kinds(root)}
        if not self._front_matter and (kinds & _SKIPPED_KINDS or _SKIPPED_TITLES.fullmatch(title)):
            self.skipped.append(title or page)
            return
        place = self._archive.place(page)
        if (page, "") in self._titles:
            self._begin(self._titles[page, ""], Source(place, 1, 1))
        elif page not in self._pages_with_titles and (not self._titles or not self._builder.in_chapter):
            self._begin(title, Source(place, 1, 1))
        for block in blocks:
            self._add(block, page, Source(place, max(block.row, 1), 1))

    def _kinds(self, root: Any) -> set[str]:
        """The epub:types of the page: of its body, and of sections that enclose all of it."""
        body = next((element for element in root.iter() if local_name(element) == "body"), root)
        outer = [body]
        while len(outer[-1]) == 1 and len(outer) < 4:
            outer.append(outer[-1][0])
        return {kind for element in outer for kind in epub_type(element)}

    def _begin(self, title: str, source: Source) -> None:
        if self._builder.in_chapter and not self._builder.lines:
            self._builder.retitle(title)  # "Part One" directly before "Chapter 1"
        else:
            self._builder.begin_chapter(title, source)
        self._title = _bare(title)

    def _add(self, block: Block, page: str, source: Source) -> None:
        if block.kind == "anchor":
            if title := self._titles.get((page, block.text)):
                self._begin(title, source)
            return
        if not self._builder.in_chapter:
            self._begin("", source)
        if block.kind == "break" or SCENE.fullmatch(block.text):
            if self._builder.lines:
                self._builder.add_scene_break(source)
        elif not any(map(str.isalnum, block.text)):
            self._builder.append(block.text)
        elif block.kind == "heading" and self._is_title(block.text):
            return
        else:
            if block.kind == "heading" and self._builder.lines:
                self._builder.add_scene_break(source)
            self._title = "" if block.kind == "paragraph" else self._title
            self._builder.add_line("narrator", block.text, named_at=source, source=source, new_paragraph=True)

    def _is_title(self, heading: str) -> bool:
        """Whether a heading repeats the chapter's title or a part of it ("IV", then "The Storm")."""
        bare = _bare(heading)
        return not self._builder.lines and bool(bare) and bare in self._title


def _bare(text: str) -> str:
    return "".join(char for char in text.casefold() if char.isalnum())
