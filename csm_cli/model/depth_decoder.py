"""The depth decoder: the codes 1 … K-1 of one frame, from the backbone's hidden state and code 0.

Position 0 is the backbone's hidden state, position p ≥ 1 is code p-1. The logits of code p are taken at
position p. Code K-1 is never fed back.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from typing import Any, Unpack

import torch
from torch import Tensor, nn
from transformers.cache_utils import DynamicCache
from transformers.generation.logits_process import LogitsProcessorList
from transformers.generation.utils import GenerationMixin
from transformers.modeling_outputs import BaseModelOutputWithPast, CausalLMOutputWithPast
from transformers.utils.generic import can_return_tuple, merge_with_config_defaults
from transformers.utils.output_capturing import capture_outputs

from csm_cli.model.configuration import CsmDepthDecoderConfig
from csm_cli.model.frames import AddNoise, CallOptions, fill_defaults, is_given, with_real_codes
from csm_cli.model.layers import CsmDecoderLayer, CsmRMSNorm, CsmRotaryEmbedding
from csm_cli.model.outputs import ForwardFlags, code_loss
from csm_cli.model.sampling import gumbel_noise, row_seeds, seed_keys
from csm_cli.model.transformer import CsmCodebooksHead, CsmPreTrainedModel, next_positions, run_layers

_log = logging.getLogger(__name__)


class CsmDepthDecoderModel(CsmPreTrainedModel):
    """Codes of a frame → hidden states, after the final norm."""

    config: CsmDepthDecoderConfig
    config_class = CsmDepthDecoderConfig

    def __init__(self, config: CsmDepthDecoderConfig) -> None:
        super().__init__(config)
        self.padding_idx, self.vocab_size = config.pad_token_id, config.vocab_size
        self.embed_tokens = nn.Embedding(
            config.num_codebooks * config.vocab_size, config.backbone_hidden_size
        )
        self.layers = nn.ModuleList(CsmDecoderLayer(config, i) for i in range(config.num_hidden_layers))
        self.norm = CsmRMSNorm(config.hidden_size, config.rms_norm_eps)
        self.rotary_emb = CsmRotaryEmbedding(config)
        self.gradient_checkpointing = False
        self.inputs_embeds_projector = nn.Linear(config.backbone_hidden_size, config.hidden_size, bias=False)
        self.post_init()

    def embed(self, codes: Tensor, first: int | Tensor = 0) -> Tensor:
        """Codes `[N, P]` of the codebooks first … first+P-1 → `[N, P, backbone hidden]`."""
        books = torch.arange(codes.shape[1], device=codes.device) + first
        return self.embed_tokens(codes + books * self.config.vocab_size)

    @merge_with_config_defaults
    @capture_outputs
    def forward(
        self,
        input_ids: Tensor | None = None,
        backbone_last_hidden_state: Tensor | None = None,
        attention_mask: Tensor | None = None,
        position_ids: Tensor | None = None,
        past_key_values: Any = None,
        inputs_embeds: Tensor | None = None,
        use_cache: bool | None = None,
        **more: Any,
    ) -> BaseModelOutputWithPast:
        """Run P new positions.

        Args:
            input_ids: `[N, P]`. At position 0 stands a placeholder for the backbone's hidden state, at
                position p the code of codebook p-1.
            backbone_last_hidden_state: `[N, backbone hidden]`, of the first of the input_ids, which has to be
                position 0.
            position_ids: ignored; positions are counted from the cache.
            past_key_values: a `Cache` of this frame's earlier positions; the new ones are appended to it.
            inputs_embeds: `[N, P, backbone hidden]`, in place of the two.
            attention_mask, use_cache, more: see `CsmBackboneModel.forward`.

        Raises:
            ValueError: both or neither of input_ids and inputs_embeds.
        """
        if (input_ids is None) == (inputs_embeds is None):
            raise ValueError("give exactly one of input_ids and inputs_embeds")
        if use_cache and past_key_values is None:
            past_key_values = DynamicCache(config=self.config)
        given: Any = input_ids if inputs_embeds is None else inputs_embeds
        places = next_positions(past_key_values, given.shape[1], given.device)
        if inputs_embeds is None:
            assert input_ids is not None
            books = (places - 1).clamp(min=0)
            inputs_embeds = self.embed_tokens(input_ids + books * self.config.vocab_size)
            if backbone_last_hidden_state is not None:
                state = backbone_last_hidden_state.to(inputs_embeds).reshape(-1, 1, inputs_embeds.shape[-1])
                state = state.expand(len(inputs_embeds), -1, -1)
                inputs_embeds = torch.cat((state, inputs_embeds[:, 1:]), dim=1)
            elif past_key_values is None:
                _log.warning("position 0 is the backbone's hidden state: give backbone_last_hidden_state")
        hidden = self.inputs_embeds_projector(inputs_embeds)
        hidden = run_layers(self, hidden, attention_mask, places, past_key_values, **more)
        return BaseModelOutputWithPast(
            last_hidden_state=hidden, past_key_values=past_key_values if use_cache else None
        )


class CsmDepthDecoderForCausalLM(CsmPreTrainedModel, GenerationMixin):
    """The depth decoder with one output matrix per codebook."""

    config: CsmDepthDecoderConfig
    config_class = CsmDepthDecoderConfig

    def __init__(self, config: CsmDepthDecoderConfig) -> None:
        super().__init__(config)
        self.model = CsmDepthDecoderModel(config)
        self.codebooks_head = CsmCodebooksHead(config.hidden_size, config.num_codebooks, config.vocab_size)
        self.post_init()

    def frame_logits(self, backbone_hidden: Tensor, codes: Tensor) -> Tensor:
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
        hidden = self.model(inputs_embeds=inputs, use_cache=False).last_hidden_state
        return self.codebooks_head(hidden[:, 1:])

    @can_return_tuple
    def forward(
        self,
        input_ids: Tensor | None = None,
        backbone_last_hidden_state: Tensor | None = None,
        attention_mask: Tensor | None = None,
        position_ids: Tensor | None = None,
        past_key_values: Any = None,
        inputs_embeds: Tensor | None = None,
        labels: Tensor | None = None,
        use_cache: bool | None = None,
        logits_to_keep: int | Tensor = 0,
        **more: Unpack[ForwardFlags],
    ) -> CausalLMOutputWithPast:
        """As `CsmDepthDecoderModel.forward`, with logits.

        Args:
            labels: `[N, K]`, the whole frame; -100 is left out. Codebook 0 is not scored here.
            logits_to_keep: 0: of all positions but the first; n: of the last n; or indices `[n]`.
            more: see `ForwardFlags`; without `num_items_in_batch` the loss is divided by the number of scored
                codes.

        Returns:
            loss if labels are given; logits `[N, n, vocab]`.
        """
        given: Any = input_ids if inputs_embeds is None else inputs_embeds
        past = 0 if past_key_values is None else past_key_values.get_seq_length()
        numbers = next_positions(past_key_values, given.shape[1], given.device)[0]
        items = more.pop("num_items_in_batch", None)
        outputs = self.model(
            input_ids=input_ids,
            backbone_last_hidden_state=backbone_last_hidden_state,
            attention_mask=attention_mask,
            past_key_values=past_key_values,
            inputs_embeds=inputs_embeds,
            use_cache=use_cache,
            **more,
        )
        kept: Any = logits_to_keep
        if isinstance(logits_to_keep, int):
            kept = slice(-logits_to_keep, None) if logits_to_keep else slice(1, None)
        hidden = outputs.last_hidden_state[:, kept]
        if isinstance(past, int) and isinstance(kept, slice):
            first = past + range(given.shape[1])[kept].start - 1  # a view of the weights, not a copy
            logits = self.codebooks_head(hidden, first=first)
        else:
            logits = self.codebooks_head(hidden, books=numbers[kept] - 1)
        return CausalLMOutputWithPast(
            loss=None if labels is None else code_loss(logits, labels[..., 1:], items),
            logits=logits,
            past_key_values=outputs.past_key_values,
            hidden_states=outputs.hidden_states,
            attentions=outputs.attentions,
        )

    def prepare_inputs_for_generation(
        self, input_ids: Any, next_sequence_length: int | None = None, *, attention_mask: Any = None,
        inputs_embeds: Any = None, is_first_iteration: bool | None = False, **kwargs: Any,
    ) -> dict[str, Any]:  # fmt: skip
        """As the base class; the backbone's state is for position 0, and positions count from the cache."""
        inputs = super().prepare_inputs_for_generation(
            input_ids, next_sequence_length, attention_mask=attention_mask, inputs_embeds=inputs_embeds,
            is_first_iteration=is_first_iteration, **kwargs,
        )  # fmt: skip
        inputs.pop("position_ids", None)
        if not is_first_iteration and kwargs.get("use_cache", True):
            inputs.pop("backbone_last_hidden_state", None)
        return inputs

    @torch.no_grad()
    def generate(
        self,
        inputs: Tensor | None = None,
        generation_config: Any = None,
        *args: Any,
        seeds: Sequence[int] | int | None = None,
        num_codes: int | None = None,
        **settings: Any,
    ) -> Any:
        """Sample the rest of one frame, as transformers' `generate` does.

        Args:
            inputs: or `input_ids`: `[N, 2]`, a placeholder and code 0; or more of the codes.
            seeds: as in `CsmForConditionalGeneration.generate`.
            num_codes: ids from here on are never sampled; None: the vocabulary's size.
            settings: `backbone_last_hidden_state` `[N, backbone hidden]`, and what `GenerationMixin.generate`
                takes; unset: `generation_config`, then sampling at temperature 0.9 from 50 candidates, to the
                end of the frame.

        Returns:
            int64 `[N, 1 + K]`, the placeholder first, or what `return_dict_in_generate` asks for.
        """
        given = settings.get("input_ids") if inputs is None else inputs
        lengths = ("max_length", "max_new_tokens")
        if given is not None and not any(is_given(name, settings, generation_config) for name in lengths):
            settings["max_new_tokens"] = self.config.num_codebooks + 1 - given.shape[1]
        options = CallOptions(seeds, num_codes)
        return super().generate(inputs, generation_config, *args, csm=options, **settings)

    def _prepare_generation_config(self, generation_config: Any, *args: Any, **settings: Any) -> Any:
        options = settings.pop("csm", None) or CallOptions()
        config, rest = super()._prepare_generation_config(generation_config, *args, **settings)
        fill_defaults(config, settings, generation_config, self.generation_config)
        config.csm = options
        return config, rest

    def _get_logits_processor(self, generation_config: Any, *args: Any, **more: Any) -> Any:
        found = super()._get_logits_processor(generation_config, *args, **more)
        return with_real_codes(found, generation_config.csm)

    def _sample(
        self,
        input_ids: Tensor,
        logits_processor: Any,
        stopping_criteria: Any,
        generation_config: Any,
        *args: Any,
        **more: Any,
    ) -> Any:
        options = generation_config.csm
        if generation_config.do_sample and options.seeds is not None:
            first, vocab = input_ids.shape[1] - 1, options.num_codes or self.config.vocab_size
            books, ids = (
                torch.arange(n, device=input_ids.device) for n in (self.config.num_codebooks, vocab)
            )
            keys = seed_keys(row_seeds(options.seeds, len(input_ids)), input_ids.device)
            noise = AddNoise(gumbel_noise(keys, 0, books[first:], ids))
            logits_processor = LogitsProcessorList([*logits_processor, noise])
            generation_config.do_sample = False
        return super()._sample(
            input_ids, logits_processor, stopping_criteria, generation_config, *args, **more
        )
