"""`timeline.json` on the disk: written whole, read back, chapters of earlier renderings kept."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from csm_cli.audio.timeline import (
    SCHEMA_VERSION,
    ChapterTimeline,
    PauseEntry,
    Role,
    SoundEntry,
    Timeline,
    TimelineEntry,
)
from csm_cli.audio.word_times import WordTime
from csm_cli.core.errors import MissingError, UsageError, remedy_of
from csm_cli.core.files import is_file, set_aside
from csm_cli.core.reading import read_file
from csm_cli.core.stored import parsed, shaped

NAME = "timeline.json"
MAX_TIMELINE_BYTES = 128 << 20
"""Of words with their times, a million take 70 MB."""


def with_earlier(folder: Path, new: Timeline, of: int) -> tuple[Timeline, str]:
    """The timeline of a script, with chapters of an earlier rendering that were not rendered now.

    Args:
        folder: of the chapter files.
        new: what was rendered now.
        of: chapters the script has; what an earlier rendering had beyond that is dropped.

    Returns:
        The timeline; and what to say of the earlier one if that is damaged, which is then set aside, else "".

    Raises:
        CsmError: it cannot be set aside.
    """
    found, problem = _earlier(folder, new, of)
    chapters = {chapter.number: chapter for chapter in found}
    chapters |= {chapter.number: chapter for chapter in new.chapters}
    placed, offset = [], 0
    for number in sorted(chapters):
        placed.append(replace(chapters[number], offset=round(offset / new.sample_rate, 6)))
        offset += round(chapters[number].duration * new.sample_rate)
    return replace(new, chapters=tuple(placed)), problem


def read_timeline(path: Path | str) -> Timeline:
    """Read a `timeline.json`.

    Raises:
        MissingError: it is not there.
        UsageError: it is damaged, or of another version.
    """
    path = Path(path)
    try:
        return _timeline(read_file(path, MAX_TIMELINE_BYTES))
    except FileNotFoundError as error:
        raise MissingError("no such timeline", where=str(path), remedy="run csm render first") from error
    except OSError as error:
        what = f"cannot be read ({error.strerror or error})"
        raise UsageError(what, where=str(path), remedy=remedy_of(error)) from error
    except ValueError as error:
        raise UsageError(
            f"is no timeline of this version ({error})", where=str(path), remedy="run csm render again"
        ) from error


def _earlier(folder: Path, new: Timeline, of: int) -> tuple[list[ChapterTimeline], str]:
    """Chapters of the timeline that is there, if it is this script's and their files are still there."""
    try:
        found = read_timeline(folder / NAME)
    except MissingError:
        return [], ""
    except UsageError as error:
        kept = set_aside(folder / NAME)
        return [], (
            f"{error.where}: {error.what}; it is {kept.name} now. Files of chapters rendered earlier are "
            "left alone; csm master makes and lists them again"
        )
    chapters = [
        chapter
        for chapter in found.chapters
        if found.sample_rate == new.sample_rate
        and found.book.get("source") == new.book.get("source")
        and (1 <= chapter.number <= of or (chapter.role != "chapter" and chapter.number in (0, of + 1)))
        and chapter.file
        and is_file(folder / chapter.file)
    ]
    return chapters, ""


MOST_SECONDS = 1e7
"""Of a book: four months."""
MOST_RATE = 1_000_000


@dataclass(frozen=True)
class _Word:
    at: int
    word: str
    start: float
    end: float


@dataclass(frozen=True)
class _Cue:
    cue: str
    text: str
    at: int


@dataclass(frozen=True)
class _Line:
    chapter: int
    id: str
    speaker: str
    text: str
    seed: int
    start: float
    end: float
    new_paragraph: bool
    takes: tuple[str, ...]
    speed: float = 1.0
    cues: tuple[_Cue, ...] = ()
    words: tuple[_Word, ...] = ()


@dataclass(frozen=True)
class _Pause:
    kind: str
    start: float
    end: float


@dataclass(frozen=True)
class _Sound:
    kind: str
    path: str
    gain_db: float
    start: float
    end: float


@dataclass(frozen=True)
class _Chapter:
    number: int
    title: str
    role: Role
    file: str
    files: tuple[str, ...]
    duration: float
    start: float
    gain_db: float
    lines: tuple[_Line, ...]
    pauses: tuple[_Pause, ...]
    sounds: tuple[_Sound, ...]


@dataclass(frozen=True)
class _Book:
    """The file; the fields of this and of what is in it are those of `timeline.schema.json`."""

    schema: int
    title: str
    sample_rate: int
    chapters: tuple[_Chapter, ...]
    book: dict[str, Any]
    files: tuple[str, ...]


def _timeline(data: bytes) -> Timeline:
    found = shaped(_Book, parsed(data))
    if found.schema != SCHEMA_VERSION:
        raise ValueError(f"it is of schema {found.schema}")
    if not 1 <= found.sample_rate <= MOST_RATE:
        raise ValueError(f"a rate of {found.sample_rate} Hz")
    if any(not isinstance(value, str) for value in found.book.values()):
        raise ValueError("book: says something else than text")
    chapters = tuple(map(_chapter, found.chapters))
    return Timeline(found.title, found.sample_rate, chapters, found.book, found.files)


def _chapter(found: _Chapter) -> ChapterTimeline:
    words = [word for line in found.lines for word in line.words]
    spans: list[_Line | _Pause | _Sound | _Word] = [*found.lines, *found.pauses, *found.sounds, *words]
    times = [found.duration, found.start, *(time for each in spans for time in (each.start, each.end))]
    if not 0 <= min(times) <= max(times) <= MOST_SECONDS:
        raise ValueError(f"chapter {found.number}: a time before 0 or beyond {MOST_SECONDS:g} s")
    return ChapterTimeline(
        number=found.number,
        title=found.title,
        file=found.file,
        duration=found.duration,
        entries=tuple(map(_line, found.lines)),
        more_files=found.files[1:],
        pauses=tuple(PauseEntry(each.kind, each.start, each.end) for each in found.pauses),
        sounds=tuple(
            SoundEntry(each.kind, each.path, each.gain_db, each.start, each.end) for each in found.sounds
        ),
        role=found.role,
        offset=found.start,
        gain_db=found.gain_db,
    )


def _line(found: _Line) -> TimelineEntry:
    return TimelineEntry(
        chapter=found.chapter,
        line_id=found.id,
        speaker=found.speaker,
        text=found.text,
        seed=found.seed,
        start=found.start,
        end=found.end,
        new_paragraph=found.new_paragraph,
        takes=found.takes,
        speed=found.speed,
        cues=tuple((each.cue, each.text, each.at) for each in found.cues),
        words=tuple(
            WordTime(each.at, each.at + len(each.word), each.start, each.end) for each in found.words
        ),
    )
