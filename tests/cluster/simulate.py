"""By hand: the driver with engines that only tell the time, for what no machine here can show.

`python -m tests.cluster.simulate --gpus 64 --books 10000` plans scripts, hands out their chains and takes
in every line as a rendering would; the clock of the workers is not the wall's. What it prints: slots in use
until 95 % of the speech is spoken, and the driver's own time for a line.
"""

from __future__ import annotations

import argparse
import heapq
import itertools
import os
import random
import resource
import tempfile
import time
from collections import deque
from dataclasses import dataclass, field
from pathlib import Path

from csm_cli.audio.timeline import ChapterTimeline
from csm_cli.cluster.driver import render_on_fleet
from csm_cli.cluster.fleet import Mastered, News, Ready
from csm_cli.cluster.mastering import FinishedBook
from csm_cli.cluster.messages import (
    ChainDone,
    LineDone,
    Order,
    Result,
    Started,
    WorkerInfo,
    WorkerNews,
    versions,
)
from csm_cli.rendering.options import RenderOptions
from csm_cli.rendering.project import read_jobs
from csm_cli.rendering.requests import ModelTraits
from csm_cli.takes import ModelIdentity, Take
from csm_cli.takes.take import Part, now
from csm_cli.verify.codes import expected_seconds

RATE, FRAMES_PER_SECOND = 24_000, 12.5
FRAME_MS = {1: 8.5, 16: 9.2, 64: 10.3}
"""Milliseconds for a frame of all slots: csm-1b's shape as one compiled CUDA graph on an H200."""
ROUND_TRIP_SECONDS = 0.003
"""From news at a worker to its next call."""
MASTERING_SECONDS = 4.0
AGAIN = 0.05
"""Lines that are spoken twice."""


@dataclass
class _Engine:
    """One worker: chains that wait, and what it has to tell."""

    slots: int
    waiting: deque[Order] = field(default_factory=deque)
    busy: int = 0
    news: list = field(default_factory=list)
    asked: bool = False


class MockFleet:
    """Workers that speak in time that passes at once.

    Args:
        size: workers.
        slots: of each.
        chance: of how long lines take.

    Attributes:
        clock: seconds since the start, of the workers.
        outside: seconds of this process that are not the driver's.
        spoken: (clock, seconds of speech) of every line.
        changes: (clock, change of the number of busy slots).
    """

    def __init__(self, size: int, slots: int, chance: random.Random):
        self.size = self.masters = size
        self._slots, self._chance = slots, chance
        self._pace = FRAME_MS[slots] / 1000 * FRAMES_PER_SECOND
        self._due: list = []
        self._count = itertools.count()
        self._workers: dict[str, _Engine] = {}
        self._results: dict = {}
        self.clock = self.outside = 0.0
        self.spoken: list[tuple[float, float]] = []
        self.changes: list[tuple[float, int]] = []

    def start(self, setup):
        model = ModelTraits(ModelIdentity("mock", "0", "bfloat16"))
        facts = WorkerInfo("host", "cuda", versions(), model, RATE, (), 0)
        for number in range(self.size):
            name = f"worker {number}"
            self._workers[name] = _Engine(self._slots)
            told = WorkerInfo(**{**vars(facts), "host": f"host {number // 8}", "slots": self._slots})
            self._at(self._chance.uniform(40, 60), Ready(name, told))

    def send(self, worker, orders):
        with self._aside():
            each = self._workers[worker]
            each.waiting += orders
            each.wanted = True
            self._fill(worker, each)
            self._tell(worker, each)

    def call(self, master, ticket, method, *arguments):
        with self._aside():
            value, seconds = None, 0.01
            if method == "chapter":
                _, number, lines, _ = arguments
                length = sum(line.seconds for line in lines)
                value, seconds = (ChapterTimeline(number, "", "", length, ()), []), MASTERING_SECONDS
            elif method == "finish":
                value = FinishedBook((), (), ())
            self._at(seconds, Mastered(ticket, value))

    def replace(self, worker):
        raise AssertionError("nobody dies here")

    def wait(self, seconds):
        with self._aside():
            signals = []
            while self._due and not signals:
                self.clock, _, what = heapq.heappop(self._due)
                signals += self._happens(what)
            return signals

    def close(self):
        pass

    def _aside(self):
        return _Aside(self)

    def _at(self, seconds, what):
        heapq.heappush(self._due, (self.clock + seconds, next(self._count), what))

    def _happens(self, what):
        if not isinstance(what, tuple):
            return [what]
        worker, each, order, number, take = what
        if order is None:  # an answer on its way
            told, each.news, each.wanted = WorkerNews(tuple(each.news), each.slots), [], False
            return [News(worker, told)]
        key = order.assignment.key
        self.spoken.append((self.clock, take.seconds))
        each.news.append(LineDone(key, number, Result(take, True)))
        self._results[key].append(Result(take, True))
        if number + 1 < len(order.chain.lines):
            self._speak(worker, each, order, number + 1)
        else:
            each.busy -= 1
            self.changes.append((self.clock, -1))
            each.news.append(ChainDone(key, tuple(self._results.pop(key))))
            self._fill(worker, each)
        self._tell(worker, each)
        return []

    def _fill(self, worker, each):
        while each.waiting and each.busy < each.slots:
            order = each.waiting.popleft()
            each.busy += 1
            self.changes.append((self.clock, 1))
            each.news.append(Started(order.assignment.key))
            self._results[order.assignment.key] = []
            self._speak(worker, each, order, 0)

    def _speak(self, worker, each, order, number):
        request = order.chain.lines[number].request
        seconds = sum(map(expected_seconds, request.parts)) * self._chance.lognormvariate(0, 0.25)
        part = Part(request.parts[0], request.seed, int(seconds * FRAMES_PER_SECOND), int(seconds * RATE))
        take = Take(f"{next(self._count):020x}", "spoken", request, (), (part,), made=now())
        tries = 2 if self._chance.random() < AGAIN else 1
        self._at(tries * seconds * self._pace, (worker, each, order, number, take))

    def _tell(self, worker, each):
        if each.wanted and each.news:
            each.wanted = False
            self._at(ROUND_TRIP_SECONDS, (worker, each, None, 0, None))


