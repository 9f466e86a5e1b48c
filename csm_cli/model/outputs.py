"""What the modules return; field names as in transformers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch
from transformers.utils.generic import ModelOutput


@dataclass
class CsmBackboneOutput(ModelOutput):
    """Args: last_hidden_state: `[B, T, H]`, after the final norm. past_key_values: the cache given, or
    made.
    """

    last_hidden_state: torch.Tensor | None = None
    past_key_values: Any = None
    hidden_states: tuple[torch.Tensor, ...] | None = None
    attentions: tuple[torch.Tensor, ...] | None = None


@dataclass
class CsmDepthDecoderOutput(ModelOutput):
    """Args: loss: scalar, if labels were given. logits: `[N, P, vocab]`."""

    loss: torch.Tensor | None = None
    logits: torch.Tensor | None = None
    past_key_values: Any = None
    hidden_states: tuple[torch.Tensor, ...] | None = None
    attentions: tuple[torch.Tensor, ...] | None = None


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
class CsmGenerateOutput(ModelOutput):
    """What `generate(..., return_dict_in_generate=True)` returns.

    Args:
        sequences: int64 `[B, frames, K]`; a row's EOS frame is in it, rows of `codebook_pad_token_id` follow.
        scores: with `output_scores`: per frame, codebook 0 after all processing, float32 `[B, vocab]`.
        logits: with `output_logits`: the same before it.
        hidden_states, attentions: with `output_hidden_states`, `output_attentions`: per frame, those of the
            backbone; the first entry is of the whole prompt.
        past_key_values: the backbone's cache.
        audio: with `output_audio`: one float32 `[samples]` per row, EOS frame cut off.
        ended: bool `[B]`, True where an EOS frame came.
    """

    sequences: torch.Tensor | None = None
    scores: tuple[torch.Tensor, ...] | None = None
    logits: tuple[torch.Tensor, ...] | None = None
    attentions: tuple[tuple[torch.Tensor, ...], ...] | None = None
    hidden_states: tuple[tuple[torch.Tensor, ...], ...] | None = None
    past_key_values: Any = None
    audio: list[torch.Tensor] | None = None
    ended: torch.Tensor | None = None
