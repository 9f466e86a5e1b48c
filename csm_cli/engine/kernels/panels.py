"""Weights for the compiled loops: a `Linear` laid out in panels, and whether a model can use the loops."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from contextlib import suppress
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from csm_cli.engine.devices import SMALL_WORK

_log = logging.getLogger(__name__)


class Panels:
    """A `linears.Linear` whose weight is laid out in panels of TILE outputs, for `loops.multiply`.

    Args:
        weight: `[out, in]`, float32 on a CPU.

    Attributes:
        panels: float32 `[padded out * in]`.
        shape: `(out, in)`.
    """

    def __init__(self, weight: Tensor) -> None:
        from csm_cli.engine.kernels.vector import TILE

        outputs, width = weight.shape
        self.shape = (outputs, width)
        whole = np.zeros((-(-outputs // TILE) * TILE, width), dtype=np.float32)
        whole[:outputs] = weight.detach().numpy()
        self.panels = np.ascontiguousarray(whole.reshape(-1, TILE, width).transpose(0, 2, 1)).ravel()

    def __call__(self, x: Tensor) -> Tensor:
        from csm_cli.engine.kernels.loops import multiply

        outputs, width = self.shape
        rows = x.reshape(-1, width).contiguous().numpy()
        out = np.empty((len(rows), len(self.panels) // width), dtype=np.float32)
        multiply(self.panels, 0, rows, width, out, False)
        return torch.from_numpy(out)[:, :outputs].reshape(*x.shape[:-1], outputs)

    def add(self, x: Tensor, to: Tensor) -> Tensor:
        return self(x).add_(to)

    @property
    def bytes(self) -> int:
        return 4 * self.shape[0] * self.shape[1]


def loops_fit(config: Mapping[str, Any], device: torch.device) -> bool:
    """Whether the compiled loops can run a model: a small one on a CPU, its widths whole vectors, numba
    installed and usable.
    """
    if device.type != "cpu" or find_spec("numba") is None:
        return False
    parts = (config, config["depth_decoder_config"])
    if any(2 * part["hidden_size"] * part["intermediate_size"] >= SMALL_WORK for part in parts):
        return False  # torch's products on all cores win
    try:
        from csm_cli.engine.kernels.vector import LANES, USABLE
    except ImportError as error:  # numba refuses newer versions of numpy
        _log.warning("numba is installed and cannot be used (%s): going on without it, more slowly", error)
        return False

    def widths(part: Mapping[str, Any]) -> tuple[int, ...]:
        head = part.get("head_dim") or part["hidden_size"] // part["num_attention_heads"]
        return head, part["hidden_size"]

    return USABLE and all(width % LANES == 0 for part in parts for width in widths(part))


def compiled_before() -> bool:
    """Whether numba's cache holds the loops as they are in the sources, so that nothing is compiled."""
    from csm_cli.engine.kernels import loops, vector

    written = max(Path(str(module.__file__)).stat().st_mtime for module in (loops, vector))
    return any(file.stat().st_mtime >= written for file in _cache_files())


def note_compiled() -> None:
    """Mark numba's cache as up to date with the sources.

    numba compares their text, and leaves its files alone where only the time of a source has changed.
    """
    with suppress(OSError):
        for file in _cache_files():
            file.touch()


def _cache_files() -> list[Path]:
    from csm_cli.engine.kernels import loops

    return list(Path(str(loops.sample_frame.stats.cache_path)).glob("loops.sample_frame-*.nbi"))
