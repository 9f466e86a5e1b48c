"""Teachers at work: one process per core reads texts aloud and writes shards of audio.

A shard is one `.npz`: `audio` int16 [samples], `phones` uint8 [samples // 480], `ends` int64 [utterances]
(ends in samples), `tags` uint8 [utterances], `texts` (a JSON list). Written under a temporary name and
renamed when whole.
"""

from __future__ import annotations

import json
import multiprocessing
import os
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

from csm_cli.demo.recipe.teachers import TEACHERS, Reading, read_aloud
from csm_cli.demo.recipe.texts import Corpus


def write_shard(path: Path, readings: list[Reading]) -> None:
    """Write readings as one shard."""
    audio = np.concatenate([r.audio for r in readings])
    temporary = path.with_suffix(".tmp")
    with temporary.open("wb") as file:
        np.savez(
            file,
            audio=(np.clip(audio, -1, 1) * 32767).astype(np.int16),
            phones=np.concatenate([r.phones for r in readings]),
            ends=np.cumsum([len(r.audio) for r in readings]),
            tags=np.array([r.teacher.tag for r in readings], np.uint8),
            texts=np.frombuffer(json.dumps([r.text for r in readings]).encode(), np.uint8),
        )
    temporary.rename(path)


def work(
    corpus: Corpus, folder: Path, part: int, parts: int, seed: int, batch: int, until: Callable[[], bool]
) -> None:
    """Read texts in turns of teachers until told to stop."""
    os.nice(10)
    texts, rng = corpus.texts(seed, part, parts), np.random.default_rng(seed * 1000 + part)
    number = 0
    while not until():
        teacher = TEACHERS[int(rng.integers(len(TEACHERS)))]
        readings = [r for r in read_aloud(teacher, [next(texts) for _ in range(batch)], rng) if r]
        if readings:
            write_shard(folder / f"{part:03d}-{number:05d}.npz", readings)
            number += 1


def produce(
    corpus: Corpus, folder: Path, seconds: float, processes: int, seed: int = 1, batch: int = 24
) -> None:
    """Keep `processes` teachers reading for `seconds`, or until a file named `stop` appears in the folder."""
    folder.mkdir(parents=True, exist_ok=True)
    end = time.time() + seconds

    def until() -> bool:
        return time.time() > end or (folder / "stop").exists()

    context = multiprocessing.get_context("fork")
    workers = [
        context.Process(target=work, args=(corpus, folder, part, processes, seed, batch, until))
        for part in range(processes)
    ]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
