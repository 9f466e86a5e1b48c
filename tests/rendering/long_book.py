"""What a long book costs beside the model: `python long_book.py FOLDER LINES` prints one JSON line.

Planning, takes and report are measured in CPU time (of all threads), without the engine and the making of
chapter files. `peak_mb` is the most memory that the process ever had.
"""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path

import numpy as np

from csm_cli.audio.files import to_pcm16
from csm_cli.delivery.options import Delivery
from csm_cli.delivery.writer import BookWriter
from csm_cli.engine import Speech
from csm_cli.rendering.options import RenderOptions
from csm_cli.rendering.project import read_jobs
from csm_cli.rendering.session import render_jobs
from csm_cli.takes.take import flac
from tests.memory import peak_bytes
from tests.rendering.fake_engine import FakeEngine

PER_CHAPTER = 50
WORDS = ["boats", "came", "in", "nobody", "was", "there", "to", "see", "how", "low", "the", "lamp", "burned"]


class Costs:
    """CPU seconds spent in what is not measured."""

    other = 0.0

    def leave_out(self, method):
        """Wrap a method so that its time is known."""

        def timed(*given, **named):
            started = time.process_time()
            try:
                return method(*given, **named)
            finally:
                self.other += time.process_time() - started

        return timed


def main(folder: Path, count: int) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    random = np.random.default_rng(0)
    script = folder / "book.md"
    with script.open("w") as file:
        for number in range(count):
            if number % PER_CHAPTER == 0:
                file.write(f"# Part {number // PER_CHAPTER + 1}\n\n")
            file.write(" ".join(random.choice(WORDS, 6)).capitalize() + ".\n\n")
    costs, engine = Costs(), FakeEngine()
    quiet = np.zeros(1920 * 25, dtype=np.float32)
    quiet[600:-600] = 0.2 * np.sin(np.arange(quiet.size - 1200) / 9)
    engine.speak = costs.leave_out(lambda asked: [speech(each.seed) for each in asked])
    engine.decode = lambda codes: [quiet] * len(codes)
    BookWriter.add = costs.leave_out(BookWriter.add)
    BookWriter.finish = costs.leave_out(BookWriter.finish)
    options = RenderOptions(output=folder / "out", delivery=Delivery(formats=(), extras=()))
    found = {}
    for name in ("new", "cached"):
        costs.other = 0.0
        started = time.process_time()
        report = render_jobs(read_jobs([script], options), engine, options)
        spent = time.process_time() - started - costs.other
        assert (report.lines, report.cached) == (count, 0 if name == "new" else count)
        found[f"{name}_ms_a_line"] = round(1000 * spent / count, 3)
    peak = peak_bytes() / (1 << 20)
    print(json.dumps({"lines": count, **found, "peak_mb": round(peak, 1), "unit_ms": unit(quiet)}))


def unit(sound: np.ndarray) -> float:
    """What this machine, as busy as it is, takes to write a line's sound as FLAC, in ms of CPU time."""
    pcm = to_pcm16(sound)
    started = time.process_time()
    for _ in range(100):
        flac(pcm, FakeEngine.sample_rate)
    return round(10 * (time.process_time() - started), 3)


def speech(seed: int) -> Speech:
    """Two seconds of a full-sized codec."""
    return Speech(np.random.default_rng(seed).integers(0, 512, (25, 32)).astype(np.int16), True)


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]))
