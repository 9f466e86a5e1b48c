"""Drawing codes with noise that is counted, not kept: a hash of (seed, frame, codebook, candidate). torch only.

A row's noise does not depend on its place in a batch, on the other rows or on the device: there is no generator
state. Everything is done in integers below 2^63 until the last step, so that all devices agree.
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
    high = _mix((halves_tensor[:, 1] + low) & _MASK)
    return torch.stack((low, high), dim=1)


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
        inverse_temperature: float32 `[B, 1]`; 1 for greedy rows.
        noisy: float32 `[B, 1]`; 0 for greedy rows, else 1.
        top_k: int64 `[B, 1]`; how many candidates are kept, never more than there are ids.
        widest: the largest top_k, or 0 if no row is limited.
        greedy: no row is sampled.
    """

    inverse_temperature: Tensor
    noisy: Tensor
    top_k: Tensor
    widest: int
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
        sampled = [t > 0 for t in temperatures]
        kept = [min(k, num_candidates) or num_candidates for k in top_ks]
        inverse = [1.0 / t if t > 0 else 1.0 for t in temperatures]
        limited = any(k < num_candidates and s for k, s in zip(kept, sampled, strict=True))
        return cls(
            torch.tensor(inverse, dtype=torch.float32, device=device)[:, None],
            torch.tensor(sampled, dtype=torch.float32, device=device)[:, None],
            torch.tensor(kept, dtype=torch.int64, device=device)[:, None],
            max(kept) if limited else 0,
            not any(sampled),
        )


def draw(logits: Tensor, sampler: RowSampler, gumbel: Tensor | None) -> Tensor:
    """One id per row, int64 `[B]`.

    Args:
        logits: float32 `[B, V]`, already without the ids that may not be drawn.
        gumbel: standard Gumbel noise `[B, V]`; None: the likeliest id of every row.

    The id with the largest logit / T + Gumbel noise has the probabilities softmax(logit / T) (the Gumbel-max trick;
    Maddison, Tarlow & Minka 2014). Candidates as likely as the k-th are kept too.
    """
    if gumbel is None or sampler.greedy:
        return logits.argmax(dim=-1)
    scores = logits * sampler.inverse_temperature
    noisy = scores + gumbel * sampler.noisy
    if sampler.widest:
        least = scores.topk(sampler.widest, dim=-1).values.gather(1, sampler.top_k - 1)
        noisy = noisy.masked_fill(scores < least, -torch.inf)
    return noisy.argmax(dim=-1)
