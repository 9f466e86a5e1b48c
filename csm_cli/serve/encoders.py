"""The formats of answers: PCM, WAV and FLAC made here, the others by an ffmpeg between two pipes."""

from __future__ import annotations

import asyncio
import io
from asyncio.subprocess import DEVNULL, PIPE, Process
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass

from csm_cli.audio.ffmpeg import encoders, find_ffmpeg
from csm_cli.audio.files import wav_header
from csm_cli.core.errors import MissingError
from csm_cli.web.errors import ApiError

READ_BYTES = 1 << 14

Source = Callable[[], Awaitable[bytes | None]]
"""Gives the next block of 16-bit mono PCM; None at the end."""


@dataclass(frozen=True)
class AnswerFormat:
    """A format of answers.

    Args:
        media: its media type.
        encoder: ffmpeg's name of it; "" where ffmpeg is not needed.
        arguments: for ffmpeg, after the encoder.
    """

    media: str
    encoder: str = ""
    arguments: tuple[str, ...] = ()


# What leaves ffmpeg is flushed packet by packet, so that the first sound does not wait for a full buffer.
FORMATS = {
    "mp3": AnswerFormat(
        "audio/mpeg", "libmp3lame", ("-b:a", "96k", "-write_xing", "0", "-id3v2_version", "0", "-f", "mp3")
    ),
    "opus": AnswerFormat("audio/ogg", "libopus", ("-b:a", "48k", "-page_duration", "100000", "-f", "opus")),
    "aac": AnswerFormat("audio/aac", "aac", ("-b:a", "96k", "-f", "adts")),
    "flac": AnswerFormat("audio/flac"),
    "wav": AnswerFormat("audio/wav"),
    "pcm": AnswerFormat("audio/pcm"),
}


def missing_formats() -> list[str]:
    """Formats that this machine cannot make: there is no ffmpeg, or it lacks an encoder."""
    try:
        there = encoders()
    except MissingError:
        there = frozenset()
    return [name for name, kind in FORMATS.items() if kind.encoder and kind.encoder not in there]


class Encoders:
    """Makes answers; at most so many by an ffmpeg at once.

    Args:
        most: processes at once.

    Attributes:
        running: processes now.
    """

    def __init__(self, most: int):
        self._most, self.running = most, 0

    @asynccontextmanager
    async def encoding(self, name: str, rate: int, source: Source) -> AsyncIterator[AsyncIterator[bytes]]:
        """Gives the bytes of the answer as they come.

        Args:
            name: of the format.
            rate: Hz of the source.
            source: read until it ends; what it raises is raised where the bytes are read.

        Raises:
            ApiError: too many processes run.
        """
        if not FORMATS[name].encoder:
            yield _here(name, rate, source)
            return
        if self.running >= self._most:
            raise ApiError(
                503, "encoders", "too many answers are being encoded", "ask again, or for wav, flac or pcm",
                headers={"Retry-After": "1"},
            )  # fmt: skip
        self.running += 1
        try:
            async with _ffmpeg(FORMATS[name], rate, source) as blocks:
                yield blocks
        finally:
            self.running -= 1


async def _here(name: str, rate: int, source: Source) -> AsyncIterator[bytes]:
    """PCM as it is, behind a header that leaves its length open, or packed as FLAC.

    A FLAC comes as a whole, once all is there: libraries do not read one whose head states no length.
    """
    if name == "flac":
        yield await _flac(rate, source)
        return
    if name == "wav":
        yield wav_header(rate)
    while (block := await source()) is not None:
        yield block


async def _flac(rate: int, source: Source) -> bytes:
    import soundfile

    file = io.BytesIO()
    with soundfile.SoundFile(file, "w", rate, 1, "PCM_16", format="FLAC", compression_level=0.5) as writer:
        while (block := await source()) is not None:
            writer.buffer_write(block, dtype="int16")
    return file.getvalue()


@asynccontextmanager
async def _ffmpeg(kind: AnswerFormat, rate: int, source: Source) -> AsyncIterator[AsyncIterator[bytes]]:
    command = [
        find_ffmpeg(), "-hide_banner", "-nostdin", "-loglevel", "error", "-fflags", "+bitexact+nobuffer",
        "-probesize", "32", "-analyzeduration", "0",
        "-f", "s16le", "-ar", str(rate), "-ac", "1", "-i", "pipe:0",
        "-threads", "1", "-c:a", kind.encoder, "-flags:a", "+bitexact", "-map_metadata", "-1",
        "-fflags", "+bitexact", "-flush_packets", "1", *kind.arguments, "pipe:1",
    ]  # fmt: skip
    try:
        # In a session of its own: a terminal sends Ctrl-C to all processes of one.
        process = await asyncio.create_subprocess_exec(
            *command, stdin=PIPE, stdout=PIPE, stderr=DEVNULL, start_new_session=True
        )
    except OSError as error:
        raise MissingError(
            f"ffmpeg cannot be started ({error.strerror or error})", remedy="ask for wav, flac or pcm"
        ) from error
    feeding = asyncio.create_task(_feed(process, source))
    try:
        yield _read(process, feeding)
    finally:
        feeding.cancel()
        with suppress(ProcessLookupError):
            process.kill()
        await asyncio.gather(feeding, process.wait(), return_exceptions=True)
        # The pipes are closed with the transport, which nothing else closes at once.
        process._transport.close()  # type: ignore[attr-defined]


async def _feed(process: Process, source: Source) -> None:
    assert process.stdin is not None
    with suppress(BrokenPipeError, ConnectionResetError):  # it has ended early: its exit code shows that
        while (block := await source()) is not None:
            process.stdin.write(block)
            await process.stdin.drain()
    process.stdin.close()


async def _read(process: Process, feeding: asyncio.Task[None]) -> AsyncIterator[bytes]:
    """What ffmpeg writes, until it ends or its source fails."""
    assert process.stdout is not None
    while True:
        reading = asyncio.ensure_future(process.stdout.read(READ_BYTES))
        try:
            waiting = {reading} if feeding.done() else {reading, feeding}
            await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
            if feeding.done():
                feeding.result()
            data = await reading
        finally:
            reading.cancel()
        if not data:
            break
        yield data
    await feeding
    if code := await process.wait():
        raise ApiError(500, "encoder", f"ffmpeg ended with exit code {code}", "ask for wav, flac or pcm")
