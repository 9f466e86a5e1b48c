"""A whole frame as one function of the state, recorded once on CUDA and played again.

Only if `graphs=True` asks for it: it has never run on a GPU. What is recorded is `whole_frame`, which the
tests hold to the frame that is spoken step by step. Recordings share one pool of memory: they are played one
after the other, and all that outlives a frame is in the state.
"""

from __future__ import annotations

from typing import Any

import torch

from csm_cli.core.errors import CsmError, UsageError
from csm_cli.engine.devices import is_out_of_memory
from csm_cli.engine.state import State, hear, round_up, speak
from csm_cli.model.sampling import gumbel_noise

PAGE = 512
"""Positions are looked at in steps of this many: every step is a recording of its own."""


def whole_frame(state: State, rows: int, end: int) -> None:
    """Hear the last frame and speak the next, of the first `rows` slots; the noise is made on the way."""
    hear(state, rows, end)
    noise = None
    if not (state.level.greedy and state.depth.greedy):
        books, codes = state.noise.shape[2:]
        device = state.noise.device
        all_books, all_codes = torch.arange(books, device=device), torch.arange(codes, device=device)
        noise = gumbel_noise(state.keys[:rows], state.frames[:rows], all_books, all_codes)
        level, depth = state.level.temperature[:rows], state.depth.temperature[:rows]
        noise = torch.cat((noise[:, :1] * level[:, None], noise[:, 1:] * depth[:, None]), dim=1)
    speak(state, rows, noise)


def check_graphs(device: torch.device, graphs: bool, eager: bool) -> None:
    """See that recordings can be made.

    Raises:
        UsageError: not on CUDA, or not with `eager`.
    """
    if graphs and device.type != "cuda":
        raise UsageError(f"--graphs is for CUDA; the model runs on {device.type}", remedy="leave it out")
    if graphs and eager:
        raise UsageError("--eager turns every speed-up off, and --graphs is one", remedy="give one of them")


def _compiled() -> Any:
    """`whole_frame` behind Inductor, which keeps what it has compiled on disk between runs."""
    import torch._dynamo

    # One compilation for each number of rows, page of positions and kind of sampling.
    torch._dynamo.config.recompile_limit = max(64, torch._dynamo.config.recompile_limit)
    return torch.compile(whole_frame, dynamic=False)


class Frames:
    """Plays recordings of `whole_frame`, making those that are missing.

    Args:
        state: what they work on; its tensors never move.
        compiled: let Inductor compile the frame before it is recorded.
    """

    def __init__(self, state: State, compiled: bool = False) -> None:
        self._state = state
        self._frame: Any = _compiled() if compiled else whole_frame
        self._recorded: dict[tuple[Any, ...], Any] = {}
        self._pool: Any = None

    def __call__(self, rows: int, longest: int) -> None:
        """A frame of the first `rows` slots, none of which holds more than `longest` positions."""
        state = self._state
        end = min(round_up(longest, PAGE), state.cache.keys[0].shape[2])
        if state.lengths.device.type != "cuda":
            self._frame(state, rows, end)
            return
        # Numbers that are built into a recording, as the samplers' tensors are not.
        samplers = [(s.widest, s.uniform, s.greedy) for s in (state.level, state.depth)]
        key = (rows, end, *samplers)
        if key not in self._recorded:
            try:
                self._recorded[key] = self._record(rows, end)
            except torch.OutOfMemoryError:
                raise
            except RuntimeError as error:
                # The end of a recording that ran out of memory fails in another way.
                if error.__context__ is not None and is_out_of_memory(error.__context__):
                    raise error.__context__ from error
                raise CsmError(
                    f"a frame could not be recorded as a CUDA graph ({error})",
                    remedy="leave --graphs out, or use --eager",
                ) from error
        self._recorded[key].replay()

    def _record(self, rows: int, end: int) -> Any:
        state = self._state
        # Trial runs, with everybody idle: nothing but `codes` changes.
        kept = [(each, each.clone()) for each in (state.heard, state.running, state.codes)]
        state.heard.zero_()
        state.running.zero_()
        try:
            side = torch.cuda.Stream()
            side.wait_stream(torch.cuda.current_stream())
            with torch.cuda.stream(side):
                for _ in range(3):
                    self._frame(state, rows, end)
            torch.cuda.current_stream().wait_stream(side)
            self._pool = self._pool or torch.cuda.graph_pool_handle()
            graph = torch.cuda.CUDAGraph()
            # What other threads do on the device is no part of the recording and does not spoil it.
            with torch.cuda.graph(graph, pool=self._pool, capture_error_mode="thread_local"):
                self._frame(state, rows, end)
        finally:
            for each, before in kept:
                each.copy_(before)
        return graph
