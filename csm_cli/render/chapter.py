"""From spoken lines to chapter files: decode, place between pauses, encode, note the times."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

import numpy as np

from csm_cli.audio.encode import Tags, export_chapter
from csm_cli.audio.names import chapter_stem
from csm_cli.audio.stitch import stitch_chapter
from csm_cli.audio.timeline import ChapterTimeline, Gap, GapKind, Spoken
from csm_cli.audio.trim import trim
from csm_cli.engine import Codes
from csm_cli.render.plan import Chain
from csm_cli.render.takes import SpokenLine
from csm_cli.screenplay import Chapter, Line, Pause, SceneBreak

PART_GAP_SECONDS = 0.2
"""Between the parts of a line that was split: the breath between two sentences."""
DECODE_BATCH = 16


class Decoder(Protocol):
    """What turning codes into sound needs of an engine."""

    @property
    def sample_rate(self) -> int:
        """Hz."""

    def decode(self, codes: list[Codes]) -> list[np.ndarray]:
        """float32 mono `[samples]` for each."""


def write_chapter(
    engine: Decoder, chain: Chain, lines: Sequence[SpokenLine], folder: Path, formats: Sequence[str]
) -> tuple[ChapterTimeline, list[Path]]:
    """Write the files of a finished chapter.

    Returns:
        (when each line is heard; the files, in the order of `formats`).
    """
    chapter, play = chain.chapter, chain.screenplay
    parts = arrange(chapter, spoken_lines(engine, lines))
    segment, entries = stitch_chapter(parts, engine.sample_rate, chapter=chapter.number)
    stem = chapter_stem(chapter.number, chapter.title, len(play.chapters))
    tags = Tags(title=chapter.title, album=play.title, artist=play.author, track=chapter.number)
    files = export_chapter(segment, folder, stem, formats, tags)
    first, *more = (file.name for file in files)
    seconds = segment.frame_count() / engine.sample_rate
    timeline = ChapterTimeline(chapter.number, chapter.title, first, seconds, tuple(entries), tuple(more))
    return timeline, files


def arrange(chapter: Chapter, heard: dict[str, Spoken]) -> list[Spoken | Gap]:
    """The lines of a chapter with a gap at each boundary.

    A pause or a scene break of the script takes the place of the gap that would be there; several add up.
    A chapter's own pauses come before its first line and behind its last.
    """
    parts: list[Spoken | Gap] = []
    before: Line | None = None
    asked = _asked(chapter.settings.pause_before)
    for item in chapter.items:
        if isinstance(item, Pause):
            asked.append(Gap("pause", item.seconds))
        elif isinstance(item, SceneBreak):
            if before is not None or not item.title:  # a chapter may begin with the title of its first scene
                asked.append(Gap("scene"))
        elif isinstance(item, Line) and item.id in heard:
            asked += _asked(item.settings.pause_before)
            if before is not None and not asked:
                parts.append(Gap(_boundary(before, item)))
            parts += asked
            parts.append(heard[item.id])
            before, asked = item, _asked(item.settings.pause_after)
    return parts + asked + _asked(chapter.settings.pause_after)


def _asked(seconds: float | None) -> list[Spoken | Gap]:
    return [] if seconds is None else [Gap("pause", seconds)]


def spoken_lines(engine: Decoder, lines: Sequence[SpokenLine]) -> dict[str, Spoken]:
    """What the stitcher is given for each line, by its id; lines with nothing to say are left out."""
    sounds = decode_lines(engine, lines)
    return {
        line.id: Spoken(line.id, line.speaker, line.text, spoken.seed, sound)
        for spoken, sound in zip(lines, sounds, strict=True)
        for line in [spoken.planned.line]
        if spoken.takes
    }


def decode_lines(engine: Decoder, lines: Sequence[SpokenLine]) -> list[np.ndarray]:
    """The sound of each line, float32 `[samples]`: its parts, trimmed, with a breath between them."""
    codes = [take.codes for line in lines for take in line.takes if len(take.codes)]
    sounds: list[np.ndarray] = []
    for start in range(0, len(codes), DECODE_BATCH):
        sounds += engine.decode(codes[start : start + DECODE_BATCH])
    rest = iter(sounds)
    return [
        join_parts([next(rest) for take in line.takes if len(take.codes)], engine.sample_rate)
        for line in lines
    ]


def join_parts(parts: list[np.ndarray], rate: int) -> np.ndarray:
    """The parts of one line as one sound; a line in one part is left as it is."""
    if len(parts) < 2:
        return parts[0] if parts else np.zeros(0, dtype=np.float32)
    breath = np.zeros(round(PART_GAP_SECONDS * rate), dtype=np.float32)
    joined = [piece for part in parts for piece in (breath, trim(part, rate))]
    return np.concatenate(joined[1:])


def _boundary(before: Line, after: Line) -> GapKind:
    if before.speaker != after.speaker:
        return "speaker"
    return "paragraph" if after.new_paragraph else "line"
