"""The backbone: a decoder over text and audio frames; its hidden state says what the next frame is."""

from __future__ import annotations

from typing import Any

import torch
from torch import nn

from csm_cli.model.base import CsmFrameEmbedding, CsmPreTrainedModel
from csm_cli.model.cache import KVCache, attention_mask_4d
from csm_cli.model.configuration import CsmConfig
from csm_cli.model.layers import CsmDecoderLayer, CsmRMSNorm, CsmRotaryEmbedding
from csm_cli.model.outputs import CsmBackboneOutput


class CsmBackboneModel(CsmPreTrainedModel):
    """Embeddings of positions → hidden states, after the final norm."""

    def __init__(self, config: CsmConfig) -> None:
        super().__init__(config)
        self.embed_tokens = CsmFrameEmbedding(config)
        self.layers = nn.ModuleList(CsmDecoderLayer(config, i) for i in range(config.num_hidden_layers))
        self.norm = CsmRMSNorm(config.hidden_size, config.rms_norm_eps)
        self.rotary_emb = CsmRotaryEmbedding(config)
        self.post_init()

    def embed_frames(self, codes: torch.Tensor) -> torch.Tensor:
        """Integer codes `[..., K]` → `[..., H]`: the sum over codebooks of `table[code_k + k * vocab]`."""
        return self.embed_tokens(codes)

    def forward(
        self,
        input_ids: torch.Tensor | None = None,
        attention_mask: torch.Tensor | None = None,
        position_ids: torch.Tensor | None = None,
        past_key_values: KVCache | None = None,
        inputs_embeds: torch.Tensor | None = None,
        use_cache: bool | None = None,
        **unused: Any,
    ) -> CsmBackboneOutput:
        """Run T new positions.

        Args:
            input_ids: codes `[B, T, K]`; this or inputs_embeds.
            attention_mask: `[B, S]`, 0 for padding (left only), S = cached + T; or 4-D, as sdpa takes it.
            position_ids: `[B or 1, T]`; default: S-T … S-1.
            past_key_values: a `KVCache`; it is written to and moved on.
            inputs_embeds: `[B, T, H]`.
            use_cache: make a cache of `max_position_embeddings` positions if none is given.

        Raises:
            ValueError: both or neither of input_ids and inputs_embeds, or a mask of another shape.
        """
        if (input_ids is None) == (inputs_embeds is None):
            raise ValueError("give exactly one of input_ids and inputs_embeds")
        hidden = self.embed_tokens(input_ids) if inputs_embeds is None else inputs_embeds
        cache = past_key_values
        if use_cache and cache is None:
            cache = KVCache.of(self.config, hidden.shape[0], self.config.max_position_embeddings, hidden)
        past, length = cache.length if cache is not None else 0, hidden.shape[1]
        mask = attention_mask_4d(attention_mask, length, past, hidden.device)
        if position_ids is None:
            position_ids = torch.arange(past, past + length, device=hidden.device)[None]
        rotary = self.rotary_emb(position_ids)
        for layer in self.layers:
            hidden = layer(hidden, rotary, mask, cache)
        if cache is not None:
            cache.length += length
        return CsmBackboneOutput(last_hidden_state=self.norm(hidden), past_key_values=cache)
