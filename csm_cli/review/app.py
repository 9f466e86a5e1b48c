"""The interface of `csm review` over HTTP: what docs/review.md lists. All work is done in threads."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from importlib import resources
from pathlib import Path
from typing import Any

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import FileResponse, Response
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles

from csm_cli.core.errors import ScriptError
from csm_cli.core.stored import parsed
from csm_cli.review.audio import take_audio
from csm_cli.review.errors import LintError
from csm_cli.review.manuscript import SETTINGS
from csm_cli.review.sayas import spoken
from csm_cli.review.session import Review
from csm_cli.review.speaking import TAKES
from csm_cli.web.asgi import App, Receive, Scope, Send
from csm_cli.web.errors import ApiError, error_handlers, json_response
from csm_cli.web.security import CHANGING, Guard, Hosts
from csm_cli.web.sse import sse_response

OPEN_PATHS = ("/", "/static/")
"""They hold no data and need no token."""
REMEDIES = dict.fromkeys(("host", "origin", "token"), "open the address that csm review printed")
LONGEST_TEXT = 100_000
Values = Mapping[str, Any]


def create_app(review: Review, token: str | None, hosts: Hosts) -> App:
    """The application for a review, guarded by a token; `hosts` as for `Guard`."""
    app = Starlette(routes=_Routes(review).routes(), exception_handlers=error_handlers("flat"))
    return Guard(_Revalidated(app), token, hosts, open_paths=OPEN_PATHS, remedies=REMEDIES)


class _Revalidated:
    """Has browsers ask for static files again each time, and take their own where they are the same."""

    def __init__(self, app: App):
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def sent(message: Any) -> None:
            if message["type"] == "http.response.start" and not scope["path"].startswith("/api/"):
                headers = [pair for pair in message["headers"] if pair[0].lower() != b"cache-control"]
                message = {**message, "headers": [*headers, (b"cache-control", b"no-cache")]}
            await send(message)

        await self._app(scope, receive, sent)


class _Routes:
    """The addresses, and what answers there."""

    def __init__(self, review: Review):
        self._review = review
        static = resources.files("csm_cli.review").joinpath("static")
        shared = resources.files("csm_cli.rendering.report").joinpath("shared")
        self._static, self._shared = Path(str(static)), Path(str(shared))

    def routes(self) -> list[Route | Mount]:
        """All of them."""
        script, line = "/api/scripts/{script:int}", "/api/scripts/{script:int}/lines/{line}"
        return [
            Route("/", self._index),
            Mount("/static/shared", StaticFiles(directory=self._shared, check_dir=False)),
            Mount("/static", StaticFiles(directory=self._static, check_dir=False)),
            Route("/api/state", self._get(lambda request: self._review.state())),
            Route("/api/events", self._events),
            Route(
                "/api/undo", self._change(lambda request, values: self._review.undo.undo()), methods=["POST"]
            ),
            Route(f"{script}/lines", self._get(lambda request: self._book(request).lines())),
            Route(f"{script}/spoken", self._get(self._spoken)),
            Route(f"{script}/takes/{{take}}/audio", self._audio),
            Route(f"{script}/say-as", self._change(self._say_as), methods=["POST"]),
            Route(f"{script}/write", self._change(self._write, 202), methods=["POST"]),
            Route(line, self._get(lambda request: self._book(request).details(_line(request)))),
            Route(f"{line}/mark", self._change(self._mark), methods=["PUT"]),
            Route(f"{line}/speak", self._change(self._speak, 202), methods=["POST"]),
            Route(f"{line}/cancel", self._change(self._cancel), methods=["POST"]),
            Route(f"{line}/choose", self._change(self._choose), methods=["POST"]),
            Route(f"{line}/pin", self._change(self._pin), methods=["POST"]),
            Route(f"{line}/unpin", self._change(self._unpin), methods=["POST"]),
            Route(f"{line}/text", self._change(self._text), methods=["PUT"]),
            Route(f"{line}/settings", self._change(self._settings), methods=["PUT"]),
        ]

    def _get(self, answer: Callable[[Request], Any]) -> Callable[[Request], Awaitable[Response]]:
        async def handle(request: Request) -> Response:
            return await run_in_threadpool(lambda: _json(answer(request)))

        return handle

    def _change(
        self, answer: Callable[[Request, Values], Any], status: int = 200
    ) -> Callable[[Request], Awaitable[Response]]:
        async def handle(request: Request) -> Response:
            if self._review.read_only and request.method in CHANGING:
                raise ApiError(
                    403, "read_only", "this review is read-only", "start csm review without --read-only"
                )
            values = _values(await request.body())

            def work() -> Response:
                try:
                    return _json(answer(request, values), status)
                except ScriptError as error:
                    raise LintError(error) from error

            return await run_in_threadpool(work)

        return handle

    async def _index(self, request: Request) -> Response:
        return FileResponse(self._static / "index.html", headers={"Cache-Control": "no-cache"})

    async def _events(self, request: Request) -> Response:
        return sse_response(self._review.events.stream())

    async def _audio(self, request: Request) -> Response:
        book, take = self._book(request), request.path_params["take"]
        return await run_in_threadpool(take_audio, book, take, request.headers)

    def _book(self, request: Request) -> Any:
        return self._review.book(request.path_params["script"])

    def _spoken(self, request: Request) -> Values:
        text = request.query_params.get("text", "")
        if len(text) > LONGEST_TEXT:
            raise ApiError(413, "too_long", f"at most {LONGEST_TEXT} characters", place="text")
        return {"spoken": spoken(self._book(request), text, request.query_params.get("line"))}

    def _say_as(self, request: Request, values: Values) -> Values:
        dry_run = values.get("dry_run", True)
        if not isinstance(dry_run, bool):
            raise _wrong("dry_run", "true or false")
        word, say = _text(values, "word"), _text(values, "as")
        return self._review.say_as.add(self._book(request), word, say, dry_run)

    def _write(self, request: Request, values: Values) -> Values:
        self._review.writer.start(self._book(request))
        return self._review.writer.state.as_dict()

    def _mark(self, request: Request, values: Values) -> Values:
        mark, fault = values.get("mark"), values.get("fault")
        for name, value in (("mark", mark), ("fault", fault)):
            if value is not None and not isinstance(value, str):
                raise _wrong(name, "a text or null")
        take = _text(values, "take")
        return self._review.changes.mark(self._book(request), _line(request), take, mark, fault)

    def _speak(self, request: Request, values: Values) -> Values:
        count = values.get("count", TAKES)
        if not isinstance(count, int) or isinstance(count, bool):
            raise _wrong("count", "a whole number")
        return {"queued": self._review.speaker.add(self._book(request), _line(request), count)}

    def _cancel(self, request: Request, values: Values) -> Values:
        return self._review.speaker.cancel(self._book(request), _line(request))

    def _choose(self, request: Request, values: Values) -> Values:
        return self._review.choices.choose(self._book(request), _line(request), _text(values, "take"))

    def _pin(self, request: Request, values: Values) -> Values:
        return self._review.choices.pin(self._book(request), _line(request), _text(values, "take"))

    def _unpin(self, request: Request, values: Values) -> Values:
        return self._review.choices.unpin(self._book(request), _line(request))

    def _text(self, request: Request, values: Values) -> Values:
        text, version = _text(values, "text"), _text(values, "version")
        return self._review.changes.text(self._book(request), _line(request), text, version)

    def _settings(self, request: Request, values: Values) -> Values:
        wanted = {name: values[name] for name in SETTINGS if name in values}
        if not wanted:
            raise ApiError(
                400, "bad_request", f"a setting is needed: {', '.join(SETTINGS)}", place="settings"
            )
        for name, value in wanted.items():
            if value is not None and not _is_number(value):
                raise _wrong(name, "a number or null")
        version = _text(values, "version")
        return self._review.changes.settings(self._book(request), _line(request), wanted, version)


def _line(request: Request) -> str:
    return str(request.path_params["line"])


def _json(value: Any, status: int = 200) -> Response:
    return json_response(value, status)


def _values(body: bytes) -> Values:
    """The JSON object of a request; an empty body is an empty one."""
    try:
        value = parsed(body) if body.strip() else {}
    except ValueError as error:
        raise ApiError(400, "bad_request", "the body is not JSON", "send a JSON object in UTF-8") from error
    if not isinstance(value, dict):
        raise ApiError(400, "bad_request", "the body is not a JSON object", "send a JSON object")
    return value


def _text(values: Values, name: str) -> str:
    value = values.get(name)
    if not isinstance(value, str):
        raise _wrong(name, "a text")
    if len(value) > LONGEST_TEXT or any("\ud800" <= char <= "\udfff" for char in value):
        raise _wrong(name, f"a text of at most {LONGEST_TEXT} characters, in Unicode")
    return value


def _is_number(value: Any) -> bool:
    # A whole number of hundreds of figures is no float.
    return isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < 1e9


def _wrong(name: str, what: str) -> ApiError:
    return ApiError(400, "bad_request", f"{name} is {what}", "see the docs of csm review", name)


__all__: Sequence[str] = ("create_app",)
