"""Training on several devices: one process for each, and updates recorded as CUDA graphs."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import torch


@dataclass(frozen=True)
class Processes:
    """The processes of a run.

    Attributes:
        number: of this one, from 0.
        count: of all.
        accelerator: accelerate's, if there are several.
    """

    device: torch.device
    number: int = 0
    count: int = 1
    accelerator: Any = None

    @classmethod
    def find(cls, device: str) -> Processes:
        """As `accelerate launch` (or torchrun) has set them up; a single process runs on `device`."""
        if int(os.environ.get("WORLD_SIZE", "1")) > 1:
            from accelerate import Accelerator

            accelerator = Accelerator(cpu=device == "cpu")
            return cls(accelerator.device, accelerator.process_index, accelerator.num_processes, accelerator)
        from csm_cli.engine.devices import pick_device

        return cls(pick_device(device))

    @property
    def first(self) -> bool:
        """Whether this is the one that writes files and prints."""
        return self.number == 0

    def average(self, tensors: list[torch.Tensor]) -> None:
        """Replace gradients by their mean over all processes."""
        if self.count > 1:
            for tensor in tensors:
                torch.distributed.all_reduce(tensor)
                tensor /= self.count

    def average_losses(self, losses: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
        """Means of the losses over all processes."""
        if self.count == 1:
            return losses
        return {name: self.accelerator.reduce(value, "mean") for name, value in losses.items()}

    def wait(self) -> None:
        """Block until all processes have called this."""
        if self.accelerator is not None:
            self.accelerator.wait_for_everyone()

    @contextmanager
    def one_by_one(self) -> Iterator[None]:
        """The first process runs the block while the others wait; then these do."""
        if self.accelerator is None:
            yield
        else:
            with self.accelerator.main_process_first():
                yield


class GraphedStep:
    """A step without arguments, captured after a few plain runs (which count as steps) and replayed from
    then on.

    The step must read its inputs from tensors that stay where they are, and must not synchronise with the
    host. Optimisers need `capturable=True`. On other devices, or with `enabled=False`, every call is a
    plain run.

    Args:
        step: does the work and returns tensors; after a replay they hold the new values.
        warmup: plain runs before the capture.
        pool: a memory pool shared with other graphs that never run at the same time.
    """

    def __init__(
        self,
        step: Callable[[], dict[str, torch.Tensor]],
        device: torch.device,
        warmup: int = 3,
        enabled: bool = True,
        pool: tuple[int, int] | None = None,
    ):
        self.step, self.warmup, self.pool = step, warmup, pool
        self.enabled = enabled and device.type == "cuda"
        self.graph: torch.cuda.CUDAGraph | None = None
        self.result: dict[str, torch.Tensor] = {}

    def __call__(self) -> dict[str, torch.Tensor]:
        if not self.enabled:
            return self.step()
        if self.warmup > 0:
            self.warmup -= 1
            side = torch.cuda.Stream()
            side.wait_stream(torch.cuda.current_stream())
            with torch.cuda.stream(side):
                result = self.step()
            torch.cuda.current_stream().wait_stream(side)
            return result
        if self.graph is None:
            torch.cuda.synchronize()
            self.graph = torch.cuda.CUDAGraph()
            # Loader threads pin memory meanwhile; only calls of this thread may spoil the capture.
            with torch.cuda.graph(self.graph, pool=self.pool, capture_error_mode="thread_local"):
                self.result = self.step()
        self.graph.replay()
        return self.result


def adamw(
    groups: list, rate: float, betas: tuple[float, float], decay: float, device: torch.device
) -> torch.optim.AdamW:
    """AdamW, fused and capturable on CUDA, where its rate is a tensor that `set_rate` fills."""
    if device.type != "cuda":
        return torch.optim.AdamW(groups, lr=rate, betas=betas, weight_decay=decay)
    return torch.optim.AdamW(
        groups,
        lr=torch.tensor(rate, device=device),
        betas=betas,
        weight_decay=decay,
        fused=True,
        capturable=True,
    )


def set_rate(optimiser: torch.optim.Optimizer, rate: float) -> None:
    """Change the learning rate, also under a captured graph."""
    for group in optimiser.param_groups:
        if isinstance(group["lr"], torch.Tensor):
            group["lr"].fill_(rate)
        else:
            group["lr"] = rate
