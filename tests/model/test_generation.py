"""Codes against transformers, alone and in batches; seeds; stopping; audio."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from transformers import GenerationConfig

from csm_cli.model.generation import is_eos
from tests.model.tiny import AUDIO, AUDIO_EOS, BOOKS, CODES, PAD, prompt

TEXTS = (["[0]hello there."], ["[1]a longer line, with words."], ["[0]no"])


def batch(rows: list[list[int]]) -> dict[str, torch.Tensor]:
    longest = max(len(row) for row in rows)
    ids = [[PAD] * (longest - len(row)) + row for row in rows]
    mask = [[0] * (longest - len(row)) + [1] * len(row) for row in rows]
    return {"input_ids": torch.tensor(ids), "attention_mask": torch.tensor(mask)}


def test_greedy_codes_alone_and_in_a_batch(reference: Any, ours: Any) -> None:
    rows = [prompt(text) for text in TEXTS]
    together = batch(rows)
    theirs = reference.generate(**together, max_new_tokens=12)
    mine = ours.generate(**together, max_new_tokens=12, do_sample=False)
    assert torch.equal(mine, theirs)
    for row, codes in zip(rows, mine, strict=True):
        ids = torch.tensor([row])
        assert torch.equal(ours.generate(ids, max_new_tokens=12, do_sample=False)[0], codes)
        assert torch.equal(reference.generate(ids, max_new_tokens=12)[0], codes)
    assert len({tuple(codes.flatten().tolist()) for codes in mine}) == 3


def test_greedy_codes_with_context(reference: Any, ours: Any) -> None:
    values = torch.randn(2, 1, 5760, generator=torch.Generator().manual_seed(7)) * 0.3
    cutoffs = torch.tensor([[5760], [3840]])
    rows = [
        prompt(["[0]heard"]) + [AUDIO] * 3 + [AUDIO_EOS] + prompt(["[0]said."]),
        prompt(["[1]it"]) + [AUDIO] * 2 + [AUDIO_EOS] + prompt(["[1]yes"]),
    ]
    inputs = batch(rows) | {"input_values": values, "input_values_cutoffs": cutoffs}
    theirs = reference.generate(**inputs, max_new_tokens=10)
    mine = ours.generate(**inputs, max_new_tokens=10, do_sample=False)
    assert torch.equal(mine, theirs)
    encoded = ours.codec_model.encode(values[:1], num_quantizers=BOOKS).audio_codes[0].T
    alone = ours.generate(torch.tensor(rows[:1]), audio_codes=encoded, max_new_tokens=10, do_sample=False)
    assert torch.equal(alone[0], mine[0])


def test_a_row_depends_on_its_seed_alone(ours: Any) -> None:
    rows = [prompt(text) for text in TEXTS]
    mine = ours.generate(**batch(rows), seeds=[5, 6, 7], max_new_tokens=10, do_sample=True)
    turned = ours.generate(**batch(rows[::-1]), seeds=[7, 6, 5], max_new_tokens=10, do_sample=True)
    assert torch.equal(mine, turned.flip(0))
    alone = ours.generate(torch.tensor(rows[1:2]), seeds=6, max_new_tokens=10, do_sample=True)
    assert torch.equal(alone[0], mine[1])
    other = ours.generate(torch.tensor(rows[1:2]), seeds=8, max_new_tokens=10, do_sample=True)
    assert not torch.equal(alone, other)


def test_codes_the_codec_lacks_are_never_said(ours: Any) -> None:
    wild = {"temperature": 100.0, "top_k": 0, "depth_decoder_temperature": 100.0}
    codes = ours.generate(
        torch.tensor([prompt(["[0]x"])]), max_new_tokens=40, seeds=1, do_sample=True, **wild
    )
    assert codes.max() == CODES - 1


@pytest.fixture
def ends_at_once(ours: Any) -> Any:
    """The model with all heads zero: every greedy code is 0."""
    heads = (ours.lm_head.weight, ours.depth_decoder.codebooks_head.weight)
    kept = [head.detach().clone() for head in heads]
    with torch.no_grad():
        for head in heads:
            head.zero_()
    yield ours
    with torch.no_grad():
        for head, weights in zip(heads, kept, strict=True):
            head.copy_(weights)


def test_stop_at_eos_which_is_not_spoken(ends_at_once: Any) -> None:
    ids = torch.tensor([prompt(["[0]x"])])
    output = ends_at_once.generate(
        ids, do_sample=False, max_new_tokens=9, output_audio=True, return_dict_in_generate=True
    )
    assert output.sequences.tolist() == [[[0] * BOOKS]]
    assert output.ended.tolist() == [True]
    assert [len(audio) for audio in output.audio] == [0]


def test_eos_does_not_look_at_the_last_codebook() -> None:
    frames = torch.tensor([[0, 0, 0], [0, 0, 9], [0, 1, 0], [1, 0, 0]])
    assert is_eos(frames, 0).tolist() == [True, True, False, False]


def test_audio_of_a_batch(ours: Any) -> None:
    rows = [prompt(text) for text in TEXTS]
    audio = ours.generate(**batch(rows), seeds=1, max_new_tokens=4, output_audio=True)
    assert [len(sound) for sound in audio] == [4 * 1920] * 3
    assert all(torch.isfinite(sound).all() for sound in audio)


def test_what_cannot_be_done_is_said(ours: Any) -> None:
    ids = torch.tensor([prompt(["[0]x"])])
    with pytest.raises(ValueError, match="beam search"):
        ours.generate(ids, num_beams=2)
    with pytest.raises(ValueError, match="beam search"):
        ours.generate(ids, generation_config=GenerationConfig(num_beams=2))
    with pytest.raises(ValueError, match="seed"):
        ours.generate(ids, seed=1)
    with pytest.raises(ValueError, match="1 rows need 1 seeds"):
        ours.generate(ids, seeds=[1, 2])
