"""Pages of books in (X)HTML: as paragraphs, headings and breaks."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import Any

from csm_cli.core.errors import ScriptError
from csm_cli.script.books import DEFAULT, LeftOut, ReadingOptions, count_words
from csm_cli.script.books.blocks import Block, Kind
from csm_cli.script.books.html.drop_caps import join_drop_caps
from csm_cli.script.books.html.marks import read_mark, space_fractions
from csm_cli.script.books.html.paragraphs import Paragraph, is_data, is_verse_name
from csm_cli.script.books.html.parts import (
    APART,
    SILENT,
    epub_type,
    heading_level,
    is_block,
    is_note,
    left_out_kind,
    text_of,
    words_in,
)
from csm_cli.script.books.html.styles import Styles
from csm_cli.script.problems import MAX_LINES
from csm_cli.script.sources import local_name, plain

_ORNAMENT = re.compile(
    r"[*#~_=•⁂·–—\s-]{1,40}|(?:an? )?(?:ornament|ornamental break|decoration|decorative (?:break|line)"
    r"|divider|flourish|fleuron|asterism|(?:scene|section|text|thought) ?break|separator)\.?",
    re.IGNORECASE,
)
_ALWAYS_NAMED = frozenset(["picture", "formula", "sound or film"])
_MOST_IDS = 8
MAX_PARAGRAPHS = 2 * MAX_LINES
"""Of a book: those that are left out, such as notes, are among them."""
_SHOWN = 60


def read_page(
    root: Any, place: str, options: ReadingOptions = DEFAULT, styles: Styles | None = None
) -> Iterator[Block]:
    """The blocks of a parsed page, in order; drop caps are joined with their words in the tree.

    Args:
        root: of the page.
        place: the page's file, for places.
        options: what is read; notes are not left out here.
        styles: the page's style sheets.
    """
    styles = styles or Styles()
    join_drop_caps(root, styles)
    space_fractions(root)
    yield from _Walk(place, options, styles).walk(root)


class TooManyParagraphs(ScriptError):
    """A book has more paragraphs than any script may have lines."""


def limited(blocks: Iterable[Block], place: str, before: int = 0) -> list[Block]:
    """The blocks of a page, if they are not too many; the rest is not read then.

    Args:
        blocks: of the page.
        place: its file.
        before: paragraphs of the pages before it.

    Raises:
        TooManyParagraphs: they are too many.
    """
    found = []
    for block in blocks:
        found.append(block)
        before += block.kind == "paragraph"
        if before > MAX_PARAGRAPHS:
            what = f"more than {MAX_PARAGRAPHS} paragraphs; divide the book"
            raise TooManyParagraphs([f"{place}:{block.row}: error: {what}"])
    return found


class _Walk:
    """Traverses the tree without recursion."""

    def __init__(self, place: str, options: ReadingOptions, styles: Styles):
        self._place, self._options, self._styles = place, options, styles
        self._open = Paragraph()
        self._row = 1
        self._heading = 0
        self._ids: list[str] = []
        self._notes = self._verses = self._tables = self._rows = 0
        self._preserved = 0
        self._gone: LeftOut | None = None  # the part that is being left out, and its element
        self._silent: Any = None
        self._held: list[tuple[LeftOut, int]] = []

    def walk(self, root: Any) -> Iterator[Block]:
        stack: list[tuple[Any, bool]] = [(root, False)]
        while stack:
            element, leaving = stack.pop()
            name = local_name(element)
            if leaving:
                yield from self._leave(element, name)
            elif name and name not in SILENT:
                begun = self._open.begun
                if self._leaf(element, name):
                    yield from self._places(element, begun)
                else:
                    yield from self._enter(element, name)
                    self._text(element.text)
                    stack.append((element, True))
                    stack += [(child, False) for child in reversed(element)]
                    continue
            self._text(element.tail)
        yield from self._close()

    def _enter(self, element: Any, name: str) -> Iterator[Block]:
        if not self._gone and (kind := left_out_kind(element, name, self._styles)):
            self._gone, self._silent = self._part(element, kind, text_of(element)), element
            if kind in _ALWAYS_NAMED:
                self._open.leave_out_apart(self._gone, 0)
        if is_block(element, name, self._styles):
            yield from self._divide(element)
            self._ids.append(element.get("id") or "")
            self._heading = heading_level(element, name) or self._heading
            self._notes += is_note(element, name)
            self._verses += _is_verse(element)
            self._preserved += name == "pre"
            self._tables += name == "table" and is_data(element)
            if name == "tr" and self._tables:
                self._rows += 1
            elif name in ("td", "th") and self._rows:
                self._open.add_cell()
        yield from self._anchors(element, self._open.begun)
        if name == "hr" and not self._gone:
            yield Block("break", "", self._row, is_note=self._notes > 0)
        elif name == "br" and self._gone:
            self._open.leave_out(self._gone, " ")
        elif name == "br":
            self._open.add_break(element.sourceline or self._row)

    def _leave(self, element: Any, name: str) -> Iterator[Block]:
        if is_block(element, name, self._styles):
            yield from self._leave_block(element, name)
        if element is self._silent:
            self._gone = self._silent = None

    def _leave_block(self, element: Any, name: str) -> Iterator[Block]:
        if name == "tr" and self._rows:
            self._rows -= 1
        yield from self._divide(element)
        if heading_level(element, name):
            self._heading = 0
        self._ids.pop()
        self._notes -= is_note(element, name)
        self._verses -= _is_verse(element)
        self._preserved -= name == "pre"
        if name == "table" and self._tables:
            self._tables -= 1

    def _divide(self, element: Any) -> Iterator[Block]:
        """End a paragraph; within a row of a table, only a word."""
        if self._rows:
            self._open.add(" ")
        else:
            yield from self._close()
            self._row = element.sourceline or self._row

    def _leaf(self, element: Any, name: str) -> bool:
        """Add an element that is read as a whole; returns whether it is one."""
        if name == "img":
            alt = plain(element.get("alt") or "")
            shown = alt or plain(element.get("src") or "").rpartition("/")[2]
            self._open.leave_out_apart(self._gone or self._part(element, "picture", shown), count_words(alt))
        elif name in APART:
            part = self._gone or self._part(element, "reading of ruby", text_of(element))
            self._open.leave_out_apart(part, words_in(element, self._styles))
        elif self._gone:
            return False
        elif name == "ruby" and self._options.ruby == "reading":
            return self._reading(element)
        else:
            return self._mark(element, name)
        return True

    def _part(self, element: Any, kind: str, text: str) -> LeftOut:
        return LeftOut(kind, f"{self._place}:{element.sourceline or self._row}", 0, plain(text)[:_SHOWN])

    def _places(self, element: Any, begun: bool) -> Iterator[Block]:
        """The places in an element that is read as a whole, and the break that a picture may be."""
        if _ORNAMENT.fullmatch(plain(element.get("alt") or "")) and not (begun or self._gone or self._rows):
            yield Block("break", "", element.sourceline or self._row)
        for each in element.iter():
            yield from self._anchors(each, begun)

    def _anchors(self, element: Any, begun: bool) -> Iterator[Block]:
        names = [element.get("id"), element.get("name") if local_name(element) == "a" else None]
        for identity in dict.fromkeys(filter(None, names)):
            row = element.sourceline or self._row
            yield Block("anchor", identity, row, inside=self._inside, begun=begun)

    def _reading(self, ruby: Any) -> bool:
        readings = [text_of(each) for each in ruby.iter() if local_name(each) == "rt"]
        inner = {local_name(each) for each in ruby.iter()} - {"ruby", "rb", "rt", "rp", "span", ""}
        if inner or not any(map(str.strip, readings)):
            return False
        bases = [each for each in ruby if local_name(each) not in ("rt", "rp", "rtc")]
        base = "".join([ruby.text or "", *map(text_of, bases), *(each.tail or "" for each in ruby)])
        self._open.leave_out(self._part(ruby, "base of ruby", base), base, tuple(readings))
        return True

    def _mark(self, element: Any, name: str) -> bool:
        """Add raised text, or a link that may be the mark of a note; returns whether it was one."""
        found = read_mark(element, name, self._open.end, self._styles)
        if found is None:
            return False
        if found.mark:
            self._open.add_mark(found.mark, found.text)
        else:
            self._open.add(found.text)
        return True

    @property
    def _inside(self) -> tuple[str, ...]:
        return tuple(filter(None, self._ids[-_MOST_IDS:]))

    def _text(self, text: str | None) -> None:
        if self._gone and text:
            self._open.leave_out(self._gone, text)
        elif self._preserved and text and "\n" in text:
            for number, row in enumerate(text.split("\n")):
                if number:
                    self._open.add_break(self._row + number)
                self._open.add(row)
        else:
            self._open.add(text)

    def _close(self) -> Iterator[Block]:
        self._open.verse = bool(self._verses or self._preserved) and not self._heading
        kind: Kind = "heading" if self._heading else "paragraph"
        pieces, texts = self._open.close(self._row)
        if self._heading and not texts:
            yield from self._pictured(pieces)
        self._held += pieces
        yield from self._released()
        for text, marks, row in texts:
            yield Block(kind, text, row, self._heading, marks, self._inside, self._notes > 0)

    def _pictured(self, pieces: list[tuple[LeftOut, int]]) -> Iterator[Block]:
        """The heading that a picture shows, which is then not left out."""
        for part, words in pieces:
            shown = part.what == "picture" and part is not self._gone and len(part.text) < _SHOWN
            if shown and words and words == count_words(part.text):
                yield Block("heading", part.text, self._row, self._heading, (), self._inside, self._notes > 0)
                pieces.remove((part, words))
                return

    def _released(self) -> Iterator[Block]:
        """What is left out, in one piece each; an element that is still open is held back."""
        held: dict[int, tuple[LeftOut, int]] = {}
        for part, words in self._held:
            held[id(part)] = part, held.get(id(part), (part, 0))[1] + words
        self._held = [each for each in held.values() if each[0] is self._gone]
        for part, words in held.values():
            named = words or part.what in _ALWAYS_NAMED or any(map(str.isalnum, part.text))
            if named and part is not self._gone:
                yield Block("gone", part.text, self._row, gone=replace(part, words=words))


def _is_verse(element: Any) -> bool:
    return any(map(is_verse_name, [element.get("class") or "", *epub_type(element)]))
