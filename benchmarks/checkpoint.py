"""Writes a whole checkpoint of csm-1b's shape with random weights: `python -m benchmarks.checkpoint FOLDER`.

For timing commands as a user gives them (`csm render … --model FOLDER`). What it says is noise, and its
lines go on to their caps; the tokenizer is that of the embedded voice.
"""

from __future__ import annotations

import argparse
import json
import shutil
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from csm_cli.bench.subject import SHAPES, find_subject
from csm_cli.checkpoints.find import find_checkpoint
from csm_cli.engine.devices import pick_device


def random_codec(config: Any) -> dict[str, Tensor]:
    """The tensors of a Mimi of a `MimiConfig`, random but always the same, by their names in a checkpoint."""
    from transformers import MimiModel

    torch.manual_seed(0)
    tensors = {f"codec_model.{name}": t.contiguous() for name, t in MimiModel(config).state_dict().items()}
    for name, tensor in tensors.items():
        if name.endswith("embed_sum"):
            tensor.normal_(std=0.3)
        elif name.endswith("cluster_usage"):
            tensor.fill_(1.0)
    return tensors


def write(folder: Path, shape: str, device: str) -> None:
    """Write config, weights in bfloat16 and tokenizer.

    Args:
        shape: of `csm_cli.bench.subject`; the codec is Mimi at its full size.
        device: that the weights are made on.
    """
    from safetensors.torch import save_file
    from transformers import MimiConfig

    where = pick_device(device)
    subject = find_subject("", shape, where)
    codec = MimiConfig(codebook_size=subject.config["codec_config"]["codebook_size"])
    whole = random_codec(codec)
    whole |= {name: subject.tensors[name].to(torch.bfloat16).cpu() for name in subject.tensors}
    folder.mkdir(parents=True, exist_ok=True)
    save_file(whole, folder / "model.safetensors", metadata={"format": "pt"})
    config = {
        **subject.config,
        "codec_config": codec.to_dict(),
        "architectures": ["CsmForConditionalGeneration"],
    }
    (folder / "config.json").write_text(json.dumps(config, indent=1, default=str), encoding="utf-8")
    demo = find_checkpoint("demo")
    for name in (
        "tokenizer.json",
        "tokenizer_config.json",
        "preprocessor_config.json",
        "chat_template.jinja",
    ):
        if path := demo.file(name):
            shutil.copyfile(path, folder / name)


def main() -> None:
    """Write what the command line says."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.checkpoint", description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--shape", default="csm-1b", choices=SHAPES)
    parser.add_argument("--device", default="auto")
    options = parser.parse_args()
    write(options.folder, options.shape, options.device)


if __name__ == "__main__":
    main()
