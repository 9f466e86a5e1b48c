"""Continuous batching: lines decoded side by side; a finished line is released and a waiting one admitted.

`submit` lines, `poll` them back as they are finished, in any order:

    scheduler = engine.scheduler(16)
    tickets = {scheduler.submit(utterance): utterance for utterance in utterances}
    while done := scheduler.poll():
        for ticket, speech in done:
            ...  # more may be submitted here

A line's codes follow from its prompt, seed and sampler. On a CPU in float32 they are the same to the last bit
whatever else is in the batch, however its prompt came into the KV cache and however many slots there are.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from functools import partial

import numpy as np
import torch

from csm_cli.core.errors import CsmError, first_line
from csm_cli.core.types import Codes, Speech, Utterance
from csm_cli.engine.batch import Batch, Request
from csm_cli.engine.devices import ALL, NONE, SpeedUps, Stopwatch, is_out_of_memory, on
from csm_cli.engine.graphs import RECORDING
from csm_cli.engine.layout import Weights
from csm_cli.engine.prompt import Prompter


class BatchScheduler:
    """A queue of lines in front of a batch of slots. `Engine.scheduler` makes one.

    Args:
        weights, prompter: of the model.
        count: lines decoded side by side.
        positions: prompt and frames of a line together, at most.
        speed: which speed-ups to use.
        notice: called with a line of text for the user.

    Raises:
        ValueError: `count` is below 1.
    """

    def __init__(
        self,
        weights: Weights,
        prompter: Prompter,
        count: int,
        positions: int,
        *,
        speed: SpeedUps = ALL,
        notice: Callable[[str], None] = lambda text: None,
    ) -> None:
        if count < 1:
            raise ValueError(f"there must be at least one slot, not {count}")
        self._prompter, self._positions, self._count = prompter, positions, count
        self._speed, self._notice = speed, notice
        self._device = weights.text.device
        self._new_batch = partial(Batch, weights, prompter, positions=positions, speed=speed, notice=notice)
        self._batch: Batch | None = None  # made for the first line: making it may run out of memory
        self._waiting: deque[Request] = deque()
        self._tickets = 0
        self.stopwatch: Stopwatch | None = None
        """Measures prompts and frames, if there is one before the first frame."""

    @property
    def device(self) -> torch.device:
        """That it runs on."""
        return self._device

    @property
    def count(self) -> int:
        """Slots; half of them go each time memory runs out."""
        return self._count

    @property
    def unfinished(self) -> int:
        """Lines submitted and not yet returned."""
        return len(self._waiting) + (len(self._batch.busy) if self._batch is not None else 0)

    def submit(self, utterance: Utterance) -> int:
        """Queue a line; returns its ticket, which `poll` returns with its speech.

        Raises:
            CsmError: its prompt with its `max_frames` exceeds the model's positions, or its context is not of
                this model.
        """
        prompt = self._prompter.content(utterance)
        if len(prompt) + utterance.max_frames > self._positions:
            raise CsmError(
                f"a prompt of {len(prompt)} positions and {utterance.max_frames} frames to come exceed the "
                f"model's {self._positions} positions",
                remedy="give less context, split the line, or lower its cap",
            )
        self._tickets += 1
        nothing = np.zeros((0, self._prompter.num_codebooks), dtype=np.int16)
        self._waiting.append(Request(self._tickets, utterance, prompt, nothing))
        return self._tickets

    def poll(self) -> list[tuple[int, Speech]]:
        """Decode until a line is finished, or several at once; an empty list if no line is left.

        Raises:
            CsmError: there is not enough memory for a single line, or a fast path failed.
        """
        done: list[tuple[int, Speech]] = []
        while not done and self.unfinished:
            done = self.advance()
        return done

    def advance(self) -> list[tuple[int, Speech]]:
        """Decode one frame of every line that has a slot; returns (ticket, speech) of the finished lines.

        Raises:
            CsmError: as `poll`.
        """
        try:
            with torch.inference_mode(), on(self._device):
                if self._batch is None:
                    if not self._waiting:
                        return []
                    self._batch = self._new_batch(count=self._count)
                    self._batch.stopwatch = self.stopwatch
                self._batch.refill(self._waiting)
                self._batch.compact()
                return self._batch.step()
        except CsmError:
            raise
        except Exception as error:  # numba and torch raise errors of many kinds
            if is_out_of_memory(error):
                self._halve(error)
            elif self._speed == NONE:
                raise
            else:
                raise CsmError(
                    f"the engine failed on {self._device} ({first_line(error)})",
                    remedy="try again with --eager, which turns every speed-up off; no finished line is lost",
                ) from error
            return []

    def cancel(self, ticket: int) -> None:
        """Give up a line: one that waits is forgotten, one that has a slot leaves it. `poll` returns neither.

        The lines beside it are not changed by that. One that is finished, or given up already, is no error.
        """
        for request in self._waiting:
            if request.ticket == ticket:
                self._waiting.remove(request)
                return
        if self._batch is not None:
            with torch.inference_mode(), on(self._device):
                self._batch.cancel(ticket)

    def output(self, ticket: int, start: int = 0) -> Codes:
        """The frames of an unfinished line so far, from frame `start` on, int16 `[frames, codebooks]`."""
        found = self._batch.output(ticket, start) if self._batch is not None else None
        if found is not None:
            return found
        return next(request.output[start:] for request in self._waiting if request.ticket == ticket)

    def _halve(self, error: BaseException) -> None:
        """Go on with half the slots. Frames that were generated are prefilled like a prompt."""
        if self._batch is not None:
            self._waiting.extendleft(reversed(self._batch.interrupted()))
        count = self._count // 2
        self._batch, self._count = None, max(1, count)
        if self._device.type == "cuda":
            with RECORDING:
                torch.cuda.empty_cache()
        if not count:
            raise CsmError(
                "there is not enough memory to speak even one line",
                remedy="use --quantize int8, --dtype bf16, another --device or a smaller model",
            ) from error
        self._notice(
            f"out of memory: going on with {count} lines side by side instead of {2 * count}; nothing spoken "
            f"is lost (--batch {count} starts that way)"
        )
