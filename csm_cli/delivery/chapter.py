"""One chapter on its way to its files: its tape, where everything lies on it, and the gain that levels it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np

from csm_cli.audio.disk_buffer import Tape
from csm_cli.audio.layout import Layout, Mastering
from csm_cli.audio.master import mastered
from csm_cli.audio.measure import Measured
from csm_cli.audio.timeline import ChapterTimeline, Role
from csm_cli.delivery.names import chapter_stem


@dataclass(eq=False)
class ChapterOnTape:
    """A chapter.

    Attributes:
        number: 0 for opening credits, one more than the last chapter for closing ones.
        gain: as a factor, once it is known.
        files: names of the files that hold this chapter alone.
        measured: those files.
    """

    number: int
    title: str
    role: Role
    layout: Layout
    tape: Tape
    gain: float = 1.0
    files: list[str] = field(default_factory=list)
    measured: list[Measured] = field(default_factory=list)

    @property
    def samples(self) -> int:
        """Its length."""
        return self.layout.samples

    def blocks(
        self, rate: int, mastering: Mastering, ceiling_db: float | None = None
    ) -> Iterator[np.ndarray]:
        """The chapter as it is to be heard: float32 blocks."""
        return mastered(self.tape, rate, mastering, self.gain, ceiling_db)

    def stem(self, chapters: int) -> str:
        """Of its files' names, in a book of so many chapters."""
        return chapter_stem(self.number, self.title, chapters)

    def timeline(self, rate: int) -> ChapterTimeline:
        """What `timeline.json` says of it, its place in the book left open."""
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
