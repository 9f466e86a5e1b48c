"""Tiny random checkpoints in both formats; the original one is written by code of its own, from its names
alone.
"""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file, save_file

from tests.model.tiny import randomise, tiny_config, write_tokenizer

LAYER = {
    "self_attn.q_proj": "attn.q_proj",
    "self_attn.k_proj": "attn.k_proj",
    "self_attn.v_proj": "attn.v_proj",
    "self_attn.o_proj": "attn.output_proj",
    "mlp.gate_proj": "mlp.w1",
    "mlp.down_proj": "mlp.w2",
    "mlp.up_proj": "mlp.w3",
    "input_layernorm": "sa_norm",
    "post_attention_layernorm": "mlp_norm",
}


@pytest.fixture(scope="session")
def model() -> Any:
    from csm_cli.model import CsmConfig, CsmForConditionalGeneration

    torch.manual_seed(0)
    model = CsmForConditionalGeneration(CsmConfig(**tiny_config())).eval()
    randomise(model)
    return model


@pytest.fixture(scope="session")
def folder(model: Any, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The transformers format."""
    path = tmp_path_factory.mktemp("transformers")
    model.save_pretrained(path)
    write_tokenizer(path)
    return path


@pytest.fixture(scope="session")
def original(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same model as the original release writes it, the codec in a folder of its own.

    Written out here without the code under test: row 2i of a head in the original is row i of the
    transformers format, row 2i + 1 is row i + D/2.
    """
    path = tmp_path_factory.mktemp("original")
    stored = load_file(folder / "model.safetensors")
    config = json.loads((folder / "config.json").read_text())
    voice = {
        "text_embeddings.weight": stored["embed_text_tokens.weight"],
        "audio_embeddings.weight": stored["depth_decoder.model.embed_tokens.weight"],
        "codebook0_head.weight": stored["lm_head.weight"],
        "audio_head": stored["depth_decoder.codebooks_head.weight"],
        "projection.weight": stored["depth_decoder.model.inputs_embeds_projector.weight"],
        "backbone.norm.scale": stored["backbone_model.norm.weight"],
        "decoder.norm.scale": stored["depth_decoder.model.norm.weight"],
    }
    for prefix, short, part in (
        ("backbone_model.", "backbone.", config),
        ("depth_decoder.model.", "decoder.", config["depth_decoder_config"]),
    ):
        dim = part["head_dim"]
        for layer in range(part["num_hidden_layers"]):
            for new, old in LAYER.items():
                weight = stored[f"{prefix}layers.{layer}.{new}.weight"]
                if new.endswith(("q_proj", "k_proj")):
                    rows = [h * dim + i + half for h in range(len(weight) // dim) for i in range(dim // 2)
                            for half in (0, dim // 2)]  # fmt: skip
                    weight = weight[rows].contiguous()
                kind = "scale" if "norm" in old else "weight"
                voice[f"{short}layers.{layer}.{old}.{kind}"] = weight
    save_file(voice, path / "model.safetensors")
    codec = {k.removeprefix("codec_model."): v for k, v in stored.items() if k.startswith("codec_model.")}
    (path / "mimi").mkdir()
    save_file(codec, path / "mimi" / "model.safetensors")
    (path / "mimi" / "config.json").write_text(json.dumps(config["codec_config"]))
    (path / "config.json").write_text(json.dumps(config))
    write_tokenizer(path)
    return path


@pytest.fixture
def copy(folder: Path, tmp_path: Path) -> Path:
    """A copy of the checkpoint in transformers' format, to be damaged."""
    return Path(shutil.copytree(folder, tmp_path / "copy"))
