"""The objective of a voice: both losses of a batch, on inputs that may be damaged on purpose.

Backbone loss: cross entropy of codebook 0 at every frame, EOS included. Depth loss: the other codebooks at
a random share of the frames, EOS included: a voice trained without it never stops. Damage makes the model
attend to the text rather than copy the frames just before.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import torch
from torch.nn import functional as F

from csm_cli.training.rows import EOS, FRAME, TEXT
from csm_cli.training.segments import RowShape


@dataclass
class Budget:
    """A run's length in steps or in seconds, whichever ends first.

    Attributes:
        steps, seconds: limits; None is no limit. start_fraction, end_fraction: the part of the whole
            schedule that this run covers, for a schedule that spans several runs.
    """

    steps: int | None = None
    seconds: float | None = None
    start_fraction: float = 0.0
    end_fraction: float = 1.0
    step: int = 0
    began: float = field(default_factory=time.monotonic)

    def _done(self) -> float:
        """How much of this run has passed, 0 to 1."""
        by_step = self.step / self.steps if self.steps else 0.0
        by_time = (time.monotonic() - self.began) / self.seconds if self.seconds else 0.0
        return min(max(by_step, by_time), 1.0)

    def fraction(self) -> float:
        """How much of the whole schedule has passed, 0 to 1."""
        return self.start_fraction + self._done() * (self.end_fraction - self.start_fraction)

    def over(self) -> bool:
        """Whether the steps or the seconds are used up; at once if `seconds` is 0 or less."""
        return self._done() >= 1.0 or (self.seconds is not None and self.seconds <= 0)


def learning_rate(
    fraction: float, step: int, peak: float, warmup: int, flat: float, floor: float = 0.01
) -> float:
    """Linear warm-up over `warmup` steps, constant until `flat` of the run, then linear down to `floor` ×
    peak."""
    rise = min(1.0, (step + 1) / warmup)
    fall = 1.0 if fraction < flat else max(floor, (1 - fraction) / (1 - flat))
    return peak * rise * fall


SHAPES = (
    RowShape(576, 0.10, False),
    RowShape(1024, 0.50, True),
    RowShape(2048, 0.40, True),
)


@dataclass(frozen=True)
class TrainerOptions:
    """Knobs of the loop. `positions` and `depth_frames` are per step; shares of damage are of input
    frames.

    Attributes:
        depth_share: the depth loss is of this share of the frames, and of every EOS frame; None:
            `depth_frames` of either kind, a fixed number, so that shapes never change.
        compile: compile the layers and the depth loss; for every length of rows, or for any length at once.
        lengths_vary: rows have other lengths in every batch.
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
    lengths_vary: bool = False
    graph: bool = False  # a step of this size is worth it only without torch.compile
    workers: int = 2
    log_every: int = 200
    seed: int = 1
    depth_share: float | None = None
    half: bool | None = None
    repeatable: bool = False


