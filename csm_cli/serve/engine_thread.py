"""One thread that owns an engine and its slots: lines come and go between two frames.

Anything may submit a line, from any thread. It enters as soon as a slot is free, is decoded beside the others
one frame at a time, and leaves at once when it is finished or given up.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import CancelledError, Future
from contextlib import suppress
from dataclasses import dataclass
from queue import Empty, SimpleQueue
from typing import Any, Protocol, TypeVar

from csm_cli.core.errors import CsmError
from csm_cli.core.types import Codes, Speech, Utterance

OnFrames = Callable[[Codes], None]
"""Called with the next frames of a line, int16 `[frames, codebooks]`."""
OnDone = Callable[[Speech | BaseException], None]
"""Called once, last: with the line, or with what kept it from being spoken."""

Result = TypeVar("Result")


class Slots(Protocol):
    """What the thread needs of `BatchScheduler`."""

    def submit(self, utterance: Utterance, /) -> int: ...
    def cancel(self, ticket: int, /) -> None: ...
    def advance(self) -> list[tuple[int, Speech]]: ...
    def output(self, ticket: int, start: int = 0, /) -> Codes: ...


class SlotEngine(Protocol):
    """What the thread needs of `Engine`."""

    def scheduler(self, count: int, /) -> Slots: ...


@dataclass(eq=False)
class Job:
    """A line that was submitted. Whoever did so may `cancel` it; all else is the thread's."""

    utterance: Utterance
    on_frames: OnFrames | None
    on_done: OnDone
    ticket: int = 0
    sent: int = 0


class EngineThread:
    """The thread; `start` it, and `close` it in the end.

    Callbacks are called in this thread, between two frames: they must not wait for anything.

    Args:
        engine: speaks; its `scheduler` is used here alone.
        slots: lines decoded side by side. Further ones wait for a free slot, in order.

    Attributes:
        frames: decoded so far, of all lines.
    """

    def __init__(self, engine: SlotEngine, slots: int):
        self._engine, self._count = engine, slots
        self._scheduler: Slots | None = None
        self._orders: SimpleQueue[Callable[[], None]] = SimpleQueue()
        self._jobs: dict[int, Job] = {}
        self._lock = threading.Lock()
        self._closed = False
        self._thread = threading.Thread(target=self._run, name="csm-engine", daemon=True)
        self.frames = 0

    @property
    def slots(self) -> int:
        """Lines decoded side by side."""
        return self._count

    @property
    def jobs(self) -> int:
        """Lines that are neither finished nor given up."""
        return len(self._jobs)

    @property
    def alive(self) -> bool:
        """Whether lines are taken."""
        return self._thread.is_alive() and not self._closed

    def start(self) -> None:
        """Begin to take lines."""
        self._thread.start()

    def submit(self, utterance: Utterance, on_frames: OnFrames | None, on_done: OnDone) -> Job:
        """Have a line spoken.

        Args:
            on_frames: called with its frames as they come; None: only the whole is wanted.
            on_done: called with the line; with a CsmError if it cannot be spoken, with CancelledError if it
                was given up, by `cancel` or `close`.
        """
        job = Job(utterance, on_frames, on_done)
        if not self._order(lambda: self._admit(job)):
            on_done(CancelledError())
        return job

    def cancel(self, job: Job) -> None:
        """Give up a line; one that is finished is no error."""
        self._order(lambda: self._drop(job))

    def call(self, function: Callable[[Any], Result]) -> Future[Result]:
        """Call `function(engine)` in the thread, between two frames; all lines wait for it."""
        future: Future[Result] = Future()

        def answer() -> None:
            if self._closed:
                future.cancel()
            if not future.set_running_or_notify_cancel():
                return
            try:
                future.set_result(function(self._engine))
            except BaseException as error:
                future.set_exception(error)

        if not self._order(answer):
            future.cancel()
        return future

    def close(self, seconds: float = 10.0) -> None:
        """Give up all lines and end the thread, after the frame at hand."""
        with self._lock:
            self._closed = True
        self._orders.put(lambda: None)  # so that it looks up
        if self._thread.ident is not None and self._thread is not threading.current_thread():
            self._thread.join(seconds)

    def _order(self, what: Callable[[], None]) -> bool:
        with self._lock:
            if self._closed:
                return False
            self._orders.put(what)
            return True

    def _run(self) -> None:
        try:
            while not self._closed:
                self._take_orders()
                if self._jobs and not self._closed:
                    self._advance()
        finally:  # whatever ended it, nobody is left waiting
            with self._lock:
                self._closed = True
            self._take_orders()
            self._fail(CancelledError())

    def _take_orders(self) -> None:
        """Carry out what was asked for; with nothing to speak, wait until something is."""
        if not self._jobs and not self._closed:
            self._carry_out(self._orders.get())
        with suppress(Empty):
            while True:
                self._carry_out(self._orders.get_nowait())

    def _carry_out(self, order: Callable[[], None]) -> None:
        try:
            order()
        except Exception as error:  # of the slots: what is in them is lost, the thread goes on
            self._scheduler = None
            self._fail(_failed(error))

    def _admit(self, job: Job) -> None:
        if self._closed:
            _tell(job, CancelledError())
            return
        try:
            if self._scheduler is None:
                self._scheduler = self._engine.scheduler(self._count)
            job.ticket = self._scheduler.submit(job.utterance)
        except Exception as error:
            _tell(job, error)
            return
        self._jobs[job.ticket] = job

    def _drop(self, job: Job) -> None:
        if self._jobs.get(job.ticket) is job:
            assert self._scheduler is not None
            del self._jobs[job.ticket]
            self._scheduler.cancel(job.ticket)
            _tell(job, CancelledError())

    def _advance(self) -> None:
        assert self._scheduler is not None
        try:
            done = dict(self._scheduler.advance())
        except Exception as error:
            # Nobody can tell what state the slots are in: the next lines get new ones.
            self._scheduler = None
            self._fail(error if isinstance(error, CsmError) else _failed(error))
            return
        for ticket, job in list(self._jobs.items()):
            speech = done.get(ticket)
            if job.on_frames is not None:
                frames = (
                    self._scheduler.output(ticket, job.sent) if speech is None else speech.codes[job.sent :]
                )
                if not self._hand_out(job, frames):
                    continue
            elif speech is not None:
                self.frames += len(speech.codes)
            if speech is not None:
                del self._jobs[ticket]
                _tell(job, speech)

    def _hand_out(self, job: Job, frames: Codes) -> bool:
        """Give a line's new frames to whoever wants them; False if that failed, which ends the line."""
        job.sent += len(frames)
        self.frames += len(frames)
        try:
            if len(frames) and job.on_frames is not None:
                job.on_frames(frames)
        except Exception as error:
            if self._jobs.pop(job.ticket, None) is not None and self._scheduler is not None:
                self._scheduler.cancel(job.ticket)
            _tell(job, error)
            return False
        return True

    def _fail(self, error: BaseException) -> None:
        jobs, self._jobs = list(self._jobs.values()), {}
        for job in jobs:
            _tell(job, error)


def _tell(job: Job, what: Speech | BaseException) -> None:
    with suppress(Exception):  # one receiver that fails must not end the thread for all others
        job.on_done(what)


def _failed(error: Exception) -> CsmError:
    failed = CsmError(
        f"the engine failed ({type(error).__name__})", remedy="try again; start it with --eager"
    )
    failed.__cause__ = error
    return failed
