"""Books of tones: all times and levels are given, and nothing needs a model."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from csm_cli.audio.timeline import Gap, Part, Spoken

RATE = 24_000
TITLES = ["One = two; # three \\ four", "Emoji 🎉 and\nnewline", "ü" * 301]
TEXT = 'Say "yes" & <b>; 1 --> 2 🎉'


def tone(seconds: float, pitch: float = 440, level: float = 0.2) -> np.ndarray:
    """A tone with the syllables of speech, on at once and off at once."""
    time = np.arange(round(seconds * RATE)) / RATE
    return (level * np.sin(2 * np.pi * pitch * time) * (0.7 + 0.3 * np.sin(6 * np.pi * time))).astype(
        np.float32
    )


def line(number: int, seconds: float = 0.6, speaker: str = "Anna", level: float = 0.2) -> Spoken:
    sound = np.pad(tone(seconds, 300 + 40 * (number % 9), level), (1200, 2400))
    return Spoken(f"l{number:03d}", speaker, f"{TEXT} ({number})", number, sound)


def chapter(lines: int = 4, seconds: float = 0.6, level: float = 0.2) -> Iterator[Part]:
    """Lines with a pause after each."""
    for number in range(1, lines + 1):
        yield line(number, seconds, "Anna" if number % 2 else "narrator", level)
        if number < lines:
            yield Gap("speaker")


def png(path: Path, size: int = 64) -> Path:
    """A red square."""
    rows = b"".join(b"\0" + bytes([200, 30, 30]) * size for _ in range(size))
    chunks = [(b"IHDR", struct.pack(">IIBBBBB", size, size, 8, 2, 0, 0, 0)), (b"IDAT", zlib.compress(rows))]
    data = b"\x89PNG\r\n\x1a\n"
    for kind, body in [*chunks, (b"IEND", b"")]:
        data += struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))
    path.write_bytes(data)
    return path


def onsets(audio: np.ndarray, rate: int) -> list[tuple[float, float]]:
    """(onset, end) in seconds of every stretch of sound, to 5 ms; breaks under 0.1 s do not count."""
    frame = round(0.005 * rate)
    envelope = np.abs(audio[: audio.size // frame * frame]).reshape(-1, frame).max(axis=1)
    loud = np.flatnonzero(envelope > 0.1 * envelope.max())
    groups = np.split(loud, np.flatnonzero(np.diff(loud) > 20) + 1)
    return [(group[0] * frame / rate, (group[-1] + 1) * frame / rate) for group in groups]
