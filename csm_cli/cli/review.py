"""`csm review`: a page to listen through a rendered script, to judge its lines, and to mend them."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from csm_cli.cli import console
from csm_cli.cli.console import count
from csm_cli.cli.faults import Faults
from csm_cli.cli.options import DeliveryOptions, DeviceOption, ModelOption, TakesOption, expanded
from csm_cli.core.errors import MissingError, UsageError

if TYPE_CHECKING:
    from csm_cli.cli.options import MaybePlace

HOST = "127.0.0.1"
DRAIN_SECONDS = 5.0


@expanded
def review(
    *,
    scripts: Annotated[
        list[Path] | None,
        typer.Argument(metavar="SCRIPT", help="Scripts. Default: all that were rendered in this folder."),
    ] = None,
    port: Annotated[
        int, typer.Option("--port", min=0, max=65535, metavar="N", help="Port of the page; 0: any.")
    ] = 0,
    no_open: Annotated[bool, typer.Option("--no-open", help="Open no browser; print the address.")] = False,
    read_only: Annotated[bool, typer.Option("--read-only", help="Listen and look; change nothing.")] = False,
    model: ModelOption = None,
    device: DeviceOption = "auto",
    output: Annotated[
        Path | None,
        typer.Option(
            "-o", "--output", metavar="DIR", help="Folder of the files that are written, as for csm render."
        ),
    ] = None,
    delivery: DeliveryOptions,
    takes: TakesOption = None,
) -> None:
    """Listen through rendered scripts in a browser, judge their lines, say them again, and edit them.

    The page is on this machine alone, at an address that is printed. "Write the files" makes those of the
    last rendering again or, with options that say which and where, others.
    """
    from csm_cli.web import check_installed

    check_installed()
    from csm_cli.rendering.options import RenderOptions
    from csm_cli.review.app import create_app
    from csm_cli.review.session import Review
    from csm_cli.web.security import allowed_hosts, new_token
    from csm_cli.web.server import bind, run

    paths, faults = [], Faults()
    for path in scripts or _rendered_here(takes):
        with faults.kept():
            if not path.is_file():
                raise MissingError(
                    "there is no such script", where=str(path), remedy="name one that is there"
                )
            paths.append(path)
    if not paths:
        faults.end()
    options = RenderOptions(output, None, delivery.checked(), takes=takes)
    if output is not None and len(paths) > 1:
        raise UsageError("several scripts would go to one folder", where="-o", remedy="name one script")
    sock = bind(HOST, port)
    token = new_token()
    session = Review(
        paths,
        options,
        model=model,
        device=device,
        as_rendered=output is None and options.delivery == DeliveryOptions().checked(),
        read_only=read_only,
        note=console.note,
    )
    port = sock.getsockname()[1]
    address = f"http://{HOST}:{port}/#token={token}"

    def ready() -> None:
        console.emit(address)
        console.note(f"review of {count(len(paths), 'script')}; Ctrl-C ends it")
        if not no_open:
            _open(address)

    session.start()
    try:
        app = create_app(session, token, allowed_hosts(HOST, port, ()))
        run(app, sock, on_ready=ready, on_drain=session.events.close, drain_seconds=DRAIN_SECONDS)
    finally:
        session.close()


def _rendered_here(takes: MaybePlace) -> list[Path]:
    """The scripts of this folder that have been rendered.

    Raises:
        UsageError: there are none.
    """
    from csm_cli.takes.record import rendered_scripts

    found = rendered_scripts(takes)
    if not found:
        raise UsageError(
            "no script was rendered here", where=str(Path().resolve()), remedy="name one: csm review SCRIPT"
        )
    return found


def _open(address: str) -> None:
    """Open a browser, where there is a screen for one: those for terminals would take this one over."""
    import threading
    import webbrowser

    has_screen = os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")
    if sys.platform.startswith("linux") and not has_screen:
        console.note("there is no screen here; open the address in a browser of this machine")
        return
    threading.Thread(target=webbrowser.open, args=(address,), daemon=True).start()
