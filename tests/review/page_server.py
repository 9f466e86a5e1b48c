"""A small server with the interface of `csm review`, for tests of its page: made-up data, tones for takes."""

from __future__ import annotations

import asyncio
import hashlib
import io
import json
import threading
from collections.abc import AsyncIterator
from importlib.resources import files
from typing import Any

import numpy as np
import soundfile
import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import FileResponse, JSONResponse, Response, StreamingResponse
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles

from csm_cli.takes.take import peaks_of

RATE = 24_000
TOKEN = "a-token-for-tests"
SHARED = files("csm_cli.rendering.report").joinpath("shared")
STATIC = files("csm_cli.review").joinpath("static")
POLICY = "default-src 'self'; media-src 'self' blob:; img-src 'self' data:"
TEXT = """\
The boat turned into the wind and nobody spoke. Is that the light? They climbed the stairs slowly, one hand
on the cold wall, and the lamp went round above them as it had for a hundred years. Who looks after it now?
Hold on! The sky turned grey, then pink, then gold."""
WORDS = TEXT.split()


def speech(seconds: float, pitch: float) -> np.ndarray:
    """int16 [samples]: syllables of a tone, so that a waveform has a shape."""
    time = np.arange(round(seconds * RATE)) / RATE
    syllables = np.abs(np.sin(2 * np.pi * 2.2 * time)) * (
        0.55 + 0.45 * np.sin(2 * np.pi * 0.7 * time + pitch)
    )
    return (9000 * syllables * np.sin(2 * np.pi * pitch * time)).astype(np.int16)


