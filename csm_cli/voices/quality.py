"""The quality of a recording as a reference: its figures, and remedies for the bad ones."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from csm_cli.voices.speech_detection import SILENCE_DB, STEP_SECONDS, modulation, voice_activity

FRAME_SECONDS = 0.02
LOUD = 0.6  # quantile of the frames' peaks above which one is loud
SQUARE = 0.18
"""Five clean voices: `squareness` up to 0.06, strongly compressed 0.14; driven threefold over the limit and
saved as MP3, 0.13 to 0.32, twelvefold 0.43 to 0.55."""


def clipped_share(audio: np.ndarray) -> float:
    """Share of samples that stand, three and more in a row, within 0.1 % of the highest or lowest value.

    A float recording beyond full scale is clipped only where it is flat: it can be turned down.
    """
    if not audio.size:
        return 0.0
    top, bottom = float(audio.max()), float(audio.min())
    flat = np.zeros(audio.size, dtype=bool)
    for edge in (top, bottom):
        if abs(edge) > 0.05:
            flat |= np.abs(audio - edge) <= 0.001 * abs(edge)
    inner = flat[1:-1] & flat[2:] & flat[:-2]
    return float((inner.sum() + 2 * (np.diff(inner.astype(np.int8)) == 1).sum()) / audio.size)


def squareness(audio: np.ndarray, rate: int) -> float:
    """Share of the samples of loud frames (20 ms) that lie within a fifth of their frame's peak.

    What was overdriven is no longer flat once it was coded, resampled or turned down, but stays square.
    """
    size = round(FRAME_SECONDS * rate)
    frames = np.abs(audio[: audio.size // size * size].reshape(-1, size))
    peaks = frames.max(axis=1, initial=0.0)
    if not peaks.any():
        return 0.0
    loud = peaks >= np.quantile(peaks, LOUD)
    return float((frames[loud] > 0.8 * peaks[loud, None]).mean())


FRAMES_PER_SECOND = 12.5
POSITIONS = 2048
CHARACTERS_PER_TOKEN = 4  # English in the model's tokenizer, roughly

GOOD_SECONDS = (5.0, 20.0)
QUIET_DB = -40.0  # speech softer than this was recorded too low
NOISY_DB = 20.0  # speech to noise
CLIPPED_SHARE = 1e-4
ROOM_SECONDS = 0.45
LITTLE_SPEECH = 0.6
NARROW_RATE = 16_000
AGREEMENT = 0.6  # pocketsphinx recognises 0.63 and more of a clean synthetic voice

SLOPE_STEPS, SLOPE_PERCENTILE = 15, 3


@dataclass(frozen=True)
class Quality:
    """Figures of a clip as it came, before its level was set; those of its speech after the edges were cut.

    Attributes:
        seconds: length of the clip that is kept.
        source_seconds: length of the recording it was taken from.
        source_rate: Hz, of the recording; None if unknown.
        level_db: dBFS RMS while somebody speaks.
        noise_db: dBFS RMS of the softest twentieth.
        clipped: share of samples that stand at the limit together with their neighbours.
        squared: share of a loud wave that lies near its top, from `squareness`.
        reverberation: seconds that sound takes to fall by 60 dB, about; None if no fall was found.
        speech_share: share of the time in which somebody speaks.
        agreement: share of the transcript's words that a recogniser found; None without one.
        positions: of the model's context that the clip takes, about.
        doubtful: it may be music, or speech in much noise.
    """

    seconds: float
    source_seconds: float
    source_rate: int | None
    level_db: float
    noise_db: float
    clipped: float
    reverberation: float | None
    speech_share: float
    squared: float = 0.0
    positions: int = 0
    agreement: float | None = None
    doubtful: bool = False

    @property
    def speech_to_noise_db(self) -> float:
        """How far speech stands above the noise, dB."""
        return self.level_db - self.noise_db

    def as_dict(self) -> dict[str, Any]:
        """The figures as plain values, rounded, for JSON."""
        values = asdict(self) | {"speech_to_noise_db": self.speech_to_noise_db}
        return {key: round(value, 4) if isinstance(value, float) else value for key, value in values.items()}

    def rows(self) -> list[tuple[str, str]]:
        """The report: (what, figure) a line."""
        noise = "none" if self.noise_db <= SILENCE_DB + 1 else f"{self.noise_db:.0f} dBFS"
        share = 100 * self.positions / POSITIONS
        cut = f", of {self.source_seconds:.1f} s" if self.source_seconds > self.seconds + 1 else ""
        rows = [
            ("length", f"{self.seconds:.1f} s{cut}"),
            ("level", f"{self.level_db:.0f} dBFS while speaking"),
            (
                "noise",
                noise if noise == "none" else f"{noise}, {self.speech_to_noise_db:.0f} dB under speech",
            ),
            ("clipping", self._clipping()),
            ("echo", "not measured" if self.reverberation is None else f"about {self.reverberation:.1f} s"),
            ("speech", f"{self.speech_share:.0%} of the time"),
            ("context", f"about {self.positions} of {POSITIONS} positions ({share:.0f} %)"),
        ]
        if self.agreement is not None:
            rows.insert(-1, ("transcript", f"{self.agreement:.0%} of its words were recognised"))
        return rows

    def _clipping(self) -> str:
        if self.clipped:
            return f"{self.clipped:.2%} of samples"
        return "the waves are squared off" if self.squared > SQUARE else "none"

    def warnings(self) -> list[str]:
        """What is doubtful, each with what to do about it."""
        found = []
        if self.seconds < GOOD_SECONDS[0]:
            found.append(f"only {self.seconds:.1f} s long; 5 to 15 s make a steadier voice")
        if self.seconds > GOOD_SECONDS[1]:
            found.append(
                f"{self.seconds:.0f} s long: every line pays for it; shorten it with --seconds 15 or --pick"
            )
        if self.level_db < QUIET_DB:
            found.append(
                "recorded very low and made louder, its noise with it; record nearer to the microphone"
            )
        if self.clipped > CLIPPED_SHARE:
            found.append("overdriven; record again with less gain, or give another stretch")
        elif self.squared > SQUARE:
            found.append(
                "overdriven before it was saved so; record again with less gain, or give another stretch"
            )
        if self.speech_to_noise_db < NOISY_DB:
            found.append(
                f"noisy ({self.speech_to_noise_db:.0f} dB under the speech), and so every line will be; "
                "record in a quiet room or clean it first"
            )
        if self.reverberation is not None and self.reverberation >= ROOM_SECONDS:
            found.append(
                f"the room is heard (echo of about {self.reverberation:.1f} s), and will be in every line; "
                "record nearer to the microphone, among soft furniture"
            )
        if self.speech_share < LITTLE_SPEECH:
            found.append(f"only {self.speech_share:.0%} of it is speech; cut the long pauses out")
        if self.source_rate is not None and self.source_rate < NARROW_RATE:
            found.append(
                f"sampled at {self.source_rate} Hz: the voice will sound muffled; find a better copy"
            )
        if self.agreement is not None and self.agreement < AGREEMENT:
            found.append(
                f"only {self.agreement:.0%} of the transcript's words were recognised; "
                "listen, and compare it word for word"
            )
        if self.doubtful:
            found.append("hardly a pause in it: if there is music or loud noise, give a stretch without")
        return found


def measure(
    audio: np.ndarray,
    rate: int,
    *,
    clipped: float,
    source_seconds: float | None = None,
    source_rate: int | None = None,
) -> Quality:
    """Measures a clip, float `[samples]` of at least 0.2 s, without a constant offset.

    Args:
        clipped: from `clipped_share`, taken before anything was done to the samples.
    """
    loud = voice_activity(audio, rate)
    seconds = audio.size / rate
    return Quality(
        seconds=seconds,
        source_seconds=seconds if source_seconds is None else source_seconds,
        source_rate=source_rate,
        level_db=loud.speech_db,
        noise_db=loud.noise_db,
        clipped=clipped,
        squared=squareness(audio, rate),
        reverberation=reverberation(audio, rate),
        speech_share=loud.speech_share,
        doubtful=modulation(audio, rate).is_doubtful,
    )


def reverberation(audio: np.ndarray, rate: int) -> float | None:
    """Seconds in which sound dies away by 60 dB, about, from the steepest falls of the level between words.

    In a room nothing can fall faster than the room lets it. For simulated echoes (five voices, exponential
    decay) it gives 0.2 s for a dry clip, 0.3 to 0.35 for 0.3 s, 0.45 to 0.6 for 0.6 s, 0.6 to 0.8 for 1 s,
    and too little, 0.9 to 1.3, for 2 s: it separates a studio from a kitchen, but does not measure a kitchen.
    """
    spectrum = np.fft.rfft(audio.astype(np.float64))
    frequencies = np.fft.rfftfreq(audio.size, 1 / rate)
    spectrum[(frequencies < 300) | (frequencies > 4000)] = 0
    levels = voice_activity(np.fft.irfft(spectrum, audio.size), rate).levels
    if levels.size < 10 * SLOPE_STEPS:
        return None
    peak = float(np.percentile(levels, 98))
    levels = np.maximum(levels, peak - 45)
    places = np.arange(SLOPE_STEPS) - (SLOPE_STEPS - 1) / 2
    windows = np.lib.stride_tricks.sliding_window_view(levels, SLOPE_STEPS)
    slopes = (windows @ places) / (places @ places) / STEP_SECONDS
    steepest = float(np.percentile(slopes[windows[:, 0] > peak - 25], SLOPE_PERCENTILE))
    return -60 / steepest if steepest < -15 else None


def positions(seconds: float, text: str) -> int:
    """Positions of the context that a clip takes, about: its frames, its text, and three that frame them."""
    return round(seconds * FRAMES_PER_SECOND) + -(-len(text) // CHARACTERS_PER_TOKEN) + 6
