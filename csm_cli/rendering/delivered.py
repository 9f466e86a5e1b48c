"""The sound of a line as it is delivered: its parts joined, long silences cut, at its speed, marked."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from csm_cli.audio.tempo import change_tempo
from csm_cli.audio.timeline import Spoken
from csm_cli.audio.trim import FADE_SECONDS, MARGIN_SECONDS, cap_gaps, long_gaps, speech_bounds, trim
from csm_cli.audio.word_times import Span, WordTime
from csm_cli.rendering.line import SpokenLine
from csm_cli.rendering.words import part_times, written_times
from csm_cli.takes import Part, TakeStore

PART_GAP_SECONDS = 0.2
"""Between the parts of a line that was split: the breath between two sentences."""

Watermark = Callable[[np.ndarray, int], np.ndarray]
"""Gives a sound, float32 `[samples]` at a rate in Hz, back with a watermark in it."""


def delivered(
    store: TakeStore, line: SpokenLine, watermark: Watermark | None = None, *, words: bool = False
) -> Spoken:
    """The sound of a line that has a take, ready to be mixed.

    Args:
        store: where its take is.
        watermark: is put into it; None: none.
        words: find when each word is spoken.

    Raises:
        CsmError: the take is damaged or gone.
    """
    take, written = line.take, line.planned.line
    assert take is not None
    spoken = [(part, audio) for part, audio in zip(take.parts, store.audio(take), strict=True) if audio.size]
    joined = join_parts([audio for _, audio in spoken], take.rate)
    sound = cap_gaps(joined, take.rate)
    times = _written_times(line, spoken, joined, take.rate) if words else ()
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
        words=times,
    )


def join_parts(parts: list[np.ndarray], rate: int) -> np.ndarray:
    """The parts of one line as one sound; a line in one part is left as it is."""
    if len(parts) < 2:
        return parts[0] if parts else np.zeros(0, dtype=np.float32)
    breath = np.zeros(round(PART_GAP_SECONDS * rate), dtype=np.float32)
    joined = [piece for part in parts for piece in (breath, trim(part, rate))]
    return np.concatenate(joined[1:])


def _written_times(
    line: SpokenLine, spoken: Sequence[tuple[Part, np.ndarray]], joined: np.ndarray, rate: int
) -> tuple[WordTime, ...]:
    """When the words of a line are spoken, in seconds of its delivered sound.

    Args:
        spoken: its parts with their sounds.
        joined: those, one after the other, before long silences are cut.
    """
    words: list[tuple[str, Span]] = []
    begin = 0.0  # of the part, as `join_parts` has trimmed it
    for part, audio in spoken:
        origin = begin
        if len(spoken) > 1:
            margin = round(MARGIN_SECONDS * rate)
            origin -= max(0, speech_bounds(audio, rate)[0] - margin) / rate
            begin += trim(audio, rate).size / rate + PART_GAP_SECONDS
        words += [
            (word, (start + origin, end + origin)) for word, (start, end) in part_times(part, audio, rate)
        ]
    cuts = [(first / rate, last / rate) for first, last in long_gaps(joined, rate)]
    speed = line.planned.line.speed

    def delivered_at(time: float) -> float:
        less = sum(min(max(0.0, time - first), last - first + FADE_SECONDS) for first, last in cuts)
        return max(0.0, time - less) / speed

    silent = [(at, at + len(text)) for _, text, at in line.planned.cues]
    timed = [(word, (delivered_at(start), delivered_at(end))) for word, (start, end) in words]
    return written_times(line.planned.line.text, timed, silent)
