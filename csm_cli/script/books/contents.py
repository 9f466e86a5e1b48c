"""Where the chapters of a book begin: by its table of contents, and by its headings where that is thin."""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace

from csm_cli.script.books.blocks import Block, Page, Place
from csm_cli.script.books.headings import PAGE, bare, candidate_of, names_chapter

Entry = tuple[str, str, str]
"""Of a table of contents: page, id on it, and label."""

_NUMBERED = re.compile(
    r"(?:chapter|part|book|act|canto|section|letter|volume|kapitel|teil|chapitre|cap[ií]tulo|capitolo)\s+\S{1,20}"
    r"|[0-9]{1,3}|[ivxlc]{1,8}",
    re.IGNORECASE,
)
_CHAPTER = re.compile(r"(?:chapter|kapitel|chapitre|cap[ií]tulo|capitolo)\b", re.IGNORECASE)
PART = re.compile(r"(?:part|book|volume|act|teil|buch|band|partie|livre|tome)\b[^:]*", re.IGNORECASE)
"""A title of something above chapters."""
_WORD = re.compile(r"\w+")
_LONGEST_TITLE = 140


@dataclass
class _Group:
    """Headings that follow each other on a page; `names` are those of the table of contents for them."""

    place: Place
    headings: list[Block]
    names: list[str] = field(default_factory=list)

    @property
    def level(self) -> int:
        return min(block.level for block in self.headings)

    def matches(self, label: str) -> bool:
        """Whether a label has the text of a heading, or part of it."""
        return any(_alike(label, block.text) for block in self.headings)

    def level_of(self, label: str) -> int:
        """The level of the heading that a label names."""
        return next((block.level for block in self.headings if _alike(label, block.text)), self.level)

    def below(self, most: int) -> list[str]:
        """The headings below those that the contents name, of a deeper level up to `most`."""
        named = [
            block.level for block in self.headings if any(_alike(name, block.text) for name in self.names)
        ]
        if not named:
            return []
        return [block.text for block in self.headings if max(named) < block.level <= most]

    def title(self, most: int) -> str:
        """The headings up to level `most`, and what follows a mere number, as one title."""
        parts = [self.headings[0].text]
        for block in self.headings[1:]:
            if block.level > most and not _is_numbered(parts[-1]):
                break
            if sum(map(len, parts)) + len(block.text) > _LONGEST_TITLE:
                break
            parts.append(block.text)
        return ": ".join(dict.fromkeys(parts))


@dataclass
class Starts:
    """Where chapters begin.

    Args:
        titles: of the chapters that begin at a place, in order; "" for one without a title.
        missing: labels of the table of contents for which there is no place.
    """

    titles: dict[Place, list[str]] = field(default_factory=dict)
    missing: list[str] = field(default_factory=list)

    def add(self, place: Place, title: str) -> None:
        """Add a chapter's beginning; the same title is not added twice."""
        there = self.titles.setdefault(place, [])
        if title not in there:
            there.append(title)


