"""What is fuzzed of programs that stay: a watched folder, the requests of `csm review` and of `csm serve`."""

from __future__ import annotations

import asyncio
import json
import re
import shutil
from collections.abc import Callable, Sequence
from functools import cache
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from urllib.parse import quote, unquote

import numpy as np

from fuzz import seeds
from fuzz.reader import NotTheSameError, Reader, check_same, put

HOST = "127.0.0.1:8000"
SCRIPT = b"""title: The Lamp
voices: {Anna: {speaker: 1}}
lines:
  - narrator: Is that the light?
  - Anna: It is.
"""
_METHOD = re.compile(rb"[A-Za-z!#$%&'*+.^_`|~-]{1,32}")
_HEADER = re.compile(rb"([A-Za-z0-9-]{1,64}): ?([^\x00-\x08\x0a-\x1f\x7f]{0,4096})")
_ODD = re.compile("[\x00-\x08\x0a-\x1f\x7f-\x9f]")


def _queue(folder: Path, data: bytes) -> None:
    """A script that nobody expects beside a good one, and csm's notes on it, which are as odd."""
    from csm_cli.rendering.queue import serve_queue

    place = folder / "queue"
    shutil.rmtree(place, ignore_errors=True)
    put(place, "good.yaml", SCRIPT)
    put(place, "odd.yaml", data)
    put(place, "working/old/.whole", data)
    put(place, ".csm/queue/odd.yaml.begun", data)

    def render(scripts: Sequence[Path], folders: Sequence[Path]) -> int:
        for script, results in zip(scripts, folders, strict=True):
            put(results, "01.wav", script.read_bytes())
        return 0

    notes: list[str] = []
    failed = serve_queue(place, render, notes.append, once=True, poll=0.0)
    odd = "failed" if failed else "done"
    check_same([place / "done/good/good.yaml"], list(place.glob("*/*/good.yaml")), "the good script")
    check_same([place / odd / "odd/odd.yaml"], list(place.glob("*/*/odd.yaml")), "the odd script")
    check_same(data, (place / odd / "odd/odd.yaml").read_bytes(), "its text")
    for text in [*notes, *(path.read_text("utf-8") for path in place.glob("failed/*/error.txt"))]:
        if _ODD.search(text.replace("\n", "")):
            raise NotTheSameError(f"escape codes are written: {text!r}")


@cache
def _runner() -> asyncio.Runner:
    return asyncio.Runner()


def _ask(app: Any, data: bytes) -> None:
    """Ask as a server would that was sent these bytes, and look at the answer.

    Raises:
        ApiError: the answer is an error that a client can do something about.
    """
    from csm_cli.web.errors import ApiError

    head, _, body = data.partition(b"\n\n")
    first, *rows = head.split(b"\n")
    method, _, target = first.partition(b" ")
    if not _METHOD.fullmatch(method):
        return  # none that a server would give on
    path, _, query = quote(target[:4096], safe="/?%&=:,;+@!$'()*~[]#").partition("?")
    pairs = [found.groups() for row in rows if (found := _HEADER.fullmatch(row))]
    names = {name.lower() for name, _ in pairs}
    given = [(name.lower(), value) for name, value in pairs]
    if b"host" not in names:
        given.append((b"host", HOST.encode()))
    scope = {
        "type": "http",
        "asgi": {"version": "3.0", "spec_version": "2.3"},
        "http_version": "1.1",
        "method": method.decode("ascii").upper(),
        "scheme": "http",
        "path": unquote(path),
        "raw_path": path.encode(),
        "query_string": query.encode(),
        "root_path": "",
        "headers": given,
        "client": ("127.0.0.1", 1),
        "server": ("127.0.0.1", 8000),
    }
    status, answer = _runner().run(_exchange(app, scope, body))
    if status < 400 or scope["method"] == "HEAD":
        return
    said = json.loads(answer)
    error = said.get("error", said)
    if not (isinstance(error["code"], str) and isinstance(error["message"], str)) or status in (0, 500):
        raise NotTheSameError(f"{status}: {answer!r:.500}")
    if _ODD.search(f"{error['message']}{error['remedy']}"):
        raise NotTheSameError(f"more than a line: {error}")
    raise ApiError(status, error["code"], error["message"])


async def _exchange(app: Any, scope: dict[str, Any], body: bytes) -> tuple[int, bytes]:
    """(status, body) of an answer; one that has no end is left at its beginning."""
    sent, left = [body], asyncio.Event()
    status, parts = 0, list[bytes]()

    async def receive() -> dict[str, Any]:
        if sent:
            return {"type": "http.request", "body": sent.pop(), "more_body": False}
        await left.wait()
        return {"type": "http.disconnect"}

    async def send(message: Any) -> None:
        nonlocal status
        if message["type"] == "http.response.start":
            status = message["status"]
        elif message["type"] == "http.response.body":
            parts.append(message.get("body", b""))
            if not message.get("more_body", False) or scope["path"].endswith("/events"):
                left.set()

    await app(scope, receive, send)
    return status, b"".join(parts)


