"""Computations recorded as CUDA graphs and replayed; and frames by them.

A frame is recorded once for each number of rows. The graphs share one pool of memory: they are replayed one
after the other, and all that outlives a frame is in the state.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from functools import cache
from typing import Any, Protocol, TypeVar

import torch
from torch import Tensor

from csm_cli.core.errors import first_line
from csm_cli.engine.devices import is_out_of_memory
from csm_cli.engine.layout import round_up
from csm_cli.engine.state import Field, State

Result = TypeVar("Result")

GRAPH_BUCKET = 512
"""Positions attended to are rounded up to a multiple of this where each multiple needs a graph of its own."""


class Recorder:
    """Records graphs that are replayed one after the other and share one pool of memory.

    Args:
        urgent: what is recorded goes before what other streams have to do at the same time.
    """

    def __init__(self, urgent: bool = False) -> None:
        self._pool: Any = None
        self._urgent = urgent
        self.failure: Exception | None = None
        """Why something could not be recorded."""

    def record(self, run: Callable[[], Result]) -> tuple[Any, Result] | None:
        """Run a function twice and record it on the current stream; (graph, what it returned).

        What it returned is written anew by each replay of the graph. None: it cannot be recorded, nor will
        anything else be.

        Raises:
            torch.OutOfMemoryError: memory ran out.
        """
        if self.failure is not None:
            return None
        try:
            return self._record(run)
        except torch.OutOfMemoryError:
            raise
        except (RuntimeError, AssertionError) as error:
            # The end of a recording that ran out of memory fails in another way.
            if error.__context__ is not None and is_out_of_memory(error.__context__):
                raise error.__context__ from error
            self.failure = error
            return None

    def _record(self, run: Callable[[], Result]) -> tuple[Any, Result]:
        with RECORDING:
            stream = torch.cuda.current_stream()
            chosen = recording_stream(stream.device, self._urgent)
            # Compiled, and libraries' memory made, before: neither can be recorded.
            chosen.wait_stream(stream)
            with torch.cuda.stream(chosen):
                for _ in range(2):
                    run()
            stream.wait_stream(chosen)
            self._pool = self._pool or torch.cuda.graph_pool_handle()
            graph = torch.cuda.CUDAGraph()
            # "thread_local": what other threads do on the device does not spoil the graph.
            with torch.cuda.graph(graph, self._pool, chosen, capture_error_mode="thread_local"):
                result = run()
            return graph, result


class RecordedSizes:
    """A computation on tensors of many sizes: recorded for a size, once that comes for the second time.

    Args:
        run: computes a tensor from some; larger ones than needed give what is needed first.
        recorder: None: nothing is recorded.
    """

    def __init__(self, run: Callable[..., Tensor], recorder: Recorder | None) -> None:
        self._run, self._recorder = run, recorder
        self._seen: set[tuple[Any, ...]] = set()
        self._recorded: dict[tuple[Any, ...], tuple[list[Tensor], Any, Tensor]] = {}

    def __call__(self, given: Sequence[Tensor], sizes: tuple[tuple[int, ...], ...] | None) -> Tensor:
        """What `run` gives, or what it gives for the tensors padded to `sizes`, until the next call.

        Args:
            sizes: of each tensor, at least its own; None: do not record.
        """
        found = self._recorded.get(sizes) if sizes else None
        if found is None and sizes in self._seen and self._recorder is not None:
            room = [each.new_zeros(size) for each, size in zip(given, sizes, strict=True)]
            try:
                made = self._recorder.record(lambda: self._run(*room))
            except torch.OutOfMemoryError:  # what is recorded keeps its memory; without, there may be enough
                made, self._recorder = None, None
                self._recorded.clear()
            if made is not None:
                found = self._recorded[sizes] = (room, *made)
        if found is None:
            if sizes:
                self._seen.add(sizes)
            return self._run(*given)
        room, graph, result = found
        for one, other in zip(room, given, strict=True):
            one[tuple(slice(n) for n in other.shape)] = other
        graph.replay()
        return result


RECORDING = threading.Lock()
"""Held while a graph is recorded, and by whoever waits for the whole device, which spoils a recording."""


@cache
def recording_stream(device: torch.device, urgent: bool) -> Any:
    """The stream of a device that graphs are recorded on.

    Made once: torch hands the same 32 out in turn, and one that another thread works on would end up in the
    graph.
    """
    return torch.cuda.Stream(device, priority=-1 if urgent else 0)


class Frame(Protocol):
    """Decodes the pending frame of the first `rows` slots and samples the next."""

    def __call__(self, rows: int, end: int) -> None:
        """`end`: cached positions attended to, the new one included, at least as many as any row has."""


class FrameGraphs:
    """Replays graphs of a frame, recording those that are missing.

    Args:
        state: that the frame reads and writes; its tensors never move.
        frame: is recorded. Nothing in it may wait for the device.
        any_length: it does not depend on `end`, nor on whether rows are greedy.
        notice: called with a line of text, once, if a frame cannot be recorded and is computed as it is.
    """

    def __init__(self, state: State, frame: Frame, any_length: bool, notice: Callable[[str], None]) -> None:
        self._state, self._frame, self._any_length, self._notice = state, frame, any_length, notice
        self._recorded: dict[tuple[Any, ...], Any] = {}
        self._recorder = Recorder(urgent=True)

    def __call__(self, rows: int, longest: int) -> None:
        """A frame of the first `rows` slots, none of which has more than `longest` positions after it.

        Raises:
            torch.OutOfMemoryError: memory ran out.
        """
        state = self._state
        end = min(round_up(longest, GRAPH_BUCKET), state.cache.keys[0].shape[2])
        # Numbers that are constants of a graph, as the samplers' tensors are not.
        samplers = [(s.widest, s.uniform, s.greedy) for s in (state.backbone_sampler, state.depth_sampler)]
        key: tuple[Any, ...] = (rows,) if self._any_length else (rows, end, *samplers)
        if key not in self._recorded and self._recorder.failure is None:
            found = self._record(rows, end)
            if found is not None:
                self._recorded[key] = found[0]
            else:
                reason = first_line(self._recorder.failure or RuntimeError())
                self._notice(f"frames cannot be recorded on this GPU and take longer ({reason})")
        if key in self._recorded:
            self._recorded[key].replay()
        else:
            self._frame(rows, end)

    def _record(self, rows: int, end: int) -> tuple[Any, None] | None:
        state = self._state
        timer = threading.Timer(1.0, self._notice, ["compiling the engine for this GPU, once (some seconds)"])
        timer.daemon = True
        timer.start()
        # Trial runs with all slots idle: nothing but `codes` and the report changes.
        kept = [(each, each.clone()) for each in (state.numbers, state.codes)]
        state.numbers[:, Field.RUNNING : Field.PENDING + 1] = 0
        try:
            return self._recorder.record(lambda: self._frame(rows, end))
        finally:
            timer.cancel()
            for each, before in kept:
                each.copy_(before)
