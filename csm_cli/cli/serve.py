"""`csm serve`: speech for other programs, over HTTP."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit

import typer

from csm_cli.cli import console
from csm_cli.cli.options import EngineFields, ModelOption, expanded
from csm_cli.core.errors import UsageError

DEFAULT_PORT = 8880
DRAIN_SECONDS = 30.0


@expanded
def serve(
    *,
    host: Annotated[str, typer.Option("--host", metavar="ADDRESS", help="Where it listens.")] = "127.0.0.1",
    port: Annotated[
        int, typer.Option("--port", min=0, max=65535, metavar="N", help="0: any that is free.")
    ] = DEFAULT_PORT,
    model: ModelOption = None,
    slots: Annotated[
        int, typer.Option("--slots", min=1, max=256, metavar="N", help="Requests spoken side by side.")
    ] = 8,
    mode: Annotated[
        Literal["checked", "frames"],
        typer.Option(
            "--mode",
            help="Unless a request says: each part is sent after its checks, or sound as it is generated.",
        ),
    ] = "checked",
    token_file: Annotated[
        Path | None,
        typer.Option(
            "--token-file",
            metavar="FILE",
            help="Holds the token (API key) that clients have to send. Default: CSM_TOKEN, else none.",
        ),
    ] = None,
    allow_host: Annotated[
        list[str] | None,
        typer.Option(
            "--allow-host", metavar="NAME", help="A name of this server beside its own; may be repeated."
        ),
    ] = None,
    allow_origin: Annotated[
        list[str] | None,
        typer.Option(
            "--allow-origin",
            metavar="ORIGIN",
            help="A web page's scheme://host[:port] that may ask from a browser; may be repeated.",
        ),
    ] = None,
    max_characters: Annotated[
        int, typer.Option("--max-characters", min=1, metavar="N", help="Of one request.")
    ] = 4096,
    max_waiting: Annotated[
        int, typer.Option("--max-waiting", min=0, metavar="N", help="Requests that wait; more are refused.")
    ] = 32,
    max_per_client: Annotated[
        int, typer.Option("--max-per-client", min=1, metavar="N", help="Requests of one address at once.")
    ] = 16,
    metrics: Annotated[
        bool, typer.Option("--metrics", help="Answer to /metrics with sums for Prometheus.")
    ] = False,
    no_resident: Annotated[
        bool,
        typer.Option("--no-resident", help="Keep the engine from your own csm say and csm takes reroll."),
    ] = False,
    running: EngineFields,
) -> None:
    """Speak for other programs: OpenAI's speech interface at http://ADDRESS:PORT/v1.

    Requests are spoken side by side, a frame of each at a time. The address is printed once requests are
    taken; each request is one line on stderr, without its text. Ctrl-C or SIGTERM: no new requests, those at
    work are finished.
    """
    from csm_cli.web import check_installed

    check_installed()
    from csm_cli.web.security import allowed_hosts, check_bind, read_token

    _check_names(allow_host or (), allow_origin or ())
    token = read_token(token_file)
    check_bind(host, token)
    from csm_cli.web.server import bind, run

    with bind(host, port) as bound:
        address = _address(host, bound.getsockname()[1])
        hosts = allowed_hosts(host, bound.getsockname()[1], allow_host or ())
        service = _service(model, running, slots, mode, (max_characters, max_waiting, max_per_client))
        from csm_cli.serve.app import Access, create_app

        access = Access(hosts, token, tuple(allow_origin or ()))
        app = create_app(service, access, metrics=metrics, note=console.note)

        def ready() -> None:
            key = "clients send the token as their API key" if token else "no API key is needed"
            console.note(f"{console.count(slots, 'request')} side by side; {key}; Ctrl-C ends it")
            console.emit(f"{address}/v1")

        from csm_cli.engine.resident import wanted
        from csm_cli.serve.resident import ResidentServer

        resident = None
        if not no_resident and wanted():
            resident = ResidentServer(service.engine, service.thread, console.note)
            resident.open()
        try:
            run(app, bound, on_ready=ready, on_drain=_ending, drain_seconds=DRAIN_SECONDS, shape="openai")
        finally:
            if resident is not None:
                resident.close()
            service.close()


def _check_names(hosts: Sequence[str], origins: Sequence[str]) -> None:
    """Make sure, before a model is loaded, that a browser could send them.

    Raises:
        UsageError: one is no name, or no origin.
    """
    for name in hosts:
        if not name.strip() or set(name) & set("/@?# "):
            raise UsageError(
                f"{name!r} is no name of a machine", where="--allow-host", remedy="give NAME or NAME:PORT"
            )
    for origin in origins:
        found = urlsplit(origin.rstrip("/"))
        if found.scheme not in ("http", "https") or not found.netloc or found.path or found.query:
            what = f"{origin!r} is not where a page comes from"
            raise UsageError(
                what, where="--allow-origin", remedy="give it as https://NAME or http://NAME:PORT"
            )


def _ending() -> None:
    console.note("ending: no new requests; those at work are finished (once more to end at once)")


def _service(
    model: str | None,
    running: dict[str, Any],
    slots: int,
    mode: Literal["checked", "frames"],
    most: tuple[int, ...],
) -> Any:
    """The engine of the chosen model, and what speaks with it, started."""
    from csm_cli.rendering.models import choose_model
    from csm_cli.rendering.options import RenderOptions

    options = RenderOptions(model=model, **running)
    choice = choose_model(model)
    console.note(choice.note)
    with console.busy("loading the model"):
        engine = choice.load(options, console.note)
        from csm_cli.serve.app import Service
        from csm_cli.serve.encoders import missing_formats
        from csm_cli.serve.speech import Bounds

        bounds = Bounds(characters=most[0], waiting=most[1], per_client=most[2])
        service = Service(engine, slots, options, choice.limits(), Path.cwd(), mode, bounds)
        service.start()
    if missing := missing_formats():
        console.note(f"warning: without an ffmpeg that encodes them there is no {', '.join(missing)}")
    return service


def _address(host: str, port: int) -> str:
    return f"http://[{host.strip('[]')}]:{port}" if ":" in host else f"http://{host}:{port}"
