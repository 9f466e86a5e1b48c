"""The parts of ASGI that are needed here: types, headers of requests and answers, an error as an answer."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

from csm_cli.web.errors import ApiError, Shape

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]

_HEADERS = (
    (
        b"content-security-policy",
        b"default-src 'self'; media-src 'self' blob:; img-src 'self' data:; frame-ancestors 'none'; "
        b"base-uri 'none'; form-action 'none'",
    ),
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
)
_NOT_STORED = ("/api/", "/v1/")


class Headers:
    """Headers of a request by their names in small letters; of several of a name, the first."""

    def __init__(self, scope: Scope):
        self._pairs: dict[bytes, bytes] = {}
        for name, value in scope["headers"]:
            self._pairs.setdefault(name, value)

    def get(self, name: str) -> str | None:
        """The value, or None."""
        found = self._pairs.get(name.encode())
        return None if found is None else found.decode("latin-1").strip()


async def send_error(error: ApiError, shape: Shape, send: Send) -> None:
    """Answer with an error."""
    body = json.dumps(error.as_body(shape)).encode()
    headers = {"Content-Type": "application/json", "Content-Length": str(len(body))} | error.headers
    pairs = [(name.lower().encode(), value.encode("latin-1")) for name, value in headers.items()]
    await send({"type": "http.response.start", "status": error.status, "headers": pairs})
    await send({"type": "http.response.body", "body": body})


def with_headers(send: Send, path: str, origin: str | None) -> Send:
    """Adds the headers that every answer has, as far as it does not set them itself."""
    own = list(_HEADERS)
    if path.startswith(_NOT_STORED):
        own.append((b"cache-control", b"no-store"))
    if origin is not None:
        own.append((b"access-control-allow-origin", origin.encode("latin-1")))
        own.append((b"access-control-expose-headers", b"*"))
        own.append((b"vary", b"Origin"))

    async def sent(message: Message) -> None:
        if message["type"] == "http.response.start":
            given = list(message.get("headers", ()))
            there = {name.lower() for name, _ in given}
            message = {**message, "headers": given + [pair for pair in own if pair[0] not in there]}
        await send(message)

    return sent
