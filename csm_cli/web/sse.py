"""Server-sent events: what one event looks like, and one stream of them to any number of clients."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import AsyncIterator
from typing import TYPE_CHECKING, Any

from csm_cli.core.visible import json_visible

if TYPE_CHECKING:
    from starlette.responses import Response

HEARTBEAT_SECONDS = 15.0
WAITING = 256
_HEARTBEAT = b": still here\n\n"


def event(name: str | None, data: Any, id: str | int | None = None) -> bytes:
    """An event; `data` that is no text is written as JSON.

    Args:
        name: of its kind; None: a plain message, as OpenAI's streams have them.
    """
    if isinstance(data, str):
        text = data
    else:
        text = json_visible(json.dumps(data, ensure_ascii=False, separators=(",", ":")))
    rows = [] if id is None else [f"id: {id}"]
    rows += [] if name is None else [f"event: {name}"]
    # A stream is parted at each of these, a text at no other.
    rows += [f"data: {row}" for row in text.replace("\r\n", "\n").replace("\r", "\n").split("\n")]
    return ("\n".join(rows) + "\n\n").encode()


def sse_response(stream: AsyncIterator[bytes], headers: dict[str, str] | None = None) -> Response:
    """A stream of events as an answer."""
    from starlette.responses import StreamingResponse

    own = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
    return StreamingResponse(stream, media_type="text/event-stream", headers=own | (headers or {}))


class Broadcaster:
    """Events to all clients that are there. One that does not read is dropped and may come again.

    Args:
        waiting: events that wait for a client at most.
        heartbeat: seconds of silence after which a comment is sent, so that a lost client is noticed.
    """

    def __init__(self, waiting: int = WAITING, heartbeat: float = HEARTBEAT_SECONDS):
        self._waiting, self._heartbeat = waiting, heartbeat
        self._lock = threading.Lock()
        self._clients: dict[_Client, None] = {}
        self._number = 0
        self._closed = False

    @property
    def clients(self) -> int:
        """How many there are."""
        return len(self._clients)

    def publish(self, name: str, data: Any) -> None:
        """Send an event to every client, with the next number as its id; from any thread."""
        with self._lock:
            self._number += 1
            message = event(name, data, self._number)
            clients = list(self._clients)
        for client in clients:
            client.put(message)

    async def stream(self) -> AsyncIterator[bytes]:
        """The events from now on: after the first item, which is a comment, none is missed."""
        client = _Client(asyncio.get_running_loop(), self._waiting)
        with self._lock:
            if self._closed:
                return
            self._clients[client] = None
        try:
            yield b": events from here on\n\n"
            while True:
                try:
                    async with asyncio.timeout(self._heartbeat):
                        message = await client.queue.get()
                except TimeoutError:
                    message = _HEARTBEAT
                if message is None:
                    return
                yield message
        finally:
            with self._lock:
                self._clients.pop(client, None)

    def close(self) -> None:
        """End every stream; from any thread. Later ones end at once."""
        with self._lock:
            self._closed = True
            clients = list(self._clients)
        for client in clients:
            client.put(None)


class _Client:
    """A queue in the event loop of a client."""

    def __init__(self, loop: asyncio.AbstractEventLoop, waiting: int):
        self._loop, self._most = loop, waiting
        self.queue: asyncio.Queue[bytes | None] = asyncio.Queue()

    def put(self, message: bytes | None) -> None:
        """From any thread."""
        try:
            self._loop.call_soon_threadsafe(self._put, message)
        except RuntimeError:  # its loop has ended, and the client with it
            return

    def _put(self, message: bytes | None) -> None:
        if self.queue.qsize() >= self._most:
            while not self.queue.empty():
                self.queue.get_nowait()
            message = None
        self.queue.put_nowait(message)
