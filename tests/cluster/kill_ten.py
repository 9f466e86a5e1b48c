"""By hand: scripts on two workers, one of them killed at ten random moments, against one engine.

`python -m tests.cluster.kill_ten [SEED [SCRIPT ...]]` renders in a temporary folder: the examples, or the
scripts named, and beside them a book of short lines that is long enough for ten kills.
"""

from __future__ import annotations

import math
import os
import random
import signal
import sys
import tempfile
import time
from pathlib import Path

from csm_cli.cluster.driver import render_on_fleet
from csm_cli.cluster.ray_fleet import RayFleet, ray_fleet
from csm_cli.rendering.line import SpokenLine
from csm_cli.rendering.models import choose_model
from csm_cli.rendering.options import RenderOptions
from csm_cli.rendering.progress import Progress
from csm_cli.rendering.project import read_jobs
from csm_cli.rendering.session import render_jobs
from tests.cluster.books import files

EXAMPLES = Path(__file__).parents[2] / "scripts_examples"
SCRIPTS = [EXAMPLES / name for name in ("lighthouse.yaml", "garden.md", "signal.yaml")]
KILLS = 10
CHAPTERS, LINES = 6, 10
"""Of the book."""


class Killer(Progress):
    """Kills a worker after a few lines, at a random moment in the next, again and again, `KILLS` times."""

    def __init__(self, ray: RayFleet):
        self.ray, self.killed, self.next = ray, 0, math.inf
        self.moments: list[int] = []
        self.lines, self.enough = 0, 1

    def fleet(self, workers: int, wanted: int, speaking: int, slots: int) -> None:
        if self.lines >= self.enough and self.next == math.inf:
            self.next = time.monotonic() + random.uniform(0, 2)
        if self.killed < KILLS and self.ray.ready and time.monotonic() >= self.next:
            os.kill(self.ray.process_of(random.choice(sorted(self.ray.ready))), signal.SIGKILL)
            self.killed, self.next = self.killed + 1, math.inf
            self.moments.append(self.lines)
            self.enough = self.lines + random.randint(1, 6)

    def line(self, line: SpokenLine) -> None:
        self.lines += 1
        print(f"killed {self.killed}: {line.planned.id} {line.planned.line.text[:50]}", file=sys.stderr)


def write_book(path: Path) -> Path:
    text = "---\nvoices: {narrator: bella}\n---\n"
    for chapter in range(CHAPTERS):
        text += f"\n# Chapter {chapter + 1}\n\n"
        for line in range(LINES):
            text += f"NARRATOR: Line {line + 1}, in chapter {chapter + 1}.\n\n"
    path.write_text(text)
    return path


def main() -> None:
    random.seed(int(sys.argv[1]) if len(sys.argv) > 1 else 0)
    folder = Path(tempfile.mkdtemp())
    scripts = [Path(each).resolve() for each in sys.argv[2:]] or list(SCRIPTS)
    scripts.append(write_book(folder / "book.md"))
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
    takes = len(list((folder / "takes-together").glob("??/[!.]*.json")))
    print(
        f"{killer.killed} kills, after lines {killer.moments}; "
        f"{report.lines} lines, {report.rendered} spoken, {takes} takes in the store"
    )
    print(f"{len(wanted)} files, {'the same to the byte' if made == wanted else 'NOT THE SAME'}")
    sys.exit(made != wanted or takes != report.lines)


if __name__ == "__main__":
    main()
