"""CSM's training loop: codes of speech are learned after their text and after earlier turns.

Backbone loss: cross entropy of codebook 0 at every frame, EOS included. Depth loss: the other codebooks at
a random share of the frames, EOS included: a voice that leaves it out never stops. Inputs are damaged on
purpose, so that the model listens to the text rather than copying what it has just said.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator
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
    frames."""

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


class _Batches(IterableDataset):
    def __init__(self, store: SegmentStore, options: VoiceOptions, codebooks: int):
        self.store, self.options, self.codebooks = store, options, codebooks

    def __iter__(self) -> Iterator[dict[str, torch.Tensor]]:
        info = get_worker_info()
        seed = self.options.seed * 100 + (info.id if info else 0)
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
        model: a `CsmForConditionalGeneration`; its codec is not touched.
        store: where the utterances come from.
    """

    def __init__(self, model: Any, store: SegmentStore, options: VoiceOptions, device: torch.device):
        self.model, self.store, self.options, self.device = model.to(device).train(), store, options, device
        config = model.config
        self.codebooks, self.vocabulary = config.num_codebooks, config.vocab_size
        self.codes = config.codec_config.codebook_size
        self.parameters = [p for n, p in model.named_parameters() if not n.startswith("codec_model.")]
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
        self.average = [p.detach().clone() for p in self.parameters]
        self.depth_loss: Callable[..., torch.Tensor] = self._depth_loss
        self.backbone_loss: Callable[..., torch.Tensor] = self._backbone_loss
        if options.compile:
            for layer in model.backbone_model.layers:
                layer.compile(dynamic=False)
            self.depth_loss = torch.compile(self._depth_loss, dynamic=False)

    def autocast(self) -> torch.autocast:
        return torch.autocast(
            self.device.type, dtype=torch.bfloat16, enabled=self.device.type == "cuda", cache_enabled=False
        )

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
        table = model.depth_decoder.model.embed_tokens.weight
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
            count = min(self.options.depth_frames, speech.numel())
            weight, chosen = (torch.rand(speech.shape, device=speech.device) + speech).topk(count)
            depth = self.depth_loss(hidden.flatten(0, 1)[chosen], following[chosen], (weight >= 1).float())
        return backbone, depth

    def step(self, batch: dict[str, torch.Tensor], rate: float) -> dict[str, torch.Tensor]:
        """One update; returns both losses, which the next update may overwrite."""
        set_rate(self.optimiser, rate)
        shape = tuple(batch["kind"].shape)
        if shape not in self.graphs:
            inputs = self.inputs[shape] = {
                name: value.to(self.device).clone() for name, value in batch.items()
            }
            self.graphs[shape] = GraphedStep(
                lambda: self._update(inputs), self.device, enabled=self.options.graph, pool=self.pool
            )
        for name, value in batch.items():
            self.inputs[shape][name].copy_(value, non_blocking=True)
        return self.graphs[shape]()

    def _update(self, batch: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
        backbone, depth = self.losses(batch, damage=True)
        self.optimiser.zero_grad(set_to_none=True)
        (backbone + depth).backward()
        torch.nn.utils.clip_grad_norm_(self.parameters, 1.0)
        self.optimiser.step()
        with torch.no_grad():
            torch._foreach_lerp_(
                self.average, [p.detach() for p in self.parameters], 1 - self.options.average
            )
        return {"backbone": backbone.detach(), "depth": depth.detach()}

    def warm(self) -> None:
        """Compile and capture every shape on noise, then put the weights back as they were."""
        options = self.options
        before = [p.detach().clone() for p in self.parameters]
        for shape in options.shapes:
            size = (max(1, options.positions // shape.length), shape.length)
            noise = {
                "ids": torch.randint(0, self.model.config.text_vocab_size, size).to(torch.int16),
                "codes": torch.randint(0, self.codes, (*size, self.codebooks)).to(torch.int16),
                "kind": torch.full(size, FRAME, dtype=torch.uint8),
            }
            for _ in range(5 if options.graph else 2):
                self.step(noise, 0.0)
        with torch.no_grad():
            for parameter, average, value in zip(self.parameters, self.average, before, strict=True):
                parameter.copy_(value)
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
        return tuple(float(torch.stack(part).mean()) for part in zip(*found, strict=True))  # type: ignore[return-value]

    def swap(self) -> None:
        """Exchange the weights with their running average."""
        with torch.no_grad():
            for parameter, average in zip(self.parameters, self.average, strict=True):
                kept = parameter.detach().clone()
                parameter.copy_(average)
                average.copy_(kept)

    def run(
        self,
        budget: Budget,
        log: Callable[[str], None] = print,
        validation: list[dict[str, torch.Tensor]] | None = None,
        checkpoint: Callable[[], None] | None = None,
        checkpoint_seconds: float = 180,
    ) -> None:
        """Train until the budget is spent; `checkpoint` is called with the average in place, every so
        often."""
        options, began, saved = self.options, time.monotonic(), time.monotonic()
        loader = DataLoader(
            _Batches(self.store, options, self.codebooks),
            batch_size=None,
            num_workers=options.workers,
            prefetch_factor=8 if options.workers else None,
            pin_memory=self.device.type == "cuda",
        )
        for batch in loader:
            if budget.over():
                break
            fraction = budget.fraction()
            rate = learning_rate(fraction, budget.step, options.peak_rate, options.warmup, options.flat, 0.0)
            losses = self.step(batch, rate)
            if budget.step % options.log_every == 0:
                backbone, depth = losses["backbone"].item(), losses["depth"].item()
                if not math.isfinite(backbone + depth):
                    raise FloatingPointError(f"the losses are {backbone}, {depth} at step {budget.step}")
                text = f"voice step {budget.step} {time.monotonic() - began:.0f}s {fraction:.3f} "
                text += f"backbone {backbone:.3f} depth {depth:.3f}"
                if validation and budget.step % (5 * options.log_every) == 0:
                    text += " validation {:.3f} {:.3f}".format(*self.validate(validation))
                log(text)
            if checkpoint and time.monotonic() - saved > checkpoint_seconds:
                self.swap()
                checkpoint()
                self.swap()
                saved = time.monotonic()
            budget.step += 1
        if checkpoint:
            self.swap()
            checkpoint()
            self.swap()
