"""The transformers format: names, shapes, configs, folders written and read by either side."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import torch
import transformers
from safetensors.torch import load_file, save_file

from csm_cli.model import CsmConfig, CsmForConditionalGeneration
from tests.model.tiny import BOOKS, CODES, only_real_codes, prompt, tiny_config

FACTS = Path(__file__).with_name("csm-1b")
TABLES = ("backbone_model.embed_tokens.embed_audio_tokens.weight", "depth_decoder.model.embed_tokens.weight")


def same_weights(a: Any, b: Any) -> bool:
    first, second = a.state_dict(), b.state_dict()
    return first.keys() == second.keys() and all(torch.equal(first[name], second[name]) for name in first)


def flat(name: str) -> str:
    """Files name the codec's tensors as the first release of Mimi did; newer transformers nest them in
    memory.
    """
    for side in ("encoder", "decoder"):
        name = name.replace(f"codec_model.{side}.{side}_seanet.", f"codec_model.{side}.")
        name = name.replace(f"codec_model.{side}.{side}_transformer.", f"codec_model.{side}_transformer.")
    return name.replace("encoder.downsample", "downsample").replace("decoder.upsample", "upsample")


def test_every_tensor_of_csm_1b_has_its_name_and_shape() -> None:
    with torch.device("meta"):
        model = CsmForConditionalGeneration(CsmConfig.from_pretrained(FACTS))
    ours = {flat(name): list(tensor.shape) for name, tensor in model.state_dict().items()}
    wanted = json.loads((FACTS / "shapes.json").read_text())
    assert len(wanted) == 538
    assert ours == wanted


def test_csm_1b_config_old_spelling() -> None:
    config = CsmConfig.from_pretrained(FACTS)
    assert config.rope_parameters["rope_theta"] == 500000
    assert config.rope_parameters["factor"] == 32.0
    assert config.depth_decoder_config.rope_parameters["original_max_position_embeddings"] == 16
    assert config.dtype == torch.float32
    assert config.num_codes == 2048
    assert config.codebook_size == config.vocab_size == 2051


def test_nothing_of_csm_1bs_config_is_lost(tmp_path: Path) -> None:
    """Written again, every field is there with its value; the rotary settings and the type in the new
    spelling.
    """
    config = CsmConfig.from_pretrained(FACTS)
    config.save_pretrained(tmp_path)
    first, second = (json.loads((folder / "config.json").read_text()) for folder in (FACTS, tmp_path))
    pairs = [(first, second)] + [(first[n], second[n]) for n in ("depth_decoder_config", "codec_config")]
    # The files that `transformers_weights` names lie beside the config that was read, not the one that is
    # written.
    # A Mimi's frame rate follows from its strides.
    gone = ("transformers_version", "_name_or_path", "transformers_weights", "frame_rate")
    renamed: dict[str, str | None] = {"torch_dtype": "dtype", **dict.fromkeys(gone)}
    for old, new in pairs:
        rope = {"rope_theta": old["rope_theta"], **(old.get("rope_scaling") or {"rope_type": "default"})}
        assert new["rope_parameters"] == rope
        for name, value in old.items():
            written = renamed.get(name, name)
            if written is not None and not isinstance(value, dict) and name != "rope_theta":
                assert new[written] == value, name


def test_config_survives_a_round_trip_in_the_new_spelling(tmp_path: Path) -> None:
    config = CsmConfig.from_pretrained(FACTS)
    config.save_pretrained(tmp_path)
    written = json.loads((tmp_path / "config.json").read_text())
    assert written["rope_parameters"]["rope_type"] == "llama3"
    assert CsmConfig.from_pretrained(tmp_path).to_dict() == config.to_dict()
    theirs = transformers.CsmConfig.from_pretrained(tmp_path)
    assert theirs.rope_parameters == config.rope_parameters
    assert theirs.depth_decoder_config.rope_parameters == config.depth_decoder_config.rope_parameters


def test_we_load_what_transformers_saved(reference: Any, ours: Any) -> None:
    assert same_weights(reference, ours)


def test_transformers_loads_what_we_saved_and_says_the_same(
    reference: Any, ours: Any, tmp_path: Path
) -> None:
    ours.save_pretrained(tmp_path)
    assert set(TABLES) <= load_file(tmp_path / "model.safetensors").keys()
    theirs = transformers.CsmForConditionalGeneration.from_pretrained(tmp_path).eval()
    assert same_weights(theirs, ours)
    only_real_codes(theirs)
    ids = torch.tensor([prompt(["[0]hello."])])
    assert torch.equal(
        theirs.generate(ids, max_new_tokens=6), ours.generate(ids, max_new_tokens=6, do_sample=False)
    )


@pytest.mark.parametrize("kept", TABLES)
def test_audio_table_stored_once(folder: Path, ours: Any, tmp_path: Path, kept: str) -> None:
    weights = load_file(folder / "model.safetensors")
    table = next(weights[name] for name in TABLES if name in weights)
    for name in TABLES:
        weights.pop(name, None)
    config = CsmConfig.from_pretrained(folder)
    config.save_pretrained(tmp_path)
    save_file({**weights, kept: table}, tmp_path / "model.safetensors", {"format": "pt"})
    model = CsmForConditionalGeneration.from_pretrained(tmp_path)
    first, second = (model.get_parameter(name) for name in TABLES)
    assert first is second
    assert torch.equal(first, table)


def test_shards_named_by_the_config(ours: Any, tmp_path: Path) -> None:
    ours.save_pretrained(tmp_path, max_shard_size="100KB")
    index = tmp_path / "model.safetensors.index.json"
    assert index.is_file()
    index.rename(tmp_path / "transformers.safetensors.index.json")
    config = json.loads((tmp_path / "config.json").read_text())
    config["transformers_weights"] = "transformers.safetensors.index.json"
    (tmp_path / "config.json").write_text(json.dumps(config))
    assert same_weights(CsmForConditionalGeneration.from_pretrained(tmp_path), ours)


def test_nothing_is_left_out_of_a_fresh_model() -> None:
    model = CsmForConditionalGeneration(CsmConfig(**tiny_config()))
    assert all(torch.isfinite(tensor).all() for tensor in model.state_dict().values())
    assert model.get_parameter(TABLES[0]) is model.get_parameter(TABLES[1])
    assert model.lm_head.weight.std().item() == pytest.approx(0.02, rel=0.2)
    assert model.depth_decoder.codebooks_head.weight.shape == (BOOKS - 1, 32, CODES + 3)


def test_generation_settings_are_kept(folder: Path, tmp_path: Path) -> None:
    model = CsmForConditionalGeneration.from_pretrained(folder)
    assert model.generation_config.do_sample is False
    model.depth_decoder.generation_config.temperature = 0.7
    model.save_pretrained(tmp_path)
    written = json.loads((tmp_path / "generation_config.json").read_text())
    assert (written["do_sample"], written["depth_decoder_temperature"]) == (False, 0.7)
    again = CsmForConditionalGeneration.from_pretrained(tmp_path)
    assert again.depth_decoder.generation_config.temperature == 0.7
    assert (
        transformers.CsmForConditionalGeneration.from_pretrained(tmp_path).generation_config.do_sample
        is False
    )


def test_the_codec_stays_in_float32(folder: Path) -> None:
    model = CsmForConditionalGeneration.from_pretrained(folder, dtype=torch.bfloat16).eval()
    assert model.lm_head.weight.dtype == torch.bfloat16
    assert {parameter.dtype for parameter in model.codec_model.parameters()} == {torch.float32}
    audio = model.generate(
        torch.tensor([prompt(["[0]hello."])]), max_new_tokens=3, output_audio=True, do_sample=True, seeds=1
    )
    assert audio[0].dtype == torch.float32
