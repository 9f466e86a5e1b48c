"""Who may ask what: hosts, origins, a token, bodies of a bounded size, and the headers of every answer."""

from __future__ import annotations

import asyncio
import hmac
import ipaddress
import os
import secrets
import stat
from collections.abc import Collection, Iterable, Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import Any

from csm_cli.core.errors import MissingError, UsageError
from csm_cli.core.reading import open_file
from csm_cli.web.asgi import App, Headers, Message, Receive, Scope, Send, send_error, with_headers
from csm_cli.web.errors import ApiError, Shape

Hosts = frozenset[str]
"""Values of the header Host that are answered, in small letters."""

TOKEN_VARIABLE = "CSM_TOKEN"
CHANGING = frozenset({"POST", "PUT", "PATCH", "DELETE"})
REMEDIES = MappingProxyType(
    {
        "host": "start it with --allow-host NAME",
        "origin": "start it with --allow-origin ORIGIN",
        "token": "send it as Authorization: Bearer TOKEN",
    }
)
"""What to do about an error, by its code."""
BODY_BYTES = 1 << 20
BODY_SECONDS = 30.0

_CORS_METHODS = b"GET, POST, PUT, PATCH, DELETE, OPTIONS"
_CORS_HEADERS = b"Authorization, Content-Type, Last-Event-ID"
_CORS_SECONDS = b"600"


