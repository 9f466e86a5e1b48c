"""From spoken lines to what a chapter is made of: decoded, placed between pauses."""

from __future__ import annotations

from collections.abc import Callable, Container, Iterator, Sequence
from pathlib import Path
from typing import Protocol

import numpy as np

from csm_cli import screenplay
from csm_cli.audio.timeline import Bed, BedEnd, Gap, GapKind, Part, Sound, Spoken
from csm_cli.audio.trim import trim
from csm_cli.engine import Codes
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
        elif isinstance(item, screenplay.Sound):
            asked.append(Sound(Path(item.path), item.gain, item.over))
        elif isinstance(item, screenplay.Bed):
            asked.append(Bed(Path(item.path), item.gain, -item.duck, item.fade))
        elif isinstance(item, screenplay.BedEnd):
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


def chapter_parts(engine: Decoder, chapter: Chapter, lines: Sequence[SpokenLine]) -> Iterator[Part]:
    """What is heard in a chapter; its lines are decoded a few at a time, as they are asked for."""
    sounding = [line for line in lines if line.takes]
    spoken = spoken_lines(engine, sounding)
    return arrange(chapter, {line.planned.line.id for line in sounding}, lambda line: next(spoken))


def spoken_lines(engine: Decoder, lines: Sequence[SpokenLine]) -> Iterator[Spoken]:
    """What the stitcher is given for each line, in order."""
    for start in range(0, len(lines), DECODE_BATCH):
        batch = lines[start : start + DECODE_BATCH]
        for spoken, sound in zip(batch, decode_lines(engine, batch), strict=True):
            line = spoken.planned.line
            yield Spoken(
                line.id,
                line.speaker,
                line.text,
                spoken.seed,
                sound,
                gain_db=line.settings.gain or 0.0,
                new_paragraph=line.new_paragraph,
            )


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
