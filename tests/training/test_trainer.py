"""CSM's training loop."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch

from csm_cli.model import CsmConfig, CsmForConditionalGeneration
from csm_cli.training.objective import Budget
from csm_cli.training.rows import EOS, FRAME
from csm_cli.training.segments import RowShape, SegmentStore
from csm_cli.training.trainer import Batches, Trainer, TrainerOptions, as_tensors, check_finite
from tests.training.conftest import BOOKS, encode, tiny

OPTIONS = TrainerOptions(
    positions=256, depth_frames=200, peak_rate=3e-3, warmup=10, workers=0, log_every=5, average=0.9,
    shapes=(RowShape(24, 0.5, False), RowShape(64, 0.5, True)),
)  # fmt: skip


@pytest.fixture
def trainer(shards: Path) -> Trainer:
    torch.manual_seed(0)
    config = tiny.tiny_config() | {"codebook_eos_token_id": 0}
    model = CsmForConditionalGeneration(CsmConfig(**config))
    store = SegmentStore(shards, encode)
    return Trainer(model, store, OPTIONS, torch.device("cpu"))


def _batch(trainer: Trainer, length: int = 64) -> dict[str, torch.Tensor]:
    return as_tensors(next(trainer.store.batches((RowShape(length, 1.0, True),), length * 4, BOOKS, seed=1)))


def test_undamaged_losses_are_those_of_the_model(trainer: Trainer) -> None:
    trainer.model.eval()
    batch = _batch(trainer)
    with torch.no_grad():
        backbone, depth = trainer.losses(batch, damage=False)
        embeds = trainer._embed(batch, damage=False)
        labels = torch.where((batch["kind"] >= FRAME)[..., None], batch["codes"].long(), -100)
        wanted = trainer.model(inputs_embeds=embeds, labels=labels)
    torch.testing.assert_close(backbone, wanted.backbone_loss)
    torch.testing.assert_close(depth, wanted.depth_decoder_loss)


def test_the_end_of_speech_is_learned_on_every_codebook(trainer: Trainer) -> None:
    """A depth decoder that never saw the frame of zeros leaves codes there, and the voice does not stop."""
    trainer.model.eval()
    batch = _batch(trainer)
    only_end = {**batch, "kind": torch.where(batch["kind"] == FRAME, 0, batch["kind"])}
    _, depth = trainer.losses(only_end, damage=False)
    depth.backward()
    heads = trainer.model.depth_decoder.codebooks_head.weight.grad
    assert heads is not None
    assert (heads.flatten(1).abs().sum(1) > 0).all()


def test_damage_silences_frames_but_never_text_or_the_end(trainer: Trainer) -> None:
    torch.manual_seed(0)
    frames = torch.ones(4, 200, dtype=torch.bool)
    frames[:, ::10] = False
    codes = torch.full((4, 200, BOOKS), 5)
    damaged, embedded = trainer._damage(codes, frames)
    assert embedded[~frames].all()
    assert (damaged[~frames] == 5).all()
    silent = (~embedded).all(-1)[frames].float().mean()
    assert 0.1 < silent < 0.2


def test_a_voice_learns_its_alphabet(trainer: Trainer) -> None:
    batch = _batch(trainer)
    before = trainer.validate([batch])
    seen: list[tuple[int, float]] = []
    batches = ([each] for each in Batches(trainer.store, OPTIONS, BOOKS))
    trainer.loop(Budget(steps=60), batches, lambda done, fraction, _: seen.append((done, fraction)))
    after = trainer.validate([batch])
    assert after[0] < 0.6 * before[0]
    assert after[1] < 0.6 * before[1]
    assert [done for done, _ in seen] == list(range(1, 61))
    assert seen[30][1] == 0.5


def test_the_share_of_frames_that_the_depth_decoder_learns(trainer: Trainer) -> None:
    """A share of the speech, and every EOS frame."""
    batch = _batch(trainer)
    seen: list[tuple[torch.Tensor, torch.Tensor]] = []
    trainer.options = replace(OPTIONS, depth_share=0.25)

    def depth(
        hidden: torch.Tensor, given: torch.Tensor, codes: torch.Tensor, weight: torch.Tensor
    ) -> torch.Tensor:
        assert given.equal(codes)  # nothing is damaged here
        seen.append((codes, weight))
        return hidden.sum() * 0

    trainer.depth_loss = depth
    trainer.losses(batch, damage=False)
    ((codes, weight),) = seen
    ends, frames = (int((batch["kind"] == kind).sum()) for kind in (EOS, FRAME))
    assert weight.all()
    assert (codes == 0).all(dim=1).sum() == ends
    assert len(codes) == ends + -(-frames // 4)


def test_warming_changes_nothing(trainer: Trainer) -> None:
    before = {name: value.clone() for name, value in trainer.model.state_dict().items()}
    trainer.warm()
    after: dict[str, Any] = trainer.model.state_dict()
    assert all(torch.equal(value, after[name]) for name, value in before.items())


def test_a_loss_that_is_no_number_is_seen(trainer: Trainer) -> None:
    with torch.no_grad():
        trainer.model.lm_head.weight.fill_(float("nan"))
    with pytest.raises(FloatingPointError, match="step 7"):
        check_finite(trainer.update([_batch(trainer)], 0.0, 7), 7)
