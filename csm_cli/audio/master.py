"""From a tape to the final samples: one static gain, room tone, a limiter, block by block."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

import numpy as np

from csm_cli.audio.disk_buffer import BLOCK, Tape
from csm_cli.audio.layout import Mastering
from csm_cli.audio.level import LOOKAHEAD_SECONDS, db, limit_peaks, static_gain
from csm_cli.audio.measure import integrated_loudness
from csm_cli.audio.room_tone import add_tone

CLOSE_ENOUGH_DB = 0.1
CORRECTIONS = 3


def choose_gain(tapes: Sequence[Tape], rate: int, mastering: Mastering) -> float:
    """The one factor that brings these tapes together, pauses included, to the loudness asked for.

    The limiter takes something off again, so the result is measured and the factor corrected. Where the
    limiter would have to take more than 9 dB off a peak, the tapes stay below the target.
    """
    loudness = mastering.loudness
    target = loudness.target
    if target is None:
        return 1.0
    level, peak = _level(
        (block for tape in tapes for block in tape.blocks()), rate, loudness.lufs is not None
    )
    gain = static_gain(level, peak, target, loudness.ceiling_db)
    for _ in range(CORRECTIONS):
        heard = (block for tape in tapes for block in mastered(tape, rate, mastering, gain))
        missing = target - _level(heard, rate, loudness.lufs is not None)[0]
        better = static_gain(level, peak, db(gain) + level + missing, loudness.ceiling_db)
        if abs(missing) <= CLOSE_ENOUGH_DB or abs(db(better / gain)) <= CLOSE_ENOUGH_DB:
            break
        gain = better
    return gain


def mastered(
    tape: Tape, rate: int, mastering: Mastering, gain: float, ceiling_db: float | None = None
) -> Iterator[np.ndarray]:
    """The tape as it is to be heard, in blocks of float32: the tone's level is absolute, the peak final.

    Args:
        ceiling_db: of the limiter, in place of the one that follows from the loudness.
    """
    ceiling = mastering.loudness.ceiling_db if ceiling_db is None else ceiling_db
    # A limiter's gain at a sample depends on peaks within twice its reach, and on the kernel beyond them.
    context = 0 if ceiling is None else 4 * round(LOOKAHEAD_SECONDS * rate) + 128
    for start in range(0, tape.size, BLOCK):
        end = min(start + BLOCK, tape.size)
        first, last = max(0, start - context), min(tape.size, end + context)
        audio = tape.read(first, last) * np.float32(gain)
        if mastering.tone_db is not None:
            add_tone(audio, rate, mastering.tone_db, mastering.tone_seed, first)
        if ceiling is not None:
            limit_peaks(audio, rate, ceiling)
        yield audio[start - first : end - first]


def _level(blocks: Iterable[np.ndarray], rate: int, lufs: bool) -> tuple[float, float]:
    """(level in dB RMS or LUFS, highest sample as an amplitude)."""
    meter = _Meter()
    if lufs:
        return integrated_loudness(map(meter.hear, blocks), rate), meter.peak
    for block in blocks:
        meter.hear(block)
    return db(np.sqrt(meter.power / max(1, meter.samples))), meter.peak


class _Meter:
    def __init__(self) -> None:
        self.power, self.samples, self.peak = 0.0, 0, 0.0

    def hear(self, block: np.ndarray) -> np.ndarray:
        wide = block.astype(np.float64)
        self.power += float(wide @ wide)
        self.samples += block.size
        if block.size:
            self.peak = max(self.peak, float(block.max()), -float(block.min()))
        return block
