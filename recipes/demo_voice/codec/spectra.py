"""Spectral distances for codec training: log-mel at several resolutions, and harmonics."""

from __future__ import annotations

import numpy as np
import torch
from torch import nn
from torch.nn import functional as F


def mel_filters(rate: int, fft: int, bands: int, low: float = 0.0, high: float | None = None) -> torch.Tensor:
    """Triangular mel filters `[fft // 2 + 1, bands]` (HTK's mel scale: 2595 log10(1 + f / 700))."""
    high = high or rate / 2
    edges = np.linspace(2595 * np.log10(1 + low / 700), 2595 * np.log10(1 + high / 700), bands + 2)
    hertz = 700 * (10 ** (edges / 2595) - 1)
    bins = np.linspace(0, rate / 2, fft // 2 + 1)[:, None]
    rise = (bins - hertz[:-2]) / (hertz[1:-1] - hertz[:-2])
    fall = (hertz[2:] - bins) / (hertz[2:] - hertz[1:-1])
    return torch.tensor(np.maximum(0, np.minimum(rise, fall)), dtype=torch.float32)


class LogMel(nn.Module):
    """Audio `[batch, samples]` → natural-log mel magnitudes `[batch, bands, frames]`."""

    def __init__(self, rate: int, fft: int, hop: int, bands: int, floor: float = 1e-4):
        super().__init__()
        self.fft, self.hop, self.floor = fft, hop, floor
        self.register_buffer("window", torch.hann_window(fft), persistent=False)
        self.register_buffer("filters", mel_filters(rate, fft, bands), persistent=False)

    def forward(self, audio: torch.Tensor) -> torch.Tensor:
        spectrum = torch.stft(
            audio,
            self.fft,
            self.hop,
            window=self.window,
            center=True,
            pad_mode="reflect",
            return_complex=True,
        )
        # Scaled to the magnitude of a sine's amplitude, so that one floor serves all resolutions.
        magnitude = (spectrum.real.square() + spectrum.imag.square() + 1e-12).sqrt() * (2 / self.fft * 2)
        mel = magnitude.transpose(1, 2) @ self.filters
        return torch.log(mel.clamp_min(self.floor)).transpose(1, 2)


class MultiScaleMelLoss(nn.Module):
    """Mean L1 distance of log-mels over several window lengths."""

    def __init__(self, rate: int = 24000, windows: tuple[int, ...] = (2048, 1024, 512, 256, 128)):
        super().__init__()
        bands = {2048: 160, 1024: 100, 512: 64, 256: 32, 128: 16}
        self.scales = nn.ModuleList(LogMel(rate, w, w // 4, bands[w]) for w in windows)

    def forward(self, made: torch.Tensor, real: torch.Tensor) -> torch.Tensor:
        losses = [F.l1_loss(scale(made), scale(real)) for scale in self.scales]
        return torch.stack(losses).mean()


class HarmonicLoss(nn.Module):
    """Mean L1 distance of log magnitudes below 5 kHz, bin by bin, with windows long enough to part harmonics.

    Mel bands are wider than the distance of two harmonics from 1 kHz on, and a voice whose pitch is flat
    costs little there.
    """

    def __init__(self, rate: int = 24000, windows: tuple[int, ...] = (2048, 1024), highest: float = 5000.0):
        super().__init__()
        self.windows, self.bins = windows, [int(highest / rate * window) for window in windows]
        for window in windows:
            self.register_buffer(f"window_{window}", torch.hann_window(window), persistent=False)

    def forward(self, made: torch.Tensor, real: torch.Tensor) -> torch.Tensor:
        """Audio `[batch, samples]` of both."""
        losses = []
        for window, bins in zip(self.windows, self.bins, strict=True):
            shape = getattr(self, f"window_{window}")
            logs = []
            for audio in (made, real):
                spectrum = torch.stft(audio, window, window // 4, window=shape, return_complex=True)
                spectrum = spectrum[:, 1:bins]
                magnitude = (spectrum.real.square() + spectrum.imag.square() + 1e-12).sqrt() * (4 / window)
                logs.append(torch.log(magnitude.clamp_min(3e-4)))
            losses.append(F.l1_loss(*logs))
        return torch.stack(losses).mean()
