"""Audio as callers have it → mono float32 arrays; audio to codes and back through the Mimi codec."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional as F

Audio = NDArray[np.float32]


def audio_list(audio: Any) -> list[Any]:
    """One audio or several, as they come."""
    if audio is None:
        return []
    one = getattr(audio, "ndim", 0) == 1 or _is_numbers(audio) or isinstance(audio, (str, Path, dict))
    return [audio] if one else list(audio)


def _is_numbers(audio: Any) -> bool:
    return isinstance(audio, (list, tuple)) and len(audio) > 0 and isinstance(audio[0], (int, float))


def as_array(sound: Any) -> Audio:
    """An array, tensor or list of numbers as float32, its shape as it is."""
    if isinstance(sound, torch.Tensor):
        sound = sound.detach().float().cpu().numpy()
    return np.asarray(sound, dtype=np.float32)


def load_audio(sound: Any, rate: int) -> Audio:
    """A file, an array, or a dict of `array` and `sampling_rate` → float32 `[samples]`.

    Raises:
        ValueError: no such file, or one that is no audio; another rate; more than one channel; no samples.
    """
    where, found = "audio", rate
    if isinstance(sound, dict):
        sound, found = sound["array"], int(sound.get("sampling_rate", rate))
    elif isinstance(sound, (str, Path)):
        import soundfile

        where = str(sound)
        if not Path(where).is_file():
            raise ValueError(f"{where}: no such audio file")
        try:
            sound, found = soundfile.read(where, dtype="float32")
        except soundfile.SoundFileError as error:
            raise ValueError(f"{where}: cannot be read as audio ({error})") from error
    if found != rate:
        raise ValueError(f"{where}: {found} samples a second; resample it to {rate}")
    samples = as_array(sound)
    if samples.ndim == 2 and 1 in samples.shape:
        samples = samples.reshape(-1)
    if samples.ndim != 1:
        channels = min(samples.shape) if samples.ndim == 2 else samples.shape
        raise ValueError(f"{where}: {channels} channels; audio must be mono, mix them into one")
    if not len(samples):
        raise ValueError(f"{where}: holds no samples")
    return samples


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
