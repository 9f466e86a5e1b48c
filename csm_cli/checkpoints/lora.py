"""LoRA adapters as peft writes them, merged into the weights they were trained on.

W' = W + s B A with s = alpha / r, or alpha / sqrt(r) with `use_rslora` (Hu et al. 2021, section 4.1;
Kalajdzievski 2023); with `use_dora` each row of W' is then scaled to a learned length (Liu et al. 2024, eq.
5).
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from csm_cli.checkpoints.names import flat_codec_name
from csm_cli.checkpoints.tensors import DAMAGED, Tensors, open_weights
from csm_cli.core.errors import MissingError

if TYPE_CHECKING:
    from torch import Tensor

CONFIG = "adapter_config.json"
_PREFIX = "base_model.model."
_PART = re.compile(
    r"(?P<module>.+)\.(?P<kind>lora_A|lora_B|lora_embedding_A|lora_embedding_B|lora_magnitude_vector)"
    r"(\.weight)?$"
)


def is_adapter(folder: Path) -> bool:
    """Whether a folder holds an adapter."""
    return (folder / CONFIG).is_file()


def merge_adapter(base: Tensors, folder: Path, config: Mapping[str, Any]) -> Tensors:
    """The base's tensors with the adapter's change in them.

    Args:
        base: named as in the transformers format.
        config: `adapter_config.json`.

    Raises:
        MissingError: the adapter has no weights, is of another kind than LoRA, or does not fit the base.
    """
    if config.get("peft_type", "LORA") != "LORA":
        raise MissingError(f"an adapter of kind {config['peft_type']}, not LoRA", where=str(folder / CONFIG))
    if not isinstance(config.get("r"), int):
        raise MissingError("says no rank (r)", where=str(folder / CONFIG), remedy=DAMAGED)
    paths = [folder / name for name in ("adapter_model.safetensors", "adapter_model.bin")]
    path = next((p for p in paths if p.is_file()), None)
    if path is None:
        raise MissingError("the adapter has no weights", where=str(paths[0]), remedy=DAMAGED)
    weights = open_weights([path])
    changes: dict[str, dict[str, str]] = {}
    whole: dict[str, str] = {}
    for stored in weights:
        name = stored.removeprefix(_PREFIX)
        if name.startswith("codec_model."):
            # An adapter for every "q_proj" has caught the codec's too.
            name = f"codec_model.{flat_codec_name(name)}"
        if part := _PART.match(name):
            changes.setdefault(part["module"] + ".weight", {})[part["kind"]] = stored
        else:
            # A module that was trained as a whole (`modules_to_save`), or a bias.
            whole[name.replace(".modules_to_save", "").replace(".base_layer", "")] = stored
    for name in (*changes, *whole):
        if name not in base:
            raise MissingError(
                f"the adapter changes {name}, which the model does not have", where=str(path),
                remedy="use it with the model it was trained on",
            )  # fmt: skip
    for name, stored in whole.items():
        if weights.shapes[stored] != base.shapes[name]:
            raise _misfit(name, weights.shapes[stored], base.shapes[name], path)

    def read(name: str) -> Tensor:
        if name in whole:
            return weights[whole[name]]
        weight = base[name]
        if name not in changes:
            return weight
        parts = {kind: weights[stored] for kind, stored in changes[name].items()}
        return _changed(weight, parts, config, name, path)

    return Tensors(base.shapes, read, base.where)


def _changed(
    weight: Tensor, parts: dict[str, Tensor], config: Mapping[str, Any], name: str, path: Path
) -> Tensor:
    embedding = "lora_embedding_A" in parts
    inner, outer = (parts.get(f"lora_embedding_{x}" if embedding else f"lora_{x}") for x in "AB")
    if inner is None or outer is None:
        raise MissingError(f"half of the change of {name} is missing", where=str(path), remedy=DAMAGED)
    inner, outer = inner.float(), outer.float()
    delta = outer @ inner
    if embedding or config.get("fan_in_fan_out"):
        delta = delta.T
    if delta.shape != weight.shape:
        raise _misfit(name, tuple(delta.shape), tuple(weight.shape), path)
    module = name.removesuffix(".weight")
    rank = _by_pattern(config.get("rank_pattern"), module, int(config["r"]))
    alpha = _by_pattern(config.get("alpha_pattern"), module, config.get("lora_alpha", 8))
    scale = alpha / (math.sqrt(rank) if config.get("use_rslora") else rank)
    changed = weight.float() + scale * delta
    if "lora_magnitude_vector" in parts:
        length = parts["lora_magnitude_vector"].float().flatten()
        changed = changed * (length / changed.norm(dim=1))[:, None]
    return changed.to(weight.dtype)


def _by_pattern(patterns: Mapping[str, Any] | None, module: str, default: Any) -> Any:
    """The value of the pattern that the module's name ends with, as peft matches them; in linear time."""
    if not patterns:
        return default
    import re2

    options = re2.Options()
    options.log_errors, options.max_mem = False, 1 << 20
    for pattern, value in patterns.items():
        try:
            if re2.compile(rf"(.*\.)?({pattern})$", options).match(module):
                return value
        except re2.error as error:
            raise MissingError(f"the adapter has a pattern that is not read: {pattern[:80]!r}") from error
    return default


def _misfit(name: str, found: tuple[int, ...], wanted: tuple[int, ...], path: Path) -> MissingError:
    return MissingError(
        f"the adapter does not fit the model: its {name} is {found}, not {wanted}", where=str(path),
        remedy="use it with the model it was trained on",
    )  # fmt: skip
