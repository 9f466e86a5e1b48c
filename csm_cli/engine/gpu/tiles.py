"""How a product of a few rows is cut into programs."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cache

import torch


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
    (256, 1024, 1024): Tile(64, 32, 128, stages=5),
    (256, 8192, 1024): Tile(128, 128, 64, warps=8, swap=True),
    (256, 1024, 8192): Tile(64, 128, 128, 4, warps=8, swap=True),
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
    (256, 2048, 2048): Tile(64, 64, 128),
    (256, 8192, 2048): Tile(128, 128, 64, warps=8),
    (256, 2048, 8192): Tile(128, 64, 128, 2, warps=8),
}
"""The fastest of each product of csm-1b on an H200 in bfloat16 (`python -m benchmarks.tiles`)."""

TORCH = {(256, 1536, 1024), (256, 3072, 2048)}
"""Of the same, those that torch's own products are faster for."""


def row_class(count: int) -> int:
    """The rows that a product of fewer is measured for."""
    return 1 if count == 1 else 16 if count <= 16 else 64 if count <= 64 else 256


def choose_tile(count: int, outputs: int, width: int, gated: bool, units: int, measured: bool = True) -> Tile:
    """A tile that gives all of the GPU's multiprocessors work, and each long rows of the weight to read.

    Args:
        count: rows.
        outputs, width: of the product.
        units: multiprocessors.
        measured: take what was measured on an H200, where it was.
    """
    if measured and (tile := MEASURED.get((row_class(count), outputs, width))):
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
