"""The slots of a batch: requests are admitted to them, decoded a frame at a time together, and released."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field, replace

import torch

from csm_cli.core.types import Codes, Speech, Utterance
from csm_cli.engine.devices import DoneFlags, threads_for
from csm_cli.engine.graphs import FrameGraphs
from csm_cli.engine.layout import PrefixCache, Weights
from csm_cli.engine.linears import Plain
from csm_cli.engine.prompt import Position, Prompter, shared_prefix
from csm_cli.engine.state import (
    KV_BUCKET,
    admit,
    compact,
    decode_backbone,
    decode_frame,
    new_state,
    prefill,
    prepare_noise,
    release,
    round_up,
)
from csm_cli.engine.steps import embed_prompt

PROMPT_BUCKET = 64
"""Off the CPU, a prefill is padded to a multiple of this many positions."""

_LEAST_PREFILL = 8
"""Positions prefilled at least: the last one's state is needed, and products of few rows are rounded in
another way.
"""


@dataclass(eq=False)
class Request:
    """An utterance that was submitted.

    Attributes:
        prompt: what stands at each of its positions.
        output: frames generated before an interruption, int16 `[frames, codebooks]`; most often none.
    """

    ticket: int
    utterance: Utterance
    prompt: list[Position]
    output: Codes


@dataclass(eq=False)
class Slot:
    """A row of the state, as far as the host keeps track of it.

    Attributes:
        request: being generated; None: the slot is free.
        cached: what its KV cache holds, but for the frames of the request being generated.
        steps: frames computed since the request was admitted.
    """

    request: Request | None = None
    cached: list[Position] = field(default_factory=list)
    steps: int = 0

    @property
    def length(self) -> int:
        """Positions in its KV cache at most: off the CPU, a line's end reaches the host a frame late."""
        return len(self.cached) + self.steps


