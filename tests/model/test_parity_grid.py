"""Logits, states, attentions, losses and gradients against transformers, over a grid of shapes and types."""

from __future__ import annotations

from functools import cache
from typing import Any

import pytest
import torch
import transformers

from csm_cli.model import CsmConfig, CsmForConditionalGeneration
from tests.model.tiny import CODES, only_real_codes, prompt, randomise, reference, tiny_config

SHAPES = {
    "4 codebooks, plain heads": (4, 4, 4),
    "8 codebooks, 2 heads to a key": (8, 4, 2),
    "32 codebooks, all heads to a key": (32, 4, 1),
}
EXACT = {"rtol": 1e-5, "atol": 1e-5}


@cache
def pair(shape: str) -> tuple[Any, Any]:
    """(theirs, ours) with the same random weights."""
    books, heads, kv_heads = SHAPES[shape]
    config = tiny_config()
    for part in (config, config["depth_decoder_config"]):
        part |= {"num_codebooks": books, "num_attention_heads": heads, "num_key_value_heads": kv_heads}
    config["depth_decoder_config"]["max_position_embeddings"] = books + 1
    config["codec_config"] |= {"num_quantizers": books}
    theirs = reference(config)
    randomise(theirs)
    ours = CsmForConditionalGeneration(CsmConfig(**config)).eval()
    for model in (theirs, ours):
        model.set_attn_implementation("eager")
    ours.load_state_dict(theirs.state_dict())
    return only_real_codes(theirs), ours


def random_codes(shape: str, batch: int, length: int) -> torch.Tensor:
    generator = torch.Generator().manual_seed(length)
    return torch.randint(0, CODES, (batch, length, SHAPES[shape][0]), generator=generator)


def after_the_first(codes: torch.Tensor) -> torch.Tensor:
    """Labels for all frames but the first: transformers scores it with the state of the last position."""
    labels = codes.clone()
    labels[:, 0] = -100
    return labels


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize(("batch", "length"), [(1, 2), (3, 17), (2, 200)])
def test_everything_that_forward_returns(shape: str, batch: int, length: int) -> None:
    theirs, ours = pair(shape)
    codes = random_codes(shape, batch, length)
    labels = after_the_first(codes)
    labels[:, ::3, 1:] = -100
    labels[:, 1::3, -1] = -100  # a frame of which a part is scored
    options = {"labels": labels, "output_hidden_states": True, "output_attentions": True, "use_cache": True}
    with torch.no_grad():
        wanted, mine = theirs(codes, **options), ours(codes, **options)
    assert mine.keys() == wanted.keys()
    assert list(mine.keys()) == list(wanted.keys())
    for name, value in wanted.items():
        if "past_key_values" not in name:
            torch.testing.assert_close(mine[name], value, **EXACT, msg=lambda text, n=name: f"{n}: {text}")
    assert mine.past_key_values.get_seq_length() == length
    as_tuple = ours(codes, return_dict=False)
    assert isinstance(as_tuple, tuple)


@pytest.mark.parametrize("shape", SHAPES)
def test_gradients(shape: str) -> None:
    theirs, ours = pair(shape)
    codes = random_codes(shape, 2, 24)
    found = []
    for model in (theirs, ours):
        model.zero_grad()
        model(codes, labels=after_the_first(codes)).loss.backward()
        found.append({name: p.grad for name, p in model.named_parameters() if p.grad is not None})
    wanted, mine = found
    assert mine.keys() == wanted.keys()
    for name, gradient in wanted.items():
        assert (mine[name] - gradient).norm() <= 1e-4 * gradient.norm(), name


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16])
def test_half_precision_differs_by_rounding_only(dtype: torch.dtype) -> None:
    shape = "8 codebooks, 2 heads to a key"
    theirs, ours = pair(shape)
    codes = random_codes(shape, 2, 40)
    with torch.no_grad():
        exact = ours(codes).logits
        config = ours.config
        halves = []
        for kind, model in ((transformers.CsmForConditionalGeneration, theirs), (type(ours), ours)):
            half = kind(transformers.CsmConfig(**config.to_dict()) if kind is not type(ours) else config)
            half.load_state_dict(model.state_dict())
            halves.append(half.eval().to(dtype)(codes).logits.float())
    reference, mine = ((half - exact).abs().mean() for half in halves)
    assert mine < 1.5 * reference + 1e-6
    assert torch.isfinite(halves[1]).all()


@pytest.mark.parametrize("shape", SHAPES)
def test_greedy_codes(shape: str) -> None:
    theirs, ours = pair(shape)
    rows = [prompt(["[0]hi"]), prompt(["[1]a longer line"])]
    for row in rows:
        ids = torch.tensor([row])
        wanted = theirs.generate(ids, max_new_tokens=5)
        assert torch.equal(ours.generate(ids, max_new_tokens=5, do_sample=False), wanted)


def test_loss_of_a_batch_that_is_a_part_of_a_larger_one() -> None:
    theirs, ours = pair("4 codebooks, plain heads")
    codes = random_codes("4 codebooks, plain heads", 2, 9)
    labels = after_the_first(codes)
    with torch.no_grad():
        wanted, mine = (model(codes, labels=labels, num_items_in_batch=100) for model in (theirs, ours))
    torch.testing.assert_close(mine.loss, wanted.loss, **EXACT)


@pytest.mark.parametrize("kind", ["dynamic", "static"])
@torch.no_grad()
def test_caches_of_transformers(kind: str) -> None:
    shape = "8 codebooks, 2 heads to a key"
    _, ours = pair(shape)
    codes = random_codes(shape, 2, 11)
    whole = ours(codes).logits
    if kind == "dynamic":
        kept: Any = transformers.DynamicCache()
    else:
        kept = transformers.StaticCache(ours.config, max_cache_len=16)
    pieces = [
        ours(codes[:, a:b], past_key_values=kept).logits for a, b in ((0, 6), (6, 9), (9, 10), (10, 11))
    ]
    torch.testing.assert_close(torch.cat(pieces, 1), whole, **EXACT)
    assert int(kept.get_seq_length()) == 11


def test_recomputed_activations_give_the_same_gradients() -> None:
    _, ours = pair("4 codebooks, plain heads")
    codes = random_codes("4 codebooks, plain heads", 2, 9)
    found = []
    for recompute in (False, True):
        ours.train().zero_grad()
        if recompute:
            ours.gradient_checkpointing_enable()
        ours(codes, labels=codes).loss.backward()
        found.append([p.grad.clone() for p in ours.parameters() if p.grad is not None])
    ours.gradient_checkpointing_disable()
    ours.eval()
    for plain, again in zip(*found, strict=True):
        torch.testing.assert_close(again, plain, **EXACT)
