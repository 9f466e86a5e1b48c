"""The measurement: all contenders by turns in one run, so that other load on the machine hits all alike."""

from __future__ import annotations

import platform
import statistics
import sys
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from importlib.metadata import version
from pathlib import Path
from typing import Any

import torch

from csm_cli.bench.correct import Agreement, agreement, forced_logits, given, teacher_forced
from csm_cli.bench.end_to_end import EndToEnd, end_to_end, first_audio
from csm_cli.bench.subject import BareFrames, Peer, Subject
from csm_cli.engine.devices import ALL, NONE, pick_device, pick_dtype, use_threads
from csm_cli.engine.engine import Engine
from csm_cli.engine.layout import Weights
from csm_cli.engine.linears import Plain, choose_linear
from csm_cli.engine.weights import load_weights


@dataclass(frozen=True)
class Plan:
    """What to measure.

    Args:
        batches: how many lines side by side.
        frames: measured in each round.
        rounds: of each contender, by turns.
        context: positions of the prompt.
        against: transformers, too.
        compiled: transformers with its static cache compiled, too; takes minutes to compile.
        end_to_end: prompts, codec and files, too, where there is a whole checkpoint.
    """

    batches: tuple[int, ...] = (1, 16)
    frames: int = 12
    rounds: int = 3
    context: int = 64
    against: bool = False
    compiled: bool = False
    end_to_end: bool = True


@dataclass
class Row:
    """A row of the table, of the median round. × real time counts all lines together.

    Processor time, the sum over threads, measures the work itself on a machine that is also busy with other
    programs.
    """

    name: str
    batch: int
    ms_per_frame: float
    processor_ms_per_frame: float | None
    times_real_time: float
    tokens_per_second: float
    gb_per_second: float | None = None
    copy_share: float | None = None
    agreement: Agreement | None = None


@dataclass
class Report:
    """All figures of a measurement; `loops`: in compiled loops (see `csm_cli.engine.kernels`)."""

    subject: str
    device: str
    dtype: str
    quantize: str | None
    eager: bool
    loops: bool
    threads: int
    torch: str
    transformers: str | None
    context: int
    load_average: float | None
    copy_gb_per_second: float
    rows: list[Row] = field(default_factory=list)
    first_audio_ms: float | None = None
    end_to_end: dict[int, EndToEnd] = field(default_factory=dict)
    peak_memory_gb: float = 0.0

    def as_dict(self) -> dict[str, Any]:
        """All figures as plain values, for JSON."""
        return asdict(self)


def measure(
    subject: Subject,
    plan: Plan,
    device: str = "auto",
    dtype: str | None = None,
    quantize: str | None = None,
    eager: bool = False,
    progress: Callable[[str], None] = lambda text: None,
) -> Report:
    """Measure speed, and exactness beside the plain products in float32.

    Args:
        device, dtype, quantize, eager: as `Engine.load`.
        progress: called with a line of text when a part of the measurement begins.

    Raises:
        MissingError, UsageError: as `Engine.load`.
    """
    where, kind = pick_device(device), pick_dtype(dtype, pick_device(device))
    use_threads(where)
    linear, speed = choose_linear(where, kind, quantize, eager), NONE if eager else ALL
    progress("comparing with the reference")
    reference = load_weights(subject.config, subject.tensors, where, torch.float32, Plain)
    ids, codes = given(reference)
    wanted = teacher_forced(reference, ids, codes)
    del reference
    weights = load_weights(subject.config, subject.tensors, where, kind, linear)
    agrees = agreement(forced_logits(weights, ids, codes, speed), wanted)
    report = Report(
        subject.name,
        device_name(where),
        str(kind).removeprefix("torch."),
        quantize,
        eager,
        weights.kernels is not None,
        torch.get_num_threads(),
        torch.__version__,
        version("transformers") if plan.against else None,
        plan.context,
        _load_average(),
        copy_bandwidth(where),
    )
    peers = []
    if plan.against:
        progress("loading transformers")
        peers = [Peer(subject, where, kind if quantize is None else torch.float32, compiled=False)]
        if plan.compiled:
            peers.append(Peer(subject, where, kind, compiled=True))
    prompt = torch.randint(len(weights.text), (plan.context,), generator=torch.Generator().manual_seed(2))
    ours = "csm" + (" eager" if eager else "") + (f" {quantize}" if quantize else "")
    for batch in plan.batches:
        progress(f"batch {batch}")
        times: dict[str, list[tuple[float, float]]] = {
            name: [] for name in (ours, *(peer.name for peer in peers))
        }
        positions = subject.config["max_position_embeddings"]
        frames = BareFrames(weights, prompt.tolist(), batch, plan.frames, plan.rounds, positions, speed)
        for peer in peers:
            peer.seconds(prompt, batch, 2)
        for _ in range(plan.rounds):
            times[ours].append(frames.round())
            for peer in peers:
                times[peer.name].append(_seconds_a_frame(peer, prompt, batch, plan.frames))
        for name, found in times.items():
            row = row_of(name, batch, found, weights.num_codebooks, where)
            if name == ours:
                row.gb_per_second = frame_bytes(weights) / 1e9 / (row.ms_per_frame / 1e3)
                row.copy_share, row.agreement = row.gb_per_second / report.copy_gb_per_second, agrees
            report.rows.append(row)
    del peers
    if subject.source is not None and plan.end_to_end:
        engine = Engine.load(subject.source, device, kind, quantize=quantize, eager=eager, notice=progress)
        progress("time to first audio")
        report.first_audio_ms = first_audio(engine) * 1e3
        for batch in plan.batches:
            progress(f"end to end, batch {batch}")
            report.end_to_end[batch] = end_to_end(engine, batch)
    report.peak_memory_gb = peak_memory(where)
    return report


