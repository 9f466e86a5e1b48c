"""Kills renderings with SIGKILL at random moments, resumes them, compares: `killing.py FOLDER KILLS`.

The demo voice, float32, CPU. Everything is imported once; each rendering is a fork that loads its own model.
Prints a line for each kill: when it came, how many takes were there, how many lines the resumed run spoke.
Exits 1 at the first difference.
"""

from __future__ import annotations

import os
import random
import signal
import sys
import time
from collections.abc import Callable
from pathlib import Path

os.environ["OMP_NUM_THREADS"] = "1"

import torch  # noqa: F401

from csm_cli.checkpoints.find import DEMO_CHECKPOINT
from csm_cli.engine import Engine
from csm_cli.rendering.models import choose_model
from csm_cli.rendering.options import RenderOptions
from csm_cli.rendering.project import read_jobs
from csm_cli.rendering.session import render_jobs
from csm_cli.takes import TakeStore

SCRIPT = """\
title: Killed
voices: {narrator: heart, Tom: michael}
chapters:
  - {title: One, lines: [{narrator: The light was on.}, {Tom: Who is there?}, {narrator: Nobody.}]}
  - {title: Two, lines: [{narrator: The boat came in.}, {Tom: At last.}]}
"""
LINES = 5


def render(script: Path, out: Path, takes: Path, ready: Callable[[], None] = lambda: None) -> int:
    """Render as `csm render` does; returns the number of lines that were spoken."""
    options = RenderOptions(output=out, takes=takes, model="demo", device="cpu")
    limits = choose_model("demo").limits()
    engine = Engine.load(DEMO_CHECKPOINT, "cpu")
    ready()
    return render_jobs(read_jobs([script], options), engine, options, limits=limits).rendered


def forked(work: Callable[[int], None]) -> tuple[int, int]:
    """Do `work` in a process of its own; gives (its id, the end of a pipe that it may write to)."""
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(reading)
        try:
            work(writing)
        except BaseException as error:
            os.write(2, f"{error!r}\n".encode())
            os._exit(1)
        os._exit(0)
    os.close(writing)
    return child, reading


def whole(script: Path, out: Path, takes: Path) -> tuple[int, float]:
    """Render to the end; gives (lines spoken, seconds that speaking took)."""

    def work(pipe: int) -> None:
        spoken = render(script, out, takes, lambda: os.write(pipe, b"r") and None)
        os.write(pipe, bytes([spoken]))

    child, pipe = forked(work)
    assert os.read(pipe, 1) == b"r"
    started = time.monotonic()
    spoken = os.read(pipe, 1)
    took = time.monotonic() - started
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    os.close(pipe)
    return spoken[0], took


def killed(script: Path, out: Path, takes: Path, after: float) -> bool:
    """Render and kill it so many seconds after the model was loaded; gives whether it was still at work."""

    def work(pipe: int) -> None:
        render(script, out, takes, lambda: os.write(pipe, b"r") and None)

    child, pipe = forked(work)
    assert os.read(pipe, 1) == b"r"
    time.sleep(after)
    os.kill(child, signal.SIGKILL)
    code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    os.close(pipe)
    return code == -signal.SIGKILL


def book(out: Path) -> dict[str, bytes]:
    """What a listener gets."""
    wanted = [path for path in out.iterdir() if path.suffix == ".wav" or path.stem == "timeline"]
    return {path.name: path.read_bytes() for path in wanted}


def main(folder: Path, kills: int) -> int:
    folder.mkdir(parents=True, exist_ok=True)
    script = folder / "killed.yaml"
    script.write_text(SCRIPT)
    spoken, seconds = whole(script, folder / "undisturbed", folder / "takes")
    assert spoken == LINES
    expected = book(folder / "undisturbed")
    chance = random.Random(20)
    for number in range(kills):
        out, takes = folder / f"out{number}", folder / f"takes{number}"
        after = chance.uniform(0, seconds)
        at_work = killed(script, out, takes, after)
        store = TakeStore(takes)
        there = [row.id for row in store.index.rows()]
        damaged = [take for take in there if store.load(take) is None]
        again, _ = whole(script, out, takes)
        same = book(out) == expected
        print(
            f"kill {number + 1}: after {after:.2f} of {seconds:.2f} s{'' if at_work else ' (it was done)'}, "
            f"{len(there)} takes there, {len(damaged)} damaged, {again} lines spoken again, "
            f"{'same bytes' if same else 'DIFFERENT'}",
            flush=True,
        )
        if not same or damaged or again != LINES - len(there):
            return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), int(sys.argv[2])))
