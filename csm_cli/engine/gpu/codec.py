"""`FusedDecoder`: the codec's decoder with one kernel for each convolution and what stands around it.

A library's convolutions are faster only after a search for the best algorithm, for each length anew, which
takes longer than decoding; these take any length at once, and lines of several lengths one after another,
without padding.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import torch
import triton
import triton.language as tl
from torch import Tensor

from csm_cli.engine.codec import Codec
from csm_cli.engine.codec_layers import Conv, Elu, Residual, WideConv
from csm_cli.engine.devices import upload
from csm_cli.engine.gpu.codec_transformer import FusedTransformer
from csm_cli.engine.graphs import RecordedSizes, Recorder
from csm_cli.engine.layout import power_of_two, round_up

_ROWS = 128
"""Positions that a program computes."""


_PASS = 1536
"""Latents in one pass, two to a frame; a longer line is a pass of its own, which is not recorded."""

_PLACES = 4
"""Results of convolutions that are needed at a time."""


@triton.jit(do_not_specialize=["rows", "rate", "before", "biases"])
def convolve(
    x, weight, bias, added, kept, out, places, rows, rate, before, channels, inputs, outputs, biases,
    ROWS: tl.constexpr, COLUMNS: tl.constexpr, STEP: tl.constexpr, ADD: tl.constexpr, KEEP: tl.constexpr,
    ELU: tl.constexpr,
):  # fmt: skip
    """A causal convolution as a product, channels last: each position sees the `inputs` numbers that end with
    its own channels, which follow one another in memory; zeros before its line.

    places `[rows / rate]`: where in its line each latent stands; `rate` rows belong to one. x
    `[rows, channels]`, weight `[outputs, inputs]`, bias `[biases]`, which the outputs repeat (see
    `_as_product`); out `[rows, outputs]`. ADD: `added` is added. KEEP: the sum goes to `kept`. ELU: and elu
    of it, not the sum, to `out`.
    """
    row = tl.program_id(0).to(tl.int64) * ROWS + tl.arange(0, ROWS)
    column = tl.program_id(1) * COLUMNS + tl.arange(0, COLUMNS)
    here, there = row < rows, column < outputs
    place = tl.load(places + row // rate, mask=here, other=0) * rate + (row % rate).to(tl.int32)
    first = (before - place) * channels  # the first number that is not before the line
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

    def __call__(
        self, x: Tensor, added: Tensor | None, places: Tensor, out: Tensor, kept: Tensor | None
    ) -> None:
        """x `[P, C]` → out `[P * stride, C']`, and the sum before the activation to `kept`, if it is kept.

        Args:
            places: see `convolve`.
        """
        rows, channels = x.shape
        outputs, inputs = self.weight.shape
        columns = min(128, max(16, power_of_two(outputs)))
        convolve[(-(-rows // _ROWS), -(-outputs // columns))](
            x,
            self.weight,
            self.bias,
            x if added is None else added,
            x if kept is None else kept,
            out,
            places,
            rows,
            rows // len(places),
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


class FusedDecoder:
    """`Codec.decode` in a number type of its own.

    In half precision errors lie 54 dB below the sound, in float32, whose products are TF32, 59 dB.

    Args:
        codec: whose weights it copies.
        kind: of weights and activations.
        recorded: passes are recorded as CUDA graphs, for sizes that come more than once.
    """

    def __init__(self, codec: Codec, kind: torch.dtype, recorded: bool = False) -> None:
        self._codec, self._kind = codec.in_type(kind), kind
        plain = codec.decoder_transformer
        self._transformer = (
            FusedTransformer(plain, kind) if FusedTransformer.fits(plain) else self._codec.decoder_transformer
        )
        recorder = Recorder() if recorded else None
        self._latents = RecordedSizes(self._read, recorder)
        self._sound = RecordedSizes(self._convolve, recorder)
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

    def __call__(self, codes: Tensor, lengths: Sequence[int]) -> Tensor:
        """Codes `[B, frames, K]` of lines, the first `lengths` of each → the audio of all, one after another
        `[sum(lengths) * frame_samples]`, float32 on the device.
        """
        device, (lines, frames, books) = self._codec.device, codes.shape
        padded = (_size(lines, 1), _size(frames, 16), books)
        latents = self._latents((upload(codes, device),), (padded,) if lines * frames <= 2 * _PASS else None)
        each, found = self._codec.frame_samples // 2, []
        for first, steps in _passes([2 * length for length in lengths]):
            within = np.concatenate([np.arange(n, dtype=np.int32) for n in steps])
            start = np.repeat(np.arange(first, first + len(steps)), steps) * latents.shape[1]
            rows, places = (upload(torch.from_numpy(at), device) for at in (start + within, within))
            x = latents.flatten(0, 1).index_select(0, rows)
            size = _size(len(rows), 32)
            sizes = ((size, x.shape[1]), (size,)) if size <= _PASS else None
            found.append(self._sound((x, places), sizes)[: len(rows) * each].clone())
        return torch.cat(found)

    def _read(self, codes: Tensor) -> Tensor:
        """Codes `[B, frames, K]` → latents `[B, 2 * frames, H]`."""
        x = self._codec.upsample(self._codec.quantized(codes))
        return self._transformer(x.transpose(1, 2))

    def _convolve(self, x: Tensor, places: Tensor) -> Tensor:
        """Latents `[P, H]` → audio, float32; places: see `convolve`.

        What stands between two convolutions is in the same memory for all sizes: recordings would each have
        some of their own otherwise.
        """
        room = self._room if len(x) <= _PASS else [x.new_empty(len(x) * self._widest) for _ in range(_PLACES)]
        busy: list[Tensor] = []  # of the input, and of what waits to be added
        waiting: Tensor | None = None
        for step in self._steps:
            shape = (len(x) * step.stride, len(step.weight) // step.stride)
            free = [each for each in room if not any(each is other for other in busy)]
            out = free[0][: shape[0] * shape[1]].view(shape)
            kept = free[1][: shape[0] * shape[1]].view(shape) if step.keep else None
            if step is self._steps[-1]:
                out = x.new_empty(shape, dtype=torch.float32)
            step(x, waiting if step.add else None, places, out, kept)
            if step.keep:
                waiting = kept
                busy = [free[0], free[1]]
            else:
                busy = [free[0], *busy[1:]]
            x = out
        return x[:, 0]

    @cached_property
    def _room(self) -> list[Tensor]:
        """Memory for a pass."""
        weight = self._steps[0].weight
        return [weight.new_empty(_PASS * self._widest) for _ in range(_PLACES)]

    @property
    def _widest(self) -> int:
        """Numbers of a latent, at most, between two convolutions."""
        strides = np.cumprod([step.stride for step in self._steps])
        widths = [len(step.weight) // step.stride for step in self._steps]
        return int(max(strides[:-1] * widths[:-1]))


def _passes(steps: Sequence[int]) -> Iterator[tuple[int, list[int]]]:
    """Lines of so many latents, few enough at a time: (the first, those of each)."""
    first, some = 0, list[int]()
    for number, count in enumerate(steps):
        if some and sum(some) + count > _PASS:
            yield first, some
            first, some = number, []
        some.append(count)
    yield first, some


def _size(count: int, least: int) -> int:
    """The next of few numbers, at most an eighth larger: of recordings."""
    count = max(count, least)
    return round_up(count, 1 << max(0, count.bit_length() - 4))


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
