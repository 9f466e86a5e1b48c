"""`FusedDecoder`: the codec's decoder with one kernel for each convolution and what stands around it.

A library's convolutions are faster only after a search for the best algorithm, for each length anew, which
takes longer than decoding; these take any length at once.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch
import triton
import triton.language as tl
from torch import Tensor

from csm_cli.engine.codec import Codec
from csm_cli.engine.codec_layers import Conv, Elu, Residual, WideConv
from csm_cli.engine.layout import power_of_two

_ROWS = 128
"""Positions that a program computes."""


@triton.jit(do_not_specialize=["rows", "length", "before", "biases"])
def convolve(
    x, weight, bias, added, kept, out, rows, length, before, channels, inputs, outputs, biases,
    ROWS: tl.constexpr, COLUMNS: tl.constexpr, STEP: tl.constexpr, ADD: tl.constexpr, KEEP: tl.constexpr,
    ELU: tl.constexpr,
):  # fmt: skip
    """A causal convolution as a product, channels last: position t of a line of `length` sees the `inputs`
    numbers that end with its own channels, which follow one another in memory; zeros before the line.

    x `[rows, channels]`, weight `[outputs, inputs]`, bias `[biases]`, which the outputs repeat (see
    `_as_product`); out `[rows, outputs]`. ADD: `added` is added. KEEP: the sum goes to `kept`. ELU: and elu
    of it, not the sum, to `out`.
    """
    row = tl.program_id(0).to(tl.int64) * ROWS + tl.arange(0, ROWS)
    column = tl.program_id(1) * COLUMNS + tl.arange(0, COLUMNS)
    here, there = row < rows, column < outputs
    first = (before - (row % length).to(tl.int32)) * channels  # the first number that is not before the line
    x_at = x + (row - before) * channels
    weight_at = weight + column.to(tl.int64) * inputs
    total = tl.zeros((ROWS, COLUMNS), tl.float32)
    for k in range(0, inputs, STEP):
        number = k + tl.arange(0, STEP)
        inside = (number[None, :] >= first[:, None]) & (number < inputs)[None, :] & here[:, None]
        left = tl.load(x_at[:, None] + number[None, :], mask=inside, other=0.0)
        inside = (number < inputs)[None, :] & there[:, None]
        right = tl.load(weight_at[:, None] + number[None, :], mask=inside, other=0.0)
        total = tl.dot(left, tl.trans(right), total, input_precision="tf32")
    total += tl.load(bias + column % biases, mask=there, other=0.0).to(tl.float32)[None, :]
    at, inside = row[:, None] * outputs + column[None, :], here[:, None] & there[None, :]
    if ADD:
        total += tl.load(added + at, mask=inside, other=0.0).to(tl.float32)
    if KEEP:
        tl.store(kept + at, total.to(kept.dtype.element_ty), mask=inside)
    if ELU:
        total = tl.where(total > 0, total, tl.exp(total) - 1.0)
    tl.store(out + at, total.to(out.dtype.element_ty), mask=inside)


@dataclass(frozen=True)
class _Step:
    """A convolution as `convolve` takes it, and what surrounds it there.

    Attributes:
        stride: positions that come out for one that goes in.
        taps: positions that one sees.
    """

    weight: Tensor
    bias: Tensor
    stride: int
    taps: int
    add: bool
    keep: bool
    elu: bool

    def __call__(self, x: Tensor, added: Tensor | None, kind: torch.dtype) -> tuple[Tensor, Tensor | None]:
        """x `[B, T, C]` → `[B, T * stride, C']` in a number type, and the sum before the activation if it is
        kept.
        """
        batch, length, channels = x.shape
        outputs, inputs = self.weight.shape
        out = x.new_empty(batch, length * self.stride, outputs // self.stride, dtype=kind)
        kept = torch.empty_like(out) if self.keep else None
        columns = min(128, max(16, power_of_two(outputs)))
        grid = (-(-batch * length // _ROWS), -(-outputs // columns))
        convolve[grid](
            x,
            self.weight,
            self.bias,
            x if added is None else added,
            x if kept is None else kept,
            out,
            batch * length,
            length,
            self.taps - 1,
            channels,
            inputs,
            outputs,
            outputs // self.stride,
            ROWS=_ROWS,
            COLUMNS=columns,
            STEP=32 if x.dtype == torch.float32 else 64,
            ADD=added is not None,
            KEEP=self.keep,
            ELU=self.elu,
            num_warps=8 if columns == 128 else 4,
            num_stages=3,
        )
        return out, kept


class FusedDecoder:
    """`Codec.decode` in a number type of its own.

    In half precision errors lie 54 dB below the sound, in float32, whose products are TF32, 59 dB.

    Args:
        codec: whose weights it copies.
        kind: of weights and activations.
    """

    def __init__(self, codec: Codec, kind: torch.dtype) -> None:
        self._codec, self._kind = codec.in_type(kind), kind
        layers = self._codec.decoder
        self._steps: list[_Step] = []
        for layer, after in zip(layers, [*layers[1:], None], strict=True):
            elu, keep = isinstance(after, Elu | Residual), isinstance(after, Residual)
            if isinstance(layer, WideConv):
                self._steps.append(_Step(*_as_product(layer.conv), add=False, keep=keep, elu=elu))
            elif isinstance(layer, Residual):
                self._steps.append(_Step(*_as_product(layer.first.conv), add=False, keep=False, elu=True))
                self._steps.append(_Step(*_as_product(layer.second.conv), add=True, keep=keep, elu=elu))

    @staticmethod
    def fits(layers: Sequence[Any]) -> bool:
        """Whether `convolve` can do these layers: a convolution first and last, and residual layers without
        a convolution of their own in the shortcut.
        """
        whole = all(isinstance(layer, WideConv | Elu | Residual) for layer in layers)
        ends = len(layers) > 2 and isinstance(layers[0], WideConv) and isinstance(layers[-1], WideConv)
        parts = [part for each in layers if isinstance(each, Residual) for part in (each.first, each.second)]
        wide = [*(each for each in layers if isinstance(each, WideConv)), *parts]
        return (
            whole
            and ends
            and all(isinstance(each, WideConv) and _is_product(each.conv) for each in wide)
            and all(each.shortcut is None for each in layers if isinstance(each, Residual))
        )

    def __call__(self, codes: Tensor) -> Tensor:
        """Codes `[B, frames, K]` on the device → audio `[B, samples]`, float32."""
        x = self._codec.latents(codes)[:, :, 0].transpose(1, 2).contiguous()
        waiting: Tensor | None = None
        for step in self._steps:
            kind = torch.float32 if step is self._steps[-1] else self._kind
            x, kept = step(x, waiting if step.add else None, kind)
            waiting = kept if step.keep else waiting
        return x[..., 0]


def _is_product(conv: Conv) -> bool:
    """Whether each position sees neighbouring ones only, with a weight that does not depend on its place."""
    taps = conv.weight.shape[-1]
    fits = taps % conv.stride == 0 if conv.transposed else conv.stride == conv.dilation == 1
    return fits and conv.bias is not None and conv.groups == 1 and not conv.replicate


def _as_product(conv: Conv) -> tuple[Tensor, Tensor, int, int]:
    """Weight `[outputs, taps * C]`, bias, stride and taps, for `_Step`.

    A transposed convolution of stride s computes s positions from those that a position sees: its outputs are
    `[s, C']`, which in memory are s positions one after another.
    """
    assert conv.bias is not None
    if not conv.transposed:
        weight = conv.weight.transpose(1, 2).flatten(1)
        return weight.contiguous(), conv.bias, 1, conv.weight.shape[-1]
    channels, outputs, width = conv.weight.shape
    taps = width // conv.stride
    # [C, C', taps, s]; the tap that is multiplied with the newest position comes first in the kernel.
    weight = conv.weight.view(channels, outputs, taps, conv.stride).flip(2).permute(3, 1, 2, 0)
    return weight.reshape(conv.stride * outputs, -1).contiguous(), conv.bias, conv.stride, taps
