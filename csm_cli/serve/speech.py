"""`POST /v1/audio/speech`: a request waits for its place, is spoken, encoded and sent, or left."""

from __future__ import annotations

import asyncio
import base64
from collections.abc import AsyncIterator, Iterator
from concurrent.futures import Executor
from dataclasses import dataclass

from csm_cli.audio.files import to_pcm16
from csm_cli.serve.admission import Admission
from csm_cli.serve.bodies import BodyReader, Wanted
from csm_cli.serve.channel import Channel
from csm_cli.serve.encoders import FORMATS, Encoders
from csm_cli.serve.reading import Reader, Reading
from csm_cli.serve.records import GONE, Record
from csm_cli.web.asgi import Receive, Scope, Send
from csm_cli.web.errors import ApiError, api_error, log_if_internal
from csm_cli.web.sse import event

ENDING_SECONDS = 5.0
"""That a thread has to notice that its client left: a frame, or a piece of decoding."""


@dataclass(frozen=True)
class Bounds:
    """What a request may take; each has its error.

    Args:
        body_bytes: of a body.
        characters: of a text.
        sound_seconds: of an answer.
        waiting: requests that wait.
        per_client: requests of one client, at work or waiting.
        request_seconds: from the first to the last byte.
    """

    body_bytes: int = 256 << 10
    characters: int = 4096
    sound_seconds: float = 1800.0
    waiting: int = 32
    per_client: int = 16
    request_seconds: float = 900.0


