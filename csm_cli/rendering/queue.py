"""A watched folder: scripts put there are rendered and moved with their results.

    DIR/*.yaml, *.md, …     waiting; sounds, lexicons and voices lie beside them, in folders of their own
    DIR/working/NAME/       results on their way
    DIR/done/NAME/          results, and the script
    DIR/failed/NAME/        the script, and error.txt
    DIR/.csm/takes          takes, as everywhere

Links in it are not followed: what they lead to was not put there.

A script leaves its place only when its results are whole, by one renaming into `working/NAME` and one of that
folder. So whatever dies at whatever moment, the next start goes on: a script that still waits is rendered
again, from its takes; results whose script has been moved are moved on.
"""

from __future__ import annotations

import os
import shutil
import stat
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path

from csm_cli.core.errors import CsmError, UsageError
from csm_cli.core.files import alone, short_name
from csm_cli.core.reading import no_links, read_file
from csm_cli.core.stored import said_once
from csm_cli.core.visible import visible
from csm_cli.rendering.queue_faults import check_room, fault_of, lexicon_fault, may_concern_all, text_of
from csm_cli.script.formats import named_format

POLL_SECONDS = 2.0
"""Between two looks at the folder; a script is taken when it has not changed from one to the next."""
DEATHS = 3
MAX_NAME_BYTES = 4096
"""Times that the process may die while it renders a script alone, before that is given up."""

_LEFT = (None, "html", "pdf")
"""Formats of files that stay where they are; pages and PDFs lie about as notes, and need a look first."""
WHOLE = ".whole"
"""In a folder of results that waits for nothing but its script."""

RenderScripts = Callable[[Sequence[Path], Sequence[Path]], int]
"""Renders scripts, each into the folder of the same place; gives an exit code."""


def serve_queue(
    folder: Path,
    render: RenderScripts,
    note: Callable[[str], None] = lambda text: None,
    done: Callable[[Path], None] = lambda folder: None,
    *,
    once: bool = False,
    poll: float = POLL_SECONDS,
) -> int:
    """Render what is put into a folder, until interrupted.

    Args:
        folder: that is watched.
        render: does the work; whatever it raises fails that script. A `UsageError` or `MissingError` that
            names no file of the folder ends all if every script meets it, and so does a full disk.
        note: called with what happens, a line each.
        done: called with each folder of results that are whole.
        once: end when nothing waits.
        poll: seconds between two looks.

    Returns:
        Scripts that failed.

    Raises:
        UsageError: there is no such folder, or a file in the place of one; the user's lexicon has problems
            (once a script was rendered, the others wait until it has none).
        CsmError: another process serves it, or there is no room on its disk.
    """
    if not folder.is_dir():
        raise UsageError("is no folder", where=str(folder), remedy="make it, and put scripts there")
    for place in (folder / name for name in ("working", "done", "failed")):
        if place.exists() and not place.is_dir():
            raise UsageError("is no folder", where=str(place), remedy="move that file elsewhere")
    with alone(folder / ".csm", "queue", patience=0), no_links(folder):
        queue = _Queue(folder, render, note, done)
        queue.recover()
        before: dict[Path, tuple[int, int]] = {}
        say = said_once(note)
        while True:
            seen = {path: _mark(path) for path in _scripts(folder)}
            seen = {path: mark for path, mark in seen.items() if queue.left.get(path) != mark}
            settled = [path for path, mark in seen.items() if before.get(path) == mark]
            before = seen
            if settled and (fault := lexicon_fault()):
                if once or not queue.worked:
                    raise fault
                say(f"error: {fault}")
                time.sleep(poll)
            elif settled:
                queue.work(settled)
            elif once and not seen:
                return queue.failed
            else:
                time.sleep(poll)


