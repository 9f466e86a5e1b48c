"""How the host learns which lines run on: at once on a CPU, a frame late from a GPU, which is never waited
for.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor


class Flags:
    """Flags on their way to the host.

    Args:
        device: where they come from.
        late: hand out those of the frame before; None: on CUDA only.
    """

    def __init__(self, device: torch.device, late: bool | None = None) -> None:
        self._late = device.type == "cuda" if late is None else late
        self._cuda = device.type == "cuda"
        self._before: tuple[Tensor, list[int], Any] | None = None

    def exchange(self, running: Tensor, tickets: list[int]) -> list[tuple[int, bool]]:
        """Hand in a frame's flags, one for each of the tickets (0: nobody); get (ticket, running).

        With `late` the flags are those of the last call, and the first call gets none.
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
