"""One way of computing, step by step, in a process of its own: `python -m benchmarks.way`, for `sweep`.

Prints a JSON line when a step begins and one when it is done. Any error ends the process: after most of them
it cannot use the GPU any more.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from functools import cached_property, partial
from typing import Any

import numpy as np
import torch

from benchmarks.chapters import Spoken, speak_chapters
from benchmarks.checkpoint import random_codec
from csm_cli.bench.correct import agreement, forced_logits, given, teacher_forced
from csm_cli.bench.end_to_end import render_lines
from csm_cli.bench.run import copy_bandwidth, device_name, frame_bytes, peak_memory, row_of
from csm_cli.bench.subject import SAMPLER, BareFrames, Prompts, find_subject
from csm_cli.core.types import Codes, Utterance
from csm_cli.engine.batch import PROMPT_BUCKET
from csm_cli.engine.codec import Codec
from csm_cli.engine.decoding import CodecBatches, line_decoder
from csm_cli.engine.devices import ALL, SpeedUps, pick_device, pick_dtype, use_threads
from csm_cli.engine.gpu import fused_parts
from csm_cli.engine.layout import Weights
from csm_cli.engine.linears import Plain, choose_linear
from csm_cli.engine.scheduler import BatchScheduler
from csm_cli.engine.state import Part, new_state, prefill
from csm_cli.engine.weights import load_weights

WAYS = {
    "steps": SpeedUps(graphs=False, fused=False),
    "recorded": SpeedUps(fused=False),
    "fused": ALL,
    "int8": ALL,
    "fp8": ALL,
}
"""Frames step by step; the same as CUDA graphs; by fused kernels, as graphs (what users get); with 8-bit
weights.
"""

TINY_CODEC: dict[str, Any] = {
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
        several = [batch for batch in self.batches if batch > 1 or largest == 1]
        return [
            ("correct", min(8, largest)),
            *(("frames", batch) for batch in self.batches),
            ("first audio", 1),
            ("parts", min(16, largest)),
            *((name, batch) for name in ("book", "chapters") for batch in several),
        ]


class Way:
    """A model laid out for one way of computing."""

    def __init__(self, settings: Settings) -> None:
        self.settings, self.way = settings, settings.way
        self.device = pick_device(settings.device)
        self.dtype = pick_dtype(settings.dtype, self.device)
        use_threads(self.device)
        self.quantize = self.way if self.way in ("int8", "fp8") else None
        self.speed = WAYS[self.way]
        self.subject = find_subject("", settings.shape, self.device)
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
        """Figures of a step."""
        steps = {"correct": self.correct, "frames": self.frames, "book": self.book, "chapters": self.chapters}
        return (steps | {"first audio": self.first_audio, "parts": self.parts})[step](batch)

    def correct(self, batch: int) -> dict[str, Any]:
        """Logits beside those of plain float32 products; codes of graphs beside those of single steps."""
        reference = load_weights(self.subject.config, self.subject.tensors, self.device, torch.float32, Plain)
        ids, codes = given(reference)
        wanted = teacher_forced(reference, ids, codes)
        logits = forced_logits(self.weights, ids, codes, self.speed)
        found: dict[str, Any] = asdict(agreement(logits, wanted))
        if self.way != "steps":
            found["codes_equal_to_steps"] = self._equal_codes(self.weights, batch)
        if self.way in ("recorded", "fused"):
            found["codes_equal_to_steps_float32"] = self._equal_codes(reference, batch)
        return found

    def _equal_codes(self, weights: Weights, batch: int) -> list[float]:
        """Share of equal codes in each of the first frames; a line differs to its end once a code differs."""
        found = []
        for speed in (WAYS["steps"], self.speed):
            scheduler = self._scheduler(weights, batch, speed)
            for n in range(batch):
                scheduler.submit(Utterance(0, "", seed=n, max_frames=6, sampler=SAMPLER))
            lines: dict[int, Codes] = {}
            while taken := scheduler.poll():
                lines |= {ticket: speech.codes for ticket, speech in taken}
            found.append(np.stack([lines[ticket] for ticket in sorted(lines)]))
        return [round(float(share), 4) for share in (found[0] == found[1]).mean(axis=(0, 2))]

    def _scheduler(self, weights: Weights, slots: int, speed: SpeedUps) -> BatchScheduler:
        prompts: Any = Prompts(self.ids, weights.num_codebooks, voice=len(self.ids) // 2)
        return BatchScheduler(weights, prompts, slots, self.positions, speed=speed)

    def frames(self, batch: int) -> dict[str, Any]:
        """Frames of full slots, and the seconds of prompts and recording before them."""
        frames, rounds = self.settings.frames, self.settings.rounds
        began = time.perf_counter()
        bare = BareFrames(self.weights, self.ids, batch, frames, rounds, self.positions, self.speed)
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
        """Twenty lines of 20 to 80 frames for each slot: refill, prompts, frames, codec; and where the time
        goes.
        """
        scheduler, frames = self._scheduler(self.weights, batch, self.speed), 0
        for n in range(20 * batch):
            cap = 20 + n * 37 % 61
            frames += cap
            scheduler.submit(Utterance(0, "", seed=n, max_frames=cap, sampler=SAMPLER))
        found = render_lines(scheduler, line_decoder(self._decode, self.device), lambda ticket, sound: None)
        found.sound = frames * 0.08
        return {"slots": scheduler.count, **found.figures()}

    def chapters(self, batch: int) -> dict[str, Any]:
        """As `book`, with the context that `csm render` gives each line; see `benchmarks.chapters`.

        The second time counts: prompts of many lengths are compiled and recorded in the first.
        """

        def make(prompts: Any, slots: int) -> Spoken:
            return Spoken(self.weights, prompts, slots, self.positions, speed=self.speed)

        decoder = line_decoder(self._decode, self.device)
        speak_chapters(make, self.ids, self.weights.num_codebooks, batch, decoder)
        return speak_chapters(make, self.ids, self.weights.num_codebooks, batch, decoder)

    def parts(self, batch: int) -> dict[str, Any]:
        """Milliseconds of prompts of several lines, their second half behind a known voice, and of their
        sound, by the number of lines.
        """
        numbers = [n for n in (1, 2, 4, 8, 16) if n <= batch]
        state, half = new_state(self.weights, batch, self.positions, eos=-1), len(self.ids) // 2
        cuda = self.device.type == "cuda"
        fused = fused_parts(state, self.speed.graphs and cuda) if self.speed.fused else None
        bucket = PROMPT_BUCKET if cuda else 0

        def prompts(lines: int) -> None:
            some = [Part(row, self.ids[half:], half) for row in range(lines)]
            if fused is not None:
                fused[1](some)
            else:
                for part in some:
                    prefill(state, part, bucket)

        def sound(lines: int) -> None:
            self._decode([np.full((50, self.weights.num_codebooks), n, dtype=np.int16) for n in range(lines)])

        return {
            name: {lines: self._milliseconds(partial(run, lines)) for lines in numbers}
            for name, run in (("prompt_ms", prompts), ("codec_ms_of_50_frames", sound))
        }

    def _milliseconds(self, run: Callable[[], None]) -> float:
        """The best of several, after two that prepare."""
        times = []
        with torch.inference_mode():
            for _ in range(6):
                began = time.perf_counter()
                run()
                if self.device.type == "cuda":
                    torch.cuda.synchronize()
                times.append((time.perf_counter() - began) * 1e3)
        return min(times[2:])

    def first_audio(self, batch: int) -> dict[str, Any]:
        """Milliseconds from the request to the first 80 ms of sound; half of the prompt is a known voice."""
        scheduler, decode = self._scheduler(self.weights, 1, self.speed), self._decode
        times = []
        for seed in range(4):
            if self.device.type == "cuda":
                torch.cuda.synchronize()
            began = time.perf_counter()
            ticket = scheduler.submit(Utterance(0, "", seed=seed, max_frames=8, sampler=SAMPLER))
            while not len(scheduler.output(ticket)):
                scheduler.advance()
            decode([scheduler.output(ticket)])
            times.append((time.perf_counter() - began) * 1e3)
            while scheduler.unfinished:
                scheduler.advance()
        return {"first_audio_ms": min(times[1:]), "first_time_ms": times[0]}

    @cached_property
    def _decode(self) -> CodecBatches:
        return CodecBatches(self._codec, half=self.dtype != torch.float32)

    @cached_property
    def _codec(self) -> Codec:
        """Mimi with random weights, beside a tiny model a tiny one."""
        from transformers import MimiConfig

        config = MimiConfig(**TINY_CODEC) if self.settings.shape == "tiny" else MimiConfig()
        return Codec(config.to_dict(), random_codec(config), self.weights.num_codebooks, self.device)


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
