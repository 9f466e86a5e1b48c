"""Several scripts rendered together: what is wrong with one is its own; the files of their chapters."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import CancelledError, Future, ThreadPoolExecutor
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, NamedTuple

from csm_cli.audio.measure import Measured
from csm_cli.audio.timeline import ChapterTimeline
from csm_cli.core.errors import CsmError, ScriptError, of_system
from csm_cli.lint.needs import language_fault, sound_faults
from csm_cli.rendering.assemble import BookAssembler, chapters_at_once, with_cover
from csm_cli.rendering.chain import Work
from csm_cli.rendering.delivered import Watermark
from csm_cli.rendering.line import SpokenLine
from csm_cli.rendering.models import choose_model
from csm_cli.rendering.options import RenderOptions
from csm_cli.rendering.project import Batch, Job, read_each
from csm_cli.rendering.queue_faults import check_room
from csm_cli.rendering.requests import voice_hash
from csm_cli.voices.voice import Voice


def _check_clip(voice: Voice) -> None:
    """Look whether the reference of a voice can be read.

    Raises:
        MissingError, UsageError: it cannot.
    """
    from csm_cli.audio.files import audio_seconds, read_audio

    voice_hash(voice)
    if voice.audio is not None and not audio_seconds(voice.audio):
        read_audio(voice.audio)


def read_batch(
    scripts: Sequence[Path],
    options: RenderOptions,
    *,
    strict: bool = False,
    unread: Callable[[str], None] | None = None,
) -> Batch:
    """The jobs of scripts whose voices, sounds and covers are all there, and what is wrong with the others.

    Args:
        scripts: the files.
        options: of the rendering.
        strict: a language that the model does not speak is wrong too; else the plan warns of it.
        unread: as for `read_each`.

    Raises:
        UsageError: chapters that no script has, two scripts of one name.
    """

    spoken = choose_model(options.model).limits().languages if strict else ()

    def check(job: Job) -> None:
        with_cover(options.delivery, job.screenplay)
        for voice in job.voices.values():
            _check_clip(voice)
        if fault := language_fault(job.screenplay, spoken):
            raise ScriptError([f"{job.screenplay.path}: error: {fault}"])
        if found := [f"{source}: error: {what}" for source, what in sound_faults(job.screenplay)]:
            raise ScriptError(found)

    return read_each(scripts, options, check, unread)


class ScriptFaults:
    """Faults of single scripts of a rendering: a script that has one is left out, the others go on.

    Args:
        failed: called with each script that is left out, and why; None: the first fault is raised.
    """

    def __init__(self, failed: Callable[[Job, CsmError], None] | None = None):
        self._failed = failed
        self._left: set[str] = set()

    @property
    def isolated(self) -> bool:
        """Whether the others go on."""
        return self._failed is not None

    def __contains__(self, job: Job) -> bool:
        return job.screenplay.path in self._left

    def leave(self, job: Job, error: Exception) -> None:
        """Leave a script out; of its faults the first is reported.

        Raises:
            CsmError: there is no room on the disk, or `failed` is None.
            OSError: of a kind that no user can cause.
        """
        if self._failed is None:
            raise error
        check_room(error, job.folder)
        found = of_system(error) if isinstance(error, OSError) else error
        if not isinstance(found, CsmError):
            raise error
        if job not in self:
            self._left.add(job.screenplay.path)
            self._failed(job, found)

    @contextmanager
    def of(self, job: Job) -> Iterator[None]:
        """What the body raises is a fault of this script; errors as `leave`."""
        try:
            yield
        except (CsmError, OSError) as error:
            self.leave(job, error)


class Made(NamedTuple):
    """A chapter whose files are made."""

    work: Work
    lines: list[SpokenLine]
    timeline: ChapterTimeline
    files: list[Measured]


class ChaptersBeside:
    """Makes the files of chapters in threads, while the next ones are spoken.

    Args:
        books: by job, which is the key of its works.
        watermark: is put into what is delivered.
        settled: called in the caller's thread with each chapter, in the order of `submit`.
        faults: takes those of single scripts.
    """

    def __init__(
        self,
        books: Mapping[Any, BookAssembler],
        watermark: Watermark | None,
        settled: Callable[[Made], None],
        faults: ScriptFaults,
    ) -> None:
        self._books, self._watermark, self._settled, self._faults = books, watermark, settled, faults
        self._threads = ThreadPoolExecutor(chapters_at_once(), "csm-chapter")
        self._waiting: deque[tuple[Job, Future[Made]]] = deque()

    def submit(self, work: Work, lines: list[SpokenLine]) -> None:
        """Have a chapter made; with a watermark at once, as marking keeps all threads from printing."""
        future: Future[Made] = Future()
        if self._watermark is None:
            future = self._threads.submit(self._make, work, lines)
        else:
            try:
                future.set_result(self._make(work, lines))
            except (CsmError, OSError) as error:
                future.set_exception(error)
        self._waiting.append((work.key.job, future))

    def _make(self, work: Work, lines: list[SpokenLine]) -> Made:
        timeline, files = self._books[work.key].add(work.chain.chapter.number, lines, self._watermark)
        return Made(work, lines, timeline, files)

    def settle(self, wait: bool = False) -> None:
        """Pass on what is made, up to the first chapter that is not; with `wait` all of them.

        Raises:
            CsmError: as `BookAssembler.add`.
        """
        while self._waiting and (wait or self._waiting[0][1].done()):
            job, future = self._waiting[0]
            try:
                made = future.result()
            except (CsmError, OSError) as error:
                self._waiting.popleft()
                self._faults.leave(job, error)
            else:
                self._waiting.popleft()
                self._settled(made)

    def close(self) -> None:
        """Let chapters that are being made come to their end, and pass them on; no other is begun."""
        self._threads.shutdown(cancel_futures=True)
        waiting, self._waiting = self._waiting, deque()
        for _, each in waiting:
            with suppress(CsmError, CancelledError):  # the first fault is the one that is raised
                self._settled(each.result())
