"""CSM's training loop: codes of speech are learned after their text and after earlier turns.

Backbone loss: cross entropy of codebook 0 at every frame, EOS included. Depth loss: the other codebooks at
a random share of the frames, EOS included: a voice that leaves it out never stops. Inputs are damaged on
purpose, so that the model listens to the text rather than copying what it has just said.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch.nn import functional as F
from torch.utils.data import DataLoader, IterableDataset, get_worker_info

from csm_cli.training.graphs import GraphedStep, adamw, set_rate
from csm_cli.training.schedule import Budget, learning_rate
from csm_cli.training.segments import EOS, FRAME, TEXT, Rows, RowShape, SegmentStore

SHAPES = (
    RowShape(192, 0.27, False),
    RowShape(576, 0.23, False),
    RowShape(1024, 0.32, True),
    RowShape(2048, 0.18, True),
)


@dataclass(frozen=True)
class VoiceOptions:
    """Knobs of the loop. `positions` and `depth_frames` are per step; shares of damage are of input
    frames.

    Attributes:
        depth_share: the depth decoder learns this share of the frames, and every EOS frame; None:
            `depth_frames` of either kind, a fixed number, so that shapes never change.
        average: decay of the running average of the weights; 0: none is kept.
        half: compute in bfloat16, the weights stay in float32; None: on CUDA.
        repeatable: draw the noise of every update from its number, so that a run that is resumed is the
            same run.
    """

    positions: int = 24576
    depth_frames: int = 6144
    peak_rate: float = 1.2e-3
    weight_decay: float = 0.1
    warmup: int = 400
    flat: float = 0.4
    average: float = 0.998
    dropout: float = 0.1
    silenced: float = 0.15
    shortened: float = 0.15
    wrong: float = 0.03
    shapes: tuple[RowShape, ...] = SHAPES
    compile: bool = False
    graph: bool = False  # a step of this size is worth it only without torch.compile
    workers: int = 2
    log_every: int = 200
    seed: int = 1
    depth_share: float | None = None
    half: bool | None = None
    repeatable: bool = False


class Batches(IterableDataset):
    """Endless batches of a store; `skip` of them were seen by an earlier run, and others come now."""

    def __init__(self, store: SegmentStore, options: VoiceOptions, codebooks: int, skip: int = 0):
        self.store, self.options, self.codebooks, self.skip = store, options, codebooks, skip

    def __iter__(self) -> Iterator[dict[str, torch.Tensor]]:
        info = get_worker_info()
        seed = self.options.seed * 100 + (info.id if info else 0) + 7919 * self.skip
        for rows in self.store.batches(self.options.shapes, self.options.positions, self.codebooks, seed):
            yield as_tensors(rows)


def as_tensors(rows: Rows) -> dict[str, torch.Tensor]:
    """Rows as tensors of the same names and types."""
    return {
        name: torch.from_numpy(np.ascontiguousarray(getattr(rows, name))) for name in ("ids", "codes", "kind")
    }


class VoiceTrainer:
    """Holds the model, its running average and the optimiser.

    Args:
        model: a `CsmForConditionalGeneration`; its codec is not touched, nor what needs no gradient.
        store: where the utterances come from; None: `loop` is given batches.
        reduce: averages the gradients over several processes before they are used.
    """

    def __init__(
        self,
        model: Any,
        store: SegmentStore | None,
        options: VoiceOptions,
        device: torch.device,
        reduce: Callable[[list[torch.Tensor]], None] | None = None,
    ):
        self.model, self.store, self.options, self.device = model.to(device).train(), store, options, device
        self.reduce = reduce
        config = model.config
        self.codebooks, self.vocabulary = config.num_codebooks, config.vocab_size
        self.codes = config.codec_config.codebook_size
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
        self.depth_loss: Callable[..., torch.Tensor] = self._depth_loss
        self.backbone_loss: Callable[..., torch.Tensor] = self._backbone_loss
        if options.compile:
            for layer in model.backbone_model.layers:
                layer.compile(dynamic=False)
            self.depth_loss = torch.compile(self._depth_loss, dynamic=False)

    def autocast(self) -> torch.autocast:
        half = self.device.type == "cuda" if self.options.half is None else self.options.half
        return torch.autocast(self.device.type, dtype=torch.bfloat16, enabled=half, cache_enabled=False)

    def _damage(self, codes: torch.Tensor, frames: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Damaged input codes `[B, T, K]` and which codebooks are heard, bool `[B, T, K]`."""
        options, shape = self.options, codes.shape
        random_codes = torch.randint(0, self.codes, shape, device=codes.device)
        wrong = (torch.rand(shape, device=codes.device) < options.wrong) & frames[..., None]
        codes = torch.where(wrong, random_codes, codes)
        draw = torch.rand(shape[:2], device=codes.device)
        kept = torch.randint(1, self.codebooks, shape[:2], device=codes.device)
        kept = torch.where(draw < options.silenced + options.shortened, kept, self.codebooks)
        kept = torch.where(draw < options.silenced, 0, kept)
        kept = torch.where(frames, kept, self.codebooks)  # an EOS frame is always heard
        return codes, torch.arange(self.codebooks, device=codes.device) < kept[..., None]

    def _embed(self, batch: dict[str, torch.Tensor], damage: bool) -> torch.Tensor:
        kind, codes, model = batch["kind"], batch["codes"].long(), self.model
        heard = torch.ones_like(codes, dtype=torch.bool)
        if damage:
            codes, heard = self._damage(codes, kind == FRAME)
        table = model.backbone_model.embed_tokens.embed_audio_tokens.weight
        offset = torch.arange(self.codebooks, device=codes.device) * self.vocabulary
        audio = (F.embedding(codes + offset, table) * heard[..., None]).sum(2)
        text = model.embed_text_tokens(batch["ids"].long())
        embeds = torch.where((kind == TEXT)[..., None], text, audio)
        embeds = embeds * (kind != 0)[..., None]
        return F.dropout(embeds, self.options.dropout, damage)

    def _backbone_loss(self, hidden: torch.Tensor, wanted: torch.Tensor) -> torch.Tensor:
        logits = self.model.lm_head(hidden).float()
        return F.cross_entropy(logits.flatten(0, -2), wanted.flatten(), ignore_index=-100)

    def _depth_loss(self, hidden: torch.Tensor, codes: torch.Tensor, weight: torch.Tensor) -> torch.Tensor:
        logits = self.model.depth_decoder.frame_logits(hidden, codes).float()
        each = F.cross_entropy(logits.flatten(0, 1), codes[:, 1:].flatten(), reduction="none")
        return (each.view(len(codes), -1).mean(1) * weight).sum() / weight.sum().clamp_min(1)

    def losses(self, batch: dict[str, torch.Tensor], damage: bool) -> tuple[torch.Tensor, torch.Tensor]:
        """(backbone loss, depth loss) of a batch on the device."""
        kind, codes = batch["kind"], batch["codes"].long()
        with self.autocast():
            embeds = self._embed(batch, damage)
            hidden = self.model.backbone_model(inputs_embeds=embeds).last_hidden_state[:, :-1]
            speech = (kind == FRAME) | (kind == EOS)
            # The hidden state before a frame predicts it.
            wanted = torch.where(speech, codes[:, :, 0], -100)[:, 1:]
            backbone = self.backbone_loss(hidden, wanted)
            speech, following = speech[:, 1:].flatten(), codes[:, 1:].flatten(0, 1)
            ends = (kind[:, 1:] == EOS).flatten()
            count = self._depth_count(speech, ends)
            order = torch.rand(speech.shape, device=speech.device) + speech
            if self.options.depth_share is not None:
                order = order + ends
            weight, chosen = order.topk(count)
            depth = self.depth_loss(hidden.flatten(0, 1)[chosen], following[chosen], (weight >= 1).float())
        return backbone, depth

    def _depth_count(self, speech: torch.Tensor, ends: torch.Tensor) -> int:
        """How many frames the depth decoder learns of a batch."""
        if self.options.depth_share is None:
            return min(self.options.depth_frames, speech.numel())
        finals = int(ends.sum())
        return finals + math.ceil((int(speech.sum()) - finals) * self.options.depth_share)

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
        """All that an update changes: weights, their average, the optimiser."""
        return {
            "weights": {name: p.detach() for name, p in self.named.items()},
            "average": list(self.average),
            "optimiser": self.optimiser.state_dict(),
        }

    def load_state(self, state: dict[str, Any]) -> None:
        """Go on from what `state` gave.

        Raises:
            ValueError: it is of another model.
        """
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
            budget: `step` is the number of the first update, moved on by every update.
            batches: for each update, what its gradient is averaged over.
            after: called with the number of updates done, the fraction of the run and the losses.
            floor: the rate at the end, as a share of the peak.

        Raises:
            FloatingPointError: `after` may, if it looks at the losses; see `check_finite`.
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

    def run(
        self,
        budget: Budget,
        log: Callable[[str], None] = print,
        validation: list[dict[str, torch.Tensor]] | None = None,
        checkpoint: Callable[[], None] | None = None,
        checkpoint_seconds: float = 180,
    ) -> None:
        """Train on the store until the budget is spent; `checkpoint` is called with the average in place,
        every so often."""
        options, began, saved = self.options, time.monotonic(), time.monotonic()
        assert self.store is not None
        loader = DataLoader(
            Batches(self.store, options, self.codebooks),
            batch_size=None,
            num_workers=options.workers,
            prefetch_factor=8 if options.workers else None,
            pin_memory=self.device.type == "cuda",
        )

        def keep() -> None:
            if checkpoint:
                self.swap()
                checkpoint()
                self.swap()

        def after(done: int, fraction: float, losses: dict[str, torch.Tensor]) -> None:
            nonlocal saved
            step = done - 1
            if step % options.log_every == 0:
                backbone, depth = check_finite(losses, step)
                text = f"voice step {step} {time.monotonic() - began:.0f}s {fraction:.3f} "
                text += f"backbone {backbone:.3f} depth {depth:.3f}"
                if validation and step % (5 * options.log_every) == 0:
                    text += " validation {:.3f} {:.3f}".format(*self.validate(validation))
                log(text)
            if time.monotonic() - saved > checkpoint_seconds:
                keep()
                saved = time.monotonic()

        self.loop(budget, ([batch] for batch in loader), after)
        keep()


def check_finite(losses: dict[str, torch.Tensor], step: int) -> tuple[float, float]:
    """(backbone, depth) as numbers.

    Raises:
        FloatingPointError: one of them is not finite: the run has gone astray.
    """
    backbone, depth = losses["backbone"].item(), losses["depth"].item()
    if not math.isfinite(backbone + depth):
        raise FloatingPointError(f"the losses are {backbone}, {depth} at step {step}")
    return backbone, depth