def find_starts(pages: Sequence[Page], entries: Iterable[Entry], title: str = "") -> Starts:
    """Where the chapters of a book begin.

    Args:
        pages: of the book.
        entries: of its table of contents, in order.
        title: of the book, which is no chapter's.
    """
    entries = list(entries)
    if len(entries) < 2:
        _promote(pages)
    groups = list(_groups(pages, bare(title)))
    index = _Index(pages, groups)
    starts, labels = Starts(), dict[Place, list[str]]()
    loose: set[int] = set()  # pages that the contents name at places which are not there
    for page, identity, label in entries:
        place = index.place(page, identity, label)
        if place in labels and label not in labels[place]:
            place = index.heading(page, label)  # several entries may name a page, and no place on it
            if not place:
                continue
        if place:
            labels.setdefault(place, []).append(label)
        elif page in index.numbers:
            loose.add(index.numbers[page])
        else:
            starts.missing.append(label)
    hits = {place: group for place in labels if (group := index.group_at(place))}
    for place, group in hits.items():
        group.names += labels[place]
    named = [group.level_of(name) for place, group in hits.items() for name in labels[place]]
    most = _level(groups, named)
    added = [
        group for group in groups if not group.names and (group.level <= most or group.place[0] in loose)
    ]
    thin = bool(added) and len(labels) <= max(1, len(added) // 2)
    for place, names in labels.items():
        there = hits.get(place)
        for name in names:
            starts.add(place, there.title(most) if thin and there and not there.matches(name) else name)
        for text in there.below(most) if there else ():
            starts.add(place, text)
    for group in added:
        starts.add(group.place, group.title(most))
    if not labels:
        for number, page_ in enumerate(pages):
            first = next((n for n, block in enumerate(page_.blocks) if block.is_text), None)
            if first is not None and (number, first) not in starts.titles:
                starts.add((number, 0), "")
    starts.titles = dict(sorted(starts.titles.items()))
    return starts


def repeats(heading: str, title: str) -> bool:
    """Whether a heading is a title or some words of it that follow each other."""
    if bare(heading) == bare(title) or not bare(heading):
        return bool(bare(heading))
    words = " ".join(_WORD.findall(heading.casefold()))
    return f" {words} " in f" {' '.join(_WORD.findall(title.casefold()))} "


def _alike(one: str, other: str) -> bool:
    return repeats(one, other) or repeats(other, one)


def _is_numbered(text: str) -> bool:
    return bool(_NUMBERED.fullmatch(text.strip(" .:—–-")))


def _promote(pages: Sequence[Page]) -> None:
    """In a book without a heading, make headings of paragraphs such as "Chapter 4", or "I", "II", "III"."""
    blocks = [block for page in pages for block in page.blocks]
    if any(block.kind == "heading" for block in blocks):
        return
    short = [block for block in blocks if block.kind == "paragraph" and len(block.text) < 100]
    chosen = {id(block) for block in short if names_chapter(block.text)} or _counted(short)
    for page in pages:
        page.blocks = [
            replace(block, kind="heading", level=2) if id(block) in chosen else block for block in page.blocks
        ]


def _counted(blocks: Sequence[Block]) -> set[int]:
    """The ids of paragraphs that are a number alone, if they count from one to three or further."""
    found = [(block, candidate) for block in blocks if (candidate := candidate_of(block.text))]
    for style in dict.fromkeys(candidate.style for _, candidate in found if candidate.style != PAGE):
        numbers = [
            (block, each.value) for block, each in found if each.kind == "number" and each.style == style
        ]
        if len(numbers) > 2 and [value for _, value in numbers] == [*range(1, len(numbers) + 1)]:
            return {id(block) for block, _ in numbers}
    return set()


def _groups(pages: Sequence[Page], title: str) -> Iterator[_Group]:
    for number, page in enumerate(pages):
        group: _Group | None = None
        for index, block in enumerate(page.blocks):
            if block.kind == "heading" and not block.is_note:
                if group:
                    group.headings.append(block)
                else:
                    group = _Group((number, index), [block])
            elif block.kind == "paragraph" and group:
                yield _without_title(group, title)
                group = None
        if group:
            yield _without_title(group, title)


def _without_title(group: _Group, title: str) -> _Group:
    """The group without the book's title above that of a chapter."""
    rest = [block for block in group.headings if bare(block.text) != title]
    return replace(group, headings=rest) if title and rest else group


class _Index:
    """Finds places of the contents, and headings at them."""

    def __init__(self, pages: Sequence[Page], groups: Sequence[_Group]):
        self.numbers: dict[str, int] = {}
        self._anchors: dict[tuple[str, str], Place] = {}
        self._headings: dict[str, list[Place]] = {}
        self._paragraphs: list[list[int]] = []
        self._groups: dict[int, list[_Group]] = {}
        for number, page in enumerate(pages):
            self.numbers.setdefault(page.name, number)
            self._paragraphs.append([n for n, block in enumerate(page.blocks) if block.kind == "paragraph"])
            for index, block in enumerate(page.blocks):
                if block.kind == "anchor":
                    self._anchors.setdefault((page.name, block.text), (number, index))
                elif block.kind == "heading" and (name := bare(block.text)):
                    self._headings.setdefault(name, []).append((number, index))
        for group in groups:
            self._groups.setdefault(group.place[0], []).append(group)

    def place(self, page: str, identity: str, label: str) -> Place | None:
        """The place of an entry; that of a heading with the same text if its own is not there."""
        if page in self.numbers and not identity:
            return self.numbers[page], 0
        if place := self._anchors.get((page, identity)):
            return place
        return self.heading(page, label)

    def heading(self, page: str, label: str) -> Place | None:
        """The place of a heading with this text: on the page, or anywhere if that is not there."""
        number = self.numbers.get(page)
        there = self._headings.get(bare(label), ())
        return next((place for place in there if number in (None, place[0])), None)

    def group_at(self, place: Place) -> _Group | None:
        """The group of headings at or directly behind a place."""
        number, index = place
        groups = self._groups.get(number, [])
        behind = bisect_right(groups, index, key=lambda group: group.place[1])
        paragraphs = self._paragraphs[number]
        for group in groups[max(behind - 1, 0) : behind + 1]:
            start, end = sorted((group.place[1], index))
            if bisect_left(paragraphs, start) == bisect_left(paragraphs, end):
                return group
        return None


def _level(groups: Sequence[_Group], named: Sequence[int]) -> int:
    """The deepest level of headings that begin chapters.

    Args:
        groups: all headings.
        named: levels of those that the contents name.
    """
    levels = Counter(group.level for group in groups)
    if not levels:
        return 0
    if len(named) > 1:
        most = Counter(named).most_common(1)[0][0]
    else:
        most = next((level for level in sorted(levels) if levels[level] > 1), min(levels))
    headings = [block for group in groups for block in group.headings]
    for level in sorted({block.level for block in headings if block.level > most}):
        deeper = [block.text for block in headings if block.level == level]
        shallower = [block.text for block in headings if block.level <= most]
        chapters = sum(bool(_CHAPTER.match(text)) for text in deeper)
        numbered = sum(map(_is_numbered, deeper))
        parts = len(named) < 2 and all(map(PART.match, shallower))
        most_are = (numbered if parts else chapters) * 5 >= len(deeper) * 4
        if len(deeper) > 1 and most_are and not any(map(_CHAPTER.match, shallower)):
            most = level
    return most
