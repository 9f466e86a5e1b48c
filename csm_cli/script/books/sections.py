"""Sections of a book: what each probably is, and which are read."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from csm_cli.core.errors import UsageError
from csm_cli.script.books import ReadingOptions, Section
from csm_cli.script.books.blocks import Block, Page
from csm_cli.script.books.headings import bare

FRONT_MATTER = frozenset(
    [
        *("cover", "title page", "contents", "copyright", "notes", "index", "bibliography", "list"),
        *("advertisement", "licence", "outside the reading order"),
    ]
)
"""Guesses of sections that are left out by default."""

_TYPES = {
    "cover": "cover",
    "titlepage": "title page",
    "title-page": "title page",
    "halftitlepage": "title page",
    "halftitle": "title page",
    "toc": "contents",
    "landmarks": "contents",
    "page-list": "contents",
    "loi": "list",
    "lot": "list",
    "copyright-page": "copyright",
    "copyright": "copyright",
    "colophon": "copyright",
    "imprint": "copyright",
    "index": "index",
    "bibliography": "bibliography",
    "other-credits": "copyright",
    "contributors": "copyright",
    "seriespage": "advertisement",
    "endnotes": "notes",
    "footnotes": "notes",
    "rearnotes": "notes",
    "notes": "notes",
    "dedication": "dedication",
    "epigraph": "epigraph",
    "foreword": "foreword",
    "preface": "preface",
    "introduction": "introduction",
    "prologue": "prologue",
    "epilogue": "epilogue",
    "afterword": "afterword",
    "acknowledgments": "acknowledgements",
    "acknowledgements": "acknowledgements",
    "appendix": "appendix",
    "glossary": "glossary",
    "non-linear": "outside the reading order",
}
_SHORT, _LONGEST_SHORT = frozenset(["cover", "title page", "copyright"]), 1500
_TITLES = [
    (re.compile(pattern, re.IGNORECASE), guess)
    for pattern, guess in (
        (r"(?:front ?)?cover", "cover"),
        (r"title ?page|half[ -]?title(?: page)?", "title page"),
        (r"(?:table of )?contents", "contents"),
        (r"copyright(?: page| notice)?|colophon|imprint", "copyright"),
        (r"index", "index"),
        (
            r"also by\b.*|by the same author|about the publisher|newsletter\b.*|other books by\b.*",
            "advertisement",
        ),
        (r"list of (?:illustrations|figures|tables|maps)", "list"),
        (r"(?:foot|end)?notes", "notes"),
        (r"bibliography", "bibliography"),
        (r"the full project gutenberg\b.*", "licence"),
        (r"dedication", "dedication"),
        (r"epigraph", "epigraph"),
        (r"foreword|fore-word", "foreword"),
        (r"preface\b.{0,40}", "preface"),
        (r"introduction\b.{0,40}", "introduction"),
        (r"prologue\b.{0,40}", "prologue"),
        (r"epilogue\b.{0,40}", "epilogue"),
        (r"afterword", "afterword"),
        (r"acknowledge?ments?", "acknowledgements"),
        (r"about the authors?", "about the author"),
        (r"appendix\b.{0,40}", "appendix"),
        (r"glossary", "glossary"),
    )
]
_FILES = [
    (re.compile(pattern, re.IGNORECASE), guess, most)
    for pattern, guess, most in (
        (r"cover", "cover", 60),
        (r"title-?_?page|halftitle|half-?_?title", "title page", 150),
        (r"copyright|colophon|imprint", "copyright", 1500),
        (r"toc|contents|table-?_?of-?_?contents", "contents", 5000),
        (r"dedication", "dedication", 200),
        (r"epigraph", "epigraph", 400),
    )
]
_RIGHTS = re.compile(
    r"all rights reserved|\bisbn\b|©|\bcopyright\s+(?:\(c\)\s*)?(?:©\s*)?\d{4}", re.IGNORECASE
)
_DEDICATION = re.compile(r"(?:for|to|in memory of|dedicated to)\s", re.IGNORECASE)
_RANGE = re.compile(r"(\d{1,6})\s*[-–]\s*(\d{1,6})")
_INDEX_ENTRY = re.compile(r".{1,80}?,\s*\d{1,4}(?:\s*[-–,;]\s*\d{1,4}){0,20}\.?")


@dataclass(slots=True)
class Part:
    """Blocks of a page from one beginning of a chapter to the next.

    Args:
        page: that it is on.
        blocks: in order.
        titles: of the chapters that begin with it; empty for none.
        first: whether it is the page's first.
    """

    page: Page
    blocks: list[Block]
    titles: list[str]
    first: bool = True

    @property
    def has_text(self) -> bool:
        """Whether there is a paragraph or heading."""
        return any(block.is_text for block in self.blocks)

    @property
    def words(self) -> int:
        """How many words it has, spoken or left out."""
        return sum(block.words for block in self.blocks)

    @property
    def title(self) -> str:
        """The title of the first chapter, or the first heading, or ""."""
        if title := next(filter(None, self.titles), ""):
            return title
        return next((block.text for block in self.blocks if block.kind == "heading" and block.level < 3), "")


def list_sections(parts: Sequence[Part], options: ReadingOptions, title: str, author: str) -> list[Section]:
    """The sections of a book, one for each part, and which of them are read.

    Args:
        parts: of the book, each with a text.
        options: what is read.
        title: of the book.
        author: of the book.

    Raises:
        UsageError: `skip` or `only` name a section that is not there.
    """
    early = [number < max(3, len(parts) / 3) for number in range(len(parts))]
    guesses = [_guess(part, first, title, author) for part, first in zip(parts, early, strict=True)]
    names = [part.title or part.page.name or part.page.place for part in parts]
    kept = kept_sections(names, guesses, options)
    return [
        Section(number + 1, name, guess, part.words, part.page.place, number in kept)
        for number, (part, name, guess) in enumerate(zip(parts, names, guesses, strict=True))
    ]


def kept_sections(names: Sequence[str], guesses: Sequence[str], options: ReadingOptions) -> set[int]:
    """The numbers, from 0, of the sections that are read.

    Args:
        names: titles of the sections.
        guesses: what each probably is.
        options: what is read.

    Raises:
        UsageError: `skip` or `only` name a section that is not there.
    """
    skipped = chosen(options.skip, names, guesses, "--skip")
    only = chosen(options.only, names, guesses, "--only")
    front = set() if options.front_matter else {n for n, guess in enumerate(guesses) if guess in FRONT_MATTER}
    if len(front) == len(names):
        front = set()  # a book of nothing else is read all the same
    return (only if options.only else set(range(len(names))) - front) - skipped


def chosen(choices: Sequence[str], names: Sequence[str], guesses: Sequence[str], option: str) -> set[int]:
    """The numbers, from 0, of the sections that are chosen by number, range, title or guess.

    Args:
        choices: as they were given.
        names: titles of the sections.
        guesses: what each probably is.
        option: where the choices were given, for the message.

    Raises:
        UsageError: one names a section that is not there.
    """
    found: set[int] = set()
    for choice in choices:
        wanted = choice.strip()
        span = _RANGE.fullmatch(wanted)
        first, last = (int(span[1]), int(span[2])) if span else (0, 0)
        if wanted.isdecimal() and len(wanted) < 7:
            first = last = int(wanted)
        there = set(range(max(first, 1) - 1, min(last, len(names)))) if first <= last else set()
        if not there:
            there = {
                number
                for number, name in enumerate(names)
                if bare(wanted) and bare(wanted) in (bare(name), bare(guesses[number]))
            }
        if not there:
            raise UsageError(
                f"there is no section {choice!r}; there are {len(names)}",
                where=option,
                remedy="name a number, a range such as 3-5, or a title",
            )
        found |= there
    return found


def _guess(part: Part, early: bool, title: str, author: str) -> str:
    """What a part probably is: by its types, its title, its file's name and what is in it."""
    if part.first:
        for guess in sorted(_TYPES[kind] for kind in part.page.kinds if kind in _TYPES):
            if guess not in _SHORT or part.words <= _LONGEST_SHORT:
                return guess
    for pattern, guess in _TITLES:
        if pattern.fullmatch(part.title.strip(" .:")):
            return guess
    words = part.words
    stem = part.page.name.rpartition("/")[2].rpartition(".")[0]
    for pattern, guess, most in _FILES if part.first else ():
        if pattern.fullmatch(stem.strip("0123456789-_ ")) and words <= most:
            return guess
    text = [block.text for block in part.blocks if block.is_text]
    if any(block.kind == "heading" for block in part.blocks) and words > 60:
        return "body" if words > 400 else _by_content(text, words, early)
    if early and words < 30 and title and _is_title_page(text, title, author):
        return "title page"
    return _by_content(text, words, early)


def _by_content(text: Sequence[str], words: int, early: bool) -> str:
    if words < 600 and len(_RIGHTS.findall(" ".join(text))) > 1:
        return "copyright"
    if len(text) > 20 and sum(bool(_INDEX_ENTRY.fullmatch(each)) for each in text) * 5 > len(text) * 4:
        return "index"
    if early and words < 25 and text and _DEDICATION.match(text[0]) and len(text) < 4 and len(text[0]) < 80:
        return "dedication"
    return "body"


def _is_title_page(text: Sequence[str], title: str, author: str) -> bool:
    whole = [bare(each) for each in text]
    names = bare(author)
    return bare(title) in whole and (bool(names) and any(names in each for each in whole))
