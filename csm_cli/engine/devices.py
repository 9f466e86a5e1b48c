"""Device, number type and threads of the engine, and the copy of per-line flags to the host."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor

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


def use_cpu_threads() -> int:
    """Let torch use every core this process may run on, unless OMP_NUM_THREADS is set.

    In a container torch may count the cores of the host, and more threads than cores are many times slower.

    Returns:
        torch's number of threads.
    """
    if "OMP_NUM_THREADS" not in os.environ:
        allowed = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
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


class DoneFlags:
    """Copies flags from the device to the host; on CUDA without waiting for the frame they belong to.

    Args:
        device: of the flags.
        late: return the flags of the call before; None: on CUDA only.
    """

    def __init__(self, device: torch.device, late: bool | None = None) -> None:
        self._late = device.type == "cuda" if late is None else late
        self._cuda = device.type == "cuda"
        self._before: tuple[Tensor, list[int], Any] | None = None

    def exchange(self, running: Tensor, tickets: list[int]) -> list[tuple[int, bool]]:
        """Start the copy of a frame's flags, one for each ticket (0: none); returns (ticket, running).

        With `late` the flags returned are those of the last call, and the first call returns none.
        """
        before = self._before
        if self._cuda:
            there = torch.empty(running.shape, dtype=running.dtype, pin_memory=True)
            there.copy_(running, non_blocking=True)
            done = torch.cuda.Event()
            done.record()
            self._before = (there, list(tickets), done)
        else:
            self._before = (running.clone(), list(tickets), None)
        if not self._late:
            before = self._before
        if before is None:
            return []
        flags, owners, event = before
        if event is not None:
            event.synchronize()
        return [(owner, flag) for owner, flag in zip(owners, flags.tolist(), strict=True) if owner]
