"""A chapter, a line and a take as plain values, made and read back, and the drift of a voice in a chapter."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from csm_cli.audio.timeline import ChapterTimeline, TimelineEntry
from csm_cli.core.stored import parsed, shaped
from csm_cli.rendering.line import SpokenLine
from csm_cli.script import Chapter
from csm_cli.takes import Part, Take, TakeStore
from csm_cli.takes.keys import place_of

LEAST_LINES = 4
DRIFTED = -0.1
"""A fall of the likeness by this much from the first third of a voice's lines to the last is reported."""


def drifts(lines: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """The likeness over a chapter of every voice whose takes were held against their clips.

    Args:
        lines: as `line_row` gives them. `scores` of their takes hold `voice_similarity`, a cosine, where a
            speaker encoder was there to measure it.

    Returns:
        For each voice, in order of appearance: `voice`; `points`, [seconds into the chapter, likeness] a
        line; `mean`; `drift`, mean of the last third of the lines less that of the first, None for fewer
        than four; `drifted`.
    """
    found: dict[str, list[list[float]]] = {}
    for line in lines:
        likeness = _likeness(line["take"])
        if likeness is not None and line["start"] is not None:
            found.setdefault(line["voice"], []).append([line["start"], round(likeness, 4)])
    return [_drift(voice, points) for voice, points in found.items()]


def _likeness(take: Mapping[str, Any] | None) -> float | None:
    """The mean over the parts of a take that were measured."""
    scores = (
        []
        if take is None
        else [each["voice_similarity"] for each in take["scores"] if "voice_similarity" in each]
    )
    return sum(scores) / len(scores) if scores else None


def _drift(voice: str, points: list[list[float]]) -> dict[str, Any]:
    values = [value for _, value in points]
    third = max(1, len(values) // 3)
    drift = None
    if len(values) >= LEAST_LINES:
        drift = round(_mean(values[-third:]) - _mean(values[:third]), 4)
    return {
        "voice": voice,
        "points": points,
        "mean": round(_mean(values), 4),
        "drift": drift,
        "drifted": drift is not None and drift <= DRIFTED,
    }


def _mean(values: Sequence[float]) -> float:
    return sum(values) / len(values)


def other_takes(store: TakeStore, script: str, lines: Sequence[SpokenLine]) -> dict[str, list[str]]:
    """Ids of the other takes that say the same as a line's, latest first, by the line's id.

    Args:
        store: where the takes are.
        script: name of the script's file.
        lines: with the takes that they use.
    """
    found = {}
    for line in lines:
        if line.take is not None:
            place, slot = place_of(script, line.planned.id), line.take.asked.slot
            rows = {row.id: row.made for row in (*store.index.at(place), *store.index.in_slot(slot))}
            rows.pop(line.take.id, None)
            if rows:
                found[line.planned.id] = sorted(rows, key=rows.__getitem__, reverse=True)
    return found


def chapter_row(
    store: TakeStore,
    script: str,
    chapter: Chapter,
    timeline: ChapterTimeline,
    lines: Sequence[SpokenLine],
    others: Mapping[str, Sequence[str]],
) -> dict[str, Any]:
    """A chapter with its lines.

    Args:
        store: where the takes are.
        script: name of the script's file.
        chapter: of the script.
        timeline: of its lines.
        lines: with their takes.
        others: as `other_takes` gives them.
    """
    entries = {entry.line_id: entry for entry in timeline.entries}
    rows = [
        line_row(store, script, line, entries.get(line.planned.id), others.get(line.planned.id, ()))
        for line in lines
    ]
    return {
        "number": chapter.number,
        "title": chapter.title,
        "seconds": round(timeline.duration, 3),
        "likeness": drifts(rows),
        "lines": rows,
    }


def line_row(
    store: TakeStore, script: str, spoken: SpokenLine, entry: TimelineEntry | None, others: Sequence[str]
) -> dict[str, Any]:
    """A line: what it says, the take it uses, what is said against that, and its other takes."""
    planned, line, take = spoken.planned, spoken.planned.line, spoken.take
    place = place_of(script, planned.id)
    return {
        "id": planned.id,
        "source": str(line.source),
        "speaker": line.speaker,
        "voice": planned.voice,
        "text": line.text,
        "spoken": " ".join(planned.parts),
        "start": None if entry is None else entry.start,
        "end": None if entry is None else entry.end,
        "state": "silent" if take is None else "rendered" if spoken.rendered else "cached",
        "stale": spoken.stale,
        "review": list(spoken.reasons),
        "take": None if take is None else take_row(take, place),
        "others": [take_row(other, place) for other in map(store.peek, others) if other is not None],
    }


def take_row(take: Take, place: str) -> dict[str, Any]:
    """A take: how it came about, what the checks found, and its waveform."""
    return {
        "id": take.id,
        "origin": take.origin,
        "made": take.made,
        "seconds": round(take.seconds, 3),
        "seed": take.parts[0].seed if take.parts else take.asked.seed,
        "tries": take.tries,
        "pinned": place in take.pins,
        "checked": list(take.checked),
        "reasons": list(take.reasons),
        "scores": [_figures(part) for part in take.parts if part.scores],
        "heard": list(take.context),
        "peaks": take.peaks,
    }


def _figures(part: Part) -> dict[str, Any]:
    """What the checks found of a part, without the times of its words."""
    return {name: value for name, value in part.scores.items() if name != "times"}


def totals(chapters: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Sums over chapters."""
    lines = [line for chapter in chapters for line in chapter["lines"]]
    return {
        "lines": len(lines),
        "cached": sum(line["state"] == "cached" for line in lines),
        "rendered": sum(line["state"] == "rendered" for line in lines),
        "silent": sum(line["state"] == "silent" for line in lines),
        "retried": sum(line["state"] == "rendered" and line["take"]["tries"] > 1 for line in lines),
        "stale": sum(line["stale"] for line in lines),
        "review": sum(bool(line["review"]) for line in lines),
        "audio_seconds": round(sum(chapter["seconds"] for chapter in chapters), 3),
    }


SCHEMA = 1
"""Of `report.json`."""


@dataclass(frozen=True)
class _Take:
    id: str
    origin: str
    made: str
    seconds: float
    seed: int
    tries: int
    pinned: bool
    checked: tuple[str, ...]
    reasons: tuple[str, ...]
    scores: tuple[dict[str, Any], ...]
    heard: tuple[str, ...]
    peaks: str


@dataclass(frozen=True)
class _Line:
    id: str
    source: str
    speaker: str
    voice: str
    text: str
    spoken: str
    start: float | None
    end: float | None
    state: Literal["silent", "rendered", "cached"]
    stale: bool
    review: tuple[str, ...]
    take: _Take | None
    others: tuple[_Take, ...]


@dataclass(frozen=True)
class _Chapter:
    number: int
    title: str
    seconds: float
    likeness: tuple[dict[str, Any], ...]
    lines: tuple[_Line, ...]


def read_chapters(path: Path, script: str) -> dict[int, dict[str, Any]]:
    """The chapters of a report, as `chapter_row` made them, by their numbers.

    Returns:
        None of a report that is another script's, or damaged: reports are made again by a rendering.
    """
    try:
        value = parsed(path.read_bytes())
        if not isinstance(value, dict) or (value.get("schema"), value.get("script")) != (SCHEMA, script):
            return {}
        chapters: list[dict[str, Any]] = value.get("chapters", [])
        found = shaped(tuple[_Chapter, ...], chapters)
        lines = [line for chapter in found for line in chapter.lines]
        if any((line.take is None) is not (line.state == "silent") for line in lines):
            return {}
    except (OSError, ValueError):
        return {}
    return {chapter["number"]: chapter for chapter in chapters}
