"""The two training losses: what the backbone says of codebook 0, and the depth decoder of the others."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional as F

IGNORE = -100
BACKBONE_ONLY = -101


def code_loss(logits: Tensor, labels: Tensor, count: int | Tensor | None = None) -> Tensor:
    """Cross entropy of logits `[..., vocab]` against codes `[...]`, in float32; -100 is left out.

    Args:
        count: what the sum is divided by, for a batch that is a part of a larger one; None: the number of
            scored codes. If there are none the loss is 0, so that sums of losses stay finite.
    """
    total = F.cross_entropy(
        logits.float().flatten(0, -2), labels.flatten(), ignore_index=IGNORE, reduction="sum"
    )
    return total / ((labels != IGNORE).sum().clamp(min=1) if count is None else count)


def backbone_loss(logits: Tensor, labels: Tensor, count: int | Tensor | None = None) -> Tensor:
    """`code_loss` of codebook 0; the logits at t-1 are scored against frame t.

    Args:
        logits: `[B, T, vocab]`.
        labels: `[B, T]`, -100 where nothing is scored.
    """
    return code_loss(logits[:, :-1], labels[:, 1:], count)


def depth_decoder_inputs(hidden: Tensor, labels: Tensor) -> tuple[Tensor, Tensor]:
    """The frames that have a depth label, and the hidden state before each.

    Args:
        hidden: `[B, T, H]`.
        labels: `[B, T, K]`; a frame counts if any of its codebooks 1 … K-1 is not -100.

    Returns:
        hidden states `[N, H]` of the positions t-1, and frames `[N, K]`. A frame at t = 0 has nothing before
        it and is left out.
    """
    wanted = (labels[:, 1:, 1:] != IGNORE).any(dim=-1)
    return hidden[:, :-1][wanted], labels[:, 1:][wanted]


def expand_labels(labels: Tensor, frames: Tensor, is_frame: Tensor) -> Tensor:
    """Labels by kind `[B, T]` → labels by codebook `[B, T, K]`.

    Args:
        labels: the id of a frame's placeholder where it is scored; -101: for the backbone only; -100: not at
            all.
        frames: codes of the frames, EOS frames included, `[N, K]`, in order of position.
        is_frame: bool `[B, T]`, where they stand.
    """
    expanded = torch.full((*labels.shape, frames.shape[-1]), IGNORE, dtype=torch.long, device=labels.device)
    expanded[is_frame] = frames
    expanded[labels == IGNORE] = IGNORE
    expanded[..., 1:] = expanded[..., 1:].masked_fill((labels == BACKBONE_ONLY)[..., None], IGNORE)
    return expanded
