"""Many inputs in processes of their own, under limits: one that hangs or dies costs one input."""

from __future__ import annotations

import faulthandler
import multiprocessing
import os
import shutil
import tempfile
import threading
import time
import traceback
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess
from pathlib import Path
from random import Random
from typing import Any, TextIO

from fuzz.inputs import Corpus, Finding, try_input

MOST_BYTES = 500 << 20
"""That an input may take beside what the process takes anyway."""
HANG_SECONDS = 30.0
"""Of the clock, after which a process is ended: far more than any limit on what a core does."""
REPORT_SECONDS = 0.5
THREAD_BYTES = 2 << 20
"""Of a thread's stack: the usual 8 MB count as taken, for each of forty."""


@dataclass
class Tally:
    """What was tried.

    Attributes:
        inputs: by reader.
        seconds: by reader, of the clock.
        findings: by name; of each the first, or the shortest of those that a process found.
    """

    inputs: Counter[str] = field(default_factory=Counter)
    seconds: Counter[str] = field(default_factory=Counter)
    findings: dict[str, Finding] = field(default_factory=dict)

    def add(self, finding: Finding) -> bool:
        """Take in a finding; True if it is the first of its name, or shorter than that."""
        there = self.findings.get(finding.name)
        if there is not None and len(there.data) <= len(finding.data):
            return False
        self.findings[finding.name] = finding
        return True


@dataclass
class _Worker:
    process: BaseProcess
    news: Connection
    folder: Path
    heard: float
    stopped: bool = False


def run(
    names: Sequence[str],
    seconds: float,
    seed: int,
    jobs: int,
    found: Callable[[Finding], None],
    told: Callable[[Tally], None] = lambda tally: None,
    more: Path | None = None,
    method: str = "spawn",
) -> Tally:
    """Fuzz.

    Args:
        names: of readers.
        seconds: of the clock.
        seed: of all that is random.
        jobs: processes.
        found: called with each finding.
        told: called from time to time with what was tried so far.
        more: as for `Corpus`.
        method: to start processes, as `multiprocessing` names it.
    """
    tally, end = Tally(), time.monotonic() + seconds
    context: Any = multiprocessing.get_context(method)
    base = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None
    with tempfile.TemporaryDirectory(prefix="csm-fuzz-", dir=base) as place:
        started = 0

        def start() -> _Worker:
            nonlocal started
            started += 1
            here, there = context.Pipe(duplex=False)
            folder = Path(place) / str(started)
            folder.mkdir()
            arguments = (there, folder, list(names), more, f"{seed}/{started}", end - time.monotonic())
            process = context.Process(target=_work, args=arguments, daemon=True)
            process.start()
            there.close()
            return _Worker(process, here, folder, time.monotonic())

        workers = [start() for _ in range(jobs)]
        next_told = time.monotonic() + 10
        try:
            while workers:
                for ready in wait([each.news for each in workers], timeout=1.0):
                    _listen(next(each for each in workers if each.news is ready), tally, found)
                now = time.monotonic()
                if now > next_told:
                    told(tally)
                    next_told = now + 10
                for worker in list(workers):
                    hangs = now - worker.heard > HANG_SECONDS
                    if worker.stopped or hangs or not worker.process.is_alive():
                        worker.process.kill()
                        worker.process.join()
                        workers.remove(worker)
                        if not worker.stopped and (lost := _lost(worker, hangs)) and tally.add(lost):
                            found(lost)
                        shutil.rmtree(worker.folder, ignore_errors=True)
                        if not worker.stopped and now < end:
                            workers.append(start())
        finally:
            for worker in workers:
                worker.process.kill()
                worker.process.join()
    return tally


def _listen(worker: _Worker, tally: Tally, found: Callable[[Finding], None]) -> None:
    """Take in what a worker sends: counts, a finding, None at its end."""
    try:
        news = worker.news.recv()
    except (EOFError, OSError):
        worker.process.join(1)
        return
    worker.heard = time.monotonic()
    if news is None:
        worker.stopped = True
    elif isinstance(news, Finding):
        if tally.add(news):
            found(news)
    else:
        inputs, seconds = news
        tally.inputs += inputs
        tally.seconds += seconds


def _lost(worker: _Worker, hangs: bool) -> Finding | None:
    """What the worker was at when it died, or when it was ended for it took too long."""
    try:
        name = (worker.folder / "reader").read_text()
        data = (worker.folder / "input").read_bytes()
    except OSError:
        return None
    crash = worker.folder / "crash"
    said = crash.read_text(errors="replace") if crash.is_file() else ""
    kind = "hang" if hangs else f"crash-{name}-{worker.process.exitcode}"
    return Finding(f"hang-{name}-{len(data)}" if hangs else kind, data, said)


def _work(
    news: Connection, folder: Path, names: list[str], more: Path | None, seed: str, seconds: float
) -> None:
    end, chance = time.monotonic() + seconds, Random(seed)
    threading.stack_size(THREAD_BYTES)
    with (folder / "crash").open("w") as crash, _noted(crash):
        faulthandler.enable(crash)
        faulthandler.dump_traceback_later(HANG_SECONDS * 0.8, repeat=True, file=crash)
        corpus = Corpus(folder / "readers", names, more)
        for reader in corpus.readers:  # all that is imported at first use
            for data in corpus.seeds(reader):
                try_input(reader, corpus.folder_of(reader), data)
        _limit_memory()
        inputs: Counter[str] = Counter()
        spent: Counter[str] = Counter()
        sent = begun = time.monotonic()
        while begun < end:
            reader, data = corpus.next(chance)
            (folder / "input").write_bytes(data)
            (folder / "reader").write_text(reader.name)
            faulthandler.dump_traceback_later(HANG_SECONDS * 0.8, file=crash)
            answer, finding = try_input(reader, corpus.folder_of(reader), data)
            corpus.note(reader, data, answer)
            if finding is not None:
                news.send(finding)
            before, begun = begun, time.monotonic()
            inputs[reader.name] += 1
            spent[reader.name] += begun - before  # type: ignore[assignment]
            if begun - sent > REPORT_SECONDS:
                news.send((inputs, spent))
                inputs, spent, sent = Counter(), Counter(), begun
        faulthandler.cancel_dump_traceback_later()
        news.send((inputs, spent))
        news.send(None)


@contextmanager
def _noted(crash: TextIO) -> Iterator[None]:
    """Have what ends the worker written down where `_lost` finds it."""
    try:
        yield
    except BaseException:
        traceback.print_exc(file=crash)
        raise


def _limit_memory() -> None:
    try:
        import resource

        taken = int(Path("/proc/self/statm").read_text().split()[0]) * os.sysconf("SC_PAGE_SIZE")
        resource.setrlimit(resource.RLIMIT_AS, (taken + MOST_BYTES, resource.RLIM_INFINITY))
    except (ImportError, OSError, ValueError):
        return  # elsewhere than on Linux what is slow and wrong is found, and what takes much memory is not
