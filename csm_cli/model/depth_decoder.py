"""The depth decoder: the codes 1 … K-1 of one frame, from the backbone's hidden state and code 0.

Position 0 is the backbone's hidden state, position p ≥ 1 is code p-1. The logits of code p are taken at
position p. Code K-1 is never fed back.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import nn
from torch.nn import functional as F

from csm_cli.model.base import CsmCodebooksHead, CsmPreTrainedModel
from csm_cli.model.cache import KVCache, attention_mask_4d
from csm_cli.model.configuration import CsmDepthDecoderConfig
from csm_cli.model.layers import CsmDecoderLayer, CsmRMSNorm, CsmRotaryEmbedding
from csm_cli.model.outputs import CsmBackboneOutput, CsmDepthDecoderOutput


class CsmDepthDecoderModel(CsmPreTrainedModel):
    """Codes of a frame → hidden states, after the final norm."""

    config_class = CsmDepthDecoderConfig

    def __init__(self, config: CsmDepthDecoderConfig) -> None:
        super().__init__(config)
        self.embed_tokens = nn.Embedding(
            config.num_codebooks * config.vocab_size, config.backbone_hidden_size
        )
        self.layers = nn.ModuleList(CsmDecoderLayer(config, i) for i in range(config.num_hidden_layers))
        self.norm = CsmRMSNorm(config.hidden_size, config.rms_norm_eps)
        self.rotary_emb = CsmRotaryEmbedding(config)
        self.inputs_embeds_projector = nn.Linear(config.backbone_hidden_size, config.hidden_size, bias=False)
        self.post_init()

    def embed(self, codes: torch.Tensor, first: int = 0) -> torch.Tensor:
        """Codes `[N, P]` of the codebooks first … first+P-1 → `[N, P, backbone hidden]`."""
        books = torch.arange(first, first + codes.shape[1], device=codes.device)
        return self.embed_tokens(codes + books * self.config.vocab_size)

    def forward(
        self,
        input_ids: torch.Tensor | None = None,
        backbone_last_hidden_state: torch.Tensor | None = None,
        attention_mask: torch.Tensor | None = None,
        position_ids: torch.Tensor | None = None,
        past_key_values: KVCache | None = None,
        inputs_embeds: torch.Tensor | None = None,
        use_cache: bool | None = None,
        **unused: Any,
    ) -> CsmBackboneOutput:
        """Run P new positions.

        Args:
            input_ids: `[N, P]`. At position 0 stands a placeholder for the backbone's hidden state, at
                position p the code of codebook p-1.
            backbone_last_hidden_state: `[N, backbone hidden]`, required when position 0 is among the
                input_ids.
            position_ids: ignored; positions are counted from the cache.
            past_key_values: a `KVCache` of this frame's earlier positions; written to and moved on.
            inputs_embeds: `[N, P, backbone hidden]`, in place of the two.

        Raises:
            ValueError: both or neither of input_ids and inputs_embeds; no backbone_last_hidden_state for
                position 0.
        """
        if (input_ids is None) == (inputs_embeds is None):
            raise ValueError("give exactly one of input_ids and inputs_embeds")
        cache = past_key_values
        past = cache.length if cache is not None else 0
        if inputs_embeds is None:
            assert input_ids is not None
            inputs_embeds = self._embed_positions(input_ids, backbone_last_hidden_state, past)
        hidden = self.inputs_embeds_projector(inputs_embeds)
        if use_cache and cache is None:
            cache = KVCache.of(self.config, hidden.shape[0], self.config.max_position_embeddings, hidden)
        length = hidden.shape[1]
        mask = attention_mask_4d(attention_mask, length, past, hidden.device)
        rotary = self.rotary_emb(torch.arange(past, past + length, device=hidden.device)[None])
        for layer in self.layers:
            hidden = layer(hidden, rotary, mask, cache)
        if cache is not None:
            cache.length += length
        return CsmBackboneOutput(last_hidden_state=self.norm(hidden), past_key_values=cache)

    def _embed_positions(
        self, input_ids: torch.Tensor, hidden: torch.Tensor | None, past: int
    ) -> torch.Tensor:
        if past > 0:
            return self.embed(input_ids, first=past - 1)
        if hidden is None:
            raise ValueError("position 0 is the backbone's hidden state: give backbone_last_hidden_state")
        return torch.cat(
            (hidden[:, None].to(self.embed_tokens.weight.dtype), self.embed(input_ids[:, 1:])), dim=1
        )


class CsmDepthDecoderForCausalLM(CsmPreTrainedModel):
    """The depth decoder with one output matrix per codebook."""

    config_class = CsmDepthDecoderConfig

    def __init__(self, config: CsmDepthDecoderConfig) -> None:
        super().__init__(config)
        self.model = CsmDepthDecoderModel(config)
        self.codebooks_head = CsmCodebooksHead(config.hidden_size, config.num_codebooks, config.vocab_size)
        self.post_init()

    def frame_logits(self, backbone_hidden: torch.Tensor, codes: torch.Tensor) -> torch.Tensor:
        """Teacher-forced logits of codebooks 1 … K-1.

        Args:
            backbone_hidden: `[N, backbone hidden]`, of the position before each frame, after the final norm.
            codes: integers `[N, K]` (or `[N, K-1]`: the last code is not read).

        Returns:
            `[N, K-1, vocab]`; entry k is of codebook k+1.
        """
        inputs = torch.cat(
            (backbone_hidden[:, None], self.model.embed(codes[:, : self.config.num_codebooks - 1])), 1
        )
        hidden = self.model(inputs_embeds=inputs).last_hidden_state
        return self.codebooks_head(hidden[:, 1:])

    def forward(
        self,
        input_ids: torch.Tensor | None = None,
        backbone_last_hidden_state: torch.Tensor | None = None,
        attention_mask: torch.Tensor | None = None,
        position_ids: torch.Tensor | None = None,
        past_key_values: KVCache | None = None,
        inputs_embeds: torch.Tensor | None = None,
        labels: torch.Tensor | None = None,
        use_cache: bool | None = None,
        logits_to_keep: int = 0,
        **unused: Any,
    ) -> CsmDepthDecoderOutput:
        """As `CsmDepthDecoderModel.forward`, with logits.

        Args:
            labels: `[N, K]`, the whole frame; -100 is left out. Codebook 0 is not scored here.
            logits_to_keep: 0: of all positions but position 0; n: of the last n positions.

        Returns:
            loss, mean over the scored codes, if labels are given; logits `[N, P-1 or n, vocab]`.
        """
        past = past_key_values.length if past_key_values is not None else 0
        outputs = self.model(
            input_ids=input_ids,
            backbone_last_hidden_state=backbone_last_hidden_state,
            attention_mask=attention_mask,
            past_key_values=past_key_values,
            inputs_embeds=inputs_embeds,
            use_cache=use_cache,
        )
        hidden = outputs.last_hidden_state
        skip = 1 if logits_to_keep == 0 else hidden.shape[1] - logits_to_keep
        if past + skip == 0:
            raise ValueError("position 0 predicts no code: logits_to_keep must leave it out")
        logits = self.codebooks_head(hidden[:, skip:], first=past + skip - 1)
        loss = None
        if labels is not None:
            loss = F.cross_entropy(logits.float().flatten(0, 1), labels[:, 1:].flatten())
        return CsmDepthDecoderOutput(loss=loss, logits=logits, past_key_values=outputs.past_key_values)
