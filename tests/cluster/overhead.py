"""By hand: the same script on two fleets in turns, and how their times compare.

`python -m tests.cluster.overhead SCRIPT [MODEL] [DEVICE] [TURNS] [BATCH] [FLEETS]`

SCRIPT may be CHAPTERSxLINES, for a book that is made up. FLEETS are two of: 0, the engine alone; 1, 2, …:
so many workers of Ray. Default: 0,1, which is what Ray costs; 1,2 is what a second GPU brings.

The processors' time is that of this process and of all that it has begun, Ray's own processes among them:
other work on the machine disturbs it less than the clock. Both count from when the model is loaded.
"""

from __future__ import annotations

import os
import statistics
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # as the command line does, before numpy is imported

from csm_cli.cluster.driver import render_on_fleet
from csm_cli.cluster.ray_fleet import ray_fleet
from csm_cli.rendering.line import SpokenLine
from csm_cli.rendering.models import choose_model
from csm_cli.rendering.options import RenderOptions
from csm_cli.rendering.plan import Chain
from csm_cli.rendering.progress import Progress
from csm_cli.rendering.project import read_jobs
from csm_cli.rendering.session import render_jobs


def processor_seconds() -> float:
    """Of this process, of those it has begun and is the forebear of, and of those that they have outlived."""
    parents, seconds = {}, {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                told = (entry / "stat").read_text().rpartition(")")[2].split()
            except OSError:  # it has just ended
                continue
            parents[int(entry.name)] = int(told[1])
            seconds[int(entry.name)] = sum(map(int, told[11:15])) / os.sysconf("SC_CLK_TCK")
    own = {os.getpid()}
    while more := {each for each, parent in parents.items() if parent in own} - own:
        own |= more
    return sum(seconds[each] for each in own if each in seconds)


class Meter(Progress):
    """Notes the processors' time when the model is loaded, and when the first and last line were spoken."""

    began = 0.0
    lines: tuple[float, float] = (0.0, 0.0)

    def start(self, chains: Sequence[Chain]) -> None:
        self.began, self._clock = processor_seconds(), time.monotonic()

    def line(self, line: SpokenLine) -> None:
        now = time.monotonic() - self._clock
        self.lines = (self.lines[0] or now, now)


def write_book(size: str, folder: Path) -> Path:
    """A script of CHAPTERSxLINES, no two lines of it the same."""
    chapters, lines = map(int, size.split("x"))
    text = "---\nvoices: {narrator: bella}\n---\n"
    for chapter in range(chapters):
        text += f"\n# Chapter {chapter + 1}\n\n"
        for line in range(lines):
            text += (
                f"Line {line} of chapter {chapter}, {'which is read aloud, ' * (1 + line % 3)}and so on.\n\n"
            )
    path = folder / "book.md"
    path.write_text(text)
    return path


def main() -> None:
    defaults = ("demo", "auto", "3", "16", "0,1")
    model, device, turns, batch, which = [*sys.argv[2:], *defaults[len(sys.argv) - 2 :]]
    folder = Path(tempfile.mkdtemp())
    made = sys.argv[1].replace("x", "").isdecimal()
    script = write_book(sys.argv[1], folder) if made else Path(sys.argv[1]).resolve()
    model = str(Path(model).resolve()) if Path(model).is_dir() else model
    os.chdir(folder)
    choice, fleets = choose_model(model), [int(each) for each in which.split(",")]
    (folder / "warm").mkdir()
    warm = write_book(f"{batch}x1", folder / "warm")
    ratios: list[tuple[float, float]] = []
    for turn in range(-1, int(turns)):
        taken: dict[int, tuple[float, float]] = {}
        order = fleets if turn % 2 == 0 else fleets[::-1]
        for workers in order if turn >= 0 else fleets[:1]:
            name = f"{workers}-{turn}"
            options = RenderOptions(
                output=folder / name, takes=folder / f"takes-{name}", model=model,
                device=device, batch=int(batch), retries=0,
            )  # fmt: skip
            jobs, meter = read_jobs([script if turn >= 0 else warm], options), Meter()
            if workers == 0:
                engine = choice.load(options, print)
                report = render_jobs(jobs, engine, options, meter, limits=choice.limits())
                used = processor_seconds() - meter.began
                del engine
            else:
                with ray_fleet(workers, None, device) as fleet:
                    report = render_on_fleet(jobs, fleet, options, meter)
                    used = processor_seconds() - meter.began
            if turn < 0:
                break  # kernels are compiled now, and are not counted
            taken[workers] = report.seconds, used
            print(
                f"{workers} workers: {report.lines} lines, {report.audio_seconds:.1f} s of audio "
                f"in {report.seconds:.2f} s, {used:.2f} s of the processors; the first line after "
                f"{meter.lines[0]:.2f} s, the last after {meter.lines[1]:.2f} s",
                flush=True,
            )
        if taken:
            clock, processor = (b / a for a, b in zip(*(taken[each] for each in fleets), strict=True))
            ratios.append((clock, processor))
    clock, processor = (statistics.median(each) for each in zip(*ratios, strict=True))
    print(
        f"{fleets[1]} workers take {clock:.3f} × the time of {fleets[0]}, {processor:.3f} × that of the "
        f"processors (medians of {turns})"
    )


if __name__ == "__main__":
    main()
