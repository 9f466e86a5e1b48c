"""Shards of audio become shards of codes, as they appear."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import numpy as np
import torch

from csm_cli.training.mimi import encode_latents

FRAME = 1920


@torch.inference_mode()
def encode_shard(codec: Any, source: Path, target: Path, device: torch.device, most: int = 40) -> int:
    """Encode one shard of `produce` with a `MimiModel`; returns its frames.

    The target holds `codes` int16 [frames, codebooks], `ends` int64 [utterances] (in frames), `tags`,
    `texts`.
    """
    with np.load(source) as shard:
        audio, ends, tags, texts = shard["audio"], shard["ends"], shard["tags"], shard["texts"]
    starts = np.concatenate([[0], ends[:-1]])
    frames = -(-(ends - starts) // FRAME)
    found: list[np.ndarray] = [np.empty(0)] * len(ends)
    order = np.argsort(frames)
    for some in np.array_split(order, -(-len(order) // most)):
        batch = np.zeros((len(some), 1, frames[some].max() * FRAME), np.float32)
        for row, i in enumerate(some):
            batch[row, 0, : ends[i] - starts[i]] = audio[starts[i] : ends[i]] / 32768
        latents = encode_latents(codec, torch.from_numpy(batch).to(device))
        codes = codec.quantizer.encode(latents).permute(1, 2, 0).cpu().numpy()
        for row, i in enumerate(some):
            found[i] = codes[row, : frames[i]].astype(np.int16)
    temporary = target.with_suffix(".tmp")
    with temporary.open("wb") as file:
        np.savez(file, codes=np.concatenate(found), ends=np.cumsum(frames), tags=tags, texts=texts)
    temporary.rename(target)
    return int(frames.sum())


def encode_all(codec_folder: Path, source: Path, target: Path, device: torch.device, seconds: float) -> None:
    """Encode every shard of `source`, and those to come, until `seconds` have passed or `source/stop` is
    there."""
    from transformers import MimiModel

    codec = MimiModel.from_pretrained(codec_folder, local_files_only=True).to(device).eval()
    target.mkdir(parents=True, exist_ok=True)
    end, frames, began = time.time() + seconds, 0, time.time()
    while time.time() < end:
        waiting = [p for p in sorted(source.glob("*.npz")) if not (target / p.name).exists()]
        for number, path in enumerate(waiting):
            frames += encode_shard(codec, path, target / path.name, device)
            path.unlink()  # a hundred hours of audio are 17 GB
            if number % 200 == 0:
                hours = frames / 12.5 / 3600
                print(
                    f"encode {time.time() - began:.0f}s {hours:.1f} h, {len(waiting) - number} left",
                    flush=True,
                )
        if not waiting and (source / "stop").exists():
            break
        time.sleep(1)
