"""One chapter from its lines, pauses and sounds: placed to the sample, one after the other, in a disk buffer.

Lines are taken from an iterator and forgotten: only the times stay in memory, however long the chapter is.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from csm_cli.audio.disk_buffer import BLOCK, DiskBuffer
from csm_cli.audio.ffmpeg import audio_segment
from csm_cli.audio.files import SAMPLE_RATE, decode_to_buffer, read_audio, to_pcm16
from csm_cli.audio.level import amplitude
from csm_cli.audio.mastering import Layout, Mastering, Pauses, PlacedBed, choose_gain, mastered
from csm_cli.audio.timeline import (
    Bed,
    BedEnd,
    Gap,
    Part,
    PauseEntry,
    Sound,
    SoundEntry,
    Spoken,
    TimelineEntry,
)
from csm_cli.audio.trim import MARGIN_SECONDS, speech_bounds

if TYPE_CHECKING:
    from pydub import AudioSegment

ATTACK_SECONDS = 0.3  # before the first word
RELEASE_SECONDS = 0.8  # after the last one
SHORT_PAUSE_SECONDS = 1.5  # a bed that came up in every pause would pump
SEAM_SECONDS = 0.25


def mix_beds(buffer: DiskBuffer, layout: Layout, rate: int, folder: Path) -> None:
    """Mix the beds of a chapter into its buffer, in place.

    Args:
        folder: for the decoded beds; what is put there is removed again.

    Raises:
        MissingError, UsageError: a sound file that is not there or cannot be read.
    """
    if not layout.beds:
        return
    speech = _speech(layout, rate)
    for placed in layout.beds:
        with DiskBuffer(folder / f"{buffer.path.name}.bed") as sound:
            decode_to_buffer(placed.bed.path, rate, sound)
            _mix_bed(buffer, placed, sound, speech, rate)


def _mix_bed(buffer: DiskBuffer, placed: PlacedBed, sound: DiskBuffer, speech: np.ndarray, rate: int) -> None:
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
        buffer.mix(start, block)


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


SOUND_FADE_SECONDS = 0.01


def mix_chapter(
    parts: Iterable[Part],
    buffer: DiskBuffer,
    rate: int = SAMPLE_RATE,
    pauses: Pauses | None = None,
    *,
    chapter: int = 1,
    mastering: Mastering | None = None,
) -> Layout:
    """Writes lines, gaps and sounds to a buffer, in order. Time is linear in its length; memory is flat.

    Gaps are taken as given: two in a row add up, and lines without one between them follow at once. With
    trimming, an entry marks the speech itself; the 30 ms kept on either side of it lie within the gaps.

    Args:
        parts: in order; an iterator may render each line when it is reached.
        buffer: an empty one, which gets the chapter without its beds (see `mix_beds`).
        rate: Hz, of every line's audio and of the chapter.
        pauses: lengths by kind; None: the defaults.
        chapter: its number, noted in the entries.
        mastering: None: the defaults. No level is changed here, save a line's own `gain_db`.

    Raises:
        MissingError, UsageError: a sound file that is not there or cannot be read.
    """
    writer = _Writer(buffer, rate, pauses or Pauses(), mastering or Mastering(), chapter)
    for part in parts:
        writer.add(part)
    return writer.finish()


class _Writer:
    """The cursor that goes through a chapter."""

    def __init__(self, buffer: DiskBuffer, rate: int, pauses: Pauses, mastering: Mastering, chapter: int):
        self.buffer, self.rate, self.pauses = buffer, rate, pauses
        self.mastering, self.chapter = mastering, chapter
        self.lines: list[TimelineEntry] = []
        self.gaps: list[PauseEntry] = []
        self.sounds: list[SoundEntry] = []
        self.beds: list[PlacedBed] = []
        self.open: tuple[Bed, int] | None = None
        self.reach = 0  # how far the sounds go that run on under the speech
        self.cursor = 0
        self._pause("head", pauses.head)

    def add(self, part: Part) -> None:
        if isinstance(part, Spoken):
            self._line(part)
        elif isinstance(part, Gap):
            self._pause(part.kind, self.pauses.seconds(part))
        elif isinstance(part, Sound):
            self._sound(part)
        else:
            self._end_bed()
            self.open = None if isinstance(part, BedEnd) else (part, self.cursor)

    def finish(self) -> Layout:
        self._pause("tail", self.pauses.tail)
        self.cursor = max(self.cursor, self.reach)
        self._end_bed()
        self.buffer.resize(self.cursor)  # the margin after the last line may have gone beyond the end
        everything = tuple(self.lines), tuple(self.gaps), tuple(self.sounds), tuple(self.beds)
        return Layout(self.cursor, *everything)

    def _pause(self, kind: str, seconds: float) -> None:
        start, self.cursor = self.cursor, self.cursor + round(seconds * self.rate)
        self.gaps.append(PauseEntry(kind, self._seconds(start), self._seconds(self.cursor)))

    def _line(self, line: Spoken) -> None:
        audio, margin = line.audio, round(MARGIN_SECONDS * self.rate)
        start, end = 0, audio.size
        if self.mastering.trim:
            start, end = line.bounds or speech_bounds(audio, self.rate)
        lead = min(start, margin, self.cursor)  # a chapter without a head has no room for the first margin
        sound = faded(audio[start - lead : end + margin], round(self.mastering.fade_seconds * self.rate))
        self.buffer.mix(self.cursor - lead, sound * np.float32(amplitude(line.gain_db)))
        times = {"start": self.cursor, "end": self.cursor + end - start}
        self.lines.append(TimelineEntry.at(line, chapter=self.chapter, rate=self.rate, first=start, **times))
        self.cursor = times["end"]

    def _sound(self, sound: Sound) -> None:
        if sound.under:  # a bed that is as long as its file, and ducks like one
            size = read_audio(sound.path, self.rate).size
            bed = Bed(sound.path, sound.gain_db, fade_seconds=SOUND_FADE_SECONDS)
            self.beds.append(PlacedBed(bed, self.cursor, self.cursor + size))
            self._note("under", bed, self.cursor, self.cursor + size)
            self.reach = max(self.reach, self.cursor + size)
            return
        audio = faded(read_audio(sound.path, self.rate), round(SOUND_FADE_SECONDS * self.rate))
        self.buffer.mix(self.cursor, audio * np.float32(amplitude(sound.gain_db)))
        self._note("sound", sound, self.cursor, self.cursor + audio.size)
        self.cursor += audio.size

    def _end_bed(self) -> None:
        if self.open and self.open[1] < self.cursor:
            bed, start = self.open
            self.beds.append(PlacedBed(bed, start, self.cursor))
            self._note("bed", bed, start, self.cursor)
        self.open = None

    def _note(self, kind: str, sound: Sound | Bed, start: int, end: int) -> None:
        times = self._seconds(start), self._seconds(end)
        self.sounds.append(SoundEntry(kind, str(sound.path), sound.gain_db, *times))

    def _seconds(self, sample: int) -> float:
        return round(sample / self.rate, 6)


def stitch_chapter(
    parts: Iterable[Part],
    rate: int = SAMPLE_RATE,
    pauses: Pauses | None = None,
    *,
    chapter: int = 1,
    mastering: Mastering | None = None,
) -> tuple[AudioSegment, list[TimelineEntry]]:
    """A whole chapter, levelled, as one pydub segment: for what fits into memory, such as a few lines.

    Args:
        parts, rate, pauses, chapter, mastering: as for `mix_chapter`.

    Returns:
        (pydub segment: 16 bit, mono, `rate`; one entry for each line, exact to the sample).
    """

    mastering = mastering or Mastering()
    with (
        tempfile.TemporaryDirectory(prefix="csm-") as folder,
        DiskBuffer(Path(folder) / "chapter") as buffer,
    ):
        layout = mix_chapter(parts, buffer, rate, pauses, chapter=chapter, mastering=mastering)
        mix_beds(buffer, layout, rate, Path(folder))
        gain = choose_gain([buffer], rate, mastering)
        data = b"".join(to_pcm16(block).tobytes() for block in mastered(buffer, rate, mastering, gain))
    segment = audio_segment()(data=data, sample_width=2, frame_rate=rate, channels=1)
    return segment, list(layout.lines)


def faded(audio: np.ndarray, fade: int) -> np.ndarray:
    """A float32 copy with raised-cosine edges of `fade` samples, or half the line where it is shorter."""
    audio = np.array(audio, dtype=np.float32)
    fade = min(fade, audio.size // 2)
    if fade:
        ramp = (0.5 - 0.5 * np.cos(np.pi * (np.arange(fade) + 0.5) / fade)).astype(np.float32)
        audio[:fade] *= ramp
        audio[-fade:] *= ramp[::-1]
    return audio
