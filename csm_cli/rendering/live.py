"""Playing a script while it is being spoken: every piece that is kept is sent on, in the script's order."""

from __future__ import annotations

import threading
from collections import defaultdict
from collections.abc import Iterator, Sequence
from contextlib import suppress

import numpy as np

from csm_cli.audio.files import read_audio
from csm_cli.audio.level import Loudness, add_room_tone, db, limit_peaks, rms, static_gain
from csm_cli.audio.mastering import Pauses
from csm_cli.audio.measure import Measured, integrated_loudness
from csm_cli.audio.sinks import Sink
from csm_cli.audio.stitch import faded
from csm_cli.audio.tempo import change_tempo
from csm_cli.audio.timeline import Gap, Sound, Spoken
from csm_cli.audio.trim import trim
from csm_cli.core.errors import CsmError
from csm_cli.rendering.assemble import arrange
from csm_cli.rendering.delivered import PART_GAP_SECONDS
from csm_cli.rendering.line import SpokenLine
from csm_cli.rendering.plan import Chain, PlannedLine
from csm_cli.rendering.progress import Progress

FADE_SECONDS = 0.015
SPEECH_ABOVE_RMS_DB = 1.0
"""By how much speech alone is louder than the chapter with its pauses, about."""


def speech_gain(audio: np.ndarray, rate: int, loudness: Loudness) -> float:
    """The factor that brings a text to its level, chosen by its first piece, float32 `[samples]`."""
    target, lufs = loudness.target, loudness.lufs is not None
    if target is None:
        return 1.0
    level = integrated_loudness([audio], rate) if lufs else db(rms(audio)) - SPEECH_ABOVE_RMS_DB
    return static_gain(level, float(np.abs(audio).max(initial=0)), target, loudness.ceiling_db)


class LiveSound(Progress):
    """Plays what is kept, in a thread of its own, and hands everything on to another progress.

    Nothing that is played is taken back: only pieces that passed their checks, or the best of all tries, are
    sent on. The level is set once, by the first of them. Beds, and sounds under speech, are left out. Where
    the reader of a stream goes away, the speaking ends with a BrokenPipeError, after the line being spoken.

    Args:
        inner: the other one.
        sink: where the sound goes; closed at the end.
        rate: Hz.
        loudness, pauses, room_tone_db: as for the files.
    """

    listening = True

    def __init__(
        self,
        inner: Progress,
        sink: Sink,
        rate: int,
        loudness: Loudness,
        pauses: Pauses | None = None,
        room_tone_db: float | None = -66.0,
    ):
        self._inner, self._sink, self._rate = inner, sink, rate
        self._loudness, self._pauses, self._room_tone_db = loudness, pauses or Pauses(), room_tone_db
        self._pieces: dict[PlannedLine, list[np.ndarray]] = defaultdict(list)
        self._settled: set[PlannedLine] = set()
        self._changed = threading.Condition()
        self._over = False
        self._gain: float | None = None
        self._position = 0
        self._fault: BaseException | None = None
        self._thread: threading.Thread | None = None

    def start(self, chains: Sequence[Chain]) -> None:
        self._inner.start(chains)
        self._thread = threading.Thread(target=self._run, args=(chains,), daemon=True)
        self._thread.start()

    def sound(self, planned: PlannedLine, audio: np.ndarray) -> None:
        with self._changed:
            self._pieces[planned].append(audio)
            self._changed.notify()

    def line(self, line: SpokenLine) -> None:
        with self._changed:
            self._settled.add(line.planned)
            self._changed.notify()
        self._inner.line(line)
        if self._sink.gone:  # what is spoken is kept; to speak a book for nobody would take hours
            raise BrokenPipeError

    def chapter(self, chain: Chain, seconds: float, files: Sequence[Measured]) -> None:
        self._inner.chapter(chain, seconds, files)

    def book(self, files: Sequence[Measured], notes: Sequence[str]) -> None:
        self._inner.book(files, notes)

    def finish(self) -> None:
        """Until everything has been played.

        Raises:
            CsmError: a sound could not be read, the device is gone.
        """
        if self._thread:
            self._thread.join()
        if isinstance(self._fault, CsmError):
            raise self._fault
        if self._fault is not None:
            raise CsmError(f"the sound broke off ({self._fault})") from self._fault

    def close(self) -> None:
        """Broken off, or finished: nothing more is sent on."""
        with self._changed:
            self._over = True
            self._changed.notify()
        if self._thread:
            self._thread.join(timeout=2)
        with suppress(Exception):
            self._sink.close()

    def _run(self, chains: Sequence[Chain]) -> None:
        try:
            self._quiet(self._pauses.head)
            for number, chain in enumerate(chains):
                if number:
                    self._quiet(self._pauses.tail + self._pauses.head)
                self._play(chain)
            self._quiet(self._pauses.tail)
        except _Over:
            pass
        except Exception as error:  # raised by `finish`, in the main thread
            self._fault = error

    def _play(self, chain: Chain) -> None:
        planned = {line.line.id: line for line in chain.lines if line.parts}

        def named(line) -> Spoken:
            return Spoken(line.id, line.speaker, line.text, 0, np.zeros(0, np.float32))

        for part in arrange(chain.chapter, planned, named):
            if isinstance(part, Gap):
                self._quiet(self._pauses.seconds(part))
            elif isinstance(part, Sound) and not part.under:
                self._send(read_audio(part.path, self._rate) * np.float32(10 ** (part.gain_db / 20)))
            elif isinstance(part, Spoken):
                line = planned[part.line_id]
                for number, piece in enumerate(self._wait(line)):
                    if number:
                        self._quiet(PART_GAP_SECONDS / line.line.speed)
                    self._speak(piece, line.line.speed)

    def _wait(self, planned: PlannedLine) -> Iterator[np.ndarray]:
        """The pieces of a line as they come, until it is settled."""
        number = 0
        while True:
            with self._changed:
                while (
                    number == len(self._pieces[planned]) and planned not in self._settled and not self._over
                ):
                    self._changed.wait()
                if self._over:
                    raise _Over
                if number == len(self._pieces[planned]):
                    del self._pieces[planned]
                    return
                piece = self._pieces[planned][number]
            number += 1
            if piece.size:
                yield piece

    def _speak(self, piece: np.ndarray, speed: float) -> None:
        audio = change_tempo(trim(piece, self._rate), self._rate, speed)
        audio = faded(audio, round(FADE_SECONDS * self._rate))
        if self._gain is None:
            self._gain = speech_gain(audio, self._rate, self._loudness)
        self._send(audio * np.float32(self._gain))

    def _quiet(self, seconds: float) -> None:
        self._send(np.zeros(round(seconds * self._rate), dtype=np.float32))

    def _send(self, audio: np.ndarray) -> None:
        if self._over:
            raise _Over
        if self._room_tone_db is not None:
            add_room_tone(audio, self._rate, self._room_tone_db, position=self._position)
        if (ceiling := self._loudness.ceiling_db) is not None:
            limit_peaks(audio, self._rate, ceiling)
        self._position += audio.size
        self._sink.write(audio)


class _Over(Exception):
    """Playing was broken off."""
