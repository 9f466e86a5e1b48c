"""uvicorn in the main thread, with limits for slow clients, and an end that lets those at work finish."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import logging
import os
import signal
import socket
import threading
from collections.abc import Callable, Iterator
from types import FrameType

import uvicorn

from csm_cli.core.errors import UsageError
from csm_cli.web.asgi import App, Receive, Scope, Send, send_error
from csm_cli.web.connections import RETRY_SECONDS, Limits, protocol
from csm_cli.web.errors import ApiError, Shape

DRAIN_SECONDS = 30.0
ALIVE = "/health"
"""Answered while draining too: the process is there, and ends by itself."""

_FORCED_SECONDS = 1
_DRAINING = ApiError(
    503, "draining", "the server is ending", "ask again when it is back",
    headers={"Retry-After": str(RETRY_SECONDS), "Connection": "close"},
)  # fmt: skip


def bind(host: str, port: int) -> socket.socket:
    """A socket that is bound and not yet listened to; port 0: any that is free.

    Raises:
        UsageError: the address is taken, not of this machine, or none.
    """
    where = f"{host}:{port}"
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(
            host.strip("[]"), port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
    except OSError as error:
        raise UsageError(
            f"is no address ({error.strerror})", where=where, remedy="give another --host"
        ) from error
    bound = socket.socket(family, kind, protocol)
    try:
        if os.name == "posix":
            bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        bound.bind(address)
        bound.setblocking(False)
    except OSError as error:
        bound.close()
        if error.errno == errno.EADDRINUSE:
            raise UsageError(
                "another program listens there", where=where, remedy="give another --port"
            ) from error
        if error.errno == errno.EACCES:
            remedy = "give a --port from 1024 on"
            raise UsageError("listening there is not permitted", where=where, remedy=remedy) from error
        remedy = "give another --host"
        raise UsageError(f"cannot be listened to ({error.strerror})", where=where, remedy=remedy) from error
    return bound


def run(
    app: App,
    sock: socket.socket,
    *,
    limits: Limits | None = None,
    on_ready: Callable[[], None] = lambda: None,
    on_drain: Callable[[], None] = lambda: None,
    drain_seconds: float = DRAIN_SECONDS,
    shape: Shape = "flat",
) -> None:
    """Answer requests until SIGTERM or SIGINT comes, which is raised again at the end.

    At the first signal new requests are refused and those at work have `drain_seconds`; at a second one the
    end comes at once.

    Args:
        app: asked for every request; its lifespan is run.
        sock: from `bind`; closed at the end.
        on_ready: called once it listens.
        on_drain: called when the end begins, in the event loop: to end streams that would go on for ever.
        shape: of the errors while it drains.
    """
    Server(app, sock, limits=limits, on_drain=on_drain, drain_seconds=drain_seconds, shape=shape).run(
        on_ready
    )


class Server:
    """As `run`, for whoever ends it without a signal; arguments as there."""

    def __init__(
        self,
        app: App,
        sock: socket.socket,
        *,
        limits: Limits | None = None,
        on_drain: Callable[[], None] = lambda: None,
        drain_seconds: float = DRAIN_SECONDS,
        shape: Shape = "flat",
    ):
        self._sock, self._limits, self._on_drain = sock, limits or Limits(), on_drain
        self._drain_seconds = drain_seconds
        self._gate = _Gate(app, shape)
        config = uvicorn.Config(
            self._gate,
            loop="asyncio",
            http=protocol(self._limits),
            ws="none",
            lifespan="on",
            log_config=None,
            log_level=logging.CRITICAL,
            access_log=False,
            proxy_headers=False,
            server_header=False,
            timeout_keep_alive=self._limits.keep_alive_seconds,
            h11_max_incomplete_event_size=self._limits.head_bytes,
        )
        self._server = _Uvicorn(config, self)
        self._signals: list[int] = []
        self._stopping = threading.Event()

    def run(self, on_ready: Callable[[], None] = lambda: None) -> None:
        """Answer requests until the end, in this thread."""
        with self._signals_noted():
            try:
                self._server.on_ready = on_ready
                self._server.run([self._sock])
            finally:
                self._sock.close()
        if self._signals:
            signal.raise_signal(self._signals[0])

    def stop(self) -> None:
        """Begin the end, as the first signal does; from any thread. Once more: end at once."""
        if self._stopping.is_set():
            self._server.force_exit = True
        self._gate.draining = True
        self._stopping.set()

    async def drained(self) -> bool:
        """Called ten times a second: whether it is to end now."""
        if not self._stopping.is_set():
            return False
        self._on_drain()
        deadline = asyncio.get_running_loop().time() + self._drain_seconds
        while self._gate.active and not self._server.force_exit:
            if asyncio.get_running_loop().time() > deadline:
                break
            await asyncio.sleep(0.05)
        return True

    @contextlib.contextmanager
    def _signals_noted(self) -> Iterator[None]:
        if threading.current_thread() is not threading.main_thread():  # which alone receives them
            yield
            return

        def note(number: int, frame: FrameType | None) -> None:
            self._signals.append(number)
            self.stop()

        # One that is ignored stays so: a shell's background jobs ignore SIGINT.
        found = {each: signal.getsignal(each) for each in (signal.SIGINT, signal.SIGTERM)}
        before = {each: handler for each, handler in found.items() if handler not in (signal.SIG_IGN, None)}
        for each in before:
            signal.signal(each, note)
        try:
            yield
        finally:
            for each, handler in before.items():
                signal.signal(each, handler)


class _Uvicorn(uvicorn.Server):
    """uvicorn's server, without its handling of signals."""

    def __init__(self, config: uvicorn.Config, owner: Server):
        super().__init__(config)
        self._owner = owner
        self.on_ready: Callable[[], None] = lambda: None

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self.on_ready()

    async def on_tick(self, counter: int) -> bool:
        return await super().on_tick(counter) or await self._owner.drained()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        # Whoever had to be finished is: what is left are connections without a request, or the time is over.
        self.config.timeout_graceful_shutdown = _FORCED_SECONDS
        await super().shutdown(sockets)
        for connection in list(self.server_state.connections):
            connection.transport.abort()


class _Gate:
    """Counts the requests at work, and refuses further ones while draining."""

    def __init__(self, app: App, shape: Shape):
        self._app, self._shape = app, shape
        self.draining = False
        self.active = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        if self.draining and scope["path"] != ALIVE:
            await send_error(_DRAINING, self._shape, send)
            return
        self.active += 1
        try:
            await self._app(scope, receive, send)
        finally:
            self.active -= 1
