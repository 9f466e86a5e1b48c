"""Mistakes that a CSM invites, each with a test that fails when it is made.

Elsewhere: hidden state before the norm, heads transposed, offset of the depth table, cache kept between
frames (test_parity_grid, test_model, test_generation); codes the codec lacks (test_generation,
tests/engine); tag, BOS and END around a text (tests/engine/test_prompt, the known prompt in
tests/checkpoints/test_hub); user text that becomes special tokens (test_processor_properties); q and k rows
in the wrong order, format by file name, pickles that run code, quantised weights, one audio table or two,
safetensors first, a config that does not count all layers, what is downloaded (tests/checkpoints); llama3
scaling and the old spelling (test_layers, test_format); an absent top-k in the engine
(tests/engine/test_types); Mimi's names (test_format) and its window (tests/engine); labels of EOS, the
share of frames, the frozen codec (tests/training); a first frame that is EOS, a take that was cut off
(tests/verify); dropped context (tests/rendering/test_context).
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import torch
from transformers import GenerationConfig

from csm_cli.checkpoints.config import from_flavours
from csm_cli.model import CsmConfig, CsmForConditionalGeneration
from csm_cli.model.frames import CodeSampler
from csm_cli.model.rope import rope_frequencies
from tests.model.tiny import AUDIO, AUDIO_EOS, BOOKS, CODES, prompt, tiny_config

IDS = torch.tensor([prompt(["[0]hello."])])
FACTS = Path(__file__).with_name("csm-1b")


def forced(frames: list[list[int]]) -> dict[str, Any]:
    """Processors that make `generate` sample these frames, then go on with ones."""
    planned = [*frames, [1] * BOOKS]
    frame = planned[0]

    def only(code: int, scores: torch.Tensor) -> torch.Tensor:
        return torch.full_like(scores, -torch.inf).index_fill(1, torch.tensor([code]), 0.0)

    def first(codes: torch.Tensor, scores: torch.Tensor) -> torch.Tensor:
        nonlocal frame
        frame = planned[min(codes.shape[1], len(planned) - 1)]
        return only(frame[0], scores)

    def rest(codes: torch.Tensor, scores: torch.Tensor) -> torch.Tensor:
        return only(frame[codes.shape[1]], scores)

    return {"logits_processor": [first], "depth_decoder_logits_processor": [rest], "do_sample": False}


@pytest.mark.parametrize("last", [0, 5])
def test_an_eos_frame_is_never_spoken_whatever_its_last_code(ours: Any, last: int) -> None:
    frames = [[7, 1, 2, 3, 4], [9, 1, 2, 3, 4], [0] * (BOOKS - 1) + [last]]
    output = ours.generate(
        IDS, max_new_tokens=9, output_audio=True, return_dict_in_generate=True, **forced(frames)
    )
    assert output.sequences[0].tolist() == frames
    assert output.ended.tolist() == [True]
    assert len(output.audio[0]) == 2 * 1920
    wanted = ours.codec_model.decode(torch.tensor(frames[:2]).T[None]).audio_values[0, 0]
    torch.testing.assert_close(output.audio[0], wanted, rtol=1e-4, atol=1e-5)


def test_a_zero_in_some_codebooks_is_speech(ours: Any) -> None:
    frames = [[0, 0, 0, 1, 0], [0] * BOOKS]
    codes = ours.generate(IDS, max_new_tokens=9, **forced(frames))
    assert codes[0].tolist() == frames


def test_reaching_the_cap_is_not_an_end(ours: Any) -> None:
    output = ours.generate(IDS, max_new_tokens=3, return_dict_in_generate=True, **forced([]))
    assert output.ended.tolist() == [False]


def test_an_absent_top_k_is_fifty_and_an_absent_temperature_nine_tenths() -> None:
    ours = CsmForConditionalGeneration(CsmConfig(**tiny_config()))
    stored = GenerationConfig(**json.loads((FACTS / "generation_config.json").read_text()))
    assert stored.top_k is None
    for given in (stored, GenerationConfig()):
        found, _ = ours._prepare_generation_config(given)
        assert (found.do_sample, found.temperature, found.top_k) == (True, 0.9, 50)
        depth = found.csm.depth
        assert (depth.do_sample, depth.temperature, depth.top_k) == (True, 0.9, 50)
    assert found.max_new_tokens == 125


def test_codes_are_drawn_from_float32(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    half = CsmForConditionalGeneration.from_pretrained(folder, dtype=torch.bfloat16).eval()
    seen: set[torch.dtype] = set()

    def draw(self: Any, codes: Any, logits: torch.Tensor, noise: Any) -> Any:
        seen.add(logits.dtype)
        return logits.argmax(-1), logits

    monkeypatch.setattr(CodeSampler, "__call__", draw)
    half.generate(IDS, max_new_tokens=2, do_sample=True)
    assert seen == {torch.float32}


def test_the_last_code_is_never_fed_back(ours: Any) -> None:
    hidden = torch.randn(1, 48, generator=torch.Generator().manual_seed(1))
    frames = torch.randint(0, CODES, (2, BOOKS), generator=torch.Generator().manual_seed(2))
    frames[1, :-1] = frames[0, :-1]
    frames[1, -1] = (frames[0, -1] + 1) % CODES
    first, second = ours.depth_decoder.frame_logits(hidden.expand(2, -1), frames)
    torch.testing.assert_close(first, second, rtol=1e-5, atol=1e-5)


def test_the_eos_frame_of_a_context_is_a_frame_of_zeros_not_nothing(ours: Any) -> None:
    context = torch.randint(0, CODES, (2, BOOKS), generator=torch.Generator().manual_seed(1))
    ids = torch.tensor([prompt(["[0]a"]) + [AUDIO] * 2 + [AUDIO_EOS]])
    seen: list[torch.Tensor] = []
    hook = ours.backbone_model.layers[0].register_forward_pre_hook(lambda _, inputs: seen.append(inputs[0]))
    ours(ids, audio_codes=context)
    hook.remove()
    table = ours.backbone_model.embed_tokens.embed_audio_tokens.weight
    torch.testing.assert_close(seen[0][0, -1], sum(table[k * (CODES + 3)] for k in range(BOOKS)))


def test_defaults_are_not_csm_1b(ours: Any) -> None:
    """The defaults carry no rotary scaling; csm-1b's own config and the original flavours do."""
    plain = CsmConfig().rope_parameters
    scaled = CsmConfig.from_pretrained(FACTS).rope_parameters
    flavours = from_flavours({"backbone_flavor": "llama-1B", "decoder_flavor": "llama-100M"}, FACTS)
    assert not torch.equal(rope_frequencies(64, plain), rope_frequencies(64, scaled))
    torch.testing.assert_close(
        rope_frequencies(64, flavours["rope_parameters"]), rope_frequencies(64, scaled)
    )


