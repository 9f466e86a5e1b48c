"""Notes of a book: their marks are left out, their texts are left out or read where they belong."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace

from csm_cli.script.books import LeftOut, Notes, count_words
from csm_cli.script.books.blocks import Block, Mark, Page, Place
from csm_cli.script.books.loose_notes import find_loose_notes

Span = tuple[int, int]

_ARROWS = frozenset("↩↑⇑^←⏎▲↵")
_MOST_BLOCKS, _MOST_WORDS, _MOST_NESTED = 40, 3000, 8
_SHOWN = 60


@dataclass
class _Found:
    """What is known of the notes: each is a list of blocks; `references` are the first marks of notes."""

    notes: list[list[Place]] = field(default_factory=list)
    note_of: dict[Place, int] = field(default_factory=dict)
    references: dict[int, Place] = field(default_factory=dict)
    marks: dict[Place, set[Span]] = field(default_factory=dict)

    def add_note(self, places: Sequence[Place]) -> int:
        """The number of the note with these blocks; those of other notes stay theirs."""
        if places[0] in self.note_of:
            return self.note_of[places[0]]
        number = len(self.notes)
        self.notes.append([place for place in places if place not in self.note_of])
        self.note_of |= dict.fromkeys(self.notes[number], number)
        return number

    def add_mark(self, place: Place, span: Span, note: int | None = None) -> None:
        self.marks.setdefault(place, set()).add(span)
        if note is not None:
            self.references.setdefault(note, place)


def settle_notes(
    pages: Sequence[Page], resolve: Callable[[str, str], tuple[str, str]], notes: Notes = "skip"
) -> None:
    """Take marks of notes out of the text of pages, and their texts out or to their places.

    Args:
        pages: whose `blocks` are replaced.
        resolve: the page and the id that a link on a page leads to.
        notes: "skip" leaves their texts out; else they follow the paragraph with the mark, as blocks with
            `is_note`.
    """
    found = _Linked(pages, resolve).find()
    _add_typed(pages, found)
    for number, page in enumerate(pages):
        blocks = {
            index: block for index, block in enumerate(page.blocks) if block.is_text or block.kind == "break"
        }
        known = {index for index in blocks if found.note_of.get((number, index)) in found.references}
        for note in find_loose_notes(blocks, known):
            key = found.add_note([(number, index) for index in note.blocks]) if note.blocks else None
            for index, span in note.marks:
                found.add_mark((number, index), span, key)
    _apply(pages, found, notes)


class _Linked:
    """Finds marks that are links, and the notes they lead to."""

    def __init__(self, pages: Sequence[Page], resolve: Callable[[str, str], tuple[str, str]]):
        self._pages, self._resolve, self._found = pages, resolve, _Found()
        self._anchors: dict[tuple[str, str], tuple[Place, bool]] = {}
        self._inside: dict[tuple[str, str], list[Place]] = {}
        self._names = {page.name for page in pages}
        for number, page in enumerate(pages):
            for index, block in enumerate(page.blocks):
                if block.kind == "anchor":
                    self._anchors.setdefault((page.name, block.text), ((number, index), block.begun))
                elif block.is_text:
                    for identity in block.inside:
                        self._inside.setdefault((page.name, identity), []).append((number, index))

    def find(self) -> _Found:
        links = list(self._links())
        for place, mark in links:
            self._read(place, mark)
        for place, mark in links:
            if mark.label in _ARROWS or self._is_back(place, mark, self._located(place, mark) or []):
                self._found.add_mark(place, (mark.start, mark.end))
        return self._found

    def _links(self) -> Iterator[tuple[Place, Mark]]:
        for number, page in enumerate(self._pages):
            for index, block in enumerate(page.blocks):
                for mark in block.marks:
                    if mark.kind == "link":
                        yield (number, index), mark

    def _read(self, place: Place, mark: Mark) -> None:
        places = self._located(place, mark)
        note = [*places] if places and self._can_be_note(place, places) else []
        if mark.label in _ARROWS or self._is_back(place, mark, note):
            return
        leading = self._leading(note[0]) if note else None
        mutual = bool(leading and self._target(note[0], leading)[0] == self._pages[place[0]].name)
        label = self._label(note[0], mark) if note else None
        like = bool(note and (self._block(note[0]).is_note or label))
        if not (like or mutual) and (mark.start == 0 or (note and note[0] < place)):
            return
        if not (mark.sure or mutual or like or (mark.glued and places is None)):
            return
        if len(note) == 1 and label and label[1] == len(self._block(note[0]).text):
            note += self._behind(note[0])  # a label by itself
        key = self._found.add_note(note) if note else None
        self._found.add_mark(place, (mark.start, mark.end), key)
        if label:
            self._found.add_mark(note[0], label)

    def _label(self, place: Place, mark: Mark) -> Span | None:
        """Where a block begins with the label of a mark."""
        leading = self._leading(place)
        if leading:
            return (leading.start, leading.end) if leading.label == mark.label else None
        found = re.match(rf"[\[(]?{re.escape(mark.label)}(?:[.):\]]+\s*|\s+)", self._block(place).text)
        return found.span() if found else None

    def _is_back(self, place: Place, mark: Mark, note: list[Place]) -> bool:
        """Whether a link stands in a note and leads to what is before it."""
        if place not in self._found.note_of:
            return False
        begun = self._anchors.get(self._target(place, mark), ((0, 0), False))[1]
        return mark.start == 0 or begun or bool(note and note[0] < place)

    def _target(self, place: Place, mark: Mark) -> tuple[str, str]:
        return self._resolve(self._pages[place[0]].name, mark.target)

    def _located(self, place: Place, mark: Mark) -> list[Place] | None:
        """The blocks that a link leads to; empty for the middle of one, None for no place."""
        page, identity = key = self._target(place, mark)
        if inside := self._inside.get(key):
            return inside
        if key not in self._anchors:
            return [] if page in self._names and not identity else None
        anchor, begun = self._anchors[key]
        return [] if begun else self._behind(anchor)

    def _behind(self, place: Place) -> list[Place]:
        """The text behind a place on its page, if there is one."""
        number, index = place
        blocks = self._pages[number].blocks
        behind = next((each for each in range(index + 1, len(blocks)) if blocks[each].is_text), None)
        return [] if behind is None else [(number, behind)]

    def _can_be_note(self, place: Place, places: list[Place]) -> bool:
        if place in places or len(places) > _MOST_BLOCKS:
            return False
        blocks = [self._block(each) for each in places]
        if any(block.kind == "heading" and not block.is_note for block in blocks):
            return False
        return sum(block.words for block in blocks) <= _MOST_WORDS

    def _leading(self, place: Place) -> Mark | None:
        marks = self._block(place).marks
        return marks[0] if marks and marks[0].start == 0 and marks[0].kind == "link" else None

    def _block(self, place: Place) -> Block:
        return self._pages[place[0]].blocks[place[1]]


def _add_typed(pages: Sequence[Page], found: _Found) -> None:
    """Add the notes that no link leads to; what follows another note in the same element belongs to it."""
    for number, page in enumerate(pages):
        last: tuple[int, tuple[str, ...]] | None = None
        for index, block in enumerate(page.blocks):
            if not block.is_text:
                continue
            place = (number, index)
            if not block.is_note or block.kind == "heading":
                last = None
            elif place in found.note_of:
                last = found.note_of[place], block.inside
            elif last and (last[1] == block.inside or not block.inside):
                found.notes[last[0]].append(place)
                found.note_of[place] = last[0]
            else:
                last = found.add_note([place]), block.inside


def _apply(pages: Sequence[Page], found: _Found, notes: Notes) -> None:
    moved: dict[Place, list[Block]] = {}
    taken: set[Place] = set()
    for number in found.references if notes != "skip" else ():
        reference = _reference(found, number)
        for place in found.notes[number] if reference else ():
            page = pages[place[0]]
            clean = _without_marks(page.blocks[place[1]], found.marks.get(place, set()), page.place)
            there = [replace(each, is_note=each.is_text, place=each.place or page.place) for each in clean]
            assert reference
            moved.setdefault(reference, []).extend(there)
            taken.add(place)
    for number, page in enumerate(pages):
        blocks: list[Block] = []
        for index, block in enumerate(page.blocks):
            place = (number, index)
            if place in taken:
                continue
            in_note = place in found.note_of or (block.is_note and block.is_text)
            if in_note and (notes == "skip" or block.kind == "heading"):
                where = f"{page.place}:{block.row}"
                gone = LeftOut("notes", where, block.words, block.text[:_SHOWN])
                blocks.append(Block("gone", block.text, block.row, gone=gone))
            else:
                clean = _without_marks(block, found.marks.get(place, set()), page.place)
                blocks += [replace(each, is_note=in_note and each.is_text) for each in clean]
            blocks += moved.get(place, [])
        page.blocks = blocks


def _reference(found: _Found, number: int) -> Place | None:
    """The block of the text to which a note belongs, which may be a note to a note; None: it has none."""
    for _ in range(_MOST_NESTED):
        place = found.references.get(number)
        if place is None or place not in found.note_of:
            return place
        number = found.note_of[place]
    return None


def _without_marks(block: Block, spans: set[Span], place: str) -> Iterator[Block]:
    """What the marks at `spans` were, and the block without them."""
    if not spans:
        yield block
        return
    kept, at = "", 0
    rest = block.words
    for start, end in sorted(spans):
        kept += block.text[at:start].lstrip() if not kept or kept[-1].isspace() else block.text[at:start]
        at = max(at, end)
        if any(map(str.isspace, block.text[start:end])):
            kept += " "
        if block.text[at : at + 1] in tuple(" .,;:!?)”’"):
            kept = kept.rstrip()
    behind = block.text[at:]
    kept += behind.lstrip() if not kept or kept[-1].isspace() else behind
    text = kept.strip()
    if sorted(spans)[0][0] == 0:
        text = text.lstrip(".,;:)] –—-") or text
    rest -= count_words(text)
    for start, end in sorted(spans):
        label = block.text[start:end].strip()
        words = max(min(rest, count_words(label)), 0)
        rest -= words
        gone = LeftOut("note mark", f"{block.place or place}:{block.row}", words, label)
        yield Block("gone", label, block.row, gone=gone, place=block.place)
    if text:
        yield replace(block, text=text, marks=())
