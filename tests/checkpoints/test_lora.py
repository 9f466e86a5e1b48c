"""Adapters that peft wrote, merged into the weights as peft merges them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import torch

from csm_cli.checkpoints.find import find_checkpoint
from csm_cli.core.errors import MissingError
from csm_cli.engine import Engine
from csm_cli.model import CsmForConditionalGeneration
from tests.model.tiny import prompt

peft = pytest.importorskip("peft")
IDS = torch.tensor([prompt(["[0]hello."])])
CLOSE = {"rtol": 1e-4, "atol": 1e-5}


def adapter(folder: Path, target: Path, **options: Any) -> Any:
    """A random adapter, saved; gives the model with it merged by peft."""
    torch.manual_seed(3)
    base = CsmForConditionalGeneration.from_pretrained(folder).eval()
    settings = {"r": 4, "lora_alpha": 16, "target_modules": ["q_proj", "v_proj", "down_proj"], **options}
    wrapped = peft.get_peft_model(base, peft.LoraConfig(**settings))
    with torch.no_grad():
        for name, parameter in wrapped.named_parameters():
            if "lora_" in name and "codec" not in name:
                parameter.add_(torch.randn_like(parameter) * 0.1)
    wrapped.save_pretrained(target)
    return wrapped.merge_and_unload().eval()


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"use_rslora": True},
        {"use_dora": True},
        {"rank_pattern": {"v_proj": 2}, "alpha_pattern": {"backbone_model.layers.1.self_attn.q_proj": 3}},
        {"modules_to_save": ["lm_head"]},
        {"target_modules": ["q_proj", "embed_text_tokens"]},
    ],
    ids=lambda options: ", ".join(options) or "plain",
)
def test_merged_as_peft_merges(folder: Path, tmp_path: Path, options: dict) -> None:
    wanted = adapter(folder, tmp_path / "adapter", **options)
    found = find_checkpoint(tmp_path / "adapter")
    assert found.base is not None
    merged = CsmForConditionalGeneration.from_checkpoint(found)
    with torch.no_grad():
        torch.testing.assert_close(merged(IDS).logits, wanted(IDS).logits, **CLOSE)
        plain = CsmForConditionalGeneration.from_checkpoint(folder)(IDS).logits
    assert not torch.allclose(merged(IDS).logits, plain, atol=1e-3)


def test_the_engine_speaks_with_an_adapter(folder: Path, tmp_path: Path) -> None:
    wanted = adapter(folder, tmp_path / "adapter")
    (tmp_path / "adapter" / "adapter_model.bin").write_bytes(b"a pickle that is never read")
    engine = Engine.load(tmp_path / "adapter", "cpu")
    torch.testing.assert_close(engine.weights.text, wanted.embed_text_tokens.weight, **CLOSE)
    assert engine.model_id == "adapter"


def test_adapters_that_do_not_fit(folder: Path, tmp_path: Path) -> None:
    adapter(folder, tmp_path / "adapter")
    path = tmp_path / "adapter" / "adapter_config.json"
    config = json.loads(path.read_text())

    def refused(change: dict[str, Any], *words: str) -> None:
        path.write_text(json.dumps(config | change))
        with pytest.raises(MissingError) as caught:
            CsmForConditionalGeneration.from_checkpoint(tmp_path / "adapter")
        assert all(word in str(caught.value) for word in words), str(caught.value)

    refused({"base_model_name_or_path": None}, "which model")
    refused({"base_model_name_or_path": "some/where"}, "some/where", "csm models pull")
    refused({"peft_type": "IA3"}, "IA3")
    refused({"r": None}, "adapter_config.json", "says no rank")
    (tmp_path / "adapter" / "adapter_model.safetensors").unlink()
    refused({}, "no weights")


@pytest.mark.parametrize("base", [".", "../adapter", "../other"])
def test_an_adapter_for_an_adapter_is_refused(tmp_path: Path, base: str) -> None:
    for name, other in (("adapter", base), ("other", "../adapter")):
        (tmp_path / name).mkdir()
        config = json.dumps({"base_model_name_or_path": other})
        (tmp_path / name / "adapter_config.json").write_text(config)
    with pytest.raises(MissingError, match=r"adapter_config\.json: is for another adapter, not for a model"):
        find_checkpoint(tmp_path / "adapter")


@pytest.mark.parametrize(
    "wrong", [{}, {"base_model_name_or_path": ["a"]}, {"base_model_name_or_path": "a", "revision": 3}]
)
def test_an_adapter_that_names_no_model_is_refused(tmp_path: Path, wrong: dict) -> None:
    (tmp_path / "adapter_config.json").write_text(json.dumps(wrong))
    with pytest.raises(MissingError, match="says not which model it is for"):
        find_checkpoint(tmp_path)