class Book:
    """Lines and takes as the server would have them; tests change it and push events.

    Args:
        lines: how many.
        seconds: of a take; None: by its text.
    """

    def __init__(self, lines: int = 24, seconds: float | None = 0.4, read_only: bool = False):
        self.read_only, self.seconds, self.made = read_only, seconds, 0
        self.sounds: dict[str, np.ndarray] = {}
        self.takes: dict[str, list[dict[str, Any]]] = {}
        self.lines: list[dict[str, Any]] = []
        self.version, self.undone, self.writing = (
            "v1",
            [],
            {"state": "idle", "done": 0, "of": 0, "message": "", "files": [], "run": 0},
        )
        self.requests: list[tuple[str, str, Any]] = []
        self.queues: list[asyncio.Queue[tuple[str, Any] | None]] = []
        self.loading, self.fails_to_write = 0, ""
        self.loop: asyncio.AbstractEventLoop | None = None
        for place in range(lines):
            self.lines.append(self._line(place))

    def _line(self, place: int) -> dict[str, Any]:
        start, length = 7 * place % 40, 2 + 5 * place % 31
        text = f"{' '.join((WORDS * 3)[start : start + length]).capitalize().rstrip('.,?!')}, {place}."
        speaker, voice = (("NARRATOR", "ann"), ("ANNA", "bob"), ("TOM", "carl"))[place * place % 7 % 3]
        line = {
            "id": self.id_of(text), "chapter": 1 + place * 3 // max(3, len(WORDS) if place > 72 else 24),
            "source": f"lighthouse.md:{9 + 2 * place}", "speaker": speaker, "voice": voice, "text": text,
            "state": "ok", "reasons": [], "mark": None, "fault": None, "take": None, "seconds": 0.0,
            "peaks": "", "gap": 0.1, "job": None, "job_message": "",
        }  # fmt: skip
        self.takes[line["id"]] = []
        if place % 9 == 3:
            line["state"] = "new"
        else:
            self.add_take(line, 0, use=True)
        if place % 9 == 4:
            reasons = ["did not end", "heard as 'the note turned into the wind'"]
            line |= {"state": "review", "reasons": reasons}
            self.takes[line["id"]][0] |= {"reasons": reasons}
        if place % 9 == 6:
            line["state"] = "stale"
        return line

    @staticmethod
    def id_of(text: str) -> str:
        return "k" + hashlib.sha256(text.encode()).hexdigest()[:12]

    def add_take(self, line: dict[str, Any], seed: int, use: bool = False) -> dict[str, Any]:
        """A further take of a line; takes of large books share one sound."""
        seconds = self.seconds or max(0.7, len(line["text"]) / 15)
        self.made += 1
        take_id = f"take{self.made:06}"
        pitch = 140 + 40 * (self.made % 7)
        key = f"{seconds}/{pitch}"
        if key not in self.sounds:
            self.sounds[key] = speech(seconds, pitch)
        self.sounds[take_id] = self.sounds[key]
        rows = self.takes[line["id"]]
        take = {
            "number": len(rows) + 1, "id": take_id, "origin": "rerolled" if rows else "spoken",
            "made": "2026-05-04T12:31:07Z", "seed": seed, "seconds": seconds, "tries": 1,
            "checked": ["signal", "asr:Whisper base.en"], "reasons": [],
            "scores": [{"heard": line["text"], "word_errors": 0, "words": 9}], "peaks": self.peaks(key),
            "pinned": False, "mark": None, "fault": None,
        }  # fmt: skip
        rows.append(take)
        if use:
            line |= {"take": take_id, "seconds": seconds, "peaks": take["peaks"], "state": "ok"}
        return take

    def peaks(self, key: str) -> str:
        cached = self.__dict__.setdefault("_peaks", {})
        return cached.setdefault(key, peaks_of(self.sounds[key]))

    def line(self, line_id: str) -> dict[str, Any] | None:
        return next((line for line in self.lines if line["id"] == line_id), None)

    def full(self, line: dict[str, Any]) -> dict[str, Any]:
        rows = [take | {"in_use": take["id"] == line["take"]} for take in self.takes[line["id"]]]
        settings = line.get("settings", {"speed": None, "gain": None, "pause": None})
        return line | {"spoken": line["text"].lower(), "settings": settings, "edit": None, "takes": rows}

    def state(self) -> dict[str, Any]:
        chapters = []
        for number in sorted({line["chapter"] for line in self.lines}):
            own = [line for line in self.lines if line["chapter"] == number]
            marks = [line["mark"] or "unheard" for line in own if line["take"]]
            counts = {name: marks.count(name) for name in ("unheard", "heard", "good", "bad")}
            counts |= {
                name: sum(line["state"] == name for line in own) for name in ("stale", "review", "new")
            }
            title = ("Arrival", "The Lamp", "Morning", "A Letter from the Mainland")[number % 4 - 1]
            seconds = sum(line["seconds"] + line["gap"] for line in own)
            chapters.append(
                {"number": number, "title": title, "lines": len(own), "seconds": seconds} | counts
            )
        script = {
            "id": 0,
            "path": "lighthouse.md",
            "title": "The Lighthouse",
            "language": "en",
            "problem": None,
            "editable": True,
        }
        if self.loading:
            script["loading"], chapters = True, []
        return {
            "csm": "0", "read_only": self.read_only,
            "model": {"name": "demo", "state": "none", "message": ""},
            "scripts": [script | {"version": self.version, "chapters": chapters}], "write": self.writing,
            "undo": self.undone[-1] if self.undone else None,
        }  # fmt: skip

    # What tests do

    def push(self, name: str, data: Any) -> None:
        """Send an event to every page, from any thread."""
        assert self.loop is not None
        self.loop.call_soon_threadsafe(lambda: [queue.put_nowait((name, data)) for queue in self.queues])

    def cut(self) -> None:
        """End every stream of events."""
        assert self.loop is not None
        self.loop.call_soon_threadsafe(lambda: [queue.put_nowait(None) for queue in self.queues])

    def changed(self, line: dict[str, Any]) -> None:
        self.push("lines", {"script": 0, "lines": [dict(line)]})

    def spoken(self, line_id: str, count: int = 3) -> None:
        """A reroll is done: new takes, the last is used."""
        line = self.line(line_id)
        assert line is not None
        for seed in range(count):
            self.add_take(line, 100 + seed, use=seed == count - 1)
        line |= {"job": None, "mark": None, "fault": None}
        self.changed(line)

    def retext(self, line: dict[str, Any], text: str) -> str:
        """A line gets another text, and by it another id."""
        now = self.id_of(text)
        self.takes[now] = self.takes.pop(line["id"])
        line |= {
            "text": text,
            "id": now,
            "state": "new",
            "take": None,
            "peaks": "",
            "seconds": 0.0,
            "mark": None,
            "fault": None,
        }
        self.version = "v" + str(int(self.version[1:]) + 1)
        return now


def failed(status: int, code: str, message: str, remedy: str = "look again", **more: Any) -> JSONResponse:
    return JSONResponse({"code": code, "message": message, "remedy": remedy, "place": None, **more}, status)


