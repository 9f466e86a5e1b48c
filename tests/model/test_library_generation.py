"""`generate` as transformers' classes have it: every way in, every way on, every output."""

from __future__ import annotations

import warnings
from typing import Any

import pytest
import torch
from transformers import CompileConfig, DynamicCache, GenerationConfig, StaticCache
from transformers.modeling_outputs import BaseModelOutputWithPast

from tests.model.tiny import BOOKS, BOS, CODES, PAD, prompt

ROWS = [prompt(["[0]hello there."]), prompt(["[1]no"])]
IDS = torch.tensor(ROWS[:1])
GREEDY: dict[str, Any] = {"do_sample": False, "max_new_tokens": 6}
CLOSE = {"rtol": 1e-5, "atol": 1e-5}


def padded(side: str) -> dict[str, torch.Tensor]:
    longest = max(map(len, ROWS))
    fill = [longest - len(row) for row in ROWS]
    before = [n if side == "left" else 0 for n in fill]
    ids = [[PAD] * b + row + [PAD] * (n - b) for row, n, b in zip(ROWS, fill, before, strict=True)]
    mask = [[0] * b + [1] * len(row) + [0] * (n - b) for row, n, b in zip(ROWS, fill, before, strict=True)]
    return {"input_ids": torch.tensor(ids), "attention_mask": torch.tensor(mask)}


def frames(count: int) -> torch.Tensor:
    return torch.randint(0, CODES, (2, count, BOOKS), generator=torch.Generator().manual_seed(1))


WAYS: dict[str, dict[str, Any]] = {
    "codes": {"input_ids": frames(4)},
    "inputs=": {"inputs": frames(4)},
    "right padding": padded("right"),
    "left padding": padded("left"),
    "a hole": {"input_ids": IDS, "attention_mask": torch.tensor([[1, 1, 0, 0] + [1] * (len(ROWS[0]) - 4)])},
    "positions": {"input_ids": IDS, "position_ids": torch.arange(IDS.shape[1])[None] + 3},
    "several of a row": {"input_ids": frames(3), "num_return_sequences": 2, "do_sample": True, "top_k": 1,
                         "depth_decoder_do_sample": True, "depth_decoder_top_k": 1},
    "no ids": {},
    "settings that say nothing": {"input_ids": IDS, "repetition_penalty": 1.0, "length_penalty": 1.0,
                                  "num_beams": 1, "encoder_repetition_penalty": 1.0},
    "a static cache": {"input_ids": IDS, "cache_implementation": "static"},
    "time enough": {"input_ids": IDS, "max_time": 1e6},
    "beyond the positions": {"input_ids": IDS, "max_new_tokens": 250},
    "no cache, codes": {"input_ids": frames(3), "use_cache": False},
    "the last logits alone": {"input_ids": frames(3), "logits_to_keep": 1},
}  # fmt: skip


@pytest.mark.parametrize("way", WAYS)
def test_ways_in(ours: Any, reference: Any, way: str) -> None:
    settings = {**GREEDY, **WAYS[way]}
    theirs = reference.generate(**{k: v for k, v in settings.items() if k != "max_time"})
    assert torch.equal(ours.generate(**settings), theirs)


def test_nothing_begins_with_bos(ours: Any) -> None:
    assert torch.equal(ours.generate(**GREEDY), ours.generate(torch.tensor([[BOS]]), **GREEDY))


def test_from_embeddings(ours: Any, reference: Any) -> None:
    embeds = ours.backbone_model.embed_frames(frames(4))
    mine = ours.generate(inputs_embeds=embeds, **GREEDY)
    assert torch.equal(mine, reference.generate(inputs_embeds=embeds, **GREEDY))
    assert mine.shape == (2, 6, BOOKS)
    both = {"input_ids": frames(4), "inputs_embeds": embeds, **GREEDY}
    assert torch.equal(ours.generate(**both), reference.generate(**both))


@pytest.mark.parametrize("with_embeds", [False, True])
def test_going_on_from_a_cache(ours: Any, reference: Any, with_embeds: bool) -> None:
    """In two calls as in one."""
    given: dict[str, Any] = {"input_ids": frames(4)}
    if with_embeds:
        given = {"inputs_embeds": ours.backbone_model.embed_frames(frames(4))}
    whole = ours.generate(**given, **GREEDY)
    found = {}
    for name, model in (("ours", ours), ("theirs", reference)):
        first = model.generate(**given, do_sample=False, max_new_tokens=3, return_dict_in_generate=True)
        if with_embeds:
            more = model.backbone_model.embed_tokens(first.sequences)
            on = {"inputs_embeds": torch.cat((given["inputs_embeds"], more), dim=1)}
        else:
            on = {"input_ids": first.sequences}
        found[name] = model.generate(
            **on, past_key_values=first.past_key_values, do_sample=False, max_new_tokens=3
        )
        if with_embeds:
            found[name] = torch.cat((first.sequences, found[name]), dim=1)
    assert torch.equal(found["ours"], whole)
    assert torch.equal(found["ours"], found["theirs"])


