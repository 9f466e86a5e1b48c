"""Saying lines again in one thread, with an engine that is loaded at the first of them and stays."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Hashable
from dataclasses import dataclass, field, replace
from threading import Condition, Thread
from typing import TYPE_CHECKING, Any

from csm_cli.core.errors import CsmError
from csm_cli.editing.lines import ScriptLine
from csm_cli.editing.reroll import options_of, reroll
from csm_cli.rendering.loading import LoadedModel
from csm_cli.rendering.models import choose_model
from csm_cli.rendering.options import RenderOptions
from csm_cli.rendering.verifying import make_verifier
from csm_cli.review.book import Book
from csm_cli.review.choices import Choice, Choices
from csm_cli.review.engines import Load, StoppableEngine, StoppedError, load_model, short_name
from csm_cli.review.errors import conflict
from csm_cli.review.rows import Row
from csm_cli.web.errors import ApiError, where_it_happened

if TYPE_CHECKING:
    from csm_cli.engine import Engine
    from csm_cli.verify import Verifier

MOST = 200
"""Lines that wait."""
TAKES = 3
MOST_TAKES = 16
MOST_BEFORE = 8
"""Lines without a take in front of a line: they are spoken with it, as its context."""
END_SECONDS, LOADING_SECONDS = 20.0, 5.0
"""For the line that is being spoken when the end comes, which stops between two frames, or the loading of a
model, which cannot be stopped."""


@dataclass
class Job:
    """A line that is to be said again.

    Args:
        book: it is in.
        line: its stable id.
        count: of takes.
        state: queued, speaking or failed.
        message: why it failed.
    """

    book: Book
    line: str
    count: int
    state: str = "queued"
    message: str = ""


@dataclass
class Model:
    """The model that speaks.

    Args:
        name: of it.
        state: none, loading, ready or failed.
        message: why it failed, or what a person should know of it.
    """

    name: str
    state: str = "none"
    message: str = ""

    def as_dict(self) -> dict[str, str]:
        """As the page gets it."""
        return {"name": self.name, "state": self.state, "message": self.message}


@dataclass
class _Loaded:
    """What is loaded, and for which options."""

    key: Hashable = None
    model: LoadedModel | None = None
    verifiers: dict[Hashable, Verifier] = field(default_factory=dict)


class Speaker:
    """The lines that are to be said again, and the thread that says them.

    Args:
        choices: takes note of what is chosen.
        publish: called with a name and values of what has changed.
        note: called with a line for a person.
        model, device: in place of those of the last rendering.
        load: gives the engine for options; called in the thread.
    """

    def __init__(
        self,
        choices: Choices,
        publish: Callable[[str, dict[str, Any]], None],
        note: Callable[[str], None],
        model: str | None = None,
        device: str = "auto",
        load: Load | None = None,
    ):
        self._choices, self._publish, self._note = choices, publish, note
        self._changes = {"model": model, "device": device}
        self._load = load or load_model
        self._jobs: dict[tuple[int, str], Job] = {}
        self._queue: deque[Job] = deque()
        self._wake = Condition()
        self._ending = False
        self._loaded = _Loaded()
        self.model = Model(model or "")
        self._thread = Thread(target=self._run, name="csm-speaker", daemon=True)
        self._thread.start()

    def job_of(self, number: int, line: str) -> tuple[str | None, str]:
        """The state of what is to be said again of a line, and a message."""
        job = self._jobs.get((number, line))
        return (None, "") if job is None else (job.state, job.message)

    def add(self, book: Book, name: str, count: int = TAKES) -> int:
        """Queue a line; how many lines wait now.

        Raises:
            ApiError: no such line, it is pinned, lines before it were never spoken, or too many wait.
        """
        if not 1 <= count <= MOST_TAKES:
            raise ApiError(
                400, "bad_request", f"from 1 to {MOST_TAKES} takes are made at once", place="count"
            )
        line = book.line(name)
        if line.pinned:
            raise conflict("pinned", "the line is pinned", "unpin it first", line.source)
        _check_context(book, line)
        with self._wake:
            if self._ending:
                raise ApiError(503, "draining", "the server is ending")
            before = self._jobs.get((book.number, name))
            if before is not None and before.state != "failed":
                return len(self._queue)
            if len(self._queue) >= MOST:
                raise ApiError(
                    429, "queue_full", f"{MOST} lines are waiting to be spoken", "wait for some of them",
                    headers={"Retry-After": "10"},
                )  # fmt: skip
            job = Job(book, name, count)
            self._jobs[book.number, name] = job
            self._queue.append(job)
            waiting = len(self._queue)
            self._wake.notify()
        book.update([name])
        return waiting

    def cancel(self, book: Book, name: str) -> Row:
        """Drop a line that waits, or forget that it failed.

        Raises:
            ApiError: there is no such line, or it is being spoken.
        """
        with self._wake:
            job = self._jobs.get((book.number, name))
            if job is not None and job.state == "speaking":
                raise conflict("speaking", "the line is being spoken already", "wait for its takes")
            if job is not None:
                del self._jobs[book.number, name]
                if job in self._queue:
                    self._queue.remove(job)
        if name in book.opened.by_id:
            book.update([name])
        return book.row(name)

    def close(self) -> None:
        """Drop what waits, and stop what is being spoken. What was finished is kept."""
        with self._wake:
            self._ending = True
            self._queue.clear()
            self._wake.notify()
        self._thread.join(LOADING_SECONDS if self.model.state == "loading" else END_SECONDS)

    def _run(self) -> None:
        while True:
            with self._wake:
                while not self._queue and not self._ending:
                    self._wake.wait()
                if self._ending:
                    return
                job = self._queue.popleft()
                job.state = "speaking"
            job.book.update([job.line])
            try:
                self._speak(job)
                failed = None
            except StoppedError:
                return
            except CsmError as error:
                failed = str(error).splitlines()[0]
            except ApiError as error:
                failed = error.message
            except Exception as error:  # one line that fails must not end the thread
                self._note(where_it_happened(error))
                failed = f"internal: {type(error).__name__}; csm says more with CSM_DEBUG=1"
            with self._wake:
                if failed is None or job.line not in job.book.opened.by_id:  # edited meanwhile
                    self._jobs.pop((job.book.number, job.line), None)
                else:
                    job.state, job.message = "failed", failed
            job.book.update([job.line])

    def _speak(self, job: Job) -> None:
        book = job.book
        with book.lock:
            book.refresh()
            line, script = book.line(job.line), book.opened
            before = Choice.of(script, line)
        options = options_of(script, **self._changes)
        loaded = self._model(options)
        engine: Engine = StoppableEngine(loaded.engine, lambda: self._ending)  # type: ignore[assignment]
        verifier = self._verifier(book, options)
        made = reroll(script, line, engine, loaded.limits, options, count=job.count, verifier=verifier)
        with book.lock:
            book.refresh()
            if line.planned.id in book.opened.by_id:  # a pin that was set meanwhile stays
                pins = Choice.of(book.opened, book.line(line.planned.id)).pinned
                before = replace(before, pinned=pins)
            what = "a new take" if len(made) == 1 else "new takes"
            self._choices.note(book, before, f"the choice of {what}")

    def _model(self, options: RenderOptions) -> LoadedModel:
        """The engine for a rendering's options: the one that is there, if it is the same."""
        key = options.model, options.device, options.dtype, options.quantize, options.eager
        if self._loaded.model is None or self._loaded.key != key:
            self._loaded.model = None  # two would not fit into some memories
            name = options.model or choose_model(None).source
            self._say(Model(short_name(name), "loading"))
            try:
                self._loaded.model = self._load(options, self._note)
            except CsmError as error:
                self._say(Model(short_name(name), "failed", str(error)))
                raise
            except Exception as error:
                self._say(Model(short_name(name), "failed", f"it cannot be loaded: {type(error).__name__}"))
                raise
            self._loaded.key = key
            self._say(Model(short_name(name), "ready"))
        return self._loaded.model

    def _verifier(self, book: Book, options: RenderOptions) -> Verifier:
        lexicon = book.opened.normaliser.lexicon.digest
        key = book.number, options.verify, options.asr, options.voice_model, lexicon
        if key not in self._loaded.verifiers:
            self._loaded.verifiers = {key: make_verifier([book.opened.job], options, self._note)}
        return self._loaded.verifiers[key]

    def _say(self, model: Model) -> None:
        self.model = model
        self._publish("model", model.as_dict())


def _check_context(book: Book, line: ScriptLine) -> None:
    """Make sure that most lines before a line have takes: those without would be spoken with it."""
    missing = 0
    for each in book.opened.lines:
        if each.planned.id == line.planned.id:
            break
        missing += (
            each.chapter.number == line.chapter.number and each.take is None and bool(each.planned.parts)
        )
    if missing > MOST_BEFORE:
        what = f"{missing} lines before it in its chapter were never spoken"
        raise conflict("not_rendered", what, f"csm render {book.path}", line.source)
