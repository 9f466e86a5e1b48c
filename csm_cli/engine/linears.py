"""Matrix products for each device and number type. All of them compute `x @ weight.T`.

`Plain` is the reference. `OneDnnLinear` is the same in float32 on a CPU, faster from a layout made
beforehand. Those of 8 bits round weights, one scale for each row of them; on a CPU also what goes in, one
scale for each position, so that a line does not depend on its neighbours.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any, Protocol

import torch
from torch import Tensor
from torch.nn import functional as F

from csm_cli.core.errors import MissingError, UsageError
from csm_cli.engine.kernels.panels import Panels

_PACKED_ROWS = 16
"""Rows that oneDNN lays weights out for; it is fast for 1 to 64 rows."""

_ALONE_WIDTH = 512
"""Numbers in a row up to which oneDNN adds a single row up as it does one of several: 1024 with AVX-512."""


class Linear(Protocol):
    """A weight `[out, in]` that vectors are multiplied by."""

    def __call__(self, x: Tensor) -> Tensor:
        """`[..., in]` → `[..., out]`."""

    def add(self, x: Tensor, to: Tensor) -> Tensor:
        """The product plus `to` `[..., out]`, which may be written over."""

    @property
    def bytes(self) -> int:
        """Bytes of the weight read for a product."""


@dataclass(frozen=True)
class Plain:
    """The weight as it is, `[out, in]`; the reference."""

    weight: Tensor

    def __call__(self, x: Tensor) -> Tensor:
        return F.linear(x, self.weight)

    def add(self, x: Tensor, to: Tensor) -> Tensor:
        if x.ndim == 2:
            return to.addmm_(x, self.weight.T)  # in place: no copy of `to` first
        return to + F.linear(x, self.weight)

    @property
    def bytes(self) -> int:
        return self.weight.numel() * self.weight.element_size()


class OneDnnLinear:
    """Float32 on a CPU, in oneDNN's layout: no repacking in every product, which is most of the work of a few
    rows, and every row adds up alike, however many there are.

    A single row of a wide weight would not: it is computed twice, which takes no longer, as reading the
    weight takes most of the time.

    Args:
        weight: `[out, in]`.
    """

    def __init__(self, weight: Tensor) -> None:
        self._shape = weight.shape
        self._weight = torch.ops.mkldnn._reorder_linear_weight(weight.float().contiguous(), _PACKED_ROWS)
        self._product = torch.ops.mkldnn._linear_pointwise.default
        self._twice = self._shape[1] > _ALONE_WIDTH

    def __call__(self, x: Tensor) -> Tensor:
        rows = x if x.ndim == 2 else x.reshape(-1, self._shape[1])
        if self._twice and len(rows) == 1:
            rows = rows.repeat(2, 1)
            return self._product(rows, self._weight, None, "none", [], "")[:1].view(*x.shape[:-1], -1)
        out = self._product(rows, self._weight, None, "none", [], "")
        return out if x.ndim == 2 else out.view(*x.shape[:-1], self._shape[0])

    def add(self, x: Tensor, to: Tensor) -> Tensor:
        return self(x).add_(to)

    @property
    def bytes(self) -> int:
        return 4 * self._shape.numel()


class Int8:
    """8-bit weights and activations on a CPU; whole numbers are summed exactly, so rows do not depend on how
    many there are.
    """

    def __init__(self, weight: Tensor) -> None:
        rounded, scale = round_rows(weight.float(), 127)
        self._shape = weight.shape
        self._weight = torch.ops.onednn.qlinear_prepack(rounded.to(torch.int8), None)
        self._scale = scale[:, 0].contiguous()
        self._zeros = torch.zeros(len(weight), dtype=torch.int64)
        self._middle = torch.tensor(128.5)

    def __call__(self, x: Tensor) -> Tensor:
        rows = x.reshape(-1, self._shape[1]).float()
        scale = (
            torch.linalg.vector_norm(rows, ord=torch.inf, dim=-1, keepdim=True).clamp_(min=1e-20).div_(127)
        )
        # Unsigned, with 128 for zero, and cut off: rounding to the nearest.
        whole = torch.addcdiv(self._middle, rows, scale).to(torch.uint8)
        out = torch.ops.onednn.qlinear_pointwise(
            whole,
            1.0,
            128,
            self._weight,
            self._scale,
            self._zeros,
            None,
            1.0,
            0,
            torch.float32,
            "none",
            [],
            "",
        )
        return out.mul_(scale).to(x.dtype).view(*x.shape[:-1], self._shape[0])

    def add(self, x: Tensor, to: Tensor) -> Tensor:
        return self(x).add_(to)

    @property
    def bytes(self) -> int:
        return self._shape.numel()


class Eight:
    """8-bit weights on CUDA, whole numbers or float8 (e4m3), one scale for each row; what goes in is not
    rounded.

    Args:
        weight: `[out, in]`.
        kind: `torch.int8` or `torch.float8_e4m3fn`.
    """

    def __init__(self, weight: Tensor, kind: torch.dtype) -> None:
        whole = kind == torch.int8
        rounded, scale = round_rows(weight.float(), 127 if whole else 448, whole=whole)
        self.weight, self.scale = rounded.to(kind), scale[:, 0].contiguous()

    def __call__(self, x: Tensor) -> Tensor:
        return (F.linear(x, self.weight.to(x.dtype)).float() * self.scale).to(x.dtype)

    def add(self, x: Tensor, to: Tensor) -> Tensor:
        return self(x) + to

    @property
    def bytes(self) -> int:
        return self.weight.numel()


def round_rows(weight: Tensor, largest: int, whole: bool = True) -> tuple[Tensor, Tensor]:
    """Scale each row so that its largest value becomes `largest`; (scaled, rounded if `whole`; scales
    `[rows, 1]`).
    """
    scale = weight.abs().amax(dim=1, keepdim=True).clamp(min=1e-20) / largest
    scaled = weight / scale
    return (scaled.round() if whole else scaled), scale


def choose_linear(
    device: torch.device, dtype: torch.dtype, quantize: str | None = None, eager: bool = False
) -> Callable[[Tensor], Linear]:
    """The class of `linears` for the layers of a model.

    Args:
        device, dtype: of the model.
        quantize: int8, fp8 or None.
        eager: the reference, `Plain`.

    Raises:
        UsageError: no such way to quantise, or not with `eager`.
        MissingError: this processor or this torch has no such product.
    """
    if quantize is None:
        fits = device.type == "cpu" and dtype == torch.float32 and not eager and _runs(OneDnnLinear)
        return OneDnnLinear if fits else Plain
    if eager:
        raise UsageError("--eager turns every speed-up off, and --quantize is one", remedy="give one of them")
    kinds: dict[tuple[str, str], Any] = {
        ("cpu", "int8"): Int8,
        ("cuda", "int8"): partial(Eight, kind=torch.int8),
        ("cuda", "fp8"): partial(Eight, kind=torch.float8_e4m3fn),
    }
    if quantize not in ("int8", "fp8"):
        raise UsageError("no such way to quantise", where=f"--quantize {quantize}", remedy="use int8 or fp8")
    kind = kinds.get((device.type, quantize))
    if kind is None:
        raise UsageError(
            f"there is no {quantize} on {device.type}",
            where="--quantize",
            remedy="leave it out, or use --eager",
        )
    if kind is Int8 and not _runs(Int8):
        raise MissingError(
            "this build of torch has no 8-bit products for this processor",
            where="--quantize int8",
            remedy="leave it out, or use --eager",
        )
    return kind


def heads_linear(linear: Callable[[Tensor], Linear]) -> Callable[[Tensor], Linear]:
    """The class for products that are never quantised, beside layers of the class `linear`."""
    if linear in (OneDnnLinear, Panels):
        return linear
    return OneDnnLinear if linear is Int8 and _runs(OneDnnLinear) else Plain


def _runs(kind: Any) -> bool:
    """Whether this build of torch and this processor have the product of a class."""
    try:
        with torch.inference_mode():
            weight = torch.eye(16) + 0.25
            found = kind(weight)(torch.ones(2, 16))
        return bool((found - 5.0).abs().max() < 0.2)
    except (RuntimeError, AttributeError, NotImplementedError):
        return False
