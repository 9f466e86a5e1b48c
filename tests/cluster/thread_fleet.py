"""A fleet in this process: real workers in threads, real masters, and a hand that kills them."""

from __future__ import annotations

import queue
import threading
from contextlib import suppress

from csm_cli.cluster.fleet import Fault, Lost, Mastered, MasterLost, News, Ready
from csm_cli.cluster.mastering import BookMaster
from csm_cli.cluster.worker import Worker
from csm_cli.core.errors import CsmError
from tests.rendering.fake_engine import FakeEngine


class Killed(BaseException):
    """The process is gone."""


class MortalEngine(FakeEngine):
    """A fake engine whose process can be killed.

    Args:
        before: called with the utterances before they are spoken; may raise.
    """

    def __init__(self, before=None, **options):
        super().__init__(**options)
        self.before, self.dead = before, threading.Event()

    def speak(self, utterances):
        if self.before:
            self.before(utterances)
        if self.dead.is_set():
            raise Killed
        return super().speak(utterances)


class TrackedWorker(Worker):
    """A worker that remembers all its writers, also those of stores that it has opened anew since."""

    def __init__(self, load):
        super().__init__(load)
        self.writers = set()

    def _open(self, folder, anew):
        store, writer = super()._open(folder, anew)
        self.writers.add(writer)
        return store, writer


class ThreadFleet:
    """A fleet of threads.

    Args:
        size: workers.
        make: gives the engine of each new worker.
        facts: changes what a worker tells of itself, given its number.
    """

    def __init__(self, size, make=MortalEngine, facts=lambda number, facts: facts):
        self.size = self.masters = size
        self._make, self._change = make, facts
        self._signals = queue.Queue()
        self.workers, self.engines = {}, {}
        self._masters, self._doomed, self._tickets = {}, [], {}
        self.started = 0

    def start(self, setup):
        self.setup = setup
        for _ in range(self.size):
            self._start_one()

    def replace(self, worker):
        self._start_one()

    def send(self, worker, orders):
        self._later(worker, lambda each: News(worker, each.exchange(orders, 0.02)))

    def call(self, master, ticket, method, *arguments):
        if master not in self._masters:
            self._masters[master] = BookMaster(self.setup.folder)
        self._tickets[ticket] = master
        each = self._masters[master]

        def run():
            try:
                signal = Mastered(ticket, getattr(each, method)(*arguments))
            except CsmError as error:
                signal = Fault(error)
            if self._masters.get(master) is each:
                self._signals.put(signal)

        threading.Thread(target=run, daemon=True).start()

    def wait(self, seconds):
        found = []
        with suppress(queue.Empty):
            found.append(self._signals.get(timeout=seconds))
            while True:
                found.append(self._signals.get_nowait())
        while self._doomed:
            master = self._doomed.pop()
            self._masters.pop(master, None)
            found = [each for each in found if self._tickets.get(getattr(each, "ticket", 0)) != master]
            found.append(MasterLost(master))
        return found

    def kill(self, worker):
        """As `kill -9` would; what is on its way to the disk still arrives."""
        each = self.workers.pop(worker, None)
        if each is not None:
            self.engines[worker].dead.set()
            _end(each)
            self._signals.put(Lost(worker, "killed"))

    def kill_master(self, master):
        """It forgets all that it knows, and the answers that nobody has heard."""
        self._doomed.append(master)

    def close(self):
        for worker in list(self.workers):
            self.kill(worker)

    def _start_one(self):
        self.started += 1
        name, number = f"worker {self.started}", self.started
        engine = self.engines[name] = self._make()
        self.workers[name] = TrackedWorker(lambda choice, options, notice: engine)
        self._later(name, lambda each: Ready(name, self._change(number, each.begin(self.setup))))

    def _later(self, worker, call):
        each = self.workers.get(worker)
        if each is None:
            return

        def run():
            try:
                signal = call(each)
            except CsmError as error:
                signal = Fault(error, worker)
            except BaseException as error:
                signal = Lost(worker, f"{type(error).__name__}: {error}")
            if self.workers.get(worker) is each:
                if isinstance(signal, Lost):
                    del self.workers[worker]
                    _end(each)
                self._signals.put(signal)

        threading.Thread(target=run, daemon=True).start()


def _end(worker):
    """Wait until a worker whose engine is dead has stopped, and its takes are on the disk."""
    worker.stop()
    for writer in worker.writers:
        writer.wait()
