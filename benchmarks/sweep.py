"""All ways of computing at several batches, each step guarded: `python -m benchmarks.sweep`.

For a machine that is borrowed for a short time, and for ways that may fail on it: every way runs in a process
of its own, every step has a time limit, and every result is a JSON line in a file at once. A way that fails
or hangs at a step is started again with the steps after it, and the others go on. The same command again does
what is missing.
"""

from __future__ import annotations

import argparse
import json
import queue
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from benchmarks.way import WAYS, Settings

Step = tuple[str, int]


@dataclass(frozen=True)
class Limits:
    """Seconds: of one step, loading included where it comes first, and of all."""

    step: float
    whole: float


class Results:
    """The file of results: a JSON line each.

    Args:
        path: appended to; what it holds already with the same settings is not measured again.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.lines: list[dict[str, Any]] = []
        if path.exists():
            for line in path.read_text(encoding="utf-8").splitlines():
                with suppress(ValueError):  # the last one may have been cut off
                    self.lines.append(json.loads(line))

    def add(self, settings: Settings, step: Step, status: str, **figures: Any) -> None:
        """Append a line to the file and print it in words."""
        line = {
            "way": settings.way,
            "step": step[0],
            "batch": step[1],
            "status": status,
            **figures,
            "settings": json.loads(json.dumps(asdict(settings))),
        }
        self.lines.append(line)
        with self.path.open("a", encoding="utf-8") as file:
            file.write(json.dumps(line) + "\n")
        print(_in_words(line), flush=True)

    def missing(self, settings: Settings) -> list[Step]:
        """Steps that have not been done, or failed."""
        wanted = json.loads(json.dumps(asdict(settings)))
        done = {
            (line["step"], line["batch"])
            for line in self.lines
            if line["status"] == "ok" and line["settings"] == wanted
        }
        return [step for step in settings.steps if step not in done]


def sweep(ways: Sequence[Settings], results: Results, limits: Limits) -> None:
    """Do every step of every way that is not in the results yet."""
    end = time.monotonic() + limits.whole
    for settings in ways:
        steps = results.missing(settings)
        while steps:
            if time.monotonic() >= end:
                for step in steps:
                    results.add(settings, step, "no time left")
                break
            steps = _run(settings, steps, results, limits, end)


def _run(settings: Settings, steps: list[Step], results: Results, limits: Limits, end: float) -> list[Step]:
    """Do steps in one process until one fails; the steps after that."""
    facts: dict[str, Any] = {}
    with tempfile.TemporaryFile("w+", encoding="utf-8", errors="replace") as complaints:
        process = subprocess.Popen(
            _command(settings, steps),
            stdout=subprocess.PIPE,
            stderr=complaints,
            stdin=subprocess.DEVNULL,
            text=True,
        )
        try:
            for line in _lines(process, limits.step, end):
                if "loaded" in line:
                    facts = line
                elif "done" in line:
                    step, batch = line.pop("done")
                    results.add(settings, (step, batch), "ok", **line, machine=facts)
                    steps = steps[1:]
            fault = f"exit status {process.wait(timeout=30)}"
        except (TimeoutError, subprocess.TimeoutExpired) as error:
            fault = str(error)
        finally:
            process.kill()
            process.wait()
        complaints.seek(0)
        errors = [line for line in complaints.read().splitlines() if line.strip()]
    if not steps:
        return []
    # A way that cannot be loaded cannot do the rest either.
    failed = steps[:1] if facts else steps
    for step in failed:
        results.add(
            settings, step, "failed", error=f"{fault}: {errors[-1] if errors else ''}", last=errors[-12:]
        )
    return steps[len(failed) :]


def _command(settings: Settings, steps: list[Step]) -> list[str]:
    return [sys.executable, "-m", "benchmarks.way", json.dumps(asdict(settings)), json.dumps(steps)]


def _lines(process: subprocess.Popen[str], limit: float, end: float) -> Iterator[dict[str, Any]]:
    """The JSON lines that a process prints.

    Raises:
        TimeoutError: it has printed nothing for `limit` seconds, or the time for all is over.
    """
    printed: queue.Queue[str | None] = queue.Queue()

    def read() -> None:
        assert process.stdout is not None
        for line in process.stdout:
            printed.put(line)
        printed.put(None)

    threading.Thread(target=read, daemon=True).start()
    while True:
        patience = min(limit, end - time.monotonic())
        try:
            line = printed.get(timeout=max(0.0, patience))
        except queue.Empty:
            raise TimeoutError(f"stopped after {max(0.0, patience):.0f} s") from None
        if line is None:
            return
        if line.startswith("{"):
            yield json.loads(line)


def fastest(lines: Sequence[dict[str, Any]]) -> dict[int, dict[str, Any]]:
    """The fastest way at each batch."""
    found: dict[int, dict[str, Any]] = {}
    for line in lines:
        if line["step"] == "frames" and line["status"] == "ok":
            best = found.get(line["batch"])
            if best is None or line["times_real_time"] > best["times_real_time"]:
                found[line["batch"]] = line
    return dict(sorted(found.items()))


def _in_words(line: dict[str, Any]) -> str:
    text = f"{line['way']:<9}{line['step']:<12}batch {line['batch']:<4}{line['status']}"
    if line["status"] == "failed":
        return f"{text}: {line['error']}"
    if "ms_per_frame" in line:
        text += f"  {line['ms_per_frame']:.2f} ms/frame"
    if "times_real_time" in line:
        text += f"  {line['times_real_time']:.1f} x real time"
    if "slots" in line and line["slots"] != line["batch"]:
        text += f"  (memory for {line['slots']} slots only)"
    if "first_audio_ms" in line:
        text += f"  {line['first_audio_ms']:.0f} ms"
    for part in ("prompt_ms", "codec_ms_of_50_frames"):
        if part in line:
            text += f"  {part} " + ", ".join(f"{n}: {ms:.1f}" for n, ms in line[part].items())
    if "prompts" in line:
        parts = ("prompts", "frames", "waiting", "host")
        text += "  (" + ", ".join(f"{part} {line[part] / line['seconds']:.0%}" for part in parts) + ")"
    if "equal_greedy" in line:
        text += f"  equal greedy codes {line['equal_greedy']:.1%}"
    if "codes_equal_to_steps" in line:
        text += f"  codes equal to those of steps {line['codes_equal_to_steps']}"
    return text


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; 1 if no way has a result."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.sweep", description=__doc__)
    parser.add_argument("--shape", default="csm-1b", choices=["csm-1b", "tiny"])
    parser.add_argument("--ways", default="steps,recorded,fused", help=f"of {', '.join(WAYS)}")
    parser.add_argument("--batch", default="1,64,256")
    parser.add_argument("--context", type=int, default=600, help="positions of a prompt; half are the voice")
    parser.add_argument("--frames", type=int, default=24, help="in a round, of three")
    parser.add_argument("--device", default="auto")
    parser.add_argument("--dtype", choices=["fp32", "bf16", "fp16"])
    parser.add_argument("--out", type=Path, default=Path("sweep.jsonl"))
    parser.add_argument(
        "--limit", type=float, default=200, help="seconds without a result, then the step fails"
    )
    parser.add_argument("--seconds", type=float, default=570, help="for all; again for the rest")
    options = parser.parse_args(arguments)
    chosen = options.ways.split(",")
    if unknown := set(chosen) - set(WAYS):
        parser.error(f"no such way: {', '.join(sorted(unknown))}")
    batches = tuple(sorted({int(each) for each in options.batch.split(",")}))
    ways = [
        Settings(way, options.shape, options.device, options.dtype, batches, options.context, options.frames)
        for way in chosen
    ]
    results = Results(options.out)
    sweep(ways, results, Limits(options.limit, options.seconds))
    best = fastest([line for line in results.lines if line["way"] in chosen])
    figures = ("way", "ms_per_frame", "times_real_time", "copy_share")
    print(json.dumps({batch: {name: line[name] for name in figures} for batch, line in best.items()}))
    return 0 if best else 1


if __name__ == "__main__":
    sys.exit(main())
