"""What callers of transformers' classes do that is easily forgotten."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

import pytest
import torch
import transformers
from transformers import CompileConfig, GenerationConfig, StaticCache

from csm_cli.model import CsmConfig, CsmForConditionalGeneration
from tests.model.tiny import AUDIO, AUDIO_EOS, BOOKS, BOS, CODES, PAD, prompt, randomise, tiny_config

IDS = torch.tensor([prompt(["[0]hello there."])])
GREEDY: dict[str, Any] = {"do_sample": False, "depth_decoder_do_sample": False, "max_new_tokens": 4}
CLOSE = {"rtol": 1e-5, "atol": 1e-5}


def frames(count: int, seed: int = 1) -> torch.Tensor:
    return torch.randint(0, CODES, (2, count, BOOKS), generator=torch.Generator().manual_seed(seed))


def compiled() -> dict[str, Any]:
    config = CompileConfig(backend="eager", fullgraph=True)
    config._compile_all_devices = True
    return {"cache_implementation": "static", "compile_config": config}


@pytest.fixture
def fresh(folder: Path) -> Any:
    return CsmForConditionalGeneration.from_pretrained(folder).eval()


def test_with_the_config_of_transformers(folder: Path, fresh: Any) -> None:
    config = transformers.AutoConfig.from_pretrained(folder)
    assert type(config) is transformers.CsmConfig
    if not config.tie_word_embeddings:
        pytest.skip("this version of transformers does not tie the audio table")
    model = CsmForConditionalGeneration.from_pretrained(folder, config=config).eval()
    assert torch.equal(model.generate(IDS, **GREEDY), fresh.generate(IDS, **GREEDY))


def test_two_threads_in_a_compiled_model(fresh: Any) -> None:
    wanted = fresh.generate(IDS, **GREEDY)
    found: list[Any] = []

    def run() -> None:
        try:
            found.extend(fresh.generate(IDS, **compiled(), **GREEDY) for _ in range(3))
        except Exception as error:
            found.append(error)

    threads = [threading.Thread(target=run) for _ in range(2)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    assert len(found) == 6 and all(isinstance(each, torch.Tensor) for each in found), found
    assert all(torch.equal(each, wanted) for each in found)


def test_another_depth_decoder_after_a_compiled_call(fresh: Any) -> None:
    fresh.generate(IDS, **compiled(), **GREEDY)
    other = CsmForConditionalGeneration(fresh.config).eval().depth_decoder
    randomise(other)
    fresh.depth_decoder = other
    assert torch.equal(fresh.generate(IDS, **compiled(), **GREEDY), fresh.generate(IDS, **GREEDY))


def test_an_adapter_and_hooks_on_the_depth_decoder_alone(fresh: Any) -> None:
    peft = pytest.importorskip("peft")
    wanted, calls = fresh.generate(IDS, **GREEDY), []
    hook = fresh.depth_decoder.register_forward_hook(lambda *given: calls.append(1))
    fresh.generate(IDS, **GREEDY)
    hook.remove()
    assert len(calls) == 4 * (BOOKS - 1)
    settings = peft.LoraConfig(r=2, target_modules=["q_proj"])
    fresh.depth_decoder = peft.get_peft_model(fresh.depth_decoder, settings).eval()
    assert torch.equal(fresh.generate(IDS, **GREEDY), wanted)  # as long as it is not trained


def test_text_and_labels_in_one_graph(fresh: Any) -> None:
    ids = torch.tensor([[*prompt(["[0]hello"]), AUDIO_EOS]])
    run = torch.compile(fresh, fullgraph=True, backend="eager")
    torch.testing.assert_close(run(ids).logits, fresh(ids).logits, **CLOSE)
    exported = torch.export.export(fresh, (), {"input_ids": ids, "use_cache": False}, strict=False).module()
    torch.testing.assert_close(exported(input_ids=ids, use_cache=False)["logits"], fresh(ids).logits, **CLOSE)
    with pytest.raises(ValueError, match="1 places for audio frames, none"):
        fresh(torch.tensor([[AUDIO]]))


@torch.no_grad()
def test_a_mask_as_long_as_a_static_cache(fresh: Any) -> None:
    ids = torch.tensor([[*prompt(["[0]a"]), AUDIO, AUDIO, AUDIO_EOS]])
    sound = {"input_values": torch.randn(1, 1, 3000), "input_values_cutoffs": torch.tensor([[3000]])}
    mask = torch.zeros(1, 40, dtype=torch.long)
    mask[:, : ids.shape[1]] = 1
    cache = StaticCache(fresh.config, max_cache_len=40)
    found = fresh(ids, attention_mask=mask, past_key_values=cache, **sound).logits
    torch.testing.assert_close(found, fresh(ids, **sound).logits, **CLOSE)


def test_made_on_another_device() -> None:
    with torch.device("meta"):
        model = CsmForConditionalGeneration(CsmConfig(**tiny_config()))
    assert {each.device.type for each in (*model.parameters(), *model.buffers())} == {"meta"}
    assert model(frames(3).to("meta")).logits.shape == (2, 3, CODES + 3)


def test_processors_that_look_at_the_beginning(fresh: Any, reference: Any) -> None:
    plain = fresh.generate(IDS, **GREEDY)
    first = int(plain[0, 0, 0])
    for given in ({"input_ids": IDS}, {"inputs_embeds": fresh.backbone_model.embed_frames(frames(3))}):
        found = fresh.generate(**given, begin_suppress_tokens=[first], **GREEDY)
        assert int(found[0, 0, 0]) != first
    theirs = reference.generate(IDS, begin_suppress_tokens=[first], **GREEDY)
    assert torch.equal(fresh.generate(IDS, begin_suppress_tokens=[first], **GREEDY), theirs)


@pytest.mark.parametrize(
    "settings",
    [
        {"eos_token_id": 6},
        {"forced_eos_token_id": 4},
        {"repetition_penalty": 3.0},
        {"no_repeat_ngram_size": 1},
    ],
)
def test_settings_of_the_depth_decoder(
    fresh: Any, reference: Any, settings: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    named = {f"depth_decoder_{name}": value for name, value in settings.items()}
    for model in (fresh, reference):
        monkeypatch.setattr(model.depth_decoder, "generation_config", GenerationConfig())
    theirs = reference.generate(frames(3), suppress_tokens=None, **named, **GREEDY)
    assert torch.equal(
        fresh.generate(frames(3), suppress_tokens=None, any_code=True, **named, **GREEDY), theirs
    )
    with pytest.raises(ValueError, match="beam search"):
        fresh.generate(IDS, depth_decoder_num_beams=2, **GREEDY)


def test_lengths_of_a_depth_decoder(fresh: Any) -> None:
    given = {"input_ids": torch.tensor([[0, 3]]), "backbone_last_hidden_state": torch.randn(1, 48)}
    decoder = fresh.depth_decoder
    assert decoder.generate(**given).shape == (1, BOOKS + 1)
    assert decoder.generate(**given, max_length=4).shape == (1, 4)
    assert decoder.generate(**given, generation_config=GenerationConfig(max_new_tokens=2)).shape == (1, 4)
    state = given["backbone_last_hidden_state"]
    wanted = decoder(torch.tensor([[0, 3], [0, 4]]), state.expand(2, -1)).logits
    for same in (state, state[0], state[:, None]):
        assert torch.equal(decoder(torch.tensor([[0, 3], [0, 4]]), same).logits, wanted)


def test_codes_as_context_without_a_mask(fresh: Any) -> None:
    row = [*prompt(["[0]a"]), AUDIO, AUDIO, AUDIO_EOS, *prompt(["[0]b"])]
    codes = frames(2)[0]
    wanted = fresh.generate(torch.tensor([row]), audio_codes=codes, **GREEDY)
    found = fresh.generate(torch.tensor([[PAD, PAD, *row]]), audio_codes=codes, **GREEDY)
    assert torch.equal(found, wanted)


def test_padding_with_the_id_of_audio(folder: Path) -> None:
    """As csm-1b has it: what fills a row on the left is no place for audio, and what follows is."""
    model = CsmForConditionalGeneration.from_pretrained(folder, pad_token_id=AUDIO).eval()
    row = [*prompt(["[0]a"]), AUDIO, AUDIO, AUDIO_EOS, *prompt(["[0]b"])]
    sound = {"input_values": torch.randn(1, 1, 3000), "input_values_cutoffs": torch.tensor([[3000]])}
    model.generation_config.pad_token_id = AUDIO
    wanted = model.generate(torch.tensor([row]), **sound, **GREEDY)
    found = model.generate(torch.tensor([[AUDIO] * 3 + row]), **sound, **GREEDY)
    assert torch.equal(found, wanted) and row[0] == BOS


def test_a_code_that_is_also_the_pad_is_speech(fresh: Any) -> None:
    codes = fresh.generate(IDS, **GREEDY)
    fresh.config.codebook_pad_token_id = int(codes[0, 1, 0])
    audio = fresh.generate(IDS, output_audio=True, **GREEDY)
    fresh.config.codebook_pad_token_id = CODES + 2
    assert len(audio[0]) == 4 * 1920


@torch.no_grad()
def test_labels_of_some_codebooks_do_not_change_the_inputs(fresh: Any) -> None:
    codes = frames(6)
    labels = codes.clone()
    labels[..., 2] = -100
    whole = fresh(codes, labels=codes)
    torch.testing.assert_close(fresh(codes, labels=labels).depth_decoder_logits, whole.depth_decoder_logits)


@torch.no_grad()
def test_logits_of_chosen_positions(fresh: Any) -> None:
    whole = fresh(frames(5)).logits
    mask = torch.tensor([[True, False, True, False, False], [False] * 4 + [True]])
    torch.testing.assert_close(fresh(frames(5), logits_to_keep=mask).logits, whole[mask])
    places = torch.tensor([[0, 2], [4, 4]])
    wanted = torch.stack((whole[0, [0, 2]], whole[1, [4, 4]]))
    torch.testing.assert_close(fresh(frames(5), logits_to_keep=places).logits, wanted)


@torch.no_grad()
def test_fewer_layers_by_the_config(fresh: Any, reference: Any) -> None:
    found = []
    for model in (fresh, reference):
        model.backbone_model.config.num_hidden_layers = 1
        found.append(model(frames(3)).logits)
        model.backbone_model.config.num_hidden_layers = 2
    torch.testing.assert_close(*found, **CLOSE)


def test_saving_as_positional_arguments(fresh: Any, tmp_path: Path) -> None:
    state = {name: weight.clone() for name, weight in fresh.state_dict().items()}
    fresh.save_pretrained(tmp_path, True, state)
    again = CsmForConditionalGeneration.from_pretrained(tmp_path).eval()
    torch.testing.assert_close(again(frames(3)).logits, fresh(frames(3)).logits, **CLOSE)


def test_names_that_tools_look_for(fresh: Any, reference: Any) -> None:
    parts = ("", "backbone_model", "depth_decoder.model")
    for mine, theirs in ((fresh.get_submodule(name), reference.get_submodule(name)) for name in parts):
        assert mine.vocab_size == theirs.vocab_size
    assert torch.equal(
        fresh.backbone_model.embed_tokens.audio_tokens_offsets,
        reference.backbone_model.embed_tokens.audio_tokens_offsets,
    )
    assert fresh.backbone_model.norm.variance_epsilon == reference.backbone_model.norm.variance_epsilon
    seen: list[set[str]] = []
    for model in (fresh, reference):
        layer = model.backbone_model.layers[0]
        hook = layer.register_forward_pre_hook(
            lambda module, given, named: seen.append(set(named)), with_kwargs=True
        )
        model(frames(3))
        hook.remove()
    assert {"attention_mask", "position_embeddings", "position_ids", "past_key_values"} <= seen[0] & seen[1]
