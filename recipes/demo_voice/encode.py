"""Shards of audio become shards of codes, as they appear."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import numpy as np
import torch

from csm_cli.training.segments import GUEST
from recipes.demo_voice.codec.mimi import encode_latents

FRAME = 1920
LATE = FRAME // 2
LATE_NUMBERS = 100_000_000
FRAMES_OF_A_BATCH = 2500
"""Frames that are encoded in one pass, padding counted."""


@torch.inference_mode()
def encode_shard(codec: Any, source: Path, target: Path, device: torch.device, late: int = 0) -> int:
    """Encode one shard of `produce` with a `MimiModel`; returns its frames.

    The target holds `codes` int16 [frames, codebooks], `ends` int64 [utterances] (in frames), `tags`,
    `speakers`, `texts`.

    Args:
        late: samples of silence in front, so that frames fall on other places of the speech: other codes
            for the same words. Guests get other numbers then, since no line may come twice in a row.
    """
    with np.load(source) as shard:
        audio, ends = shard["audio"], shard["ends"]
        kept = {name: shard[name] for name in ("tags", "speakers", "texts")}
    if late:
        kept["speakers"] = np.where(kept["tags"] == GUEST, kept["speakers"] + LATE_NUMBERS, kept["speakers"])
    starts = np.concatenate([[0], ends[:-1]])
    frames = -(-(ends - starts + late) // FRAME)
    found: list[np.ndarray] = [np.empty(0)] * len(ends)
    samples = torch.from_numpy(audio).to(device)
    for some in _batches(frames):
        longest = -(-int(frames[some].max()) // 8) * 8  # few shapes
        batch = torch.zeros(len(some), 1, longest * FRAME, device=device)
        for row, i in enumerate(some):
            size = ends[i] - starts[i]
            batch[row, 0, late : late + size] = samples[starts[i] : ends[i]].float() / 32768
        codes = codec.quantizer.encode(encode_latents(codec, batch)).permute(1, 2, 0)
        for row, i in enumerate(some):
            found[i] = codes[row, : frames[i]].to(torch.int16).cpu().numpy()
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

    codec = MimiModel.from_pretrained(codec_folder, local_files_only=True, dtype=torch.float32)
    codec = codec.to(device).eval()
    target.mkdir(parents=True, exist_ok=True)
    began, frames, said = time.monotonic(), 0, 0.0
    while time.monotonic() - began < seconds:
        stopped = (source / "stop").exists()
        waiting = [
            path for path in sorted(source.glob("*.npz"))
            if sum(path.stem.encode()) % parts == part and not (target / path.name).exists()
        ]  # fmt: skip
        for number, path in enumerate(waiting):
            if not path.name.startswith("5"):  # hibari has read more than enough
                encode_shard(codec, path, target / f"{path.stem}-late.npz", device, LATE)
            # Last: while it is not there, the shard is still waiting.
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