class Guard:
    """An ASGI application in front of another: what it lets through may be answered.

    Args:
        app: the other one.
        token: that a client has to send as `Authorization: Bearer …`; None: no token is asked for.
        hosts: see `allowed_hosts`. The address of this machine that the connection came in at counts as well:
            what a page elsewhere has resolved to it is a name, never an address.
        origins: `scheme://host[:port]` of pages elsewhere that may ask; the server's own pages always may.
        open_paths: paths that need no token; one that ends with a slash stands for all below it.
        shape: of the errors.
        body_bytes: of a request at most.
        body_seconds: in which the whole body has to arrive.
        remedies: what to do, by the code of an error ("host", "origin", "token"), where REMEDIES do not fit.
    """

    def __init__(
        self,
        app: App,
        token: str | None,
        hosts: Hosts,
        origins: Sequence[str] = (),
        open_paths: Collection[str] = (),
        shape: Shape = "flat",
        *,
        body_bytes: int = BODY_BYTES,
        body_seconds: float = BODY_SECONDS,
        remedies: Mapping[str, str] = MappingProxyType({}),
    ):
        self._app, self._hosts, self._shape = app, hosts, shape
        self._token = None if token is None else token.encode()
        self._origins = frozenset(each.rstrip("/").lower() for each in origins)
        self._open = frozenset(open_paths)
        self._open_below = tuple(each for each in open_paths if each.endswith("/") and each != "/")
        self._body_bytes, self._body_seconds = body_bytes, body_seconds
        self._remedies = {**REMEDIES, **remedies}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request, or have it answered."""
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
            return
        if scope["type"] != "http":  # no WebSocket here
            await send({"type": "websocket.close", "code": 1008})
            return
        headers = Headers(scope)
        origin = headers.get("origin")
        listed = origin is not None and origin.lower() in self._origins
        answer = with_headers(send, scope["path"], origin if listed else None)
        try:
            self._check_host(scope, headers)
            if scope["method"] == "OPTIONS" and origin is not None:
                await self._preflight(listed, answer)
                return
            self._check_origin(scope, headers, listed)
            self._check_token(scope, headers)
            self._check_length(headers)
        except ApiError as error:
            await send_error(error, self._shape, answer)
            return
        await self._app(scope, self._bounded(receive), answer)

    def _check_host(self, scope: Scope, headers: Headers) -> None:
        host = (headers.get("host") or "").lower()
        if host not in self._hosts and not _is_own_address(host, scope.get("server")):
            raise ApiError(
                403,
                "host",
                "this name of the server is not on its list",
                self._remedies["host"],
                "Host",
            )

    def _check_origin(self, scope: Scope, headers: Headers, listed: bool) -> None:
        origin = (headers.get("origin") or "").lower()
        if scope["method"] not in CHANGING or not origin or listed:
            return
        own = (headers.get("host") or "").lower()
        if origin not in (f"http://{own}", f"https://{own}"):
            raise ApiError(
                403, "origin", "pages from there may change nothing here", self._remedies["origin"], "Origin"
            )

    def _check_token(self, scope: Scope, headers: Headers) -> None:
        path = scope["path"]
        if self._token is None or path in self._open or path.startswith(self._open_below or ("\0",)):
            return
        scheme, _, given = (headers.get("authorization") or "").partition(" ")
        if scheme.lower() != "bearer" or not hmac.compare_digest(
            given.strip().encode("latin-1"), self._token
        ):
            raise ApiError(
                401, "token", "the token is missing or wrong", self._remedies["token"],
                "Authorization", {"WWW-Authenticate": 'Bearer realm="csm"'},
            )  # fmt: skip

    def _check_length(self, headers: Headers) -> None:
        length = headers.get("content-length") or "0"
        # Python refuses to read a number of thousands of digits.
        if len(length) > 18 or (length.isdecimal() and int(length) > self._body_bytes):
            raise self._too_large()

    async def _preflight(self, listed: bool, send: Send) -> None:
        if not listed:
            raise ApiError(
                403,
                "origin",
                "pages from there may not ask here",
                self._remedies["origin"],
                "Origin",
            )
        allowed = [
            (b"access-control-allow-methods", _CORS_METHODS),
            (b"access-control-allow-headers", _CORS_HEADERS),
            (b"access-control-max-age", _CORS_SECONDS),
        ]
        await send({"type": "http.response.start", "status": 204, "headers": allowed})
        await send({"type": "http.response.body", "body": b""})

    def _bounded(self, receive: Receive) -> Receive:
        """Gives the body on, up to its limits of size and time.

        Raises (from what is returned):
            ApiError: one of them is exceeded.
        """
        left, more, deadline = self._body_bytes, True, 0.0

        async def received() -> Message:
            nonlocal left, more, deadline
            if not more:
                return await receive()
            now = asyncio.get_running_loop().time()
            deadline = deadline or now + self._body_seconds
            try:
                async with asyncio.timeout(deadline - now):
                    message = await receive()
            except TimeoutError:
                raise ApiError(
                    408, "slow", "the request did not arrive in time", "send it again", headers=_CLOSE
                ) from None
            left -= len(message.get("body", b""))
            if left < 0:
                raise self._too_large()
            more = message["type"] == "http.request" and message.get("more_body", False)
            return message

        return received

    def _too_large(self) -> ApiError:
        return ApiError(
            413,
            "too_large",
            f"the request is longer than {self._body_bytes} bytes",
            "send less",
            headers=_CLOSE,
        )


_CLOSE = {"Connection": "close"}


def _is_own_address(host: str, server: Any) -> bool:
    """Whether a Host is the address and port, in figures, of this end of the connection."""
    if not server:
        return False
    name, port = server[0], server[1]
    try:
        address = ipaddress.ip_address(name)
    except ValueError:
        return False
    return host == (f"[{address}]:{port}" if address.version == 6 else f"{address}:{port}")


def is_loopback(host: str) -> bool:
    """Whether a server bound there can be reached from this machine alone."""
    if host.lower() == "localhost":
        return True
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


def allowed_hosts(host: str, port: int, more: Iterable[str] = ()) -> Hosts:
    """Values of the header Host that a server answers to.

    Args:
        host, port: that it is bound to.
        more: further names, of `--allow-host`; one without a port is allowed with this one and without any.
    """
    names = {f"127.0.0.1:{port}", f"localhost:{port}", f"[::1]:{port}"}
    given = host.strip("[]").lower()
    names.add(f"[{given}]:{port}" if ":" in given else f"{given}:{port}")
    for name in (each.strip().lower() for each in more):
        names |= {name} if _has_port(name) else {name, f"{name}:{port}"}
    if port == 80:
        names |= {name.removesuffix(":80") for name in names}
    return frozenset(names)


def _has_port(name: str) -> bool:
    return name.rpartition("]")[2].rpartition(":")[2].isdecimal() and ":" in name.rpartition("]")[2]


def check_bind(host: str, token: str | None) -> None:
    """Make sure that nobody from another machine is answered without a token.

    Raises:
        UsageError: it is bound beyond loopback without one.
    """
    if token is None and not is_loopback(host):
        raise UsageError(
            f"{host} can be reached from other machines",
            where="--host",
            remedy=f"give --token-file or {TOKEN_VARIABLE}",
        )


def new_token() -> str:
    """A token that nobody can guess: 256 bits as 43 letters."""
    return secrets.token_urlsafe(32)


def read_token(file: Path | None) -> str | None:
    """The token in a file, else in CSM_TOKEN, else None.

    Raises:
        MissingError: the file is not there.
        UsageError: it can be read by everybody, holds nothing, or what is no token.
    """
    if file is None:
        value, where = os.environ.get(TOKEN_VARIABLE), TOKEN_VARIABLE
        if value is None:
            return None
    else:
        where = str(file)
        try:
            with open_file(file) as opened:
                if os.name == "posix" and os.fstat(opened.fileno()).st_mode & stat.S_IROTH:
                    raise UsageError("everybody can read it", where=where, remedy=f"chmod 600 {file}")
                value = opened.read(4096).decode("utf-8", "replace")
        except FileNotFoundError:
            raise MissingError(
                "there is no such file", where=where, remedy="make it, or leave it out"
            ) from None
        except OSError as error:
            raise UsageError(
                f"cannot be read ({error.strerror})", where=where, remedy="name a file"
            ) from error
    value = value.strip()
    if not value:
        raise UsageError("holds no token", where=where, remedy="put one line of letters and figures in it")
    if not (value.isascii() and value.isprintable()) or " " in value:
        raise UsageError(
            "a token is letters, figures and signs of ASCII without spaces",
            where=where,
            remedy="write another",
        )
    return value
