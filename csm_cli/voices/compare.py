"""Voices side by side: a file to listen to, a picture of their spectra, cosines of a speaker encoder."""

from __future__ import annotations

import base64
import html
import struct
import zlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path

import numpy as np

from csm_cli.audio.files import CLIP_SECONDS, SAMPLE_RATE, read_audio, write_wav
from csm_cli.core.errors import MissingError, UsageError
from csm_cli.core.files import written
from csm_cli.voices.voice import Voice

RATE = SAMPLE_RATE
GAP_SECONDS = 0.6
WITHIN_SECONDS = 0.25
LOWEST, HIGHEST, ROWS = 60.0, 12_000.0, 96
RANGE_DB = 60.0
COLUMN_SECONDS = 0.01
COLOURS = ("#1f6f8b", "#c8553d", "#588157", "#8e5ea2", "#b8860b", "#4a5568")


@dataclass(frozen=True, eq=False)
class Sample:
    """A voice to compare.

    Attributes:
        name: as it was given.
        clip: its recording, float32 `[samples]` at 24 kHz.
        spoken: what it said for the comparison, the same; None: nothing.
    """

    name: str
    clip: np.ndarray
    spoken: np.ndarray | None = None

    @classmethod
    def of(cls, voice: Voice, name: str, spoken: np.ndarray | None = None) -> Sample:
        """Of a registered voice.

        Raises:
            MissingError: it has no recording.
        """
        if voice.audio is None:
            raise MissingError(
                f"the voice {voice.name!r} has no recording to compare", where=str(voice.folder)
            )
        return cls(name, read_audio(voice.audio, RATE, CLIP_SECONDS), spoken)

    @property
    def sound(self) -> np.ndarray:
        """The recording, then what it said."""
        if self.spoken is None:
            return self.clip
        return np.concatenate([self.clip, np.zeros(round(WITHIN_SECONDS * RATE), np.float32), self.spoken])


def listening_file(samples: Sequence[Sample], path: Path) -> None:
    """Writes the voices one after the other, with a pause between them, as a WAV.

    Raises:
        UsageError: fewer than two voices, or another ending than .wav.
        CsmError: the file cannot be written.
    """
    if len(samples) < 2:
        raise UsageError("one voice cannot be compared", where="NAME...", remedy="give two or more")
    if path.suffix.lower() != ".wav":
        raise UsageError("is not a .wav file", where=str(path), remedy="end its name in .wav")
    gap = np.zeros(round(GAP_SECONDS * RATE), np.float32)
    sounds = [part for sample in samples for part in (sample.sound, gap)]
    write_wav(path, np.concatenate(sounds[:-1]))


