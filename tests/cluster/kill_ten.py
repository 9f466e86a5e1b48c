"""By hand: scripts on two workers, one of them killed at ten random moments, against one engine.

`python -m tests.cluster.kill_ten [SEED [SCRIPT ...]]` renders in a temporary folder: the examples, and a book
that is long enough for ten kills, or the scripts named.
"""

from __future__ import annotations

import os
import random
import signal
import sys
import tempfile
import time
from pathlib import Path

from csm_cli.cluster.ray_fleet import RayFleet, ray_fleet
from csm_cli.cluster.run import render_on_fleet
from csm_cli.render.lines import SpokenLine
from csm_cli.render.models import choose_model
from csm_cli.render.options import RenderOptions
from csm_cli.render.progress import Progress
from csm_cli.render.project import read_jobs
from csm_cli.render.run import render_jobs
from tests.cluster.books import files
from tests.cluster.simulate import write_catalogue

EXAMPLES = Path(__file__).parents[2] / "scripts_examples"
SCRIPTS = [EXAMPLES / name for name in ("lighthouse.yaml", "garden.md", "signal.yaml")]
KILLS = 10
BOOK = (8, 14)
"""Chapters of the long book, and the mean of their lines."""


class Killer(Progress):
    """Kills a worker after a random time, again and again, `KILLS` times."""

    def __init__(self, ray: RayFleet):
        self.ray, self.killed, self.next = ray, 0, 0.0
        self.moments: list[int] = []
        self.lines = 0

    def fleet(self, workers: int, wanted: int, speaking: int, slots: int) -> None:
        self.next = self.next or time.monotonic() + random.uniform(4, 12)
        if self.killed < KILLS and self.ray.ready and time.monotonic() >= self.next:
            os.kill(self.ray.process_of(random.choice(sorted(self.ray.ready))), signal.SIGKILL)
            self.killed, self.next = self.killed + 1, 0.0
            self.moments.append(self.lines)

    def line(self, line: SpokenLine) -> None:
        self.lines += 1
        print(f"killed {self.killed}: {line.planned.id} {line.planned.line.text[:50]}", file=sys.stderr)


def main() -> None:
    random.seed(int(sys.argv[1]) if len(sys.argv) > 1 else 0)
    folder = Path(tempfile.mkdtemp())
    scripts = [Path(each).resolve() for each in sys.argv[2:]]
    scripts = scripts or [*SCRIPTS, *write_catalogue(folder, 1, *BOOK, random.Random(0))]
    os.chdir(folder)

    def options(name: str) -> RenderOptions:
        return RenderOptions(output=folder / name, takes=folder / f"takes-{name}", model="demo", batch=2)

    choice, alone = choose_model("demo"), options("alone")
    engine = choice.load(alone, print)
    render_jobs(read_jobs(scripts, alone), engine, alone, limits=choice.limits())
    del engine
    with ray_fleet(2, None, "cpu") as fleet:
        killer, together = Killer(fleet), options("together")
        report = render_on_fleet(read_jobs(scripts, together), fleet, together, killer, note=print)
    made, wanted = files(folder / "together"), files(folder / "alone")
    takes = len(list((folder / "takes-together").glob("??/*.json")))
    print(
        f"{killer.killed} kills, after lines {killer.moments}; "
        f"{report.lines} lines, {report.rendered} spoken, {takes} takes in the store"
    )
    print(f"{len(wanted)} files, {'the same to the byte' if made == wanted else 'NOT THE SAME'}")
    sys.exit(made != wanted or takes != report.lines)


if __name__ == "__main__":
    main()
