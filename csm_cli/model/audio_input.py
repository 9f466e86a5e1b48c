"""Audio as callers have it (arrays, tensors, files, what data sets give) → mono float32 arrays."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

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
