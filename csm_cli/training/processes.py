"""One process, or several that share the work (`accelerate launch`): who is who, and sums over all of
them.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import torch


@dataclass(frozen=True)
class Processes:
    """The processes of a run.

    Attributes:
        number: of this one, from 0. count: how many there are.
        accelerator: accelerate's, if there are several.
    """

    device: torch.device
    number: int = 0
    count: int = 1
    accelerator: Any = None

    @classmethod
    def find(cls, device: str) -> Processes:
        """As `accelerate launch` (or torchrun) has set things up; on `device` if there is one process
        only.
        """
        if int(os.environ.get("WORLD_SIZE", "1")) > 1:
            from accelerate import Accelerator

            accelerator = Accelerator(cpu=device == "cpu")
            return cls(accelerator.device, accelerator.process_index, accelerator.num_processes, accelerator)
        from csm_cli.engine.devices import pick_device

        return cls(pick_device(device))

    @property
    def first(self) -> bool:
        """Whether this is the one that writes and speaks."""
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
        """Until all have come here."""
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