class VoiceObjective:
    """The losses of a model.

    Args:
        model: a `CsmForConditionalGeneration`; its codec is not touched.
    """

    def __init__(self, model: Any, options: TrainerOptions, device: torch.device):
        self.model, self.options, self.device = model.to(device).train(), options, device
        config = model.config
        self.codebooks, self.vocabulary = config.num_codebooks, config.vocab_size
        self.codes = config.codec_config.codebook_size
        self.half = device.type == "cuda" if options.half is None else options.half
        self.products = self.half and device.type == "cuda"  # tables are read as products, in bfloat16
        self.depth_loss: Callable[..., torch.Tensor] = self._depth_loss
        self.backbone_loss: Callable[..., torch.Tensor] = self._backbone_loss
        if options.compile:
            for layer in model.backbone_model.layers:
                layer.compile(dynamic=options.lengths_vary)
            self.depth_loss = torch.compile(self._depth_loss, dynamic=options.lengths_vary)

    def autocast(self) -> torch.autocast:
        """A context of bfloat16 products, or of none if the loop runs in float32."""
        return torch.autocast(self.device.type, dtype=torch.bfloat16, enabled=self.half, cache_enabled=False)

    def _damage(self, codes: torch.Tensor, frames: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Damaged input codes `[B, T, K]`, and which of them are embedded, bool `[B, T, K]`."""
        options, shape = self.options, codes.shape
        random_codes = torch.randint(0, self.codes, shape, device=codes.device)
        wrong = (torch.rand(shape, device=codes.device) < options.wrong) & frames[..., None]
        codes = torch.where(wrong, random_codes, codes)
        draw = torch.rand(shape[:2], device=codes.device)
        kept = torch.randint(1, self.codebooks, shape[:2], device=codes.device)
        kept = torch.where(draw < options.silenced + options.shortened, kept, self.codebooks)
        kept = torch.where(draw < options.silenced, 0, kept)
        kept = torch.where(frames, kept, self.codebooks)  # an EOS frame is always whole
        return codes, torch.arange(self.codebooks, device=codes.device) < kept[..., None]

    def _embed(self, batch: dict[str, torch.Tensor], damage: bool) -> torch.Tensor:
        kind, codes, model = batch["kind"], batch["codes"].long(), self.model
        embedded = torch.ones_like(codes, dtype=torch.bool)
        if damage:
            codes, embedded = self._damage(codes, kind == FRAME)
        audio = self._sum_embeddings(codes, embedded)
        text = model.embed_text_tokens(batch["ids"].long())
        embeds = torch.where((kind == TEXT)[..., None], text, audio)
        embeds = embeds * (kind != 0)[..., None]
        return F.dropout(embeds, self.options.dropout, damage)

    def _sum_embeddings(self, codes: torch.Tensor, embedded: torch.Tensor) -> torch.Tensor:
        """Rows of the audio table summed over the codebooks that count: `[B, T, K]`, bool `[B, T, K]` →
        `[B, T, H]`.

        In bfloat16 on a GPU as a product with a matrix of zeros and ones: looking 12 rows up for each of
        24,576 frames, and adding their gradients up again, takes several times as long.
        """
        table = self.model.backbone_model.embed_tokens.embed_audio_tokens.weight
        places = codes + torch.arange(self.codebooks, device=codes.device) * self.vocabulary
        if not self.products:
            return (F.embedding(places, table) * embedded[..., None]).sum(2)
        chosen = torch.zeros(*codes.shape[:2], len(table), dtype=torch.bfloat16, device=codes.device)
        return chosen.scatter_(2, places, embedded.to(torch.bfloat16)) @ table.to(torch.bfloat16)

    def _frame_logits(self, hidden: torch.Tensor, codes: torch.Tensor) -> torch.Tensor:
        """As the depth decoder's `frame_logits`, the table read in the same way."""
        decoder = self.model.depth_decoder
        if not self.products:
            return decoder.frame_logits(hidden, codes)
        books = self.codebooks - 1
        table = decoder.model.embed_tokens.weight[: books * self.vocabulary].view(books, self.vocabulary, -1)
        chosen = F.one_hot(codes[:, :books].T, self.vocabulary).to(torch.bfloat16)
        embeds = torch.bmm(chosen, table.to(torch.bfloat16)).transpose(0, 1)
        inputs = torch.cat((hidden[:, None].to(embeds.dtype), embeds), 1)
        return decoder.codebooks_head(
            decoder.model(inputs_embeds=inputs, use_cache=False).last_hidden_state[:, 1:]
        )

    def _backbone_loss(self, hidden: torch.Tensor, wanted: torch.Tensor) -> torch.Tensor:
        logits = self.model.lm_head(hidden).float()
        return F.cross_entropy(logits.flatten(0, -2), wanted.flatten(), ignore_index=-100)

    def _depth_loss(
        self, hidden: torch.Tensor, given: torch.Tensor, codes: torch.Tensor, weight: torch.Tensor
    ) -> torch.Tensor:
        logits = self._frame_logits(hidden, given).float()
        each = F.cross_entropy(logits.flatten(0, 1), codes[:, 1:].flatten(), reduction="none")
        return (each.view(len(codes), -1).mean(1) * weight).sum() / weight.sum().clamp_min(1)

    def _damage_frames(self, hidden: torch.Tensor, codes: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Damaged hidden states `[N, H]` and codes `[N, K]` for the depth decoder: a frame is a short
        sequence, the same in every epoch, and would be memorised.
        """
        wrong = torch.rand(codes.shape, device=codes.device) < self.options.wrong
        codes = torch.where(wrong, torch.randint(0, self.codes, codes.shape, device=codes.device), codes)
        return F.dropout(hidden, self.options.dropout), codes

    def losses(self, batch: dict[str, torch.Tensor], damage: bool) -> tuple[torch.Tensor, torch.Tensor]:
        """(backbone loss, depth loss) of a batch on the device."""
        kind, codes = batch["kind"], batch["codes"].long()
        with self.autocast():
            embeds = self._embed(batch, damage)
            hidden = self.model.backbone_model(inputs_embeds=embeds, use_cache=False).last_hidden_state[
                :, :-1
            ]
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
            hidden, following = hidden.flatten(0, 1)[chosen], following[chosen]
            states, given = self._damage_frames(hidden, following) if damage else (hidden, following)
            depth = self.depth_loss(states, given, following, (weight >= 1).float())
        return backbone, depth

    def _depth_count(self, speech: torch.Tensor, ends: torch.Tensor) -> int:
        """Frames of a batch in the depth loss.

        Args:
            speech, ends: bool `[positions]`, where frames are, EOS included, and where EOS frames are.
        """
        if self.options.depth_share is None:
            return min(self.options.depth_frames, speech.numel())
        finals = int(ends.sum())
        return finals + math.ceil((int(speech.sum()) - finals) * self.options.depth_share)
