"""The engine's arithmetic, piece by piece, against the layers it stands for."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch

from csm_cli.checkpoints.find import find_checkpoint
from csm_cli.engine import Engine
from csm_cli.engine import weights as weights_module
from csm_cli.engine.layout import new_cache
from csm_cli.engine.steps import decode_stack, embed_frames, prefill_stack, rms, sample_frame
from csm_cli.model.sampling import RowSampler
from tests.model.tiny import BOOKS, CODES

CLOSE = {"rtol": 1e-4, "atol": 1e-4}


@pytest.fixture
def embeds(engine: Engine) -> torch.Tensor:
    return torch.randn(2, 9, 48, generator=torch.Generator().manual_seed(0))


@torch.no_grad()
def test_prefill_and_decoding_give_the_backbones_states(
    engine: Engine, model: Any, embeds: torch.Tensor
) -> None:
    wanted = model.backbone_model(inputs_embeds=embeds).last_hidden_state
    stack = engine.weights.backbone
    cache = new_cache(stack, 2, 9)
    states = [prefill_stack(stack, embeds[:, :6], cache, stack.rotation[None, :6, None])]
    every = slice(None)
    for place in range(6, 9):
        rotation = stack.rotation[place, None, None]
        where = (every, every, place)
        x = embeds[:, place]
        states.append(decode_stack(stack, x, cache, where, every, place + 1, rotation, None)[:, None])
    found = rms(torch.cat(states, 1), stack.eps) * stack.norm
    torch.testing.assert_close(found, wanted, **CLOSE)


@torch.no_grad()
def test_rms_has_the_epsilon_of_the_norm() -> None:
    x = torch.tensor([[1e-3, -2e-3, 0.0, 1e-3]])
    eps = torch.tensor((4 * 1e-5) ** 0.5)
    wanted = x * torch.rsqrt(x.square().mean(-1, keepdim=True) + 1e-5)
    torch.testing.assert_close(rms(x, eps) * 2, wanted)
    assert torch.equal(rms(torch.zeros(1, 4), eps), torch.zeros(1, 4))


@torch.no_grad()
def test_frame_embeddings(engine: Engine, model: Any) -> None:
    codes = torch.randint(0, CODES, (7, BOOKS), generator=torch.Generator().manual_seed(0))
    torch.testing.assert_close(embed_frames(engine.weights, codes), model.backbone_model.embed_frames(codes))


@torch.no_grad()
@pytest.mark.parametrize("limit", [0, weights_module._FOLD_LIMIT])
def test_a_frame_with_and_without_the_folded_table(
    folder: Path, model: Any, limit: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(weights_module, "_FOLD_LIMIT", limit)
    checkpoint = find_checkpoint(folder)
    weights = weights_module.load_weights(
        checkpoint.config, checkpoint.tensors(), torch.device("cpu"), torch.float32
    )
    assert (weights.depth_audio is None) == (limit == 0)
    hidden = torch.randn(3, 48, generator=torch.Generator().manual_seed(1))
    greedy = RowSampler.of([0.0] * 3, [0] * 3, CODES)
    frame = sample_frame(weights, hidden, new_cache(weights.depth, 3, BOOKS), greedy, greedy, None)
    first = model.lm_head(hidden)[:, :CODES].argmax(-1)
    assert torch.equal(frame[:, 0], first)
    rest = model.depth_decoder.frame_logits(hidden, frame)[..., :CODES].argmax(-1)
    assert torch.equal(frame[:, 1:], rest)