class _Aside:
    """Time that is not the driver's."""

    def __init__(self, fleet):
        self._fleet = fleet

    def __enter__(self):
        self._began = time.process_time()

    def __exit__(self, *_):
        self._fleet.outside += time.process_time() - self._began


WORDS = (
    "the",
    "sea",
    "was",
    "grey",
    "and",
    "he",
    "went",
    "down",
    "to",
    "a",
    "harbour",
    "where",
    "nobody",
    "waited",
)


def write_catalogue(folder: Path, books: int, chapters: int, lines: int, chance: random.Random) -> list[Path]:
    """Scripts of chapters of very different lengths; `chapters` and `lines` are means."""
    paths = []
    for book in range(books):
        text = ""
        for chapter in range(max(1, round(chance.gauss(chapters, chapters / 4)))):
            text += f"\n# Chapter {chapter + 1}\n\n"
            for _ in range(max(1, round(lines * chance.lognormvariate(-0.08, 0.4)))):
                words = (chance.choice(WORDS) for _ in range(chance.randint(4, 24)))
                text += f"NARRATOR: {' '.join(words)} {chance.random():.12f}\n\n".replace("0.", "")
        path = folder / f"{book:05d}" / f"book{book}.md"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("---\nvoices: {narrator: bella}\n---\n" + text)
        paths.append(path)
    return paths


@dataclass(frozen=True)
class Outcome:
    """What a simulation came to; `busy`: share of the slots until 95 % of the speech is spoken."""

    lines: int
    chains: int
    busy: float
    least_busy: float
    hours: float
    plan_ms: float
    driver_ms: float


def simulate(paths, folder, gpus, slots, chance) -> Outcome:
    """Render on mock engines."""
    fleet = MockFleet(gpus, slots, chance)
    options = RenderOptions(output=folder / "out", takes=folder / "takes", model="sesame/csm-1b", batch=slots)
    began = time.process_time()
    jobs = read_jobs(paths, options)
    read = time.process_time()
    report = render_on_fleet(jobs, fleet, options)
    driver = time.process_time() - read - fleet.outside
    chains = sum(change > 0 for _, change in fleet.changes)
    busy, least = _busy(fleet, gpus * slots)
    return Outcome(
        report.lines,
        chains,
        busy,
        least,
        fleet.clock / 3600,
        1000 * (read - began) / report.lines,
        1000 * driver / report.lines,
    )


def _busy(fleet: MockFleet, slots: int) -> tuple[float, float]:
    """Share of slots in use, from when all workers are there until 95 % is spoken; the least of 20 parts."""
    total, sum_so_far, end = sum(seconds for _, seconds in fleet.spoken), 0.0, fleet.clock
    for clock, seconds in sorted(fleet.spoken):
        sum_so_far += seconds
        if sum_so_far >= 0.95 * total:
            end = clock
            break
    begin, parts = 60.0, 20
    width = (end - begin) / parts
    used = [0.0] * parts
    now_busy, last = 0, 0.0
    for clock, change in [*sorted(fleet.changes), (end, 0)]:
        at, until = max(last, begin), min(clock, end)
        while at < until:
            part = min(parts - 1, int((at - begin) / width))
            stop = min(until, begin + (part + 1) * width) if part < parts - 1 else until
            stop = max(stop, at + 1e-9)
            used[part] += now_busy * (stop - at)
            at = stop
        now_busy, last = now_busy + change, clock
    shares = [each / (slots * width) for each in used]
    return sum(shares) / parts, min(shares)


def main() -> None:
    parser = argparse.ArgumentParser()
    for name, usual in (
        ("gpus", 64),
        ("slots", 16),
        ("books", 10_000),
        ("chapters", 20),
        ("lines", 8),
        ("seed", 1),
    ):
        parser.add_argument(f"--{name}", type=int, default=usual)
    asked = parser.parse_args()
    chance = random.Random(asked.seed)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        os.chdir(folder)
        paths = write_catalogue(folder, asked.books, asked.chapters, asked.lines, chance)
        made = simulate(paths, folder, asked.gpus, asked.slots, chance)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024**2
    print(
        f"{asked.gpus} GPUs × {asked.slots} slots, {asked.books} books, "
        f"{made.chains} chains, {made.lines} lines"
    )
    print(
        f"slots busy until 95 % is spoken: {made.busy:.1%}; "
        f"in the worst twentieth of that {made.least_busy:.1%}"
    )
    print(f"driver {made.driver_ms:.3f} ms a line, reading the scripts {made.plan_ms:.3f} ms a line")
    print(f"{made.hours:.2f} h on the workers' clock; memory {peak:.2f} GiB")


if __name__ == "__main__":
    main()
