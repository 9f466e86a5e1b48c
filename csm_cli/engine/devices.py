"""Device, number type and threads of the engine, and the copy of reports to the host."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor

from csm_cli.core import available_cores
from csm_cli.core.errors import MissingError, UsageError


def pick_device(device: str = "auto") -> torch.device:
    """Turn `auto`, `cpu`, `mps`, `cuda` or `cuda:N` into a device of this machine.

    `auto` takes the first of cuda, mps and cpu.

    Raises:
        MissingError: this machine has no such device.
        UsageError: there is no such kind of device.
    """
    if device == "auto":
        if torch.cuda.is_available():
            return torch.device("cuda")
        return torch.device("mps" if torch.backends.mps.is_available() else "cpu")
    try:
        wanted = torch.device(device)
    except RuntimeError:
        wanted = torch.device("meta")
    if wanted.type == "cpu":
        return torch.device("cpu")
    if wanted.type == "cuda":
        count = torch.cuda.device_count() if torch.cuda.is_available() else 0
        if (wanted.index or 0) < count:
            return wanted
        found = f"{count} CUDA device{'s' if count != 1 else ''}" if count else "no CUDA device"
        raise MissingError(
            f"this machine has {found}", where=f"device {device}", remedy="use --device auto or cpu"
        )
    if wanted.type == "mps":
        if torch.backends.mps.is_available():
            return wanted
        raise MissingError(
            "there is no Apple GPU", where=f"device {device}", remedy="use --device auto or cpu"
        )
    raise UsageError("no such device", where=f"device {device}", remedy="use auto, cpu, cuda, cuda:N or mps")


def pick_dtype(dtype: str | torch.dtype | None, device: torch.device) -> torch.dtype:
    """The number type of backbone and depth decoder: `dtype`, or bfloat16 on cuda and float32 elsewhere.

    Raises:
        UsageError: not one of float32, bfloat16 and float16.
    """
    if dtype is None:
        return torch.bfloat16 if device.type == "cuda" else torch.float32
    names = {"fp32": torch.float32, "bf16": torch.bfloat16, "fp16": torch.float16}
    long = {str(kind).removeprefix("torch."): kind for kind in names.values()}
    chosen = (names | long).get(dtype.removeprefix("torch.")) if isinstance(dtype, str) else dtype
    if chosen is None or chosen not in names.values():
        raise UsageError("not a number type", where=f"dtype {dtype}", remedy=f"use {', '.join(names)}")
    return chosen


def is_out_of_memory(error: BaseException) -> bool:
    """Whether memory ran out; the error differs between devices and versions of torch."""
    if isinstance(error, torch.OutOfMemoryError | MemoryError):
        return True
    message = str(error).lower()
    phrases = ("out of memory", "not enough memory", "can't allocate memory")
    return any(phrase in message for phrase in phrases)


def use_threads(device: torch.device) -> int:
    """Let torch use every core this process may run on, or one where a GPU computes; see OMP_NUM_THREADS.

    In a container torch may count the cores of the host, and more threads than cores are many times slower.
    Beside a GPU they have next to nothing to do, and while they wait for more they keep the cores from those
    that make the chapters.

    Returns:
        torch's number of threads.
    """
    if "OMP_NUM_THREADS" not in os.environ:
        allowed = available_cores() if device.type == "cpu" else 1
        if allowed < torch.get_num_threads():
            torch.set_num_threads(allowed)
    return torch.get_num_threads()


SMALL_WORK = 8_000_000
"""Multiplications for one position in a model's largest product, below which a second thread costs more than
it gains.
"""


@contextmanager
def threads_for(work: int, device: torch.device) -> Iterator[None]:
    """Run the body on one CPU thread if a position takes less than `SMALL_WORK` in the largest product.

    A step of a small model is hundreds of products of some 50 microseconds each. On an idle machine a second
    thread makes a frame of 16 lines a fifth shorter; when another program needs the other core, every
    product waits for a time slice of the system, and the frame takes five to ten times as long.
    """
    if work >= SMALL_WORK:
        yield
        return
    with one_thread(device):
        yield


@contextmanager
def one_thread(device: torch.device) -> Iterator[None]:
    """Run the body on one CPU thread, so that the sums in it do not depend on the number of cores."""
    before = torch.get_num_threads()
    if device.type != "cpu" or before == 1:
        yield
        return
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)


@dataclass(frozen=True)
class SpeedUps:
    """What a batch does beyond the plain computation.

    Attributes:
        reuse: the KV cache of a voice reference, and of a slot's last line, is used again.
        graphs: on CUDA, frames are recorded as graphs.
        fused: on CUDA, frames and prompts are computed by the kernels of `engine.gpu`, where they fit.
    """

    reuse: bool = True
    graphs: bool = True
    fused: bool = True


ALL = SpeedUps()
NONE = SpeedUps(False, False, False)


def on(device: torch.device) -> AbstractContextManager[Any]:
    """Make a GPU the one that kernels are started on, in this thread, for the body."""
    return torch.cuda.device(device) if device.type == "cuda" else nullcontext()


def upload(tensor: Tensor, device: torch.device) -> Tensor:
    """Copy to a device; on CUDA without waiting for what runs there."""
    return tensor.pin_memory().to(device, non_blocking=True) if device.type == "cuda" else tensor.to(device)


class Reports:
    """Copies what became of a frame to the host; on CUDA without waiting for the frame itself.

    Args:
        device: of the reports.
        late: return the report of the call before; None: on CUDA only.
    """

    def __init__(self, device: torch.device, late: bool | None = None) -> None:
        self._late = device.type == "cuda" if late is None else late
        self._cuda = device.type == "cuda"
        self._before: tuple[Tensor, list[int], Any] | None = None
        self._spare: Tensor | None = None

    def exchange(self, report: Tensor, tickets: list[int]) -> list[tuple[int, np.ndarray]]:
        """Start the copy of a report, a row for each ticket (0: none); returns (ticket, row).

        With `late` the rows returned are those of the last call, and the first call returns none.
        """
        before, done = self._before, None
        if self._cuda:
            spare = self._spare
            fits = spare is not None and spare.shape == report.shape
            there = (
                spare if fits and spare is not None else torch.empty_like(report, device="cpu").pin_memory()
            )
            there.copy_(report, non_blocking=True)
            done = torch.cuda.Event()
            done.record()
        else:
            there = report.to("cpu", copy=True)
        self._before = (there, list(tickets), done)
        if not self._late:
            before = self._before
        if before is None:
            return []
        rows, owners, event = before
        if event is not None:
            event.synchronize()
            self._spare = rows
        found = rows.numpy().copy()
        return [(owner, found[number]) for number, owner in enumerate(owners) if owner]


class Stopwatch:
    """Adds up how long parts of the work take: on CUDA, on the device itself, without waiting for it.

    Args:
        device: that the work runs on.
    """

    def __init__(self, device: torch.device) -> None:
        self._cuda = device.type == "cuda"
        self._seconds: dict[str, float] = {}
        self._events: list[tuple[str, Any, Any]] = []

    @contextmanager
    def measure(self, part: str) -> Iterator[None]:
        """Count the body's time as that of a part."""
        if self._cuda:
            begin, end = (torch.cuda.Event(enable_timing=True) for _ in range(2))
            begin.record()
            yield
            end.record()
            self._events.append((part, begin, end))
            return
        began = time.perf_counter()
        yield
        self._add(part, time.perf_counter() - began)

    def seconds(self) -> dict[str, float]:
        """By part, so far."""
        for part, begin, end in self._events:
            end.synchronize()
            self._add(part, begin.elapsed_time(end) / 1e3)
        self._events.clear()
        return dict(self._seconds)

    def _add(self, part: str, seconds: float) -> None:
        self._seconds[part] = self._seconds.get(part, 0.0) + seconds
