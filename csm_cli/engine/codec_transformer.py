"""The small transformer on either side of Mimi's quantiser."""

from __future__ import annotations

from copy import copy
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional as F

from csm_cli.checkpoints.tensors import take, to_float
from csm_cli.core.errors import MissingError
from csm_cli.model.layers import rope_frequencies, rotate

_NORMS = ("input_layernorm", "post_attention_layernorm")
_LAYER = (
    *(f"self_attn.{name}_proj.weight" for name in "qkvo"),
    *(f"{norm}.{kind}" for norm in _NORMS for kind in ("weight", "bias")),
    *("mlp.fc1.weight", "mlp.fc2.weight", "self_attn_layer_scale.scale", "mlp_layer_scale.scale"),
)


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

    def __call__(self, x: Tensor) -> Tensor:
        batch, length, width = x.shape
        steps = torch.arange(length, device=x.device)
        angles = (steps[:, None].float() * self.frequencies)[None, None]
        cos, sin = angles.cos(), angles.sin()
        mask = None
        if length > self.window:
            back = steps[:, None] - steps
            mask = (back >= 0) & (back < self.window)
        for w in self.layers:
            y = F.layer_norm(x, (width,), w["input_layernorm.weight"], w["input_layernorm.bias"], self.eps)
            query, key, value = (
                F.linear(y, w[f"self_attn.{n}_proj.weight"], w.get(f"self_attn.{n}_proj.bias"))
                .view(batch, length, -1, self.head_dim)
                .transpose(1, 2)
                for n in "qkv"
            )
            query, key = rotate(query, cos, sin), rotate(key, cos, sin)
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
        return x
