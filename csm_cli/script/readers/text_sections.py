"""Sections of a plain text: its chapters, and what was left out around them."""

from __future__ import annotations

import re
from collections.abc import Sequence

from csm_cli.core.errors import UsageError
from csm_cli.script.books import ReadingOptions, Section, count_words
from csm_cli.script.readers.text_lines import Part
from csm_cli.script.readers.text_rows import Account

_AROUND = ("header", "title page", "contents", "transcriber's notes", "licence")
_RANGE = re.compile(r"(\d{1,6})(?:\s*[-–]\s*(\d{1,6}))?")


def list_sections(
    parts: Sequence[Part], account: Account, title: str, options: ReadingOptions
) -> list[tuple[Section, Part | None]]:
    """The sections in the order of the text, each with its part; None: it was left out as no text.

    Args:
        parts: of the text.
        account: of what was left out so far.
        title: of the book, for a part without a heading.
        options: `skip` and `only` choose among the sections.

    Raises:
        UsageError: `skip` or `only` name a section that is not there.
    """
    found: list[tuple[int, str, str, int, Part | None]] = [
        (int(left.where.rpartition(":")[2]), left.what.capitalize(), left.what, left.words, None)
        for left in account.left_out
        if left.what in _AROUND
    ]
    for part in parts:
        if rows := part.rows:
            words = sum(count_words(row.text) for row in rows)
            found.append((rows[0].number, part.title or title, _guess(part), words, part))
    found.sort(key=lambda section: section[0])
    names = [(name, guess) for _, name, guess, _, _ in found]
    only = _chosen(options.only, names, "--only") if options.only else set(range(len(found)))
    kept = only - _chosen(options.skip, names, "--skip")
    return [
        (Section(at + 1, name, guess, words, f"{account.path}:{row}", part is not None and at in kept), part)
        for at, (row, name, guess, words, part) in enumerate(found)
    ]


def _guess(part: Part) -> str:
    candidate = part.headings[0].candidate if part.headings else None
    return candidate.style if candidate and candidate.kind == "named" else "body"


def _chosen(choices: Sequence[str], names: Sequence[tuple[str, str]], option: str) -> set[int]:
    """The numbers, from 0, of the sections that are chosen by number, range, title or guess."""
    found: set[int] = set()
    for choice in choices:
        span = _RANGE.fullmatch(choice.strip())
        first, last = (int(span[1]), int(span[2] or span[1])) if span else (0, 0)
        there = set(range(max(first, 1) - 1, min(last, len(names)))) if span else set()
        if not there:
            wanted = choice.strip().casefold()
            there = {at for at, name in enumerate(names) if wanted in (name[0].casefold(), name[1])}
        if not there:
            raise UsageError(
                f"there is no section {choice!r}; there are {len(names)}",
                where=option,
                remedy="name a number, a range such as 3-5, or a title",
            )
        found |= there
    return found
