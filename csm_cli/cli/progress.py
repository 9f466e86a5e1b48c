"""Progress of a rendering: a live line on a terminal, a plain line per chapter elsewhere."""

from __future__ import annotations

import sys
import time
from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING

from csm_cli.cli import console
from csm_cli.cli.console import clock, count
from csm_cli.cli.summary import print_files
from csm_cli.rendering.line import SpokenLine
from csm_cli.rendering.plan import Chain
from csm_cli.rendering.progress import Progress

if TYPE_CHECKING:
    from rich.live import Live

    from csm_cli.audio.measure import Measured


PLAIN_SECONDS = 30.0
"""Between two plain lines that say where the rendering stands."""


class PlainProgress(Progress):
    """Prints the paths of finished files on stdout; on stderr a line per chapter, and now and then one
    between.
    """

    def __init__(self) -> None:
        self._last_note = time.monotonic()
        self.at_work = ""
        self.lines_done = self.characters_done = 0
        self.lines_kept = self.lines_spoken = self.characters_spoken = 0
        self.seconds_spoken = 0.0
        self.lines = self.characters = 0
        self.audio_seconds = 0.0
        self.started = time.monotonic()
        self._several = False
        self._script = ""
        self._left: dict[str, tuple[int, int]] = {}
        self._coming: dict[str, deque[int]] = {}
        self._waiting: dict[tuple[str, int], tuple[Chain, float, Sequence[Measured]]] = {}

    def start(self, chains: Sequence[Chain]) -> None:
        self.lines = sum(len(chain.lines) for chain in chains)
        self.characters = sum(chain.characters for chain in chains)
        self.started = self._last_note = time.monotonic()
        for chain in chains:
            self._coming.setdefault(_script_of(chain), deque()).append(chain.chapter.number)
            self._count(_script_of(chain), len(chain.lines), chain.characters)
        self._several = len(self._coming) > 1

    def _count(self, script: str, lines: int, characters: int) -> None:
        before = self._left.get(script, (0, 0))
        self._left[script] = before[0] + lines, before[1] + characters

    def left_out(self, script: str) -> None:
        lines, characters = self._left.pop(script, (0, 0))
        self.lines -= lines
        self.characters -= characters

    def line(self, line: SpokenLine) -> None:
        self.lines_done += 1
        if self._several:
            self._script = line.planned.line.source.path
        self.characters_done += line.planned.characters
        self._count(line.planned.line.source.path, -1, -line.planned.characters)
        self.audio_seconds += line.seconds
        self.lines_kept += line.take is not None
        if line.rendered and line.take is not None:
            self.lines_spoken += 1
            self.characters_spoken += line.planned.characters
            self.seconds_spoken += line.seconds
        self.note_between()
        console.heed_stops()

    def note_between(self) -> None:
        """Say where it stands if nothing was said for a while."""
        if time.monotonic() - self._last_note >= PLAIN_SECONDS and self.lines_done < self.lines:
            console.note(self.summary())
            self._last_note = time.monotonic()

    def fleet(self, workers: int, wanted: int, speaking: int, slots: int) -> None:
        of = "" if workers == wanted else f" of {wanted}"
        self.at_work = f"{workers}{of} workers · {speaking}/{slots} slots · "

    def chapter(self, chain: Chain, seconds: float, files: Sequence[Measured]) -> None:
        """Announce a chapter and its files once the chapters before it in its script are announced."""
        script = _script_of(chain)
        self._waiting[script, chain.chapter.number] = chain, seconds, files
        coming = self._coming.get(script, deque())
        while coming and (script, coming[0]) in self._waiting:
            self._announce(*self._waiting.pop((script, coming.popleft())))

    def _announce(self, chain: Chain, seconds: float, files: Sequence[Measured]) -> None:
        title, lines = chain.chapter.title, count(len(chain.lines), "line")
        where = f"{_script_of(chain)}: " if self._several else ""
        console.note(f"{where}chapter {chain.chapter.number} {title!r}: {lines}, {clock(seconds)} of audio")
        print_files(files)
        self._last_note = time.monotonic()

    def book(self, files: Sequence[Measured], notes: Sequence[str]) -> None:
        print_files(files)
        for text in notes:
            console.note(text)

    def close(self) -> None:
        """The rendering is over, or broken off: announce what waits for an earlier chapter."""
        for key in sorted(self._waiting):
            self._announce(*self._waiting[key])
        self._waiting.clear()

    def summary(self) -> str:
        """Where the rendering stands: lines, audio; speed and time left, by what was spoken now."""
        elapsed = time.monotonic() - self.started
        script = f"{self._script} · " if self._several and self._script else ""
        text = f"{self.at_work}{script}{self.lines_done}/{self.lines} lines"
        text += f" · {clock(self.audio_seconds)} of audio"
        if self.characters_spoken:
            left = elapsed * (self.characters - self.characters_done) / self.characters_spoken
            text += f" · {self.seconds_spoken / max(elapsed, 1e-3):.1f}× real time · {clock(left)} left"
        return text

    def kept(self) -> str:
        """What an interrupted rendering leaves: "6 of 12 lines spoken and kept, 14.2 s of audio"."""
        text = f"{self.lines_kept} of {count(self.lines, 'line')} spoken and kept"
        if self.lines_spoken != self.lines_kept:
            text += f" ({self.lines_spoken} of them now)"
        return f"{text}, {self.audio_seconds:.1f} s of audio"


class LiveProgress(PlainProgress):
    """The same with a line that is redrawn, so that a long batch does not look like a standstill."""

    def __init__(self) -> None:
        super().__init__()
        self._live: Live | None = None

    def start(self, chains: Sequence[Chain]) -> None:
        super().start(chains)
        from rich.console import Console
        from rich.live import Live
        from rich.spinner import Spinner
        from rich.text import Text

        spinner = Spinner("dots")

        def draw() -> Spinner:
            spinner.update(text=Text(self.summary()))
            return spinner

        self._live = Live(
            get_renderable=draw, console=Console(stderr=True), transient=True, redirect_stdout=False
        )
        self._live.start()

    def note_between(self) -> None:
        """Nothing: the live line shows it all the time."""

    def chapter(self, chain: Chain, seconds: float, files: Sequence[Measured]) -> None:
        with self._paused():
            super().chapter(chain, seconds, files)

    def book(self, files: Sequence[Measured], notes: Sequence[str]) -> None:
        with self._paused():
            super().book(files, notes)

    @contextmanager
    def _paused(self) -> Iterator[None]:
        """Without the live line: what is printed on stdout would run on behind it."""
        if self._live:
            self._live.stop()
        yield
        if self._live:
            self._live.start()

    def close(self) -> None:
        if self._live:
            self._live.stop()
            self._live = None
        super().close()


def _script_of(chain: Chain) -> str:
    return chain.screenplay.path


def choose_progress() -> PlainProgress:
    """Live where a person watches, plain elsewhere."""
    return LiveProgress() if console.is_terminal(sys.stderr) else PlainProgress()
