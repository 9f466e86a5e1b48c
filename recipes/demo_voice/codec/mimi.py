"""Mimi's forward pass for training: the modules of `transformers`, walked without a host synchronisation.

The library computes each convolution's padding on the device; with whole frames it is a constant,
and the passes below compile into one graph. `tests/training` holds them to the library's own output.
"""

from __future__ import annotations

from typing import Any, Literal, NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional as F


class Side(NamedTuple):
    """The modules of one half of a Mimi: `layers` of its SEANet stack, transformer, halving or doubling of
    the frame rate.
    """

    layers: nn.ModuleList
    transformer: nn.Module
    resample: nn.Module


def side_of(codec: Any, side: Literal["encoder", "decoder"]) -> Side:
    """The modules of one half of a `MimiModel`; later versions of transformers nest them in that half,
    earlier ones keep all but the SEANet stack on the model itself.
    """
    half, resample = getattr(codec, side), "downsample" if side == "encoder" else "upsample"
    nested = hasattr(half, f"{side}_seanet")
    owner = half if nested else codec
    return Side(
        (getattr(half, f"{side}_seanet") if nested else half).layers,
        getattr(owner, f"{side}_transformer"),
        getattr(owner, resample),
    )


def _convolve(module: Any, x: Tensor) -> Tensor:
    conv = module.conv
    left = (conv.kernel_size[0] - 1) * conv.dilation[0] + 1 - conv.stride[0]
    return conv(F.pad(x, (left, 0), mode=module.pad_mode) if left else x)


def _transpose(module: Any, x: Tensor) -> Tensor:
    conv = module.conv
    return conv(x)[..., : x.shape[-1] * conv.stride[0]]


def _walk(layers: Any, x: Tensor) -> Tensor:
    """A SEANet stack: convolutions, transposed convolutions, residual blocks, activations."""
    for layer in layers:
        if isinstance(getattr(layer, "conv", None), nn.ConvTranspose1d):
            x = _transpose(layer, x)
        elif hasattr(layer, "conv"):
            x = _convolve(layer, x)
        elif hasattr(layer, "block"):
            x = x + _walk(layer.block, x)
        else:
            x = layer(x)
    return x


def _attend(attention: Any, x: Tensor, cos: Tensor, sin: Tensor, mask: Tensor) -> Tensor:
    batch, length, _ = x.shape

    def heads(projection: nn.Module) -> Tensor:
        return projection(x).view(batch, length, -1, attention.head_dim).transpose(1, 2)

    def turn(y: Tensor) -> Tensor:
        first, second = y.float().chunk(2, dim=-1)
        return torch.cat((first * cos - second * sin, second * cos + first * sin), dim=-1).to(y.dtype)

    query, key, value = turn(heads(attention.q_proj)), turn(heads(attention.k_proj)), heads(attention.v_proj)
    out = F.scaled_dot_product_attention(query, key, value, attn_mask=mask)
    return attention.o_proj(out.transpose(1, 2).reshape(batch, length, -1))


def _transform(transformer: Any, x: Tensor) -> Tensor:
    """The transformer over `[batch, time, hidden]`, causal within its sliding window."""
    attention = transformer.layers[0].self_attn
    time = torch.arange(x.shape[1], device=x.device)
    base = transformer.config.rope_parameters["rope_theta"]
    exponent = torch.arange(0, attention.head_dim, 2, device=x.device) / attention.head_dim
    angle = time[:, None] / base**exponent
    cos, sin = angle.cos(), angle.sin()
    back = time[:, None] - time[None]
    mask = (back >= 0) & (back < transformer.config.sliding_window)
    for layer in transformer.layers:
        attended = _attend(layer.self_attn, layer.input_layernorm(x), cos, sin, mask)
        x = x + layer.self_attn_layer_scale(attended)
        x = x + layer.mlp_layer_scale(layer.mlp(layer.post_attention_layernorm(x)))
    return x


def encode_latents(codec: Any, audio: Tensor) -> Tensor:
    """Audio `[batch, 1, whole frames of samples]` → latents `[batch, hidden, frames]` before quantisation."""
    encoder = side_of(codec, "encoder")
    x = _walk(encoder.layers, audio)
    x = _transform(encoder.transformer, x.transpose(1, 2)).transpose(1, 2)
    return _convolve(encoder.resample, x)


def decode_latents(codec: Any, latents: Tensor) -> Tensor:
    """Quantised latents `[batch, hidden, frames]` → audio `[batch, 1, frames * 1920]`."""
    decoder = side_of(codec, "decoder")
    x = _transpose(decoder.resample, latents)
    x = _transform(decoder.transformer, x.transpose(1, 2)).transpose(1, 2)
    return _walk(decoder.layers, x)


@torch.no_grad()
def scale_to_unit(codec: Any, audio: Tensor, output_std: float = 0.05) -> None:
    """Scale every convolution so that its output has unit variance on `audio` `[batch, 1, samples]`.

    Layer-sequential unit variance (Mishkin & Matas 2016). The library's initial weights let the latents of
    a small Mimi start a hundred times too large, and the codebooks collapse before the encoder has learned
    anything.
    """
    convolutions = [m for m in codec.modules() if isinstance(m, nn.Conv1d | nn.ConvTranspose1d)]
    last = [m for m in side_of(codec, "decoder").layers.modules() if isinstance(m, nn.Conv1d)][-1]

    def scale(module: nn.Module, _: Any, out: Tensor) -> Tensor:
        wanted = output_std if module is last else 1.0
        factor = wanted / out.std().clamp_min(1e-6)
        module.weight.mul_(factor)
        if module.bias is not None:
            module.bias.mul_(factor)
        return out * factor

    hooks = [module.register_forward_hook(scale) for module in convolutions]
    latents = encode_latents(codec, audio)
    quantizer = codec.quantizer
    mixed = sum(
        part.output_proj(part.input_proj(latents)) / 2**0.5
        for part in (
            quantizer.semantic_residual_vector_quantizer,
            quantizer.acoustic_residual_vector_quantizer,
        )
        if part.input_proj is not None
    )
    decode_latents(codec, latents if isinstance(mixed, int) else mixed)
    for hook in hooks:
        hook.remove()