def _seconds_a_frame(peer: Peer, prompt: torch.Tensor, batch: int, frames: int) -> tuple[float, float]:
    """(seconds, seconds of processor time) of a peer's frame: what so many more take than two.

    Where other programs made the shorter of both runs the slower one, the mean of the longer one.
    """
    long, long_cpu, count = peer.seconds(prompt, batch, 2 + frames)
    short, short_cpu, few = peer.seconds(prompt, batch, 2)
    if long <= short:
        return long / count, long_cpu / count
    more = max(1, count - few)
    return (long - short) / more, max(0.0, long_cpu - short_cpu) / more


def row_of(name: str, batch: int, found: list[tuple[float, float]], books: int, device: torch.device) -> Row:
    """The row of a contender, from (seconds a frame, processor seconds a frame) of each round."""
    seconds = statistics.median(wall for wall, _ in found)
    work = statistics.median(work for _, work in found) * 1e3 if device.type == "cpu" else None
    return Row(name, batch, seconds * 1e3, work, batch * 0.08 / seconds, batch * books / seconds)


def frame_bytes(weights: Weights) -> int:
    """Bytes of weights read for a frame: the backbone once, the depth decoder K-1 times."""

    def layers(stack: Any) -> int:
        return sum(
            each.bytes for layer in stack.layers for each in (layer.qkv, layer.out, layer.gate_up, layer.down)
        )

    heads = weights.head.bytes + sum(head.bytes for head in weights.depth_heads)
    return layers(weights.backbone) + (weights.num_codebooks - 1) * layers(weights.depth) + heads


def copy_bandwidth(device: torch.device) -> float:
    """GB read and written a second by copying 256 MB."""
    source = torch.ones(64 << 20, dtype=torch.float32, device=device)
    target = torch.empty_like(source)
    best = float("inf")
    for _ in range(4):
        began = time.perf_counter()
        target.copy_(source)
        if device.type == "cuda":
            torch.cuda.synchronize()
        best = min(best, time.perf_counter() - began)
    return 2 * source.numel() * 4 / best / 1e9


def device_name(device: torch.device) -> str:
    """The model of the GPU or processor."""
    if device.type == "cuda":
        return torch.cuda.get_device_name(device)
    if Path("/proc/cpuinfo").is_file():
        for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
            if line.startswith("model name"):
                return line.split(":", 1)[1].strip()
    return platform.processor() or platform.machine()


def _load_average() -> float | None:
    import os

    return round(os.getloadavg()[0], 2) if hasattr(os, "getloadavg") else None


def peak_memory(device: torch.device) -> float:
    """GB: of the device on CUDA, else of this process; 0 on Windows."""
    if device.type == "cuda":
        return torch.cuda.max_memory_allocated(device) / 1e9
    if sys.platform == "win32":
        return 0.0
    import resource

    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit / 1e9
