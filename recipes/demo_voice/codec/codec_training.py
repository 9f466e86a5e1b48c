"""The codec's training loop: a `MimiModel` learns to carry speech in a few codes a frame.

Losses: log-mel at five resolutions, harmonics, waveform, commitment, adversarial with feature matching,
features of a phone classifier, and phones read off the semantic code (Mimi distils its first codebook too;
here the labels are the teachers').
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import nn
from torch.nn import functional as F

from csm_cli.training.devices import GraphedStep, adamw, set_rate
from csm_cli.training.objective import Budget, learning_rate
from recipes.demo_voice.codec.critics import Discriminators, PhoneClassifier
from recipes.demo_voice.codec.mimi import decode_latents, encode_latents, scale_to_unit
from recipes.demo_voice.codec.pool import SpeechPool
from recipes.demo_voice.codec.quantiser import CodebookTrainer
from recipes.demo_voice.codec.spectra import HarmonicLoss, MultiScaleMelLoss


@dataclass(frozen=True)
class CodecOptions:
    """Knobs of the loop; fractions are of one run's schedule."""

    batch: int = 32
    frames: int = 24  # frames of 80 ms in a crop
    peak_rate: float = 6e-4
    critic_rate: float = 3e-4
    quantise_from: float = 0.03
    classifier_from: float = 0.1
    adversary_from: float = 0.3
    phones: int = 47
    phone_weight: float = 2.0
    harmonic_weight: float = 6.0
    judged_frames: int = 8  # of a crop, for the discriminators: they cost three times the codec
    fewer_levels: float = 0.25  # share of the crops that must do with fewer codebooks
    discriminator_channels: int = 16
    ear_width: int = 256
    compile: bool = False
    graph: bool = True
    log_every: int = 200


@dataclass(frozen=True)
class Stage:
    """Which parts of the loop are at work; each stage is a graph of its own."""

    quantise: bool
    classify: bool
    adversary: bool
    frozen: bool


