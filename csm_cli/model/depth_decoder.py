"""The depth decoder: the codes 1 … K-1 of one frame, from the backbone's hidden state and code 0.

Position 0 is the backbone's hidden state, position p ≥ 1 is code p-1. The logits of code p are taken at
position p. Code K-1 is never fed back.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Unpack

import torch
from torch import nn
from transformers.generation.configuration_utils import GenerationConfig

from csm_cli.model.cache import CompiledDepthStep, KVCache, as_cache, next_scores
from csm_cli.model.configuration import CsmDepthDecoderConfig
from csm_cli.model.generation_settings import depth_sampling
from csm_cli.model.layers import CsmDecoderLayer, CsmRMSNorm, CsmRotaryEmbedding
from csm_cli.model.outputs import CsmDepthDecoderOutput, ForwardFlags, code_loss
from csm_cli.model.sampling import DecoderSampling, draw, gumbel_noise, nucleus, row_seeds, seed_keys
from csm_cli.model.transformer import CsmCodebooksHead, CsmPreTrainedModel, run_layers

Processor = Callable[[torch.Tensor, torch.Tensor], torch.Tensor]
"""(codes so far, scores `[B, vocab]`) → scores, as transformers' `LogitsProcessor` is called."""


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
        self.gradient_checkpointing = False
        self.inputs_embeds_projector = nn.Linear(config.backbone_hidden_size, config.hidden_size, bias=False)
        self.post_init()

    def embed(self, codes: torch.Tensor, first: int | torch.Tensor = 0) -> torch.Tensor:
        """Codes `[N, P]` of the codebooks first … first+P-1 → `[N, P, backbone hidden]`."""
        books = torch.arange(codes.shape[1], device=codes.device) + first
        return self.embed_tokens(codes + books * self.config.vocab_size)

    def forward(
        self,
        input_ids: torch.Tensor | None = None,
        backbone_last_hidden_state: torch.Tensor | None = None,
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
        """Run P new positions.

        Args:
            input_ids: `[N, P]`. At position 0 stands a placeholder for the backbone's hidden state, at
                position p the code of codebook p-1.
            backbone_last_hidden_state: `[N, backbone hidden]`, required when position 0 is among the
                input_ids.
            position_ids: ignored; positions are counted from the cache.
            past_key_values: a cache of this frame's earlier positions; written to and moved on.
            inputs_embeds: `[N, P, backbone hidden]`, in place of the two.
            return_dict: False: a tuple of the fields that are set.
            attention_mask, use_cache, output_hidden_states, output_attentions: see `run_layers`.

        Returns:
            `CsmBackboneOutput`.

        Raises:
            ValueError: both or neither of input_ids and inputs_embeds; no backbone_last_hidden_state for
                position 0.
        """
        if (input_ids is None) == (inputs_embeds is None):
            raise ValueError("give exactly one of input_ids and inputs_embeds")
        if inputs_embeds is None:
            assert input_ids is not None
            inputs_embeds = self._embed_positions(input_ids, backbone_last_hidden_state, past_key_values)
        output = run_layers(
            self,
            self.inputs_embeds_projector(inputs_embeds),
            attention_mask=attention_mask,
            position_ids=None,
            past_key_values=past_key_values,
            use_cache=use_cache,
            output_hidden_states=output_hidden_states,
            output_attentions=output_attentions,
        )
        return output.to_tuple() if return_dict is False else output

    def _embed_positions(
        self, input_ids: torch.Tensor, hidden: torch.Tensor | None, cache: Any
    ) -> torch.Tensor:
        start = past_positions(cache)
        # Behind position 0 a state may still be passed; it is not used there.
        if (isinstance(start, int) and start > 0) or (isinstance(start, torch.Tensor) and hidden is None):
            return self.embed(input_ids, first=start - 1)
        if hidden is None:
            raise ValueError("position 0 is the backbone's hidden state: give backbone_last_hidden_state")
        return torch.cat(
            (hidden[:, None].to(self.embed_tokens.weight.dtype), self.embed(input_ids[:, 1:])), dim=1
        )


def past_positions(cache: Any) -> int | torch.Tensor:
    """Positions that a cache, or None, already holds."""
    held = as_cache(cache)
    return 0 if held is None else held.start


def finish_frame(
    decoder: Any,
    limit: int,
    hidden: torch.Tensor,
    first: torch.Tensor,
    noise: torch.Tensor | None,
    sampling: DecoderSampling,
    processors: Sequence[Processor] = (),
    compiled: CompiledDepthStep | None = None,
) -> torch.Tensor:
    """A whole frame `[B, K]` from the backbone's state `[B, H]` and codebook 0 `[B]`.

    Args:
        decoder: a `CsmDepthDecoderForCausalLM`.
        limit: ids from here on are never sampled.
        noise: of codebooks 1 … K-1, times temperature, `[B, K-1, V]`; None: greedy.
        processors: called with the codes of this frame so far `[B, k]` and the scores of codebook k.
        compiled: computes the scores of all codebooks but the first two; None: as they are.
    """
    books, codes = decoder.config.num_codebooks, [first]
    inputs = torch.stack((hidden, decoder.model.embed(first[:, None])[:, 0].to(hidden.dtype)), dim=1)
    if compiled is None:
        cache = KVCache.of(decoder.config, len(hidden), books, hidden)
    else:
        cache = compiled.cache(decoder, hidden)
    for book in range(1, books):
        step = next_scores if compiled is None or book == 1 else compiled.scores
        scores = step(decoder, inputs, book, cache).float()
        for processor in processors:
            scores = processor(torch.stack(codes, dim=1), scores)
        drawn = None if noise is None else noise[:, book - 1]
        codes.append(draw(nucleus(scores[:, :limit], sampling), sampling.sampler, drawn))
        if book < books - 1:
            inputs = decoder.model.embed(codes[-1][:, None], first=book)
    return torch.stack(codes, dim=1)


class CsmDepthDecoderForCausalLM(CsmPreTrainedModel):
    """The depth decoder with one output matrix per codebook."""

    config_class = CsmDepthDecoderConfig

    def __init__(self, config: CsmDepthDecoderConfig) -> None:
        super().__init__(config)
        self.model = CsmDepthDecoderModel(config)
        self.codebooks_head = CsmCodebooksHead(config.hidden_size, config.num_codebooks, config.vocab_size)
        self.generation_config = GenerationConfig()
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
        past_key_values: Any = None,
        inputs_embeds: torch.Tensor | None = None,
        labels: torch.Tensor | None = None,
        use_cache: bool | None = None,
        logits_to_keep: int | torch.Tensor = 0,
        **more: Unpack[ForwardFlags],
    ) -> Any:
        """As `CsmDepthDecoderModel.forward`, with logits.

        Args:
            labels: `[N, K]`, the whole frame; -100 is left out. Codebook 0 is not scored here.
            logits_to_keep: 0: of all positions but the first; n: of the last n; or indices `[n]`.
            more: see `ForwardFlags`; without `num_items_in_batch` the loss is divided by the number of scored
                codes.

        Returns:
            `CsmDepthDecoderOutput`: loss if labels are given; logits `[N, n, vocab]`.

        Raises:
            ValueError: position 0, which predicts no code, is among those to keep.
        """
        past = past_positions(past_key_values)
        outputs = self.model(
            input_ids=input_ids,
            backbone_last_hidden_state=backbone_last_hidden_state,
            attention_mask=attention_mask,
            past_key_values=past_key_values,
            inputs_embeds=inputs_embeds,
            use_cache=use_cache,
            output_hidden_states=more.get("output_hidden_states"),
            output_attentions=more.get("output_attentions"),
        )
        hidden = outputs.last_hidden_state
        kept = torch.arange(hidden.shape[1], device=hidden.device)
        if not isinstance(logits_to_keep, int):
            kept = kept[logits_to_keep]
        else:
            kept = kept[1:] if logits_to_keep == 0 else kept[-logits_to_keep:]
            if isinstance(past, int) and past == 0 and logits_to_keep >= hidden.shape[1]:
                raise ValueError("position 0 predicts no code: logits_to_keep must leave it out")
        logits = self.codebooks_head(hidden[:, kept], books=past + kept - 1)
        loss = None
        if labels is not None:
            loss = code_loss(logits, labels[:, 1:], more.get("num_items_in_batch"))
        output = CsmDepthDecoderOutput(
            loss=loss,
            logits=logits,
            past_key_values=outputs.past_key_values,
            hidden_states=outputs.hidden_states,
            attentions=outputs.attentions,
        )
        return output.to_tuple() if more.get("return_dict") is False else output

    @torch.no_grad()
    def generate(
        self,
        input_ids: torch.Tensor,
        backbone_last_hidden_state: torch.Tensor,
        *,
        seeds: Sequence[int] | int | None = None,
        num_codes: int | None = None,
        **settings: Any,
    ) -> torch.Tensor:
        """Sample the rest of one frame.

        Args:
            input_ids: `[N, 2]`: a placeholder, and code 0.
            backbone_last_hidden_state: `[N, backbone hidden]`.
            seeds: as in `CsmForConditionalGeneration.generate`.
            num_codes: ids from here on are never sampled; None: the vocabulary's size.
            settings: `do_sample`, `temperature`, `top_k`, `top_p`; unset: `generation_config`, then
                sampling at temperature 0.9 from 50 candidates.

        Returns:
            int64 `[N, 1 + K]`, the placeholder first.

        Raises:
            ValueError: an unknown setting, or more than code 0 is given.
        """
        if input_ids.shape[1] != 2:
            raise ValueError(f"give a placeholder and code 0, [N, 2], not {tuple(input_ids.shape)}")
        limit, device = num_codes or self.config.vocab_size, input_ids.device
        sampling = depth_sampling(self, settings, len(input_ids), limit, device)
        noise = None
        if not sampling.sampler.greedy:
            books = torch.arange(1, self.config.num_codebooks, device=device)
            keys = seed_keys(row_seeds(seeds, len(input_ids)), device)
            noise = gumbel_noise(keys, 0, books, torch.arange(limit, device=device)) * sampling.temperature
        codes = finish_frame(self, limit, backbone_last_hidden_state, input_ids[:, 1], noise, sampling)
        return torch.cat((input_ids[:, :1], codes), dim=1)