def test_a_pad_id_beyond_the_text_table(tmp_path: Path) -> None:
    config = CsmConfig(**tiny_config() | {"pad_token_id": 50})
    assert config.text_vocab_size == 50
    model = CsmForConditionalGeneration(config).eval()
    row = prompt(["[0]hello"])
    mask = torch.tensor([[0, 0] + [1] * len(row)])
    padded = model.generate(
        torch.tensor([[50, 50, *row]]), attention_mask=mask, do_sample=False, max_new_tokens=3
    )
    assert torch.equal(padded, model.generate(torch.tensor([row]), do_sample=False, max_new_tokens=3))


def test_the_state_before_a_frame_predicts_it_on_both_levels(ours: Any) -> None:
    """A frame's labels change neither loss if the state before it is hidden from them."""
    codes = torch.randint(0, CODES, (1, 6, BOOKS), generator=torch.Generator().manual_seed(1))
    labels = torch.full_like(codes, -100)
    labels[0, 3] = codes[0, 3]
    with torch.no_grad():
        output = ours(codes, labels=labels)
        hidden = ours.backbone_model(codes).last_hidden_state
        first = torch.nn.functional.cross_entropy(ours.lm_head(hidden[:, 2]), codes[:, 3, 0])
        rest = ours.depth_decoder.frame_logits(hidden[:, 2], codes[:, 3])
        others = torch.nn.functional.cross_entropy(rest[0], codes[0, 3, 1:])
    torch.testing.assert_close(output.backbone_loss, first)
    torch.testing.assert_close(output.depth_decoder_loss, others)


def test_the_codec_is_frozen_while_the_rest_is_trained(ours: Any) -> None:
    ours.train()
    try:
        assert not any(module.training for module in ours.codec_model.modules())
        assert ours.backbone_model.training
        values = torch.randn(1, 1, 1920, generator=torch.Generator().manual_seed(1))
        ids = torch.tensor([[*prompt(["[0]a"]), AUDIO, AUDIO_EOS]])
        labels = torch.where((ids == AUDIO) | (ids == AUDIO_EOS), ids, -100)
        ours(
            ids, input_values=values, input_values_cutoffs=torch.tensor([[1920]]), labels=labels
        ).loss.backward()
        assert all(p.grad is None for p in ours.codec_model.parameters())
    finally:
        ours.eval().zero_grad()
