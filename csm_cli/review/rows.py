"""Scripts, chapters, lines and takes as plain values, as the page gets them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from csm_cli.audio.mastering import Pauses
from csm_cli.audio.timeline import Gap, Spoken
from csm_cli.editing.lines import ScriptLine
from csm_cli.rendering.assemble import arrange
from csm_cli.rendering.report.rows import take_row
from csm_cli.review.marks import Mark, MarkFile
from csm_cli.review.reading import OpenScript
from csm_cli.script import Chapter, Line

Row = dict[str, Any]
_SILENCE = np.zeros(0, dtype=np.float32)


def gaps_of(chapter: Chapter, pauses: Pauses) -> dict[str, float]:
    """Seconds of pause behind each line of a chapter, by the line's id in the script.

    Behind the last line comes what is at the end of the chapter and at the head of the next.
    """
    lines = {line.id for line in chapter.lines}
    gaps = dict.fromkeys(lines, 0.0)
    last = ""

    def sound(line: Line) -> Spoken:
        return Spoken(line.id, line.speaker, line.text, 0, _SILENCE)

    for part in arrange(chapter, lines, sound):
        if isinstance(part, Spoken):
            last = part.line_id
        elif isinstance(part, Gap) and last:
            gaps[last] += pauses.seconds(part)
    if last:
        gaps[last] += pauses.tail + pauses.head
    return {line: round(seconds, 3) for line, seconds in gaps.items()}


def state_of(script: OpenScript, line: ScriptLine) -> str:
    """new, ok, stale, review, pinned, or silent for a line that the model can say nothing of."""
    used = script.record.lines.get(line.planned.id)
    if line.take is None and (not line.planned.parts or (used is not None and not used.take)):
        return "silent"
    return line.state


def line_row(
    script: OpenScript, line: ScriptLine, mark: Mark | None, gap: float, job: tuple[str | None, str]
) -> Row:
    """A line; `job`: the state of what is to be spoken of it, and a message."""
    take, written = line.take, line.planned.line
    return {
        "id": line.planned.id,
        "chapter": line.chapter.number,
        "source": line.source,
        "speaker": written.speaker,
        "voice": line.planned.voice,
        "text": written.text,
        "state": state_of(script, line),
        "reasons": [*line.changes, *line.reasons],
        **mark_values(mark),
        "take": None if take is None else take.id,
        "seconds": 0.0 if take is None else round(take.seconds, 3),
        "peaks": "" if take is None else take.peaks,
        "gap": gap,
        "job": job[0],
        "job_message": job[1],
    }


def mark_values(mark: Mark | None) -> Row:
    """A mark as two values."""
    return {"mark": None if mark is None else mark.mark, "fault": None if mark is None else mark.fault}


def take_rows(script: OpenScript, line: ScriptLine, marks: MarkFile) -> list[Row]:
    """The takes of a line, oldest first, numbered from 1."""
    rows = []
    for number, take in enumerate(script.takes_of(line), 1):
        row = take_row(take, line.place)
        del row["heard"]
        used = line.take is not None and line.take.id == take.id
        row |= {"number": number, "in_use": used, **mark_values(marks.get(line.planned.id, take.id))}
        rows.append(row)
    return rows


COUNTED = ("unheard", "heard", "good", "bad", "stale", "review", "new")


def chapter_rows(chapters: Iterable[Chapter], rows: Iterable[Mapping[str, Any]]) -> list[Row]:
    """The chapters, with how many of their lines are in each state."""
    found: dict[int, Row] = {
        chapter.number: {"number": chapter.number, "title": chapter.title, "lines": 0, "seconds": 0.0}
        for chapter in chapters
    }
    counts: dict[int, Counter[str]] = {number: Counter() for number in found}
    for row in rows:
        chapter, count = found[row["chapter"]], counts[row["chapter"]]
        chapter["lines"] += 1
        chapter["seconds"] += row["seconds"]
        count[row["state"]] += 1
        if row["take"] is not None:
            count[row["mark"] or "unheard"] += 1
    return [
        chapter | {"seconds": round(chapter["seconds"], 3)} | {name: counts[number][name] for name in COUNTED}
        for number, chapter in found.items()
    ]


def text_now(name: str, shown: Sequence[str], rows: Mapping[str, Row]) -> str | None:
    """The text of a line, as it is now, of a script that has been changed since it was shown.

    Args:
        name: id of the line.
        shown: ids of all lines as they were shown.
        rows: of all lines as they are now, by their ids.

    Returns:
        None: the line is not there any more, or it is not clear which one it is.
    """
    if name in rows:
        return str(rows[name]["text"])
    if [each for each in shown if each not in rows] != [name]:
        return None
    at, now = shown.index(name), list(rows)
    above = next((each for each in reversed(shown[:at]) if each in rows), None)
    below = next((each for each in shown[at + 1 :] if each in rows), None)
    first = 0 if above is None else now.index(above) + 1
    last = len(now) if below is None else now.index(below)
    return str(rows[now[first]]["text"]) if last - first == 1 else None
