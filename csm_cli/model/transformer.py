"""What the CSM modules share (base class, tables and heads, a pass through a decoder's layers), and the
backbone: a decoder over text and audio frames, whose hidden state predicts the next frame.
"""

from __future__ import annotations

from typing import Any, ClassVar

import torch
from torch import Tensor, nn
from torch.utils.checkpoint import checkpoint
from transformers import initialization as init
from transformers.modeling_utils import PreTrainedModel

from csm_cli.model.cache import KVCache, as_cache, attention_mask_4d
from csm_cli.model.configuration import CsmConfig
from csm_cli.model.layers import CsmDecoderLayer, CsmRMSNorm, CsmRotaryEmbedding
from csm_cli.model.outputs import CsmBackboneOutput


class CsmPreTrainedModel(PreTrainedModel):
    """Loading, saving and initial weights, as transformers does them."""

    config_class = CsmConfig
    base_model_prefix = "model"
    input_modalities = ("audio", "text")
    _no_split_modules: ClassVar = ["CsmDecoderLayer"]
    _supports_sdpa = True
    supports_gradient_checkpointing = True
    _can_compile_fullgraph = True

    @torch.no_grad()
    def _init_weights(self, module: nn.Module) -> None:
        super()._init_weights(module)
        if isinstance(module, CsmRotaryEmbedding):
            init.copy_(module.frequencies, module.compute())
        elif isinstance(module, CsmCodebooksHead):
            init.normal_(module.weight, mean=0.0, std=self.config.initializer_range)
        elif isinstance(module, CsmFrameEmbedding):
            init.copy_(module.offsets, module.compute())


class CsmFrameEmbedding(nn.Module):
    """Codes → embeddings: the sum over codebooks of the rows `code_k + k * vocab` of one table.

    Args:
        config: `num_codebooks`, `vocab_size` and `hidden_size` are used.
    """

    offsets: torch.Tensor

    def __init__(self, config: Any) -> None:
        super().__init__()
        self.num_codebooks, self.vocab_size = config.num_codebooks, config.vocab_size
        self.embed_audio_tokens = nn.Embedding(self.num_codebooks * self.vocab_size, config.hidden_size)
        self.register_buffer("offsets", self.compute(), persistent=False)

    def compute(self) -> torch.Tensor:
        """First row of each codebook in the table, int64 `[K]`, on the CPU."""
        return torch.arange(self.num_codebooks, device="cpu") * self.vocab_size

    def forward(self, codes: torch.Tensor) -> torch.Tensor:
        """Integer codes `[..., K]` → `[..., H]`."""
        return self.embed_audio_tokens(codes + self.offsets).sum(dim=-2)


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
        past_key_values: a `KVCache`, or a cache of transformers; the new positions are appended to it.
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

    def embed_frames(self, codes: Tensor) -> Tensor:
        """Integer codes `[..., K]` → `[..., H]`: the sum over codebooks of `table[code_k + k * vocab]`."""
        return self.embed_tokens(codes)

    def forward(
        self,
        input_ids: Tensor | None = None,
        attention_mask: Tensor | None = None,
        position_ids: Tensor | None = None,
        past_key_values: Any = None,
        inputs_embeds: Tensor | None = None,
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
