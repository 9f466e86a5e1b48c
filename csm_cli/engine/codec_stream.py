"""Codes → audio piece by piece: each piece sounds as it does within the whole, to rounding.

The codec is causal. What its convolutions and its transformer see of the frames before is kept from piece to
piece, so that nothing is computed twice.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from csm_cli.core.types import Codes
from csm_cli.engine.codec import Codec
from csm_cli.engine.codec_layers import Conv, Past, Residual, WideConv
from csm_cli.engine.devices import on, one_thread


class CodecStream:
    """One line on its way through the codec.

    Args:
        codec: decodes it; a stream has nothing that another one needs.
    """

    def __init__(self, codec: Codec) -> None:
        self._codec, self._past = codec, Past()
        self._upsample = _Joined(codec.upsample)
        self._layers = [_stepwise(layer) for layer in codec.decoder]

    def decode(self, codes: Codes, frames: int = 0) -> np.ndarray:
        """The next piece: codes `[n, K]` → audio float32 `[n * frame_samples]`.

        Args:
            frames: pad the piece to so many, so that the codec meets few lengths: on a CPU a new one takes
                twice as long. For the last piece alone: what is padded stands before whatever came next.
        """
        count, codec = len(codes), self._codec
        if not count:
            return np.zeros(0, dtype=np.float32)
        padded = np.zeros((1, max(count, frames), codes.shape[1]), dtype=np.int64)
        padded[0, :count] = codes
        with torch.inference_mode(), one_thread(codec.device), on(codec.device):
            x = self._upsample(codec.quantized(torch.from_numpy(padded)))
            x = codec.decoder_transformer(x.transpose(1, 2), self._past).transpose(1, 2)
            x = x[:, :, None].contiguous(memory_format=torch.channels_last)
            for layer in self._layers:
                x = layer(x)
            return x[0, 0, 0, : count * codec.frame_samples].cpu().numpy()


class _Joined:
    """A convolution whose input goes on where it ended; both kinds, on `[B, C, T]` or `[B, C, 1, T]`."""

    def __init__(self, layer: Conv | WideConv) -> None:
        self._layer, self._wide = layer, isinstance(layer, WideConv)
        self._conv = layer.conv if isinstance(layer, WideConv) else layer
        size, conv = self._conv.weight.shape[-1], self._conv
        self._before = -(-size // conv.stride) - 1 if conv.transposed else conv.before
        self._kept: Tensor | None = None

    def __call__(self, x: Tensor) -> Tensor:
        if not self._before:
            return self._layer(x)
        if self._kept is None:
            self._kept = x.new_zeros(*x.shape[:-1], self._before)
        x = torch.cat([self._kept, x], -1)
        self._kept = x[..., -self._before :].clone()
        conv, weight = self._conv, self._layer.weight
        if conv.transposed:
            y = self._layer(x)
            return y[..., self._before * conv.stride :]
        if self._wide:
            return F.conv2d(x, weight, conv.bias, (1, conv.stride), dilation=(1, conv.dilation))
        return F.conv1d(x, weight, conv.bias, conv.stride, dilation=conv.dilation, groups=conv.groups)


def _stepwise(layer: Any) -> Any:
    """A layer of the decoder that keeps what it needs of its input."""
    if isinstance(layer, Residual):
        short = None if layer.shortcut is None else _Joined(layer.shortcut)
        return Residual(_Joined(layer.first), _Joined(layer.second), short)
    return _Joined(layer) if isinstance(layer, Conv | WideConv) else layer
