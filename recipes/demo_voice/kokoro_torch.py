"""The teacher on a GPU: Kokoro-82M in PyTorch, many paragraphs in one pass.

The modules are those of the package `kokoro` (Apache-2.0), which `fetch` lays under ROOT; its weights come
from the int8 ONNX file. Rows of one pass have different lengths, so everything that looks along time is
masked: packed LSTMs, instance norms over the row's own frames, zeros behind it before every convolution. A
row is the same in any batch, up to rounding and the generator's own noise.
"""

from __future__ import annotations

import importlib
import sys
import types
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from recipes.demo_voice.kokoro_weights import read_weights

FRAME = 600
"""Samples of a unit of duration, 25 ms at 24 kHz."""
ROUND_TO = 64
"""Frames that the longest row is rounded up to, so that convolutions see few shapes."""
WIDTHS: dict[str, Any] = {
    "upsample_kernel_sizes": [20, 12], "upsample_rates": [10, 6], "gen_istft_hop_size": 5,
    "gen_istft_n_fft": 20, "resblock_dilation_sizes": [[1, 3, 5]] * 3, "resblock_kernel_sizes": [3, 7, 11],
    "upsample_initial_channel": 512,
}  # fmt: skip
PLBERT = {"hidden_size": 768, "num_attention_heads": 12, "intermediate_size": 2048,
          "max_position_embeddings": 512, "num_hidden_layers": 12, "dropout": 0.1}  # fmt: skip


class _Lengths:
    """Frames of every row of the pass under way, float32 `[B, 1, 1]`, and of the longest, rounded up."""

    frames: Tensor
    longest: int

    def valid(self, size: int) -> Tensor:
        """Entries of each row that count, `[B, 1, 1]`, where time is `size` long."""
        scale = size // self.longest
        return self.frames * scale + (size - scale * self.longest)


def _normalised(x: Tensor, valid: Tensor, scale: Tensor, shift: Tensor, alpha: Tensor | None) -> Tensor:
    """Adaptive instance norm over the valid part of `[B, C, S]`, then snake (alpha) or leaky ReLU; zeros
    behind it."""
    mask = torch.arange(x.shape[-1], device=x.device) < valid
    wide = torch.where(mask, x.float(), 0.0)
    mean = wide.sum(-1, keepdim=True) / valid
    centred = torch.where(mask, wide - mean, 0.0)
    variance = centred.square().sum(-1, keepdim=True) / valid
    y = centred * torch.rsqrt(variance + 1e-5) * scale + shift
    y = F.leaky_relu(y, 0.2) if alpha is None else y + torch.sin(alpha * y).square() / alpha
    return torch.where(mask, y, 0.0).to(x.dtype)