class CodecTrainer:
    """Holds the model, its critics and their optimisers.

    Args:
        model: a `transformers.MimiModel` with at least one semantic quantiser.
        pool: where the speech comes from.
    """

    def __init__(self, model: nn.Module, pool: SpeechPool, options: CodecOptions, device: torch.device):
        self.model, self.pool, self.options, self.device = model.to(device).train(), pool, options, device
        quantizer = model.quantizer
        self.semantic = CodebookTrainer(quantizer.semantic_residual_vector_quantizer, reserve_zero=True)
        self.acoustic = CodebookTrainer(quantizer.acoustic_residual_vector_quantizer)
        dim = model.config.vector_quantization_hidden_dimension
        self.phone_head = nn.Linear(dim, 4 * options.phones).to(device)  # four labels of 20 ms a frame
        self.mel, self.harmonics = MultiScaleMelLoss().to(device), HarmonicLoss().to(device)
        self.classifier = PhoneClassifier(options.phones, width=options.ear_width).to(device)
        self.judges = Discriminators(channels=options.discriminator_channels).to(device)
        self.encode: Callable[[torch.Tensor], torch.Tensor] = self._encode_latents
        self.decode: Callable[[torch.Tensor], torch.Tensor] = self._decode_latents
        if options.compile:
            self.encode, self.decode = torch.compile(self.encode), torch.compile(self.decode)
        parts: list[nn.Parameter] = [*model.parameters(), *self.phone_head.parameters()]
        self.maker = adamw(parts, options.peak_rate, (0.8, 0.98), 0.01, device)
        self.critic = adamw([*self.judges.parameters()], options.critic_rate, (0.8, 0.98), 0.01, device)
        self.listener = adamw([*self.classifier.parameters()], 1e-3, (0.9, 0.98), 0.01, device)
        self.frozen = self.trained = False
        self.stage: Stage | None = None
        self.graph: GraphedStep | None = None

    def _encode_latents(self, audio: torch.Tensor) -> torch.Tensor:
        return encode_latents(self.model, audio)

    def _decode_latents(self, latents: torch.Tensor) -> torch.Tensor:
        return decode_latents(self.model, latents)

    def autocast(self) -> torch.autocast:
        return torch.autocast(
            self.device.type, dtype=torch.bfloat16, enabled=self.device.type == "cuda", cache_enabled=False
        )

    def go_on(self, whole: bool = False) -> None:
        """The model is a trained one: it quantises from the first step on.

        Args:
            whole: encoder and codebooks learn too, so that codes change; else the decoder alone.
        """
        self.semantic.go_on()
        self.acoustic.go_on()
        self.trained = True
        self.frozen = not whole

    def _start_codebooks(self) -> None:
        """k-means on what the encoder gives now."""
        with self.autocast():
            # With gradients on, though unused: a compiled encoder would be compiled once more without.
            many = [
                self.encode(self.pool.crops(self.options.batch, self._samples)[0][:, None]).detach()
                for _ in range(8)
            ]
        self.semantic.start(torch.cat(many).float())
        self.acoustic.start(torch.cat(many).float())

    def _quantise(self, latents: torch.Tensor, stage: Stage) -> tuple[torch.Tensor, ...]:
        batch = len(latents)
        if not stage.quantise:  # not yet: let the encoder settle first
            meaning, detail = self.semantic.project(latents), self.acoustic.project(latents)
            shape = (batch, latents.shape[2], -1)
            return (
                meaning.float().view(shape),
                detail.float().view(shape),
                torch.zeros((), device=latents.device),
            )
        count = self.acoustic.embed.shape[0]
        levels = None
        if not stage.frozen:  # quantiser dropout
            fewer = torch.randint(1, count, (batch,), device=latents.device)
            few = torch.rand(batch, device=latents.device) < self.options.fewer_levels
            levels = torch.where(few, fewer, count)
        meaning, commit_meaning, _ = self.semantic(latents, not stage.frozen)
        detail, commit_detail, _ = self.acoustic(latents, not stage.frozen, levels)
        if stage.frozen:
            meaning, detail = meaning.detach(), detail.detach()
        return meaning, detail, commit_meaning + commit_detail

    def _judged(self, *audio: torch.Tensor) -> list[torch.Tensor]:
        """The same random stretch of each row, `[batch, judged_frames * 1920]`."""
        length = self.options.judged_frames * 1920
        batch, device = self.options.batch, self.device
        start = (torch.rand(batch, 1, device=device) * (self._samples - length)).long()
        at = start + torch.arange(length, device=device)
        return [part.gather(1, at) for part in audio]

    @property
    def _samples(self) -> int:
        return self.options.frames * 1920

    def step(self, fraction: float) -> dict[str, torch.Tensor]:
        """One update of every part; returns the losses (on the device, not synchronised)."""
        options = self.options
        stage = Stage(
            quantise=self.trained or fraction >= options.quantise_from,
            classify=self.trained or fraction >= options.classifier_from,
            adversary=self.trained or fraction >= options.adversary_from,
            frozen=self.frozen,
        )
        if stage != self.stage or self.graph is None:
            if stage.quantise and not self.semantic.ready:
                self._start_codebooks()
            self.graph = None  # gives its memory back before the next one is captured
            self.stage = stage
            self.graph = GraphedStep(lambda: self._update(stage), self.device, enabled=options.graph)
        return self.graph()

    def _update(self, stage: Stage) -> dict[str, torch.Tensor]:
        options, quantizer = self.options, self.model.quantizer
        real, phones = self.pool.crops(options.batch, self._samples)
        with self.autocast():
            latents = self.encode(real[:, None])
            meaning, detail, commitment = self._quantise(latents.float(), stage)
            mixed = quantizer.semantic_residual_vector_quantizer.output_proj(meaning.transpose(1, 2))
            mixed = mixed + quantizer.acoustic_residual_vector_quantizer.output_proj(detail.transpose(1, 2))
            made = self.decode(mixed)[:, 0].float()
        losses = {"mel": self.mel(made, real), "wave": F.l1_loss(made, real), "commit": commitment,
                  "harmonics": self.harmonics(made, real)}  # fmt: skip
        total = 15 * losses["mel"] + options.harmonic_weight * losses["harmonics"]
        if not stage.frozen:  # later it only shrinks the phase, which cannot be predicted
            total = total + 3 * losses["wave"]
        if not stage.frozen:
            total = total + 0.5 * commitment
            labels = phones.view(options.batch, options.frames, 4)
            guess = self.phone_head(meaning).view(options.batch, options.frames, 4, options.phones)
            losses["phone"] = F.cross_entropy(guess.flatten(0, 2).float(), labels.flatten())
            total = total + options.phone_weight * losses["phone"]
        with self.autocast():
            gain = 10 ** (torch.rand(len(real), 1, device=real.device) * 0.6 - 0.3)
            guessed, _ = self.classifier(real * gain)
            losses["ear_error"] = F.cross_entropy(guessed.float(), phones)
            if stage.classify:  # in a run from nothing, not before the classifier has learned something
                self.classifier.requires_grad_(False)
                losses["hearing"] = self.classifier.distance(made, real)
                self.classifier.requires_grad_(True)
                total = total + 1.0 * losses["hearing"]
            if stage.adversary:
                real_part, made_part = self._judged(real, made)
                losses["critic"] = self.judges.critic_loss(real_part, made_part)
                self.critic.zero_grad(set_to_none=True)
                losses["critic"].backward()
                self.critic.step()
                self.judges.requires_grad_(False)
                fool, match = self.judges.maker_loss(real_part, made_part)
                self.judges.requires_grad_(True)
                losses["fool"], losses["match"] = fool, match
                # The spectral terms stay in front: the adversary only polishes.
                total = total + 0.5 * fool + 2.0 * match
        self.maker.zero_grad(set_to_none=True)
        total.backward()
        nn.utils.clip_grad_norm_(self.model.parameters(), 5.0)
        self.maker.step()
        self.listener.zero_grad(set_to_none=True)
        losses["ear_error"].backward()
        self.listener.step()
        return {name: loss.detach() for name, loss in losses.items()}

    def warm(self) -> None:
        """Set the scale of the weights and compile, if that is on, before the clock of a budget starts."""
        scale_to_unit(self.model, self.pool.crops(self.options.batch, self._samples)[0][:, None])
        with self.autocast():
            latents = self.encode(self.pool.crops(self.options.batch, self._samples)[0][:, None])
            self.decode(latents).float().square().mean().backward()
        self.maker.zero_grad(set_to_none=True)

    def run(
        self, budget: Budget, peak_rate: float, last_rate: float = 0.02, log: Callable[[str], None] = print
    ) -> None:
        """Train until the budget is spent; the rate falls from `peak_rate` to `last_rate` × peak."""
        began = time.monotonic()
        while not budget.over():
            fraction = budget.fraction()
            set_rate(self.maker, learning_rate(fraction, budget.step, peak_rate, 300, 0.3, last_rate))
            losses = self.step(fraction)
            if budget.step % self.options.log_every == 0:
                self.pool.refresh()
                shown = " ".join(f"{name} {value.item():.3f}" for name, value in losses.items())
                seconds, hours = time.monotonic() - began, self.pool.used / 86.4e6
                log(f"codec step {budget.step} {seconds:.0f}s {fraction:.3f} {hours:.1f}h {shown}")
            budget.step += 1

    def save(self, folder: Path) -> None:
        """Write the codec as a `MimiModel` folder."""
        self.semantic.store()
        self.acoustic.store()
        self.model.save_pretrained(folder)
