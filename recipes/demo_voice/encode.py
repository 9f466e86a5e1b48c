"""Shards of audio become shards of codes, as they appear."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import numpy as np
import torch

from csm_cli.training.mimi import encode_latents

FRAME = 1920
FRAMES_OF_A_BATCH = 6000
"""Frames that are encoded in one pass, padding counted."""


@torch.inference_mode()
def encode_shard(codec: Any, source: Path, target: Path, device: torch.device) -> int:
    """Encode one shard of `produce` with a `MimiModel`; returns its frames.

    The target holds `codes` int16 [frames, codebooks], `ends` int64 [utterances] (in frames), `tags`,
    `speakers`, `texts`.
    """
    with np.load(source) as shard:
        audio, ends, kept = shard["audio"], shard["ends"], {n: shard[n] for n in ("tags", "speakers", "texts")}
    starts = np.concatenate([[0], ends[:-1]])
    frames = -(-(ends - starts) // FRAME)
    found: list[np.ndarray] = [np.empty(0)] * len(ends)
    samples = torch.from_numpy(audio).to(device)
    for some in _batches(frames):
        longest = -(-int(frames[some].max()) // 8) * 8  # few shapes
        batch = torch.zeros(len(some), 1, longest * FRAME, device=device)
        for row, i in enumerate(some):
            batch[row, 0, : ends[i] - starts[i]] = samples[starts[i] : ends[i]].float() / 32768
        codes = codec.quantizer.encode(encode_latents(codec, batch)).permute(1, 2, 0).to(torch.int16).cpu().numpy()
        for row, i in enumerate(some):
            found[i] = codes[row, : frames[i]]
    temporary = target.with_suffix(".tmp")
    with temporary.open("wb") as file:
        np.savez(file, codes=np.concatenate(found), ends=np.cumsum(frames), **kept)
    temporary.rename(target)
    return int(frames.sum())


def _batches(frames: np.ndarray) -> list[list[int]]:
    """Utterances of like length together."""
    batches: list[list[int]] = []
    for i in np.argsort(frames)[::-1].tolist():
        if not batches or (len(batches[-1]) + 1) * frames[batches[-1][0]] > FRAMES_OF_A_BATCH:
            batches.append([])
        batches[-1].append(i)
    return batches


def encode_all(
    codec_folder: Path,
    source: Path,
    target: Path,
    device: torch.device,
    seconds: float,
    part: int = 0,
    parts: int = 1,
    keep: bool = False,
) -> None:
    """Encode the shards of `source` that fall to this of several processes, and those to come, until
    `seconds` have passed or `source/stop` is there and nothing is left. Audio that is encoded is deleted
    unless it is to be kept: a hundred hours are 17 GB."""
    from transformers import MimiModel

    codec = MimiModel.from_pretrained(codec_folder, local_files_only=True).to(device).eval()
    target.mkdir(parents=True, exist_ok=True)
    began, frames, said = time.monotonic(), 0, 0.0
    while time.monotonic() - began < seconds:
        stopped = (source / "stop").exists()
        waiting = [
            path for path in sorted(source.glob("*.npz"))
            if sum(path.stem.encode()) % parts == part and not (target / path.name).exists()
        ]  # fmt: skip
        for number, path in enumerate(waiting):
            frames += encode_shard(codec, path, target / path.name, device)
            if not keep:
                path.unlink()
            passed = time.monotonic() - began
            if passed - said > 20:
                said = passed
                print(f"encode {part}: {frames / 12.5 / 3600:.1f} h in {passed:.0f} s, "
                      f"{len(waiting) - number} shards left", flush=True)  # fmt: skip
            if passed > seconds:
                break
        if not waiting and stopped:
            break
        time.sleep(0.2)
