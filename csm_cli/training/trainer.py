"""CSM's training loop, on the losses of `objective`."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

import numpy as np
import torch
from torch.utils.data import IterableDataset, get_worker_info

from csm_cli.core.errors import CsmError, first_line
from csm_cli.training.devices import GraphedStep, adamw, set_rate
from csm_cli.training.objective import SHAPES, Budget, TrainerOptions, VoiceObjective, learning_rate
from csm_cli.training.rows import FRAME, Rows
from csm_cli.training.segments import SegmentStore

__all__ = ["SHAPES", "Batches", "Trainer", "TrainerOptions", "as_tensors", "check_finite"]


class Batches(IterableDataset):
    """Endless batches of a store; with another `skip`, the batches of earlier runs, others.

    A `CsmError` is the last item instead of being raised: a `DataLoader` would put the traceback of its
    worker into the message.
    """

    def __init__(self, store: SegmentStore, options: TrainerOptions, codebooks: int, skip: int = 0):
        self.store, self.options, self.codebooks, self.skip = store, options, codebooks, skip

    def __iter__(self) -> Iterator[dict[str, torch.Tensor] | CsmError]:
        info = get_worker_info()
        seed = self.options.seed * 100 + (info.id if info else 0) + 7919 * self.skip
        try:
            for rows in self.store.batches(self.options.shapes, self.options.positions, self.codebooks, seed):
                yield as_tensors(rows)
        except CsmError as error:
            yield error


def as_tensors(rows: Rows) -> dict[str, torch.Tensor]:
    """Rows as tensors of the same names and types."""
    return {
        name: torch.from_numpy(np.ascontiguousarray(getattr(rows, name))) for name in ("ids", "codes", "kind")
    }


class Trainer(VoiceObjective):
    """The model, its running average and the optimiser.

    Args:
        model: a `CsmForConditionalGeneration`; its codec is not touched, nor what needs no gradient.
        store: the source of utterances; None: `loop` gets batches.
        reduce: averages the gradients over several processes before they are used.
    """

    def __init__(
        self,
        model: Any,
        store: SegmentStore | None,
        options: TrainerOptions,
        device: torch.device,
        reduce: Callable[[list[torch.Tensor]], None] | None = None,
    ):
        super().__init__(model, options, device)
        self.store, self.reduce = store, reduce
        self.named = {
            name: parameter
            for name, parameter in model.named_parameters()
            if parameter.requires_grad and not name.startswith("codec_model.")
        }
        self.parameters = list(self.named.values())
        decay = [p for p in self.parameters if p.ndim > 1]
        rest = [p for p in self.parameters if p.ndim <= 1]
        groups = [
            {"params": decay, "weight_decay": options.weight_decay},
            {"params": rest, "weight_decay": 0.0},
        ]
        self.optimiser = adamw(groups, options.peak_rate, (0.9, 0.95), options.weight_decay, device)
        # One graph and one set of input tensors for each length of rows.
        self.inputs: dict[tuple[int, ...], dict[str, torch.Tensor]] = {}
        self.graphs: dict[tuple[int, ...], GraphedStep] = {}
        self.pool = torch.cuda.graph_pool_handle() if device.type == "cuda" else None
        self.average = [p.detach().clone() for p in self.parameters] if options.average else []

    def step(self, batch: dict[str, torch.Tensor], rate: float) -> dict[str, torch.Tensor]:
        """One update from one batch; returns both losses, which the next update may overwrite."""
        set_rate(self.optimiser, rate)
        if not self.options.graph:
            return self._update([self._move(batch)])
        shape = tuple(batch["kind"].shape)
        if shape not in self.graphs:
            inputs = self.inputs[shape] = {
                name: value.to(self.device).clone() for name, value in batch.items()
            }
            self.graphs[shape] = GraphedStep(
                lambda: self._update([inputs]), self.device, enabled=self.options.graph, pool=self.pool
            )
        for name, value in batch.items():
            self.inputs[shape][name].copy_(value, non_blocking=True)
        return self.graphs[shape]()

    def update(
        self, batches: Sequence[dict[str, torch.Tensor]], rate: float, number: int
    ) -> dict[str, torch.Tensor]:
        """Update `number` (from 0), from several batches whose gradients are averaged; returns the mean
        losses.
        """
        if self.options.repeatable:
            torch.manual_seed(self.options.seed * 1_000_003 + number)
        if len(batches) == 1:
            return self.step(batches[0], rate)
        set_rate(self.optimiser, rate)
        return self._update([self._move(batch) for batch in batches])

    def _update(self, batches: Sequence[dict[str, torch.Tensor]]) -> dict[str, torch.Tensor]:
        self.optimiser.zero_grad(set_to_none=True)
        sums = {"backbone": torch.zeros((), device=self.device), "depth": torch.zeros((), device=self.device)}
        for batch in batches:
            backbone, depth = self.losses(batch, damage=True)
            ((backbone + depth) / len(batches)).backward()
            for name, loss in (("backbone", backbone), ("depth", depth)):
                sums[name] = sums[name] + loss.detach() / len(batches)
        if self.reduce is not None:
            self.reduce([p.grad for p in self.parameters if p.grad is not None])
        torch.nn.utils.clip_grad_norm_(self.parameters, 1.0)
        self.optimiser.step()
        if self.average:
            with torch.no_grad():
                torch._foreach_lerp_(
                    self.average, [p.detach() for p in self.parameters], 1 - self.options.average
                )
        return sums

    def state(self) -> dict[str, Any]:
        """Everything that an update changes: weights, their average, the optimiser."""
        return {
            "weights": {name: p.detach() for name, p in self.named.items()},
            "average": list(self.average),
            "optimiser": self.optimiser.state_dict(),
        }

    def load_state(self, state: dict[str, Any]) -> None:
        """Resume from what `state` returned.

        Raises:
            ValueError: it is of another model, or something else.
        """
        try:
            self._load(state)
        except torch.OutOfMemoryError:
            raise
        except (KeyError, TypeError, AttributeError, IndexError, RuntimeError) as error:
            raise ValueError(f"no state of a training: {first_line(error)}") from error

    def _load(self, state: dict[str, Any]) -> None:
        if state["weights"].keys() != self.named.keys():
            raise ValueError("the state is of another model")
        with torch.no_grad():
            for name, parameter in self.named.items():
                parameter.copy_(state["weights"][name])
            for average, value in zip(self.average, state["average"], strict=True):
                average.copy_(value)
        self.optimiser.load_state_dict(state["optimiser"])

    def warm(self) -> None:
        """Compile and capture every shape on noise, then put the weights back as they were."""
        options = self.options
        before = [p.detach().clone() for p in self.parameters]
        for shape in options.shapes:
            size = (max(1, options.positions // shape.length), shape.length)
            noise = {
                "ids": torch.randint(0, self.model.config.text_vocab_size, size).to(torch.int32),
                "codes": torch.randint(0, self.codes, (*size, self.codebooks)).to(torch.int16),
                "kind": torch.full(size, FRAME, dtype=torch.uint8),
            }
            for _ in range(5 if options.graph else 2):
                self.step(noise, 0.0)
        with torch.no_grad():
            averages = self.average or [None] * len(before)
            for parameter, average, value in zip(self.parameters, averages, before, strict=True):
                parameter.copy_(value)
                if average is not None:
                    average.copy_(value)
            for state in self.optimiser.state.values():
                for value in state.values():
                    value.zero_()

    def _move(self, batch: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
        return {name: value.to(self.device, non_blocking=True) for name, value in batch.items()}

    @torch.no_grad()
    def validate(self, batches: list[dict[str, torch.Tensor]]) -> tuple[float, float]:
        """Mean (backbone, depth) loss of the running average on undamaged batches."""
        self.swap()
        self.model.eval()
        found = [self.losses(self._move(batch), damage=False) for batch in batches]
        self.model.train()
        self.swap()
        backbone, depth = (float(torch.stack(part).mean()) for part in zip(*found, strict=True))
        return backbone, depth

    def swap(self) -> None:
        """Exchange the weights with their running average, if one is kept."""
        with torch.no_grad():
            for parameter, average in zip(self.parameters, self.average, strict=False):
                kept = parameter.detach().clone()
                parameter.copy_(average)
                average.copy_(kept)

    def loop(
        self,
        budget: Budget,
        batches: Iterable[Sequence[dict[str, torch.Tensor]]],
        after: Callable[[int, float, dict[str, torch.Tensor]], None],
        floor: float = 0.0,
    ) -> None:
        """Update until the budget is spent or no batches come.

        Args:
            budget: `step` is the number of the first update, increased by every update.
            batches: for each update, what its gradient is averaged over.
            after: called with the number of updates done, the fraction of the run and the losses.
            floor: the rate at the end, as a share of the peak.

        Raises:
            FloatingPointError: from `after`, if that checks the losses; see `check_finite`.
        """
        options = self.options
        for group in batches:
            if budget.over():
                break
            fraction = budget.fraction()
            rate = learning_rate(
                fraction, budget.step, options.peak_rate, options.warmup, options.flat, floor
            )
            losses = self.update(group, rate, budget.step)
            budget.step += 1
            after(budget.step, fraction, losses)


def check_finite(losses: dict[str, torch.Tensor], step: int) -> tuple[float, float]:
    """(backbone, depth) as numbers.

    Raises:
        FloatingPointError: one of them is not finite.
    """
    backbone, depth = losses["backbone"].item(), losses["depth"].item()
    if not math.isfinite(backbone + depth):
        raise FloatingPointError(f"the losses are {backbone}, {depth} at step {step}")
    return backbone, depth
