"""MP3 frames, counted byte by byte; and the picture of a file in the page of `csm check --report`."""

from __future__ import annotations

import mmap
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from csm_cli.audio.measure import WINDOW_SECONDS, Measured
from csm_cli.delivery.check.presets import Preset

# kbit/s of Layer III by the four bits of the header: MPEG-1, then MPEG-2 and 2.5.
BIT_RATES = (
    (0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320),
    (0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160),
)
RATES = (44_100, 48_000, 32_000)
MODES = ("stereo", "joint stereo", "dual channel", "mono")
MPEG1 = 3


@dataclass
class Frames:
    """What was found in the frames, the one with the encoder's own notes left out.

    Attributes:
        bit_rates: kbit/s, each once.
        modes: of `MODES`, each once.
        declared: number of frames that the encoder states; None if it states none.
    """

    count: int = 0
    bit_rates: set[int] = field(default_factory=set)
    modes: set[str] = field(default_factory=set)
    declared: int | None = None


def read_frames(path: Path) -> Frames:
    """Walk through the frames of a file; what is none is skipped."""
    found = Frames()
    with path.open("rb") as file:
        if not path.stat().st_size:
            return found
        with mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
            position = _after_id3(data)
            while position + 4 <= len(data):
                size = _frame(data, position, found)
                if size:
                    position += size
                else:
                    position = data.find(b"\xff", position + 1)
                    if position < 0:
                        break
    return found


def _frame(data: mmap.mmap, position: int, found: Frames) -> int:
    """Notes the frame that begins here; returns its size, 0 where there is none."""
    header = int.from_bytes(data[position : position + 4], "big")
    version, layer = header >> 19 & 3, header >> 17 & 3
    bits, rate = header >> 12 & 15, header >> 10 & 3
    if header >> 21 != 0x7FF or version == 1 or layer != 1 or bits in (0, 15) or rate == 3:
        return 0
    kilobits = BIT_RATES[version != MPEG1][bits]
    hertz = RATES[rate] >> {3: 0, 2: 1, 0: 2}[version]
    size = (144_000 if version == MPEG1 else 72_000) * kilobits // hertz + (header >> 9 & 1)
    mode = MODES[header >> 6 & 3]
    notes = data[position + 4 : position + 48]
    tag = (
        next((tag for tag in (b"Xing", b"Info", b"VBRI") if tag in notes), None) if not found.count else None
    )
    if tag and found.declared is None:
        place = position + 4 + notes.index(tag)
        if tag != b"VBRI" and place + 12 <= len(data) and data[place + 7] & 1:
            found.declared = int.from_bytes(data[place + 8 : place + 12], "big")
        return size
    found.count += 1
    found.bit_rates.add(kilobits)
    found.modes.add(mode)
    return size


def _after_id3(data: mmap.mmap) -> int:
    if data[:3] != b"ID3" or len(data) < 10:
        return 0
    size = 0
    for byte in data[6:10]:
        size = size << 7 | byte & 0x7F
    return 10 + size


STEP_SECONDS = 0.1
POINTS = 900
LOWEST_DB = -80
LEFT, RIGHT, BOTTOM, HEIGHT = 46, 990, 160, 178
TICKS = (1, 2, 5, 10, 20, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200)
MOST_TICKS = 12


def picture(sound: Measured, rules: Preset) -> str:
    """The RMS of every half second, each at its middle; 0 dB at the top, -80 at the bottom.

    The limits are drawn in: a band where the RMS of the whole file has to lie, a broken line above which
    the quietest half second must not be.
    """
    levels = np.maximum(sound.windows_db(step=STEP_SECONDS), LOWEST_DB)
    times = min(WINDOW_SECONDS, sound.seconds) / 2 + STEP_SECONDS * np.arange(levels.size)
    if levels.size > POINTS:  # the loudest and the softest of each stretch, so that neither is lost
        edges = np.linspace(0, levels.size, POINTS // 2 + 1).astype(int)[:-1]
        both = np.maximum.reduceat(levels, edges), np.minimum.reduceat(levels, edges)
        levels, times = np.stack(both, axis=1).ravel(), np.repeat(times[edges], 2)
    line = " ".join(f"{_x(at, sound):.1f},{_y(level):.1f}" for at, level in zip(times, levels, strict=True))
    return (
        f'<svg viewBox="0 0 1000 {HEIGHT}" role="img" '
        f'aria-label="loudness over {sound.seconds:.0f} seconds">'
        f"{_limits(rules)}{_rulers()}{_ticks(sound)}"
        f'<polyline points="{line}" fill="none" stroke="#2f6feb" stroke-width="1.2"/></svg>'
    )


def tick_seconds(seconds: float) -> int:
    """How far apart the times below the picture are: whole, and at most a dozen."""
    return next((step for step in TICKS if seconds / step <= MOST_TICKS), TICKS[-1])


def _x(seconds: float, sound: Measured) -> float:
    return LEFT + (RIGHT - LEFT) * seconds / sound.seconds


def _y(level: float) -> float:
    return BOTTOM * level / LOWEST_DB


def _limits(rules: Preset) -> str:
    parts = []
    if rules.rms is not None:
        low, high = rules.rms
        place = f'x="{LEFT}" y="{_y(high):g}" width="{RIGHT - LEFT}" height="{_y(low) - _y(high):g}"'
        parts.append(f'<rect {place} fill="#2da44e" fill-opacity="0.18"/>')
    if rules.floor is not None:
        place = f'x1="{LEFT}" x2="{RIGHT}" y1="{_y(rules.floor):g}" y2="{_y(rules.floor):g}"'
        parts.append(f'<line {place} stroke="#cf222e" stroke-dasharray="6 4"/>')
    return "".join(parts)


def _rulers() -> str:
    return "".join(
        f'<line x1="{LEFT}" x2="{RIGHT}" y1="{_y(level):g}" y2="{_y(level):g}" stroke="#8884"/>'
        f'<text x="{LEFT - 5}" y="{_y(level) + 3:g}" text-anchor="end">{level} dB</text>'
        for level in (-20, -40, -60)
    )


def _ticks(sound: Measured) -> str:
    every = range(0, int(sound.seconds) + 1, tick_seconds(sound.seconds))
    places = [(at, f"{_x(at, sound):.1f}") for at in every]
    return "".join(
        f'<line x1="{x}" x2="{x}" y1="{BOTTOM}" y2="{BOTTOM + 4}" stroke="#888"/>'
        f'<text x="{x}" y="{BOTTOM + 15}" text-anchor="middle">{_clock(at)}</text>'
        for at, x in places
    )


def _clock(seconds: int) -> str:
    hours, minutes = divmod(seconds // 60, 60)
    return f"{hours}:{minutes:02d}:{seconds % 60:02d}" if hours else f"{minutes}:{seconds % 60:02d}"
