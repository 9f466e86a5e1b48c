"""By hand: the same script on one engine and on one worker of Ray, in turns; prints the ratio of their times.

`python -m tests.cluster.overhead SCRIPT [MODEL] [DEVICE] [TURNS] [BATCH]`
"""

from __future__ import annotations

import os
import statistics
import sys
import tempfile
from pathlib import Path

from csm_cli.cluster.ray_fleet import ray_fleet
from csm_cli.cluster.run import render_on_fleet
from csm_cli.render.models import choose_model
from csm_cli.render.options import RenderOptions
from csm_cli.render.project import read_jobs
from csm_cli.render.run import render_jobs


def main() -> None:
    script = Path(sys.argv[1]).resolve()
    model, device, turns, batch = [*sys.argv[2:], *("demo", "auto", "3", "16")[len(sys.argv) - 2 :]]
    folder = Path(tempfile.mkdtemp())
    os.chdir(folder)
    choice = choose_model(model)
    engine, alone, together = None, [], []
    for turn in range(int(turns)):
        for name, times in (("alone", alone), ("ray", together)):
            options = RenderOptions(
                output=folder / f"{name}{turn}", takes=folder / f"takes-{name}{turn}", model=model,
                device=device, batch=int(batch),
            )  # fmt: skip
            jobs = read_jobs([script], options)
            if name == "alone":
                engine = choice.load(options, print)
                report = render_jobs(jobs, engine, options, limits=choice.limits())
                del engine
            else:
                with ray_fleet(1, None, device) as fleet:
                    report = render_on_fleet(jobs, fleet, options)
            times.append(report.seconds)
            print(
                f"{name}: {report.lines} lines, {report.audio_seconds:.1f} s of audio "
                f"in {report.seconds:.2f} s"
            )
    ratios = [ray / plain for plain, ray in zip(alone, together, strict=True)]
    print(f"Ray takes {statistics.median(ratios):.3f} × the time of the plain engine (median of {turns})")


if __name__ == "__main__":
    main()
