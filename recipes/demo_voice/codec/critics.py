"""The critics of codec training: discriminators of real and decoded audio, and a phone classifier."""

from __future__ import annotations

import torch
from torch import nn
from torch.nn import functional as F
from torch.nn.utils.parametrizations import weight_norm

from recipes.demo_voice.codec.spectra import LogMel


class StftDiscriminator(nn.Module):
    """Judges the complex spectrum at one resolution (EnCodec's MS-STFT discriminator, narrower).

    `[batch, samples]` → a map of scores and the activations of each layer.
    """

    def __init__(self, fft: int, channels: int = 16):
        super().__init__()
        self.fft = fft
        self.register_buffer("window", torch.hann_window(fft), persistent=False)

        def layer(inp: int, out: int, dilation: int, stride: int) -> nn.Module:
            padding = (dilation, 4 if stride == 2 else 1)
            kernel = (3, 9 if stride == 2 else 3)
            return weight_norm(nn.Conv2d(inp, out, kernel, (1, stride), padding, (dilation, 1)))

        self.layers = nn.ModuleList(
            [
                layer(2, channels, 1, 2),
                layer(channels, channels * 2, 1, 2),
                layer(channels * 2, channels * 2, 2, 2),
                layer(channels * 2, channels * 2, 4, 2),
                layer(channels * 2, channels * 2, 1, 1),
            ]
        )
        self.score = weight_norm(nn.Conv2d(channels * 2, 1, 3, padding=1))

    def forward(self, audio: torch.Tensor) -> tuple[torch.Tensor, list[torch.Tensor]]:
        with torch.autocast(audio.device.type, enabled=False):
            spectrum = torch.stft(
                audio.float(),
                self.fft,
                self.fft // 4,
                window=self.window,
                normalized=True,
                return_complex=True,
            )
        x = torch.stack([spectrum.real, spectrum.imag], dim=1).transpose(2, 3)
        features = []
        for convolution in self.layers:
            x = F.leaky_relu(convolution(x), 0.2)
            features.append(x)
        return self.score(x), features


class Discriminators(nn.Module):
    """Several resolutions side by side."""

    def __init__(self, ffts: tuple[int, ...] = (2048, 1024, 512), channels: int = 16):
        super().__init__()
        self.judges = nn.ModuleList(StftDiscriminator(fft, channels) for fft in ffts)

    def forward(self, audio: torch.Tensor) -> list[tuple[torch.Tensor, list[torch.Tensor]]]:
        return [judge(audio) for judge in self.judges]

    def critic_loss(self, real: torch.Tensor, made: torch.Tensor) -> torch.Tensor:
        """Hinge loss on audio `[batch, samples]`; `made` carries no gradient back."""
        scores = self(torch.cat([real, made.detach()]))
        loss = torch.zeros((), device=real.device)
        for score, _ in scores:
            good, bad = score.float().chunk(2)
            loss = loss + F.relu(1 - good).mean() + F.relu(1 + bad).mean()
        return loss / len(scores)

    def maker_loss(self, real: torch.Tensor, made: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """(adversarial loss, feature-matching loss) for the maker of `made`."""
        with torch.no_grad():
            wanted = self(real)
        judged = self(made)
        fool = torch.stack([-score.float().mean() for score, _ in judged]).mean()
        match = torch.zeros((), device=real.device)
        for (_, got), (_, want) in zip(judged, wanted, strict=True):
            for g, w in zip(got, want, strict=True):
                match = match + (g.float() - w.float()).abs().mean() / w.float().abs().mean().clamp_min(1e-3)
        return fool, match / sum(len(features) for _, features in wanted)


class PhoneClassifier(nn.Module):
    """Audio `[batch, samples]` → logits `[batch, phones, samples // 480]`, and its hidden
    layers.

    Trained on real speech only. Its outputs for decoded speech are compared with those for the original: a
    distance of words rather than of waveforms.
    """

    def __init__(self, phones: int, rate: int = 24000, width: int = 256, layers: int = 4):
        super().__init__()
        self.mel = LogMel(rate, 1024, 240, 80, floor=1e-3)
        self.input = nn.Conv1d(80, width, 5, padding=2)
        self.down = nn.Conv1d(width, width, 4, stride=2, padding=1)
        self.layers = nn.ModuleList(nn.Conv1d(width, width, 5, padding=2) for _ in range(layers))
        self.norms = nn.ModuleList(nn.GroupNorm(1, width) for _ in range(layers))
        self.output = nn.Conv1d(width, phones, 1)

    def forward(self, audio: torch.Tensor) -> tuple[torch.Tensor, list[torch.Tensor]]:
        with torch.autocast(audio.device.type, enabled=False):
            mel = self.mel(audio.float())[..., :-1] * 0.25 + 1
        x = F.gelu(self.down(F.gelu(self.input(mel))))
        hidden = []
        for convolution, norm in zip(self.layers, self.norms, strict=True):
            x = x + F.gelu(convolution(norm(x)))
            hidden.append(x)
        return self.output(x), hidden

    def distance(self, made: torch.Tensor, real: torch.Tensor) -> torch.Tensor:
        """Of `made` and `real`, audio `[batch, samples]`: hidden distance plus KL of the phones."""
        with torch.no_grad():
            wanted, want_hidden = self(real)
        phones, hidden = self(made)
        match = torch.stack(
            [
                (h.float() - w.float()).abs().mean() / w.float().abs().mean().clamp_min(1e-3)
                for h, w in zip(hidden, want_hidden, strict=True)
            ]
        ).mean()
        divergence = F.kl_div(
            phones.float().log_softmax(1), wanted.float().log_softmax(1), log_target=True, reduction="none"
        )
        return match + divergence.sum(1).mean()
