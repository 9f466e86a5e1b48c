"""How a product of a few rows is cut into programs, and its launch."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cache
from typing import Any

import torch
from torch import Tensor

from csm_cli.engine.gpu import product_kernels as kernels


@dataclass(frozen=True)
class Tile:
    """What one program computes, and how it is compiled.

    Attributes:
        rows, columns: of the output; one row: `product_one`, which has no parts.
        step: inputs read at a time.
        parts: programs that share out the inputs of an output.
        warps, stages: of 32 threads; tiles of inputs on their way at once.
        swap: the weight as the left factor, so that its rows fill the matrix units.
    """

    rows: int
    columns: int
    step: int
    parts: int = 1
    warps: int = 4
    stages: int = 4
    swap: bool = False


MEASURED = {
    # rows up to, outputs, inputs: of the depth decoder …
    (1, 1536, 1024): Tile(1, 8, 1024, warps=8),
    (1, 1024, 1024): Tile(1, 8, 1024, warps=8),
    (1, 8192, 1024): Tile(1, 4, 512),
    (1, 1024, 8192): Tile(1, 4, 4096, warps=8),
    (1, 2048, 1024): Tile(1, 8, 1024, warps=8),
    (16, 1536, 1024): Tile(16, 16, 128, stages=5),
    (16, 1024, 1024): Tile(16, 32, 64, 4, stages=5),
    (16, 8192, 1024): Tile(16, 64, 64, stages=5, swap=True),
    (16, 1024, 8192): Tile(16, 64, 128, 8, stages=5, swap=True),
    (16, 2048, 1024): Tile(16, 16, 128, stages=5),
    (64, 1536, 1024): Tile(64, 16, 128, stages=5),
    (64, 1024, 1024): Tile(64, 16, 128, 2, stages=5),
    (64, 8192, 1024): Tile(64, 64, 64, stages=5),
    (64, 1024, 8192): Tile(64, 32, 128, 4, stages=5),
    (64, 2048, 1024): Tile(64, 16, 128, stages=5),
    (256, 1536, 1024): Tile(64, 64, 128, swap=True),
    (256, 1024, 1024): Tile(64, 32, 128, stages=5),
    (256, 8192, 1024): Tile(128, 128, 64, warps=8, stages=3, swap=True),
    (256, 1024, 8192): Tile(64, 64, 128, 2),
    (256, 2048, 1024): Tile(64, 64, 128),
    # … and of the backbone
    (1, 3072, 2048): Tile(1, 8, 2048),
    (1, 2048, 2048): Tile(1, 4, 1024),
    (1, 8192, 2048): Tile(1, 2, 2048),
    (1, 2048, 8192): Tile(1, 8, 2048, warps=8),
    (16, 3072, 2048): Tile(16, 32, 128, stages=5),
    (16, 2048, 2048): Tile(16, 64, 128, 4, stages=5, swap=True),
    (16, 8192, 2048): Tile(16, 64, 128, swap=True),
    (16, 2048, 8192): Tile(16, 64, 128, 4, stages=5, swap=True),
    (64, 3072, 2048): Tile(64, 32, 128, stages=5),
    (64, 2048, 2048): Tile(64, 16, 128, stages=5),
    (64, 8192, 2048): Tile(64, 64, 64, stages=5),
    (64, 2048, 8192): Tile(64, 32, 128, 2, stages=5),
    (256, 3072, 2048): Tile(64, 128, 64, warps=8, stages=5),
    (256, 2048, 2048): Tile(64, 64, 128),
    (256, 8192, 2048): Tile(128, 128, 64, warps=8, stages=3, swap=True),
    (256, 2048, 8192): Tile(64, 128, 64, 2, warps=8, stages=5, swap=True),
}
"""The fastest of each product of csm-1b on an H200 in bfloat16 (`python -m benchmarks.tiles`)."""


def choose_tile(count: int, outputs: int, width: int, gated: bool, units: int, measured: bool = True) -> Tile:
    """A tile that gives all of the GPU's multiprocessors work, and each long rows of the weight to read.

    Args:
        count: rows.
        outputs, width: of the product.
        units: multiprocessors.
        measured: take what was measured on an H200, where it was.
    """
    most = 1 if count == 1 else 16 if count <= 16 else 64 if count <= 64 else 256
    if measured and (tile := MEASURED.get((most, outputs, width))):
        return tile
    if count == 1:
        return _tile_of_one(outputs, width, gated, units)
    rows = 16 if count <= 16 else 32 if count <= 32 else 64 if count <= 64 else 128
    step = _divisor(width, 64 if rows == 128 else 128)
    above = -(-count // rows)
    columns = 128 if not gated and rows < 128 else 64
    while columns > 16 and above * -(-outputs // columns) < units:
        columns //= 2
    parts = 1
    while not gated and parts < 8 and above * -(-outputs // columns) * parts * 2 <= 2 * units:
        if width % (parts * 2 * step) or width // (parts * 2) < 512:
            break
        parts *= 2
    return Tile(rows, columns, step, parts, warps=4 if rows < 128 else 8, stages=4 if rows < 128 else 3)


def _tile_of_one(outputs: int, width: int, gated: bool, units: int) -> Tile:
    step = _divisor(width, 1024)
    columns = 8 if gated else 16
    while columns > 2 and -(-outputs // columns) < 2 * units:
        columns //= 2
    return Tile(1, columns, step)


def _divisor(width: int, largest: int) -> int:
    """The largest power of two that divides a width, up to a limit."""
    return min(width & -width, largest)


@dataclass(frozen=True)
class Chip:
    """What a tile has to fit.

    Attributes:
        units: multiprocessors.
        room: bytes of shared memory that a program may use.
        measured: the tiles of `MEASURED` are for this kind.
    """

    units: int
    room: int
    measured: bool


@cache
def chip(device: torch.device) -> Chip:
    """Of a device; where kernels are interpreted, a small one."""
    if device.type != "cuda":
        return Chip(4, 100_000, False)
    found = torch.cuda.get_device_properties(device)
    room = getattr(found, "shared_memory_per_block_optin", 0) or 100_000
    return Chip(found.multi_processor_count, room, (found.major, found.minor) >= (9, 0))


def fitted(tile: Tile, gated: bool, itemsize: int, room: int) -> Tile:
    """The tile, with fewer stages and then shorter steps until its inputs, of `itemsize` bytes each, fit."""
    a_step = (tile.rows + tile.columns * (2 if gated else 1)) * itemsize
    while tile.rows > 1 and tile.stages * tile.step * a_step > room and (tile.stages > 2 or tile.step > 16):
        if tile.stages > 2:
            tile = replace(tile, stages=tile.stages - 1)
        else:
            tile = replace(tile, step=tile.step // 2)
    return tile


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
        return 1 << (self.partials - 1).bit_length()


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
        self.tiles: dict[int, Tile] = {}

    def tile(self, count: int) -> Tile:
        """The tile for a number of rows; `tiles` may hold another."""
        if count not in self.tiles:
            kind, itemsize = chip(self.weight.device), min(4, max(2, self.weight.element_size()))
            measured = kind.measured and itemsize == 2
            tile = choose_tile(count, self.outputs, self.width, self._gated, kind.units, measured)
            self.tiles[count] = fitted(tile, self._gated, itemsize, kind.room)
        return self.tiles[count]

    def __call__(self, x: Tensor, out: Tensor, early: bool = False) -> Tensor:
        """x `[B, in]` → out `[B, outputs]`, which is written to.

        Args:
            early: launched before the kernel before it has ended; for one row.
        """
        count, squares = len(x), self._squares
        tile = self.tile(count)
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
                squares.parts,
                eps,
                slots,
                **options,
                **launch(early),
            )
        else:
            partial, counters = self._scratch.room(grid[0] * grid[1], tile.parts * tile.rows * tile.columns)
            precision = "ieee" if x.dtype == torch.float32 else "tf32"
            kernels.product[grid](
                x,
                self.weight,
                scale,
                out,
                partial,
                counters,
                squares.parts,
                squares.parts,
                eps,
                count,
                slots,
                ROWS=tile.rows,
                PARTS=tile.parts,
                SWAP=tile.swap,
                PRECISION=precision,
                num_stages=tile.stages,
                **options,
            )
        if self._writes_x:
            squares.partials = grid[0]
        return out


def launch(early: bool) -> dict[str, bool]:
    """Arguments of a kernel: whether it is launched before the one before it has ended."""
    return {"EARLY": True, "launch_pdl": True} if early else {"EARLY": False}
