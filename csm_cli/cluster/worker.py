"""A worker: one engine, loaded once, that speaks the chains it is given until it is stopped.

The engine runs in a thread of its own. `exchange` brings new chains in and takes news out; it waits for news,
so that one call is always under way and nothing is polled.
"""

from __future__ import annotations

import os
import socket
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from threading import Condition, Thread
from typing import TYPE_CHECKING

from csm_cli.cluster.messages import (
    ChainDone,
    Event,
    LineDone,
    Order,
    Result,
    Setup,
    Started,
    WorkerInfo,
    WorkerNews,
    versions,
)
from csm_cli.cluster.scheduler import Key
from csm_cli.core.errors import MissingError
from csm_cli.core.types import Segment
from csm_cli.rendering.chain import Work
from csm_cli.rendering.line import SpokenLine
from csm_cli.rendering.loop import speak_chains
from csm_cli.rendering.models import ModelChoice, choose_model
from csm_cli.rendering.options import RenderOptions
from csm_cli.rendering.plan import Chain
from csm_cli.rendering.progress import Progress
from csm_cli.rendering.requests import ModelTraits, voice_hash
from csm_cli.rendering.session import speak_config
from csm_cli.rendering.utterances import References
from csm_cli.rendering.verifying import make_verifier
from csm_cli.takes import TakeStore
from csm_cli.takes.files import files_at
from csm_cli.takes.lineage import TakeRepository
from csm_cli.takes.place import Place
from csm_cli.takes.store import TakeWriter
from csm_cli.verify import Verifier
from csm_cli.voices.codes import reference_codes
from csm_cli.voices.voice import Voice

if TYPE_CHECKING:
    from csm_cli.engine import Engine

Load = Callable[[ModelChoice, RenderOptions, Callable[[str], None]], "Engine"]
OPEN_STORES = 8
"""Stores that no chain is using are kept open up to this number."""


