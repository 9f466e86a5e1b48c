"""The llama-like building blocks that backbone and depth decoder share.

Names of modules and parameters are those of the transformers format. Shapes: B batch, T positions given,
S positions attended to, H hidden, D head dim.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F
from transformers.activations import ACT2FN
from transformers.modeling_layers import GradientCheckpointingLayer
from transformers.modeling_rope_utils import ROPE_INIT_FUNCTIONS, dynamic_rope_update
from transformers.modeling_utils import ALL_ATTENTION_FUNCTIONS

from csm_cli.model.rope import rope_frequencies, rotate


class CsmRotaryEmbedding(nn.Module):
    """Positions `[B or 1, T]` → (cos, sin), float32 `[B or 1, T, D/2]`.

    Every `rope_type` of transformers; attributes have the names that its `dynamic_rope_update` wants.
    """

    inv_freq: Tensor
    original_inv_freq: Tensor

    def __init__(self, config: Any) -> None:
        super().__init__()
        self.config, self.rope_type = config, config.rope_parameters["rope_type"]
        self.max_seq_len_cached = self.original_max_seq_len = config.max_position_embeddings
        compute: Any = self.compute_default_rope_parameters
        if self.rope_type != "default":
            compute = ROPE_INIT_FUNCTIONS[self.rope_type]
        frequencies, self.attention_scaling = compute(config)
        # Not in the checkpoint: `PreTrainedModel._init_weights` computes them again after a load on "meta".
        self.register_buffer("inv_freq", frequencies, persistent=False)
        self.register_buffer("original_inv_freq", frequencies.clone(), persistent=False)

    @staticmethod
    def compute_default_rope_parameters(config: Any, *unused: Any, **more: Any) -> tuple[Tensor, float]:
        """Angles without scaling, float32 `[D/2]`, and what cos and sin are multiplied with."""
        plain = {"rope_theta": config.rope_parameters["rope_theta"]}
        return rope_frequencies(config.head_dim, plain), 1.0

    @torch.no_grad()
    @dynamic_rope_update
    def forward(self, x: Tensor, position_ids: Tensor) -> tuple[Tensor, Tensor]:
        """`x`: on the device where they are wanted."""
        angles = position_ids[:, :, None].float() * self.inv_freq.to(x.device, torch.float32)
        return angles.cos() * self.attention_scaling, angles.sin() * self.attention_scaling


class CsmRMSNorm(nn.Module):
    """x / rms(x) * weight (Zhang & Sennrich 2019, eq. 4), the mean square in float32."""

    def __init__(self, size: int, eps: float) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.ones(size))
        self.variance_epsilon = eps

    def forward(self, x: Tensor) -> Tensor:
        wide = x.float()
        scale = torch.rsqrt(wide.square().mean(-1, keepdim=True) + self.variance_epsilon)
        return self.weight * (wide * scale).to(x.dtype)


class CsmMLP(nn.Module):
    """down(act(gate(x)) * up(x)) (Shazeer 2020, "GLU variants improve transformer")."""

    def __init__(self, config: Any) -> None:
        super().__init__()
        hidden, inner, bias = config.hidden_size, config.intermediate_size, config.mlp_bias
        self.gate_proj = nn.Linear(hidden, inner, bias=bias)
        self.up_proj = nn.Linear(hidden, inner, bias=bias)
        self.down_proj = nn.Linear(inner, hidden, bias=bias)
        self.act_fn = ACT2FN[config.hidden_act]

    def forward(self, x: Tensor) -> Tensor:
        return self.down_proj(self.act_fn(self.gate_proj(x)) * self.up_proj(x))


class CsmAttention(nn.Module):
    """Grouped-query attention (Ainslie et al. 2023) with rotary positions, by the implementation that
    `config._attn_implementation` names.
    """

    is_causal = True  # read by transformers' implementations, as are the next three names

    def __init__(self, config: Any, layer_idx: int) -> None:
        super().__init__()
        self.config, self.layer_idx, self.head_dim = config, layer_idx, config.head_dim
        self.heads, self.kv_heads = config.num_attention_heads, config.num_key_value_heads
        self.num_key_value_groups, self.scaling = self.heads // self.kv_heads, self.head_dim**-0.5
        queries, keys = self.heads * self.head_dim, self.kv_heads * self.head_dim
        hidden, bias = config.hidden_size, config.attention_bias
        self.q_proj = nn.Linear(hidden, queries, bias=bias)
        self.k_proj = nn.Linear(hidden, keys, bias=bias)
        self.v_proj = nn.Linear(hidden, keys, bias=bias)
        self.o_proj = nn.Linear(queries, hidden, bias=bias)

    def forward(
        self,
        hidden_states: Tensor,
        position_embeddings: tuple[Tensor, Tensor],
        attention_mask: Tensor | None = None,
        past_key_values: Any = None,
        **more: Any,
    ) -> tuple[Tensor, Tensor | None]:
        """`[B, T, H]` → (`[B, T, H]`, weights `[B, heads, T, S]` where the implementation gives them).

        Args:
            position_embeddings: (cos, sin) of the T positions.
            attention_mask: as `create_causal_mask` makes it for the implementation.
            past_key_values: a `Cache` that takes the new keys and values and gives back all S of them.
        """
        batch, length, _ = hidden_states.shape
        query, key, value = (
            project(hidden_states).view(batch, length, heads, self.head_dim).transpose(1, 2)
            for project, heads in (
                (self.q_proj, self.heads),
                (self.k_proj, self.kv_heads),
                (self.v_proj, self.kv_heads),
            )
        )
        cos, sin = (each[:, None] for each in position_embeddings)
        query, key = rotate(query, cos, sin), rotate(key, cos, sin)
        if past_key_values is not None:
            key, value = past_key_values.update(key, value, self.layer_idx)
        attend = ALL_ATTENTION_FUNCTIONS.get_interface(self.config._attn_implementation, eager_attention)
        dropout = float(self.config.attention_dropout or 0.0) if self.training else 0.0
        out, weights = attend(
            self, query, key, value, attention_mask, dropout=dropout, scaling=self.scaling, **more
        )
        return self.o_proj(out.reshape(batch, length, self.heads * self.head_dim).contiguous()), weights


def eager_attention(
    module: Any,
    query: Tensor,
    key: Tensor,
    value: Tensor,
    attention_mask: Tensor | None,
    scaling: float,
    dropout: float = 0.0,
    **unused: Any,
) -> tuple[Tensor, Tensor]:
    """softmax(q k * scaling + mask) v, the softmax in float32: the implementation called "eager".

    Args:
        query: `[B, heads, T, D]`.
        key, value: `[B, kv heads, S, D]`.
        attention_mask: `[B or 1, 1, T, S]`, added to the scores.

    Returns:
        (`[B, T, heads, D]`, the weights `[B, heads, T, S]`).
    """
    groups = module.num_key_value_groups
    key, value = (each.repeat_interleave(groups, dim=1) for each in (key, value))
    scores = query @ key.transpose(2, 3) * scaling
    if attention_mask is not None:
        scores = scores + attention_mask
    weights = scores.softmax(dim=-1, dtype=torch.float32).to(query.dtype)
    weights = F.dropout(weights, dropout, training=module.training)
    return (weights @ value).transpose(1, 2).contiguous(), weights


class CsmDecoderLayer(GradientCheckpointingLayer):
    """Attention and MLP, each behind a norm and with a residual around it."""

    def __init__(self, config: Any, layer_idx: int) -> None:
        super().__init__()
        self.self_attn = CsmAttention(config, layer_idx)
        self.mlp = CsmMLP(config)
        self.input_layernorm = CsmRMSNorm(config.hidden_size, config.rms_norm_eps)
        self.post_attention_layernorm = CsmRMSNorm(config.hidden_size, config.rms_norm_eps)

    def forward(
        self,
        hidden_states: Tensor,
        position_embeddings: tuple[Tensor, Tensor],
        attention_mask: Tensor | None = None,
        past_key_values: Any = None,
        **more: Any,
    ) -> Tensor:
        """`[B, T, H]` → `[B, T, H]`; arguments as `CsmAttention`."""
        attended, _ = self.self_attn(
            self.input_layernorm(hidden_states),
            position_embeddings,
            attention_mask,
            past_key_values=past_key_values,
            **more,
        )
        hidden_states = hidden_states + attended
        return hidden_states + self.mlp(self.post_attention_layernorm(hidden_states))
