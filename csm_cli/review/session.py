"""A review: the scripts, what is done with them, and the thread that looks at the disk."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from pathlib import Path
from threading import Event, Thread
from typing import Any

from csm_cli.audio.mastering import Pauses
from csm_cli.core import __version__
from csm_cli.core.errors import CsmError, first_line
from csm_cli.core.stored import said_once
from csm_cli.rendering.options import RenderOptions
from csm_cli.review.book import LOADING_SECONDS, Book
from csm_cli.review.changes import Changes
from csm_cli.review.choices import Choices
from csm_cli.review.engines import Load, model_name
from csm_cli.review.reading import OpenScript
from csm_cli.review.sayas import SayAs
from csm_cli.review.speaking import Speaker
from csm_cli.review.undo import UndoStack
from csm_cli.review.writing import FilesWriter
from csm_cli.web.errors import ApiError, where_it_happened
from csm_cli.web.sse import Broadcaster

POLL_SECONDS = 1.0
END_SECONDS, READING_SECONDS = 20.0, 3.0
"""At the end: for files that are being written; for a script that is being read, which loses nothing."""


class Review:
    """Scripts under review. Its methods may be called by any thread.

    Args:
        scripts: files.
        options: of the files that are written, and where takes are.
        model, device: in place of those of the last rendering of a script.
        as_rendered: write the files that the last rendering of a script made, where it is known which.
        read_only: nothing is changed.
        note: called with a line for a person.
        load: gives the engine for options; None: as `csm render` does.
        poll_seconds: between two looks at the disk.
    """

    def __init__(
        self,
        scripts: Sequence[Path],
        options: RenderOptions,
        *,
        model: str | None = None,
        device: str = "auto",
        as_rendered: bool = False,
        read_only: bool = False,
        note: Callable[[str], None] = lambda text: None,
        load: Load | None = None,
        poll_seconds: float = POLL_SECONDS,
    ):
        self.read_only, self._note, self._poll_seconds = read_only, note, poll_seconds
        self.events = Broadcaster()
        publish = self.events.publish
        self.undo = UndoStack(publish)
        self.choices, self.changes = Choices(self.undo), Changes(self.undo)
        self.speaker = Speaker(self.choices, publish, note, model, device, load)
        self.writer = FilesWriter(options, as_rendered, publish, note)
        self.say_as = SayAs(self.undo, self._read_lexicons)
        self._model = model
        self.books = [
            Book(number, path, options.takes, publish, said_once(note), self.speaker.job_of, self._pauses)
            for number, path in enumerate(dict.fromkeys(scripts))
        ]
        self._ending = Event()
        self._watcher = Thread(target=self._watch, name="csm-watcher", daemon=True)

    def start(self) -> None:
        """Begin to read the scripts, and to look at the disk for what other programs change."""
        self._watcher.start()

    def book(self, number: int) -> Book:
        """A script by its number.

        Raises:
            ApiError: there is none.
        """
        if not 0 <= number < len(self.books):
            raise ApiError(404, "no_script", "there is no such script", "read the state again", str(number))
        return self.books[number]

    def state(self) -> dict[str, Any]:
        """All that the page shows beside the lines."""
        deadline = time.monotonic() + LOADING_SECONDS
        scripts = [book.summary(self.read_only, max(0.0, deadline - time.monotonic())) for book in self.books]
        first = next((book.script for book in self.books if book.script), None)
        model = self.speaker.model.as_dict()
        if model["state"] == "none":
            model["name"] = model_name(first.options if first else None, self._model)
        return {
            "csm": __version__,
            "read_only": self.read_only,
            "model": model,
            "scripts": scripts,
            "write": self.writer.state.as_dict(),
            "undo": self.undo.what,
        }

    def close(self) -> None:
        """End it: nothing more is spoken, files that are being written come to their end."""
        self._ending.set()
        self.events.close()
        self.speaker.close()
        self.writer.close(END_SECONDS)
        if self._watcher.is_alive():
            self._watcher.join(READING_SECONDS)
        if not self.read_only:
            for book in self.books:
                if book.script is not None:
                    book.script.close()

    def _pauses(self, script: OpenScript, path: Path) -> Pauses:
        """The pauses of the files that would be written."""
        try:
            return self.writer.made(script, path)[1].pauses
        except CsmError:  # said when they are written
            return Pauses()

    def _watch(self) -> None:
        problems: dict[int, str] = {}
        while True:
            for book in self.books:
                if self._ending.is_set():
                    return
                try:
                    book.poll()
                    problems.pop(book.number, None)
                except Exception as error:  # a disk that does not answer now may answer later
                    expected = isinstance(error, CsmError)
                    what = f"{book.path}: {first_line(error)}" if expected else where_it_happened(error)
                    if problems.get(book.number) != what:
                        problems[book.number] = what
                        self._note(f"warning: {what}")
            if self._ending.wait(self._poll_seconds):
                return

    def _read_lexicons(self) -> None:
        for book in self.books:
            book.poll()
