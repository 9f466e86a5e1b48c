"""One chapter from its lines, pauses and sounds: placed to the sample, one after the other, on a tape.

Lines are taken from an iterator and forgotten: only the times stay in memory, however long the chapter is.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from csm_cli.audio.beds import lay_beds
from csm_cli.audio.disk_buffer import DiskBuffer
from csm_cli.audio.ffmpeg import audio_segment
from csm_cli.audio.files import SAMPLE_RATE, read_audio, to_pcm16
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

SOUND_FADE_SECONDS = 0.01


def lay_down(
    parts: Iterable[Part],
    tape: DiskBuffer,
    rate: int = SAMPLE_RATE,
    pauses: Pauses | None = None,
    *,
    chapter: int = 1,
    mastering: Mastering | None = None,
) -> Layout:
    """Puts lines, gaps and sounds on a tape, in order. Time is linear in its length; memory is flat.

    Gaps are taken as given: two in a row add up, and lines without one between them follow at once. With
    trimming, an entry marks the speech itself; the 30 ms kept on either side of it lie within the gaps.

    Args:
        parts: what is heard, in order; lines may be made as they are asked for.
        tape: empty.
        rate: Hz, of every line's audio and of the chapter.
        pauses: lengths by kind; None: the defaults.
        chapter: its number, noted in the entries.
        mastering: None: the defaults. No level is changed here, save a line's own `gain_db`.

    Raises:
        MissingError, UsageError: a sound file that is not there or cannot be read.
    """
    writer = _Writer(tape, rate, pauses or Pauses(), mastering or Mastering(), chapter)
    for part in parts:
        writer.add(part)
    return writer.finish()


class _Writer:
    """The cursor that goes through a chapter."""

    def __init__(self, tape: DiskBuffer, rate: int, pauses: Pauses, mastering: Mastering, chapter: int):
        self.tape, self.rate, self.pauses = tape, rate, pauses
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
        self.tape.resize(self.cursor)  # the margin after the last line may have gone beyond the end
        everything = tuple(self.lines), tuple(self.gaps), tuple(self.sounds), tuple(self.beds)
        return Layout(self.cursor, *everything)

    def _pause(self, kind: str, seconds: float) -> None:
        start, self.cursor = self.cursor, self.cursor + round(seconds * self.rate)
        self.gaps.append(PauseEntry(kind, self._seconds(start), self._seconds(self.cursor)))

    def _line(self, line: Spoken) -> None:
        audio, margin = line.audio, round(MARGIN_SECONDS * self.rate)
        start, end = speech_bounds(audio, self.rate) if self.mastering.trim else (0, audio.size)
        lead = min(start, margin, self.cursor)  # a chapter without a head has no room for the first margin
        heard = faded(audio[start - lead : end + margin], round(self.mastering.fade_seconds * self.rate))
        self.tape.mix(self.cursor - lead, heard * np.float32(amplitude(line.gain_db)))
        times = {"start": self.cursor, "end": self.cursor + end - start}
        self.lines.append(TimelineEntry.at(line, chapter=self.chapter, rate=self.rate, **times))
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
        self.tape.mix(self.cursor, audio * np.float32(amplitude(sound.gain_db)))
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
        parts, rate, pauses, chapter, mastering: as for `lay_down`.

    Returns:
        (pydub segment: 16 bit, mono, `rate`; one entry for each line, exact to the sample).
    """

    mastering = mastering or Mastering()
    with (
        tempfile.TemporaryDirectory(prefix="csm-") as folder,
        DiskBuffer(Path(folder) / "chapter") as tape,
    ):
        layout = lay_down(parts, tape, rate, pauses, chapter=chapter, mastering=mastering)
        lay_beds(tape, layout, rate, Path(folder))
        gain = choose_gain([tape], rate, mastering)
        data = b"".join(to_pcm16(block).tobytes() for block in mastered(tape, rate, mastering, gain))
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
