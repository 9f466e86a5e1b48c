"""By hand: the same script on one engine and on one worker of Ray, in turns; prints how their times compare.

`python -m tests.cluster.overhead SCRIPT [MODEL] [DEVICE] [TURNS] [BATCH]`

The processors' time is that of this process and of all that it has begun, Ray's own processes among them:
other work on the machine disturbs it less than the clock. Both count from when the model is loaded.
"""

from __future__ import annotations

import os
import statistics
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from csm_cli.cluster.driver import render_on_fleet
from csm_cli.cluster.ray_fleet import ray_fleet
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
    """Notes the processors' time when the model is loaded."""

    began = 0.0

    def start(self, chains: Sequence[Chain]) -> None:
        self.began = processor_seconds()


def main() -> None:
    script = Path(sys.argv[1]).resolve()
    model, device, turns, batch = [*sys.argv[2:], *("demo", "auto", "3", "16")[len(sys.argv) - 2 :]]
    folder = Path(tempfile.mkdtemp())
    os.chdir(folder)
    choice = choose_model(model)
    ratios: list[tuple[float, float]] = []
    for turn in range(int(turns)):
        taken: dict[str, tuple[float, float]] = {}
        for name in ("alone", "ray") if turn % 2 == 0 else ("ray", "alone"):
            options = RenderOptions(
                output=folder / f"{name}{turn}", takes=folder / f"takes-{name}{turn}", model=model,
                device=device, batch=int(batch),
            )  # fmt: skip
            jobs, meter = read_jobs([script], options), Meter()
            if name == "alone":
                engine = choice.load(options, print)
                report = render_jobs(jobs, engine, options, meter, limits=choice.limits())
                used = processor_seconds() - meter.began
                del engine
            else:
                with ray_fleet(1, None, device) as fleet:
                    report = render_on_fleet(jobs, fleet, options, meter)
                    used = processor_seconds() - meter.began
            taken[name] = report.seconds, used
            print(
                f"{name}: {report.lines} lines, {report.audio_seconds:.1f} s of audio "
                f"in {report.seconds:.2f} s, {used:.2f} s of the processors",
                flush=True,
            )
        clock, processor = (ray / plain for plain, ray in zip(taken["alone"], taken["ray"], strict=True))
        ratios.append((clock, processor))
    clock, processor = (statistics.median(each) for each in zip(*ratios, strict=True))
    print(
        f"Ray takes {clock:.3f} × the time of the plain engine, {processor:.3f} × that of the processors "
        f"(medians of {turns})"
    )


if __name__ == "__main__":
    main()
