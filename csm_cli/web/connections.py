"""A connection to a client: how long its requests may take to come, and what it is sent to be read."""

from __future__ import annotations

import asyncio
import socket
from dataclasses import dataclass
from typing import Any

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol

RETRY_SECONDS = 5
_SEND_BYTES = 128 << 10
_CROWDED = (
    b"HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\nConnection: close\r\nRetry-After: %d\r\n\r\n"
    % RETRY_SECONDS
)


@dataclass(frozen=True)
class Limits:
    """What a connection may take.

    Args:
        head_seconds: in which the whole head of a request has to arrive.
        head_bytes: of it.
        keep_alive_seconds: that a connection is kept without a request.
        unread_seconds: in which a client that is sent something has to read some of it.
        connections: at once.
    """

    head_seconds: float = 10.0
    head_bytes: int = 32 << 10
    keep_alive_seconds: int = 15
    unread_seconds: float = 30.0
    connections: int = 256


def protocol(limits: Limits) -> type[H11Protocol]:
    """uvicorn's protocol with limits on connections, heads that do not come and answers that nobody reads."""

    class Limited(H11Protocol):
        def connection_made(self, transport: Any) -> None:
            super().connection_made(transport)
            # Of megabytes that wait in the system nobody sees whether they are read.
            transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, _SEND_BYTES)
            self._head: asyncio.TimerHandle | None = None
            self._rest: tuple[Any, asyncio.TimerHandle] | None = None
            self._unread = 0
            self._look = self.loop.call_later(limits.unread_seconds, self._check_reading)
            if len(self.connections) > limits.connections:
                transport.write(_CROWDED)
                transport.close()
                return
            self._await_head()

        def on_response_complete(self) -> None:
            cycle = self.cycle
            super().on_response_complete()
            if self.cycle is cycle and self.conn.their_state is h11.SEND_BODY:  # its body is not all there
                self._rest = cycle, self.loop.call_later(limits.head_seconds, self.transport.abort)

        def data_received(self, data: bytes) -> None:
            super().data_received(data)
            if self._rest and (self.conn.their_state is not h11.SEND_BODY or self.cycle is not self._rest[0]):
                self._rest[1].cancel()
                self._rest = None
            # IDLE: not even the head of the next request is complete.
            if self.conn.their_state is h11.IDLE:
                self._await_head()
            elif self._head is not None:
                self._head.cancel()
                self._head = None

        def connection_lost(self, exc: Exception | None) -> None:
            for timer in (self._head, self._look, self._rest and self._rest[1]):
                if timer is not None:
                    timer.cancel()
            super().connection_lost(exc)

        def _await_head(self) -> None:
            if self._head is None:
                self._head = self.loop.call_later(limits.head_seconds, self.transport.abort)

        def _check_reading(self) -> None:
            unread = self.transport.get_write_buffer_size()
            if unread and unread == self._unread:
                self.transport.abort()
                return
            self._unread = unread
            self._look = self.loop.call_later(limits.unread_seconds, self._check_reading)

    return Limited
