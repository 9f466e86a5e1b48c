"""What the stitcher is given, and the timing manifest it leaves: when each line is heard in its file."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, get_args

import numpy as np

SCHEMA_VERSION = 1

GapKind = Literal["line", "speaker", "paragraph", "scene", "chapter", "pause"]
GAP_KINDS: tuple[str, ...] = get_args(GapKind)


@dataclass(frozen=True, eq=False)
class Spoken:
    """One spoken line.

    Attributes:
        audio: float32 mono `[samples]` in [-1, 1], at the rate that the stitcher is told.
    """

    line_id: str
    speaker: str
    text: str
    seed: int
    audio: np.ndarray

    def __post_init__(self) -> None:
        if self.audio.ndim != 1:
            raise ValueError(f"{self.line_id}: audio must be mono [samples], not {self.audio.shape}")


@dataclass(frozen=True)
class Gap:
    """Room tone between lines.

    Attributes:
        kind: the boundary it stands for; `Pauses` gives its length.
        seconds: an explicit length, which wins. A gap of kind "pause" has no other.
    """

    kind: GapKind
    seconds: float | None = None

    def __post_init__(self) -> None:
        if self.kind not in GAP_KINDS:
            raise ValueError(f"gap of unknown kind {self.kind!r}")
        if self.seconds is None and self.kind == "pause":
            raise ValueError("a gap of kind 'pause' needs seconds")
        if self.seconds is not None and not 0 <= self.seconds < float("inf"):
            raise ValueError(f"a gap of {self.seconds} seconds")


@dataclass(frozen=True)
class TimelineEntry:
    """One line as heard: `start` and `end` are seconds in the chapter file, on whole samples, to 1e-6."""

    chapter: int
    line_id: str
    speaker: str
    text: str
    seed: int
    start: float
    end: float

    @classmethod
    def at(cls, spoken: Spoken, *, chapter: int, start: int, end: int, rate: int) -> TimelineEntry:
        """The entry of a line heard from sample `start` up to, not including, sample `end`."""
        return cls(
            chapter=chapter,
            line_id=spoken.line_id,
            speaker=spoken.speaker,
            text=spoken.text,
            seed=spoken.seed,
            start=round(start / rate, 6),
            end=round(end / rate, 6),
        )

    def samples(self, rate: int) -> tuple[int, int]:
        """(start, end) in samples. Exact: 1e-6 s is far less than half a sample at any rate in use."""
        return round(self.start * rate), round(self.end * rate)

    def as_dict(self, rate: int) -> dict[str, Any]:
        """The entry as it stands in `timeline.json`."""
        start_sample, end_sample = self.samples(rate)
        return {
            "id": self.line_id,
            "chapter": self.chapter,
            "speaker": self.speaker,
            "text": self.text,
            "seed": self.seed,
            "start": self.start,
            "end": self.end,
            "start_sample": start_sample,
            "end_sample": end_sample,
        }


@dataclass(frozen=True)
class ChapterTimeline:
    """One chapter file and the lines in it.

    Attributes:
        file: the name of the chapter's first file, relative to the timeline.
        duration: seconds.
        more_files: the same chapter in further formats.
    """

    number: int
    title: str
    file: str
    duration: float
    entries: tuple[TimelineEntry, ...]
    more_files: tuple[str, ...] = ()

    def as_dict(self, rate: int) -> dict[str, Any]:
        """The chapter as it stands in `timeline.json`."""
        return {
            "number": self.number,
            "title": self.title,
            "file": self.file,
            "files": [self.file, *self.more_files],
            "duration": round(self.duration, 6),
            "samples": round(self.duration * rate),
            "lines": [entry.as_dict(rate) for entry in self.entries],
        }


@dataclass(frozen=True)
class Timeline:
    """The timing of a whole script. Samples count at `sample_rate`, whatever rate an MP3 was made at."""

    title: str
    sample_rate: int
    chapters: tuple[ChapterTimeline, ...]

    def as_dict(self) -> dict[str, Any]:
        """The plain value that `to_json` writes."""
        return {
            "schema": SCHEMA_VERSION,
            "title": self.title,
            "sample_rate": self.sample_rate,
            "chapters": [chapter.as_dict(self.sample_rate) for chapter in self.chapters],
        }

    def to_json(self) -> str:
        """The text of `timeline.json`."""
        return json.dumps(self.as_dict(), indent=2, ensure_ascii=False) + "\n"

    def write(self, path: Path | str) -> Path:
        """Writes `timeline.json` in one step.

        Raises:
            CsmError: the file cannot be written.
        """
        from csm_cli.audio.atomic import written

        with written(path) as temporary:
            temporary.write_text(self.to_json(), encoding="utf-8")
        return Path(path)
