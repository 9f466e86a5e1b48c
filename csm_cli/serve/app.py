"""The application: addresses, who may ask, and what all of it is made of."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from csm_cli.core import __version__, available_cores
from csm_cli.rendering.models import UNLIMITED, Limits
from csm_cli.rendering.options import RenderOptions
from csm_cli.serve.admission import Admission
from csm_cli.serve.bodies import BodyReader
from csm_cli.serve.catalogue import Catalogue
from csm_cli.serve.encoders import Encoders, missing_formats
from csm_cli.serve.engine_thread import EngineThread
from csm_cli.serve.reading import Ask, Mode, Reader
from csm_cli.serve.records import Metrics, Record, Recorded
from csm_cli.serve.speech import Bounds, SpeechEndpoint
from csm_cli.web.asgi import App
from csm_cli.web.errors import ApiError, error_handlers, json_response
from csm_cli.web.security import Guard, Hosts

if TYPE_CHECKING:
    from csm_cli.engine import Engine

OPEN = ("/", "/health", "/ready")
"""Paths that need no token: they say nothing of what is spoken."""

_MORE_WORKERS = 4
"""Threads beside those that drive requests: to plan others."""

_DECODERS = 4


@dataclass(frozen=True)
class Access:
    """Who may ask.

    Args:
        hosts: names of the server; see `web.security.allowed_hosts`.
        token: None: none is needed.
        origins: pages elsewhere that may ask.
    """

    hosts: Hosts
    token: str | None = None
    origins: Sequence[str] = ()


@dataclass(eq=False)
class Service:
    """An engine with all that stands between it and HTTP. `start` it, `close` it in the end.

    Args:
        engine: the model, loaded.
        slots: requests spoken at once.
        options: seed, temperature and the like are those of each request.
        limits: of the model.
        project: whose voices and lexicon come first.
        mode: where a request asks for none.
        bounds: of a request.
    """

    engine: Engine
    slots: int
    options: RenderOptions = field(default_factory=RenderOptions)
    limits: Limits = UNLIMITED
    project: Path = field(default_factory=Path.cwd)
    mode: Mode = "checked"
    bounds: Bounds = field(default_factory=Bounds)

    def __post_init__(self) -> None:
        self.thread = EngineThread(self.engine, self.slots)
        self.workers = ThreadPoolExecutor(self.slots + _MORE_WORKERS, "csm-request")
        # The engine wants a core of its own.
        self.decoders = ThreadPoolExecutor(min(_DECODERS, max(1, available_cores() - 1)), "csm-decode")
        self.reader = Reader(self.engine, self.thread, self.decoders, self.options, self.limits, self.project)
        self.catalogue = Catalogue(self.engine.model_id, self.project)
        self.admission = Admission(self.slots, self.bounds.waiting, self.bounds.per_client)
        self.encoders = Encoders(self.slots)

    def start(self) -> None:
        """Begin to take requests; a first text is spoken, so that nothing is loaded at the first request."""
        self.thread.start()
        for _ in self.reader.read(Ask("Ready.", mode="frames")).blocks():
            pass

    def close(self) -> None:
        """Give up what is left."""
        self.thread.close()
        for pool in (self.workers, self.decoders):
            pool.shutdown(wait=False, cancel_futures=True)


def create_app(
    service: Service,
    access: Access,
    *,
    metrics: bool = False,
    note: Callable[[str], None] = lambda text: None,
) -> App:
    """The application of a service, ready for a server.

    Args:
        service: started.
        access: who may ask.
        metrics: answer to /metrics.
        note: called with a line for each request.
    """
    bodies = BodyReader(service.catalogue, service.bounds.characters, service.mode, tuple(missing_formats()))
    speech = SpeechEndpoint(
        bodies, service.reader, service.admission, service.encoders, service.workers, service.bounds
    )
    sums = Metrics(_gauges(service))
    pages = _Pages(service, sums)
    routes = [
        Route("/v1/audio/speech", speech, methods=["POST"]),
        Route("/v1/models", pages.models),
        Route("/v1/models/{name:path}", pages.model),
        Route("/v1/audio/models", pages.audio_models),
        Route("/v1/audio/voices", pages.voices),
        Route("/health", pages.health),
        Route("/ready", pages.ready),
        Route("/", pages.address),
    ]
    if metrics:
        routes.append(Route("/metrics", pages.metrics))

    inner = Starlette(routes=routes, exception_handlers=error_handlers("openai"))
    guarded = Guard(
        inner,
        access.token,
        access.hosts,
        access.origins,
        OPEN,
        "openai",
        body_bytes=service.bounds.body_bytes,
    )

    def noted(record: Record) -> None:
        note(str(record))

    return Recorded(guarded, noted, sums.add)


class _Pages:
    """The addresses that speak nothing."""

    def __init__(self, service: Service, sums: Metrics):
        self._service, self._sums = service, sums

    def address(self, request: Request) -> Response:
        return json_response({"name": "csm", "version": __version__, "speech": "/v1/audio/speech"})

    def health(self, request: Request) -> Response:
        """The process answers."""
        return json_response({"status": "ok"})

    def ready(self, request: Request) -> Response:
        """A request would be spoken."""
        if not self._service.thread.alive:
            raise ApiError(503, "not_ready", "the engine has ended", "start the server again")
        return json_response({"status": "ready"})

    def models(self, request: Request) -> Response:
        return json_response({"object": "list", "data": self._service.catalogue.models()})

    def model(self, request: Request) -> Response:
        return json_response(self._service.catalogue.model_called(request.path_params["name"]))

    def audio_models(self, request: Request) -> Response:
        return json_response({"models": self._service.catalogue.models()})

    def voices(self, request: Request) -> Response:
        return json_response({"voices": self._service.catalogue.voices()})

    def metrics(self, request: Request) -> Response:
        return PlainTextResponse(self._sums.text(), media_type="text/plain; version=0.0.4")


def _gauges(service: Service) -> dict[str, tuple[str, Callable[[], float]]]:
    return {
        "csm_requests_at_work": ("Requests that are spoken.", lambda: service.admission.at_work),
        "csm_requests_waiting": ("Requests that wait.", lambda: service.admission.waiting),
        "csm_slots": ("Lines that can be spoken at once.", lambda: service.thread.slots),
        "csm_slots_busy": ("Lines that are spoken.", lambda: service.thread.jobs),
        "csm_frames_total": ("Frames generated.", lambda: service.thread.frames),
        "csm_encoders": ("Processes of ffmpeg.", lambda: service.encoders.running),
    }
