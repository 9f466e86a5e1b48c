"""`csm serve-queue`: a watched folder."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from contextlib import redirect_stdout
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from csm_cli.cli import console
from csm_cli.cli.options import CONTEXT_SETTINGS
from csm_cli.cli.render import render as render_scripts
from csm_cli.core.errors import UsageError

if TYPE_CHECKING:
    from csm_cli.rendering.queue import RenderScripts

_REFUSED = {"output": "--output", "dry_run": "--dry-run", "play": "--play"}
_ANY = "script.yaml"


def serve_queue(
    context: typer.Context,
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="The folder that is watched.")],
    once: Annotated[bool, typer.Option("--once", help="End when nothing waits.")] = False,
    every: Annotated[
        float, typer.Option("--every", min=0.05, metavar="SECONDS", help="Between two looks at the folder.")
    ] = 2.0,
) -> None:
    """Render the scripts that are put into a folder, and move them with their results to done/.

    All other options are those of csm render. What cannot be rendered goes to failed/, with its error. Takes
    are kept in the folder: whatever happens, the same command goes on.
    """
    from csm_cli.rendering.queue import serve_queue as serve

    render = _render_command(context.args)
    failed = serve(
        folder, render, console.note, lambda place: console.emit(str(place)), once=once, poll=every
    )
    if failed:
        raise typer.Exit(3)


def _render_command(options: Sequence[str]) -> RenderScripts:
    """What renders scripts as `csm render` with these options would.

    Raises:
        UsageError: options that make no sense for a queue.
    """
    app = typer.Typer(
        add_completion=False,
        rich_markup_mode=None,
        context_settings=CONTEXT_SETTINGS,
    )
    app.command()(render_scripts)
    command: Any = typer.main.get_command(app)
    given = command.make_context("csm render", [*options, _ANY], resilient_parsing=False).params
    for name, option in _REFUSED.items():
        if given[name]:
            raise UsageError("is not for a queue", where=option, remedy="leave it out")
    if given["scripts"] != [Path(_ANY)]:
        raise UsageError(
            "is neither an option nor the folder", where=str(given["scripts"][0]), remedy="put it there"
        )

    def render(scripts: Sequence[Path], folders: Sequence[Path]) -> int:
        output = folders[0] if len(folders) == 1 else folders[0].parent
        words = [*options, "-o", str(output), "--", *map(str, scripts)]
        with redirect_stdout(sys.stderr):  # what is there has not found its place yet
            code = command.main(words, prog_name="csm render", standalone_mode=False)
        if code == 130:
            raise KeyboardInterrupt
        return code or 0

    return render