class Answers:
    """What the server answers."""

    def __init__(self, book: Book):
        self.book = book

    async def state(self, request: Request) -> Response:
        return JSONResponse(self.book.state())

    async def lines(self, request: Request) -> Response:
        if self.book.loading:
            self.book.loading -= 1
            return failed(503, "loading", "the script is being read")
        speakers = {
            name: place
            for place, name in enumerate(dict.fromkeys(line["speaker"] for line in self.book.lines))
        }
        return JSONResponse({"version": self.book.version, "speakers": speakers, "lines": self.book.lines})

    async def line(self, request: Request) -> Response:
        line = self.book.line(request.path_params["line"])
        return JSONResponse(self.book.full(line)) if line else failed(404, "no_line", "there is no such line")

    async def audio(self, request: Request) -> Response:
        sound = self.book.sounds.get(request.path_params["take"])
        if sound is None:
            return failed(404, "no_take", "the sound of the take is gone", "say the line again")
        data = io.BytesIO()
        soundfile.write(data, sound, RATE, format="FLAC")
        return Response(data.getvalue(), media_type="audio/flac")

    async def change(self, request: Request) -> Response:
        book, what = self.book, request.path_params["what"]
        body = json.loads(await request.body() or b"{}")
        line = book.line(request.path_params["line"])
        if line is None:
            return failed(
                409,
                "script_changed",
                "the script changed on the disk",
                theirs=None,
                mine=body.get("text"),
                version=book.version,
            )
        answer = getattr(self, "_" + what)(line, body)
        book.requests.append((what, request.path_params["line"], body))
        if isinstance(answer, Response):
            return answer
        if body.get("mark") != "heard":
            book.undone.append(f"{what} of {line['id']}")
            book.push("undo", {"undo": book.undone[-1]})
        book.changed(line)
        return JSONResponse(answer or line)

    def _mark(self, line: dict[str, Any], body: dict[str, Any]) -> Response | None:
        if body["take"] != line["take"]:
            return failed(409, "take_changed", "the line uses another take by now")
        line |= {"mark": body["mark"], "fault": body["fault"]}
        return None

    def _speak(self, line: dict[str, Any], body: dict[str, Any]) -> Response:
        line["job"] = "queued"
        self.book.changed(line)
        return JSONResponse({"queued": body["count"]}, 202)

    def _cancel(self, line: dict[str, Any], body: dict[str, Any]) -> None:
        line["job"] = None

    def _choose(self, line: dict[str, Any], body: dict[str, Any]) -> None:
        take = next(take for take in self.book.takes[line["id"]] if take["id"] == body["take"])
        line |= {
            "take": take["id"],
            "seconds": take["seconds"],
            "peaks": take["peaks"],
            "state": "ok",
            "mark": take["mark"],
        }

    def _pin(self, line: dict[str, Any], body: dict[str, Any]) -> None:
        for take in self.book.takes[line["id"]]:
            take["pinned"] = take["id"] == body["take"]
        self._choose(line, body)
        line["state"] = "pinned"

    def _unpin(self, line: dict[str, Any], body: dict[str, Any]) -> None:
        for take in self.book.takes[line["id"]]:
            take["pinned"] = False
        line["state"] = "ok"

    def _text(self, line: dict[str, Any], body: dict[str, Any]) -> Response | dict[str, Any]:
        if body["version"] != self.book.version:
            return failed(
                409,
                "script_changed",
                "the script changed on the disk",
                theirs=line["text"],
                mine=body["text"],
                version=self.book.version,
            )
        if "{" in body["text"]:
            problems = ["lighthouse.md:9:4: error: a brace that nothing closes"]
            return failed(
                422, "invalid_script", "the line cannot be read", place="lighthouse.md:9:4", problems=problems
            )
        now = self.book.retext(line, body["text"])
        self.book.push("script", {"script": 0})
        return {"version": self.book.version, "lines": [line], "id": now}

    def _settings(self, line: dict[str, Any], body: dict[str, Any]) -> dict[str, Any]:
        line["settings"] = (
            {"speed": None, "gain": None, "pause": None}
            | line.get("settings", {})
            | {k: v for k, v in body.items() if k != "version"}
        )
        return {"version": self.book.version, "lines": [line], "id": line["id"]}

    async def spoken(self, request: Request) -> Response:
        return JSONResponse({"spoken": request.query_params["text"].lower()})

    async def say_as(self, request: Request) -> Response:
        body = await request.json()
        self.book.requests.append(("say-as", "", body))
        found = [line for line in self.book.lines if body["word"] in line["text"]]
        changes = [
            {
                "id": line["id"],
                "text": line["text"],
                "before": line["text"],
                "after": line["text"].replace(body["word"], body["as"]),
            }
            for line in found
        ]
        return JSONResponse({"file": "lexicon.yaml", "changes": changes})

    async def undo(self, request: Request) -> Response:
        if not self.book.undone:
            return failed(404, "nothing", "there is nothing to undo")
        undone = self.book.undone.pop()
        self.book.requests.append(("undo", "", {}))
        self.book.push("undo", {"undo": self.book.undone[-1] if self.book.undone else None})
        return JSONResponse({"undone": undone, "script": 0, "line": undone.split()[-1]})

    async def write(self, request: Request) -> Response:
        self.book.requests.append(("write", "", {}))
        self.book.writing = self.book.writing | {"run": self.book.writing["run"] + 1}
        if self.book.fails_to_write:
            self.book.writing |= {"state": "failed", "message": self.book.fails_to_write}
            self.book.push("write", self.book.writing)
            await asyncio.sleep(0.1)  # the event is there before the answer
        else:
            self.book.push("write", self.book.writing | {"state": "writing", "done": 1, "of": 3})
        return JSONResponse({}, 202)

    async def events(self, request: Request) -> Response:
        queue: asyncio.Queue[tuple[str, Any] | None] = asyncio.Queue()
        self.book.queues.append(queue)

        async def stream() -> AsyncIterator[str]:
            yield ": here\n\n"
            number = 0
            while (event := await queue.get()) is not None:
                number += 1
                yield f"id: {number}\nevent: {event[0]}\ndata: {json.dumps(event[1])}\n\n"
            self.book.queues.remove(queue)

        return StreamingResponse(stream(), media_type="text/event-stream")


