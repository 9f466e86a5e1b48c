"""Clips → rows to learn: audio encoded once and kept, split off for validation, put into batches by
length.
"""

from __future__ import annotations

import hashlib
import math
import random
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch

from csm_cli.audio.files import read_audio
from csm_cli.core.errors import UsageError
from csm_cli.model.audio import encode_audio
from csm_cli.training.manifest import Clip
from csm_cli.training.segments import Rows, Spoken, pack

Row = list[Spoken]


def encode_clips(
    clips: Sequence[Clip],
    codec: Any,
    codebooks: int,
    folder: Path,
    progress: Callable[[int, int], None] = lambda done, whole: None,
) -> list[np.ndarray]:
    """The codes of every clip, int16 `[frames, codebooks]`, from `folder` where they have been encoded
    before.

    Args:
        codec: a `MimiModel`, in float32.
        folder: holds one `.npy` file for each recording and codec.
    """
    folder.mkdir(parents=True, exist_ok=True)
    device = next(codec.parameters()).device
    marks = [f"{codebooks} ".encode(), *(b.detach().cpu().numpy().tobytes() for n, b in codec.named_buffers()
             if n.endswith("embed_sum"))]  # fmt: skip
    codec_mark = hashlib.sha256(b"".join(marks)).digest()
    found = []
    for number, clip in enumerate(clips):
        about = clip.audio.stat()
        mark = f"{clip.audio.resolve()} {about.st_size} {about.st_mtime_ns}".encode()
        path = folder / f"{hashlib.sha256(codec_mark + mark).hexdigest()[:32]}.npy"
        if not path.is_file():
            audio = torch.from_numpy(read_audio(clip.audio, codec.config.sampling_rate)).to(device)
            codes = encode_audio(codec, audio, codebooks).cpu().numpy().astype(np.int16)
            unfinished = path.with_suffix(".part")
            with unfinished.open("wb") as file:
                np.save(file, codes)
            unfinished.replace(path)
        found.append(np.load(path))
        progress(number + 1, len(clips))
    return found


def make_rows(
    clips: Sequence[Clip],
    codes: Sequence[np.ndarray],
    encode: Callable[[int, str], list[int]],
    longest: int,
) -> tuple[list[Row], list[Clip]]:
    """Clips with their codes as rows: single segments, and conversations cut where they would be too long.

    Args:
        encode: (speaker, text) → ids with BOS and end.
        longest: positions of a row.

    Returns:
        The rows, and the clips that are too long for one.
    """
    rows: list[Row] = []
    dropped: list[Clip] = []
    open_rows: dict[str, Row] = {}
    for clip, heard in zip(clips, codes, strict=True):
        spoken = Spoken(clip.speaker, np.array(encode(clip.speaker, clip.text), np.int32), heard)
        if len(spoken) > longest:
            dropped.append(clip)
            continue
        row = open_rows.get(clip.conversation) if clip.conversation is not None else None
        if row is not None and sum(map(len, row)) + len(spoken) <= longest:
            row.append(spoken)
            continue
        rows.append([spoken])
        if clip.conversation is not None:
            open_rows[clip.conversation] = rows[-1]
    return rows, dropped


def split_rows(rows: Sequence[Row], share: float, seed: int) -> tuple[list[Row], list[Row]]:
    """(rows to learn, rows kept for validation); at least one for validation if the share is not 0.

    Raises:
        UsageError: there are too few rows for both.
    """
    count = math.ceil(len(rows) * share)
    if count >= len(rows):
        raise UsageError(
            f"{len(rows)} recordings are too few to learn from and to keep some for validation",
            remedy="give more, or --validation 0",
        )
    order = list(range(len(rows)))
    random.Random(seed).shuffle(order)
    held = set(order[:count])
    return [rows[i] for i in range(len(rows)) if i not in held], [rows[i] for i in sorted(held)]


@dataclass(frozen=True)
class ClipData:
    """Batches of rows of like length. Which rows are in batch n follows from the seed and n alone, so that
    a run can go on anywhere.

    Attributes:
        positions: a batch holds as many rows as fit, padding counted; at least one.
    """

    rows: Sequence[Row]
    positions: int
    codebooks: int
    seed: int

    def epoch(self, number: int) -> list[list[int]]:
        """Numbers of the rows of each batch."""
        rng = random.Random(f"{self.seed} {number}")
        order = list(range(len(self.rows)))
        rng.shuffle(order)
        # Stable: rows of one length stay in random order.
        lengths = {i: sum(map(len, self.rows[i])) for i in order}
        order.sort(key=lengths.__getitem__)
        batches: list[list[int]] = []
        for i in order:
            if batches and lengths[i] * (len(batches[-1]) + 1) <= self.positions:
                batches[-1].append(i)
            else:
                batches.append([i])
        rng.shuffle(batches)
        return batches

    def batches(self, start: int = 0) -> Iterator[Rows]:
        """Endless, from batch number `start` on."""
        number = 0
        while True:
            epoch = self.epoch(number)
            for chosen in epoch[start:]:
                yield self.packed(chosen)
            start = max(0, start - len(epoch))
            number += 1

    def packed(self, chosen: Sequence[int]) -> Rows:
        """These rows, padded to the longest."""
        rows = [self.rows[i] for i in chosen]
        return pack(rows, max(sum(map(len, row)) for row in rows), self.codebooks)
