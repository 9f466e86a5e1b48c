"""A unit is one thing that is listened to from front to back: a chapter's file, or the book's."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

from csm_cli.audio.timeline import ChapterTimeline
from csm_cli.delivery.names import chapter_stem


class Heard(NamedTuple):
    """A line in a unit: seconds from its beginning."""

    start: float
    end: float
    speaker: str
    text: str


@dataclass(frozen=True)
class Unit:
    """A unit.

    Attributes:
        stem: of its files' names.
        files: the same sound in several formats.
        chapters: (seconds from the unit's beginning, chapter), in order, one right after the other.
    """

    stem: str
    title: str
    files: tuple[str, ...]
    chapters: tuple[tuple[float, ChapterTimeline], ...]

    @classmethod
    def of_chapter(cls, chapter: ChapterTimeline, chapters: int) -> Unit:
        """The unit of a chapter with files of its own, in a book of so many chapters."""
        stem = chapter_stem(chapter.number, chapter.title, chapters)
        return cls(stem, chapter.title, chapter.files, ((0.0, chapter),))

    @property
    def seconds(self) -> float:
        """Its length."""
        return sum(chapter.duration for _, chapter in self.chapters)

    def lines(self) -> Iterator[Heard]:
        """Every line, in order."""
        for offset, chapter in self.chapters:
            for line in chapter.entries:
                yield Heard(offset + line.start, offset + line.end, line.speaker, line.text)