class Batch:
    """`count` slots and their state; all memory is allocated here.

    Args:
        weights, prompter: of the model.
        count: slots.
        positions: prompt and frames of a line together, at most.
        eager, graphs, compiled: as `BatchScheduler`.
    """

    def __init__(
        self,
        weights: Weights,
        prompter: Prompter,
        count: int,
        positions: int,
        *,
        eager: bool,
        graphs: bool,
        compiled: bool,
    ) -> None:
        self._weights, self._prompter, self._eager = weights, prompter, eager
        self._device = weights.text.device
        full = weights.text.dtype == torch.float32
        # In half precision a prefilled position differs from a decoded one, and a line would depend on
        # whether the ones before it were generated in the same run.
        self._reuse = full and not eager
        self._exact = full and self._device.type == "cpu"
        # Plain products of fewer rows than four are rounded in another way.
        plain = isinstance(weights.backbone.layers[0].qkv, Plain)
        self._row_multiple = 1 if weights.kernels is not None or (count == 1 and not plain) else 4
        self._slots = [Slot() for _ in range(count)]
        self._prefixes = PrefixCache()
        self._flags = DoneFlags(self._device)
        self._state = new_state(weights, self._rows(count), positions, prompter.eos)
        self._graphs = FrameGraphs(self._state, compiled) if graphs else None

    @property
    def busy(self) -> list[int]:
        """Numbers of the slots that have a request, in order."""
        return [row for row, slot in enumerate(self._slots) if slot.request is not None]

    def refill(self, waiting: deque[Request]) -> None:
        """Move requests from the head of the queue into free slots, each into the one that has most of its
        prompt cached.
        """
        free = [row for row, slot in enumerate(self._slots) if slot.request is None]
        requests = [waiting[i] for i in range(min(len(free), len(waiting)))]
        shared = {
            (i, row): shared_prefix(request.prompt, self._slots[row].cached) if self._reuse else 0
            for i, request in enumerate(requests)
            for row in free
        }
        while shared:
            i, row = min(shared, key=lambda pair: (-shared[pair], pair))
            self._admit(requests[i], row, shared[i, row])
            waiting.remove(requests[i])
            shared = {pair: n for pair, n in shared.items() if pair[0] != i and pair[1] != row}

    def _admit(self, request: Request, row: int, shared: int) -> None:
        """Put a request into a slot whose cache holds its first `shared` positions."""
        slot, state, utterance = self._slots[row], self._state, request.utterance
        content = request.prompt + [frame.tobytes() for frame in request.output]
        voice = 0 if self._eager else self._prompter.positions(utterance.context[:1])
        slot.cached = slot.cached[:shared]
        if shared < voice:
            if not self._prefixes.fetch(content[:voice], state.cache, row):
                self._prefill(row, content[:voice], 0)
                self._prefixes.store(content[:voice], state.cache, row)
            shared = voice
        hidden = self._prefill(row, content, max(0, min(shared, len(content) - _LEAST_PREFILL)))
        admit(state, row, hidden, len(content), utterance, torch.from_numpy(request.output))
        slot.cached, slot.request, slot.steps = content, request, 0

    def _prefill(self, row: int, content: list[Position], start: int) -> torch.Tensor:
        with threads_for(self._weights.backbone.work, self._device):
            embeds = embed_prompt(self._weights, content[start:])
            return prefill(
                self._state, row, embeds, start, 0 if self._device.type == "cpu" else PROMPT_BUCKET
            )

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

        All of them, wherever the numbers of a row depend on how many there are: then a line does not depend
        on when its neighbours end.
        """
        return round_up(busy, self._row_multiple) if self._exact else len(self._slots)

    def step(self) -> list[tuple[int, Speech]]:
        """Generate a frame of every request; (ticket, speech) of those that the host has found finished."""
        state, busy = self._state, self.busy
        if not busy:
            return []
        rows = self._rows(busy[-1] + 1)
        lengths = [self._slots[row].length for row in busy if self._slots[row].steps]
        with threads_for(self._weights.backbone.work, self._device):
            if self._graphs is not None:
                self._graphs(rows, max(self._slots[row].length for row in busy) + 1)
            else:
                if lengths:
                    end = min(round_up(max(lengths), KV_BUCKET), state.cache.keys[0].shape[2])
                    decode_backbone(state, rows, end)
                decode_frame(state, rows, prepare_noise(state))
        for row in busy:
            self._slots[row].steps += 1
        tickets = [slot.request.ticket if slot.request else 0 for slot in self._slots]
        running = dict(self._flags.exchange(state.running[: len(self._slots)], tickets))
        return [self._finish(row) for row in busy if not running.get(tickets[row], True)]

    def _finish(self, row: int) -> tuple[int, Speech]:
        """Take a request out of its slot, whose cache stays for the next one."""
        slot, request = self._slots[row], self._slots[row].request
        assert request is not None
        codes, ended = self._output(row), bool(self._state.ended[row])
        # The frames before an EOS frame are in the cache; the last one before a cap is not.
        decoded = codes[len(request.output) : len(codes) if ended else len(codes) - 1]
        slot.cached = slot.cached + [frame.tobytes() for frame in decoded]
        slot.request = None
        release(self._state, row)
        return request.ticket, Speech(codes, ended)

    def output(self, ticket: int) -> Codes | None:
        """The frames of a request so far, int16 `[frames, codebooks]`; None if it has no slot."""
        for row, slot in enumerate(self._slots):
            if slot.request is not None and slot.request.ticket == ticket:
                return self._output(row)
        return None

    def interrupted(self) -> list[Request]:
        """The requests in slots, with the frames they have, to be admitted to another batch."""
        requests = [(row, self._slots[row].request) for row in self.busy]
        return [replace(request, output=self._output(row)) for row, request in requests if request]

    def _output(self, row: int) -> Codes:
        return self._state.output[row, : int(self._state.frames[row])].cpu().numpy().copy()