class Worker:
    """Speaks chains. `begin` first; then `exchange` again and again.

    Args:
        load: gives the engine.
    """

    def __init__(self, load: Load = ModelChoice.load):
        self._load = load
        self._news = Condition()
        self._inbox: deque[Order] = deque()
        self._events: list[Event] = []
        self._failure: BaseException | None = None
        self._orders: dict[Key, Order] = {}
        self._stores: dict[Place, tuple[TakeStore, TakeWriter]] = {}
        self._references: dict[tuple[int, str, str], Segment] = {}
        self._thread: Thread | None = None
        self._stopped = False

    def begin(self, setup: Setup) -> WorkerInfo:
        """Load the model and check that all is here that will be needed.

        Raises:
            MissingError: a folder, a voice or the model is not here, or another than the driver's.
        """
        host = socket.gethostname()
        _enter(setup, host)
        self._setup, self._batch = setup, setup.options.batch
        choice = choose_model(setup.options.model)
        notes: list[str] = []
        engine = self._engine = self._load(choice, setup.options, notes.append)
        self._verifier: Verifier = make_verifier(setup.jobs, setup.options, notes.append)
        info = WorkerInfo(
            host,
            str(getattr(engine, "device", "cpu")),
            versions(),
            ModelTraits.of(engine, choice.limits()),
            engine.sample_rate,
            tuple(self._verifier.checks),
            self._batch,
            tuple(notes),
        )
        thread = Thread(target=self._run, name="engine", daemon=True)
        thread.start()
        self._thread = thread
        return info

    def stop(self) -> None:
        """Drop what is being spoken as soon as the engine answers, and wait for that."""
        with self._news:
            self._stopped = True
            self._news.notify_all()
        if self._thread is not None:
            self._thread.join()

    def exchange(self, orders: Sequence[Order], patience: float = 1.0) -> WorkerNews:
        """Take chains, give news.

        Args:
            orders: chains to speak beside those under way.
            patience: seconds to wait for news.

        Raises:
            BaseException: what the engine failed of, once the news before it has been returned.
        """
        with self._news:
            self._inbox += orders
            self._news.notify_all()
            self._news.wait_for(lambda: self._events or self._failure, patience)
            events, self._events = tuple(self._events), []
            if self._failure is not None and not events:
                raise self._failure
        return WorkerNews(events, self._batch)

    def process(self) -> int:
        """The number of this process, on its machine."""
        return os.getpid()

    def _run(self) -> None:
        try:
            while True:
                try:
                    self._speak()
                except Exception as error:
                    if self._batch < 2 or not _memory_ran_out(error):
                        raise
                # Half as many from now on; what was under way begins again, and finds its takes.
                self._batch //= 2
                with self._news:
                    self._inbox.extendleft(self._orders.values())
                    self._orders.clear()
        except BaseException as error:
            with self._news:
                self._failure = error
                self._news.notify_all()

    def _speak(self) -> None:
        config = speak_config(self._setup.options, self._verifier, self._batch)
        for work, lines in speak_chains(self._engine, self._works(), config):
            del self._orders[work.key]
            results = tuple(Result(line.take, line.rendered, line.stale) for line in lines)
            self._report(ChainDone(work.key, results))

    def _works(self) -> Iterator[Work | None]:
        while True:
            with self._news:
                self._news.wait_for(lambda: self._inbox or self._orders or self._stopped)
                if self._stopped:
                    raise InterruptedError
                order = self._inbox.popleft() if self._inbox else None
            yield None if order is None else self._begun(order)

    def _begun(self, order: Order) -> Work:
        until, key = order.assignment.until, order.assignment.key
        self._report(Started(key))
        lines = tuple(
            replace(line, request=replace(line.request, parts=()))
            if number in order.assignment.aside
            else line
            for number, line in enumerate(order.chain.lines[:until])
        )
        chain = replace(order.chain, lines=lines)
        self._orders[key] = order
        _, writer = self._open(order.takes, anew=order.assignment.again)
        options, setup = self._setup.options, self._setup
        repository = TakeRepository(
            writer,
            self._verifier.checks,
            lineage=options.lineage,
            fresh=options.fresh,
            beside=setup.beside,
            since=setup.since,
        )
        references = self._encoded(chain, order.voices)
        return Work(chain, references, repository, _LineProgress(key, self._report), key)

    def _open(self, folder: Place, anew: bool) -> tuple[TakeStore, TakeWriter]:
        """The store of a folder; `anew`: as it is now, with what others have written."""
        if anew or folder not in self._stores:
            if folder in self._stores:
                self._stores[folder][1].wait()  # what this worker has written is to be found as well
            in_use = {order.takes for order in self._orders.values()}
            for idle in [each for each in self._stores if each not in in_use][:-OPEN_STORES]:
                self._stores.pop(idle)[0].close()
            store = TakeStore(folder)
            self._stores[folder] = store, TakeWriter(store)
        return self._stores[folder]

    def _encoded(self, chain: Chain, voices: Mapping[str, Voice]) -> References:
        """The references of the voices that a chain is spoken in."""
        found: dict[tuple[int, str], Segment] = {}
        for tag, name in {(line.tag, line.voice) for line in chain.lines}:
            voice = voices[name]
            if voice.audio is not None:
                clip = (tag, str(voice.audio), voice.text)
                if clip not in self._references:
                    self._references[clip] = Segment(tag, voice.text, reference_codes(voice, self._engine))
                found[tag, name] = self._references[clip]
        return found

    def _report(self, event: Event) -> None:
        with self._news:
            self._events.append(event)
            self._news.notify_all()


class _LineProgress(Progress):
    """Reports the lines of one chain, which are finished in order."""

    def __init__(self, key: Key, report: Callable[[Event], None]):
        self._key, self._report, self._number = key, report, 0

    def line(self, line: SpokenLine) -> None:
        self._report(LineDone(self._key, self._number, Result(line.take, line.rendered)))
        self._number += 1


def _enter(setup: Setup, host: str) -> None:
    """Go into the driver's folder, and see that it is the same file system, with the same voices."""
    try:
        os.chdir(setup.folder)
    except OSError as error:
        raise _not_shared(setup.folder, host) from error
    for folder, proof in setup.stores.items():
        if files_at(folder).read(proof) is None:
            raise _not_shared(folder, host)
    for voice, wanted in setup.voices:
        if voice_hash(voice) != wanted:
            raise MissingError(
                f"the reference of voice {voice.name!r} is another on {host}",
                where=str(voice.audio),
                remedy="keep voices in the project's folder, or copy them to every machine",
            )


def _not_shared(folder: Place, host: str) -> MissingError:
    return MissingError(
        f"{host} does not see this folder as the driver does",
        where=str(folder),
        remedy="put scripts, takes and output on a file system that all machines share, at the same path",
    )


def _memory_ran_out(error: BaseException) -> bool:
    from csm_cli.engine.devices import is_out_of_memory

    return is_out_of_memory(error)
