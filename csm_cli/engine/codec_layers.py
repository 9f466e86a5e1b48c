"""The layers of Mimi: convolutions, the quantiser, and the small transformer on either side of it."""

from __future__ import annotations

from copy import copy
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional as F

from csm_cli.checkpoints.tensors import take, to_float
from csm_cli.core.errors import MissingError
from csm_cli.model.rope import rope_frequencies, rotate


@dataclass(frozen=True)
class Conv:
    """A causal convolution, or the transposed one that undoes it.

    Attributes:
        weight: as torch's conv1d (or conv_transpose1d) takes it.
        replicate: pad with the edge value instead of zeros.
    """

    weight: Tensor
    bias: Tensor | None
    stride: int = 1
    dilation: int = 1
    groups: int = 1
    transposed: bool = False
    replicate: bool = False

    def in_type(self, kind: torch.dtype) -> Conv:
        """The same in another number type."""
        bias = None if self.bias is None else self.bias.to(kind)
        return replace(self, weight=self.weight.to(kind), bias=bias)

    @property
    def before(self) -> int:
        """Positions before the first that it sees: zeros."""
        return (self.weight.shape[-1] - 1) * self.dilation + 1 - self.stride

    def __call__(self, x: Tensor) -> Tensor:
        """`[B, C, T]` → `[B, C', ceil(T / stride)]`; transposed `[B, C', T * stride]`."""
        if self.transposed:
            out = F.conv_transpose1d(x, self.weight, self.bias, self.stride, groups=self.groups)
            return out[..., : x.shape[-1] * self.stride]
        missing = -x.shape[-1] % self.stride
        x = F.pad(x, (self.before, missing), mode="replicate" if self.replicate else "constant")
        return F.conv1d(x, self.weight, self.bias, self.stride, dilation=self.dilation, groups=self.groups)


class WideConv:
    """A convolution of one group on `[B, C, 1, T]`, channels last in memory, as fast products want them.

    A third faster than `Conv` on a CPU and on a GPU, and the same to rounding.
    """

    def __init__(self, conv: Conv) -> None:
        self.conv, self.weight = conv, conv.weight[:, :, None].contiguous(memory_format=torch.channels_last)

    def in_type(self, kind: torch.dtype) -> WideConv:
        """The same in another number type."""
        return WideConv(self.conv.in_type(kind))

    def __call__(self, x: Tensor) -> Tensor:
        """`[B, C, 1, T]` → `[B, C', 1, ceil(T / stride)]`; transposed `[B, C', 1, T * stride]`."""
        conv = self.conv
        if conv.transposed:
            out = F.conv_transpose2d(x, self.weight, conv.bias, (1, conv.stride))
            return out[..., : x.shape[-1] * conv.stride]
        x = F.pad(x, (conv.before, -x.shape[-1] % conv.stride))
        return F.conv2d(x, self.weight, conv.bias, (1, conv.stride), dilation=(1, conv.dilation))


@dataclass(frozen=True)
class Residual:
    """x + conv(elu(conv(elu(x)))); the shortcut passes through a convolution if there is one.

    Attributes:
        first, second, shortcut: `Conv`, or all of them `WideConv`.
    """

    first: Any
    second: Any
    shortcut: Any

    def in_type(self, kind: torch.dtype) -> Residual:
        """The same in another number type."""
        parts = (self.first, self.second, self.shortcut)
        return Residual(*(None if part is None else part.in_type(kind) for part in parts))

    def __call__(self, x: Tensor) -> Tensor:
        short = x if self.shortcut is None else self.shortcut(x)
        return short + self.second(F.elu(self.first(F.elu(x))))


class Elu:
    """An activation between two layers."""

    def __call__(self, x: Tensor) -> Tensor:
        return F.elu(x)


@dataclass(frozen=True)
class Quantizer:
    """A residual vector quantiser.

    Attributes:
        tables: codebooks `[codes, C]` each.
        inwards, outwards: 1×1 convolutions H → C and C → H, None if the widths are the same.
    """

    tables: tuple[Tensor, ...]
    inwards: Tensor | None
    outwards: Tensor | None

    def in_type(self, kind: torch.dtype) -> Quantizer:
        """The same in another number type."""
        ends = (None if end is None else end.to(kind) for end in (self.inwards, self.outwards))
        return Quantizer(tuple(table.to(kind) for table in self.tables), *ends)

    @cached_property
    def _table(self) -> Tensor:
        """All codebooks, one after another."""
        return torch.cat(self.tables)

    def encode(self, x: Tensor, count: int) -> list[Tensor]:
        """`[B, H, T]` → `count` times `[B, T]`: each codebook encodes the residual of the ones before."""
        residual = (x if self.inwards is None else F.conv1d(x, self.inwards)).transpose(1, 2)
        codes = []
        for table in self.tables[:count]:
            code = torch.cdist(residual, table[None]).argmin(-1)
            residual = residual - F.embedding(code, table)
            codes.append(code)
        return codes

    def decode(self, codes: Tensor) -> Tensor:
        """`[B, T, n]` → `[B, H, T]`."""
        batch, length, count = codes.shape
        rows = codes + torch.arange(count, device=codes.device) * len(self.tables[0])
        total = F.embedding_bag(rows.reshape(-1, count), self._table, mode="sum")
        total = total.view(batch, length, -1).transpose(1, 2)
        return total if self.outwards is None else F.conv1d(total, self.outwards)


