"""The slots of a batch: requests are admitted to them, decoded a frame at a time together, and released."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np
import torch

from csm_cli.core.types import Codes, Speech
from csm_cli.engine.devices import ALL, Reports, SpeedUps, Stopwatch, threads_for
from csm_cli.engine.frames import decode_backbone, decode_frame, prepare_noise, whole_frame
from csm_cli.engine.gpu import fused_parts
from csm_cli.engine.graphs import FrameGraphs
from csm_cli.engine.layout import PrefixCache, Weights, round_up
from csm_cli.engine.linears import Plain
from csm_cli.engine.prompt import Prompter, keys_of, matched, shared_prefix
from csm_cli.engine.slots import Request, Slot
from csm_cli.engine.state import (
    KV_BUCKET,
    Admission,
    Part,
    Status,
    admit,
    compact,
    new_state,
    prefill,
    release,
)

PROMPT_BUCKET = 64
"""Off the CPU, a prefill is padded to a multiple of this many positions."""

ROW_BUCKETS = (1, 16, 64, 128)
"""Rows that a frame is recorded for on a GPU, beside all of them."""

_TOGETHER = 12
"""Lines whose prompts are read together on a GPU, if as many slots become free in time."""

_PATIENCE = 4
"""Frames that a free slot is left idle for, so that several prompts are read together."""

_LEAST_PREFILL = 8
"""Positions prefilled at least: the last one's state is needed, and products of few rows are rounded in
another way.
"""


class Batch:
    """`count` slots and their state; all memory is allocated here.

    Args:
        weights, prompter: of the model.
        count: slots.
        positions: prompt and frames of a line together, at most.
        speed: which speed-ups to use.
        notice: called with a line of text for the user.
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
        self._weights, self._prompter, self._speed = weights, prompter, speed
        self._device = weights.text.device
        cuda, full = self._device.type == "cuda", weights.text.dtype == torch.float32
        self._exact = full and self._device.type == "cpu"
        plain = isinstance(weights.backbone.layers[0].qkv, Plain)  # rounded otherwise below four rows
        self._row_multiple = 1 if weights.kernels is not None or (count == 1 and not plain) else 4
        self._slots = [Slot() for _ in range(count)]
        self._prefixes = PrefixCache()
        self._reports = Reports(self._device)
        self._frames_waited = 0
        self.stopwatch: Stopwatch | None = None
        self._state = new_state(weights, self._rows(count), positions, prompter.eos)
        fused = fused_parts(self._state, speed.graphs and cuda, notice) if speed.fused else None
        frame = fused[0] if fused else None
        self._prompts = fused[1] if fused else None
        self._reuse = speed.reuse and (full or self._prompts is not None)
        self._frame: Any = frame
        if cuda and speed.graphs:
            steps = partial(whole_frame, self._state)
            self._frame = FrameGraphs(self._state, frame or steps, frame is not None, notice)

    @property
    def busy(self) -> list[int]:
        """Numbers of the slots that have a request, in order."""
        return [row for row, slot in enumerate(self._slots) if slot.request is not None]

    def refill(self, waiting: deque[Request]) -> None:
        """Move requests from the head of the queue into free slots, each into the one that has most of its
        prompt cached.
        """
        free = [row for row, slot in enumerate(self._slots) if slot.request is None]
        if not free or not waiting or self._gathering(len(free)):
            return
        requests = [waiting[i] for i in range(min(len(free), len(waiting)))]
        chosen = self._matched(requests, free)
        with self._measured("prompts"):
            self._admit(chosen)
        for request, _, _ in chosen:
            waiting.remove(request)

    def _matched(self, requests: Sequence[Request], free: Sequence[int]) -> list[tuple[Request, int, int]]:
        """A free slot for each request, and how many positions of its prompt that has cached."""
        if not self._reuse:
            return [(request, row, 0) for request, row in zip(requests, free, strict=False)]
        pairs = matched([request.keys for request in requests], [self._slots[row].keys for row in free])
        return [
            (requests[i], free[j], shared_prefix(requests[i].prompt, self._slots[free[j]].cached))
            for i, j in pairs
        ]

    def _gathering(self, free: int) -> bool:
        """Whether to wait for more free slots: on a GPU, several prompts take little longer than one."""
        if self._prompts is None or not self.busy or free >= min(_TOGETHER, len(self._slots) // 32):
            self._frames_waited = 0
            return False
        self._frames_waited += 1
        if self._frames_waited <= _PATIENCE:
            return True
        self._frames_waited = 0
        return False

    def _admit(self, chosen: Sequence[tuple[Request, int, int]]) -> None:
        """Put requests into slots whose caches hold their first `shared` positions."""
        lines, parts = [], []
        for request, row, shared in chosen:
            slot, utterance = self._slots[row], request.utterance
            content = request.prompt + [frame.tobytes() for frame in request.output]
            slot.cached, slot.keys = slot.cached[:shared], slot.keys[:shared]
            voice = self._prompter.positions(utterance.context[:1]) if self._speed.reuse else 0
            if shared < voice:
                if not self._prefixes.fetch(content[:voice], self._state.cache, row):
                    self._prefill([Part(row, content[:voice], 0)])
                    self._prefixes.store(content[:voice], self._state.cache, row)
                shared = voice
            start = max(0, min(shared, len(content) - _LEAST_PREFILL))
            parts.append(Part(row, content[start:], start))
            lines.append(Admission(row, utterance, len(content), len(request.output)))
            slot.cached = content
            slot.keys = keys_of(content) if request.output.size else request.keys
        admit(self._state, lines, self._prefill(parts))
        for request, row, _ in chosen:
            slot = self._slots[row]
            slot.request, slot.steps, slot.frames = request, 0, list(request.output)

    def _prefill(self, parts: Sequence[Part]) -> torch.Tensor:
        """Read parts of prompts; the backbone's state after each, `[parts, H]`."""
        if self._prompts is not None:
            return self._prompts(parts)
        bucket = 0 if self._device.type == "cpu" else PROMPT_BUCKET
        with threads_for(self._weights.backbone.work, self._device):
            return torch.stack([prefill(self._state, part, bucket) for part in parts])

    def compact(self) -> None:
        """Where rows may be left out, move requests into lower free slots if fewer rows are computed then."""
        busy = self.busy
        if not busy or self._rows(len(busy)) == self._rows(busy[-1] + 1):
            return
        free = (row for row, slot in enumerate(self._slots) if slot.request is None)
        for source in reversed(busy):
            target = next(free, len(self._slots))
            if target >= source:
                break
            compact(self._state, source, target, self._slots[source].length)
            self._slots[target], self._slots[source] = self._slots[source], Slot()

    def _rows(self, busy: int) -> int:
        """Rows computed when only the first `busy` slots have requests.

        All of them, wherever the numbers of a row depend on how many there are and rows cost little: then a
        line does not depend on when its neighbours end.
        """
        if self._exact:
            return round_up(busy, self._row_multiple)
        count = len(self._slots)
        if self._device.type != "cuda" or not self._speed.graphs:
            return count
        # On a GPU a few numbers only, as each is recorded; half the rows do not take half the time.
        return next((rows for rows in ROW_BUCKETS if busy <= rows < count), count)

    def step(self) -> list[tuple[int, Speech]]:
        """Generate a frame of every request; (ticket, speech) of those that the host has found finished."""
        state, busy = self._state, self.busy
        if not busy:
            return []
        rows = self._rows(busy[-1] + 1)
        with threads_for(self._weights.backbone.work, self._device), self._measured("frames"):
            if self._frame is not None:
                self._frame(rows, max(self._slots[row].length for row in busy) + 1)
            else:
                if lengths := [self._slots[row].length for row in busy if self._slots[row].steps]:
                    end = min(round_up(max(lengths), KV_BUCKET), state.cache.keys[0].shape[2])
                    decode_backbone(state, rows, end)
                decode_frame(state, rows, prepare_noise(state))
        for row in busy:
            self._slots[row].steps += 1
        tickets = [slot.request.ticket if slot.request else 0 for slot in self._slots]
        places = {ticket: row for row, ticket in enumerate(tickets) if ticket}
        done = []
        for ticket, report in self._reports.exchange(state.report[: len(self._slots)], tickets):
            if ticket not in places:
                continue
            row, status = places[ticket], int(report[-1])
            if status in (Status.FRAME, Status.LAST):
                self._slots[row].frames.append(report[:-1])
            if status != Status.FRAME:
                done.append(self._finish(row, status == Status.EOS))
        return done

    def _measured(self, part: str) -> AbstractContextManager[None]:
        return nullcontext() if self.stopwatch is None else self.stopwatch.measure(part)

    def _finish(self, row: int, ended: bool) -> tuple[int, Speech]:
        """Take a request out of its slot, whose cache stays for the next one."""
        slot, request = self._slots[row], self._slots[row].request
        assert request is not None
        codes = self._output(row)
        if self._reuse:
            # The frames before an EOS frame are in the cache; the last one before a cap is not.
            decoded = codes[len(request.output) : len(codes) if ended else len(codes) - 1]
            slot.cached = slot.cached + [frame.tobytes() for frame in decoded]
            slot.keys = keys_of(slot.cached)
        slot.request = None
        release(self._state, row)
        return request.ticket, Speech(codes, ended)

    def cancel(self, ticket: int) -> None:
        """Take a request out of its slot, if it has one, as if its cap had been reached."""
        if (row := self._row_of(ticket)) is not None:
            self._finish(row, ended=False)

    def output(self, ticket: int, start: int = 0) -> Codes | None:
        """A request's frames from frame `start` on, int16 `[frames, codebooks]`; None if it has no slot."""
        row = self._row_of(ticket)
        return None if row is None else self._output(row, start)

    def _row_of(self, ticket: int) -> int | None:
        for row, slot in enumerate(self._slots):
            if slot.request is not None and slot.request.ticket == ticket:
                return row
        return None

    def interrupted(self) -> list[Request]:
        """The requests in slots, with the frames they have, to be admitted to another batch."""
        requests = [(row, self._slots[row].request) for row in self.busy]
        return [replace(request, output=self._output(row)) for row, request in requests if request]

    def _output(self, row: int, start: int = 0) -> Codes:
        frames = self._slots[row].frames[start:]
        return np.stack(frames) if frames else np.zeros((0, self._weights.num_codebooks), dtype=np.int16)