class SpeechEndpoint:
    """An ASGI application for the one address.

    Args:
        bodies: reads what is asked for.
        reader: plans and speaks it.
        admission: who is at work.
        encoders: of the answers.
        workers: threads in which requests are planned and driven, more than there are places at work.
        bounds: of a request.
    """

    def __init__(
        self,
        bodies: BodyReader,
        reader: Reader,
        admission: Admission,
        encoders: Encoders,
        workers: Executor,
        bounds: Bounds,
    ):
        self._bodies, self._reader, self._admission = bodies, reader, admission
        self._encoders, self._workers, self._bounds = encoders, workers, bounds

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request. One whose client leaves is given up at once."""
        record: Record = scope.get("csm") or Record("", "speech")
        body = await _body(receive)
        if body is None:
            record.status, record.code = GONE, "left"
            return
        loop = asyncio.get_running_loop()
        client = (scope.get("client") or ("",))[0]
        answer = _Answer(send, record)
        try:
            wanted = await loop.run_in_executor(self._workers, self._bodies.read, body)
            reading = await loop.run_in_executor(self._workers, self._plan, wanted)
        except Exception as error:
            record.code = api_error(error).code
            raise
        record.characters = reading.chain.characters
        gone = asyncio.create_task(_left(receive))
        work = asyncio.create_task(self._speak(wanted, reading, client, answer))
        try:
            await asyncio.wait(
                {gone, work}, timeout=self._bounds.request_seconds, return_when=asyncio.FIRST_COMPLETED
            )
            if work.done() or answer.whole:
                await work
            elif gone.done():
                record.status, record.code = GONE, "left"
            else:
                work.cancel()  # before anything else is sent
                await asyncio.gather(work, return_exceptions=True)
                raise ApiError(504, "timeout", "the request took too long", "send a shorter text")
        except Exception as error:
            await self._failed(error, answer, wanted.events)
        finally:
            gone.cancel()
            work.cancel()
            await asyncio.gather(gone, work, return_exceptions=True)

    def _plan(self, wanted: Wanted) -> Reading:
        reading = self._reader.read(wanted.ask)
        if reading.seconds > self._bounds.sound_seconds:
            raise self._too_long()
        return reading

    async def _speak(self, wanted: Wanted, reading: Reading, client: str, answer: _Answer) -> None:
        loop = asyncio.get_running_loop()
        async with self._admission.place(client):
            channel = Channel()
            driving = loop.run_in_executor(self._workers, channel.pour, self._pcm(reading))
            try:
                rate = self._reader.engine.sample_rate
                async with self._encoders.encoding(wanted.format, rate, channel.receive) as blocks:
                    held = b""
                    async for part in _events(blocks, reading) if wanted.events else blocks:
                        held += part
                        if channel.begun:  # what comes before is a head without sound
                            await answer.send(held, _headers(wanted, reading))
                            held = b""
                            answer.record.sound_seconds = reading.sent_seconds
                await answer.finish()
            finally:
                reading.cancel()
                channel.leave()
                await asyncio.wait({driving}, timeout=ENDING_SECONDS)

    def _pcm(self, reading: Reading) -> Iterator[bytes]:
        """16-bit PCM as it is spoken, up to the bound of an answer."""
        for block in reading.blocks():
            if reading.sent_seconds > self._bounds.sound_seconds:
                raise self._too_long()
            yield to_pcm16(block).tobytes()

    def _too_long(self) -> ApiError:
        most = f"{self._bounds.sound_seconds:g} s"
        return ApiError(422, "too_long", f"the speech would be longer than {most}", "send less text", "input")

    async def _failed(self, error: Exception, answer: _Answer, events: bool) -> None:
        """Say what went wrong: by a status, while there was none; later by an event, or by breaking off."""
        found = api_error(error)
        answer.record.code = found.code
        if not answer.begun:
            raise error
        log_if_internal(error)
        if events:
            await answer.send(event(None, {"type": "error"} | found.as_body("openai")), [])
            await answer.finish()
        # Else the answer is left without its end, by which a client sees that it is not whole.


class _Answer:
    """An answer that begins with its first part."""

    def __init__(self, send: Send, record: Record):
        self._send, self.record = send, record
        self.begun = self.whole = False

    async def send(self, part: bytes, headers: list[tuple[bytes, bytes]]) -> None:
        """Send a part; before the first one, the head."""
        if not self.begun:
            self.begun = True
            await self._send({"type": "http.response.start", "status": 200, "headers": headers})
            self.record.first()
        await self._send({"type": "http.response.body", "body": part, "more_body": True})

    async def finish(self) -> None:
        """It is whole."""
        self.whole = True
        await self._send({"type": "http.response.body", "body": b"", "more_body": False})


def _headers(wanted: Wanted, reading: Reading) -> list[tuple[bytes, bytes]]:
    media = "text/event-stream" if wanted.events else FORMATS[wanted.format].media
    headers = {"content-type": media, "accept-ranges": "none", "x-accel-buffering": "no"}
    if wanted.ignored:
        headers["x-csm-ignored"] = ", ".join(wanted.ignored)
    if reading.unspoken:
        headers["x-csm-unspoken"] = " ".join(f"U+{ord(each):04X}" for each in reading.unspoken[:20])
    return [(name.encode(), value.encode()) for name, value in headers.items()]


async def _events(blocks: AsyncIterator[bytes], reading: Reading) -> AsyncIterator[bytes]:
    """OpenAI's events: the bytes in base64 piece by piece, then the sums."""
    async for block in blocks:
        audio = base64.b64encode(block).decode()
        yield event(None, {"type": "speech.audio.delta", "audio": audio})
    characters, frames = reading.chain.characters, reading.frames
    usage = {"input_tokens": characters, "output_tokens": frames, "total_tokens": characters + frames}
    yield event(None, {"type": "speech.audio.done", "usage": usage})


async def _body(receive: Receive) -> bytes | None:
    """The whole body, within the bounds of `web.security.Guard`; None: the client has left."""
    parts: list[bytes] = []
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            return None
        parts.append(message.get("body", b""))
        if not message.get("more_body", False):
            return b"".join(parts)


async def _left(receive: Receive) -> None:
    """Until the client leaves."""
    while (await receive())["type"] != "http.disconnect":
        pass