def picture(samples: Sequence[Sample], path: Path, remarks: Sequence[str] = ()) -> Path:
    """Draws each voice's spectrogram, all on one time scale, and their average spectra in one diagram, as an
    SVG of its own.

    Args:
        remarks: lines of text to stand below.

    Raises:
        CsmError: the file cannot be written.
    """
    width, top, row = 900, 280, 186
    bottom = top + row * len(samples)
    height = bottom + 14 + 18 * len(remarks)
    longest = max(sample.sound.size for sample in samples) / RATE
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" '
        f'height="{height}" font-family="sans-serif" font-size="12">',
        f'<rect width="{width}" height="{height}" fill="#ffffff"/>',
        '<text x="60" y="22" font-size="15">Average spectrum while speaking</text>',
        *_axes(60, 34, 700, 190),
    ]
    for place, sample in enumerate(samples):
        colour = COLOURS[place % len(COLOURS)]
        spectrum = average_spectrum(sample.sound)
        points = " ".join(
            f"{60 + 700 * at / (ROWS - 1):.1f},{34 + 190 * -value / RANGE_DB:.1f}"
            for at, value in enumerate(np.clip(spectrum - spectrum.max(), -RANGE_DB, 0))
        )
        parts.append(f'<polyline points="{points}" fill="none" stroke="{colour}" stroke-width="1.8"/>')
        parts.append(f'<text x="772" y="{46 + 18 * place}" fill="{colour}">{html.escape(sample.name)}</text>')
        y = top + row * place
        image = base64.b64encode(png(spectrogram(sample.sound))).decode()
        seconds = sample.sound.size / RATE
        parts += [
            f'<text x="60" y="{y + 12}" fill="{colour}" font-size="14">{html.escape(sample.name)}</text>',
            f'<text x="760" y="{y + 12}" text-anchor="end">{seconds:.1f} s</text>',
            f'<image x="60" y="{y + 18}" width="{700 * seconds / longest:.1f}" height="130" '
            f'preserveAspectRatio="none" href="data:image/png;base64,{image}"/>',
        ]
        for second in range(0, int(longest) + 1, int(-(-longest // 14)) or 1):
            at = 60 + 700 * second / longest
            parts.append(
                f'<line x1="{at:.1f}" y1="{y + 148}" x2="{at:.1f}" y2="{y + 152}" stroke="#999999"/>'
                f'<text x="{at:.1f}" y="{y + 164}" text-anchor="middle" fill="#666666" '
                f'font-size="10">{second} s</text>'
            )
        for frequency in (100, 1000, 10_000):
            at = y + 148 - 130 * _height(frequency)
            parts.append(f'<text x="54" y="{at + 4:.1f}" text-anchor="end">{_hertz(frequency)}</text>')
    parts += [
        f'<text x="60" y="{bottom + 8 + 18 * line}">{html.escape(remark)}</text>'
        for line, remark in enumerate(remarks)
    ]
    parts.append("</svg>")
    with written(path) as temporary:
        temporary.write_text("\n".join(parts) + "\n", encoding="utf-8")
    return path


def average_spectrum(sound: np.ndarray) -> np.ndarray:
    """dB in 96 bands from 60 Hz to 12 kHz, averaged over the louder half of the time."""
    levels = _bands(sound)
    loud = levels.max(axis=1)
    return np.asarray(10 * np.log10(np.mean(10 ** (levels[loud >= np.median(loud)] / 10), axis=0)))


def spectrogram(sound: np.ndarray) -> np.ndarray:
    """uint8 `[96, columns]`, low frequencies at the bottom, 255 for the loudest, 0 from 60 dB under it."""
    levels = _bands(sound)
    shade = np.clip((levels - levels.max()) / RANGE_DB + 1, 0, 1) * 255
    return np.ascontiguousarray(shade.T[::-1].astype(np.uint8))


def png(image: np.ndarray) -> bytes:
    """A PNG of uint8 `[height, width]`, dark on light."""
    height, width = image.shape
    rows = b"".join(b"\0" + (255 - row).tobytes() for row in image)

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    body = chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(rows, 9)) + chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + body


def _bands(sound: np.ndarray) -> np.ndarray:
    """dB, float64 `[columns, 96]`, bands evenly apart on a logarithmic scale."""
    width, step = 2048, round(COLUMN_SECONDS * RATE)
    padded = np.pad(sound.astype(np.float32), width // 2)
    frames = np.lib.stride_tricks.sliding_window_view(padded, width)[::step]
    window = np.hanning(width).astype(np.float32)
    edges = np.geomspace(LOWEST, HIGHEST, ROWS + 1)
    bins = np.arange(width // 2 + 1) * RATE / width
    weights = np.maximum(0, 1 - np.abs(bins[:, None] - np.sqrt(edges[1:] * edges[:-1])) / (RATE / width))
    inside = (bins[:, None] >= edges[:-1]) & (bins[:, None] < edges[1:])
    weights = np.where(inside.any(axis=0), inside, weights)
    power = np.concatenate(
        [
            np.abs(np.fft.rfft(frames[at : at + 512] * window, axis=1)) ** 2 @ weights
            for at in range(0, len(frames), 512)
        ]
    )
    return np.asarray(10 * np.log10(power / weights.sum(axis=0) + 1e-10))


def _axes(x: int, y: int, width: int, height: int) -> list[str]:
    parts = [f'<rect x="{x}" y="{y}" width="{width}" height="{height}" fill="none" stroke="#999999"/>']
    for frequency in (100, 200, 500, 1000, 2000, 5000, 10_000):
        at = x + width * _height(frequency)
        parts.append(
            f'<line x1="{at:.1f}" y1="{y}" x2="{at:.1f}" y2="{y + height}" stroke="#dddddd"/>'
            f'<text x="{at:.1f}" y="{y + height + 16}" text-anchor="middle">{_hertz(frequency)}</text>'
        )
    for decibels in (0, -20, -40, -60):
        at = y + height * -decibels / RANGE_DB
        parts.append(f'<text x="{x - 6}" y="{at + 4:.1f}" text-anchor="end">{decibels} dB</text>')
    return parts


def _height(frequency: float) -> float:
    return float(np.log(frequency / LOWEST) / np.log(HIGHEST / LOWEST))


def _hertz(frequency: int) -> str:
    return f"{frequency} Hz" if frequency < 1000 else f"{frequency // 1000} kHz"


SAME, OTHER = 0.80, 0.70
"""Cosines for sounds of 5 s and more: from `SAME` on probably one person, below `OTHER` probably two;
measured for GE2E (Wan et al. 2018)."""

Embed = Callable[[np.ndarray, int], np.ndarray | None]
"""Sound and Hz -> a vector of length 1; None for a sound with too little speech."""


@dataclass(frozen=True)
class Alikeness:
    """Voices beside each other; those with too little speech in their clip are left out.

    Attributes:
        names: of the voices, as they were given.
        clips: the cosine of every clip to every clip, `[voices][voices]`.
        said: by the voice that said something: its cosine to every clip, `[voices]`.
    """

    names: list[str]
    clips: list[list[float]]
    said: dict[str, list[float]]

    @classmethod
    def of(cls, samples: Sequence[Sample], embed: Embed) -> Alikeness:
        """Measures the voices' clips and what they said."""
        found = [(sample, embed(sample.clip, RATE)) for sample in samples]
        vectors = {sample.name: vector for sample, vector in found if vector is not None}
        spoken = {sample.name: embed(sample.spoken, RATE) for sample in samples if sample.spoken is not None}

        def beside(vector: np.ndarray) -> list[float]:
            return [float(vector @ other) for other in vectors.values()]

        said = {name: beside(vector) for name, vector in spoken.items() if vector is not None}
        return cls(list(vectors), [beside(vector) for vector in vectors.values()], said)

    def table(self) -> list[str]:
        """Lines of equal width: a head, a row for each clip, a row for what each voice said."""
        rows = dict(zip(self.names, self.clips, strict=True))
        rows |= {f"{name} said": cosines for name, cosines in self.said.items()}
        width = max(map(len, rows), default=0)
        columns = [max(5, len(name)) for name in self.names]
        lines = [" " * width + "".join(f"  {name:>{n}}" for name, n in zip(self.names, columns, strict=True))]
        for label, cosines in rows.items():
            cells = (f"  {value:>{n}.2f}" for value, n in zip(cosines, columns, strict=True))
            lines.append(f"{label:<{width}}{''.join(cells)}")
        return lines

    def remarks(self) -> list[str]:
        """In words: every two clips, and whose clip is nearest to what each voice said."""
        lines = [
            f"{self.names[a]} and {self.names[b]}: {in_words(self.clips[a][b])}"
            for a, b in combinations(range(len(self.names)), 2)
        ]
        for name, cosines in self.said.items() if self.names else ():
            nearest = int(np.argmax(cosines))
            lines.append(
                f"what {name} said is nearest to {self.names[nearest]}: {in_words(cosines[nearest])}"
            )
        return lines


def in_words(cosine: float) -> str:
    """Whether two sounds of 5 s and more are of one person, by the cosine of their vectors, in words."""
    if cosine >= SAME:
        return f"{cosine:.2f}, likely one person"
    return f"{cosine:.2f}, " + ("likely two people" if cosine < OTHER else "one person, or two alike")
