"""Compiles the kernels for a GPU of compute capability 9.0, which needs none: `python -m
tests.engine.gpu_kernels`.

Prints the name of each. The interpreter of the other tests does not know what a GPU's types allow.
"""

from __future__ import annotations

from typing import Any

from triton.backends.compiler import GPUTarget
from triton.compiler import ASTSource, compile

from csm_cli.engine.gpu import (
    codec,
    codec_transformer,
    frame_kernels,
    product_kernels,
    prompt_kernels,
    prompts,
)

TARGET = GPUTarget("cuda", 90, 32)


def build(kernel: Any, pointers: dict[str, str], numbers: dict[str, str], constants: dict[str, Any]) -> None:
    """Compile a kernel.

    Args:
        pointers: what arguments point to.
        numbers: types of the others that are no constants.
    """
    names, early = kernel.arg_names, bool(constants.get("EARLY"))
    kinds = {name: f"*{kind}" for name, kind in pointers.items()} | numbers
    signature = {name: kinds.get(name, "constexpr") for name in names}
    values = {(names.index(name),): value for name, value in constants.items()}
    aligned = {(names.index(name),): [["tt.divisibility", 16]] for name in pointers}
    options = {"launch_pdl": True} if early else {}
    compile(ASTSource(kernel, signature, values, aligned), target=TARGET, options=options)
    print(kernel.fn.__name__, flush=True)


def build_products(x: str, weight: str) -> None:
    """With all that surrounds them, and without."""
    base = {"x": x, "weight": weight, "scale": "fp32", "out": x, "squares": "fp32"}
    for gated, add, partials, swap in ((True, False, 32, True), (False, True, 0, False)):
        shape = {"OUTPUTS": 1024, "WIDTH": 1024, "PARTIALS": partials, "PADDED": max(1, partials)}
        kind = {"GATED": gated, "ADD": add, "SQUARES": add, "SCALED": weight != x}
        tile = {"ROWS": 16, "COLUMNS": 64, "STEP": 128, "PARTS": 1 if gated else 4, "SWAP": swap}
        build(
            product_kernels.product,
            base | {"partial": "fp32", "counters": "i32"},
            {"eps": "fp32", "count": "i32", "stride": "i32"},
            {**shape, **kind, **tile, "PRECISION": "tf32"},
        )
        one = {"COLUMNS": 8, "STEP": 512, "EARLY": add}
        build(product_kernels.product_one, base, {"eps": "fp32", "stride": "i32"}, {**shape, **kind, **one})


def build_frames(kind: str) -> None:
    """Attention, sampling and the state."""
    heads = {"FIELDS": 9, "PENDING": 4, "HEADS": 8, "KV_HEADS": 2, "GROUP": 16, "PARTIALS": 32, "PADDED": 32}
    for uniform, positions, block, width in ((True, 32, 32, 128), (False, 2112, 64, 64)):
        build(
            frame_kernels.attend_one,
            dict.fromkeys(("qkv", "out", "keys", "values"), kind)
            | {"rotation": "fp32", "squares": "fp32", "places": kind if uniform else "i64"},
            {"place": "i32", "last": "i32", "stride": "i32", "eps": "fp32", "scale": "fp32"},
            {
                **heads,
                "POSITIONS": positions,
                "D": width,
                "BLOCK": block,
                "UNIFORM": uniform,
                "PRECISION": "tf32",
                "EARLY": uniform,
            },
        )
    state = {"FIELDS": 9, "FRAME": 1, "K": 32}
    build(
        frame_kernels.draw_code,
        {"logits": "fp32", "numbers": "i64", "temperatures": "fp32", "codes": "i64"}
        | {"table": kind, "x": kind, "squares": "fp32"},
        {"book": "i32", "stride": "i32"},
        {**state, "KEY": 5, "TOP_K": 7, "DECODER": 1, "V": 2048, "VOCAB": 2051, "CANDIDATES": 2048}
        | {"WIDTH": 1024, "PADDED": 1024, "EMBED": True, "EARLY": False},
    )
    build(
        frame_kernels.embed_frame,
        {"codes": "i64", "table": kind, "x": kind, "squares": "fp32"},
        {"stride": "i32"},
        {"VOCAB": 2051, "K": 32, "WIDTH": 2048, "CHUNK": 512, "EARLY": False},
    )
    build(
        frame_kernels.settle_hidden,
        {"x": kind, "weight": kind, "hidden": kind, "numbers": "i64"},
        {"eps": "fp32"},
        {"FIELDS": 9, "PENDING": 4, "LENGTH": 0, "WIDTH": 2048, "PADDED": 2048, "EARLY": False},
    )
    build(
        frame_kernels.close_frame,
        {"codes": "i64", "numbers": "i64", "report": "i16"},
        {},
        {**state, "EOS": 0, "CAP": 2, "RUNNING": 3, "PENDING": 4, "PADDED": 32, "EARLY": False},
    )


def build_prompts(kind: str) -> None:
    """Prompts of several lines."""
    shape = {"POSITIONS": 2112, "HEADS": 32, "KV_HEADS": 8, "D": 64}
    caches = {"qkv": kind, "keys": kind, "values": kind, "rotation": "fp32"}
    build(
        prompt_kernels.norm_rows, {"x": kind, "out": kind}, {"eps": "fp32"}, {"WIDTH": 2048, "PADDED": 2048}
    )
    build(prompt_kernels.gate, {"both": kind, "out": kind}, {}, {"WIDTH": 8192, "CHUNK": 1024})
    build(
        prompt_kernels.turn_heads,
        {**caches, "slots": "i32", "places": "i32"},
        {"last": "i32"},
        {**shape, "QUERIES": 32, "PADDED": 8},
    )
    build(
        prompt_kernels.attend_prompt,
        {"qkv": kind, "out": kind, "keys": kind, "values": kind, "tiles": "i32"},
        {"scale": "fp32"},
        {**shape, "ROWS": prompts.TILE, "BLOCK": 64, "PRECISION": "tf32"},
    )


def main() -> None:
    """All kernels, in the number types that they are used with."""
    for kind, weight in (("bf16", "bf16"), ("bf16", "i8"), ("bf16", "fp8e4nv"), ("fp32", "fp32")):
        build_products(kind, weight)
    for kind in ("bf16", "fp32"):
        build_frames(kind)
        build_prompts(kind)
    for kind in ("fp16", "fp32"):
        build(
            codec_transformer.turn_pairs,
            {"qkv": kind, "cos": "fp32", "sin": "fp32"},
            {"length": "i32"},
            {"HEADS": 16, "ALL": 24, "HALF": 32, "PADDED": 16},
        )
        # First of a residual; second, before another; a transposed one; the last.
        for columns, add, keep, elu in (
            (128, False, False, True),
            (128, True, True, True),
            (64, False, True, True),
            (16, False, False, False),
        ):
            given = dict.fromkeys(("x", "weight", "bias", "added", "kept"), kind)
            build(
                codec.convolve,
                given | {"out": kind if elu else "fp32", "places": "i32"},
                {"rows": "i32", "rate": "i32", "before": "i32", "channels": "i32"}
                | {"inputs": "i32", "outputs": "i32", "biases": "i32"},
                {"ROWS": 128, "COLUMNS": columns, "STEP": 64 if kind == "fp16" else 32}
                | {"ADD": add, "KEEP": keep, "ELU": elu},
            )


if __name__ == "__main__":
    main()
