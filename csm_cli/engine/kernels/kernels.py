"""`Kernels`: `steps` by compiled loops, over a model's weights and the memory of a state."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise
from typing import Any

import numpy as np
import torch
from torch import Tensor

from csm_cli.core import signals_held_back
from csm_cli.engine.kernels import loops
from csm_cli.engine.kernels.panels import Panels, note_compiled
from csm_cli.engine.layout import Stack, StackCache, Weights
from csm_cli.model.sampling import RowSampler

_ROWS_A_THREAD = 4
"""Rows below which another thread only reads the weights once more."""

_PREFILL_CHUNK = 64
"""Positions of a prompt in one call of the loops: their activations stay in the cache of a core."""


class Kernels:
    """Prefill, decoding and sampling of a model whose products are all `Panels`.

    Args:
        weights: `depth_audio` is there.
        threads: among which the lines of a batch are shared out.
    """

    def __init__(self, weights: Weights, threads: int) -> None:
        assert weights.depth_audio is not None
        self.backbone, self.depth = _kernel_stack(weights.backbone), _kernel_stack(weights.depth)
        flat, begins = _joined([weights.project, weights.head, *weights.depth_heads])
        self.heads = loops.Heads(
            flat,
            begins[0],
            begins[1],
            np.array(begins[2:], dtype=np.int64),
            weights.depth_audio.numpy(),
            weights.codes,
            weights.vocab,
        )
        self._threads = threads
        self._pool = ThreadPoolExecutor(threads, "csm-frame") if threads > 1 else None

    def warm(self, notice: Callable[[str], None]) -> None:
        """Compile everything, or fetch it from numba's cache.

        Args:
            notice: called with a line of text if that takes more than a second.
        """
        timer = threading.Timer(1.0, notice, ["compiling the engine for this processor, once (some seconds)"])
        timer.daemon = True
        timer.start()
        try:
            self._compile()
            note_compiled()
        finally:
            timer.cancel()

    def _compile(self) -> None:
        for stack, rows in ((self.backbone, 1), (self.depth, 2)):
            x = np.zeros((1, loops.padded(stack.hidden)), dtype=np.float32)
            block = np.zeros(
                (len(stack.begins), 2, 1, stack.kv_heads, rows, stack.head_dim), dtype=np.float32
            )
            with signals_held_back():
                loops.decode_stack(stack, x, block, *np.zeros((2, 1), dtype=np.int64))
        books = len(self.heads.books) + 1
        block = np.zeros((*block.shape[:4], books, self.depth.head_dim), dtype=np.float32)
        hidden = np.zeros((1, self.backbone.hidden), dtype=np.float32)
        noise = np.zeros((1, books, 1), dtype=np.float32)
        codes, best = np.zeros((1, books), dtype=np.int64), np.ones(1, dtype=np.int64)
        with signals_held_back():
            loops.sample_frame(self.depth, self.heads, hidden, block, 0, noise, False, best, best, codes)

    def decode_stack(self, x: Tensor, cache: StackCache, places: Tensor) -> Tensor:
        """One position of each of the first N rows of the backbone's cache; as `steps.decode_stack`.

        Args:
            x: embeddings `[N, H]`.
            places: int64 `[N]`, their positions.

        Returns:
            hidden states before the final norm, `[N, H]`.
        """
        block, numbers, rows = _block(cache), places.numpy(), np.arange(len(x))
        states = self._wide(x)

        def run(first: int, end: int) -> None:
            these = slice(first, end)
            loops.decode_stack(self.backbone, states[these], block, rows[these], numbers[these])

        self._share(run, len(x))
        return torch.from_numpy(states)[:, : x.shape[1]]

    def prefill_stack(
        self, x: Tensor, cache: StackCache, row: int, start: int, depth: bool = False
    ) -> Tensor:
        """T positions of a row, which stand at `start` … start+T-1 of the cache; fill it.

        Args:
            x: embeddings `[T, H]`.
            depth: of the depth decoder and its cache, not the backbone's.

        Returns:
            hidden states before the final norm, `[T, H]`.
        """
        stack, states, block = self.depth if depth else self.backbone, self._wide(x), _block(cache)
        workers = min(self._threads, len(x) // _PREFILL_CHUNK)
        if self._pool is not None and workers > 1:
            self._prefill_shared(stack, states, block, row, start, workers)
            return torch.from_numpy(states)[:, : x.shape[1]]
        for first in range(0, len(x), _PREFILL_CHUNK):
            some = states[first : first + _PREFILL_CHUNK]
            places = np.arange(start + first, start + first + len(some))
            loops.decode_stack(stack, some, block, np.full(len(some), row), places)
        return torch.from_numpy(states)[:, : x.shape[1]]

    def _prefill_shared(
        self,
        stack: loops.KernelStack,
        states: np.ndarray,
        block: np.ndarray,
        row: int,
        start: int,
        workers: int,
    ) -> None:
        """A prompt by several threads: each takes a chunk of positions through the layers, and follows the
        chunk before it, whose keys and values it needs, by a layer.
        """
        assert self._pool is not None
        begins = range(0, len(states), _PREFILL_CHUNK)
        layers = [stack._replace(begins=stack.begins[n : n + 1]) for n in range(len(stack.begins))]
        done = [[threading.Event() for _ in layers] for _ in begins]

        def run(worker: int) -> None:
            try:
                for number in range(worker, len(begins), workers):
                    some = states[begins[number] : begins[number] + _PREFILL_CHUNK]
                    first = start + begins[number]
                    rows, places = np.full(len(some), row), np.arange(first, first + len(some))
                    for layer, part in enumerate(layers):
                        if number:
                            done[number - 1][layer].wait()
                        loops.decode_stack(part, some, block[layer : layer + 1], rows, places)
                        done[number][layer].set()
            finally:  # the others must not wait for one that failed
                for events in done[worker::workers]:
                    for event in events:
                        event.set()

        try:
            for ended in [self._pool.submit(run, worker) for worker in range(workers)]:
                ended.result()
        except BaseException:  # an interrupt between two of them: none must wait for one that never began
            for event in (event for events in done for event in events):
                event.set()
            raise

    def sample_frame(
        self, hidden: Tensor, cache: StackCache, backbone: RowSampler, depth: RowSampler, noise: Tensor | None
    ) -> Tensor:
        """One frame of the first N rows, int64 `[N, K]`; as `steps.sample_frame`."""
        count, books = len(hidden), len(self.heads.books) + 1
        codes = np.empty((count, books), dtype=np.int64)
        states, block = hidden.contiguous().numpy(), _block(cache)
        drawn = np.zeros((count, books, 1), np.float32) if noise is None else noise.contiguous().numpy()
        top_k = [sampler.top_k.reshape(-1).contiguous().numpy() for sampler in (backbone, depth)]

        def run(first: int, end: int) -> None:
            these = slice(first, end)
            loops.sample_frame(
                self.depth, self.heads, states[these], block, first, drawn[these], noise is not None,
                top_k[0][these], top_k[1][these], codes[these],
            )  # fmt: skip

        self._share(run, count)
        return torch.from_numpy(codes)

    def _share(self, run: Callable[[int, int], None], rows: int) -> None:
        """Call run(first, end) for all rows, in parts on several threads if there are enough."""
        parts = min(self._threads, rows // _ROWS_A_THREAD)
        if self._pool is None or parts < 2:
            run(0, rows)
            return
        whole = -(-rows // _ROWS_A_THREAD)
        ends = [min(rows, _ROWS_A_THREAD * (whole * part // parts)) for part in range(parts + 1)]
        for done in [self._pool.submit(run, *pair) for pair in pairwise(ends)]:
            done.result()

    def _wide(self, x: Tensor) -> np.ndarray:
        """A copy of x `[N, H]`, padded with zeros to whole panels."""
        states = np.zeros((len(x), loops.padded(x.shape[1])), dtype=np.float32)
        states[:, : x.shape[1]] = x.numpy()
        return states


def _block(cache: StackCache) -> np.ndarray:
    block: np.ndarray = cache.block.numpy()
    return block


def _joined(products: Sequence[Any]) -> tuple[np.ndarray, list[int]]:
    """The panels of several products in one array, whose memory they share then; where each begins."""
    panels: list[Panels] = [product for product in products if isinstance(product, Panels)]
    assert len(panels) == len(products)
    begins = np.concatenate(([0], np.cumsum([len(each.panels) for each in panels])))
    flat = np.concatenate([each.panels for each in panels])
    for each, begin in zip(panels, begins, strict=False):
        each.panels = flat[begin : begin + len(each.panels)]
    return flat, [int(begin) for begin in begins[:-1]]


def _kernel_stack(stack: Stack) -> loops.KernelStack:
    products = [each for layer in stack.layers for each in (layer.qkv, layer.out, layer.gate_up, layer.down)]
    flat, begins = _joined(products)
    return loops.KernelStack(
        flat,
        np.array(begins, dtype=np.int64).reshape(-1, 4),
        np.ascontiguousarray(torch.view_as_real(stack.rotation).flatten(1).numpy()),
        np.float32(stack.eps.item()),
        stack.hidden,
        stack.heads,
        stack.kv_heads,
        stack.head_dim,
        stack.inner,
    )
