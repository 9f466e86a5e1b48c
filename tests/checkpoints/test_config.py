"""What does not fit together is refused in one line, by the plain model and by the engine alike."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file, save_file

from csm_cli.checkpoints.config import check_config, expected_shapes, unify
from csm_cli.checkpoints.find import find_checkpoint
from csm_cli.checkpoints.lora import _by_pattern
from csm_cli.checkpoints.names import original_names
from csm_cli.core.errors import MissingError
from csm_cli.model import CsmForConditionalGeneration, CsmProcessor
from tests.checkpoints.test_formats import refused as refused_with
from tests.model.tiny import AUDIO

FACTS = Path(__file__).parents[1] / "model" / "csm-1b"
HEAD, LAYER = "lm_head.weight", "codec_model.encoder_transformer.layers.0."


def refused(model: Path, *words: str) -> None:
    refused_with(model, str(model), *words)


def with_config(folder: Path, change: Callable[[dict[str, Any]], Any]) -> Path:
    config = json.loads((folder / "config.json").read_text())
    change(config)
    (folder / "config.json").write_text(json.dumps(config))
    return folder


def with_weights(folder: Path, change: Callable[[dict[str, torch.Tensor]], Any]) -> Path:
    weights = load_file(folder / "model.safetensors")
    change(weights)
    save_file({k: v.contiguous() for k, v in weights.items()}, folder / "model.safetensors", {"format": "pt"})
    return folder


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda c: c.update(num_hidden_layers=1), "says 1 layers, there is backbone_model.layers.1."),
        (lambda c: c.update(num_hidden_layers=3), "lack backbone_model.layers.2."),
        (lambda c: c.update(hidden_size="48"), "hidden_size is '48', not a number above 0"),
        (lambda c: c.update(hidden_size=64), "depth_decoder_config.backbone_hidden_size"),
        (lambda c: c.update(num_attention_heads=5), "num_key_value_heads does not divide 5 heads"),
        (lambda c: c.pop("num_codebooks"), "the config lacks num_codebooks"),
        (lambda c: c["depth_decoder_config"].pop("vocab_size"), "lacks depth_decoder_config.vocab_size"),
        (lambda c: c["depth_decoder_config"].update(num_codebooks=4), "is 5 in the backbone, 4 in"),
        (lambda c: c["codec_config"].update(num_quantizers=4), "the codec has 4 codebooks, the model 5"),
        (lambda c: c.update(hidden_act="gelu"), "hidden_act 'gelu' is not known"),
        (lambda c: c["rope_parameters"].update(rope_type="yarn"), "rope_type 'yarn' is not known"),
        (lambda c: c["rope_parameters"].pop("factor"), "the rotary settings lack factor"),
        (lambda c: c.update(rope_parameters=[1]), "rotary settings are no object"),
    ],
)  # fmt: skip
def test_configs(copy: Path, change: Any, words: str) -> None:
    refused(with_config(copy, change), words)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda w: w.pop(HEAD), "lack lm_head.weight"),
        (lambda w: w.pop("depth_decoder.model.norm.weight"), "lack depth_decoder.model.norm.weight"),
        (lambda w: w.pop("codec_model.decoder.layers.0.conv.bias"), "layers.0.conv.bias"),
        (lambda w: w.pop(f"{LAYER}input_layernorm.bias"), "input_layernorm.bias"),
        (lambda w: w.update({HEAD: w[HEAD].to(torch.int8)}), "lm_head.weight is stored as I8"),
        (lambda w: w.update({HEAD: w[HEAD].to(torch.float8_e4m3fn)}), "quantised weights"),
    ],
)  # fmt: skip
def test_weights(copy: Path, change: Any, words: str) -> None:
    refused(with_weights(copy, change), words)


@pytest.mark.parametrize("wrong", [torch.zeros(61, 48), torch.zeros(64)])
def test_rows_that_cannot_be_reordered(original: Path, tmp_path: Path, wrong: torch.Tensor) -> None:
    copy = Path(shutil.copytree(original, tmp_path / "copy"))
    with_weights(copy, lambda w: w.update({"backbone.layers.0.attn.q_proj.weight": wrong}))
    refused(copy, f"q_proj.weight is {tuple(wrong.shape)}, not (64, 48)")


def test_small_files_that_are_damaged(copy: Path) -> None:
    (copy / "generation_config.json").write_text("{")
    refused(copy, "generation_config.json", "cannot be read")
    for wrong in ({"temperature": "hot"}, {"depth_decoder_top_k": -1}):
        (copy / "generation_config.json").write_text(json.dumps(wrong))
        refused(copy, "generation_config.json", next(iter(wrong)), "not a number from 0 up")
    (copy / "model.safetensors.index.json").write_text('{"weight_map": {"lm_head.weight": 5}}')
    refused(copy, "model.safetensors.index.json", "lists no weights")


def test_a_codec_may_leave_its_sizes_out() -> None:
    config = json.loads((FACTS / "config.json").read_text())
    whole = config["codec_config"]
    config["codec_config"] = {"model_type": "mimi"}
    check_config(unify(config, FACTS), FACTS)
    filled = config["codec_config"]
    assert len(filled) > 10
    assert all(whole[name] == value for name, value in filled.items() if name != "rope_parameters")


def test_a_config_that_says_no_rotary_base() -> None:
    config = json.loads((FACTS / "config.json").read_text())
    parts = (config, config["depth_decoder_config"], config["codec_config"])
    for part in parts:
        del part["rope_theta"]
    unify(config, FACTS)
    assert [part["rope_parameters"]["rope_theta"] for part in parts] == [500_000, 500_000, 10_000]
    assert parts[1]["rope_parameters"]["original_max_position_embeddings"] == 16


def test_the_shapes_of_csm_1b() -> None:
    config = unify(json.loads((FACTS / "config.json").read_text()), FACTS)
    check_config(config, FACTS)
    shapes = json.loads((FACTS / "shapes.json").read_text())
    expected = dict(expected_shapes(config))
    assert {name: list(shape) for name, shape in expected.items()}.items() <= shapes.items()
    assert expected.keys() == {new for new, _ in original_names(config).values()}


def test_safetensors_come_before_a_pickle(folder: Path, original: Path, tmp_path: Path) -> None:
    """A pickle beside them is not even opened."""
    for source in (folder, original):
        copy = Path(shutil.copytree(source, tmp_path / source.name))
        for name in ("ckpt.pt", "pytorch_model.bin"):
            (copy / name).write_bytes(b"never read")
        assert [path.name for path in find_checkpoint(copy).weights] == ["model.safetensors"]
        CsmForConditionalGeneration.from_checkpoint(copy)


def test_a_tokenizer_without_audio_tokens(copy: Path) -> None:
    """The original release's: it only reserves their ids."""
    path = copy / "tokenizer.json"
    path.write_text(path.read_text().replace("<|AUDIO|>", "<|reserved|>"))
    assert CsmProcessor.from_checkpoint(copy).audio_token_id == AUDIO
    path.write_text(path.read_text().replace("<|end_of_text|>", "<|other|>"))
    with pytest.raises(MissingError, match=r"copy: the tokenizer has no <\|end_of_text\|>"):
        CsmProcessor.from_checkpoint(copy)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (
            lambda c: c.update(max_position_embeddings=10**9),
            "max_position_embeddings is 1000000000, more",
        ),
        (lambda c: c["depth_decoder_config"].update(max_position_embeddings=10**9), "more than 131072"),
        (lambda c: c.update(text_vocab_size=10**12), "text_vocab_size is 1000000000000, more than 1048576"),
        (
            lambda c: c["codec_config"].update(head_dim=10**9),
            "codec_config.head_dim is 1000000000, more",
        ),
        (lambda c: c["codec_config"].update(sampling_rate=2**32), "codec_config.sampling_rate is 4294967296"),
        (lambda c: c.update(transformers_weights="../model.safetensors"), "names weights outside its folder"),
        (lambda c: c.update(transformers_weights=["a"]), "transformers_weights names no file"),
    ],
)
def test_sizes_that_no_model_has(copy: Path, change: Callable[[dict[str, Any]], Any], words: str) -> None:
    with pytest.raises(MissingError) as raised:
        find_checkpoint(with_config(copy, change))
    assert words in str(raised.value) and "\n" not in str(raised.value)