class Kokoro:
    """The model.

    Args:
        root: folder of `fetch`. compiled: fuse the norms by Inductor; worth it on a GPU.
        dtype: of the decoder's convolutions.
    """

    def __init__(
        self,
        root: Path,
        device: torch.device | str = "cpu",
        compiled: bool = False,
        dtype: torch.dtype = torch.float32,
    ):
        self.device, self.dtype, self.lengths = torch.device(device), dtype, _Lengths()
        self.normalised = torch.compile(_normalised, dynamic=True) if compiled else _normalised
        self.model = _build(root).to(self.device).eval()
        self._mask_norms()

    def _mask_norms(self) -> None:
        lengths, kokoro = self.lengths, self
        for module in self.model.modules():
            kind = type(module).__name__
            if kind == "AdaINResBlock1":
                module.forward = types.MethodType(_resblock(kokoro), module)
            elif kind == "AdainResBlk1d":
                module._residual = types.MethodType(_residual(kokoro), module)

        def zeros_behind(_: nn.Module, inputs: tuple[Tensor, ...]) -> tuple[Tensor, ...]:
            x = inputs[0]
            mask = torch.arange(x.shape[-1], device=x.device) < lengths.valid(x.shape[-1])
            return (torch.where(mask, x, 0.0), *inputs[1:])

        generator = self.model.decoder.generator
        decoder = self.model.decoder
        filters = (*generator.ups, *generator.noise_convs, generator.conv_post)
        for module in (*filters, decoder.F0_conv, decoder.N_conv):
            module.register_forward_pre_hook(zeros_behind)

    @torch.inference_mode()
    def speak(
        self, phonemes: Sequence[Sequence[int]], styles: np.ndarray, speeds: Sequence[float]
    ) -> list[tuple[np.ndarray, np.ndarray]]:
        """Speak a batch of paragraphs.

        Args:
            phonemes: ids of each, without the silence at both ends, at most 508.
            styles: float32 `[B, 256]`, the row of the speaker's style for that many phonemes.
            speeds: factor on the pace of each.

        Returns:
            (audio float32 `[samples]` at 24 kHz, duration of every phoneme in units of 600 samples, int64
            `[phonemes + 2]`) for each; the first and last are the silences at the ends.
        """
        model, device, lengths = self.model, self.device, self.lengths
        counts = torch.tensor([len(each) + 2 for each in phonemes])
        ids = torch.zeros(len(phonemes), int(counts.max()), dtype=torch.long)
        for row, each in enumerate(phonemes):
            ids[row, 1 : len(each) + 1] = torch.tensor(each)
        ids, style = ids.to(device), torch.as_tensor(styles, dtype=torch.float32, device=device)
        blank = torch.arange(ids.shape[1], device=device) >= counts.to(device)[:, None]
        hidden = model.bert_encoder(model.bert(ids, attention_mask=(~blank).int())).transpose(-1, -2)
        prosody = style[:, 128:]
        text = model.predictor.text_encoder(hidden, prosody, counts, blank)
        pace = torch.tensor(speeds, dtype=torch.float32, device=device)[:, None]
        weights = torch.sigmoid(model.predictor.duration_proj(_packed(model.predictor.lstm, text, counts)))
        durations = torch.round(weights.sum(-1) / pace).clamp(min=1).long().masked_fill(blank, 0)
        frames = durations.sum(1)
        whole = -(-int(frames.max()) // ROUND_TO) * ROUND_TO
        lengths.frames, lengths.longest = frames[:, None, None].float(), whole
        # Which phoneme each frame belongs to; frames behind the end take the last and are masked.
        ends = durations.cumsum(1)
        at = torch.searchsorted(
            ends, torch.arange(whole, device=device).expand(len(ids), -1).contiguous(), right=True
        )
        at = at.clamp(max=ids.shape[1] - 1)
        inside = torch.arange(whole, device=device) < frames[:, None]
        spread = text.gather(1, at[..., None].expand(-1, -1, text.shape[2])) * inside[..., None]
        pitch, energy = self._curves(spread, prosody, frames)
        letters = model.text_encoder(ids, counts, blank).transpose(1, 2)
        letters = letters.gather(1, at[..., None].expand(-1, -1, letters.shape[2])) * inside[..., None]
        with torch.autocast(device.type, self.dtype, enabled=self.dtype != torch.float32):
            audio = model.decoder(letters.transpose(1, 2), pitch, energy, style[:, :128])
        sound = audio.float().reshape(len(ids), -1).cpu().numpy()
        found = durations.cpu().numpy()
        return [
            (sound[row, : found[row].sum() * FRAME], found[row, : int(counts[row])])
            for row in range(len(found))
        ]

    def _curves(self, text: Tensor, style: Tensor, frames: Tensor) -> tuple[Tensor, Tensor]:
        """Pitch in Hz and energy, `[B, 2 * frames]`."""
        predictor = self.model.predictor
        shared = _packed(predictor.shared, text, frames.cpu()).transpose(1, 2)
        shared = F.pad(shared, (0, text.shape[1] - shared.shape[2]))
        curves = []
        for blocks, last in ((predictor.F0, predictor.F0_proj), (predictor.N, predictor.N_proj)):
            x = shared
            for block in blocks:
                x = block(x, style)
            x = last(x).squeeze(1)
            curves.append(x)
        return curves[0], curves[1]


def _packed(lstm: nn.LSTM, x: Tensor, lengths: Tensor) -> Tensor:
    """`[B, T, C]` through a bidirectional LSTM, every row over its own length."""
    lstm.flatten_parameters()
    packed = nn.utils.rnn.pack_padded_sequence(x, lengths.cpu(), batch_first=True, enforce_sorted=False)
    return nn.utils.rnn.pad_packed_sequence(lstm(packed)[0], batch_first=True, total_length=x.shape[1])[0]


def _affine(norm: Any, style: Tensor) -> tuple[Tensor, Tensor]:
    """Scale and shift of an adaptive norm, its own affine parameters folded in."""
    gamma, beta = norm.fc(style).float()[..., None].chunk(2, dim=1)
    weight, bias = norm.norm.weight[:, None], norm.norm.bias[:, None]
    return (1 + gamma) * weight, (1 + gamma) * bias + beta


def _resblock(kokoro: Kokoro) -> Any:
    def forward(block: Any, x: Tensor, style: Tensor) -> Tensor:
        valid = kokoro.lengths.valid(x.shape[-1])
        parts = (block.convs1, block.convs2, block.adain1, block.adain2, block.alpha1, block.alpha2)
        for conv1, conv2, norm1, norm2, alpha1, alpha2 in zip(*parts, strict=True):
            y = conv1(kokoro.normalised(x, valid, *_affine(norm1, style), alpha1))
            x = x + conv2(kokoro.normalised(y, valid, *_affine(norm2, style), alpha2))
        return x

    return forward


def _residual(kokoro: Kokoro) -> Any:
    def forward(block: Any, x: Tensor, style: Tensor) -> Tensor:
        valid = kokoro.lengths.valid(x.shape[-1])
        x = block.conv1(block.pool(kokoro.normalised(x, valid, *_affine(block.norm1, style), None)))
        valid = kokoro.lengths.valid(x.shape[-1])
        return block.conv2(kokoro.normalised(x, valid, *_affine(block.norm2, style), None))

    return forward


def _build(root: Path) -> Any:
    """Kokoro's modules with their weights.

    Raises:
        ValueError: parameters without a value, other than the norms' own, which the file leaves at their
            defaults.
    """
    package = types.ModuleType("kokoro")  # not its __init__, which wants much more
    package.__path__ = [str(root / "kokoro")]
    sys.modules.setdefault("kokoro", package)
    modules, generator = importlib.import_module("kokoro.modules"), importlib.import_module("kokoro.istftnet")
    inverse = generator.TorchSTFT.inverse
    if not getattr(inverse, "wide", False):

        def wide_inverse(stft: Any, magnitude: Tensor, phase: Tensor) -> Tensor:
            out: Tensor = inverse(stft, magnitude.float(), phase.float())
            return out

        wide_inverse.wide = True  # type: ignore[attr-defined]
        generator.TorchSTFT.inverse = wide_inverse
    from transformers import AlbertConfig

    model: Any = nn.Module()
    model.bert = modules.CustomAlbert(AlbertConfig(vocab_size=178, **PLBERT))
    model.bert_encoder = nn.Linear(768, 512)
    model.predictor = modules.ProsodyPredictor(style_dim=128, d_hid=512, nlayers=3, max_dur=50, dropout=0.2)
    model.text_encoder = modules.TextEncoder(channels=512, kernel_size=5, depth=3, n_symbols=178)
    model.decoder = generator.Decoder(dim_in=512, style_dim=128, dim_out=80, disable_complex=False, **WIDTHS)
    for module in model.modules():
        if hasattr(module, "weight_g"):
            torch.nn.utils.remove_weight_norm(module)
    values, missing, loaded = read_weights(root / "kokoro.onnx"), [], {}
    for name, parameter in model.state_dict().items():
        for key in (name, name.removeprefix("predictor.")):
            if key in values and values[key].shape == tuple(parameter.shape):
                loaded[name] = torch.from_numpy(np.array(values[key]))
                break
        else:
            missing.append(name)
    odd = [
        name
        for name in missing
        if ".norm." not in name and "pooler" not in name and "position_ids" not in name
    ]
    if odd:
        raise ValueError(f"kokoro.onnx: no value for {odd[:3]}, {len(odd)} in all")
    model.load_state_dict(loaded, strict=False)
    return model
