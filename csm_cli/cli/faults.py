"""Several files in one command: what is wrong with one is reported, and does not stop the others."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from csm_cli.cli import console
from csm_cli.core.errors import CsmError, ScriptError

if TYPE_CHECKING:
    from csm_cli.rendering.project import Batch


class Faults:
    """Errors that were reported, each where it came up; `end` leaves the command with their exit code."""

    def __init__(self) -> None:
        self._codes: list[int] = []
        self._said: set[str] = set()

    def __len__(self) -> int:
        return len(self._codes)

    def report(self, error: CsmError) -> None:
        """Print an error, and go on; what several files have in common is printed once."""
        again, self._said = str(error) in self._said, {*self._said, str(error)}
        self._codes.append(error.exit_code if again else console.report(error))

    @contextmanager
    def kept(self) -> Iterator[None]:
        """Report an error of the body; what comes behind it goes on."""
        try:
            yield
        except CsmError as error:
            self.report(error)

    @property
    def code(self) -> int:
        """That of a script with problems, if there is one; else of the first error; 0 without any."""
        if ScriptError.exit_code in self._codes:
            return ScriptError.exit_code
        return self._codes[0] if self._codes else 0

    def end(self) -> None:
        """Leave the command with the exit code, if anything was reported."""
        if self._codes:
            raise typer.Exit(self.code)


def report_batch(batch: Batch, stop: bool = False) -> Faults:
    """Report the scripts of a batch that cannot be used.

    Args:
        batch: of a command that goes on with the others.
        stop: do not.

    Raises:
        CsmError: the only script cannot be used.
        Exit: none of several can be used, or `stop` and one cannot.
    """
    if len(batch.faults) + len(batch.jobs) == 1:
        batch.check()
    faults = Faults()
    for fault in batch.faults.values():
        faults.report(fault)
    if faults and (stop or not batch.jobs):
        end_without(faults, batch.faults, "nothing was done, because of")
    return faults


def end_without(faults: Faults, scripts: Collection[Path], what: str) -> None:
    """Say at the end which scripts a command had to leave out, and leave with the exit code for that."""
    name_scripts(scripts, what)
    faults.end()


def name_scripts(scripts: Collection[Path], what: str) -> None:
    """Print the names of scripts, if there are any, behind what became of them."""
    if scripts:
        console.note(f"error: {what}: {', '.join(map(str, scripts))}")
