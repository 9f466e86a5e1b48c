"""Writing the files of a script from its takes, in a thread: what has changed since it was written last."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from threading import Lock, Thread
from typing import Any

from csm_cli.audio.measure import Measured
from csm_cli.core.errors import CsmError
from csm_cli.delivery.options import Delivery
from csm_cli.delivery.sidecars import LINE_EXTRAS
from csm_cli.rendering.files_made import files_remembered
from csm_cli.rendering.master import master_jobs
from csm_cli.rendering.options import RenderOptions
from csm_cli.rendering.plan import Chain
from csm_cli.rendering.progress import Progress
from csm_cli.rendering.project import read_jobs
from csm_cli.review.book import Book
from csm_cli.review.errors import conflict
from csm_cli.review.reading import OpenScript
from csm_cli.review.rows import state_of
from csm_cli.web.errors import where_it_happened

NAMED = 9
"""Lines and chapters that are named one by one."""


@dataclass
class Writing:
    """How far the writing is.

    Args:
        state: idle, writing, done or failed.
        done, of: chapters.
        message: why it failed, or what was left out.
        files: that were written.
        run: how many times files were written or begun to be, with this one.
    """

    state: str = "idle"
    done: int = 0
    of: int = 0
    message: str = ""
    files: list[str] = field(default_factory=list)
    run: int = 0

    def as_dict(self) -> dict[str, Any]:
        """As the page gets it."""
        return asdict(self)


class FilesWriter:
    """Writes files, of one script at a time.

    Args:
        options: where to, and what is delivered.
        as_rendered: the files of the last rendering, where it is known which they were and where.
        publish: called with a name and values of what has changed.
        note: called with a line for a person.
    """

    def __init__(
        self,
        options: RenderOptions,
        as_rendered: bool,
        publish: Callable[[str, dict[str, Any]], None],
        note: Callable[[str], None],
    ):
        self._options, self._as_rendered = options, as_rendered
        self._publish, self._note = publish, note
        self._lock = Lock()
        self._thread: Thread | None = None
        self._written: dict[int, tuple[Any, dict[int, Any]]] = {}
        self._files: dict[int, set[str]] = {}
        self.state = Writing()

    def start(self, book: Book) -> None:
        """Begin to write the files of a script.

        Raises:
            ApiError: files are being written already, or the script cannot be read.
        """
        book.opened  # noqa: B018 – raises where there is none
        with self._lock:
            if self.state.state == "writing":
                raise conflict("writing", "files are being written already", "wait until they are there")
            self.state = Writing("writing", run=self.state.run + 1)
            self._thread = Thread(target=self._run, args=(book,), name="csm-files", daemon=True)
        self._say(self.state)
        self._thread.start()

    def close(self, seconds: float) -> None:
        """Let what is being written come to its end, for some seconds; files are whole or absent."""
        if self._thread is not None:
            self._thread.join(seconds)

    def made(self, script: OpenScript, path: Path) -> tuple[Path | None, Delivery]:
        """Where the files of a script go, and which they are; None: a folder of its name.

        Raises:
            MissingError, UsageError: as `files_remembered`.
        """
        folder, delivery = self._options.output, self._options.delivery
        if self._as_rendered and (made := files_remembered(script.record.options, path)):
            folder, delivery = made
        spoken = script.options.delivery
        return folder, replace(
            delivery,
            titles=delivery.titles or spoken.titles,
            credits=delivery.credits or spoken.credits,
        )

    def _run(self, book: Book) -> None:
        try:
            self._say(self._write(book))
        except CsmError as error:
            self._say(Writing("failed", message=str(error).splitlines()[0]))
        except Exception as error:  # a fault of ours must be seen, not end the server
            self._note(where_it_happened(error))
            self._say(Writing("failed", message=f"internal: {type(error).__name__}"))

    def _write(self, book: Book) -> Writing:
        with book.lock:
            book.refresh()
            script = book.opened
            now = {chapter.number: _signature(script, chapter.number) for chapter in script.chapters}
            missing = _incomplete(script)
            spoken_before = _spoken_before(script, missing)
        folder, delivery = self.made(script, book.path)
        way, before = self._written.get(book.number, (None, {}))
        before = before if way == (folder, delivery) else {}
        if not all(Path(name).is_file() for name in self._files.get(book.number, ())):
            before = {}  # somebody has removed what was written
        wanted = {number for number in now if number not in missing and before.get(number) != now[number]}
        message = _left_out(missing)
        if _of_the_book(delivery):
            if missing:
                return Writing("failed", message=f"{message}; what is made of the whole book needs them all")
            wanted = set(now) if wanted else wanted
        if not wanted:
            if missing:
                return Writing("failed", message=_joined(message, spoken_before))
            message = _joined("nothing has changed since the files were written", spoken_before)
            return Writing("done", len(now), len(now), message)
        message = _joined(message, spoken_before)
        every = len(wanted) == len(now)
        options = replace(
            self._options,
            output=folder,
            chapters=None if every else frozenset(wanted),
            delivery=delivery,
            takes=book.place,
        )
        report = master_jobs(read_jobs([book.path], options), options, _Progress(self._say, message))
        written = before | {number: now[number] for number in wanted}
        self._written[book.number] = (folder, delivery), written
        files = list(dict.fromkeys(map(str, report.files)))
        self._files[book.number] = {*(self._files.get(book.number, ()) if before else ()), *files}
        return Writing("done", len(wanted), len(wanted), message, files)

    def _say(self, state: Writing) -> None:
        self.state = replace(state, run=self.state.run)
        self._publish("write", self.state.as_dict())


class _Progress(Progress):
    """Says how many chapters are done."""

    def __init__(self, say: Callable[[Writing], None], message: str):
        self._say, self._message = say, message
        self._done, self._of = 0, 0

    def start(self, chains: Sequence[Chain]) -> None:
        self._of = len(chains)
        self._say(Writing("writing", 0, self._of, self._message))

    def chapter(self, chain: Chain, seconds: float, files: Sequence[Measured]) -> None:
        self._done += 1
        self._say(Writing("writing", self._done, self._of, self._message))


def _signature(script: OpenScript, number: int) -> Any:
    """What the sound of a chapter is made of."""
    lines = [line for line in script.lines if line.chapter.number == number]
    chapter = lines[0].chapter
    bare = [replace(item, source=chapter.source) for item in chapter.items]
    play = script.job.screenplay
    head = play.title, play.author, play.language, tuple(play.metadata.items())
    return (
        head,
        chapter.title,
        chapter.settings,
        bare,
        [line.take.id if line.take else None for line in lines],
    )


def _incomplete(script: OpenScript) -> dict[int, int]:
    """How many lines have no take yet, by the number of their chapter."""
    found: dict[int, int] = {}
    for line in script.lines:
        if line.take is None and state_of(script, line) == "new":
            found[line.chapter.number] = found.get(line.chapter.number, 0) + 1
    return found


def _of_the_book(delivery: Delivery) -> bool:
    """Whether anything is made of all chapters together."""
    beside = any(name not in LINE_EXTRAS for name in delivery.extras)
    return bool(delivery.book_formats) or delivery.level_per == "book" or delivery.sample or beside


def _spoken_before(script: OpenScript, missing: Collection[int]) -> str:
    """Names the lines that are written as they were spoken, though they would be spoken otherwise now.

    Args:
        script: with its takes.
        missing: numbers of the chapters that are left out.
    """
    lines = [line for line in script.lines if line.outdated and line.chapter.number not in missing]
    if not lines:
        return ""
    named = ", ".join(line.source for line in lines[:NAMED]) + (", …" if len(lines) > NAMED else "")
    if len(lines) == 1:
        what = " and ".join(lines[0].outdated)
        return f"{named} {what}, and is written as it was spoken before: say it again"
    return f"{len(lines)} lines are to be said again, and are written as they were spoken before: {named}"


def _joined(*messages: str) -> str:
    return "; ".join(filter(None, messages))


def _left_out(missing: dict[int, int]) -> str:
    if not missing:
        return ""
    named = ", ".join(map(str, sorted(missing)[:NAMED])) + (", …" if len(missing) > NAMED else "")
    lines = sum(missing.values())
    what = "1 line has no take yet" if lines == 1 else f"{lines} lines have no take yet"
    return f"chapter {named} left out: {what}" if len(missing) == 1 else f"chapters {named} left out: {what}"
