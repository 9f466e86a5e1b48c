"""Rows of segments, as CSM is trained on them; clips → rows, and batches of rows of like length.

A row is one segment, or several of a conversation: the earlier ones are the context of the later ones, and
the loss counts them all.
"""

from __future__ import annotations

import hashlib
import math
import os
import random
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch

from csm_cli.audio.files import read_audio
from csm_cli.core.errors import MissingError, UsageError
from csm_cli.core.stored import read_array
from csm_cli.model.merge import encode_audio
from csm_cli.training.manifest import Clip

PAD, TEXT, FRAME, EOS = 0, 1, 2, 3
"""Kinds of positions, see `Rows`."""


@dataclass(frozen=True)
class TrainSegment:
    """One utterance to train on: BOS, `[tag]text`, end of text, its frames, one EOS frame.

    Attributes:
        ids: of the text, BOS and end included, int32 `[tokens]`.
        codes: int16 `[frames, codebooks]`, without the EOS frame.
    """

    tag: int
    ids: np.ndarray
    codes: np.ndarray

    def __len__(self) -> int:
        return len(self.ids) + len(self.codes) + 1


@dataclass(frozen=True)
class Rows:
    """A batch.

    Attributes:
        ids: int32 `[rows, length]`, 0 where there is no text.
        codes: int16 `[rows, length, codebooks]`, 0 where there is no frame.
        kind: uint8 `[rows, length]`: PAD, TEXT, FRAME or EOS.
    """

    ids: np.ndarray
    codes: np.ndarray
    kind: np.ndarray


Row = list[TrainSegment]


def pack(rows: list[list[TrainSegment]], length: int, codebooks: int) -> Rows:
    """Rows of `length` positions, each of segments one after the other and padding behind them."""
    ids = np.zeros((len(rows), length), np.int32)
    codes = np.zeros((len(rows), length, codebooks), np.int16)
    kind = np.zeros((len(rows), length), np.uint8)
    for i, row in enumerate(rows):
        at = 0
        for segment in row:
            middle, end = at + len(segment.ids), at + len(segment)
            ids[i, at:middle] = segment.ids
            kind[i, at:middle] = TEXT
            codes[i, middle : end - 1] = segment.codes
            kind[i, middle : end - 1] = FRAME
            kind[i, end - 1] = EOS
            at = end
    return Rows(ids, codes, kind)


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
        mark = os.fsencode(clip.audio.resolve()) + f" {about.st_size} {about.st_mtime_ns}".encode()
        path = folder / f"{hashlib.sha256(codec_mark + mark).hexdigest()[:32]}.npy"
        if not path.is_file():
            audio = torch.from_numpy(read_audio(clip.audio, codec.config.sampling_rate)).to(device)
            codes = encode_audio(codec, audio, codebooks).cpu().numpy().astype(np.int16)
            unfinished = path.with_suffix(".part")
            with unfinished.open("wb") as file:
                np.save(file, codes)
            unfinished.replace(path)
        found.append(_read_codes(path))
        progress(number + 1, len(clips))
    return found


def _read_codes(path: Path) -> np.ndarray:
    """Codes that were encoded before.

    Raises:
        MissingError: the file is damaged.
    """
    try:
        with path.open("rb") as file:
            codes = read_array(file, "int16")
    except (OSError, ValueError) as error:
        raise MissingError(
            f"cannot be read ({error})", where=str(path), remedy="delete it: it is made again"
        ) from error
    if codes.ndim != 2:
        raise MissingError("holds no codes", where=str(path), remedy="delete it: it is made again")
    return codes


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
    for clip, frames in zip(clips, codes, strict=True):
        segment = TrainSegment(clip.speaker, np.array(encode(clip.speaker, clip.text), np.int32), frames)
        if len(segment) > longest:
            dropped.append(clip)
            continue
        row = open_rows.get(clip.conversation) if clip.conversation is not None else None
        if row is not None and sum(map(len, row)) + len(segment) <= longest:
            row.append(segment)
            continue
        rows.append([segment])
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