def _project(folder: Path) -> Path:
    """A script whose lines have takes, imported; that of the second is pinned no more."""
    from csm_cli.editing.lines import ScriptTakes
    from csm_cli.editing.pinning import import_sound, unpin

    script = put(folder, "book.yaml", SCRIPT)
    takes = ScriptTakes(script)
    for line in takes.lines:
        import_sound(takes, line, np.full(24_000, 0.1, np.float32))
    unpin(takes, takes.lines[1])
    takes.close()
    return script


def _fresh(folder: Path) -> Path:
    """The script, as it was made, in a folder for one input."""
    if not (folder / "made").exists():
        _project(folder / "made")
    shutil.rmtree(folder / "now", ignore_errors=True)
    shutil.copytree(folder / "made", folder / "now")
    return folder / "now" / "book.yaml"


def _review(folder: Path, data: bytes) -> None:
    """Ask a review; afterwards its script can be read, and undone, and it answers."""
    from csm_cli.core.errors import MissingError
    from csm_cli.rendering.options import RenderOptions
    from csm_cli.review.app import create_app
    from csm_cli.review.session import Review
    from csm_cli.script.reader import read_screenplay

    def load(options: Any, note: Any) -> Any:
        raise MissingError("no model here")

    script = _fresh(folder)
    review = Review([script], RenderOptions(), load=load)
    try:
        review.books[0].poll()
        app = create_app(review, None, frozenset({HOST}))
        try:
            _ask(app, data)
        finally:
            read_screenplay(script)
            _ask(app, b"GET /api/scripts/0/lines\n\n")
            if review.undo.what is not None:
                _ask(app, b"POST /api/undo\n\n")
            check_same(SCRIPT, script.read_bytes(), "the script, when it was undone")
    finally:
        review.close()


def _review_requests(folder: Path) -> list[bytes]:
    from csm_cli.review.book import Book

    book = Book(0, _fresh(folder), None, lambda name, values: None, lambda text: None)
    book.poll()
    shown = book.lines()
    line, version = shown["lines"][1]["id"], shown["version"]
    take = book.details(line)["takes"][0]["id"]
    below = f"/api/scripts/0/lines/{line}"
    plain = ("/", "/static/main.js", "/api/state", "/api/events", "/api/scripts/0/lines", below)
    asked: list[tuple[str, str, dict[str, Any]]] = [
        ("PUT", f"{below}/mark", {"take": take, "mark": "bad", "fault": "noise"}),
        ("PUT", f"{below}/text", {"text": "It is, Anna.", "version": version}),
        ("PUT", f"{below}/settings", {"speed": 1.1, "pause_after": 0.5, "gain": -2, "version": version}),
        ("POST", f"{below}/choose", {"take": take}),
        ("POST", f"{below}/pin", {"take": take}),
        *(("POST", f"{below}/{what}", {}) for what in ("unpin", "cancel")),
        ("POST", f"{below}/speak", {"count": 2}),
        ("POST", "/api/undo", {}),
        ("POST", "/api/scripts/0/say-as", {"word": "light", "as": "lite", "dry_run": True}),
    ]
    found = [f"GET {path}\n\n" for path in plain]
    found += [f"GET /api/scripts/0/spoken?text=Dr.%20No&line={line}\n\n"]
    audio = f"/api/scripts/0/takes/{take}/audio"
    found += [f'GET {audio}\nRange: bytes=10-99\nIf-None-Match: "a"\nIf-Range: "a"\n\n']
    found += [f"{method} {path}\nOrigin: http://{HOST}\n\n{json.dumps(body)}" for method, path, body in asked]
    return [each.encode() for each in found]


