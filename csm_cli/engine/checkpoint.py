"""A checkpoint folder in the transformers format: where it is, what it says, its tensors. No transformers
here.

The engine reads checkpoints by itself because importing transformers takes longer than speaking a short line.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from csm_cli.engine.types import Sampler
from csm_cli.errors import MissingError

FILES = (
    "config.json",
    "generation_config.json",
    "tokenizer*",
    "special_tokens_map.json",
    "transformers*",
    "model*",
)
"""What a checkpoint is made of on the Hub; csm-1b's repository holds twelve gigabytes more that are not
used.
"""


@dataclass(frozen=True)
class Checkpoint:
    """A checkpoint that was found.

    Attributes:
        model_id: what the user called it: a Hub id, or the name of its folder.
        folder: where its files are.
        config: `config.json`, rotary settings under `rope_parameters` in every part.
    """

    model_id: str
    folder: Path
    config: dict[str, Any]

    @property
    def tokenizer_file(self) -> Path:
        """`tokenizer.json`.

        Raises:
            MissingError: there is none.
        """
        path = self.folder / "tokenizer.json"
        if not path.is_file():
            raise MissingError(
                "the checkpoint has no tokenizer.json", where=str(self.folder), remedy=_DAMAGED
            )
        return path

    def sampler(self) -> Sampler:
        """How `generation_config.json` wants codes drawn; temperature 0.9 and top-k 50 where it says
        nothing.
        """
        path = self.folder / "generation_config.json"
        said = _read_json(path) if path.is_file() else {}

        def value(name: str, default: Any, prefix: str = "") -> Any:
            found = said.get(prefix + name)
            return default if found is None else found

        sampled = value("do_sample", True)
        temperature = float(value("temperature", 0.9)) if sampled else 0.0
        top_k = int(value("top_k", 50))
        depth_sampled = value("do_sample", sampled, "depth_decoder_")
        depth_temperature = float(value("temperature", temperature or 0.9, "depth_decoder_"))
        return Sampler(
            temperature,
            top_k,
            depth_temperature if depth_sampled else 0.0,
            int(value("top_k", top_k, "depth_decoder_")),
        )

    def tensors(self) -> dict[str, Tensor]:
        """All tensors by name, on the CPU, in the number type they are stored in, mapped from the files.

        Raises:
            MissingError: a file is missing or damaged, or the tensors are named as in the original release.
        """
        from safetensors import SafetensorError
        from safetensors.torch import load_file

        found: dict[str, Tensor] = {}
        for path in self._weight_files():
            try:
                found |= load_file(path)
            except (SafetensorError, OSError) as error:
                raise MissingError(f"damaged weights ({error})", where=str(path), remedy=_DAMAGED) from error
        if "backbone.layers.0.attn.q_proj.weight" in found:
            raise MissingError(
                "these weights are named as in the original release, which csm does not read",
                where=str(self.folder),
                remedy="use the transformers weights (transformers*.safetensors) of the same repository",
            )
        return found

    def _weight_files(self) -> list[Path]:
        named = self.config.get("transformers_weights")
        for name in filter(None, (named, "model.safetensors.index.json", "model.safetensors")):
            path = self.folder / name
            if not path.is_file():
                continue
            if path.suffix != ".json":
                return [path]
            shards = sorted(set(_read_json(path)["weight_map"].values()))
            for shard in shards:
                if not (self.folder / shard).is_file():
                    raise MissingError(
                        "part of the weights is missing", where=str(path.parent / shard), remedy=_DAMAGED
                    )
            return [self.folder / shard for shard in shards]
        raise MissingError("the checkpoint has no weights", where=str(self.folder), remedy=_DAMAGED)


_DAMAGED = "download or copy the checkpoint again"


def find_checkpoint(model: str | Path, revision: str | None = None) -> Checkpoint:
    """Find a checkpoint by folder, or by Hub id in the Hub cache. Nothing is downloaded.

    Args:
        revision: branch, tag or commit of a Hub id; None: main.

    Raises:
        MissingError: there is nothing there, it is not in the cache, or its config cannot be read.
    """
    name = str(model)
    folder = Path(name).expanduser()
    if folder.is_dir():
        name = folder.resolve().name
    elif isinstance(model, Path) or folder.exists() or not _looks_like_hub_id(name):
        raise MissingError("no such checkpoint folder", where=name, remedy="give a folder or a Hub id")
    else:
        folder = _in_hub_cache(name, revision)
    path = folder / "config.json"
    if not path.is_file():
        raise MissingError(
            "the folder has no config.json", where=str(folder), remedy="give a checkpoint's folder"
        )
    config = _read_json(path)
    if config.get("model_type") != "csm":
        kind = config.get("model_type", "unknown")
        raise MissingError(f"this is a model of type {kind!r}, not 'csm'", where=str(path))
    for part in (config, config.get("depth_decoder_config"), config.get("codec_config")):
        if not isinstance(part, dict):
            raise MissingError(
                "the config describes no depth decoder or codec", where=str(path), remedy=_DAMAGED
            )
        _unify_rope(part, theta=10000.0 if part is config.get("codec_config") else 500000.0)
    return Checkpoint(name, folder, config)


def _unify_rope(part: dict[str, Any], theta: float) -> None:
    rope = dict(part.get("rope_parameters") or part.get("rope_scaling") or {})
    rope.setdefault("rope_theta", part.get("rope_theta") or theta)
    rope.setdefault("rope_type", rope.get("type", "default"))
    part["rope_parameters"] = rope


def _looks_like_hub_id(name: str) -> bool:
    parts = name.split("/")
    return len(parts) == 2 and all(part and not part.startswith(".") for part in parts) and "\\" not in name


def _in_hub_cache(name: str, revision: str | None) -> Path:
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import HfHubHTTPError, HFValidationError, LocalEntryNotFoundError

    try:
        return Path(
            snapshot_download(name, revision=revision, local_files_only=True, allow_patterns=list(FILES))
        )
    except (LocalEntryNotFoundError, HfHubHTTPError, HFValidationError, OSError) as error:
        include = " ".join(f"'{pattern}'" for pattern in FILES[:5])
        get = (
            f"hf download {name}" + (f" --revision {revision}" if revision else "") + f" --include {include}"
        )
        if name == "sesame/csm-1b":
            get = f"accept its terms at huggingface.co/{name} (it is gated), then: hf auth login && {get}"
        raise MissingError("not in the Hub cache", where=name, remedy=f"to get it: {get}") from error


def _read_json(path: Path) -> dict[str, Any]:
    try:
        value = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise MissingError(f"cannot be read ({error})", where=str(path), remedy=_DAMAGED) from error
    if not isinstance(value, dict):
        raise MissingError("is not a JSON object", where=str(path), remedy=_DAMAGED)
    return value


def take(tensors: dict[str, Tensor], name: str, shape: tuple[int, ...] | None = None) -> Tensor:
    """A tensor by name.

    Raises:
        MissingError: it is not there, or has another shape than the config says.
    """
    if name not in tensors:
        raise MissingError(f"the weights lack {name}", remedy=_DAMAGED)
    tensor = tensors[name]
    if shape is not None and tuple(tensor.shape) != shape:
        raise MissingError(
            f"the weights do not fit the config: {name} is {tuple(tensor.shape)}, not {shape}",
            remedy=_DAMAGED,
        )
    return tensor


def to_float(tensor: Tensor) -> Tensor:
    """In float32: folding and fusing are done before anything is rounded to the type it runs in."""
    return tensor.to(torch.float32)