class _Queue:
    def __init__(
        self,
        folder: Path,
        render: RenderScripts,
        note: Callable[[str], None],
        done: Callable[[Path], None],
    ):
        self._folder, self._render, self._note, self._done = folder, render, note, done
        self.worked = False  # something was rendered, so the command is sound
        self.failed = 0
        self.left: dict[Path, tuple[int, int]] = {}
        """Scripts that can neither be rendered nor moved, as they were: left alone until they change."""

    def recover(self) -> None:
        """Finish what an earlier process had begun to move."""
        for working in sorted((self._folder / "working").glob("*/")):
            try:
                name = os.fsdecode(read_file(working / WHOLE, MAX_NAME_BYTES, self._folder))
            except (OSError, ValueError):
                continue
            try:
                if (self._folder / name).exists():
                    (working / WHOLE).unlink()  # it may have changed since: rendered again, from its takes
                else:
                    self._move_on(working)
            except (OSError, ValueError) as error:
                self._note(f"{working}: cannot be moved to done/ ({error})")

    def work(self, scripts: Sequence[Path]) -> None:
        """Render scripts together; those that have to be seen to alone, one by one.

        Raises:
            UsageError, MissingError: what concerns the command, and no script.
            CsmError: there is no room on the disk.
        """
        together: dict[str, Path] = {}
        alone: list[Path] = []
        for script in scripts:
            if error := fault_of(script):
                self._fail(script, error)
            elif self._deaths(script) or script.stem in together:
                alone.append(script)
            else:
                together[script.stem] = script
        batch = list(together.values())
        if len(batch) < 2 or self._rendered(batch) is not None:
            alone = [*batch, *alone]
        unsure: list[tuple[Path, Exception]] = []
        for script in alone:
            deaths = self._deaths(script)
            if deaths > DEATHS:
                self._fail(script, f"the process died {deaths} times while it was rendered")
            elif fault := self._rendered([script]):
                if may_concern_all(fault, self._folder):
                    unsure.append((script, fault))
                else:
                    self._fail(script, text_of(fault))
        if unsure and not self.worked:
            raise unsure[0][1]
        for script, fault in unsure:
            self._fail(script, text_of(fault))

    def _rendered(self, scripts: Sequence[Path]) -> Exception | None:
        """Render and move; what went wrong, if something did: then nothing is moved.

        Raises:
            CsmError: there is no room on the disk.
        """
        self._note(f"rendering {', '.join(script.name for script in scripts)}")
        marks = [_mark(script) for script in scripts]
        error: Exception | None = None
        try:
            self._begin(scripts)
            if (code := self._render(scripts, list(map(self._working, scripts)))) not in (0, 5):
                error = CsmError(f"ended with exit code {code}")
        except KeyboardInterrupt:
            self._forget(scripts)
            raise
        except Exception as fault:
            if getattr(fault, "exit_code", 0) == 130:
                self._forget(scripts)
                raise
            error = fault
        self._forget(scripts)
        if error is not None:
            check_room(error, self._folder)
            if len(scripts) > 1:
                return error
        for script, mark in zip(scripts, marks, strict=True):
            if _mark(script) != mark:
                self._note(f"{script} has changed meanwhile; it is rendered again")
            elif error is not None:
                return error
            else:
                self.worked = True
                self._finish(script)
        return None

    def _finish(self, script: Path) -> None:
        working = self._working(script)
        try:
            working.mkdir(parents=True, exist_ok=True)
            (working / WHOLE).write_bytes(os.fsencode(script.name))
            place = working / script.name
            script.replace(place.with_name(f"script-{script.name}") if place.exists() else place)
            self._move_on(working)
        except OSError as error:
            check_room(error, self._folder)
            self._leave(script, error)

    def _move_on(self, working: Path) -> None:
        done = _free(self._folder / "done" / working.name)
        done.parent.mkdir(exist_ok=True)
        working.replace(done)
        (done / WHOLE).unlink(missing_ok=True)
        self._done(done)

    def _fail(self, script: Path, error: str) -> None:
        self.failed += 1
        self._forget([script])
        shutil.rmtree(self._working(script), ignore_errors=True)
        text = "\n".join(map(visible, error.rstrip("\n").split("\n")))
        place = _free(self._folder / "failed" / script.stem)
        try:
            place.mkdir(parents=True)
            (place / "error.txt").write_text(f"{text}\n", encoding="utf-8")
            script.replace(place / script.name)
        except OSError as fault:
            check_room(fault, self._folder)
            self._note(f"failed: {script}: {text.partition(chr(10))[0]}")
            self._leave(script, fault)
            return
        self._note(f"failed: {place}: {text.partition(chr(10))[0]}")

    def _leave(self, script: Path, error: OSError) -> None:
        """Leave a script alone that cannot be moved; it would be rendered again and again."""
        self.left[script] = _mark(script)
        why = error.strerror or error
        self._note(f"{script}: cannot be moved ({why}); it is left alone until it changes")

    def _working(self, script: Path) -> Path:
        return self._folder / "working" / script.stem

    def _deaths_file(self, script: Path) -> Path:
        return self._folder / ".csm" / "queue" / short_name(script.name, ".begun")

    def _begin(self, scripts: Sequence[Path]) -> None:
        """Note that the scripts are begun, in case the process dies."""
        for script in scripts:
            file = self._deaths_file(script)
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(f"{self._deaths(script) + 1}\n", encoding="utf-8")

    def _deaths(self, script: Path) -> int:
        """Times that the script was begun and never ended."""
        try:
            return int(read_file(self._deaths_file(script), MAX_NAME_BYTES))
        except (OSError, ValueError):
            return 0

    def _forget(self, scripts: Sequence[Path]) -> None:
        for script in scripts:
            with suppress(OSError):
                self._deaths_file(script).unlink(missing_ok=True)


def _scripts(folder: Path) -> list[Path]:
    """What waits, the oldest first."""
    there = (path for path in folder.iterdir() if not path.name.startswith("."))
    found = [path for path in there if named_format(path) not in _LEFT and not _is_folder(path)]
    return sorted(found, key=lambda path: (_mark(path), path.name))


def _is_folder(path: Path) -> bool:
    """Whether it is a folder, not a link to one. Links, pipes and devices have their error, in failed/."""
    try:
        return stat.S_ISDIR(path.lstat().st_mode)
    except OSError:  # gone since the folder was read
        return True


def _mark(path: Path) -> tuple[int, int]:
    with suppress(OSError):
        status = path.lstat()
        return status.st_mtime_ns, status.st_size
    return 0, 0


def _free(place: Path) -> Path:
    """The place, or with a number behind if it is taken."""
    number, free = 2, place
    while os.path.lexists(free):
        free, number = place.with_name(short_name(place.name, f"-{number}")), number + 1
    return free
