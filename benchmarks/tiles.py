"""Which tile is fastest for each product of csm-1b's frame, at several batches: `python -m benchmarks.tiles`.

For a CUDA machine. Every candidate runs recorded, over weights that do not fit into the L2 cache, as in a
frame. Prints the best ones, beside torch's own product, as JSON lines.
"""

from __future__ import annotations

import argparse
import itertools
import json
import sys
from collections.abc import Callable, Iterator
from dataclasses import asdict
from typing import Any

import torch

from csm_cli.engine.gpu.products import Product, Scratch, Squares
from csm_cli.engine.gpu.tiles import Tile, choose_tile
from csm_cli.engine.linears import Eight, Plain

PRODUCTS: dict[str, dict[str, Any]] = {
    "depth qkv": {"out": 1536, "width": 1024, "norm": True},
    "depth out": {"out": 1024, "width": 1024, "add": True},
    "depth gate_up": {"out": 8192, "width": 1024, "norm": True, "gated": True},
    "depth down": {"out": 1024, "width": 8192, "add": True},
    "depth head": {"out": 2048, "width": 1024, "norm": True},
    "backbone qkv": {"out": 3072, "width": 2048, "norm": True},
    "backbone out": {"out": 2048, "width": 2048, "add": True},
    "backbone gate_up": {"out": 8192, "width": 2048, "norm": True, "gated": True},
    "backbone down": {"out": 2048, "width": 8192, "add": True},
}
"""Of csm-1b, by name."""

_POOL = 200_000_000
"""Bytes of weights that a measurement goes through, several times the L2 cache."""


def candidates(count: int, out: int, width: int, gated: bool) -> Iterator[Tile]:
    """Tiles worth a trial for a product."""
    if count == 1:
        for columns, step, warps in itertools.product((2, 4, 8, 16), (512, 1024, 2048, 4096), (4, 8)):
            numbers = columns * step * (2 if gated else 1) // (32 * warps)
            if step <= width and 16 <= numbers <= 128 and out // columns >= 100:
                yield Tile(1, columns, step, warps=warps)
        return
    rows = [16] if count <= 16 else [32] if count <= 32 else [64] if count <= 64 else [64, 128]
    parts = (1,) if gated else (1, 2, 4, 8)
    for row, columns, step, part, swap in itertools.product(
        rows, (16, 32, 64, 128, 256), (64, 128), parts, (False, True)
    ):
        programs = -(-count // row) * -(-out // columns) * part
        fits = width // part >= 4 * step and row * columns <= (128 * 128 if gated else 128 * 256)
        if not fits or not 90 <= programs <= 540 or (swap and columns < 64):
            continue
        stages = max(2, min(5, 220_000 // (2 * step * (row + columns * (2 if gated else 1)))))
        yield Tile(row, columns, step, part, 8 if row * columns >= 128 * 64 else 4, stages, swap)


def milliseconds(run: Callable[[], None]) -> float:
    """Of a recorded run, the median of several."""
    run()
    graph = torch.cuda.CUDAGraph()
    with torch.cuda.graph(graph):
        run()
    times = []
    for _ in range(5):
        begin, end = (torch.cuda.Event(enable_timing=True) for _ in range(2))
        begin.record()
        graph.replay()
        end.record()
        end.synchronize()
        times.append(begin.elapsed_time(end))
    return sorted(times)[2]


def measure(name: str, count: int, kind: torch.dtype | None, compile_only: bool) -> dict[str, Any]:
    """The fastest tiles of a product for a number of rows."""
    shape = PRODUCTS[name]
    out, width, gated = shape["out"], shape["width"], shape.get("gated", False)
    rows = out * (2 if gated else 1)
    several = max(4, _POOL // (rows * width * (2 if kind is None else 1)))
    device = torch.device("cuda")
    weights = [
        torch.empty(rows, width, device=device, dtype=torch.bfloat16).uniform_(-0.03, 0.03)
        for _ in range(several)
    ]
    linears: list[Any] = [Plain(w) if kind is None else Eight(w, kind) for w in weights]
    scratch, squares = Scratch(device), Squares(count, device)
    options = {"norm_eps": 0.3 if shape.get("norm") else None, "gated": gated}
    options |= {"add": shape.get("add", False), "writes_x": shape.get("add", False)}
    products = [Product(each, scratch, squares, **options) for each in linears]
    x = torch.randn(count, width, device=device, dtype=torch.bfloat16)
    y = torch.zeros(count, out, device=device, dtype=torch.float32 if name == "depth head" else x.dtype)
    units = torch.cuda.get_device_properties(0).multi_processor_count
    found = []
    first = choose_tile(count, out, width, gated, units)
    for tile in [first, *candidates(count, out, width, gated)]:

        def run(tile: Tile = tile) -> None:
            for product in products[: 1 if compile_only else None]:
                squares.partials = 1 if options["norm_eps"] is None else 32
                product.tiles[count] = tile
                product(x, y, early=count == 1)

        try:
            if compile_only:
                run()
            else:
                found.append((milliseconds(run) * 1e3 / several, tile))
        except Exception as error:  # a tile that does not fit
            print(f"{name} {count} {tile}: {str(error)[:100]}", file=sys.stderr)
    if compile_only:
        return {"product": name, "rows": count}

    def plain() -> None:
        for w in weights:
            torch.nn.functional.linear(x, w)

    chosen = found[0][0]
    found.sort(key=lambda pair: pair[0])
    best = found[:6]
    terabytes = rows * width * (2 if kind is None else 1) / 1e6 / best[0][0]
    return {
        "product": name,
        "rows": count,
        "kind": str(kind),
        "microseconds": [round(each, 2) for each, _ in best],
        "chosen_microseconds": round(chosen, 2),
        "torch_microseconds": round(milliseconds(plain) * 1e3 / several, 2),
        "tb_per_second": round(terabytes, 2),
        "tiles": [asdict(tile) for _, tile in best],
    }


def main() -> None:
    """Measure what the command line says."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.tiles", description=__doc__)
    parser.add_argument("--rows", default="1,16,64,256")
    parser.add_argument("--products", default=",".join(PRODUCTS))
    parser.add_argument("--kind", choices=["int8", "fp8"])
    parser.add_argument("--compile", action="store_true", help="only compile: several processes may do that")
    options = parser.parse_args()
    kind = {"int8": torch.int8, "fp8": torch.float8_e4m3fn, None: None}[options.kind]
    with torch.inference_mode():
        for name in options.products.split(","):
            for count in options.rows.split(","):
                print(json.dumps(measure(name, int(count), kind, options.compile)), flush=True)


if __name__ == "__main__":
    main()
