"""Beds: music or atmosphere under the speech, looped, faded at its ends, ducked while somebody speaks."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from csm_cli.audio.disk_buffer import BLOCK, DiskBuffer
from csm_cli.audio.files import decode_to_tape
from csm_cli.audio.level import amplitude
from csm_cli.audio.mastering import Layout, PlacedBed

ATTACK_SECONDS = 0.3  # before the first word
RELEASE_SECONDS = 0.8  # after the last one
SHORT_PAUSE_SECONDS = 1.5  # a bed that came up in every pause would pump
SEAM_SECONDS = 0.25


def lay_beds(tape: DiskBuffer, layout: Layout, rate: int, folder: Path) -> None:
    """Mix the beds of a chapter into its tape, in place.

    Args:
        folder: for the decoded beds; what is put there is removed again.

    Raises:
        MissingError, UsageError: a sound file that is not there or cannot be read.
    """
    if not layout.beds:
        return
    speech = _speech(layout, rate)
    for placed in layout.beds:
        with DiskBuffer(folder / f"{tape.path.name}.bed") as sound:
            decode_to_tape(placed.bed.path, rate, sound)
            _lay(tape, placed, sound, speech, rate)


def _lay(tape: DiskBuffer, placed: PlacedBed, sound: DiskBuffer, speech: np.ndarray, rate: int) -> None:
    bed = placed.bed
    times, gains = _envelope(placed, speech, rate)
    if not sound.size:
        return
    once = placed.end - placed.start <= sound.size
    seam = 0 if once else min(round(SEAM_SECONDS * rate), sound.size // 4)
    for start in range(placed.start, placed.end, BLOCK):
        end = min(start + BLOCK, placed.end)
        block = _looped(sound, start - placed.start, end - start, seam)
        block *= np.interp(np.arange(start, end), times, gains).astype(np.float32) * np.float32(
            amplitude(bed.gain_db)
        )
        tape.mix(start, block)


def _looped(sound: DiskBuffer, position: int, size: int, seam: int) -> np.ndarray:
    """`size` samples of the endless sound from `position` on; its end fades into its beginning."""
    if position + size <= sound.size - seam:
        return sound.read(position, position + size)
    period = sound.size - seam
    pieces = []
    rise = np.linspace(0, 1, seam, dtype=np.float32)
    while size > 0:
        phase = position % period
        piece = sound.read(phase, min(period, phase + size))
        if position >= period and phase < seam:  # not in the first round, which nothing comes before
            into = slice(phase, min(seam, phase + piece.size))
            tail = sound.read(period + into.start, period + into.stop)
            head = piece[: tail.size]
            piece[: tail.size] = head * np.sqrt(rise[into]) + tail * np.sqrt(1 - rise[into])
        pieces.append(piece)
        position, size = position + piece.size, size - piece.size
    return np.concatenate(pieces)


def _envelope(placed: PlacedBed, speech: np.ndarray, rate: int) -> tuple[np.ndarray, np.ndarray]:
    """Break points (sample, gain) of a bed: down to `duck_db` around speech, to nothing at its ends."""
    duck = amplitude(placed.bed.duck_db)
    attack, release = ATTACK_SECONDS * rate, RELEASE_SECONDS * rate
    near = speech[(speech[:, 1] + release > placed.start) & (speech[:, 0] - attack < placed.end)]
    times = np.stack([near[:, 0] - attack, near[:, 0], near[:, 1], near[:, 1] + release], axis=1).ravel()
    gains = np.tile([1.0, duck, duck, 1.0], len(near))
    fade = max(1, min(placed.bed.fade_seconds * rate, (placed.end - placed.start) / 2))
    edges = np.array([placed.start, placed.start + fade, placed.end - fade, placed.end], dtype=float)
    every = np.unique(np.concatenate([times, edges]))
    every = every[(every >= placed.start) & (every <= placed.end)]
    level = np.interp(every, times, gains) if len(near) else np.ones(every.size)
    return every, level * np.interp(every, edges, [0, 1, 1, 0])


def _speech(layout: Layout, rate: int) -> np.ndarray:
    """`[stretches, 2]`: first and last sample of every stretch of speech, short pauses in it included."""
    spans = np.array([line.samples(rate) for line in layout.lines], dtype=float).reshape(-1, 2)
    if not len(spans):
        return spans
    breaks = np.flatnonzero(spans[1:, 0] - spans[:-1, 1] > SHORT_PAUSE_SECONDS * rate)
    first, last = np.concatenate([[0], breaks + 1]), np.concatenate([breaks, [len(spans) - 1]])
    return np.stack([spans[first, 0], spans[last, 1]], axis=1)
