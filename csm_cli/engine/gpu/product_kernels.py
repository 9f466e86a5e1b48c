"""Products of a few rows with a weight, and what stands around them, in one kernel.

Shapes: B rows, H inputs. With programmatic dependent launch (EARLY) a kernel has been started before the one
before it has ended: it calls `wait` before it touches anything that changes.
"""

from __future__ import annotations

import triton
import triton.language as tl


@triton.jit
def wait(EARLY: tl.constexpr):
    if EARLY:
        tl.extra.cuda.gdc_wait()
        tl.extra.cuda.gdc_launch_dependents()


@triton.jit
def norm_factor(squares, rows, stride, eps, PARTIALS: tl.constexpr, PADDED: tl.constexpr):
    """1 / sqrt(|x|² + eps²) of rows `[N]`; squares: parts of |x|², float32 `[B, stride]`."""
    part = tl.arange(0, PADDED)
    at = squares + rows[:, None] * stride + part[None, :]
    found = tl.load(at, mask=(part < PARTIALS)[None, :], other=0.0)
    return tl.rsqrt(tl.sum(found, axis=1) + eps * eps)


@triton.jit
def _finish(
    total, out, squares, rows, numbers, count, stride, column, ADD: tl.constexpr, SQUARES: tl.constexpr,
    OUTPUTS: tl.constexpr,
):  # fmt: skip
    """Write `[ROWS, COLUMNS]` of a product, added to what is there; note the squares of what is written."""
    at = out + rows[:, None] * OUTPUTS + column[None, :]
    mask = (numbers < count)[:, None] & (column < OUTPUTS)[None, :]
    if ADD:
        total += tl.load(at, mask=mask, other=0.0).to(tl.float32)
    written = total.to(out.dtype.element_ty)
    tl.store(at, written, mask=mask)
    if SQUARES:
        wide = tl.where(mask, written.to(tl.float32), 0.0)
        spot = squares + rows * stride + tl.program_id(0)
        tl.store(spot, tl.sum(wide * wide, axis=1), mask=numbers < count)


@triton.jit(do_not_specialize=["count", "stride"])
def product(
    x, weight, scale, out, partial, counters, squares, eps, count, stride, OUTPUTS: tl.constexpr,
    WIDTH: tl.constexpr, ROWS: tl.constexpr, COLUMNS: tl.constexpr, STEP: tl.constexpr, PARTS: tl.constexpr,
    PARTIALS: tl.constexpr, PADDED: tl.constexpr, GATED: tl.constexpr, ADD: tl.constexpr,
    SQUARES: tl.constexpr, SCALED: tl.constexpr, SWAP: tl.constexpr, PRECISION: tl.constexpr,
):  # fmt: skip
    """out `[B, OUTPUTS]` = x `[B, WIDTH]` · weight.T, and around it:

    PARTIALS: x is divided by sqrt(|x|² + eps²) first; see `norm_factor`. GATED: the weight has 2 · OUTPUTS
    rows; silu of the first half times the second. ADD: added to what is in out. SQUARES: those of what is
    written go to `squares`, one sum for each program. SCALED: the weight's rows are multiplied by `scale`.
    PARTS: programs share out the inputs; the last to finish adds the parts up, always in the same order.
    """
    PART: tl.constexpr = WIDTH // PARTS
    part = tl.program_id(2)
    numbers = tl.program_id(1) * ROWS + tl.arange(0, ROWS)
    column = tl.program_id(0) * COLUMNS + tl.arange(0, COLUMNS)
    columns, inputs = column % OUTPUTS, part * PART + tl.arange(0, STEP)
    rows = tl.minimum(numbers, count - 1)
    x_at = x + rows[:, None] * WIDTH + inputs[None, :]
    weight_at = weight + columns[:, None] * WIDTH + inputs[None, :]
    if PARTIALS > 0:
        factor = norm_factor(squares, rows, stride, eps, PARTIALS, PADDED)[:, None]
    if SWAP:
        total = tl.zeros((COLUMNS, ROWS), tl.float32)
    else:
        total = tl.zeros((ROWS, COLUMNS), tl.float32)
    upper = total
    for k in range(0, PART, STEP):
        left = tl.load(x_at + k)
        right = tl.load(weight_at + k).to(left.dtype)
        if SWAP:
            total = tl.dot(right, tl.trans(left), total, input_precision=PRECISION)
        else:
            total = tl.dot(left, tl.trans(right), total, input_precision=PRECISION)
        if GATED:
            right = tl.load(weight_at + OUTPUTS * WIDTH + k).to(left.dtype)
            if SWAP:
                upper = tl.dot(right, tl.trans(left), upper, input_precision=PRECISION)
            else:
                upper = tl.dot(left, tl.trans(right), upper, input_precision=PRECISION)
    if SWAP:
        total, upper = tl.trans(total), tl.trans(upper)
    if SCALED:
        total *= tl.load(scale + columns)[None, :]
        upper *= tl.load(scale + (OUTPUTS if GATED else 0) + columns)[None, :]
    if PARTIALS > 0:
        total, upper = total * factor, upper * factor
    if GATED:
        total = total * tl.sigmoid(total) * upper
    if PARTS > 1:
        tile = tl.program_id(1) * tl.num_programs(0) + tl.program_id(0)
        room = (tl.arange(0, ROWS) * COLUMNS)[:, None] + tl.arange(0, COLUMNS)[None, :]
        at = partial + tile * (PARTS * ROWS * COLUMNS) + room
        tl.store(at + part * (ROWS * COLUMNS), total)
        tl.debug_barrier()
        before = tl.atomic_add(counters + tile, 1, sem="acq_rel", scope="gpu")
        if before == PARTS - 1:
            total = tl.zeros((ROWS, COLUMNS), tl.float32)
            for each in tl.static_range(PARTS):
                total += tl.load(at + each * (ROWS * COLUMNS), cache_modifier=".cg")
            _finish(total, out, squares, rows, numbers, count, stride, column, ADD, SQUARES, OUTPUTS)
            tl.store(counters + tile, 0)
    else:
        _finish(total, out, squares, rows, numbers, count, stride, column, ADD, SQUARES, OUTPUTS)


