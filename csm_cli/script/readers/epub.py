"""EPUB 2 and 3: the reading order, cut into chapters as the table of contents has it."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any, NamedTuple

from csm_cli.core.errors import ScriptError
from csm_cli.script.document import Screenplay, Source
from csm_cli.script.draft import Draft, Header
from csm_cli.script.header import bare_header
from csm_cli.script.readers.epub_archive import MAX_COVER_BYTES, Archive, Manifest, epub_type
from csm_cli.script.readers.epub_page import Block, read_page
from csm_cli.script.readers.text import SCENE
from csm_cli.script.readers.xml import local_name, parse_page, words
from csm_cli.script.reading import Reading

_SKIPPED_KINDS = words(
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
    """A book as read.

    Args:
        screenplay: all of it is the narrator's.
        cover: the bytes of its cover image, and the ending that fits them; or None.
        skipped: titles or files of the front and back matter that was left out.
    """

    screenplay: Screenplay
    cover: tuple[bytes, str] | None
    skipped: tuple[str, ...]


def read_epub(path: Path, reading: Reading, *, front_matter: bool = False) -> Book:
    """Read an EPUB.

    Args:
        path: of the file.
        reading: where faults are noted.
        front_matter: keep title pages, contents, notes and the like.

    Raises:
        ScriptError: it cannot be read at all.
    """
    with Archive(path) as archive:
        manifest = archive.manifest()
        draft = Draft(str(path), _header(manifest, str(path), reading), reading)
        maker = _Maker(archive, manifest, draft, front_matter)
        for page in manifest.pages:
            maker.add_page(page)
        cover = _cover(archive, manifest)
    return Book(draft.finish(), cover, tuple(maker.skipped))


def _header(manifest: Manifest, path: str, reading: Reading) -> Header:
    header = bare_header(path, reading)
    found = manifest.metadata
    if title := found.get("title"):
        header.title, header.untitled = title, False
    header.author = found.get("creator", "")
    if re.fullmatch(r"[A-Za-z]{2,8}(-[A-Za-z0-9]{1,8})*", found.get("language", "")):
        header.language = found["language"]
    header.metadata = {key: found[name] for name, key in _METADATA.items() if name in found}
    if description := header.metadata.get("description"):
        header.metadata["description"] = " ".join(_TAG.sub(" ", description).split())
    return header


def _cover(archive: Archive, manifest: Manifest) -> tuple[bytes, str] | None:
    try:
        data = archive.read(manifest.cover, MAX_COVER_BYTES) if manifest.cover else b""
    except ScriptError:  # a book without its cover is still a book
        return None
    if data.startswith(b"\xff\xd8\xff"):
        return data, ".jpg"
    return (data, ".png") if data.startswith(b"\x89PNG\r\n\x1a\n") else None


class _Maker:
    """Makes chapters of pages."""

    def __init__(self, archive: Archive, manifest: Manifest, draft: Draft, front_matter: bool):
        self.skipped: list[str] = []
        self._archive, self._manifest, self._draft = archive, manifest, draft
        self._front_matter = front_matter
        self._titles: dict[tuple[str, str], str] = {}
        for page, fragment, label in manifest.contents:
            self._titles.setdefault((page, fragment), label)
        self._pages_with_titles = {page for page, _ in self._titles}
        self._fresh = True
        self._told = ""  # the title of the chapter that has just begun, as its heading repeats it

    def add_page(self, page: str) -> None:
        """Add the blocks of a page, or note that it is left out."""
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
        elif page not in self._pages_with_titles and (not self._titles or not self._draft.in_chapter):
            self._begin(title, Source(place, 1, 1))
        for block in blocks:
            self._add(block, page, Source(place, max(block.row, 1), 1))

    def _kinds(self, root: Any) -> set[str]:
        """What the page says it is, on its body or on a section that holds all of it."""
        body = next((element for element in root.iter() if local_name(element) == "body"), root)
        outer = [body]
        while len(outer[-1]) == 1 and len(outer) < 4:
            outer.append(outer[-1][0])
        return {kind for element in outer for kind in epub_type(element)}

    def _begin(self, title: str, source: Source) -> None:
        if self._draft.in_chapter and not self._draft.spoken:
            self._draft.retitle(title, source)  # "Part One" directly in front of "Chapter 1"
        else:
            self._draft.begin_chapter(title, source)
        self._fresh, self._told = True, _bare(title)

    def _add(self, block: Block, page: str, source: Source) -> None:
        if block.kind == "anchor":
            if title := self._titles.get((page, block.text)):
                self._begin(title, source)
            return
        if not self._draft.in_chapter:
            self._begin("", source)
        if block.kind == "break" or SCENE.fullmatch(block.text):
            if self._draft.spoken:
                self._draft.add_scene_break(source)
                self._fresh = True
        elif not any(map(str.isalnum, block.text)):
            self._draft.append(block.text)
        elif block.kind == "heading" and self._is_title(block.text):
            return
        else:
            if block.kind == "heading" and self._draft.spoken:
                self._draft.add_scene_break(source)
            self._told = "" if block.kind == "paragraph" else self._told
            self._draft.add_line("narrator", block.text, named_at=source, source=source, new_paragraph=True)

    def _is_title(self, heading: str) -> bool:
        """Whether a heading only repeats the chapter's title, or a part of it ("IV", then "The Storm")."""
        bare = _bare(heading)
        return not self._draft.spoken and bool(bare) and bare in self._told


def _bare(text: str) -> str:
    return "".join(char for char in text.casefold() if char.isalnum())
