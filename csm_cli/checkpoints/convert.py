"""Write a checkpoint in the other format, or merged with its adapter, or in another number type."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from csm_cli.checkpoints.card import CARD
from csm_cli.checkpoints.config import flavours_of, read_json
from csm_cli.checkpoints.find import SMALL_FILES, Checkpoint
from csm_cli.checkpoints.names import BACKBONE_TABLE, DEPTH_TABLE, Format, to_original
from csm_cli.checkpoints.tensors import Tensors
from csm_cli.core.errors import CsmError, UsageError, first_line, unwritten

SHARD_BYTES = 5 * 10**9


def convert(
    checkpoint: Checkpoint,
    target: Path,
    form: Format,
    dtype: torch.dtype | None = None,
    shard_bytes: int = SHARD_BYTES,
    progress: Callable[[int, int], None] = lambda done, whole: None,
) -> Path:
    """Write `checkpoint` into a new folder.

    The transformers format holds codec and audio table as csm-1b does (the table under both of its names), in
    shards of `shard_bytes`. The original format is one `model.safetensors`; the codec goes into `mimi/`
    beside it, named as in its own repository, so that nothing is lost on the way back.

    Args:
        target: a folder that does not exist, or is empty.
        dtype: of all but the codec; None: as stored.
        progress: called with bytes written and bytes in all.

    Returns:
        The folder.

    Raises:
        UsageError: the folder is not empty.
        MissingError: the checkpoint is not whole.
        CsmError: the two audio tables differ, which the original format cannot hold; or the disk is full.
    """
    if target.exists() and (not target.is_dir() or any(target.iterdir())):
        raise UsageError("is there already", where=str(target), remedy="name a new folder")
    tensors = checkpoint.tensors()
    try:
        target.mkdir(parents=True, exist_ok=True)
        if form == "original":
            _write_original(checkpoint, tensors, target, dtype, progress)
        else:
            _write_transformers(checkpoint, tensors, target, dtype, shard_bytes, progress)
        for pattern in (*SMALL_FILES[1:-1], CARD):
            for folder in (checkpoint.base.folder if checkpoint.base else None, checkpoint.folder):
                for path in folder.glob(pattern) if folder else ():
                    shutil.copyfile(path, target / path.name)
    except OSError as error:
        raise unwritten(error, target) from error
    return target


def _write_original(
    checkpoint: Checkpoint, tensors: Tensors, target: Path, dtype: Any, progress: Callable[[int, int], None]
) -> None:
    both = BACKBONE_TABLE in tensors and DEPTH_TABLE in tensors
    if both and not torch.equal(tensors[BACKBONE_TABLE], tensors[DEPTH_TABLE]):
        raise CsmError(
            "the backbone and the depth decoder each have an audio table, the original format holds one",
            where=str(checkpoint.folder),
            remedy="convert to transformers",
        )
    codec = {name: name for name in tensors if name.startswith("codec_model.")}
    voice = to_original(tensors, checkpoint.config)
    whole = _bytes(voice) + sum(_size(tensors.shapes[name]) for name in codec)
    _save(voice, list(voice), target / "model.safetensors", dtype)
    progress(_bytes(voice), whole)
    (target / "mimi").mkdir()
    short = {name.removeprefix("codec_model."): tensors[name].contiguous() for name in codec}
    _save_file(short, target / "mimi" / "model.safetensors")
    _write_json({"model_type": "mimi", **checkpoint.config["codec_config"]}, target / "mimi" / "config.json")
    config = {k: v for k, v in _config(checkpoint, dtype).items() if k != "transformers_weights"}
    _write_json(config | flavours_of(config), target / "config.json")
    progress(whole, whole)


def _write_transformers(
    checkpoint: Checkpoint,
    tensors: Tensors,
    target: Path,
    dtype: Any,
    shard_bytes: int,
    progress: Callable[[int, int], None],
) -> None:
    shapes = dict(tensors.shapes)
    source = {name: name for name in shapes}
    for missing, held in ((DEPTH_TABLE, BACKBONE_TABLE), (BACKBONE_TABLE, DEPTH_TABLE)):
        if missing not in shapes:
            shapes[missing], source[missing] = shapes[held], held
    doubled = Tensors(shapes, lambda name: tensors[source[name]], tensors.where)
    shards = list(_shards(doubled, shard_bytes))
    index: dict[str, str] = {}
    whole, done = _bytes(doubled), 0
    for number, names in enumerate(shards, 1):
        many = f"model-{number:05}-of-{len(shards):05}.safetensors"
        file = "model.safetensors" if len(shards) == 1 else many
        _save(doubled, names, target / file, dtype)
        index |= dict.fromkeys(names, file)
        done += sum(_size(shapes[name]) for name in names)
        progress(done, whole)
    if len(shards) > 1:
        _write_json({"metadata": {}, "weight_map": index}, target / "model.safetensors.index.json")
    config = {k: v for k, v in _config(checkpoint, dtype).items() if k != "transformers_weights"}
    _write_json(config, target / "config.json")


def _config(checkpoint: Checkpoint, dtype: torch.dtype | None) -> dict[str, Any]:
    """The config as it is written in the checkpoint, where that is a whole one."""
    path = checkpoint.file("config.json")
    written = read_json(path) if path else {}
    config = (
        written if written.get("model_type") == "csm" and "codec_config" in written else checkpoint.config
    )
    if dtype is None:
        return config
    return {k: v for k, v in config.items() if k != "torch_dtype"} | {
        "dtype": str(dtype).removeprefix("torch.")
    }


def _shards(tensors: Tensors, limit: int) -> Iterator[list[str]]:
    names: list[str] = []
    size = 0
    for name in sorted(tensors):
        more = tensors[name].nbytes
        if names and size + more > limit:
            yield names
            names, size = [], 0
        names.append(name)
        size += more
    yield names


def _save(tensors: Tensors, names: list[str], path: Path, dtype: torch.dtype | None) -> None:
    def ready(name: str) -> Tensor:
        tensor = tensors[name]
        keep = dtype is None or name.startswith("codec_model.") or not tensor.is_floating_point()
        return (tensor if keep else tensor.to(dtype)).contiguous()

    _save_file({name: ready(name) for name in names}, path)


def _save_file(tensors: dict[str, Tensor], path: Path) -> None:
    from safetensors import SafetensorError
    from safetensors.torch import save_file

    seen: set[int] = set()
    for name, tensor in tensors.items():
        # safetensors refuses two names for one piece of memory.
        if tensor.data_ptr() in seen and tensor.numel():
            tensors[name] = tensor.clone()
        seen.add(tensors[name].data_ptr())
    unfinished = path.with_suffix(".part")
    try:
        save_file(tensors, unfinished, metadata={"format": "pt"})
    except SafetensorError as error:
        remedy = "check the folder, its permissions and the free space"
        raise CsmError(f"cannot be written ({first_line(error)})", where=str(path), remedy=remedy) from error
    as_any_file(unfinished)
    unfinished.replace(path)


def as_any_file(path: Path) -> None:
    """Give a file the permissions of any new one: safetensors lets only the owner read what it writes."""
    probe = path.with_suffix(".probe")
    probe.touch()
    path.chmod(probe.stat().st_mode)
    probe.unlink()


def _size(shape: tuple[int, ...]) -> int:
    count = 1
    for length in shape:
        count *= length
    return count


def _bytes(tensors: Tensors) -> int:
    return sum(_size(shape) for shape in tensors.shapes.values())


def _write_json(value: dict[str, Any], path: Path) -> None:
    path.write_text(json.dumps(value, indent=2) + "\n", encoding="utf-8")
