"""Checkpoints that are not there, or not whole: one line each, with what to do."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file

from csm_cli.checkpoints.find import find_checkpoint
from csm_cli.core.errors import MissingError
from csm_cli.engine import Engine


@pytest.fixture
def copy(folder: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(folder, tmp_path / "copy"))


def refused(model: str | Path, *words: str) -> None:
    with pytest.raises(MissingError) as caught:
        Engine.load(model, "cpu")
    line = str(caught.value)
    assert "\n" not in line
    assert all(word in line for word in words), line


def test_no_such_folder(tmp_path: Path) -> None:
    refused(tmp_path / "nowhere", "nowhere", "no such checkpoint")
    refused("./nowhere/at/all", "no such checkpoint")
    refused(tmp_path, "config.json")


def test_hub_ids_that_are_not_in_the_cache() -> None:
    refused("sesame/csm-1b", "gated", "hf auth login", "csm models pull sesame/csm-1b")
    refused("someone/else", "csm models pull someone/else")


def test_a_hub_id_in_the_cache(folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path))
    home, commit = tmp_path / "models--some--voice", "0" * 40
    shutil.copytree(folder, home / "snapshots" / commit)
    (home / "refs").mkdir()
    (home / "refs" / "main").write_text(commit)
    found = find_checkpoint("some/voice")
    assert found.model_id == "some/voice"
    assert found.folder == home / "snapshots" / commit


def test_other_models(copy: Path) -> None:
    config = json.loads((copy / "config.json").read_text())
    (copy / "config.json").write_text(json.dumps({**config, "model_type": "llama"}))
    refused(copy, "'llama'")
    (copy / "config.json").write_text("{")
    refused(copy, "cannot be read", "again")


def test_damaged_weights(copy: Path) -> None:
    path = copy / "model.safetensors"
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) // 2])
    refused(copy, "damaged", "again")
    path.unlink()
    refused(copy, "no weights")


def test_weights_that_do_not_fit(copy: Path) -> None:
    weights = load_file(copy / "model.safetensors")
    head = weights.pop("lm_head.weight")
    save_file(weights, copy / "model.safetensors")
    refused(copy, "lack lm_head.weight")
    save_file({**weights, "lm_head.weight": head[:-1].clone()}, copy / "model.safetensors")
    refused(copy, "lm_head.weight is (34, 48), not (35, 48)")
    save_file({"backbone.layers.0.attn.q_proj.weight": head}, copy / "model.safetensors")
    refused(copy, "original release", "without the codec", "csm models pull kyutai/mimi")
    save_file({"model.layers.0.mlp.weight": head}, copy / "model.safetensors")
    refused(copy, "not the weights of a CSM", "model.layers.0.mlp.weight")


def test_missing_tokenizer(copy: Path) -> None:
    (copy / "tokenizer.json").write_text("[]")
    refused(copy, "tokenizer.json", "cannot be read")
    (copy / "tokenizer.json").unlink()
    refused(copy, "no tokenizer.json")


def test_shards_old_rope_spelling_and_half_precision(folder: Path, copy: Path) -> None:
    weights = {name: tensor.half() for name, tensor in load_file(copy / "model.safetensors").items()}
    (copy / "model.safetensors").unlink()
    names = sorted(weights)
    shards = {"a.safetensors": names[::2], "b.safetensors": names[1::2]}
    for shard, held in shards.items():
        save_file({name: weights[name] for name in held}, copy / shard)
    index = {"weight_map": {name: shard for shard, held in shards.items() for name in held}}
    (copy / "transformers.safetensors.index.json").write_text(json.dumps(index))
    config = json.loads((copy / "config.json").read_text())
    config["transformers_weights"] = "transformers.safetensors.index.json"
    for part in (config, config["depth_decoder_config"], config["codec_config"]):
        rope = part.pop("rope_parameters")
        part["rope_theta"] = rope.pop("rope_theta")
        part["rope_scaling"] = rope if rope["rope_type"] != "default" else None
    (copy / "config.json").write_text(json.dumps(config))
    engine, whole = Engine.load(copy, "cpu"), Engine.load(folder, "cpu")
    torch.testing.assert_close(engine.weights.backbone.rotation, whole.weights.backbone.rotation)
    torch.testing.assert_close(engine.weights.text, whole.weights.text, rtol=1e-3, atol=1e-3)
    (copy / "b.safetensors").unlink()
    refused(copy, "b.safetensors", "missing")