@pytest.mark.parametrize("cache", ["dynamic", "static"])
def test_a_cache_of_the_callers(ours: Any, cache: str) -> None:
    kept: Any = DynamicCache() if cache == "dynamic" else StaticCache(ours.config, max_cache_len=32)
    found = ours.generate(IDS, past_key_values=kept, return_dict_in_generate=True, **GREEDY)
    assert torch.equal(found.sequences, ours.generate(IDS, **GREEDY))
    assert found.past_key_values is kept and int(kept.get_seq_length()) == IDS.shape[1] + 5


def test_without_a_cache_the_prompt_is_read_again(ours: Any) -> None:
    found = ours.generate(IDS, use_cache=False, return_dict_in_generate=True, **GREEDY)
    assert torch.equal(found.sequences, ours.generate(IDS, **GREEDY))
    assert found.past_key_values is None


def test_everything_that_a_call_returns_has_the_librarys_shapes(ours: Any, reference: Any) -> None:
    names = ("output_scores", "output_logits", "output_hidden_states", "output_attentions")
    settings = {**dict.fromkeys(names, True), "return_dict_in_generate": True, **GREEDY}
    kinds = [model.config._attn_implementation for model in (ours, reference)]
    try:
        found = []
        for model in (ours, reference):
            model.set_attn_implementation("eager")
            found.append(model.generate(frames(3), **settings))
    finally:
        for model, kind in zip((ours, reference), kinds, strict=True):
            model.set_attn_implementation(kind)
    mine, theirs = found
    assert torch.equal(mine.sequences, theirs.sequences)
    assert isinstance(mine, type(theirs).__mro__[1])
    for name in ("scores", "logits"):
        torch.testing.assert_close(mine[name], theirs[name], **CLOSE)
    for name in ("hidden_states", "attentions"):
        for one, other in zip(mine[name], theirs[name], strict=True):
            torch.testing.assert_close(one, other, **CLOSE)
    assert isinstance(mine.past_key_values, type(theirs.past_key_values))
    kept = [each.past_key_values.layers[0].keys for each in found]
    torch.testing.assert_close(*kept, **CLOSE)


