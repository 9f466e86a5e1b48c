"""Inner loops as vectors: LLVM code that numba compiles for the processor it finds.

Every output is summed up in the order of its inputs, one fused multiply-add after another, whatever the
number of rows and the width of the vectors: a row comes out the same to the last bit alone and among others,
and on every processor that has the instruction.

numba's cache does not see that something changed here: clear `__pycache__` after that.
"""

from __future__ import annotations

from typing import Any

import llvmlite.binding as llvm
from llvmlite import ir
from numba import config, types
from numba.extending import intrinsic

FLOAT, INDEX = ir.FloatType(), ir.IntType(64)

_FEATURES = llvm.get_host_cpu_features()
WIDE = bool(_FEATURES.get("avx512f"))
USABLE = not config.DISABLE_JIT and _FEATURES.get("fma", True)
"""Without the instruction each multiply-add would be a call."""

LANES = 16 if WIDE else 8
"""Numbers in a vector."""

TILE = 4 * LANES if WIDE else 2 * LANES
"""Outputs that are computed together: four rows of them fit the registers."""

ROWS = 4
"""Rows that are computed together."""


def _pointer(context: Any, builder: Any, kind: Any, value: Any, offset: Any) -> Any:
    data = context.make_array(kind)(context, builder, value).data
    return builder.gep(data, [offset])


def _vector(builder: Any, pointer: Any, lanes: int) -> Any:
    vector = builder.load(builder.bitcast(pointer, ir.VectorType(FLOAT, lanes).as_pointer()))
    vector.align = 4
    return vector


def _splat(builder: Any, value: Any, lanes: int) -> Any:
    kind = ir.VectorType(FLOAT, lanes)
    one = builder.insert_element(ir.Constant(kind, ir.Undefined), value, ir.Constant(ir.IntType(32), 0))
    mask = ir.Constant(ir.VectorType(ir.IntType(32), lanes), [0] * lanes)
    return builder.shuffle_vector(one, ir.Constant(kind, ir.Undefined), mask)


def _fma(builder: Any, lanes: int) -> Any:
    kind = ir.VectorType(FLOAT, lanes)
    name = f"llvm.fma.v{lanes}f32"
    found = builder.module.globals.get(name)
    return found or ir.Function(builder.module, ir.FunctionType(kind, [kind] * 3), name)


def _product(rows: int, outputs: int) -> Any:
    """An intrinsic: `rows` rows of x times a panel of weights, `outputs` columns wide.

    `out[r, j] (+)= sum_k x[r, k] * w[k, j]`. Arguments: w and where the panel begins, the numbers between its
    rows; x, where it begins, the numbers between its rows; the same of out; how many k; whether to add.
    """
    vectors = outputs // LANES

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        w, w_at, w_stride, x, x_at, x_stride, out, out_at, out_stride, depth, add = args
        kinds = signature.args
        kind = ir.VectorType(FLOAT, LANES)
        w_data = _pointer(context, builder, kinds[0], w, w_at)
        x_data = [
            _pointer(context, builder, kinds[3], x, builder.add(x_at, builder.mul(x_stride, INDEX(r))))
            for r in range(rows)
        ]
        out_data = [
            _pointer(context, builder, kinds[6], out, builder.add(out_at, builder.mul(out_stride, INDEX(r))))
            for r in range(rows)
        ]
        fma = _fma(builder, LANES)
        before = builder.block
        loop = builder.append_basic_block("product")
        after = builder.append_basic_block("written")
        builder.branch(loop)
        builder.position_at_end(loop)
        k = builder.phi(INDEX)
        k.add_incoming(INDEX(0), before)
        zero = ir.Constant(kind, [0.0] * LANES)
        sums = [[builder.phi(kind) for _ in range(vectors)] for _ in range(rows)]
        for row in sums:
            for each in row:
                each.add_incoming(zero, before)
        panel = builder.gep(w_data, [builder.mul(k, w_stride)])
        weights = [_vector(builder, builder.gep(panel, [INDEX(v * LANES)]), LANES) for v in range(vectors)]
        new = []
        for r in range(rows):
            number = _splat(builder, builder.load(builder.gep(x_data[r], [k])), LANES)
            new.append([builder.call(fma, [number, weights[v], sums[r][v]]) for v in range(vectors)])
        next_k = builder.add(k, INDEX(1))
        k.add_incoming(next_k, loop)
        for row, fresh in zip(sums, new, strict=True):
            for each, value in zip(row, fresh, strict=True):
                each.add_incoming(value, loop)
        builder.cbranch(builder.icmp_signed("<", next_k, depth), loop, after)
        builder.position_at_end(after)
        for r in range(rows):
            for v in range(vectors):
                place = builder.gep(out_data[r], [INDEX(v * LANES)])
                old = _vector(builder, place, LANES)
                total = builder.select(add, builder.fadd(old, new[r][v]), new[r][v])
                store = builder.store(total, builder.bitcast(place, kind.as_pointer()))
                store.align = 4
        return context.get_dummy_value()

    def typed(typing_context, w, w_at, w_stride, x, x_at, x_stride, out, out_at, out_stride, depth, add):
        n = types.int64
        return types.void(w, n, n, x, n, n, out, n, n, n, types.boolean), generate

    return intrinsic(typed)


one_row = _product(1, TILE)
four_rows = _product(ROWS, TILE)
few_columns = _product(1, LANES)
"""One row, as many columns as a vector has lanes."""


@intrinsic
def dot(typing_context, a, a_at, b, b_at, count):
    """sum(a[i] * b[i]) of `count` numbers, a multiple of 8, in a fixed order."""

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        lanes = 8
        kind = ir.VectorType(FLOAT, lanes)
        first = _pointer(context, builder, signature.args[0], args[0], args[1])
        second = _pointer(context, builder, signature.args[2], args[2], args[3])
        fma = _fma(builder, lanes)
        before = builder.block
        loop = builder.append_basic_block("dot")
        after = builder.append_basic_block("summed")
        builder.branch(loop)
        builder.position_at_end(loop)
        i, total = builder.phi(INDEX), builder.phi(kind)
        i.add_incoming(INDEX(0), before)
        total.add_incoming(ir.Constant(kind, [0.0] * lanes), before)
        more = builder.call(
            fma,
            [
                _vector(builder, builder.gep(first, [i]), lanes),
                _vector(builder, builder.gep(second, [i]), lanes),
                total,
            ],
        )
        next_i = builder.add(i, INDEX(lanes))
        i.add_incoming(next_i, loop)
        total.add_incoming(more, loop)
        builder.cbranch(builder.icmp_signed("<", next_i, args[4]), loop, after)
        builder.position_at_end(after)
        parts = [builder.extract_element(more, ir.IntType(32)(lane)) for lane in range(lanes)]
        while len(parts) > 1:
            half = len(parts) // 2
            parts = [builder.fadd(parts[j], parts[j + half]) for j in range(half)]
        return parts[0]

    return types.float32(a, types.int64, b, types.int64, types.int64), generate
