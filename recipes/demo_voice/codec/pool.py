"""Speech for codec training: one long strip of audio on the device, cut at random places."""

from __future__ import annotations

import time
from pathlib import Path

import numpy as np
import torch

from csm_cli.core.errors import MissingError
from csm_cli.training.segments import reading

PHONE_STEP = 480


class SpeechPool:
    """The newest shards of a folder as one strip; grows until it is full.

    Args:
        folder: where the shards of `recipes.demo_voice.produce` appear.
        hours: capacity. device: where the strip lives.
    """

    def __init__(self, folder: Path, hours: float, device: torch.device):
        self.folder, self.device = folder, device
        samples = int(hours * 3600 * 24000) // PHONE_STEP * PHONE_STEP
        self.audio = torch.zeros(samples, dtype=torch.int16, device=device)
        self.phones = torch.zeros(samples // PHONE_STEP, dtype=torch.uint8, device=device)
        self.used = 0
        self.room = torch.zeros((), device=device)  # steps filled, where a captured graph can read it
        self.seen: set[str] = set()

    def refresh(self, limit: int = 50) -> None:
        """Take in at most `limit` shards that are new in the folder.

        Raises:
            MissingError: a shard is damaged.
        """
        if self.used + PHONE_STEP > len(self.audio):
            return
        for path in [p for p in sorted(self.folder.glob("*.npz")) if p.name not in self.seen][:limit]:
            self.seen.add(path.name)
            with reading(path, "speech"):
                try:
                    with np.load(path) as shard:
                        audio, phones = shard["audio"], shard["phones"]
                except FileNotFoundError:  # the encoder was faster and has removed it
                    continue
                if len(audio) != len(phones) * PHONE_STEP:
                    raise ValueError(f"{len(audio)} samples, {len(phones)} labels of {PHONE_STEP} samples")
            self._add(audio, phones)

    def _add(self, audio: np.ndarray, phones: np.ndarray) -> None:
        """Audio int16 `[samples]` and its labels, as much as there is room for."""
        at = self.used // PHONE_STEP
        steps = min(len(phones), len(self.phones) - at)
        end = self.used + steps * PHONE_STEP
        self.audio[self.used : end] = torch.from_numpy(audio[: steps * PHONE_STEP]).to(self.device)
        self.phones[at : at + steps] = torch.from_numpy(phones[:steps]).to(self.device)
        self.used = end
        self.room.fill_(end // PHONE_STEP)

    def wait(self, seconds_of_audio: float, patience: float = 120) -> None:
        """Wait until the strip holds this much speech.

        Raises:
            MissingError: it does not after `patience` seconds, or a shard is damaged.
        """
        end = time.monotonic() + patience
        while self.used < seconds_of_audio * 24000:
            self.refresh()
            if time.monotonic() > end:
                raise MissingError(
                    f"{self.used / 24000:.0f} s of speech after {patience:.0f} s of waiting, "
                    f"{seconds_of_audio:.0f} s are needed",
                    where=str(self.folder),
                    remedy="have more shards of speech made, then start again",
                )
            time.sleep(0.5)

    def crops(self, batch: int, samples: int) -> tuple[torch.Tensor, torch.Tensor]:
        """Random pieces: audio float32 `[batch, samples]` with a random level, phones `[batch, samples //
        480]`."""
        steps = samples // PHONE_STEP
        start = (torch.rand(batch, 1, device=self.device) * (self.room - steps - 1)).long()
        phones = self.phones[start + torch.arange(steps, device=self.device)].long()
        audio = self.audio[start * PHONE_STEP + torch.arange(samples, device=self.device)].float() / 32768
        level = 10 ** torch.empty(batch, 1, device=self.device).uniform_(-0.3, 0.1)
        return audio * level, phones
