"""Rotary frequencies, norm, attention."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
import torch
from transformers import DynamicCache
from transformers.modeling_rope_utils import ROPE_INIT_FUNCTIONS

from csm_cli.model.layers import CsmAttention, CsmRMSNorm, CsmRotaryEmbedding
from csm_cli.model.rope import rope_frequencies
from tests.model.tiny import rope


@pytest.mark.parametrize(
    ("head_dim", "settings"), [(64, rope(1024, 0.125, 0.5)), (128, rope(16, 0.001953125, 0.0078125))]
)
def test_llama3_frequencies_are_those_of_transformers(head_dim: int, settings: dict) -> None:
    config = SimpleNamespace(
        rope_parameters=settings,
        head_dim=head_dim,
        standardize_rope_params=lambda: None,
        max_position_embeddings=9,
    )
    theirs, _ = ROPE_INIT_FUNCTIONS["llama3"](config, torch.device("cpu"))
    torch.testing.assert_close(rope_frequencies(head_dim, settings), theirs, rtol=1e-6, atol=0)


def test_default_frequencies_and_unknown_types() -> None:
    found = rope_frequencies(4, {"rope_theta": 100.0})
    torch.testing.assert_close(found, torch.tensor([1.0, 0.1]))
    with pytest.raises(ValueError, match="yarn"):
        rope_frequencies(4, {"rope_theta": 100.0, "rope_type": "yarn"})


def test_rms_norm_in_bfloat16_sums_in_float32() -> None:
    x = torch.full((1, 4096), 3.0, dtype=torch.bfloat16)
    assert torch.equal(CsmRMSNorm(4096, 1e-5).to(torch.bfloat16)(x), torch.ones_like(x))


def attention(dropout: float = 0.0, kind: str = "sdpa") -> tuple[CsmAttention, Any, torch.Tensor]:
    torch.manual_seed(0)
    config: Any = SimpleNamespace(
        hidden_size=12,
        num_attention_heads=4,
        num_key_value_heads=2,
        head_dim=6,
        attention_dropout=dropout,
        attention_bias=False,
        max_position_embeddings=9,
        rope_parameters={"rope_theta": 10000.0, "rope_type": "default"},
        _attn_implementation=kind,
    )
    x = torch.randn(2, 5, 12)
    return CsmAttention(config, 0), CsmRotaryEmbedding(config)(x, torch.arange(5)[None]), x


def test_both_implementations_of_attention_give_the_same() -> None:
    layer, rotary, x = attention()
    eager, _, _ = attention(kind="eager")
    causal = torch.full((5, 5), -torch.inf).triu(1)[None, None]
    out, weights = eager(x, rotary, causal)
    torch.testing.assert_close(layer(x, rotary)[0], out)
    assert weights is not None and weights.shape == (2, 4, 5, 5)
    torch.testing.assert_close(weights.sum(-1), torch.ones(2, 4, 5))


@pytest.mark.parametrize("kind", ["sdpa", "eager"])
def test_attention_dropout_acts_in_training_only(kind: str) -> None:
    layer, rotary, x = attention(dropout=0.5, kind=kind)
    assert not torch.equal(layer(x, rotary)[0], layer(x, rotary)[0])
    layer.eval()
    assert torch.equal(layer(x, rotary)[0], layer(x, rotary)[0])


def test_cache_gives_what_one_pass_gives() -> None:
    layer, (cos, sin), x = attention()
    cache, parts = DynamicCache(), []
    for start, end in ((0, 3), (3, 4), (4, 5)):
        rotary = cos[:, start:end], sin[:, start:end]
        parts.append(layer(x[:, start:end], rotary, past_key_values=cache)[0])
    torch.testing.assert_close(torch.cat(parts, 1), layer(x, (cos, sin))[0])
