"""What is noted of each request, in a log and in sums for Prometheus: nothing that a client wrote."""

from __future__ import annotations

import secrets
import time
from bisect import bisect_left
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from csm_cli.web.asgi import App, Message, Receive, Scope, Send

PATHS = {
    "/v1/audio/speech": "speech",
    "/v1/models": "models",
    "/v1/audio/models": "models",
    "/v1/audio/voices": "voices",
    "/v1/voices": "voices",
    "/": "address",
}
SILENT = ("/health", "/ready", "/metrics")
GONE = 499
"""The client left before its answer was complete; as nginx has it."""


@dataclass
class Record:
    """A request.

    Args:
        id: that the answer carries too.
        what: the kind of request.
        status: of the answer; 0: none was begun.
        code: of the error, if there was one.
        characters: that were to be spoken.
        sound_seconds: that were sent.
        first_seconds: until the first of it was sent.
        seconds: until the end.
    """

    id: str
    what: str
    status: int = 0
    code: str = ""
    characters: int = 0
    sound_seconds: float = 0.0
    first_seconds: float | None = None
    seconds: float = 0.0
    began: float = field(default_factory=time.monotonic)

    def first(self) -> None:
        """The first of the sound is sent now."""
        self.first_seconds = time.monotonic() - self.began

    def __str__(self) -> str:
        parts = [self.id, str(self.status or GONE), self.what]
        if self.code:
            parts.append(self.code)
        text = " ".join(parts)
        if self.characters:
            text += f": {self.characters} characters, {self.sound_seconds:.1f} s of sound"
        if self.first_seconds is not None:
            text += f", the first after {self.first_seconds:.2f} s"
        return f"{text}, {self.seconds:.2f} s"


class Recorded:
    """An ASGI application in front of another, which finds its `Record` in `scope["csm"]`.

    Args:
        app: the other one.
        observers: called with each record once its answer is over.
    """

    def __init__(self, app: App, *observers: Callable[[Record], None]):
        self._app, self._observers = app, observers

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["path"] in SILENT:
            await self._app(scope, receive, send)
            return
        record = scope["csm"] = Record(secrets.token_hex(4), PATHS.get(scope["path"], "other"))

        async def noted(message: Message) -> None:
            if message["type"] == "http.response.start":
                record.status = record.status or message["status"]
                headers = [*message.get("headers", ()), (b"x-request-id", record.id.encode())]
                message = {**message, "headers": headers}
            await send(message)

        try:
            await self._app(scope, receive, noted)
        finally:
            record.seconds = time.monotonic() - record.began
            for observer in self._observers:
                observer(record)


FIRST_BUCKETS = (0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0, 30.0)
WHOLE_BUCKETS = (0.5, 1.0, 2.0, 5.0, 10.0, 30.0, 60.0, 300.0)


class Histogram:
    """Counts of seconds by upper bounds."""

    def __init__(self, bounds: tuple[float, ...]):
        self._bounds, self._counts, self._sum = bounds, [0] * (len(bounds) + 1), 0.0

    def add(self, seconds: float) -> None:
        self._counts[bisect_left(self._bounds, seconds)] += 1
        self._sum += seconds

    def lines(self, name: str) -> list[str]:
        total, lines = 0, []
        for bound, count in zip((*map(str, self._bounds), "+Inf"), self._counts, strict=True):
            total += count
            lines.append(f'{name}_bucket{{le="{bound}"}} {total}')
        return [*lines, f"{name}_sum {self._sum:.3f}", f"{name}_count {total}"]


class Metrics:
    """Sums over all requests, as Prometheus reads them.

    Args:
        gauges: what is read at each look, by name, with what it is.
    """

    def __init__(self, gauges: Mapping[str, tuple[str, Callable[[], float]]]):
        self._gauges = gauges
        self._requests: Counter[tuple[str, int]] = Counter()
        self._characters, self._sound = 0, 0.0
        self._first, self._whole = Histogram(FIRST_BUCKETS), Histogram(WHOLE_BUCKETS)

    def add(self, record: Record) -> None:
        """Count a request."""
        self._requests[record.what, record.status or GONE] += 1
        self._characters += record.characters
        self._sound += record.sound_seconds
        if record.what == "speech":
            self._whole.add(record.seconds)
            if record.first_seconds is not None:
                self._first.add(record.first_seconds)

    def text(self) -> str:
        """The page."""
        rows: list[str] = []

        def family(name: str, kind: str, what: str, lines: list[str]) -> None:
            rows.extend([f"# HELP {name} {what}", f"# TYPE {name} {kind}", *lines])

        requests = [
            f'csm_requests_total{{what="{what}",status="{status}"}} {count}'
            for (what, status), count in sorted(self._requests.items())
        ]
        family("csm_requests_total", "counter", "Requests by kind and status.", requests)
        family(
            "csm_characters_total",
            "counter",
            "Characters spoken.",
            [f"csm_characters_total {self._characters}"],
        )
        sound = [f"csm_sound_seconds_total {self._sound:.3f}"]
        family("csm_sound_seconds_total", "counter", "Seconds of sound sent.", sound)
        first, whole = "csm_first_sound_seconds", "csm_speech_seconds"
        family(first, "histogram", "Until the first sound is sent.", self._first.lines(first))
        family(whole, "histogram", "Until a request for speech is over.", self._whole.lines(whole))
        for name, (what, value) in self._gauges.items():
            family(name, "gauge" if not name.endswith("_total") else "counter", what, [f"{name} {value():g}"])
        return "\n".join(rows) + "\n"
