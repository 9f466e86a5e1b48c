"""`FusedDecoder`: the codec's decoder with one kernel between two convolutions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import torch
import triton
import triton.language as tl
from torch import Tensor
from torch.nn import functional as F

from csm_cli.engine.codec import Codec
from csm_cli.engine.codec_layers import Elu, Residual, WideConv
from csm_cli.engine.layout import power_of_two


@triton.jit(do_not_specialize=["rows", "length", "given"])
def activate(
    x, bias, added, kept, out, rows, length, given, PAD: tl.constexpr, CHANNELS: tl.constexpr,
    ROWS: tl.constexpr, BLOCK: tl.constexpr, ADD: tl.constexpr, KEEP: tl.constexpr,
):  # fmt: skip
    """elu(x + bias + added), with PAD zeros before each line; KEEP: the sum itself goes to `kept`.

    Channels last: x `[B, given, C]`, of which `length` positions count; added and kept `[B, length, C]`; out
    `[B, PAD + length, C]`, whose rows there are `rows` of.
    """
    row = tl.program_id(0).to(tl.int64) * ROWS + tl.arange(0, ROWS)
    channel = tl.program_id(1) * BLOCK + tl.arange(0, BLOCK)
    line, position = row // (length + PAD), row % (length + PAD) - PAD
    inside = ((row < rows) & (position >= 0))[:, None] & (channel < CHANNELS)[None, :]
    at = (line * given + position)[:, None] * CHANNELS + channel[None, :]
    number = tl.load(x + at, mask=inside, other=0.0).to(tl.float32)
    number += tl.load(bias + channel, mask=channel < CHANNELS, other=0.0).to(tl.float32)[None, :]
    at = (line * length + position)[:, None] * CHANNELS + channel[None, :]
    if ADD:
        number += tl.load(added + at, mask=inside, other=0.0).to(tl.float32)
    if KEEP:
        tl.store(kept + at, number.to(kept.dtype.element_ty), mask=inside)
    number = tl.where(number > 0, number, tl.exp(number) - 1.0)
    number = tl.where((position >= 0)[:, None], number, 0.0)
    to = row[:, None] * CHANNELS + channel[None, :]
    tl.store(
        out + to, number.to(out.dtype.element_ty), mask=(row < rows)[:, None] & (channel < CHANNELS)[None, :]
    )


@dataclass(frozen=True)
class _Sum:
    """What a convolution gave, `[B, C, 1, T']` with T positions that count, and what is still to be added."""

    x: Tensor
    length: int
    bias: Tensor
    added: Tensor | None = None


class FusedDecoder:
    """`Codec.decode` in a number type of its own.

    In half precision errors lie 54 dB below the sound (in TF32, which float32 convolutions use, 59 dB).

    Args:
        codec: whose weights it copies.
        kind: of weights and activations.
    """

    def __init__(self, codec: Codec, kind: torch.dtype) -> None:
        self._codec = codec.in_type(kind)

    @staticmethod
    def fits(layers: Sequence[Any]) -> bool:
        """Whether these are the layers that it has kernels for: a convolution first and last, biases, and
        residual layers without a convolution of their own in the shortcut.
        """
        whole = all(isinstance(layer, WideConv | Elu | Residual) for layer in layers)
        ends = len(layers) > 2 and isinstance(layers[0], WideConv) and isinstance(layers[-1], WideConv)
        parts = [part for each in layers if isinstance(each, Residual) for part in (each.first, each.second)]
        convs = [*(each for each in layers if isinstance(each, WideConv)), *parts]
        return (
            whole
            and ends
            and isinstance(layers[-2], Elu)
            and all(isinstance(each, WideConv) and each.conv.bias is not None for each in convs)
            and all(each.shortcut is None for each in layers if isinstance(each, Residual))
        )

    def __call__(self, codes: Tensor) -> Tensor:
        """Codes `[B, frames, K]` on the device → audio `[B, samples]`, float32."""
        first, *layers = self._codec.decoder
        now = _convolve(first, F.pad(self._codec.latents(codes), (first.conv.before, 0)))
        for layer, after in zip(layers, [*layers[1:], None], strict=True):
            if isinstance(layer, Residual):
                inner, kept = _activate(now, layer.first.conv.before, keep=True)
                inner, _ = _activate(_convolve(layer.first, inner), layer.second.conv.before)
                now = replace(_convolve(layer.second, inner), added=kept)
            elif isinstance(layer, Elu):
                x, _ = _activate(now, 0 if after.conv.transposed else after.conv.before)
                now = _convolve(after, x)
        return (now.x[..., : now.length] + now.bias.view(1, -1, 1, 1))[:, 0, 0].float()


def _convolve(wide: WideConv, x: Tensor) -> _Sum:
    """A convolution of an input that is padded already, without its bias."""
    conv = wide.conv
    assert conv.bias is not None
    if conv.transposed:
        out = F.conv_transpose2d(x, wide.weight, None, (1, conv.stride))
        return _Sum(out, x.shape[-1] * conv.stride, conv.bias)
    out = F.conv2d(x, wide.weight, None, dilation=(1, conv.dilation))
    return _Sum(out, out.shape[-1], conv.bias)


def _activate(now: _Sum, pad: int, keep: bool = False) -> tuple[Tensor, Tensor | None]:
    """The activated sum, padded, and the sum itself if it is to be kept."""
    batch, channels, _, given = now.x.shape
    x = now.x.contiguous(memory_format=torch.channels_last)

    def room(length: int) -> Tensor:
        return x.new_empty(batch, 1, length, channels).permute(0, 3, 1, 2)

    out, kept = room(pad + now.length), room(now.length) if keep else None
    rows, block = batch * (pad + now.length), min(128, power_of_two(channels))
    step = max(1, 2048 // block)
    activate[(-(-rows // step), -(-channels // block))](
        x,
        now.bias,
        x if now.added is None else now.added,
        x if kept is None else kept,
        out,
        rows,
        now.length,
        given,
        PAD=pad,
        CHANNELS=channels,
        ROWS=step,
        BLOCK=block,
        ADD=now.added is not None,
        KEEP=keep,
    )
    return out, kept
