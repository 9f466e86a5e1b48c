"""One way of computing, step by step, in a process of its own: `python -m benchmarks.way`, for `sweep`.

Prints a JSON line when a step begins and one when it is done. Any error ends the process: after most of them
it cannot use the GPU any more.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from functools import cached_property
from typing import Any

import numpy as np
import torch

from csm_cli.bench.correct import agreement, given, teacher_forced
from csm_cli.bench.run import copy_bandwidth, device_name, frame_bytes, peak_memory, row_of
from csm_cli.bench.subject import SAMPLER, BareFrames, Prompts, find_subject
from csm_cli.core.types import Codes, Utterance
from csm_cli.engine.codec import Codec
from csm_cli.engine.devices import pick_device, pick_dtype, use_cpu_threads
from csm_cli.engine.layout import Weights
from csm_cli.engine.linears import Plain, choose_linear
from csm_cli.engine.scheduler import BatchScheduler
from csm_cli.engine.weights import load_weights

WAYS = ("steps", "graphs", "compiled", "int8", "fp8")
"""Frames step by step; as CUDA graphs; compiled and as graphs; as graphs with quantised products."""

_TINY_CODEC: dict[str, Any] = {
    "hidden_size": 32,
    "num_filters": 4,
    "num_hidden_layers": 1,
    "intermediate_size": 64,
    "num_attention_heads": 2,
    "num_key_value_heads": 2,
    "head_dim": 16,
    "codebook_size": 64,
    "codebook_dim": 16,
    "vector_quantization_hidden_dimension": 16,
    "num_quantizers": 4,
    "upsample_groups": 32,
}


@dataclass(frozen=True)
class Settings:
    """What is measured, and for how long; `batches` from the smallest on."""

    way: str
    shape: str = "csm-1b"
    device: str = "auto"
    dtype: str | None = None
    batches: tuple[int, ...] = (1, 64, 256)
    context: int = 600
    frames: int = 24
    rounds: int = 3

    @property
    def steps(self) -> list[tuple[str, int]]:
        """(name, batch), in the order they are done: correctness first."""
        largest = self.batches[-1]
        return [
            ("correct", min(8, largest)),
            *(("frames", batch) for batch in self.batches),
            *(("book", batch) for batch in self.batches if batch > 1 or largest == 1),
        ]


class Way:
    """A model laid out for one way of computing."""

    def __init__(self, settings: Settings) -> None:
        self.settings, self.way = settings, settings.way
        self.device = pick_device(settings.device)
        self.dtype = pick_dtype(settings.dtype, self.device)
        if self.device.type == "cpu":
            use_cpu_threads()
        self.quantize = self.way if self.way in ("int8", "fp8") else None
        self.graphs, self.compiled = self.way != "steps", self.way == "compiled"
        self.subject = find_subject("", settings.shape)
        self.positions: int = self.subject.config["max_position_embeddings"]
        linear = choose_linear(self.device, self.dtype, self.quantize)
        self.weights = load_weights(
            self.subject.config, self.subject.tensors, self.device, self.dtype, linear
        )
        generator = torch.Generator().manual_seed(2)
        self.ids: list[int] = torch.randint(
            len(self.weights.text), (settings.context,), generator=generator
        ).tolist()

    def do(self, step: str, batch: int) -> dict[str, Any]:
        """Figures of a step: `correct`, `frames` or `book`."""
        return {"correct": self.correct, "frames": self.frames, "book": self.book}[step](batch)

    def correct(self, batch: int) -> dict[str, Any]:
        """Logits beside those of plain float32 products; codes of graphs beside those of single steps."""
        reference = load_weights(self.subject.config, self.subject.tensors, self.device, torch.float32, Plain)
        ids, codes = given(reference)
        wanted = teacher_forced(reference, ids, codes)
        found: dict[str, Any] = asdict(agreement(teacher_forced(self.weights, ids, codes), wanted))
        if self.graphs:
            found["codes_equal_to_steps"] = self._equal_codes(self.weights, batch)
        if self.way == "graphs":
            found["codes_equal_to_steps_float32"] = self._equal_codes(reference, batch)
        return found

    def _equal_codes(self, weights: Weights, batch: int) -> list[float]:
        """Share of equal codes in each of the first frames; a line differs to its end once a code differs."""
        found = []
        for graphs in (False, True):
            lines: dict[int, Codes] = {}
            for finished in self._generate(weights, batch, batch, graphs, cap=6):
                lines |= finished
            found.append(np.stack([lines[ticket] for ticket in sorted(lines)]))
        return [round(float(share), 4) for share in (found[0] == found[1]).mean(axis=(0, 2))]

    def frames(self, batch: int) -> dict[str, Any]:
        """Frames of full slots, and the seconds of prompts and recording before them."""
        frames, rounds = self.settings.frames, self.settings.rounds
        began = time.perf_counter()
        bare = BareFrames(
            self.weights, self.ids, batch, frames, rounds, self.positions, self.graphs, self.compiled
        )
        started = time.perf_counter() - began
        measured = [bare.round() for _ in range(rounds)]
        row = row_of(self.way, bare.scheduler.count, measured, self.weights.num_codebooks, self.device)
        gigabytes = frame_bytes(self.weights) / 1e9 / (row.ms_per_frame / 1e3)
        copy = copy_bandwidth(self.device)
        return {
            "slots": bare.scheduler.count,
            "ms_per_frame": row.ms_per_frame,
            "rounds_ms": [seconds * 1e3 for seconds, _ in measured],
            "times_real_time": row.times_real_time,
            "gb_per_second": gigabytes,
            "copy_gb_per_second": copy,
            "copy_share": gigabytes / copy,
            "prompts_and_recording_seconds": started,
        }

    def book(self, batch: int) -> dict[str, Any]:
        """Three lines of 20 to 80 frames for each slot: refill, prompts, frames, codec."""
        codec = self._codec
        began = time.perf_counter()
        frames = 0
        for finished in self._generate(self.weights, 3 * batch, batch, self.graphs):
            lines = [torch.from_numpy(codes.astype(np.int64)) for codes in finished.values()]
            codec.decode(torch.nn.utils.rnn.pad_sequence(lines, batch_first=True)).cpu()
            frames += sum(map(len, lines))
        seconds = time.perf_counter() - began
        return {"frames": frames, "times_real_time": frames * 0.08 / seconds}

    def _generate(
        self, weights: Weights, lines: int, slots: int, graphs: bool, cap: int | None = None
    ) -> Iterator[dict[int, Codes]]:
        """Lines as they are finished, by number from 1."""
        prompts: Any = Prompts(self.ids, weights.num_codebooks, voice=len(self.ids) // 2)
        scheduler = BatchScheduler(
            weights, prompts, slots, self.positions, graphs=graphs, compiled=self.compiled
        )
        for n in range(lines):
            scheduler.submit(Utterance(0, "", seed=n, max_frames=cap or 20 + n * 37 % 61, sampler=SAMPLER))
        while taken := scheduler.poll():
            yield {ticket: speech.codes for ticket, speech in taken}

    @cached_property
    def _codec(self) -> Codec:
        """Mimi with random weights, beside a tiny model a tiny one."""
        from transformers import MimiConfig, MimiModel

        torch.manual_seed(0)
        config = MimiConfig(**_TINY_CODEC) if self.settings.shape == "tiny" else MimiConfig()
        tensors = {f"codec_model.{name}": t for name, t in MimiModel(config).state_dict().items()}
        return Codec(config.to_dict(), tensors, self.weights.num_codebooks, self.device)


def main() -> None:
    """Do the steps named on the command line: settings and steps, both as JSON."""
    settings = Settings(**json.loads(sys.argv[1]))
    wanted = [tuple(step) for step in json.loads(sys.argv[2])]
    began = time.perf_counter()
    way = Way(settings)
    versions = {"torch": torch.__version__, "cuda": torch.version.cuda, "device": device_name(way.device)}
    _emit(
        loaded=round(time.perf_counter() - began, 2), dtype=str(way.dtype).removeprefix("torch."), **versions
    )
    for step, batch in wanted:
        _emit(begin=[step, batch])
        began = time.perf_counter()
        figures = way.do(step, batch)
        took = round(time.perf_counter() - began, 2)
        _emit(done=[step, batch], took_seconds=took, peak_memory_gb=peak_memory(way.device), **figures)


def _emit(**line: Any) -> None:
    print(json.dumps(line), flush=True)


if __name__ == "__main__":
    main()
