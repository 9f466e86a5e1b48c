"""Chapters spoken as `csm render` does: each line has the turns before it as context, and is begun when the
one before it is spoken and the one before that is decoded.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from csm_cli.bench.end_to_end import render_lines
from csm_cli.bench.subject import SAMPLER, Prompts
from csm_cli.core.types import Codes, Segment, Speech, Utterance
from csm_cli.engine.decoding import LineDecoder
from csm_cli.engine.prompt import Position
from csm_cli.engine.scheduler import BatchScheduler
from csm_cli.rendering.context import drop_oldest

LINES = 20
"""In a chapter."""


class ChapterPrompts(Prompts):
    """Prompts with their context: a voice, turns of text and frames, and a text of twenty ids."""

    @property
    def reference(self) -> Segment:
        """Stands for the voice; its positions are the first of the ids."""
        return Segment(0, "voice", np.zeros((0, self.num_codebooks), dtype=np.int16))

    def content(self, utterance: Utterance) -> list[Position]:
        found: list[Position] = list(self.ids[: self.voice])
        for turn in utterance.context[1:]:
            found += [*self._text(int(turn.text)), *(frame.tobytes() for frame in turn.codes), self.ids[0]]
        return found + self._text(utterance.seed)

    def _text(self, seed: int) -> list[Position]:
        """Those of the line of a seed."""
        return [self.ids[(seed + n * n) % len(self.ids)] for n in range(20)]


class Spoken(BatchScheduler):
    """A scheduler that calls `follow` with the ticket and codes of each line that is finished."""

    follow: Callable[[int, Codes], None]

    def advance(self) -> list[tuple[int, Speech]]:
        done = super().advance()
        for ticket, speech in done:
            self.follow(ticket, speech.codes)
        return done


def speak_chapters(
    make: Callable[[Any, int], Spoken], ids: list[int], codebooks: int, batch: int, decoder: LineDecoder[int]
) -> dict[str, Any]:
    """A chapter of twenty lines of 20 to 80 frames for each slot, and where the time goes.

    Args:
        make: gives a scheduler, of a prompter and slots.
        codebooks: of the model.
        ids: half of them stand for a voice, the first part of every prompt.
        batch: slots.
        decoder: of the model's codes.
    """
    scheduler: Spoken
    turns: list[list[Segment]] = [[] for _ in range(batch)]
    chapter_of: dict[int, int] = {}
    begun, spoken, decoded = [0] * batch, [0] * batch, [0] * batch
    frames = positions = 0

    def begin(chapter: int) -> None:
        nonlocal frames, positions
        number = begun[chapter]
        if number == LINES or number > spoken[chapter] or number > decoded[chapter] + 1:
            return
        n = chapter * LINES + number
        cap = 20 + n * 37 % 61
        context = (prompts.reference, *turns[chapter])
        line = Utterance(0, "", context, seed=n, max_frames=cap, sampler=SAMPLER)
        chapter_of[scheduler.submit(line)] = chapter
        begun[chapter] += 1
        frames, positions = frames + cap, positions + len(prompts.content(line))

    def follow(ticket: int, codes: Codes) -> None:
        chapter = chapter_of[ticket]
        turn = Segment(0, str(chapter * LINES + spoken[chapter]), codes)
        turns[chapter] = drop_oldest([*turns[chapter], turn])
        spoken[chapter] += 1
        begin(chapter)

    def write(ticket: int, sound: np.ndarray) -> None:
        chapter = chapter_of.pop(ticket)
        decoded[chapter] += 1
        begin(chapter)

    prompts: Any = ChapterPrompts(ids, codebooks, voice=len(ids) // 2)
    scheduler = make(prompts, batch)
    scheduler.follow = follow
    for chapter in range(batch):
        begin(chapter)
    found = render_lines(scheduler, decoder, write)
    found.sound = frames * 0.08
    return {
        "frames_in_all": frames,
        "slots": scheduler.count,
        "positions": positions / (LINES * batch),
        **found.figures(),
    }
