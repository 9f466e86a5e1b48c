"""The Mimi codec for inference: audio → codes → audio, from the tensors of a checkpoint, in float32.

The mathematics is that of `transformers.MimiModel`, which is the reference in the tests and the codec of
`csm_cli.model`; it is written out here because importing transformers costs seconds. Layout of the network:
SEANet (Tagliasacchi et al. 2020) around a small transformer, split residual vector quantiser (Défossez et al.
2024, "Moshi", section 3.3). Everything is causal.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from copy import copy
from functools import cached_property
from typing import Any

import torch
from torch import Tensor

from csm_cli.checkpoints.names import flat_codec_name
from csm_cli.checkpoints.tensors import take, to_float
from csm_cli.core.errors import MissingError
from csm_cli.engine.codec_layers import Conv, Elu, Quantizer, Residual, Transformer, WideConv


def _wide(layer: Any) -> Any:
    """The same layer on `[B, C, 1, T]`."""
    if isinstance(layer, Conv):
        return WideConv(layer)
    if isinstance(layer, Residual):
        return Residual(_wide(layer.first), _wide(layer.second), _wide(layer.shortcut))
    return layer


class _Found(dict[str, Tensor]):
    """The codec's tensors, and their file, for messages."""

    where: str | None = None


class Codec:
    """The Mimi codec: `encode` audio, `decode` codes.

    Args:
        config: the checkpoint's `codec_config`.
        tensors: all tensors of the checkpoint; those named `codec_model.…` are used.
        num_codebooks: codebooks in use; the codec may have more.

    Raises:
        MissingError: a tensor is missing, or the codec is not causal.
    """

    def __init__(
        self,
        config: dict[str, Any],
        tensors: Mapping[str, Tensor],
        num_codebooks: int,
        device: torch.device | str = "cpu",
    ) -> None:
        if not config.get("use_causal_conv", True) or config.get("pad_mode", "constant") != "constant":
            raise MissingError("the codec is not causal, or pads in an unusual way; the engine cannot run it")
        self.config, self.num_codebooks, self.device = config, num_codebooks, torch.device(device)
        self.sample_rate: int = config["sampling_rate"]
        self.codes: int = config["codebook_size"]
        strides = list(config["upsampling_ratios"])
        self.frame_samples = 2 * int(torch.tensor(strides).prod())
        named = ((flat_codec_name(k), tensors[k]) for k in tensors if k.startswith("codec_model."))
        found = _Found(named)
        found.where = getattr(tensors, "where", None)
        self._found = found
        self.encoder = self._seanet_encoder(strides)
        self.decoder = [_wide(layer) for layer in self._seanet_decoder(strides)]
        self.downsample = self._conv("downsample", stride=2, replicate=True)
        self.upsample = self._conv("upsample", stride=2, transposed=True, groups=config["upsample_groups"])
        self.encoder_transformer = Transformer(config, found, "encoder_transformer")
        self.decoder_transformer = Transformer(config, found, "decoder_transformer")
        self.encoder_transformer.to(self.device)
        self.decoder_transformer.to(self.device)
        self.num_semantic: int = config.get("num_semantic_quantizers", 1)
        total = config["num_quantizers"]
        self.semantic = self._quantizer("semantic", self.num_semantic)
        self.acoustic = self._quantizer("acoustic", total - self.num_semantic)
        parts = ("encoder", "downsample", "quantizer")
        self._encoding = {k: v for k, v in sorted(found.items()) if k.startswith(parts)}
        del self._found

    @cached_property
    def identity(self) -> str:
        """A digest of all that encoding depends on."""
        digest = hashlib.sha256(f"{self.num_codebooks} {sorted(self.config.items(), key=str)}".encode())
        for name, tensor in self._encoding.items():
            digest.update(name.encode())
            digest.update(tensor.contiguous().view(torch.uint8).numpy().data)
        return digest.hexdigest()

    @torch.inference_mode()
    def encode(self, audio: Tensor) -> Tensor:
        """Mono audio `[B, samples]` → int64 codes `[B, ceil(samples / frame_samples), K]`."""
        x = audio.to(self.device, torch.float32)[:, None]
        for layer in self.encoder:
            x = layer(x)
        x = self.downsample(self.encoder_transformer(x.transpose(1, 2)).transpose(1, 2))
        codes = self.semantic.encode(x, self.num_semantic)
        codes += self.acoustic.encode(x, self.num_codebooks - self.num_semantic)
        return torch.stack(codes, dim=-1)

    @torch.inference_mode()
    def decode(self, codes: Tensor) -> Tensor:
        """Codes `[B, frames, K]` → audio `[B, frames * frame_samples]`.

        Frames on the right change nothing before them, so lines of different lengths are padded with any
        codes.
        """
        x = self.latents(codes)
        for layer in self.decoder:
            x = layer(x)
        return x[:, 0, 0]

    def latents(self, codes: Tensor) -> Tensor:
        """Codes `[B, frames, K]` → what the convolutions decode, `[B, H, 1, 2 * frames]`, channels last."""
        x = self.upsample(self.quantized(codes))
        x = self.decoder_transformer(x.transpose(1, 2)).transpose(1, 2)
        return x[:, :, None].contiguous(memory_format=torch.channels_last)

    def quantized(self, codes: Tensor) -> Tensor:
        """Codes `[B, frames, K]` → the sum of what they stand for, `[B, H, frames]`."""
        codes = codes.to(self.device, torch.int64)
        x = self.semantic.decode(codes[..., : self.num_semantic])
        if codes.shape[-1] > self.num_semantic:
            x = x + self.acoustic.decode(codes[..., self.num_semantic :])
        return x

    def in_type(self, kind: torch.dtype) -> Codec:
        """The same with all that decodes in another number type."""
        other = copy(self)
        other.semantic, other.acoustic = self.semantic.in_type(kind), self.acoustic.in_type(kind)
        other.upsample = self.upsample.in_type(kind)
        other.decoder_transformer = self.decoder_transformer.in_type(kind)
        other.decoder = [layer if isinstance(layer, Elu) else layer.in_type(kind) for layer in self.decoder]
        return other

    def _conv(self, name: str, **options: Any) -> Conv:
        weight = to_float(take(self._found, f"{name}.conv.weight")).to(self.device)
        if name in ("downsample", "upsample"):
            return Conv(weight, None, **options)
        bias = to_float(take(self._found, f"{name}.conv.bias")).to(self.device)
        return Conv(weight, bias, **options)

    def _residual(self, name: str, dilation: int) -> Residual:
        short = self._conv(f"{name}.shortcut") if f"{name}.shortcut.conv.weight" in self._found else None
        return Residual(
            self._conv(f"{name}.block.1", dilation=dilation), self._conv(f"{name}.block.3"), short
        )

    def _seanet_encoder(self, strides: list[int]) -> list[Any]:
        layers: list[Any] = [self._conv("encoder.layers.0")]
        for stride in reversed(strides):
            layers += self._residuals("encoder", len(layers))
            layers += [Elu()]
            layers += [self._conv(f"encoder.layers.{len(layers)}", stride=stride)]
        layers += [Elu()]
        return [*layers, self._conv(f"encoder.layers.{len(layers)}")]

    def _seanet_decoder(self, strides: list[int]) -> list[Any]:
        layers: list[Any] = [self._conv("decoder.layers.0")]
        for stride in strides:
            layers += [Elu()]
            layers += [self._conv(f"decoder.layers.{len(layers)}", stride=stride, transposed=True)]
            layers += self._residuals("decoder", len(layers))
        layers += [Elu()]
        return [*layers, self._conv(f"decoder.layers.{len(layers)}")]

    def _residuals(self, side: str, start: int) -> list[Residual]:
        growth = self.config.get("dilation_growth_rate", 2)
        count = self.config.get("num_residual_layers", 1)
        return [self._residual(f"{side}.layers.{start + j}", growth**j) for j in range(count)]

    def _quantizer(self, kind: str, count: int) -> Quantizer:
        start = f"quantizer.{kind}_residual_vector_quantizer."
        tables = []
        for i in range(count):
            book = f"{start}layers.{i}.codebook."
            usage = to_float(take(self._found, f"{book}cluster_usage")).clamp(min=1e-5)
            tables.append((to_float(take(self._found, f"{book}embed_sum")) / usage[:, None]).to(self.device))
        if tables[0].shape[1] == self.config["hidden_size"]:
            return Quantizer(tuple(tables), None, None)
        ends = [take(self._found, f"{start}{side}_proj.weight") for side in ("input", "output")]
        inwards, outwards = (to_float(end).to(self.device) for end in ends)
        return Quantizer(tuple(tables), inwards, outwards)
