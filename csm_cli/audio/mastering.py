"""How a chapter is laid out, and the way from its mixed sound to final samples: gain, room tone, limiter."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields, replace

import numpy as np

from csm_cli.audio.disk_buffer import BLOCK, DiskBuffer
from csm_cli.audio.level import (
    DEFAULT_LOUDNESS,
    LOOKAHEAD_SECONDS,
    Loudness,
    add_room_tone,
    db,
    limit_peaks,
    static_gain,
)
from csm_cli.audio.measure import integrated_loudness
from csm_cli.audio.timeline import Bed, Gap, PauseEntry, SoundEntry, TimelineEntry
from csm_cli.core.errors import UsageError


@dataclass(frozen=True)
class Pauses:
    """Seconds of room tone by kind of boundary, counted from the end of speech to the start of speech."""

    line: float = 0.35  # the same speaker goes on
    speaker: float = 0.5
    paragraph: float = 0.9
    scene: float = 2.0
    chapter: float = 1.5  # after a chapter's title
    head: float = 0.75  # shops want 0.5 to 1 s at the head and 1 to 5 s at the tail
    tail: float = 1.5

    def __post_init__(self) -> None:
        for field in fields(self):
            seconds = getattr(self, field.name)
            if not 0 <= seconds <= 60:
                raise UsageError(
                    f"a pause of {seconds} seconds", where=f"pause {field.name!r}", remedy="give 0 to 60"
                )

    def seconds(self, gap: Gap) -> float:
        """The length of a gap: its own, else that of its kind."""
        return gap.seconds if gap.seconds is not None else float(getattr(self, gap.kind))

    def changed(self, values: Mapping[str, float]) -> Pauses:
        """These pauses with some of them set anew, by kind.

        Raises:
            UsageError: there is no such kind, or a length is out of range.
        """
        kinds = [field.name for field in fields(self)]
        for kind in values:
            if kind not in kinds:
                raise UsageError(
                    f"there is no pause of kind {kind!r}", remedy=f"choose from {', '.join(kinds)}"
                )
        return replace(self, **values)


@dataclass(frozen=True)
class Mastering:
    """What is done to the sound of a chapter. None switches a step off.

    Attributes:
        trim: cut the model's silence at head and tail of each line; the pauses take its place.
        loudness: what one static gain and a limiter bring the chapter to.
        fade_seconds: at either edge of a line.
        room_tone_db: dBFS RMS of the room tone.
        room_tone_seed: of its noise.
    """

    trim: bool = True
    loudness: Loudness = DEFAULT_LOUDNESS
    fade_seconds: float = 0.015
    room_tone_db: float | None = -66.0
    room_tone_seed: int = 0


@dataclass(frozen=True)
class PlacedBed:
    """A bed and where it lies, in samples of the chapter."""

    bed: Bed
    start: int
    end: int


@dataclass(frozen=True)
class Layout:
    """Where everything in a chapter lies: entries in seconds, beds in samples.

    Attributes:
        samples: of the chapter.
        beds: still to be mixed in, which needs the places of the speech.
    """

    samples: int
    lines: tuple[TimelineEntry, ...]
    pauses: tuple[PauseEntry, ...]
    sounds: tuple[SoundEntry, ...]
    beds: tuple[PlacedBed, ...]


CLOSE_ENOUGH_DB = 0.1
CORRECTIONS = 3


def choose_gain(buffers: Sequence[DiskBuffer], rate: int, mastering: Mastering) -> float:
    """The one factor that brings these buffers, taken together with their pauses, to the target loudness.

    The limiter takes something off again, so the result is measured and the factor corrected. Where the
    limiter would have to take more than 9 dB off a peak, the buffers stay below the target.
    """
    loudness = mastering.loudness
    target = loudness.target
    if target is None:
        return 1.0
    level, peak = _level(
        (block for buffer in buffers for block in buffer.blocks()), rate, loudness.lufs is not None
    )
    gain = static_gain(level, peak, target, loudness.ceiling_db)
    for _ in range(CORRECTIONS):
        result = (block for buffer in buffers for block in mastered(buffer, rate, mastering, gain))
        missing = target - _level(result, rate, loudness.lufs is not None)[0]
        better = static_gain(level, peak, db(gain) + level + missing, loudness.ceiling_db)
        if abs(missing) <= CLOSE_ENOUGH_DB or abs(db(better / gain)) <= CLOSE_ENOUGH_DB:
            break
        gain = better
    return gain


def mastered(
    buffer: DiskBuffer, rate: int, mastering: Mastering, gain: float, ceiling_db: float | None = None
) -> Iterator[np.ndarray]:
    """The final samples in float32 blocks: after the gain come room tone, at its own level, and the limiter.

    Args:
        gain: as a factor.
        ceiling_db: of the limiter, dBFS, in place of the one that follows from the loudness.
    """
    ceiling = mastering.loudness.ceiling_db if ceiling_db is None else ceiling_db
    # A limiter's gain at a sample depends on peaks within twice its reach, and on the kernel beyond them.
    context = 0 if ceiling is None else 4 * round(LOOKAHEAD_SECONDS * rate) + 128
    for start in range(0, buffer.size, BLOCK):
        end = min(start + BLOCK, buffer.size)
        first, last = max(0, start - context), min(buffer.size, end + context)
        audio = buffer.read(first, last) * np.float32(gain)
        if mastering.room_tone_db is not None:
            add_room_tone(audio, rate, mastering.room_tone_db, mastering.room_tone_seed, first)
        if ceiling is not None:
            limit_peaks(audio, rate, ceiling)
        yield audio[start - first : end - first]


def _level(blocks: Iterable[np.ndarray], rate: int, lufs: bool) -> tuple[float, float]:
    """(level in dB RMS or LUFS, highest sample as an amplitude)."""
    meter = _Meter()
    if lufs:
        return integrated_loudness(map(meter.add, blocks), rate), meter.peak
    for block in blocks:
        meter.add(block)
    return db(np.sqrt(meter.power / max(1, meter.samples))), meter.peak


class _Meter:
    def __init__(self) -> None:
        self.power, self.samples, self.peak = 0.0, 0, 0.0

    def add(self, block: np.ndarray) -> np.ndarray:
        wide = block.astype(np.float64)
        self.power += float(wide @ wide)
        self.samples += block.size
        if block.size:
            self.peak = max(self.peak, float(block.max()), -float(block.min()))
        return block
