"""What the CSM modules share (base class, tables and heads, a pass through a decoder's layers), and the
backbone: a decoder over text and audio frames, whose hidden state predicts the next frame.
"""

from __future__ import annotations

from typing import Any, ClassVar

import torch
from torch import Tensor, nn
from transformers import initialization as init
from transformers.cache_utils import DynamicCache
from transformers.masking_utils import create_causal_mask
from transformers.modeling_outputs import BaseModelOutputWithPast
from transformers.modeling_utils import PreTrainedModel
from transformers.utils.generic import merge_with_config_defaults
from transformers.utils.output_capturing import capture_outputs

from csm_cli.model.configuration import CsmConfig
from csm_cli.model.layers import CsmAttention, CsmDecoderLayer, CsmRMSNorm, CsmRotaryEmbedding


class CsmPreTrainedModel(PreTrainedModel):
    """Loading, saving and initial weights, as transformers does them."""

    config: CsmConfig
    config_class = CsmConfig
    base_model_prefix = "model"
    input_modalities = ("audio", "text")
    supports_gradient_checkpointing = True
    _no_split_modules: ClassVar = ["CsmDecoderLayer"]
    _skip_keys_device_placement: ClassVar = ["past_key_values"]
    _supports_flash_attn = True
    _supports_sdpa = True
    _supports_attention_backend = True
    _can_compile_fullgraph = True
    _can_record_outputs: ClassVar = {"hidden_states": CsmDecoderLayer, "attentions": CsmAttention}

    @torch.no_grad()
    def _init_weights(self, module: nn.Module) -> None:
        super()._init_weights(module)
        if isinstance(module, CsmCodebooksHead):
            init.normal_(module.weight, mean=0.0, std=self.config.initializer_range)
        elif isinstance(module, CsmFrameEmbedding):
            init.copy_(module.audio_tokens_offsets, module.compute())


class CsmFrameEmbedding(nn.Module):
    """Codes → embeddings: the sum over codebooks of the rows `code_k + k * vocab` of one table.

    Args:
        config: `num_codebooks`, `vocab_size` and `hidden_size` are used.
    """

    audio_tokens_offsets: torch.Tensor

    def __init__(self, config: Any) -> None:
        super().__init__()
        self.num_codebooks, self.vocab_size = config.num_codebooks, config.vocab_size
        self.embed_audio_tokens = nn.Embedding(self.num_codebooks * self.vocab_size, config.hidden_size)
        self.register_buffer("audio_tokens_offsets", self.compute(), persistent=False)

    def compute(self) -> torch.Tensor:
        """First row of each codebook in the table, int64 `[K]`."""
        return torch.arange(self.num_codebooks) * self.vocab_size

    def forward(self, codes: torch.Tensor) -> torch.Tensor:
        """Integer codes `[..., K]` → `[..., H]`."""
        return self.embed_audio_tokens(codes + self.audio_tokens_offsets).sum(dim=-2)


class CsmCodebooksHead(nn.Module):
    """One output matrix per codebook 1 to K-1: weight `[K-1, H, vocab]`, used untransposed."""

    def __init__(self, hidden_size: int, num_codebooks: int, vocab_size: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.empty(num_codebooks - 1, hidden_size, vocab_size))

    def forward(
        self, hidden: torch.Tensor, first: int = 0, books: torch.Tensor | None = None
    ) -> torch.Tensor:
        """hidden `[N, P, H]` → logits `[N, P, vocab]`; row p uses the matrix `first + p`, or `books[p]`."""
        weight = self.weight[first : first + hidden.shape[1]] if books is None else self.weight[books]
        return torch.einsum("nph,phv->npv", hidden, weight)


def run_layers(
    decoder: Any, hidden: Tensor, attention_mask: Tensor | None, position_ids: Tensor, cache: Any, **more: Any
) -> Tensor:
    """Run T new positions, hidden `[B, T, H]` → `[B, T, H]`, after the final norm.

    Args:
        decoder: has `layers`, `norm`, `rotary_emb` and `config`.
        attention_mask: `[B, S]`, 0 for padding, S = cached + T; or 4-D, as the implementation takes it.
        position_ids: `[B or 1, T]`.
        cache: a `Cache`, to which the new positions are appended, or None.
        more: is passed to the attention.
    """
    mask = create_causal_mask(
        config=decoder.config,
        inputs_embeds=hidden,
        attention_mask=attention_mask,
        past_key_values=cache,
        position_ids=position_ids,
    )
    rotary = decoder.rotary_emb(hidden, position_ids)
    for layer in decoder.layers[: decoder.config.num_hidden_layers]:
        hidden = layer(
            hidden,
            attention_mask=mask,
            position_ids=position_ids,
            past_key_values=cache,
            position_embeddings=rotary,
            **more,
        )
    return decoder.norm(hidden)


def next_positions(cache: Any, length: int, device: torch.device) -> Tensor:
    """Numbers of the next positions behind those of a cache, or None: int64 `[1, length]`."""
    past = 0 if cache is None else cache.get_seq_length()
    return (torch.arange(length, device=device) + past)[None]


class CsmBackboneModel(CsmPreTrainedModel):
    """Embeddings of positions → hidden states, after the final norm."""

    def __init__(self, config: CsmConfig) -> None:
        super().__init__(config)
        self.padding_idx, self.vocab_size = config.pad_token_id, config.vocab_size
        self.embed_tokens = CsmFrameEmbedding(config)
        self.layers = nn.ModuleList(CsmDecoderLayer(config, i) for i in range(config.num_hidden_layers))
        self.norm = CsmRMSNorm(config.hidden_size, config.rms_norm_eps)
        self.rotary_emb = CsmRotaryEmbedding(config)
        self.gradient_checkpointing = False
        self.post_init()

    def embed_frames(self, codes: Tensor) -> Tensor:
        """Integer codes `[..., K]` → `[..., H]`: the sum over codebooks of `table[code_k + k * vocab]`."""
        return self.embed_tokens(codes)

    @merge_with_config_defaults
    @capture_outputs
    def forward(
        self,
        input_ids: Tensor | None = None,
        attention_mask: Tensor | None = None,
        position_ids: Tensor | None = None,
        past_key_values: Any = None,
        inputs_embeds: Tensor | None = None,
        use_cache: bool | None = None,
        **more: Any,
    ) -> BaseModelOutputWithPast:
        """Run T new positions.

        Args:
            input_ids: codes `[B, T, K]`; this or inputs_embeds.
            attention_mask: `[B, S]`, 0 for padding, S = cached + T; or 4-D.
            position_ids: `[B or 1, T]`; default: S-T … S-1.
            past_key_values: a `Cache` of transformers; the new positions are appended to it.
            inputs_embeds: `[B, T, H]`.
            use_cache: make a `DynamicCache` if none is given; default: as the config says.
            more: `output_hidden_states`, `output_attentions`, `return_dict`, and what the attention takes.

        Raises:
            ValueError: both or neither of input_ids and inputs_embeds.
        """
        if (input_ids is None) == (inputs_embeds is None):
            raise ValueError("give exactly one of input_ids and inputs_embeds")
        embeds: Any = self.embed_tokens(input_ids) if inputs_embeds is None else inputs_embeds
        if use_cache and past_key_values is None:
            past_key_values = DynamicCache(config=self.config)
        if position_ids is None:
            position_ids = next_positions(past_key_values, embeds.shape[1], embeds.device)
        hidden = run_layers(self, embeds, attention_mask, position_ids, past_key_values, **more)
        return BaseModelOutputWithPast(last_hidden_state=hidden, past_key_values=past_key_values)
