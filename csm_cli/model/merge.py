"""A prompt of text ids with placeholders for audio → embeddings (and labels) of its positions."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor

from csm_cli.model.audio import encode_audio
from csm_cli.model.outputs import expand_labels


def merge_prompt(
    model: Any,
    input_ids: Tensor,
    *,
    attention_mask: Tensor | None = None,
    input_values: Tensor | None = None,
    input_values_cutoffs: Tensor | None = None,
    audio_codes: Tensor | Sequence[Tensor] | None = None,
    labels: Tensor | None = None,
) -> tuple[Tensor, Tensor | None]:
    """Embed text ids, put audio frames and EOS frames in place of their placeholders.

    Args:
        model: a `CsmForConditionalGeneration`.
        input_ids: int64 `[B, T]`.
        attention_mask: `[B, T]`, 0 for padding. Padded ids are never looked up: they may lie outside the
            table, or be the audio placeholder.
        input_values: audio `[B, 1, samples]`, the segments of a row one after the other.
        input_values_cutoffs: int64 `[B, segments]`, where each segment ends, in samples; -1 fills up.
        audio_codes: codes in place of audio: `[frames, K]`, or a sequence of such, in the order of the
            placeholders.
        labels: `[B, T]` by kind, see `expand_labels`.

    Returns:
        (embeddings `[B, T, H]`, labels `[B, T, K]` or None).

    Raises:
        ValueError: audio and placeholders do not match, or both audio and codes are given.
    """
    config = model.config
    real = torch.ones_like(input_ids, dtype=torch.bool) if attention_mask is None else attention_mask.bool()
    is_audio = (input_ids == config.audio_token_id) & real
    is_eos = (input_ids == config.audio_eos_token_id) & real
    is_text = real & ~is_audio & ~is_eos
    embeds = model.embed_text_tokens(torch.where(is_text, input_ids, 0))
    embeds = embeds.masked_fill(~is_text[..., None], 0.0)

    frames = _frames(model, input_values, input_values_cutoffs, audio_codes)
    if len(frames) != int(is_audio.sum()):
        raise ValueError(
            f"the prompt has {int(is_audio.sum())} places for audio frames, {len(frames)} were given"
        )
    frames = frames.to(input_ids.device)
    is_frame = is_audio | is_eos
    placed = frames.new_full((*input_ids.shape, config.num_codebooks), config.codebook_eos_token_id)
    placed[is_audio] = frames
    in_order = placed[is_frame]
    if len(in_order):
        embeds[is_frame] = model.backbone_model.embed_frames(in_order).to(embeds.dtype)
    return embeds, None if labels is None else expand_labels(labels, in_order, is_frame)


def _frames(model: Any, values: Tensor | None, cutoffs: Tensor | None, codes: Any) -> Tensor:
    """All audio frames of the prompt, int64 `[frames, K]`, row by row."""
    books = model.config.num_codebooks
    if codes is not None:
        if values is not None:
            raise ValueError("give input_values or audio_codes, not both")
        codes = (
            codes
            if isinstance(codes, Tensor)
            else torch.cat([torch.as_tensor(c) for c in codes] or [_none(books)])
        )
        return codes.long().reshape(-1, books)
    if values is None:
        return _none(books)
    if cutoffs is None:
        raise ValueError("input_values need input_values_cutoffs")
    encoded = [_none(books).to(values.device)]
    for row, ends in zip(values, cutoffs.tolist(), strict=True):
        start = 0
        for end in ends:
            if end > start:
                # One by one: the encoder pads to whole frames at the end of what it is given.
                encoded.append(encode_audio(model.codec_model, row[..., start:end].reshape(-1), books))
                start = end
    return torch.cat(encoded)


def _none(books: int) -> Tensor:
    return torch.zeros(0, books, dtype=torch.long)
