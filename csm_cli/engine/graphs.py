"""A whole frame as one function of the state, recorded as a CUDA graph and replayed.

Only with `graphs=True`: it has never run on a GPU. What is recorded is `whole_frame`, which the tests compare
with frames computed step by step. The graphs share one pool of memory: they are replayed one after the other,
and all that outlives a frame is in the state.
"""

from __future__ import annotations

from typing import Any

import torch

from csm_cli.core.errors import CsmError, UsageError
from csm_cli.engine.devices import is_out_of_memory
from csm_cli.engine.state import State, decode_backbone, decode_frame, round_up
from csm_cli.model.sampling import gumbel_noise

GRAPH_BUCKET = 512
"""Positions attended to are rounded up to a multiple of this: each multiple has a graph of its own."""


def whole_frame(state: State, rows: int, end: int) -> None:
    """Decode the pending frame of the first `rows` slots and sample the next; the noise is made on the way.

    Args:
        end: cached positions attended to, as `decode_backbone`.
    """
    decode_backbone(state, rows, end)
    noise = None
    if not (state.backbone_sampler.greedy and state.depth_sampler.greedy):
        books, codes = state.noise.shape[2:]
        device = state.noise.device
        all_books, all_codes = torch.arange(books, device=device), torch.arange(codes, device=device)
        noise = gumbel_noise(state.noise_keys[:rows], state.frames[:rows], all_books, all_codes)
        first = state.backbone_sampler.temperature[:rows, None]
        others = state.depth_sampler.temperature[:rows, None]
        noise = torch.cat((noise[:, :1] * first, noise[:, 1:] * others), dim=1)
    decode_frame(state, rows, noise)


def check_graphs(device: torch.device, graphs: bool, eager: bool) -> None:
    """Refuse graphs where they cannot be recorded.

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

    # One compilation for each number of rows, multiple of GRAPH_BUCKET and kind of sampling.
    torch._dynamo.config.recompile_limit = max(64, torch._dynamo.config.recompile_limit)
    return torch.compile(whole_frame, dynamic=False)


class FrameGraphs:
    """Replays CUDA graphs of `whole_frame`, recording those that are missing; off CUDA calls it.

    Args:
        state: that the graphs read and write; its tensors never move.
        compiled: let Inductor compile the frame before it is recorded.
    """

    def __init__(self, state: State, compiled: bool = False) -> None:
        self._state = state
        self._frame: Any = _compiled() if compiled else whole_frame
        self._recorded: dict[tuple[Any, ...], Any] = {}
        self._pool: Any = None

    def __call__(self, rows: int, longest: int) -> None:
        """A frame of the first `rows` slots, none of which has more than `longest` positions after it.

        Raises:
            CsmError: the frame cannot be recorded.
            torch.OutOfMemoryError: memory ran out.
        """
        state = self._state
        end = min(round_up(longest, GRAPH_BUCKET), state.cache.keys[0].shape[2])
        if state.lengths.device.type != "cuda":
            self._frame(state, rows, end)
            return
        # Numbers that are constants of a graph, as the samplers' tensors are not.
        samplers = [(s.widest, s.uniform, s.greedy) for s in (state.backbone_sampler, state.depth_sampler)]
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
        # Trial runs with all slots idle: nothing but `codes` changes.
        kept = [(each, each.clone()) for each in (state.pending, state.running, state.codes)]
        state.pending.zero_()
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
            # "thread_local": what other threads do on the device neither enters the graph nor spoils it.
            with torch.cuda.graph(graph, pool=self._pool, capture_error_mode="thread_local"):
                self._frame(state, rows, end)
        finally:
            for each, before in kept:
                each.copy_(before)
        return graph
