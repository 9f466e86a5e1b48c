"""Audio to codes and back through the Mimi codec, many lines at once, each as if alone."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional as F


def decode_codes(codec: Any, codes: Sequence[Tensor]) -> list[Tensor]:
    """Decode lines of any lengths in one call.

    Args:
        codec: a `transformers.MimiModel`.
        codes: integers `[frames, K]` each, 0 frames allowed.

    Returns:
        float32 audio `[frames * samples per frame]` each, as it comes from each line decoded alone: the
        decoder is causal, so that padding on the right, which is cut off again, changes nothing before it.
    """
    longest = max((len(line) for line in codes), default=0)
    if longest == 0:
        return [torch.zeros(0) for _ in codes]
    padded = torch.stack([F.pad(line.long(), (0, 0, 0, longest - len(line))) for line in codes])
    with torch.no_grad():
        audio = codec.decode(padded.transpose(1, 2)).audio_values[:, 0].float()
    per_frame = audio.shape[1] // longest
    return [audio[i, : len(line) * per_frame] for i, line in enumerate(codes)]


def encode_audio(codec: Any, audio: Tensor, num_codebooks: int) -> Tensor:
    """Mono audio `[samples]` at the codec's rate → int64 codes `[ceil(samples / samples per frame), K]`."""
    with torch.no_grad():
        values = audio.to(codec.dtype)[None, None]
        return codec.encode(values, num_quantizers=num_codebooks).audio_codes[0].transpose(0, 1)