@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"temperature": 0.5, "top_k": 7, "depth_decoder_temperature": 1.3, "depth_decoder_top_k": 5},
        {"top_p": 0.6, "min_p": 0.05, "typical_p": 0.9, "depth_decoder_top_p": 0.8},
    ],
)
def test_without_seeds_the_generator_of_torch_draws_as_theirs_does(
    ours: Any, reference: Any, settings: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """From the same state of the generator the same codes, if all codes may be drawn."""
    plain = {"temperature": 1.0, "top_k": 50, "depth_decoder_temperature": 1.0, "depth_decoder_top_k": 50}
    chosen = {"do_sample": True, "depth_decoder_do_sample": True, "max_new_tokens": 6, **plain, **settings}
    found = []
    for model, more in ((ours, {"any_code": True}), (reference, {})):
        for each in (model, model.depth_decoder):
            monkeypatch.setattr(each, "generation_config", GenerationConfig())
        torch.manual_seed(3)
        found.append(model.generate(frames(3), **chosen, **more))
    assert torch.equal(*found)


def test_settings_of_the_depth_decoder_hold_for_one_call(ours: Any) -> None:
    before = ours.depth_decoder.generation_config.to_dict()
    ours.generate(IDS, depth_decoder_temperature=0.1, depth_decoder_top_k=3, max_new_tokens=2)
    assert ours.depth_decoder.generation_config.to_dict() == before
    with pytest.raises(ValueError, match="depth_decoder_max_new_tokens cannot be 9"):
        ours.generate(IDS, depth_decoder_max_new_tokens=9)
    with pytest.raises(ValueError, match="depth_decoder_warmth"):
        ours.generate(IDS, depth_decoder_warmth=9)


def test_prompts_longer_than_the_model_knows_are_a_warning(ours: Any, caplog: Any) -> None:
    codes = ours.generate(frames(3), do_sample=False, max_new_tokens=ours.config.max_position_embeddings)
    assert codes.shape[1] == 3 + ours.config.max_position_embeddings


def test_compile_config_as_transformers_has_it(ours: Any) -> None:
    wanted = ours.generate(IDS, **GREEDY)
    config = CompileConfig(backend="eager", fullgraph=True)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        plain = ours.generate(IDS, cache_implementation="static", compile_config=config, **GREEDY)
        config._compile_all_devices = True
        compiled = ours.generate(IDS, cache_implementation="static", compile_config=config, **GREEDY)
    assert torch.equal(plain, wanted) and torch.equal(compiled, wanted)


def test_inputs_of_a_step(ours: Any, reference: Any) -> None:
    cache = DynamicCache()
    codes = frames(4)
    found = [
        model.prepare_inputs_for_generation(
            codes, next_sequence_length=1, past_key_values=cache, attention_mask=None, use_cache=True
        )
        for model in (ours, reference)
    ]
    assert found[0].keys() == found[1].keys()
    assert torch.equal(found[0]["input_ids"], codes[:, -1:])
    text = ours.prepare_inputs_for_generation(IDS, is_first_iteration=True)
    assert text["input_ids"] is None and text["inputs_embeds"].shape == (1, IDS.shape[1], 48)
    config = GenerationConfig(pad_token_id=3)
    ours._prepare_special_tokens(config, True, device=torch.device("cpu"))
    assert int(config._pad_token_tensor) == 3


def test_a_depth_decoder_with_all_outputs(ours: Any, reference: Any) -> None:
    hidden = torch.randn(2, 48, generator=torch.Generator().manual_seed(2))
    given = {"input_ids": torch.tensor([[0, 3], [0, 7]]), "backbone_last_hidden_state": hidden}
    settings = {"do_sample": False, "return_dict_in_generate": True, "output_scores": True,
                "output_logits": True, "output_hidden_states": True}  # fmt: skip
    theirs = reference.depth_decoder.generate(
        **given, **settings, max_new_tokens=BOOKS - 1, min_new_tokens=BOOKS - 1
    )
    mine = ours.depth_decoder.generate(**given, **settings, num_codes=CODES)
    assert torch.equal(mine.sequences, theirs.sequences)
    torch.testing.assert_close(mine.scores, theirs.scores, **CLOSE)
    torch.testing.assert_close(mine.logits, theirs.logits, **CLOSE)
    for one, other in zip(mine.hidden_states, theirs.hidden_states, strict=True):
        torch.testing.assert_close(one, other, **CLOSE)


@torch.no_grad()
def test_flags_of_the_config_and_layers_by_number(ours: Any, reference: Any) -> None:
    codes = frames(5)
    for choice in (True, [0, -1], 1):
        mine, theirs = (model(codes, output_hidden_states=choice) for model in (ours, reference))
        assert len(mine.hidden_states) == len(theirs.hidden_states)
        for one, other in zip(mine.hidden_states, theirs.hidden_states, strict=True):
            assert (one is None) == (other is None)
            if one is not None:
                torch.testing.assert_close(one, other, **CLOSE)
    ours.backbone_model.config.output_hidden_states = True
    try:
        assert len(ours(codes).hidden_states) == 3
    finally:
        ours.backbone_model.config.output_hidden_states = False


@torch.no_grad()
def test_the_implementation_of_attention_can_be_chosen(ours: Any) -> None:
    codes, mask = frames(9), torch.ones(2, 9, dtype=torch.long)
    mask[1, :4] = 0
    found = {}
    try:
        for kind in ("sdpa", "eager"):
            ours.set_attn_implementation(kind)
            assert ours.depth_decoder.model.config._attn_implementation == kind
            found[kind] = ours(codes, attention_mask=mask, output_attentions=kind == "eager")
    finally:
        ours.set_attn_implementation("sdpa")
    torch.testing.assert_close(found["sdpa"].logits[0], found["eager"].logits[0], **CLOSE)
    torch.testing.assert_close(found["sdpa"].logits[1, 4:], found["eager"].logits[1, 4:], **CLOSE)
    assert [each.shape for each in found["eager"].attentions] == [(2, 4, 9, 9)] * 2


@torch.no_grad()
def test_a_forward_pass_keeps_a_cache_if_the_config_says_so(ours: Any, reference: Any) -> None:
    for model in (ours, reference):
        assert isinstance(model(frames(3)).past_key_values, DynamicCache)
        assert model(frames(3), use_cache=False).past_key_values is None
    output = ours.backbone_model(frames(3))
    assert isinstance(output, BaseModelOutputWithPast)
