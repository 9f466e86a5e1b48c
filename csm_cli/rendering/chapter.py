"""From lines with their takes to what a chapter is made of: placed between pauses."""

from __future__ import annotations

from collections.abc import Callable, Container, Iterator, Sequence
from pathlib import Path

import numpy as np

from csm_cli import script
from csm_cli.audio.timeline import Bed, BedEnd, Gap, GapKind, Part, Sound, Spoken
from csm_cli.audio.trim import cap_gaps, trim
from csm_cli.rendering.credits import is_title
from csm_cli.rendering.line import SpokenLine
from csm_cli.script import Chapter, Line, Pause, SceneBreak
from csm_cli.takes import TakeStore

PART_GAP_SECONDS = 0.2
"""Between the parts of a line that was split: the breath between two sentences."""


def arrange(chapter: Chapter, heard: Container[str], sound: Callable[[Line], Spoken]) -> Iterator[Part]:
    """The lines of a chapter with a gap at each boundary, and its sounds and beds.

    A pause or a scene break of the script takes the place of the gap that would be there; several add up.
    A chapter's own pauses come before its first line and behind its last. A bed ends with its scene.

    Args:
        heard: the ids of the lines that have a sound.
        sound: gives it, asked once for each of them, in order.
    """
    before: Line | None = None
    asked: list[Part] = _asked(chapter.settings.pause_before)
    for item in chapter.items:
        if isinstance(item, Pause):
            asked.append(Gap("pause", item.seconds))
        elif isinstance(item, SceneBreak):
            if before is not None or not item.title:  # a chapter may begin with the title of its first scene
                asked.append(Gap("scene"))
            asked.append(BedEnd())
        elif isinstance(item, script.Sound):
            asked.append(Sound(Path(item.path), item.gain, item.over))
        elif isinstance(item, script.Bed):
            asked.append(Bed(Path(item.path), item.gain, -item.duck, item.fade))
        elif isinstance(item, script.BedEnd):
            asked.append(BedEnd())
        elif isinstance(item, Line) and item.id in heard:
            asked += _asked(item.settings.pause_before)
            if before is not None and not any(isinstance(part, Gap) for part in asked):
                yield Gap(_boundary(before, item))
            yield from asked
            if asked and isinstance(asked[-1], Sound) and not asked[-1].under:
                yield Gap("line")
            yield sound(item)
            before, asked = item, _asked(item.settings.pause_after)
    yield from asked
    yield from _asked(chapter.settings.pause_after)


def _asked(seconds: float | None) -> list[Part]:
    return [] if seconds is None else [Gap("pause", seconds)]


Mark = Callable[[np.ndarray, int], np.ndarray]
"""Gives a sound, float32 `[samples]` at a rate in Hz, back with a watermark in it."""


def chapter_parts(
    store: TakeStore, chapter: Chapter, lines: Sequence[SpokenLine], mark: Mark | None = None
) -> Iterator[Part]:
    """What is heard in a chapter, read from the stored takes as it is asked for; no model is needed.

    Args:
        store: where the takes are.
        chapter: of the script.
        lines: its lines, each with the take that is used.
        mark: puts a watermark into each line as it is delivered; None: none.

    Raises:
        CsmError: while it is read, where a take is damaged or gone.
    """
    sounding = {line.planned.line.id: line for line in lines if line.take is not None}
    return arrange(chapter, sounding, lambda line: _spoken(store, sounding[line.id], mark))


def _spoken(store: TakeStore, spoken: SpokenLine, mark: Mark | None) -> Spoken:
    """What the stitcher is given for a line."""
    line, take = spoken.planned.line, spoken.take
    assert take is not None
    sound = join_parts([part for part in store.audio(take) if part.size], take.rate)
    if mark is not None:
        sound = mark(sound, take.rate)
    return Spoken(
        spoken.planned.id,
        line.speaker,
        line.text,
        spoken.seed,
        cap_gaps(sound, take.rate),
        gain_db=line.settings.gain or 0.0,
        new_paragraph=line.new_paragraph,
        takes=(take.id,),
    )


def join_parts(parts: list[np.ndarray], rate: int) -> np.ndarray:
    """The parts of one line as one sound; a line in one part is left as it is."""
    if len(parts) < 2:
        return parts[0] if parts else np.zeros(0, dtype=np.float32)
    breath = np.zeros(round(PART_GAP_SECONDS * rate), dtype=np.float32)
    joined = [piece for part in parts for piece in (breath, trim(part, rate))]
    return np.concatenate(joined[1:])


def _boundary(before: Line, after: Line) -> GapKind:
    if is_title(before):
        return "chapter"
    if before.speaker != after.speaker:
        return "speaker"
    return "paragraph" if after.new_paragraph else "line"
