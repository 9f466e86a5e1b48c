"""Training of Mimi's split residual quantiser: moving averages, straight-through, dead codes restarted.

Follows the vector quantiser of SoundStream (Zeghidour et al. 2021, section III-C).
"""

from __future__ import annotations

import torch
from torch import nn


class CodebookTrainer:
    """The codebooks of one residual quantiser, learned as moving averages of what they are assigned.

    Args:
        quantiser: a `MimiResidualVectorQuantizer`; its projections are trained by gradient, its codebooks
        here. reserve_zero: keep entry 0 of the first codebook out of use, so that code 0 there means end
        of speech.
    """

    def __init__(self, quantiser: nn.Module, decay: float = 0.98, reserve_zero: bool = False):
        self.quantiser, self.decay, self.reserve_zero = quantiser, decay, reserve_zero
        books = [layer.codebook for layer in quantiser.layers]
        self.embed = torch.stack([book.embed_sum for book in books]).float().clone()  # [levels, size, dim]
        self.usage = torch.ones(self.embed.shape[:2], device=self.embed.device)
        self.sums = self.embed.clone()
        self.ready = False

    def _assign(self, residual: torch.Tensor, level: int) -> torch.Tensor:
        embed = self.embed[level]
        distance = embed.square().sum(1) - 2 * residual @ embed.T
        if self.reserve_zero and level == 0:
            distance[:, 0] = torch.inf
        return distance.argmin(1)

    @torch.no_grad()
    def _learn(self, level: int, residual: torch.Tensor, codes: torch.Tensor) -> None:
        size = self.embed.shape[1]
        count = torch.zeros(size, device=codes.device).index_add_(
            0, codes, torch.ones_like(codes, dtype=torch.float)
        )
        total = torch.zeros_like(self.embed[level]).index_add_(0, codes, residual)
        self.usage[level].lerp_(count, 1 - self.decay)
        self.sums[level].lerp_(total, 1 - self.decay)
        # A code that has fallen out of use starts again at a random input.
        fresh = residual[torch.randint(len(residual), (size,), device=residual.device)]
        dead = (self.usage[level] < 0.05)[:, None]
        mean = self.sums[level] / self.usage[level].clamp_min(1e-5)[:, None]
        self.embed[level] = torch.where(dead, fresh, mean)
        self.sums[level] = torch.where(dead, fresh * 0.3, self.sums[level])
        self.usage[level] = torch.where(dead[:, 0], 0.3, self.usage[level])

    @torch.no_grad()
    def start(self, latents: torch.Tensor, rounds: int = 8) -> None:
        """k-means over `latents` `[batch, hidden, frames]`, level by level."""
        residual = self.project(latents).float()
        for level in range(len(self.embed)):
            size = self.embed.shape[1]
            self.embed[level] = residual[torch.randint(len(residual), (size,), device=residual.device)]
            for _ in range(rounds):
                codes = self._assign(residual, level)
                count = torch.zeros(size, device=codes.device).index_add_(
                    0, codes, torch.ones_like(codes, dtype=torch.float)
                )
                total = torch.zeros_like(self.embed[level]).index_add_(0, codes, residual)
                fresh = residual[torch.randint(len(residual), (size,), device=residual.device)]
                mean = total / count.clamp_min(1)[:, None]
                self.embed[level] = torch.where((count > 0)[:, None], mean, fresh)
            codes = self._assign(residual, level)
            residual = residual - self.embed[level][codes]
        self.sums = self.embed.clone()
        self.usage.fill_(1.0)
        self.ready = True

    def go_on(self) -> None:
        """Take the codebooks of the Mimi modules as learned already."""
        self.ready = True

    def project(self, latents: torch.Tensor) -> torch.Tensor:
        """Latents `[batch, hidden, frames]` in the quantiser's space, `[batch * frames, dim]`."""
        projected = self.quantiser.input_proj(latents) if self.quantiser.input_proj is not None else latents
        return projected.transpose(1, 2).flatten(0, 1)

    def __call__(
        self, latents: torch.Tensor, learn: bool = True, levels: torch.Tensor | None = None
    ) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
        """Quantise latents `[batch, hidden, frames]`.

        Args:
            learn: move the codebooks. levels: `[batch]`, how many levels each row uses (quantiser dropout).

        Returns:
            straight-through output before the output projection `[batch, frames, dim]`, commitment loss,
            codes `[batch, frames, levels]`.
        """
        batch, _, frames = latents.shape
        with torch.autocast(latents.device.type, enabled=False):
            wanted = self.project(latents.float())
            residual = wanted.detach()
            total = torch.zeros_like(residual)
            codes = []
            for level in range(len(self.embed)):
                chosen = self._assign(residual, level)
                value = self.embed[level][chosen]
                if learn:
                    self._learn(level, residual, chosen)
                if levels is not None:
                    value = value * (levels > level).repeat_interleave(frames)[:, None]
                total = total + value
                residual = residual - value
                codes.append(chosen)
            commitment = (wanted - total).square().mean()
            out = wanted + (total - wanted).detach()
        return out.view(batch, frames, -1), commitment, torch.stack(codes, 1).view(batch, frames, -1)

    @torch.no_grad()
    def store(self) -> None:
        """Write the codebooks into the Mimi modules."""
        embed = self.embed.clone()
        if self.reserve_zero:
            # Never the nearest entry: far outside the cloud, yet finite.
            embed[0, 0] = embed[0, 1:].abs().max() * 10
        for level, layer in enumerate(self.quantiser.layers):
            layer.codebook.embed_sum.copy_(embed[level])
            layer.codebook.cluster_usage.fill_(1.0)
            layer.codebook._embed = None