class PageServer:
    """Serves a book on a free port, from a thread; `address` has the token."""

    def __init__(self, book: Book):
        answers = Answers(book)
        self._answers = answers
        api = "/api/scripts/{script:int}"
        routes = [
            Route("/", lambda request: FileResponse(str(STATIC / "index.html"))),
            Mount("/static/shared", StaticFiles(directory=str(SHARED))),
            Mount("/static", StaticFiles(directory=str(STATIC))),
            Route("/api/state", answers.state),
            Route("/api/events", answers.events),
            Route("/api/undo", answers.undo, methods=["POST"]),
            Route(api + "/lines", answers.lines),
            Route(api + "/lines/{line}", answers.line),
            Route(api + "/lines/{line}/{what}", answers.change, methods=["PUT", "POST"]),
            Route(api + "/takes/{take}/audio", answers.audio),
            Route(api + "/spoken", answers.spoken),
            Route(api + "/say-as", answers.say_as, methods=["POST"]),
            Route(api + "/write", answers.write, methods=["POST"]),
        ]
        app = Starlette(routes=routes)

        async def guarded(scope: Any, receive: Any, send: Any) -> None:
            answers.book.loop = asyncio.get_running_loop()

            async def with_policy(message: Any) -> None:
                if message["type"] == "http.response.start":
                    kept = b"max-age=600" if "/static/" in scope["path"] else b"no-store"
                    message["headers"] += [
                        (b"content-security-policy", POLICY.encode()),
                        (b"cache-control", kept),
                    ]
                await send(message)

            headers = dict(scope.get("headers", ()))
            if (
                scope["type"] == "http"
                and scope["path"].startswith("/api/")
                and headers.get(b"authorization") != f"Bearer {TOKEN}".encode()
            ):
                await failed(
                    401, "token", "the token is not right", "open the address that csm review printed"
                )(scope, receive, with_policy)
            else:
                await app(scope, receive, with_policy)

        self._server = uvicorn.Server(
            uvicorn.Config(guarded, port=0, log_level="error", lifespan="off", timeout_graceful_shutdown=1)
        )
        self._thread = threading.Thread(target=self._server.run, daemon=True)

    @property
    def book(self) -> Book:
        return self._answers.book

    def use(self, book: Book) -> None:
        """Serve another book from now on."""
        if self.book.loop:
            self.book.cut()
        book.loop = self.book.loop
        self._answers.book = book

    @property
    def address(self) -> str:
        port = self._server.servers[0].sockets[0].getsockname()[1]
        return f"http://127.0.0.1:{port}/#token={TOKEN}"

    def __enter__(self) -> PageServer:
        self._thread.start()
        while not self._server.started:
            self._thread.join(0.01)
            assert self._thread.is_alive()
        return self

    def __exit__(self, *error: object) -> None:
        if self.book.loop:
            self.book.cut()
        self._server.should_exit = True
        self._thread.join(10)


if __name__ == "__main__":
    import sys

    with PageServer(Book(int(sys.argv[1]) if len(sys.argv) > 1 else 60, None)) as server:
        print(server.address, flush=True)
        threading.Event().wait()