class _Engine:
    """In place of weights: a line is as long as its text should take, and all of it sounds alike."""

    def __init__(self, codebooks: int):
        self._codebooks = codebooks
        self._given: dict[int, Any] = {}
        self._count = 0
        self.codec_id, self.model_id, self.files = "c0ffee", "demo", ()
        self.dtype, self.device, self.quantize = "float32", "cpu", None

    def _codes(self, frames: int) -> np.ndarray:
        return np.random.default_rng(5).integers(1, 64, (frames, self._codebooks)).astype(np.int16)

    def scheduler(self, count: int) -> _Engine:
        return self

    def submit(self, utterance: Any) -> int:
        self._count += 1
        self._given[self._count] = utterance
        return self._count

    def cancel(self, ticket: int) -> None:
        self._given.pop(ticket, None)

    def advance(self) -> list[tuple[int, Any]]:
        from csm_cli.core.types import Speech

        given, self._given = self._given, {}
        return [
            (ticket, Speech(self._codes(max(4, min(each.max_frames, len(each.text) * 9 // 10))), ended=True))
            for ticket, each in given.items()
        ]

    def decode(self, codes: Sequence[np.ndarray]) -> list[np.ndarray]:
        return [np.full(1920 * len(each), 0.1, np.float32) for each in codes]

    def decode_stream(self) -> Any:
        return SimpleNamespace(decode=lambda codes, frames=0: self.decode([codes])[0])

    def line_decoder(self) -> Any:
        from csm_cli.engine.decoding import LineDecoder

        return LineDecoder(self.decode, workers=0)

    def encode(self, audio: np.ndarray) -> np.ndarray:
        return self._codes(max(1, len(audio) // 1920))


@cache
def _service(folder: Path) -> Any:
    """The application of `csm serve` with the demo's tokenizer and configuration, and no weights."""
    from csm_cli.checkpoints.find import find_checkpoint
    from csm_cli.engine.lazy import LazyEngine
    from csm_cli.serve.app import Access, Service, create_app

    checkpoint = find_checkpoint("demo")
    bare: Any = _Engine(checkpoint.config["num_codebooks"])
    engine: Any = LazyEngine(checkpoint, "cpu", "fp32", None, lambda: bare)
    engine.decode_stream = bare.decode_stream
    service = Service(engine, 2, project=folder)
    service.start()
    return create_app(service, Access(frozenset({HOST})), metrics=True)


def _serve(folder: Path, data: bytes) -> None:
    _ask(_service(folder), data)


def _serve_requests(folder: Path) -> list[bytes]:
    (body,) = (data.decode() for data in seeds.speech(folder))
    pcm = {"input": "No.", "response_format": "pcm", "mode": "checked", "voice": {"id": "anna"}}
    paths = (
        "/v1/models",
        "/v1/models/demo",
        "/v1/audio/models",
        "/v1/audio/voices",
        "/health",
        "/ready",
        "/",
    )
    found = [f"GET {path}\n\n" for path in (*paths, "/metrics")]
    for each in (body, json.dumps(pcm | {"voice": "alloy"}), json.dumps(pcm)):
        head = f"Content-Type: application/json\nContent-Length: {len(each)}\nAuthorization: Bearer a"
        found.append(f"POST /v1/audio/speech\n{head}\n\n{each}")
    found.append(f"OPTIONS /v1/audio/speech\nOrigin: http://{HOST}\nAccess-Control-Request-Method: POST\n\n")
    return [each.encode() for each in found]


def _edits(folder: Path, data: bytes) -> None:
    """The list of exported clips, or one of the clips, as an editor may leave it."""
    from csm_cli.editing.exchange import MANIFEST, export_clips, import_edits
    from csm_cli.editing.lines import ScriptTakes

    takes = ScriptTakes(_fresh(folder))
    clips = takes.script.parent / "clips"
    written = export_clips(takes, takes.lines, clips)
    (clips / MANIFEST if data[:1] in (b"{", b"[") else written[0]).write_bytes(data)
    for edit in import_edits(takes, clips):
        if edit.clip.parent != clips:
            raise NotTheSameError(f"{edit.clip} lies elsewhere")
    takes.close()
    again = ScriptTakes(takes.script)
    check_same([], again.store.index.problems, "what is wrong with the takes")
    check_same([True, True], [line.take is not None for line in again.lines], "lines that have takes")
    again.close()


def _edited(folder: Path) -> list[bytes]:
    from csm_cli.editing.exchange import MANIFEST, export_clips
    from csm_cli.editing.lines import ScriptTakes

    takes = ScriptTakes(_fresh(folder))
    written = export_clips(takes, takes.lines, folder / "clips")
    takes.close()
    return [(folder / "clips" / MANIFEST).read_bytes(), written[0].read_bytes(), seeds.sound(0.5)]


def _notes(folder: Path) -> list[bytes]:
    return [SCRIPT, b"good.yaml", b"1\n", b"4\n", *seeds.corpus("yaml")(folder)]


_Read = Callable[[Path, bytes], None]

SERVICES: tuple[Reader, ...] = (
    Reader("queue", _notes, _queue, 0.3),
    Reader("review", _review_requests, _review, 0.3),
    Reader("serve", _serve_requests, _serve, 0.7),
    Reader("edits", _edited, _edits, 0.3),
)
