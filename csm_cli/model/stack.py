"""One pass of hidden states through the layers of a decoder, as backbone and depth decoder both do it."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor
from torch.utils.checkpoint import checkpoint

from csm_cli.model.cache import KVCache, as_cache, attention_mask_4d
from csm_cli.model.outputs import CsmBackboneOutput


def run_layers(
    decoder: Any,
    hidden: Tensor,
    *,
    attention_mask: Tensor | None,
    position_ids: Tensor | None,
    past_key_values: Any,
    use_cache: bool | None,
    output_hidden_states: bool | None,
    output_attentions: bool | None,
) -> CsmBackboneOutput:
    """Run T new positions, hidden `[B, T, H]`.

    Args:
        decoder: has `layers`, `norm`, `rotary_emb`, `config` and `gradient_checkpointing`.
        attention_mask: `[B, S]`, 0 for padding, S = cached + T; or 4-D, as sdpa takes it.
        position_ids: `[B or 1, T]`; default: S-T … S-1.
        past_key_values: a `KVCache`, or a cache of transformers; it is written to and moved on.
        use_cache: make a cache of `max_position_embeddings` positions if none is given.
        output_hidden_states: what goes into each layer, and what comes out behind the final norm.
        output_attentions: the weights of each layer, `[B, heads, T, S]`.
    """
    config, length = decoder.config, hidden.shape[1]
    if use_cache and past_key_values is None:
        past_key_values = KVCache.of(config, hidden.shape[0], config.max_position_embeddings, hidden)
    cache = as_cache(past_key_values)
    if cache is None:
        mask = attention_mask_4d(attention_mask, length, 0, hidden.device)
        positions = torch.arange(length, device=hidden.device)
    else:
        mask = cache.mask(attention_mask, length, hidden.device)
        positions = cache.positions(length, hidden.device)
    if position_ids is None:
        position_ids = positions[None]
    rotary = decoder.rotary_emb(position_ids)
    states: list[Tensor] | None = [] if output_hidden_states else None
    attentions: list[Tensor] | None = [] if output_attentions else None
    for layer in decoder.layers:
        if states is not None:
            states.append(hidden)
        if decoder.gradient_checkpointing and decoder.training and cache is None and attentions is None:
            # Run again on the way back: a cache or a list of attentions would be filled twice.
            hidden = checkpoint(layer, hidden, rotary, mask, use_reentrant=False)
        else:
            hidden = layer(hidden, rotary, mask, cache, attentions)
    if cache is not None:
        cache.advance(length)
    hidden = decoder.norm(hidden)
    return CsmBackboneOutput(
        last_hidden_state=hidden,
        past_key_values=past_key_values,
        hidden_states=None if states is None else (*states, hidden),
        attentions=None if attentions is None else tuple(attentions),
    )
