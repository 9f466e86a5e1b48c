"""Every way to store a CSM gives the same model; what is damaged is refused in one line."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file, save_file

from csm_cli.checkpoints.config import flavours_of, from_flavours
from csm_cli.checkpoints.convert import convert
from csm_cli.checkpoints.find import find_checkpoint
from csm_cli.checkpoints.names import original_names
from csm_cli.core.errors import CsmError, MissingError, UsageError
from csm_cli.engine import Engine, Utterance
from csm_cli.model import CsmForConditionalGeneration, CsmProcessor
from tests.model.tiny import prompt

FACTS = Path(__file__).parents[1] / "model" / "csm-1b"
IDS = torch.tensor([prompt(["[0]hello."])])


def same(a: Any, b: Any) -> bool:
    first, second = a.state_dict(), b.state_dict()
    return first.keys() == second.keys() and all(torch.equal(first[n], second[n]) for n in first)


def refused(model: Path, *words: str) -> None:
    for load in (CsmForConditionalGeneration.from_checkpoint, lambda path: Engine.load(path, "cpu")):
        with pytest.raises(MissingError) as caught:
            load(model)
        line = str(caught.value)
        assert "\n" not in line
        assert all(word in line for word in words), line
        assert caught.value.exit_code == 4


def test_the_original_format_is_the_same_model(model: Any, folder: Path, original: Path) -> None:
    assert find_checkpoint(folder).format == "transformers"
    assert find_checkpoint(original).format == "original"
    assert same(CsmForConditionalGeneration.from_checkpoint(original), model)
    assert same(CsmForConditionalGeneration.from_pretrained(original), model)
    line = Utterance(0, "hello.", (), seed=1, max_frames=5)
    codes = [Engine.load(each, "cpu").speak([line])[0].codes for each in (folder, original)]
    assert (codes[0] == codes[1]).all()


def test_rows_in_the_wrong_order_would_be_noticed(model: Any, original: Path, tmp_path: Path) -> None:
    """Names alone are not enough: without reordering q and k the codes are others."""
    copy = Path(shutil.copytree(original, tmp_path / "copy"))
    stored = load_file(copy / "model.safetensors")
    for name in [name for name in stored if "q_proj" in name or "k_proj" in name]:
        stored[name] = (
            stored[name].view(-1, 2, 8, stored[name].shape[1]).transpose(1, 2).reshape_as(stored[name])
        )
    save_file({n: t.contiguous() for n, t in stored.items()}, copy / "model.safetensors")
    wrong = CsmForConditionalGeneration.from_checkpoint(copy)
    with torch.no_grad():
        assert not torch.allclose(wrong(IDS).logits, model(IDS).logits, atol=1e-3)


def test_a_pickle_is_read_as_weights_only(model: Any, original: Path, tmp_path: Path) -> None:
    copy = Path(shutil.copytree(original, tmp_path / "copy"))
    stored = load_file(copy / "model.safetensors")
    (copy / "model.safetensors").unlink()
    torch.save({"model": stored, "step": 3}, copy / "ckpt.pt")
    assert same(CsmForConditionalGeneration.from_checkpoint(copy), model)
    assert same(CsmForConditionalGeneration.from_checkpoint(copy / "ckpt.pt"), model)

    class Bomb:
        def __reduce__(self) -> Any:
            return (Path.touch, (tmp_path / "exploded",))

    torch.save({"model": Bomb()}, copy / "ckpt.pt")
    refused(copy, "ckpt.pt", "pickle")
    assert not (tmp_path / "exploded").exists()


def test_the_format_is_told_by_the_tensors_not_by_the_file(
    folder: Path, original: Path, tmp_path: Path
) -> None:
    copy = Path(shutil.copytree(original, tmp_path / "copy"))
    (copy / "model.safetensors").rename(copy / "transformers.safetensors")
    config = json.loads((copy / "config.json").read_text()) | {
        "transformers_weights": "transformers.safetensors"
    }
    (copy / "config.json").write_text(json.dumps(config))
    assert find_checkpoint(copy).format == "original"
    other = Path(shutil.copytree(folder, tmp_path / "other"))
    torch.save(load_file(other / "model.safetensors"), other / "ckpt.pt")
    (other / "model.safetensors").unlink()
    assert find_checkpoint(other).format == "transformers"


@pytest.mark.parametrize("dtype", [None, torch.bfloat16])
def test_there_and_back(folder: Path, original: Path, tmp_path: Path, dtype: Any) -> None:
    start = find_checkpoint(folder)
    there = find_checkpoint(convert(start, tmp_path / "original", "original", dtype))
    assert there.format == "original"
    written = load_file(tmp_path / "original" / "model.safetensors")
    assert written.keys() == load_file(original / "model.safetensors").keys()
    back = find_checkpoint(convert(there, tmp_path / "back", "transformers", shard_bytes=100_000))
    assert back.format == "transformers"
    assert len(back.weights) > 1
    rights = {path.stat().st_mode for path in tmp_path.rglob("*") if path.is_file()}
    assert len(rights) == 1, "others may read the weights if they may read the rest"
    first, last = start.tensors(), back.tensors()
    assert set(first) == set(last)
    for name in first:
        kept = dtype is None or name.startswith("codec_model.")
        assert torch.equal(last[name], first[name] if kept else first[name].to(dtype)), name
    if dtype is None:
        for name, weight in load_file(original / "model.safetensors").items():
            assert torch.equal(written[name], weight), name
    assert CsmProcessor.from_checkpoint(tmp_path / "back").text_ids("hello") == CsmProcessor.from_checkpoint(
        folder
    ).text_ids("hello")
    with pytest.raises(UsageError, match="there already"):
        convert(start, tmp_path / "back", "original")
    with pytest.raises(CsmError, match=r"cannot be written .*another"):
        convert(start, tmp_path / "back" / "config.json" / "below", "original")


def test_half_precision_of_every_kind(folder: Path, tmp_path: Path) -> None:
    for dtype in (torch.float16, torch.bfloat16, torch.float32):
        half = convert(find_checkpoint(folder), tmp_path / str(dtype), "transformers", dtype)
        model = CsmForConditionalGeneration.from_checkpoint(half)
        assert model.lm_head.weight.dtype == dtype
        assert {p.dtype for p in model.codec_model.parameters()} == {torch.float32}
        assert (
            CsmForConditionalGeneration.from_checkpoint(half, torch.float32).lm_head.weight.dtype
            == torch.float32
        )


def test_the_names_of_the_original_release() -> None:
    config = json.loads((FACTS / "config.json").read_text())
    names = original_names(config)
    assert len(names) == 187
    assert sum(dim is not None for _, dim in names.values()) == 2 * (16 + 4)
    shapes = json.loads((FACTS / "shapes.json").read_text())
    assert {new for new, _ in names.values()} <= shapes.keys()


def test_flavours_are_the_shapes_of_csm_1b() -> None:
    config = json.loads((FACTS / "config.json").read_text())
    flavours = {"backbone_flavor": "llama-1B", "decoder_flavor": "llama-100M", "text_vocab_size": 128256,
                "audio_vocab_size": 2051, "audio_num_codebooks": 32}  # fmt: skip
    unified = from_flavours(flavours, FACTS)
    assert flavours_of(config) == flavours
    for key, value in unified.items():
        if key not in ("rope_parameters", "depth_decoder_config"):
            assert config[key] == value, key
    for found, wanted in (
        (unified, config),
        (unified["depth_decoder_config"], config["depth_decoder_config"]),
    ):
        rope = {"rope_theta": wanted["rope_theta"], **wanted["rope_scaling"]}
        assert found["rope_parameters"] == rope
    with pytest.raises(MissingError, match="'llama-7B' is not known"):
        from_flavours(flavours | {"backbone_flavor": "llama-7B"}, FACTS)


def test_a_truncated_file(copy: Path) -> None:
    path = copy / "model.safetensors"
    whole = path.read_bytes()
    for kept in (len(whole) // 2, 100, 0):
        path.write_bytes(whole[:kept])
        refused(copy, str(path), "damaged", "download")


def test_missing_shards_and_tensors(folder: Path, copy: Path, tmp_path: Path) -> None:
    sharded = convert(find_checkpoint(folder), tmp_path / "sharded", "transformers", shard_bytes=100_000)
    lost = sorted(sharded.glob("model-*.safetensors"))[1]
    lost.unlink()
    refused(sharded, lost.name, "missing")
    stored = load_file(copy / "model.safetensors")
    norm = stored.pop("depth_decoder.model.norm.weight")
    save_file(stored, copy / "model.safetensors", {"format": "pt"})
    refused(copy, "lack depth_decoder.model.norm.weight", str(copy))
    stored["depth_decoder.model.norm.weight"] = norm[:-2].clone()
    save_file(stored, copy / "model.safetensors", {"format": "pt"})
    refused(copy, "depth_decoder.model.norm.weight is (30,), not (32,)")


def test_another_model(copy: Path) -> None:
    save_file({"transformer.h.0.attn.weight": torch.zeros(2)}, copy / "model.safetensors")
    refused(copy, "not the weights of a CSM", "transformer.h.0.attn.weight")
    save_file({"a.lora_A.weight": torch.zeros(2)}, copy / "model.safetensors")
    refused(copy, "LoRA adapter", "adapter_config.json")


def test_original_weights_without_their_codec(original: Path, tmp_path: Path) -> None:
    copy = Path(shutil.copytree(original, tmp_path / "copy"))
    shutil.rmtree(copy / "mimi")
    refused(copy, "without the codec", "csm models pull kyutai/mimi")
