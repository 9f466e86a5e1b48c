"""A mixed chapter on its way to its files, the retail sample, and whole books split between chapters."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Generic, Protocol, TypeVar

import numpy as np

from csm_cli.audio.disk_buffer import BLOCK, DiskBuffer
from csm_cli.audio.mastering import Layout, Mastering, mastered
from csm_cli.audio.measure import Measured
from csm_cli.audio.timeline import ChapterTimeline, Role
from csm_cli.delivery.book import chapter_stem


@dataclass(eq=False)
class MixedChapter:
    """A chapter whose samples are in a disk buffer.

    Attributes:
        number: 0 for opening credits, one more than the last chapter for closing ones.
        gain: as a factor; 1 until it is chosen.
        files: names of the files that hold this chapter alone.
        measured: those files.
    """

    number: int
    title: str
    role: Role
    layout: Layout
    buffer: DiskBuffer
    gain: float = 1.0
    files: list[str] = field(default_factory=list)
    measured: list[Measured] = field(default_factory=list)

    @property
    def samples(self) -> int:
        """Length of the mixed sound, in samples."""
        return self.layout.samples

    def blocks(
        self, rate: int, mastering: Mastering, ceiling_db: float | None = None
    ) -> Iterator[np.ndarray]:
        """The chapter's final samples: float32 blocks."""
        return mastered(self.buffer, rate, mastering, self.gain, ceiling_db)

    def stem(self, chapters: int) -> str:
        """The stem of its files' names, in a book of so many chapters."""
        return chapter_stem(self.number, self.title, chapters)

    def timeline(self, rate: int) -> ChapterTimeline:
        """Its entry in `timeline.json`, its place in the book left open."""
        first, *more = self.files or [""]
        layout = self.layout
        return ChapterTimeline(
            self.number,
            self.title,
            first,
            layout.samples / rate,
            layout.lines,
            tuple(more),
            layout.pauses,
            layout.sounds,
            self.role,
            gain_db=round(float(20 * np.log10(self.gain)), 3),
        )


SHORTEST_SECONDS, WANTED_SECONDS, LONGEST_SECONDS = 60.0, 180.0, 295.0  # shops take one to five minutes
TAIL_SECONDS = 1.5


def mix_sample(chapters: Sequence[MixedChapter], rate: int, path: Path) -> DiskBuffer:
    """The sample, levelled as its chapters are; credits are left out. As long as the book if that is shorter.

    Args:
        chapters: of the book, in order.
        path: of the sample's own buffer.
    """
    buffer = DiskBuffer(path)
    try:
        for chapter in chapters:
            if chapter.role == "chapter" and buffer.size < SHORTEST_SECONDS * rate:
                _copy(chapter, buffer, _end(chapter, buffer.size, rate))
        buffer.resize(buffer.size + round(TAIL_SECONDS * rate))
    except BaseException:
        buffer.close()  # where the disk is full, it makes room
        raise
    return buffer


def _end(chapter: MixedChapter, before: int, rate: int) -> int:
    """The sample at which the excerpt of a chapter ends: the end of a line where it has to be cut."""
    ends = [line.samples(rate)[1] for line in chapter.layout.lines]
    fitting = [end for end in ends if before + end <= LONGEST_SECONDS * rate]
    enough = [end for end in fitting if before + end >= WANTED_SECONDS * rate]
    if enough:
        return enough[0]
    if len(fitting) == len(ends):
        return ends[-1] if ends else 0
    # Its next line is a very long one: better cut within it than a sample of a few seconds.
    last = fitting[-1] if fitting else 0
    return last if before + last >= SHORTEST_SECONDS * rate else round(WANTED_SECONDS * rate) - before


def _copy(chapter: MixedChapter, buffer: DiskBuffer, end: int) -> None:
    offset = buffer.size
    for start in range(0, end, BLOCK):
        block = chapter.buffer.read(start, min(start + BLOCK, end))
        buffer.mix(offset + start, block * np.float32(chapter.gain))


class HasLength(Protocol):
    """A chapter with a length."""

    @property
    def samples(self) -> int:
        """Length in samples."""


Chapter = TypeVar("Chapter", bound=HasLength)


@dataclass(frozen=True)
class Volume(Generic[Chapter]):
    """One part of a book, numbered from 1."""

    number: int
    chapters: tuple[Chapter, ...]


def split_volumes(chapters: Sequence[Chapter], rate: int, hours: float | None) -> list[Volume[Chapter]]:
    """Chapters, in order, in as few parts of at most `hours` as there can be, of about the same length.

    A chapter that is longer alone is a part alone. `hours` None: one part.
    """
    limit = float("inf") if hours is None else hours * 3600 * rate
    count = len(_fill(chapters, limit))
    low, high = 0.0, min(limit, float(sum(chapter.samples for chapter in chapters)))
    for _ in range(40):  # the smallest limit that needs no more parts makes them even
        middle = (low + high) / 2
        low, high = (low, middle) if len(_fill(chapters, middle)) <= count else (middle, high)
    parts = _fill(chapters, high) if count > 1 else _fill(chapters, limit)
    return [Volume(number, tuple(part)) for number, part in enumerate(parts, 1)]


def _fill(chapters: Sequence[Chapter], limit: float) -> list[list[Chapter]]:
    parts: list[list[Chapter]] = []
    room = 0.0
    for chapter in chapters:
        if not parts or chapter.samples > room:
            parts.append([])
            room = limit
        parts[-1].append(chapter)
        room -= chapter.samples
    return parts
