"""The tensors of weight files, read one by one on access.

A file is mapped for as long as one of its tensors is alive: tensors that are used and dropped take no memory.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from csm_cli.core.errors import MissingError, first_line
from csm_cli.core.reading import open_file

if TYPE_CHECKING:
    from torch import Tensor

DAMAGED = "download or copy the checkpoint again"


class Tensors(Mapping[str, "Tensor"]):
    """Tensors by name, on the CPU, in the number type they are stored in.

    Args:
        shapes: the shape of every tensor.
        read: returns a tensor by its name.
        where: the file or folder, for messages.
    """

    def __init__(
        self, shapes: Mapping[str, tuple[int, ...]], read: Callable[[str], Tensor], where: str
    ) -> None:
        self.shapes, self.read, self.where = dict(shapes), read, where

    def __getitem__(self, name: str) -> Tensor:
        if name not in self.shapes:
            raise KeyError(name)
        return self.read(name)

    def __iter__(self) -> Iterator[str]:
        return iter(self.shapes)

    def __len__(self) -> int:
        return len(self.shapes)

    def __contains__(self, name: object) -> bool:
        return name in self.shapes


def open_weights(paths: Sequence[Path]) -> Tensors:
    """The tensors of one file or of several shards: `.safetensors`, or a pickle read with `weights_only`.

    Raises:
        MissingError: a file is damaged, or is a pickle that holds more than weights.
    """
    parts = [_open_pickle(p) if p.suffix in PICKLES else _open_safetensors(p) for p in paths]
    shapes: dict[str, tuple[int, ...]] = {}
    owner: dict[str, Tensors] = {}
    for part in parts:
        shapes |= part.shapes
        owner |= dict.fromkeys(part.shapes, part)
    where = str(paths[0] if len(paths) == 1 else paths[0].parent)
    return Tensors(shapes, lambda name: owner[name].read(name), where)


PICKLES = (".pt", ".pth", ".bin")
MAX_HEADER_BYTES = 2**24
"""Of a safetensors file: csm-1b's has 60 kB."""
KEPT_OPEN = 2**28
"""Bytes: smaller files stay open; larger ones are closed, which frees the pages that are not in use."""


def _open_safetensors(path: Path) -> Tensors:
    from safetensors import SafetensorError, safe_open

    def damaged(error: Exception) -> MissingError:
        return MissingError(f"damaged weights ({error})", where=str(path), remedy=DAMAGED)

    # An open file keeps every page that was read; a large one is opened anew for each tensor.
    kept: list[Any] = []

    def read(name: str) -> Tensor:
        try:
            if not kept and path.stat().st_size < KEPT_OPEN:
                kept.append(safe_open(path, "pt"))
            if kept:
                return kept[0].get_tensor(name)
            with safe_open(path, "pt") as file:
                return file.get_tensor(name)
        except (SafetensorError, OSError) as error:
            raise damaged(error) from error

    try:
        _check_header(path)
        with safe_open(path, "np") as file:  # names and shapes alone: "pt" would load torch
            parts = {name: file.get_slice(name) for name in file.keys()}  # noqa: SIM118
            shapes = {name: tuple(part.get_shape()) for name, part in parts.items()}
            kinds = {name: str(part.get_dtype()) for name, part in parts.items()}
    except (SafetensorError, OSError, ValueError) as error:
        raise damaged(error) from error
    _check_kinds(kinds, path)
    return Tensors(shapes, read, str(path))


def _check_header(path: Path) -> None:
    """Refuse a file that is none, or claims a header that no checkpoint has, before memory is taken for it.

    Raises:
        OSError: it is no regular file, or cannot be opened.
        ValueError: the header is too long.
    """
    with open_file(path) as file:
        length = int.from_bytes(file.read(8), "little")
        if length > min(MAX_HEADER_BYTES, os.fstat(file.fileno()).st_size):
            raise ValueError(f"a header of {length} bytes")


def _check_kinds(kinds: Mapping[str, str], path: Path) -> None:
    """Refuse quantised weights: without the scales that go with them they would be read as noise.

    Args:
        kinds: the number type of each tensor, as safetensors calls it.
    """
    for name, kind in kinds.items():
        if kind not in ("F64", "F32", "F16", "BF16") and name.endswith(("weight", "audio_head")):
            raise MissingError(
                f"{name} is stored as {kind}: quantised weights are not read",
                where=str(path),
                remedy="give the model in float32, bfloat16 or float16",
            )


def _open_pickle(path: Path) -> Tensors:
    import torch

    try:
        # Never anything but tensors in plain containers: a pickle can run code.
        found: Any = torch.load(path, map_location="cpu", weights_only=True, mmap=True)
    except Exception as error:
        reason = first_line(error)[:120]
        raise MissingError(
            f"damaged weights, or a pickle with more than weights in it ({reason})",
            where=str(path),
            remedy="use safetensors files, or download it again",
        ) from error
    for key in ("model", "state_dict", "module"):
        if isinstance(found, dict) and isinstance(found.get(key), dict):
            found = found[key]
    if not isinstance(found, dict):
        raise MissingError("holds no weights by name", where=str(path), remedy=DAMAGED)
    tensors = {str(name): value for name, value in found.items() if isinstance(value, torch.Tensor)}
    plain = {torch.float64: "F64", torch.float32: "F32", torch.float16: "F16", torch.bfloat16: "BF16"}
    _check_kinds({n: plain.get(t.dtype, str(t.dtype)) for n, t in tensors.items()}, path)
    return Tensors({n: tuple(t.shape) for n, t in tensors.items()}, tensors.__getitem__, str(path))


def take(tensors: Mapping[str, Tensor], name: str, shape: tuple[int, ...] | None = None) -> Tensor:
    """A tensor by name.

    Raises:
        MissingError: it is missing, or does not have `shape`.
    """
    where = getattr(tensors, "where", None)
    if name not in tensors:
        raise MissingError(f"the weights lack {name}", where=where, remedy=DAMAGED)
    tensor = tensors[name]
    if shape is not None and tuple(tensor.shape) != shape:
        raise wrong_shape(name, tuple(tensor.shape), shape, where)
    return tensor


def wrong_shape(
    name: str, found: tuple[int, ...], wanted: tuple[int, ...], where: str | None
) -> MissingError:
    """The error for a tensor that does not fit the config."""
    return MissingError(
        f"the weights do not fit the config: {name} is {found}, not {wanted}", where=where, remedy=DAMAGED
    )


def to_float(tensor: Tensor) -> Tensor:
    """In float32: folding and fusing are done before anything is rounded to the type it runs in."""
    return tensor.float()
