"""A training step as one CUDA graph: thousands of small kernels, one launch.

On a busy machine the launches cost several times the arithmetic of models as small as the demo voice.
"""

from __future__ import annotations

from collections.abc import Callable

import torch


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
