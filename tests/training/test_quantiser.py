"""Codebooks learned as moving averages."""

from __future__ import annotations

import torch
from transformers import MimiModel

from recipes.demo_voice.codec.quantiser import CodebookTrainer


def _latents(frames: int = 40) -> torch.Tensor:
    generator = torch.Generator().manual_seed(2)
    return torch.randn(8, 32, frames, generator=generator)


def test_k_means_and_learning_bring_the_codebooks_to_the_latents(codec: MimiModel) -> None:
    trainer = CodebookTrainer(codec.quantizer.acoustic_residual_vector_quantizer)
    latents = _latents()
    before = trainer(latents, learn=False)[1]
    trainer.start(latents)
    started = trainer(latents, learn=False)[1]
    for _ in range(30):
        trainer(latents)
    learned = trainer(latents, learn=False)[1]
    assert started < 0.7 * before
    assert learned <= started * 1.05


def test_code_zero_of_the_first_codebook_stays_free(codec: MimiModel) -> None:
    quantiser = codec.quantizer.semantic_residual_vector_quantizer
    trainer = CodebookTrainer(quantiser, reserve_zero=True)
    trainer.start(_latents())
    for _ in range(5):
        assert trainer(_latents())[2].min() > 0
    trainer.store()
    with torch.no_grad():
        assert quantiser.encode(_latents(), 1).min() > 0


def test_what_is_stored_is_what_was_learned(codec: MimiModel) -> None:
    quantiser = codec.quantizer.acoustic_residual_vector_quantizer
    trainer = CodebookTrainer(quantiser)
    trainer.start(_latents())
    codes = trainer(_latents(), learn=False)[2]
    trainer.store()
    with torch.no_grad():
        assert torch.equal(quantiser.encode(_latents()).permute(1, 2, 0), codes)


def test_storing_again_changes_nothing(codec: MimiModel) -> None:
    quantiser = codec.quantizer.semantic_residual_vector_quantizer
    trainer = CodebookTrainer(quantiser, reserve_zero=True)
    trainer.start(_latents())
    trainer.store()
    before = quantiser.layers[0].codebook.embed_sum.clone()
    later = CodebookTrainer(quantiser, reserve_zero=True)
    later.go_on()
    later.store()
    assert torch.equal(before, quantiser.layers[0].codebook.embed_sum)


def test_fewer_levels_leave_the_rest_out(codec: MimiModel) -> None:
    trainer = CodebookTrainer(codec.quantizer.acoustic_residual_vector_quantizer)
    trainer.start(_latents())
    levels = torch.tensor([1, 2, 3, 4, 1, 2, 3, 4])
    some = trainer(_latents(), learn=False, levels=levels)[0]
    whole = trainer(_latents(), learn=False)[0]
    assert torch.equal(some[3], whole[3])
    assert not torch.equal(some[0], whole[0])


def test_the_gradient_passes_straight_through(codec: MimiModel) -> None:
    trainer = CodebookTrainer(codec.quantizer.acoustic_residual_vector_quantizer)
    latents = _latents().requires_grad_()
    trainer(latents, learn=False)[0].sum().backward()
    assert latents.grad is not None and latents.grad.abs().sum() > 0
