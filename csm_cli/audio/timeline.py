"""The parts of a chapter before mixing, and its timing after: lines, pauses and sounds, to the sample."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, get_args

import numpy as np

from csm_cli.audio.word_times import WordTime, placed

SCHEMA_VERSION = 2

GapKind = Literal["line", "speaker", "paragraph", "scene", "chapter", "pause"]
GAP_KINDS: tuple[str, ...] = get_args(GapKind)
Role = Literal["chapter", "opening credits", "closing credits"]


@dataclass(frozen=True, eq=False)
class Spoken:
    """One spoken line.

    Attributes:
        text: as written: what subtitles show.
        audio: float32 mono `[samples]` in [-1, 1], at the rate that the mixer is given.
        gain_db: of this line against the others, from the script.
        speed: of `audio` against what was spoken.
        bounds: first and last sample of the speech in it; None: where it rises above silence.
        new_paragraph: whether a paragraph begins here.
        takes: names of the takes that it is made of.
        cues: directions in `text`: (word, as written, index of its first character).
        words: when each word is spoken, in seconds of `audio`; () where nobody asked.
    """

    line_id: str
    speaker: str
    text: str
    seed: int
    audio: np.ndarray
    gain_db: float = 0.0
    speed: float = 1.0
    bounds: tuple[int, int] | None = None
    new_paragraph: bool = True
    takes: tuple[str, ...] = ()
    cues: tuple[tuple[str, str, int], ...] = ()
    words: tuple[WordTime, ...] = ()

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
class Sound:
    """A sound file, played once.

    Attributes:
        path: of any format.
        gain_db: applied to it as it is, before the chapter is levelled.
        under: the speech goes on over it, and it gives way (ducks); else the speech waits until it is over.
    """

    path: Path
    gain_db: float = 0.0
    under: bool = False


@dataclass(frozen=True)
class Bed:
    """A sound that lies under everything from here to the next `BedEnd` or `Bed`, or the chapter's end.

    Attributes:
        path: of any format; a short one is repeated without a seam.
        gain_db: applied to it as it is.
        duck_db: further down while somebody speaks.
        fade_seconds: at its beginning and end.
    """

    path: Path
    gain_db: float = -12.0
    duck_db: float = -9.0
    fade_seconds: float = 1.5


@dataclass(frozen=True)
class BedEnd:
    """The bed fades out and ends here."""


Part = Spoken | Gap | Sound | Bed | BedEnd
_SAME = ("line_id", "speaker", "text", "seed", "new_paragraph", "takes", "speed", "cues")


@dataclass(frozen=True)
class TimelineEntry:
    """One line as mixed: `start` and `end` are seconds in the chapter, on whole samples, to 1e-6.

    `cues` as in `Spoken`; `words` are on the chapter's clock.
    """

    chapter: int
    line_id: str
    speaker: str
    text: str
    seed: int
    start: float
    end: float
    new_paragraph: bool = True
    takes: tuple[str, ...] = ()
    speed: float = 1.0
    cues: tuple[tuple[str, str, int], ...] = ()
    words: tuple[WordTime, ...] = ()

    @classmethod
    def at(
        cls, spoken: Spoken, *, chapter: int, start: int, end: int, rate: int, first: int = 0
    ) -> TimelineEntry:
        """The entry of a line from sample `start`, `first` of its sound, up to, not including, `end`."""
        times = round(start / rate, 6), round(end / rate, 6)
        words = placed(spoken.words, (start - first) / rate, *times)
        same = {name: getattr(spoken, name) for name in _SAME}
        return cls(chapter=chapter, start=times[0], end=times[1], words=words, **same)

    def samples(self, rate: int) -> tuple[int, int]:
        """(start, end) in samples. Exact: 1e-6 s is far less than half a sample at any rate in use."""
        return round(self.start * rate), round(self.end * rate)

    def as_dict(self, rate: int) -> dict[str, Any]:
        """The entry as it stands in `timeline.json`; its speed where that is not 1."""
        cues = [{"cue": word, "text": text, "at": at} for word, text, at in self.cues]
        return {
            "id": self.line_id,
            "chapter": self.chapter,
            "speaker": self.speaker,
            "text": self.text,
            "seed": self.seed,
            **_times(self.start, self.end, rate),
            "new_paragraph": self.new_paragraph,
            "takes": list(self.takes),
            **({} if self.speed == 1 else {"speed": self.speed}),
            **({"cues": cues} if cues else {}),
            **({"words": [word.as_dict(self.text) for word in self.words]} if self.words else {}),
        }


@dataclass(frozen=True)
class PauseEntry:
    """Room tone as mixed, in seconds in the chapter.

    Attributes:
        kind: a `GapKind`, "head" or "tail".
    """

    kind: str
    start: float
    end: float

    def as_dict(self, rate: int) -> dict[str, Any]:
        """The entry as it stands in `timeline.json`."""
        return {"kind": self.kind, **_times(self.start, self.end, rate)}


@dataclass(frozen=True)
class SoundEntry:
    """A sound or a bed as mixed, in seconds in the chapter.

    Attributes:
        kind: "sound", "under" or "bed".
    """

    kind: str
    path: str
    gain_db: float
    start: float
    end: float

    def as_dict(self, rate: int) -> dict[str, Any]:
        """The entry as it stands in `timeline.json`."""
        value = {"kind": self.kind, "path": self.path, "gain_db": self.gain_db}
        return value | _times(self.start, self.end, rate)


@dataclass(frozen=True)
class ChapterTimeline:
    """One chapter and what is in it.

    Attributes:
        file: the name of the chapter's first file, relative to the timeline; "" when it has none of its own.
        duration: seconds.
        more_files: the same chapter in further formats.
        offset: seconds from the beginning of the book, over the chapters that the timeline holds.
        gain_db: the one static gain that levelled it.
    """

    number: int
    title: str
    file: str
    duration: float
    entries: tuple[TimelineEntry, ...]
    more_files: tuple[str, ...] = ()
    pauses: tuple[PauseEntry, ...] = ()
    sounds: tuple[SoundEntry, ...] = ()
    role: Role = "chapter"
    offset: float = 0.0
    gain_db: float = 0.0

    @property
    def files(self) -> tuple[str, ...]:
        """Every file that holds this chapter alone."""
        return (self.file, *self.more_files) if self.file else self.more_files

    def as_dict(self, rate: int) -> dict[str, Any]:
        """The chapter as it stands in `timeline.json`."""
        return {
            "number": self.number,
            "title": self.title,
            "role": self.role,
            "file": self.file,
            "files": list(self.files),
            "duration": round(self.duration, 6),
            "samples": round(self.duration * rate),
            **_times(self.offset, self.offset + self.duration, rate),
            "gain_db": round(self.gain_db, 3),
            "lines": [entry.as_dict(rate) for entry in self.entries],
            "pauses": [pause.as_dict(rate) for pause in self.pauses],
            "sounds": [sound.as_dict(rate) for sound in self.sounds],
        }


@dataclass(frozen=True)
class Timeline:
    """The timing of a whole script. Samples count at `sample_rate`, whatever rate a file was made at.

    Attributes:
        book: author, narrator and the like; see `delivery.book.Book.as_dict`.
        files: those that hold the whole book.
    """

    title: str
    sample_rate: int
    chapters: tuple[ChapterTimeline, ...]
    book: dict[str, Any] = field(default_factory=dict)
    files: tuple[str, ...] = ()

    def as_dict(self) -> dict[str, Any]:
        """The plain value that `to_json` writes; `timeline.schema.json` describes it."""
        return {
            "schema": SCHEMA_VERSION,
            "title": self.title,
            "book": self.book,
            "sample_rate": self.sample_rate,
            "samples": sum(round(chapter.duration * self.sample_rate) for chapter in self.chapters),
            "files": list(self.files),
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
        from csm_cli.core.files import written

        with written(path) as temporary:
            temporary.write_text(self.to_json(), encoding="utf-8")
        return Path(path)


def _times(start: float, end: float, rate: int) -> dict[str, Any]:
    samples = {"start_sample": round(start * rate), "end_sample": round(end * rate)}
    return {"start": round(start, 6), "end": round(end, 6), **samples}
