"""Sampling of codes with counter-based noise: a hash of (seed, frame, codebook, candidate). torch only.

A row's noise does not depend on its place in a batch, on the other rows or on the device: there is no
generator state. Everything is done in integers below 2^63 until the last step, so that all devices agree.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

_MASK = 0xFFFFFFFF


def _mix(x: Tensor) -> Tensor:
    """A bijection of 32-bit integers kept in int64 that spreads every bit ("lowbias32", C. Wellons, 2018).

    Products overflow int64 in two's complement, which leaves their low 32 bits, all that is kept, exact.
    """
    x = ((x >> 16) ^ x) * 0x7FEB352D & _MASK
    x = ((x >> 15) ^ x) * 0x846CA68B & _MASK
    return (x >> 16) ^ x


def seed_keys(seeds: Sequence[int], device: torch.device | str = "cpu") -> Tensor:
    """One 32-bit key pair per row, int64 `[B, 2]`, from integers of which the lowest 64 bits count."""
    halves = [[seed & _MASK, (seed >> 32) & _MASK] for seed in seeds]
    halves_tensor = torch.tensor(halves, dtype=torch.int64, device=device)
    low = _mix(halves_tensor[:, 0] ^ 0x9E3779B9)
    # Not _mix(low) for small seeds: `uniform_noise` mixes the low key too, and the two must not be alike.
    high = _mix(((halves_tensor[:, 1] ^ 0xB5297A4D) + low) & _MASK)
    return torch.stack((low, high), dim=1)


def row_seeds(seeds: Sequence[int] | int | None, batch: int) -> list[int]:
    """A seed for each of `batch` rows; see `CsmForConditionalGeneration.generate`.

    Raises:
        ValueError: as many seeds as rows are needed.
    """
    if seeds is None:
        return torch.randint(2**62, (batch,)).tolist()
    if isinstance(seeds, int):
        return [seeds + i for i in range(batch)]
    if len(seeds) != batch:
        raise ValueError(f"{batch} rows need {batch} seeds, got {len(seeds)}")
    return [int(seed) for seed in seeds]


def uniform_noise(keys: Tensor, frame: int | Tensor, codebooks: Tensor, candidates: Tensor) -> Tensor:
    """Numbers in (0, 1), float32 `[B, K, V]`.

    Args:
        keys: of `seed_keys`, `[B, 2]`.
        frame: number of the frame within the line, from 0; an integer, or a tensor `[]` or `[B]`.
        codebooks: int64 `[K]`, which codebooks.
        candidates: int64 `[V]`, which ids.
    """
    row = _mix((keys[:, 0] + frame * 0x9E3779B1) & _MASK) ^ keys[:, 1]
    book = _mix((row[:, None] + codebooks * 0x85EBCA77) & _MASK)
    bits = _mix((book[:, :, None] + _mix(candidates + 0x27D4EB2F)) & _MASK)
    # 23 bits and a half: every value, the largest too, is a float32 strictly between 0 and 1.
    return ((bits >> 9).float() + 0.5) * 2.0**-23


def gumbel_noise(keys: Tensor, frame: int | Tensor, codebooks: Tensor, candidates: Tensor) -> Tensor:
    """Standard Gumbel noise, float32 `[B, K, V]`: -log(-log(u)); arguments as `uniform_noise`."""
    return -torch.log(-torch.log(uniform_noise(keys, frame, codebooks, candidates)))


@dataclass(frozen=True)
class RowSampler:
    """Temperature and top-k of every row of a batch, as tensors.

    Attributes:
        temperature: float32 `[B, 1]`; 0 for greedy rows.
        top_k: int64 `[B, 1]`; how many candidates are kept, never more than there are ids.
        widest: the largest top_k, or 0 if no sampled row is limited.
        uniform: all rows have the same top_k.
        greedy: no row is sampled.
    """

    temperature: Tensor
    top_k: Tensor
    widest: int
    uniform: bool
    greedy: bool

    @classmethod
    def of(
        cls,
        temperatures: Sequence[float],
        top_ks: Sequence[int],
        num_candidates: int,
        device: torch.device | str = "cpu",
    ) -> RowSampler:
        """From one temperature (0: greedy) and one top-k (0: no limit) per row, and the number of ids V."""
        kept = [min(k, num_candidates) or num_candidates for k in top_ks]
        limited = any(k < num_candidates and t > 0 for k, t in zip(kept, temperatures, strict=True))
        return cls(
            torch.tensor(temperatures, dtype=torch.float32, device=device)[:, None],
            torch.tensor(kept, dtype=torch.int64, device=device)[:, None],
            max(kept) if limited else 0,
            len(set(kept)) == 1,
            not any(t > 0 for t in temperatures),
        )


def frame_noise(
    keys: Tensor,
    frame: int | Tensor,
    backbone: RowSampler,
    depth: RowSampler,
    codebooks: Tensor,
    candidates: Tensor,
) -> Tensor | None:
    """Gumbel noise times temperature of a whole frame, float32 `[B, K, V]`; None if every row is greedy.

    Args:
        backbone, depth: samplers of codebook 0, and of the others.
        keys, frame, codebooks, candidates: as `uniform_noise`; all codebooks, from 0.
    """
    if backbone.greedy and depth.greedy:
        return None
    noise = gumbel_noise(keys, frame, codebooks, candidates)
    noise[:, 0] *= backbone.temperature
    noise[:, 1:] *= depth.temperature[:, None]
    return noise


def draw(logits: Tensor, sampler: RowSampler, noise: Tensor | None) -> Tensor:
    """One id per row, int64 `[B]`.

    Args:
        logits: float32 `[B, V]`, already without the ids that may not be drawn.
        noise: temperature T times standard Gumbel noise, `[B, V]`; None: the likeliest id of every row.

    The id with the largest logit + T * Gumbel noise has the probabilities softmax(logit / T) (the Gumbel-max
    trick; Maddison, Tarlow & Minka 2014). Candidates as likely as the k-th are kept too.
    """
    if noise is None or sampler.greedy:
        return logits.argmax(dim=-1)
    scores = logits + noise
    if sampler.widest:
        best = logits.topk(sampler.widest, dim=-1).values
        least = best[:, -1:] if sampler.uniform else best.gather(1, sampler.top_k - 1)
        scores = scores.masked_fill(logits < least, -torch.inf)
    return scores.argmax(dim=-1)
