"""The batches of `csm train`: of a manifest's recordings, or of shards of codes."""

from __future__ import annotations

import hashlib
import itertools
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import torch

from csm_cli.checkpoints.find import Checkpoint
from csm_cli.core.errors import CsmError
from csm_cli.core.runtime import processes_can_pass_tensors
from csm_cli.model import CsmProcessor
from csm_cli.training.devices import Processes
from csm_cli.training.manifest import Clip, read_manifest
from csm_cli.training.options import TrainOptions
from csm_cli.training.rows import ClipData, encode_clips, make_rows, split_rows
from csm_cli.training.segments import RowShape, SegmentStore, count_frames
from csm_cli.training.trainer import as_tensors


@dataclass(frozen=True)
class Data:
    """The source of batches.

    Attributes:
        batches: endless batches, from a number on.
        per_epoch: batches in one round of all data; None: the batches are drawn at random.
        held: batches for validation.
        texts: (speaker, text) of the audio samples.
        identity: of the data; a run is only resumed with the same.
    """

    batches: Callable[[int], Iterator[dict[str, torch.Tensor]]]
    per_epoch: int | None
    held: list[dict[str, torch.Tensor]]
    texts: Sequence[tuple[int, str]]
    identity: str


def open_data(
    options: TrainOptions,
    checkpoint: Checkpoint,
    model: Any,
    log: Callable[[str], None],
    progress: Callable[[str], None],
    processes: Processes,
) -> Data:
    """Encode the recordings of a manifest, or open a folder of shards.

    Raises:
        MissingError, UsageError: the manifest, a recording or a shard cannot be used.
    """
    encode = partial(_segment_ids, CsmProcessor.from_checkpoint(checkpoint))
    if options.packed:
        return _from_shards(options, model, encode, log)
    clips = read_manifest(options.data)
    books, longest = model.config.num_codebooks, min(options.positions, model.config.max_position_embeddings)
    with processes.one_by_one():  # the first encodes, the others find the files
        codes = encode_clips(
            clips, model.codec_model, books, options.out / "codes",
            lambda done, whole: progress(f"encoding {done}/{whole} recordings"),
        )  # fmt: skip
    rows, dropped = make_rows(clips, codes, encode, longest)
    if dropped:
        log(f"warning: {len(dropped)} recordings are too long for {longest} positions and left out, "
            f"the first is {dropped[0].audio}")  # fmt: skip
    rows, held = split_rows(rows, options.validation, options.seed)
    frames = sum(len(segment.codes) for row in rows for segment in row)
    log(f"{len(rows)} rows to learn ({frames / 12.5 / 60:.1f} minutes), {len(held)} for validation")
    source = ClipData(rows, options.positions, books, options.seed)
    validation = ClipData(held, options.positions, books, 0)
    return Data(
        lambda start: (as_tensors(batch) for batch in source.batches(start)),
        len(source.epoch(0)),
        [as_tensors(validation.packed(chosen)) for chosen in sorted(validation.epoch(0))] if held else [],
        options.samples or [(c.speaker, c.text) for c in clips[:: max(1, len(clips) // 2)][:2]],
        f"{options.data.resolve()}, {len(clips)} recordings, {_digest(clips)}",
    )


def _digest(clips: Sequence[Clip]) -> str:
    """A digest of all fields of a manifest."""
    fields = [(str(clip.audio), clip.text, clip.speaker, clip.conversation) for clip in clips]
    return hashlib.sha256(repr(fields).encode()).hexdigest()[:8]


def _segment_ids(processor: Any, speaker: int, text: str) -> list[int]:
    # Not a closure: it is pickled for the processes that load batches.
    return [processor.bos_id, *processor.text_ids(f"[{speaker}]{text}"), processor.end_id]


def _from_shards(
    options: TrainOptions, model: Any, encode: Callable[[int, str], list[int]], log: Callable[[str], None]
) -> Data:
    """Shards of codes, packed into rows of a few fixed lengths: for millions of positions, on compiled
    steps.
    """
    from torch.utils.data import DataLoader

    from csm_cli.training.trainer import Batches

    settings, books = options.for_loop(), model.config.num_codebooks
    learned, kept = (frames / 12.5 / 3600 for frames in count_frames(options.data))
    log(f"{learned:.1f} hours of speech to learn, {kept:.1f} for validation")
    size = model.config.codec_config.codebook_size
    store = SegmentStore(options.data, encode, False, books, size)
    held = SegmentStore(options.data, encode, True, books, size)
    held.refresh()
    longest = max(shape.length for shape in options.shapes if not shape.conversation)
    single = RowShape(longest, 1.0, False)
    some = held.by_tag or held.guests
    found = held.batches((single,), options.positions, books, seed=5) if some else iter(())

    workers = settings.workers
    if workers and not processes_can_pass_tensors():
        log("warning: TMPDIR is too long a path for sockets: batches are made in this process, slower")
        workers = 0

    def batches(start: int) -> Iterator[dict[str, torch.Tensor]]:
        loader: Any = DataLoader(
            Batches(store, settings, books, start),
            batch_size=None,
            num_workers=workers,
            prefetch_factor=8 if workers else None,
            pin_memory=torch.cuda.is_available(),
        )
        for batch in loader:
            if isinstance(batch, CsmError):
                raise batch
            yield batch

    return Data(
        batches,
        None,
        [as_tensors(rows) for rows in itertools.islice(found, 3)],
        options.samples,
        str(options.data.resolve()),
    )
