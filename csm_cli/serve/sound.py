"""From what is spoken to what is sent: silence cut, tempo, one level, room tone, peaks; block by block."""

from __future__ import annotations

import numpy as np

from csm_cli.audio.level import DEFAULT_LOUDNESS, LimitStream, Loudness, add_room_tone
from csm_cli.audio.stitch import faded
from csm_cli.audio.tempo import TempoStream, change_tempo
from csm_cli.audio.trim import TrimStream, cap_gaps, trim
from csm_cli.rendering.live import FADE_SECONDS, speech_gain

ROOM_TONE_DB = -66.0


class Shaper:
    """The sound of one request; all of it has one gain.

    Args:
        rate: Hz.
        speed: so many times the tempo.
        gain: a factor; None: what the first whole piece needs.
        loudness: that the gain aims at, and where peaks are limited.
    """

    def __init__(
        self, rate: int, speed: float, gain: float | None = None, loudness: Loudness = DEFAULT_LOUDNESS
    ):
        self._rate, self._speed, self._gain, self._loudness = rate, speed, gain, loudness
        self._limiter = LimitStream(rate, loudness.ceiling_db)
        self._position = 0

    @property
    def seconds(self) -> float:
        """Of sound so far."""
        return self._position / self._rate

    def quiet(self, seconds: float) -> np.ndarray:
        """A pause: float32 `[samples]` to be sent."""
        return self._out(np.zeros(max(0, round(seconds * self._rate)), dtype=np.float32))

    def piece(self, audio: np.ndarray) -> np.ndarray:
        """A whole piece of speech, float32 `[samples]`, as it is sent."""
        audio = cap_gaps(trim(audio, self._rate), self._rate)
        audio = faded(change_tempo(audio, self._rate, self._speed), round(FADE_SECONDS * self._rate))
        if self._gain is None:
            self._gain = speech_gain(audio, self._rate, self._loudness)
        return self._out(audio * np.float32(self._gain))

    def stream(self, loudest: float) -> PieceStream:
        """For a piece of speech that comes bit by bit; `loudest`: as for `TrimStream`."""
        return PieceStream(self, loudest)

    def finish(self) -> np.ndarray:
        """What was held back."""
        return self._limiter.finish()

    def _out(self, audio: np.ndarray) -> np.ndarray:
        add_room_tone(audio, self._rate, ROOM_TONE_DB, position=self._position)
        self._position += audio.size
        return self._limiter.feed(audio)


class PieceStream:
    """A piece of speech that comes bit by bit; `Shaper.stream` makes one."""

    def __init__(self, shaper: Shaper, loudest: float):
        self._shaper = shaper
        self._trim = TrimStream(shaper._rate, loudest, FADE_SECONDS)
        self._tempo = TempoStream(shaper._rate, shaper._speed)

    def feed(self, audio: np.ndarray) -> np.ndarray:
        """Take the next float32 `[samples]`; give what can be sent by now."""
        return self._out(self._tempo.feed(self._trim.feed(audio)))

    def finish(self) -> np.ndarray:
        """The rest of the piece."""
        rest = self._tempo.feed(self._trim.finish())
        return self._out(np.concatenate([rest, self._tempo.finish()]))

    def _out(self, audio: np.ndarray) -> np.ndarray:
        return self._shaper._out(audio * np.float32(self._shaper._gain or 1.0))
