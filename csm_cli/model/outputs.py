"""What the modules return, with field names as in transformers, and the two training losses."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, TypedDict

import torch
from torch import Tensor
from torch.nn import functional as F
from transformers.generation.utils import GenerateDecoderOnlyOutput
from transformers.utils.generic import ModelOutput


class ForwardFlags(TypedDict, total=False):
    """Keyword arguments that every `forward` takes beside its tensors; others go to the attention.

    Attributes:
        output_hidden_states, output_attentions: also the numbers of those wanted.
        num_items_in_batch: what losses are divided by, for a batch that is a part of a larger one.
        return_dict: False: a tuple of the fields that are set.
    """

    output_hidden_states: bool | int | list[int] | None
    output_attentions: bool | None
    num_items_in_batch: int | torch.Tensor | None
    return_dict: bool | None


@dataclass
class CsmOutputWithPast(ModelOutput):
    """What `CsmForConditionalGeneration.forward` returns.

    Args:
        loss: backbone_loss + depth_decoder_loss, if labels were given.
        logits: `[B, T kept, vocab]`, of codebook 0 of the next frame.
        depth_decoder_logits: `[frames with depth labels, K-1, vocab]`.
    """

    loss: torch.Tensor | None = None
    logits: torch.Tensor | None = None
    past_key_values: Any = None
    hidden_states: tuple[torch.Tensor, ...] | None = None
    attentions: tuple[torch.Tensor, ...] | None = None
    depth_decoder_loss: torch.Tensor | None = None
    depth_decoder_logits: torch.Tensor | None = None
    depth_decoder_past_key_values: Any = None
    depth_decoder_hidden_states: tuple[torch.Tensor, ...] | None = None
    depth_decoder_attentions: tuple[torch.Tensor, ...] | None = None
    backbone_loss: torch.Tensor | None = None


@dataclass
class CsmGenerateOutput(GenerateDecoderOnlyOutput):
    """What `generate(..., return_dict_in_generate=True)` returns beside transformers' fields.

    `sequences` are int64 `[B, frames, K]`; a row's EOS frame is in it, and rows of `codebook_pad_token_id`
    follow. `scores` and `logits` are those of codebook 0, float32 `[B, vocab]` per frame.

    Args:
        audio: with `output_audio`: one float32 `[samples]` per row, EOS frame cut off.
        ended: bool `[B]`, True where an EOS frame came.
    """

    audio: list[torch.Tensor] | None = None
    ended: torch.Tensor | None = None


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


def depth_decoder_inputs(
    hidden: Tensor, labels: Tensor, codes: Tensor | None
) -> tuple[Tensor, Tensor, Tensor]:
    """The frames that have a depth label, and the hidden state before each.

    Args:
        hidden: `[B, T, H]`.
        labels: `[B, T, K]`; a frame counts if any of its codebooks 1 … K-1 is not -100.
        codes: `[B, T, K]`, what the depth decoder is given where a label is -100; None: 0.

    Returns:
        hidden states `[N, H]` of the positions t-1, codes and labels of the frames, `[N, K]`. A frame at
        t = 0 has nothing before it and is left out.
    """
    wanted = (labels[:, 1:, 1:] != IGNORE).any(dim=-1)
    given = labels.clamp(min=0) if codes is None else torch.where(labels == IGNORE, codes, labels)
    return hidden[:, :-1][wanted], given[:, 1:][wanted], labels[:, 1:][wanted]


def expand_labels(labels: Tensor, codes: Tensor, is_frame: Tensor) -> Tensor:
    """Labels by kind `[B, T]` → labels by codebook `[B, T, K]`.

    Args:
        labels: the id of a frame's placeholder where it is scored; -101: for the backbone only; -100: not at
            all.
        codes: of the frames, EOS frames included, `[B, T, K]`.
        is_frame: bool `[B, T]`, where they stand.
    """
    expanded = codes.masked_fill(~is_frame[..., None] | (labels == IGNORE)[..., None], IGNORE)
    alone = (labels == BACKBONE_ONLY)[..., None].expand_as(expanded).clone()
    alone[..., 0] = False
    return expanded.masked_fill(alone, IGNORE)


def labels_by_kind(
    ids: Tensor, mask: Tensor | None, frame_id: int, eos_id: int, ratio: float | None = None
) -> Tensor:
    """The id where a frame is scored, -101 where by the backbone alone, -100 elsewhere: int64 `[B, T]`.

    Args:
        ids, mask: of prompts, `[B, T]`.
        frame_id, eos_id: placeholders of frames and of EOS frames.
        ratio: share of the frames that the depth decoder is trained on, drawn by chance; None: all.
    """
    real = torch.ones_like(ids, dtype=torch.bool) if mask is None else mask.bool()
    frames, ends = ((ids == each) & real for each in (frame_id, eos_id))
    labels = torch.where(frames | ends, ids, IGNORE)
    places = frames.nonzero()
    share = 1.0 if ratio is None else min(ratio, 1.0)
    skipped = torch.randperm(len(places))[: int(len(places) * (1 - share))]
    labels[tuple(places[skipped].T)] = BACKBONE_ONLY
    return labels
