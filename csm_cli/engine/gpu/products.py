"""Products of a few rows, and the launch of their kernels."""

from __future__ import annotations

import math
from typing import Any

import torch
from torch import Tensor

from csm_cli.engine.gpu import product_kernels as kernels
from csm_cli.engine.gpu.tiles import TORCH, Tile, chip, choose_tile, fitted, row_class
from csm_cli.engine.layout import power_of_two


class Scratch:
    """Memory that products of several parts add up in; one for all, as they run one after another."""

    def __init__(self, device: torch.device) -> None:
        self._device = device
        # All of them are kept: a recorded frame goes on using the one it was recorded with.
        self._rooms: list[tuple[Tensor, Tensor]] = []

    def room(self, tiles: int, numbers: int) -> tuple[Tensor, Tensor]:
        """float32 `[tiles * numbers]` or more, and int32 zeros `[tiles]` or more."""
        if not self._rooms or self._rooms[-1][0].numel() < tiles * numbers or len(self._rooms[-1][1]) < tiles:
            partial = torch.empty(max(tiles * numbers, 1 << 22), dtype=torch.float32, device=self._device)
            counters = torch.zeros(max(tiles, 4096), dtype=torch.int32, device=self._device)
            self._rooms.append((partial, counters))
        return self._rooms[-1]


class Squares:
    """Sums of squares of the rows of x, which its next norm needs: whoever writes x writes them, in parts.

    Args:
        slots: rows there is room for.

    Attributes:
        parts: float32 `[slots, 4096]`, of which the first `partials` count.
    """

    def __init__(self, slots: int, device: torch.device) -> None:
        self.parts = torch.zeros(slots, 4096, dtype=torch.float32, device=device)
        self.partials = 1

    @property
    def padded(self) -> int:
        """A power of two that is not below `partials`."""
        return power_of_two(self.partials)


class Product:
    """x · weight.T with its surroundings fused in; see `product_kernels.product`.

    Args:
        linear: with a `weight` `[out, in]`, and a `scale` `[out]` if its numbers are of 8 bits.
        scratch: shared with the other products of a model.
        squares: of x.
        norm_eps: `layout.Stack.eps`, if x is normed on the way.
        gated, add: as `product_kernels.product`.
        writes_x: what comes out is x: the squares are written too.
    """

    def __init__(
        self,
        linear: Any,
        scratch: Scratch,
        squares: Squares,
        *,
        norm_eps: float | None = None,
        gated: bool = False,
        add: bool = False,
        writes_x: bool = False,
    ) -> None:
        self.weight: Tensor = linear.weight
        self.scale: Tensor | None = getattr(linear, "scale", None)
        self.width = self.weight.shape[1]
        self.outputs = len(self.weight) // (2 if gated else 1)
        self._scratch, self._squares, self._eps = scratch, squares, norm_eps
        self._gated, self._add, self._writes_x = gated, add, writes_x
        self.tiles: dict[int, Tile | None] = {}

    def tile(self, count: int) -> Tile | None:
        """The tile for a number of rows, None if torch computes the product; `tiles` may hold another."""
        if count not in self.tiles:
            kind, itemsize = chip(self.weight.device), min(4, max(2, self.weight.element_size()))
            measured = kind.measured and itemsize == 2
            shape = row_class(count), self.outputs, self.width
            plain = not (self._gated or self._add or self._writes_x) and self._eps is None
            # Not yet normed: too large for float16.
            if measured and plain and shape in TORCH and self.weight.dtype == torch.bfloat16:
                self.tiles[count] = None
            else:
                tile = choose_tile(count, self.outputs, self.width, self._gated, kind.units, measured)
                self.tiles[count] = fitted(tile, self._gated, itemsize, kind.room)
        return self.tiles[count]

    def __call__(self, x: Tensor, out: Tensor, early: bool = False) -> Tensor:
        """x `[B, in]` → out `[B, outputs]`, which is written to.

        Args:
            early: launched before the kernel before it has ended; for one row.
        """
        count, squares = len(x), self._squares
        if (tile := self.tile(count)) is None:
            return torch.mm(x, self.weight.t(), out=out)
        grid = (-(-self.outputs // tile.columns), -(-count // tile.rows), tile.parts)
        scale = x if self.scale is None else self.scale
        options = {
            "OUTPUTS": self.outputs,
            "WIDTH": self.width,
            "COLUMNS": tile.columns,
            "STEP": tile.step,
            "PARTIALS": 0 if self._eps is None else squares.partials,
            "PADDED": 1 if self._eps is None else squares.padded,
            "GATED": self._gated,
            "ADD": self._add,
            "SQUARES": self._writes_x,
            "SCALED": self.scale is not None,
            "num_warps": tile.warps,
        }
        slots, eps = squares.parts.shape[1], self._eps or 0.0
        if tile.rows == 1:
            kernels.product_one[grid[:1]](
                x,
                self.weight,
                scale,
                out,
                squares.parts,
                eps,
                slots,
                **options,
                **launch(early),
            )
        else:
            partial, counters = self._scratch.room(grid[0] * grid[1], tile.parts * tile.rows * tile.columns)
            kernels.product[grid](
                x,
                self.weight,
                scale,
                out,
                partial,
                counters,
                squares.parts,
                eps,
                count,
                slots,
                ROWS=tile.rows,
                PARTS=tile.parts,
                SWAP=tile.swap,
                PRECISION=precision(x.dtype),
                num_stages=tile.stages,
                **options,
            )
        if self._writes_x:
            squares.partials = grid[0]
        return out


def precision(kind: torch.dtype) -> str:
    """How the matrix units take numbers of a type: float32 as it is."""
    return "ieee" if kind == torch.float32 else "tf32"


def score_scale(head_dim: int) -> float:
    """What a query's product with a key is multiplied by, so that 2 to the result is its weight."""
    return 1 / (math.log(2) * math.sqrt(head_dim))


def launch(early: bool) -> dict[str, bool]:
    """Arguments of a kernel: whether it is launched before the one before it has ended."""
    return {"EARLY": True, "launch_pdl": True} if early else {"EARLY": False}
