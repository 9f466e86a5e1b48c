"""Continuous batching: lines decoded side by side; a finished line is released and a waiting one admitted.

`submit` lines, `poll` them back as they are finished, in any order:

    scheduler = engine.scheduler(16)
    tickets = {scheduler.submit(utterance): utterance for utterance in utterances}
    while done := scheduler.poll():
        for ticket, speech in done:
            ...  # more may be submitted here

A line's codes follow from its prompt, seed and sampler. On a CPU in float32 they are the same to the last bit
whatever is spoken beside it, however its prompt came into the cache and however many slots there are.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field, replace

import numpy as np
import torch

from csm_cli.core.errors import CsmError, first_line
from csm_cli.core.types import Codes, Speech, Utterance
from csm_cli.engine.devices import DoneFlags, is_out_of_memory, threads_for
from csm_cli.engine.graphs import Frames
from csm_cli.engine.linears import Plain
from csm_cli.engine.prompt import Position, PrefixCache, Prompter, common
from csm_cli.engine.state import (
    PAGE,
    State,
    enter,
    hear,
    leave,
    move,
    new_state,
    prepare_noise,
    read,
    round_up,
    speak,
)
from csm_cli.engine.weights import Weights

PROMPT_BUCKET = 64
"""Off the CPU, what is read at once is padded to a multiple of this many positions."""


@dataclass(eq=False)
class Line:
    """A line that was given.

    Attributes:
        content: its prompt, position by position.
        frames: what it has said already; not empty if it was interrupted.
    """

    ticket: int
    utterance: Utterance
    content: list[Position]
    frames: Codes


@dataclass(eq=False)
class Slot:
    """What the host knows of a slot.

    Attributes:
        line: being spoken; None: the slot is free.
        content: what its cache holds, but for the frames of the line that is being spoken.
        steps: frames computed since the line entered.
    """

    line: Line | None = None
    content: list[Position] = field(default_factory=list)
    steps: int = 0

    @property
    def length(self) -> int:
        """Positions in its cache, at most: the line may have ended without the host knowing."""
        return len(self.content) + self.steps


class BatchScheduler:
    """Speaks lines side by side. `Engine.slots` makes one.

    Args:
        weights, prompter: of the model.
        count: lines spoken side by side.
        positions: prompt and frames of a line together, at most.
        eager: no speed-up: keys and values of a voice reference, and of what a slot has just spoken, are not
            kept between lines.
        graphs: play whole frames that were recorded as CUDA graphs; see `graphs`.
        compiled: let Inductor compile them first.
        notice: told, in a line, what the user should know.
    """

    def __init__(
        self,
        weights: Weights,
        prompter: Prompter,
        count: int,
        positions: int,
        *,
        eager: bool = False,
        graphs: bool = False,
        compiled: bool = False,
        notice: Callable[[str], None] = lambda text: None,
    ) -> None:
        if count < 1:
            raise ValueError(f"there must be at least one slot, not {count}")
        self._weights, self._prompter, self._positions = weights, prompter, positions
        self._eager, self._graphs, self._compiled, self._notice = eager, graphs, compiled, notice
        # In half precision a position is not the same read and spoken, and a line would depend on whether
        # the ones before it were spoken in the same run.
        self._go_on = not eager and weights.text.dtype == torch.float32
        self._device = weights.text.device
        # Plain products of fewer rows than four round in another way.
        self._alone = not isinstance(weights.backbone.layers[0].qkv, Plain)
        self._exact = self._device.type == "cpu" and weights.text.dtype == torch.float32
        self._kept = PrefixCache()
        self._waiting: deque[Line] = deque()
        self._tickets = 0
        self._make(count)

    def _make(self, count: int) -> None:
        self._slots = [Slot() for _ in range(count)]
        self._state: State | None = None
        self._play: Frames | None = None
        self._flags = DoneFlags(self._device)

    @property
    def count(self) -> int:
        """Slots there are; half of them go each time memory runs out."""
        return len(self._slots)

    @property
    def unfinished(self) -> int:
        """Lines given and not yet taken."""
        return len(self._waiting) + sum(slot.line is not None for slot in self._slots)

    def submit(self, utterance: Utterance) -> int:
        """Queue a line; the number it will be taken by.

        Raises:
            CsmError: its prompt with its `max_frames` exceeds the model's positions, or its context is not of
                this model.
        """
        content = self._prompter.content(utterance)
        if len(content) + utterance.max_frames > self._positions:
            raise CsmError(
                f"a prompt of {len(content)} positions and {utterance.max_frames} frames to come exceed the "
                f"model's {self._positions} positions",
                remedy="give less context, split the line, or lower its cap",
            )
        self._tickets += 1
        nothing = np.zeros((0, self._prompter.num_codebooks), dtype=np.int16)
        self._waiting.append(Line(self._tickets, utterance, content, nothing))
        return self._tickets

    def poll(self) -> list[tuple[int, Speech]]:
        """Speak until a line is finished, or several at once; none if there is nothing left to speak.

        Raises:
            CsmError: there is not enough memory for a single line, or a fast path failed.
        """
        done: list[tuple[int, Speech]] = []
        while not done and self.unfinished:
            done = self.advance()
        return done

    def advance(self) -> list[tuple[int, Speech]]:
        """Speak one frame of every line that has a slot; the lines finished by it."""
        try:
            with torch.inference_mode():
                self._refill()
                self._shrink()
                return self._frame()
        except CsmError:
            raise
        except Exception as error:  # numba and torch raise errors of many kinds
            if is_out_of_memory(error):
                self._halve(error)
            elif self._eager:
                raise
            else:
                raise CsmError(
                    f"the engine failed on {self._device} ({first_line(error)})",
                    remedy="try again with --eager, which turns every speed-up off; no finished line is lost",
                ) from error
            return []

    def spoken(self, ticket: int) -> Codes:
        """The frames of an unfinished line so far, int16 `[frames, codebooks]`."""
        for row, slot in enumerate(self._slots):
            if slot.line is not None and slot.line.ticket == ticket:
                return self._frames_of(row)
        return next(line.frames for line in self._waiting if line.ticket == ticket)

    def _refill(self) -> None:
        """Give free slots to waiting lines, each the one that holds most of what it needs."""
        free = [row for row, slot in enumerate(self._slots) if slot.line is None]
        if not free or not self._waiting:
            return
        if self._state is None:
            rows = self._rows(self.count)
            self._state = new_state(self._weights, rows, self._positions, self._prompter.eos)
            self._play = Frames(self._state, self._compiled) if self._graphs else None
        lines = [self._waiting[i] for i in range(min(len(free), len(self._waiting)))]
        shared = {
            (i, row): common(line.content, self._slots[row].content) if self._go_on else 0
            for i, line in enumerate(lines)
            for row in free
        }
        while shared:
            i, row = min(shared, key=lambda pair: (-shared[pair], pair))
            self._enter(lines[i], row, shared[i, row])
            self._waiting.remove(lines[i])
            shared = {pair: n for pair, n in shared.items() if pair[0] != i and pair[1] != row}

    def _enter(self, line: Line, row: int, shared: int) -> None:
        """Let a line have a slot whose cache holds its first `shared` positions."""
        assert self._state is not None
        slot, state = self._slots[row], self._state
        content = line.content + [frame.tobytes() for frame in line.frames]
        voice = self._prompter.positions(line.utterance.context[:1]) if not self._eager else 0
        slot.content = slot.content[:shared]
        if shared < voice:
            if self._kept.fetch(content[:voice], state.cache, row):
                shared = voice
            else:
                self._read(row, content[:voice], 0)
                self._kept.store(content[:voice], state.cache, row)
                shared = voice
        # Something has to be read to know what comes next; and products of few rows round in another way.
        shared = max(0, min(shared, len(content) - 8))
        hidden = self._read(row, content, shared)
        asked = line.utterance
        frames = torch.from_numpy(line.frames)
        enter(state, row, hidden, len(content), asked.seed, asked.sampler, asked.max_frames, frames)
        slot.content, slot.line, slot.steps = content, line, 0

    def _read(self, row: int, content: list[Position], start: int) -> torch.Tensor:
        assert self._state is not None
        with threads_for(self._work, self._device):
            embeds = self._prompter.embed(content[start:], self._weights)
            return read(self._state, row, embeds, start, 0 if self._device.type == "cpu" else PROMPT_BUCKET)

    def _shrink(self) -> None:
        """Where rows may be left out, move lines down into free slots if that makes the batch smaller."""
        busy = [row for row, slot in enumerate(self._slots) if slot.line is not None]
        if not busy or self._rows(len(busy)) == self._rows(busy[-1] + 1):
            return
        assert self._state is not None
        free = (row for row, slot in enumerate(self._slots) if slot.line is None)
        for source in reversed(busy):
            target = next(free, self.count)
            if target >= source:
                break
            move(self._state, source, target, self._slots[source].length)
            self._slots[target], self._slots[source] = self._slots[source], Slot()

    def _rows(self, busy: int) -> int:
        """Rows computed when the first `busy` slots matter.

        All of them, wherever the numbers of a row depend on how many there are: then a line does not depend
        on when its neighbours end.
        """
        return round_up(busy, self._least) if self._exact else self.count

    @property
    def _least(self) -> int:
        """Rows computed at least, and what their number is a multiple of."""
        return 1 if self._weights.kernels or (self._alone and self.count == 1) else 4

    @property
    def _work(self) -> int:
        """Multiplications a row takes in the largest product of a step."""
        return self._weights.backbone.work

    def _frame(self) -> list[tuple[int, Speech]]:
        """Speak a frame; the lines that are known to be finished."""
        state = self._state
        busy = [row for row, slot in enumerate(self._slots) if slot.line is not None]
        if state is None or not busy:
            return []
        rows = self._rows(busy[-1] + 1)
        lengths = [slot.length for slot in self._slots if slot.line is not None and slot.steps]
        with threads_for(self._work, self._device):
            if self._play is not None:
                self._play(rows, max(self._slots[row].length for row in busy) + 1)
            else:
                if lengths:
                    end = min(round_up(max(lengths), PAGE), state.cache.keys[0].shape[2])
                    hear(state, rows, end)
                speak(state, rows, prepare_noise(state))
        for row in busy:
            self._slots[row].steps += 1
        tickets = [slot.line.ticket if slot.line else 0 for slot in self._slots]
        running = dict(self._flags.exchange(state.running[: self.count], tickets))
        return [self._finish(row) for row in busy if not running.get(tickets[row], True)]

    def _finish(self, row: int) -> tuple[int, Speech]:
        """Take a line out of its slot, which keeps what it has heard."""
        assert self._state is not None
        slot, line = self._slots[row], self._slots[row].line
        assert line is not None
        codes, ended = self._frames_of(row), bool(self._state.ended[row])
        # What comes before EOS was heard; a frame at the cap was not.
        heard = codes[len(line.frames) : len(codes) if ended else len(codes) - 1]
        slot.content = slot.content + [frame.tobytes() for frame in heard]
        slot.line = None
        leave(self._state, row)
        return line.ticket, Speech(codes, ended)

    def _frames_of(self, row: int) -> Codes:
        assert self._state is not None
        return self._state.spoken[row, : int(self._state.frames[row])].cpu().numpy().copy()

    def _halve(self, error: BaseException) -> None:
        """Go on with half the slots. What has been said is read back like a prompt."""
        interrupted: list[Line] = []
        for row, slot in enumerate(self._slots):
            if slot.line is not None:
                interrupted.append(replace(slot.line, frames=self._frames_of(row)))
        count = self.count // 2
        self._make(max(1, count))
        self._kept = PrefixCache()
        if self._device.type == "cuda":
            torch.cuda.empty_cache()
        self._waiting.extendleft(reversed(interrupted))
        if not count:
            raise CsmError(
                "there is not enough memory to speak even one line",
                remedy="use --quantize int8, --dtype bf16, another --device or a smaller model",
            ) from error
        self._notice(
            f"out of memory: going on with {count} lines side by side instead of {2 * count}; nothing spoken "
            f"is lost (--batch {count} starts that way)"
        )
