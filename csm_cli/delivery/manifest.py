"""`timeline.json` on the disk: written whole, read back, chapters of earlier renderings kept."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from csm_cli.audio.timeline import (
    SCHEMA_VERSION,
    ChapterTimeline,
    PauseEntry,
    SoundEntry,
    Timeline,
    TimelineEntry,
)
from csm_cli.audio.word_times import WordTime
from csm_cli.core.data import read_json
from csm_cli.core.errors import MissingError, UsageError

NAME = "timeline.json"
MAX_TIMELINE_BYTES = 128 << 20
"""Of words with their times, a million take 70 MB."""


def with_earlier(folder: Path, new: Timeline, of: int) -> Timeline:
    """The timeline of a script, with chapters of an earlier rendering that were not rendered now.

    Args:
        folder: of the chapter files.
        new: what was rendered now.
        of: chapters the script has; what an earlier rendering had beyond that is dropped.
    """
    chapters = {chapter.number: chapter for chapter in _earlier(folder, new, of)}
    chapters |= {chapter.number: chapter for chapter in new.chapters}
    placed, offset = [], 0
    for number in sorted(chapters):
        placed.append(replace(chapters[number], offset=round(offset / new.sample_rate, 6)))
        offset += round(chapters[number].duration * new.sample_rate)
    return replace(new, chapters=tuple(placed))


def read_timeline(path: Path | str) -> Timeline:
    """Read a `timeline.json`.

    Raises:
        MissingError: it is not there.
        UsageError: it is damaged, or of another version.
    """
    path = Path(path)
    try:
        return _timeline(read_json(path, MAX_TIMELINE_BYTES))
    except FileNotFoundError as error:
        raise MissingError("no such timeline", where=str(path), remedy="run csm render first") from error
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise UsageError(
            "is no timeline of this version", where=str(path), remedy="run csm render again"
        ) from error


def _earlier(folder: Path, new: Timeline, of: int) -> list[ChapterTimeline]:
    """Chapters of the timeline that is there, if it is this script's and their files are still there."""
    try:
        found = read_timeline(folder / NAME)
    except (MissingError, UsageError):
        return []
    return [
        chapter
        for chapter in found.chapters
        if found.sample_rate == new.sample_rate
        and found.book.get("source") == new.book.get("source")
        and (1 <= chapter.number <= of or (chapter.role != "chapter" and chapter.number in (0, of + 1)))
        and chapter.file
        and (folder / chapter.file).is_file()
    ]


def _timeline(value: Mapping[str, Any]) -> Timeline:
    if value["schema"] != SCHEMA_VERSION:
        raise ValueError(f"schema {value['schema']}")
    chapters = tuple(map(_chapter, value["chapters"]))
    return Timeline(
        str(value["title"]), int(value["sample_rate"]), chapters, dict(value["book"]), tuple(value["files"])
    )


def _chapter(value: Mapping[str, Any]) -> ChapterTimeline:
    number = int(value["number"])
    return ChapterTimeline(
        number=number,
        title=str(value["title"]),
        file=str(value["file"]),
        duration=float(value["duration"]),
        entries=tuple(_line(line) for line in value["lines"]),
        more_files=tuple(map(str, value["files"][1:])),
        pauses=tuple(PauseEntry(str(each["kind"]), *_span(each)) for each in value["pauses"]),
        sounds=tuple(
            SoundEntry(str(each["kind"]), str(each["path"]), float(each["gain_db"]), *_span(each))
            for each in value["sounds"]
        ),
        role=value["role"],
        offset=float(value["start"]),
        gain_db=float(value["gain_db"]),
    )


def _line(value: Mapping[str, Any]) -> TimelineEntry:
    start, end = _span(value)
    words = (
        WordTime(int(each["at"]), int(each["at"]) + len(str(each["word"])), *_span(each))
        for each in value.get("words", ())
    )
    return TimelineEntry(
        chapter=int(value["chapter"]),
        line_id=str(value["id"]),
        speaker=str(value["speaker"]),
        text=str(value["text"]),
        seed=int(value["seed"]),
        start=start,
        end=end,
        new_paragraph=bool(value["new_paragraph"]),
        takes=tuple(map(str, value["takes"])),
        speed=float(value.get("speed", 1.0)),
        cues=tuple((str(each["cue"]), str(each["text"]), int(each["at"])) for each in value.get("cues", ())),
        words=tuple(words),
    )


def _span(value: Mapping[str, Any]) -> tuple[float, float]:
    return float(value["start"]), float(value["end"])
