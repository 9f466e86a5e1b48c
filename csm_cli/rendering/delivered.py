"""The sound of a line as it is delivered: its parts joined, long silences cut, at its speed, marked."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from csm_cli.audio.tempo import change_tempo
from csm_cli.audio.timeline import Spoken
from csm_cli.audio.trim import cap_gaps, speech_bounds, trim
from csm_cli.rendering.line import SpokenLine
from csm_cli.takes import TakeStore

PART_GAP_SECONDS = 0.2
"""Between the parts of a line that was split: the breath between two sentences."""

Watermark = Callable[[np.ndarray, int], np.ndarray]
"""Gives a sound, float32 `[samples]` at a rate in Hz, back with a watermark in it."""


def delivered(store: TakeStore, line: SpokenLine, watermark: Watermark | None = None) -> Spoken:
    """The sound of a line that has a take, ready to be mixed.

    Args:
        store: where its take is.
        watermark: is put into it; None: none.

    Raises:
        CsmError: the take is damaged or gone.
    """
    take, written = line.take, line.planned.line
    assert take is not None
    sound = cap_gaps(join_parts([part for part in store.audio(take) if part.size], take.rate), take.rate)
    bounds = None
    if written.speed != 1:  # found in what was spoken, so that the line is exactly so much longer or shorter
        start, end = speech_bounds(sound, take.rate)
        bounds = round(start / written.speed), round(end / written.speed)
        sound = change_tempo(sound, take.rate, written.speed)
    if watermark is not None:  # last: a mark does not survive another tempo
        sound = watermark(sound, take.rate)
    return Spoken(
        line.planned.id,
        written.speaker,
        written.text,
        line.seed,
        sound,
        gain_db=written.settings.gain or 0.0,
        speed=written.speed,
        bounds=bounds,
        new_paragraph=written.new_paragraph,
        takes=(take.id,),
        cues=line.planned.cues,
    )


def join_parts(parts: list[np.ndarray], rate: int) -> np.ndarray:
    """The parts of one line as one sound; a line in one part is left as it is."""
    if len(parts) < 2:
        return parts[0] if parts else np.zeros(0, dtype=np.float32)
    breath = np.zeros(round(PART_GAP_SECONDS * rate), dtype=np.float32)
    joined = [piece for part in parts for piece in (breath, trim(part, rate))]
    return np.concatenate(joined[1:])
