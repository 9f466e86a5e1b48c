"""The backbone: a decoder over text and audio frames; its hidden state says what the next frame is."""

from __future__ import annotations

from typing import Any

import torch
from torch import nn

from csm_cli.model.configuration import CsmConfig
from csm_cli.model.layers import CsmDecoderLayer, CsmRMSNorm, CsmRotaryEmbedding
from csm_cli.model.transformer import CsmFrameEmbedding, CsmPreTrainedModel, run_layers


class CsmBackboneModel(CsmPreTrainedModel):
    """Embeddings of positions → hidden states, after the final norm."""

    def __init__(self, config: CsmConfig) -> None:
        super().__init__(config)
        self.embed_tokens = CsmFrameEmbedding(config)
        self.layers = nn.ModuleList(CsmDecoderLayer(config, i) for i in range(config.num_hidden_layers))
        self.norm = CsmRMSNorm(config.hidden_size, config.rms_norm_eps)
        self.rotary_emb = CsmRotaryEmbedding(config)
        self.gradient_checkpointing = False
        self.post_init()

    def embed_frames(self, codes: torch.Tensor) -> torch.Tensor:
        """Integer codes `[..., K]` → `[..., H]`: the sum over codebooks of `table[code_k + k * vocab]`."""
        return self.embed_tokens(codes)

    def forward(
        self,
        input_ids: torch.Tensor | None = None,
        attention_mask: torch.Tensor | None = None,
        position_ids: torch.Tensor | None = None,
        past_key_values: Any = None,
        inputs_embeds: torch.Tensor | None = None,
        use_cache: bool | None = None,
        output_hidden_states: bool | None = None,
        output_attentions: bool | None = None,
        return_dict: bool | None = None,
        **unused: Any,
    ) -> Any:
        """Run T new positions.

        Args:
            input_ids: codes `[B, T, K]`; this or inputs_embeds.
            inputs_embeds: `[B, T, H]`.
            return_dict: False: a tuple of the fields that are set.
            attention_mask, position_ids, past_key_values, use_cache, output_hidden_states,
                output_attentions: see `run_layers`.

        Returns:
            `CsmBackboneOutput`.

        Raises:
            ValueError: both or neither of input_ids and inputs_embeds, or a mask of another shape.
        """
        if (input_ids is None) == (inputs_embeds is None):
            raise ValueError("give exactly one of input_ids and inputs_embeds")
        output = run_layers(
            self,
            self.embed_tokens(input_ids) if inputs_embeds is None else inputs_embeds,
            attention_mask=attention_mask,
            position_ids=position_ids,
            past_key_values=past_key_values,
            use_cache=use_cache,
            output_hidden_states=output_hidden_states,
            output_attentions=output_attentions,
        )
        return output.to_tuple() if return_dict is False else output