@triton.jit
def product_one(
    x, weight, scale, out, squares, eps, stride, OUTPUTS: tl.constexpr, WIDTH: tl.constexpr,
    COLUMNS: tl.constexpr, STEP: tl.constexpr, PARTIALS: tl.constexpr, PADDED: tl.constexpr,
    GATED: tl.constexpr, ADD: tl.constexpr, SQUARES: tl.constexpr, SCALED: tl.constexpr, EARLY: tl.constexpr,
):  # fmt: skip
    """`product` of a single row, without matrix units: the weight goes through registers, and the first part
    of it is fetched while the kernel before this one still runs."""
    column = tl.program_id(0) * COLUMNS + tl.arange(0, COLUMNS)
    columns, inputs = column % OUTPUTS, tl.arange(0, STEP)
    at = weight + columns[:, None] * WIDTH + inputs[None, :]
    right = tl.load(at)
    above = right
    if GATED:
        above = tl.load(at + OUTPUTS * WIDTH)
    wait(EARLY)
    if PARTIALS > 0:
        factor = norm_factor(squares, tl.zeros((1,), tl.int32), stride, eps, PARTIALS, PADDED)
    left = tl.load(x + inputs).to(tl.float32)[None, :]
    totals = right.to(tl.float32) * left
    uppers = totals
    if GATED:
        uppers = above.to(tl.float32) * left
    for k in range(STEP, WIDTH, STEP):
        left = tl.load(x + inputs + k).to(tl.float32)[None, :]
        totals += tl.load(at + k).to(tl.float32) * left
        if GATED:
            uppers += tl.load(at + OUTPUTS * WIDTH + k).to(tl.float32) * left
    total = tl.sum(totals, axis=1)
    upper = total
    if GATED:
        upper = tl.sum(uppers, axis=1)
    if SCALED:
        total *= tl.load(scale + columns)
        upper *= tl.load(scale + (OUTPUTS if GATED else 0) + columns)
    if PARTIALS > 0:
        total, upper = total * factor, upper * factor
    if GATED:
        total = total * tl.sigmoid(total) * upper
    row = tl.zeros((1,), tl.int32)
    _finish(total[None, :], out, squares, row, row, 1, stride, column, ADD, SQUARES, OUTPUTS)
