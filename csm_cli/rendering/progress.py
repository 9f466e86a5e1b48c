"""What a rendering reports while it runs, and what it comes to in the end."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from csm_cli.audio.measure import Measured
from csm_cli.core.errors import CsmError
from csm_cli.rendering.line import SpokenLine
from csm_cli.rendering.outdated import StaleLine
from csm_cli.rendering.plan import Chain, PlannedLine
from csm_cli.script import Source


class Progress:
    """What is reported, each in a method that does nothing here: the base of what draws."""

    def start(self, chains: Sequence[Chain]) -> None:
        """The plan is made, speaking begins."""

    listening = False
    """Whether `sound` is wanted: reading stored takes for it costs time."""

    def sound(self, planned: PlannedLine, audio: np.ndarray) -> None:
        """A piece of a line is kept for good: float32 mono `[samples]`, in order."""

    def line(self, line: SpokenLine) -> None:
        """A line is finished, accepted or not."""

    def fleet(self, workers: int, wanted: int, speaking: int, slots: int) -> None:
        """Workers at work, of how many there should be; slots that speak, of how many there are."""

    def left_out(self, script: str) -> None:
        """A script, by its path, has a fault; what is left of it is not spoken."""

    def chapter(self, chain: Chain, seconds: float, files: Sequence[Measured]) -> None:
        """A chapter, `seconds` long, is complete; so are its own files."""

    def book(self, files: Sequence[Measured], notes: Sequence[str]) -> None:
        """The files that waited for the last chapter are written."""


@dataclass(frozen=True)
class Review:
    """A line that stayed bad after all tries; its best take was used. `silent`: there is none."""

    source: Source
    line_id: str
    speaker: str
    text: str
    reasons: tuple[str, ...]
    silent: bool = False

    def __str__(self) -> str:
        return f"{self.source}: {self.line_id} {self.speaker}: {'; '.join(self.reasons)}"


@dataclass
class RenderReport:
    """Sums of a rendering; grows while it runs.

    Attributes:
        lines: in finished chapters.
        cached: of these, those whose take was there already.
        silent: of these, those with nothing that the model can say.
        retried: of the others, those that took more than one try.
        stale_lines: of all, those with a take in their context that is used no more.
        spoken_seconds: of the takes that were spoken now.
        audio_seconds: of the chapter files.
        seconds: taken, loading of the model left out.
        files: written, in order.
        reviews: lines for a person to look at.
    """

    lines: int = 0
    cached: int = 0
    silent: int = 0
    retried: int = 0
    stale_lines: list[StaleLine] = field(default_factory=list)
    spoken_seconds: float = 0.0
    audio_seconds: float = 0.0
    seconds: float = 0.0
    files: list[Path] = field(default_factory=list)
    reviews: list[Review] = field(default_factory=list)

    @property
    def times_real_time(self) -> float:
        """Seconds of speech made in a second."""
        return self.spoken_seconds / self.seconds if self.seconds else 0.0

    @property
    def rendered(self) -> int:
        """Lines that were spoken now."""
        return self.lines - self.cached - self.silent

    @property
    def stale(self) -> int:
        """Number of stale lines."""
        return len(self.stale_lines)

    def add_chapter(
        self, spoken: list[SpokenLine], seconds: float, files: list[Path], stale: Sequence[StaleLine] = ()
    ) -> None:
        """Count a finished chapter: its lines, seconds, files, and those of its lines that are stale."""
        self.lines += len(spoken)
        self.audio_seconds += seconds
        self.files += files
        self.stale_lines += stale
        for line in spoken:
            self.silent += line.take is None
            self.cached += line.take is not None and not line.rendered
            if line.rendered and line.take is not None:
                self.retried += line.take.tries > 1
                self.spoken_seconds += line.seconds
            if line.reasons:
                source = line.planned.line
                self.reviews.append(
                    Review(
                        source.source,
                        line.planned.id,
                        source.speaker,
                        source.text,
                        line.reasons,
                        silent=line.take is None,
                    )
                )


class Interrupted(CsmError):
    """Stopped by the user; what was finished is on the disk.

    Args:
        report: what was finished.
        unfinished: chapters not yet written, of every script.
    """

    exit_code = 130

    def __init__(self, report: RenderReport, unfinished: list[Chain]):
        self.report, self.unfinished = report, unfinished
        super().__init__("interrupted")
