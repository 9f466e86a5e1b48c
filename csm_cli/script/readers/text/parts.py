"""Parts of a plain text: its chapters by their headings, and these as sections beside what was left out."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from csm_cli.script.books import ReadingOptions, Section, count_words
from csm_cli.script.books.sections import chosen
from csm_cli.script.readers.text.marks import plain_emphasis
from csm_cli.script.readers.text.rows import RULE, Account, Block, Row

_AROUND = ("header", "title page", "contents", "transcriber's notes", "licence")


@dataclass
class Part:
    """A chapter, or what stands before the first one.

    Args:
        headings: above its text; their titles are joined.
        blocks: of its text.
    """

    headings: list[Block] = field(default_factory=list)
    blocks: list[Block] = field(default_factory=list)

    @property
    def title(self) -> str:
        """The titles of its headings; "" without one."""
        titles = (" ".join(plain_emphasis(block.heading).split()) for block in self.headings)
        return ": ".join(title.rstrip(":") for title in titles)

    @property
    def rows(self) -> list[Row]:
        """Every row of it."""
        return [row for block in (*self.headings, *self.blocks) for row in block.rows]

    @property
    def speaks(self) -> bool:
        """Whether there is something to speak below its headings."""
        return any(block.speaks for block in self.blocks)


def parts_of(blocks: Iterable[Block], account: Account) -> list[Part]:
    """The parts of a text. Headings above nothing are left out, or are text if they stand at its end."""
    parts = [Part()]
    for block in blocks:
        for row in () if block.heading else block.rows:
            if RULE.fullmatch(row.text) and count_words(row.text):
                account.leave_out("ornament", row.number, row.text)
        if not block.heading:
            parts[-1].blocks.append(block)
        elif parts[-1].speaks or not parts[-1].headings:
            parts.append(Part([block]))
        else:
            parts[-1].blocks = []  # marks between two headings
            if _same_kind(parts[-1].headings[-1], block):
                empty = parts[-1].headings.pop()
                account.leave_out("chapter without text", empty.rows[0].number, empty.heading)
            parts[-1].headings.append(block)
    if not parts[-1].speaks and parts[-1].headings:
        last = parts.pop()
        parts = parts or [Part()]
        parts[-1].blocks += [*last.headings, *last.blocks]
    if len(parts) > 1 and not parts[0].speaks:
        parts = parts[1:]
    return parts


def _same_kind(above: Block, below: Block) -> bool:
    first, second = above.candidate, below.candidate
    if first is None or second is None:
        return False
    return first.kind == "named" or (
        (first.kind, first.style) == (second.kind, second.style) and first.kind != "marked"
    )


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
    names, guesses = [section[1] for section in found], [section[2] for section in found]
    only = chosen(options.only, names, guesses, "--only") if options.only else set(range(len(found)))
    kept = only - chosen(options.skip, names, guesses, "--skip")
    return [
        (Section(at + 1, name, guess, words, f"{account.path}:{row}", part is not None and at in kept), part)
        for at, (row, name, guess, words, part) in enumerate(found)
    ]


def _guess(part: Part) -> str:
    candidate = part.headings[0].candidate if part.headings else None
    return candidate.style if candidate and candidate.kind == "named" else "body"
