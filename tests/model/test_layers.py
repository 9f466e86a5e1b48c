"""Rotary frequencies, masks and the cache."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
import torch
from transformers.modeling_rope_utils import ROPE_INIT_FUNCTIONS

from csm_cli.model.cache import KVCache, attention_mask_4d
from csm_cli.model.layers import CsmAttention, CsmRMSNorm, CsmRotaryEmbedding, rope_frequencies
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


def attention(dropout: float = 0.0) -> tuple[CsmAttention, tuple[torch.Tensor, torch.Tensor], torch.Tensor]:
    torch.manual_seed(0)
    config = SimpleNamespace(
        hidden_size=12,
        num_attention_heads=4,
        num_key_value_heads=2,
        head_dim=6,
        attention_dropout=dropout,
        attention_bias=False,
        rope_parameters={"rope_theta": 10000.0},
    )
    return CsmAttention(config, 0), CsmRotaryEmbedding(config)(torch.arange(5)[None]), torch.randn(2, 5, 12)


def test_attention_without_a_mask_is_causal() -> None:
    layer, rotary, x = attention()
    causal = torch.ones(5, 5, dtype=torch.bool).tril()[None, None]
    torch.testing.assert_close(layer(x, rotary), layer(x, rotary, causal))


def test_attention_dropout_acts_in_training_only() -> None:
    layer, rotary, x = attention(dropout=0.5)
    assert not torch.equal(layer(x, rotary), layer(x, rotary))
    layer.eval()
    assert torch.equal(layer(x, rotary), layer(x, rotary))


def test_cache_gives_what_one_pass_gives() -> None:
    layer, (cos, sin), x = attention()
    cache = KVCache(1, 2, 2, 5, 6)
    parts = []
    for start, end in ((0, 3), (3, 5)):
        mask = attention_mask_4d(None, end - start, start, x.device)
        parts.append(layer(x[:, start:end], (cos[:, :, start:end], sin[:, :, start:end]), mask, cache))
        cache.length = end
    torch.testing.assert_close(torch.cat(parts, 1), layer(x, (cos, sin)))
    with pytest.raises(ValueError, match="5 positions, 6"):
        cache.update(0, torch.zeros(2, 2, 1, 6), torch.zeros(2, 2, 1, 6))


def test_mask_of_padded_rows() -> None:
    mask = attention_mask_4d(torch.tensor([[0, 1, 1], [1, 1, 1]]), 3, 0, torch.device("cpu"))
    assert mask is not None
    assert mask[0, 0].int().tolist() == [[1, 0, 0], [0, 1, 0], [0, 1, 1]]
    assert mask[1, 0].int().tolist() == [[1, 0, 0], [1, 1, 0], [1, 1, 1]]
    later = attention_mask_4d(torch.tensor([[0, 1, 1, 1]]), 2, 2, torch.device("cpu"))
    assert later is not None
    assert later[0, 0].int().tolist() == [[0, 1, 1, 0], [0, 1, 1, 1]]
    with pytest.raises(ValueError, match=r"\[batch, 3\]"):
        attention_mask_4d(torch.ones(1, 4), 3, 0, torch.device("cpu"))
