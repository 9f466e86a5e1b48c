"""The two training losses: what the backbone says of codebook 0, and the depth decoder of the others."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor
from torch.nn import functional as F

IGNORE = -100
BACKBONE_ONLY = -101


def backbone_loss(logits: Tensor, labels: Tensor) -> Tensor:
    """Mean cross entropy of codebook 0; the logits at t-1 are scored against frame t.

    Args:
        logits: `[B, T, vocab]`.
        labels: `[B, T]`, -100 where nothing is scored.
    """
    return F.cross_entropy(logits[:, :-1].float().flatten(0, 1), labels[:, 1:].flatten(), ignore_index=IGNORE)


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


def depth_decoder_loss(depth_decoder: Any, hidden: Tensor, frames: Tensor) -> tuple[Tensor, Tensor]:
    """Mean cross entropy of codebooks 1 … K-1.

    Args:
        depth_decoder: a `CsmDepthDecoderForCausalLM`.
        hidden: `[N, H]`; frames: `[N, K]`, -100 where a code is not scored.

    Returns:
        (loss, logits `[N, K-1, vocab]`). Without frames the loss is 0, so that the sum stays finite.
    """
    logits = depth_decoder.frame_logits(hidden, frames.clamp(min=0))
    labels = frames[:, 1:].flatten()
    total = F.cross_entropy(logits.float().flatten(0, 1), labels, ignore_index=IGNORE, reduction="sum")
    return total / (labels != IGNORE).sum().clamp(min=1), logits


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