@pytest.mark.parametrize("shard", ["../other.safetensors", "/etc/passwd", "a/b.safetensors", "..", ""])
def test_shards_lie_beside_their_index(copy: Path, shard: str) -> None:
    index = json.dumps({"weight_map": {HEAD: shard}})
    (copy / "model.safetensors.index.json").write_text(index)
    with pytest.raises(MissingError, match=r"index\.json: names weights outside its folder"):
        find_checkpoint(copy)


@pytest.mark.parametrize("length", [2**63, 2**40, 100_000_000, 2**24 + 1])
def test_a_header_of_weights_is_not_believed(copy: Path, length: int) -> None:
    path = copy / "model.safetensors"
    with path.open("r+b") as file:
        file.write(length.to_bytes(8, "little"))
        file.truncate(200_000_000)  # a hole: the file is as long as it claims, and takes no room
    with pytest.raises(MissingError, match=rf"damaged weights \(a header of {length} bytes\)"):
        find_checkpoint(copy)


def test_patterns_of_an_adapter_take_no_long_time() -> None:
    assert _by_pattern({"(a+)+": 3, "q_proj": 5}, "layers.0." + "a" * 40 + "b", 7) == 7
    assert _by_pattern({"q_proj": 5}, "layers.0.q_proj", 7) == 5
    with pytest.raises(MissingError, match="a pattern that is not read"):
        _by_pattern({"(?=a)": 1}, "a", 7)