_NORMS = ("input_layernorm", "post_attention_layernorm")
_LAYER = (
    *(f"self_attn.{name}_proj.weight" for name in "qkvo"),
    *(f"{norm}.{kind}" for norm in _NORMS for kind in ("weight", "bias")),
    *("mlp.fc1.weight", "mlp.fc2.weight", "self_attn_layer_scale.scale", "mlp_layer_scale.scale"),
)


class Past:
    """Keys and values of the last positions that a transformer has read, for its next ones.

    Attributes:
        length: positions read so far.
        kept: of them in the window.
    """

    def __init__(self) -> None:
        self.length, self.kept = 0, 0
        self._layers: dict[int, tuple[Tensor, Tensor]] = {}

    def extended(self, layer: int, key: Tensor, value: Tensor, most: int) -> tuple[Tensor, Tensor]:
        """Keys and values `[B, heads, T, D]` of a layer with those before them; `most` are kept."""
        if layer in self._layers:
            before = self._layers[layer]
            key, value = torch.cat([before[0], key], 2), torch.cat([before[1], value], 2)
        first = max(0, key.shape[2] - most)
        self._layers[layer] = key[:, :, first:], value[:, :, first:]
        return key, value


class Transformer:
    """Pre-norm transformer with rotary positions, layer scale and a sliding window, on `[B, T, H]`.

    Args:
        config: the checkpoint's `codec_config`.
        tensors: of the codec; those whose names begin with `prefix` are used.

    Raises:
        MissingError: a tensor is missing, or the activation is not gelu.
    """

    def __init__(self, config: dict[str, Any], tensors: dict[str, Tensor], prefix: str) -> None:
        self.heads = config["num_attention_heads"]
        self.kv_heads = config["num_key_value_heads"]
        self.head_dim = config.get("head_dim") or config["hidden_size"] // self.heads
        self.window = config["sliding_window"]
        self.eps = config.get("norm_eps", 1e-5)
        if config.get("hidden_act", "gelu") != "gelu":
            raise MissingError(f"the codec's activation {config['hidden_act']!r} is not known")
        self.frequencies = rope_frequencies(self.head_dim, config["rope_parameters"])
        self.layers: list[dict[str, Tensor]] = []
        for i in range(config["num_hidden_layers"]):
            start = f"{prefix}.layers.{i}."
            layer = {k.removeprefix(start): to_float(v) for k, v in tensors.items() if k.startswith(start)}
            for name in _LAYER:
                take(tensors, f"{start}{name}")
            self.layers.append(layer)

    def to(self, device: torch.device) -> None:
        """Move the weights."""
        self.frequencies = self.frequencies.to(device)
        self.layers = [{k: v.to(device) for k, v in layer.items()} for layer in self.layers]

    def in_type(self, kind: torch.dtype) -> Transformer:
        """The same with its weights in another number type."""
        other = copy(self)
        other.layers = [{k: v.to(kind) for k, v in layer.items()} for layer in self.layers]
        return other

    def __call__(self, x: Tensor, past: Past | None = None) -> Tensor:
        """`[B, T, H]` → the same; `past`: what came before, which is brought up to date."""
        batch, length, width = x.shape
        start, kept = (past.length, past.kept) if past else (0, 0)
        steps = torch.arange(start, start + length, device=x.device)
        angles = (steps[:, None].float() * self.frequencies)[None, None]
        cos, sin = angles.cos(), angles.sin()
        mask = None
        if kept or length > self.window:
            back = steps[:, None] - torch.arange(start - kept, start + length, device=x.device)
            mask = (back >= 0) & (back < self.window)
        for number, w in enumerate(self.layers):
            y = F.layer_norm(x, (width,), w["input_layernorm.weight"], w["input_layernorm.bias"], self.eps)
            query, key, value = (
                F.linear(y, w[f"self_attn.{n}_proj.weight"], w.get(f"self_attn.{n}_proj.bias"))
                .view(batch, length, -1, self.head_dim)
                .transpose(1, 2)
                for n in "qkv"
            )
            query, key = rotate(query, cos, sin), rotate(key, cos, sin)
            if past is not None:
                key, value = past.extended(number, key, value, self.window - 1)
            if self.kv_heads < self.heads:
                groups = self.heads // self.kv_heads
                key, value = key.repeat_interleave(groups, 1), value.repeat_interleave(groups, 1)
            attended = F.scaled_dot_product_attention(
                query, key, value, attn_mask=mask, is_causal=mask is None
            )
            attended = attended.transpose(1, 2).reshape(batch, length, -1)
            out = F.linear(attended, w["self_attn.o_proj.weight"], w.get("self_attn.o_proj.bias"))
            x = x + w["self_attn_layer_scale.scale"] * out
            y = F.layer_norm(
                x,
                (width,),
                w["post_attention_layernorm.weight"],
                w["post_attention_layernorm.bias"],
                self.eps,
            )
            out = F.linear(F.gelu(F.linear(y, w["mlp.fc1.weight"])), w["mlp.fc2.weight"])
            x = x + w["mlp_layer_scale.scale"] * out
        if past is not None:
            past.length, past.kept = start + length, min(kept + length, self.window - 1)
        return x
