"""One chapter from its lines and pauses: placed to the sample, levelled once, a pydub segment."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING

import numpy as np

from csm_cli.audio.ffmpeg import audio_segment
from csm_cli.audio.files import SAMPLE_RATE, to_pcm16
from csm_cli.audio.level import TARGET_RMS_DB, chapter_gain, limit_peaks
from csm_cli.audio.timeline import Gap, Spoken, TimelineEntry
from csm_cli.audio.tone import add_tone
from csm_cli.audio.trim import MARGIN_SECONDS, speech_bounds
from csm_cli.errors import UsageError

if TYPE_CHECKING:
    from pydub import AudioSegment


@dataclass(frozen=True)
class Pauses:
    """Seconds of room tone by kind of boundary, counted from the end of speech to the start of speech."""

    line: float = 0.35  # the same speaker goes on
    speaker: float = 0.5
    paragraph: float = 0.9
    scene: float = 2.0
    chapter: float = 1.5  # after a chapter's title
    head: float = 0.5
    tail: float = 1.0

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


@dataclass(frozen=True)
class Mastering:
    """What is done to the sound of a chapter. None switches a step off.

    Attributes:
        trim: cut the model's silence at head and tail of each line; the pauses take its place.
        target_rms_db: RMS of the whole chapter, by one static gain; None: lines keep their level, no limiter.
        peak_db: highest sample, dBFS; half a dB below the audiobook limit, for an MP3 encoder to spend.
        fade_seconds: at either edge of a line.
        tone_db: RMS of the room tone.
        tone_seed: of its noise.
    """

    trim: bool = True
    target_rms_db: float | None = TARGET_RMS_DB
    peak_db: float = -3.5
    fade_seconds: float = 0.015
    tone_db: float | None = -66.0
    tone_seed: int = 0


def stitch_chapter(
    parts: Sequence[Spoken | Gap],
    rate: int = SAMPLE_RATE,
    pauses: Pauses | None = None,
    *,
    chapter: int = 1,
    mastering: Mastering | None = None,
) -> tuple[AudioSegment, list[TimelineEntry]]:
    """Puts lines and gaps together, in order. Time and memory are linear in the length of the chapter.

    Gaps are taken as given: two in a row add up, and lines without one between them follow at once. With
    trimming, an entry marks the speech itself; the 30 ms kept on either side of it lie within the gaps.

    Args:
        parts: what is heard, in order.
        rate: Hz, of every line's audio and of the chapter.
        pauses: lengths by kind; None: the defaults.
        chapter: its number, noted in the entries.
        mastering: None: the defaults.

    Returns:
        (pydub segment: 16 bit, mono, `rate`; one entry for each line, exact to the sample).
    """
    pauses, mastering = pauses or Pauses(), mastering or Mastering()
    entries: list[TimelineEntry] = []
    placed: list[tuple[int, np.ndarray]] = []  # (sample, audio) of each line with its margins
    margin = round(MARGIN_SECONDS * rate)
    cursor = round(pauses.head * rate)
    for part in parts:
        if isinstance(part, Gap):
            cursor += round(pauses.seconds(part) * rate)
            continue
        start, end = speech_bounds(part.audio, rate) if mastering.trim else (0, part.audio.size)
        lead = min(start, margin, cursor)  # a chapter without a head has no room for the first margin
        placed.append((cursor - lead, part.audio[start - lead : end + margin]))
        entries.append(
            TimelineEntry.at(part, chapter=chapter, start=cursor, end=cursor + end - start, rate=rate)
        )
        cursor += end - start

    buffer = np.zeros(cursor + round(pauses.tail * rate), dtype=np.float32)
    fade = round(mastering.fade_seconds * rate)
    for position, audio in placed:
        room = buffer[position : position + audio.size]
        room += _faded(audio, fade)[: room.size]
    _master(buffer, rate, mastering)
    data = to_pcm16(buffer).tobytes()
    return audio_segment()(data=data, sample_width=2, frame_rate=rate, channels=1), entries


def _faded(audio: np.ndarray, fade: int) -> np.ndarray:
    """A float32 copy with raised-cosine edges of `fade` samples, or half the line where it is shorter."""
    audio = np.array(audio, dtype=np.float32)
    fade = min(fade, audio.size // 2)
    if fade:
        ramp = (0.5 - 0.5 * np.cos(np.pi * (np.arange(fade) + 0.5) / fade)).astype(np.float32)
        audio[:fade] *= ramp
        audio[-fade:] *= ramp[::-1]
    return audio


def _master(buffer: np.ndarray, rate: int, mastering: Mastering) -> None:
    """Gain, then room tone, then the limiter, in place: the tone's level is absolute, the peak final."""
    if mastering.target_rms_db is not None:
        buffer *= np.float32(chapter_gain(buffer, mastering.target_rms_db, mastering.peak_db))
    if mastering.tone_db is not None:
        add_tone(buffer, rate, mastering.tone_db, mastering.tone_seed)
    if mastering.target_rms_db is not None:
        limit_peaks(buffer, rate, mastering.peak_db)
