"""The retail sample: the book's beginning, as far as the end of a line after some three minutes."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from csm_cli.audio.disk_buffer import BLOCK, Tape
from csm_cli.delivery.chapter import ChapterOnTape

SHORTEST_SECONDS, WANTED_SECONDS, LONGEST_SECONDS = 60.0, 180.0, 295.0  # shops take one to five minutes
TAIL_SECONDS = 1.5


def sample_tape(chapters: Sequence[ChapterOnTape], rate: int, path: Path) -> Tape:
    """The sample, levelled as its chapters are; credits are left out. As long as the book if that is shorter.

    Args:
        chapters: of the book, in order, on tape.
        path: where the sample's own tape goes.
    """
    tape = Tape(path)
    try:
        for chapter in chapters:
            if chapter.role == "chapter" and tape.size < SHORTEST_SECONDS * rate:
                _copy(chapter, tape, _end(chapter, tape.size, rate))
        tape.resize(tape.size + round(TAIL_SECONDS * rate))
    except BaseException:
        tape.close()  # where the disk is full, it makes room
        raise
    return tape


def _end(chapter: ChapterOnTape, before: int, rate: int) -> int:
    """The sample of the chapter up to which it is heard: the end of a line where it has to be cut."""
    ends = [line.samples(rate)[1] for line in chapter.layout.lines]
    fitting = [end for end in ends if before + end <= LONGEST_SECONDS * rate]
    enough = [end for end in fitting if before + end >= WANTED_SECONDS * rate]
    if enough:
        return enough[0]
    if len(fitting) == len(ends):
        return ends[-1] if ends else 0
    # Its next line is a very long one: better cut within it than a sample of a few seconds.
    last = fitting[-1] if fitting else 0
    return last if before + last >= SHORTEST_SECONDS * rate else round(WANTED_SECONDS * rate) - before


def _copy(chapter: ChapterOnTape, tape: Tape, end: int) -> None:
    offset = tape.size
    for start in range(0, end, BLOCK):
        block = chapter.tape.read(start, min(start + BLOCK, end))
        tape.mix(offset + start, block * np.float32(chapter.gain))
