"""From a recording to a reference clip: mono at 24 kHz, cut to length, edges trimmed, level set, measured."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from csm_cli.audio.files import SAMPLE_RATE, audio_seconds
from csm_cli.audio.level import amplitude
from csm_cli.audio.recording import read_recording
from csm_cli.audio.resample import resample
from csm_cli.core.errors import UsageError
from csm_cli.voices.picking import best_stretch, cut_at_pause
from csm_cli.voices.quality import Quality, clipped_share, measure
from csm_cli.voices.speech_detection import STEP_SECONDS, liveliness, loudness

MIN_SECONDS, MAX_SECONDS = 1.0, 30.0
LOOKED_AT_SECONDS = 600.0
"""Of a longer recording only this much is read: a day's recording costs no more than ten minutes' one."""
SILENT_DB = -50.0  # peak, dBFS
LEVEL_DB = -24.0  # RMS while speaking, dBFS: that of the shipped voices
PEAK_DB = -3.0
MARGIN_SECONDS = 0.12
FADE_SECONDS = 0.005


@dataclass(frozen=True, eq=False)
class Clip:
    """A recording made ready.

    Attributes:
        source: the file it came from.
        audio: float32 mono `[samples]` at 24 kHz.
        quality: its figures.
        shortened: whether a part of the speech was left out, so that a transcript of all of it is too long.
        notes: what was done to it that its owner should know, one line each.
    """

    source: str
    audio: np.ndarray
    quality: Quality
    shortened: bool
    notes: tuple[str, ...] = ()


def prepare(path: Path | str, *, seconds: float = MAX_SECONDS, pick: bool = False) -> Clip:
    """Makes a reference clip of a recording of any format, rate and number of channels.

    Args:
        seconds: the longest clip wanted, 1 to 30; a longer recording is cut at its last pause before that.
        pick: take the best stretch instead, of 5 to 15 s.

    Raises:
        MissingError: no such file.
        UsageError: not audio, silent, without speech, or less than a second of it.
    """
    where = str(path)
    if not MIN_SECONDS <= seconds <= MAX_SECONDS:
        raise UsageError(
            f"{seconds:g} s cannot be the length of a clip",
            where="--seconds",
            remedy=f"give {MIN_SECONDS:g} to {MAX_SECONDS:g}",
        )
    raw, rate = read_recording(path, LOOKED_AT_SECONDS)
    length = max(audio_seconds(path) or 0.0, raw.size / rate)
    notes = []
    if raw.size / rate < min(length, LOOKED_AT_SECONDS) - 1:
        notes.append(f"{where}: is damaged: {raw.size / rate:.1f} s of its {length:.1f} s can be read")
    if length > LOOKED_AT_SECONDS + 1:
        notes.append(f"{where}: only the first {LOOKED_AT_SECONDS / 60:.0f} minutes were looked at")
    # Float samples may be as large as they like, and the square of 1e30 is no number.
    if (peak := float(np.abs(raw).max())) > 1:
        raw = raw / np.float32(peak)
    _check_sound(raw, rate, where)

    begin, end = _spoken(raw, rate, 0, raw.size)
    spoken = (end - begin) / rate
    if pick:
        first, last = best_stretch(raw[begin:end], rate, seconds)
        begin, end = begin + first, begin + last
    elif spoken > seconds:
        length_kept, at_pause = cut_at_pause(raw[begin:end], rate, seconds)
        end = begin + length_kept
        if not at_pause:
            notes.append(f"{where}: there is no pause to cut it at; listen to its end")
    shortened = (end - begin) / rate < spoken - 0.05
    begin, end = _spoken(raw, rate, begin, end)

    raw = raw[begin:end]
    audio = resample((raw - raw.mean(dtype=np.float64)).astype(np.float32), rate, SAMPLE_RATE)
    _check_speech(audio, where)
    quality = measure(
        audio,
        SAMPLE_RATE,
        clipped=clipped_share(raw),
        source_seconds=length,
        source_rate=rate,
    )
    if shortened:
        notes.append(f"{where}: {quality.seconds:.1f} s of it are used, from {begin / rate:.1f} s on")
    return Clip(where, _finished(audio, quality.level_db), quality, shortened, tuple(notes))


def warnings(clip: Clip) -> list[str]:
    """What its owner should know of a clip, one line each that names the recording."""
    return [*clip.notes, *(f"{clip.source}: {warning}" for warning in clip.quality.warnings())]


def agreeing(clip: Clip, agreement: float) -> Clip:
    """The clip, with the share of its transcript's words that a recogniser heard."""
    return replace(clip, quality=replace(clip.quality, agreement=agreement))


def costing(clip: Clip, positions: int) -> Clip:
    """The clip, with the positions of the context that it takes with its transcript."""
    return replace(clip, quality=replace(clip.quality, positions=positions))


def _check_sound(raw: np.ndarray, rate: int, where: str) -> None:
    if raw.size < MIN_SECONDS * rate:
        raise UsageError(
            f"is {raw.size / rate:.2f} s long, under {MIN_SECONDS:.0f} s",
            where=where,
            remedy="give 5 to 15 s of clear speech",
        )
    swing = float(raw.max()) - float(raw.min())  # a constant offset is no sound
    if swing / 2 < amplitude(SILENT_DB):
        raise UsageError("is silent", where=where, remedy="give a clip in which somebody speaks")


def _check_speech(audio: np.ndarray, where: str) -> None:
    if audio.size < MIN_SECONDS * SAMPLE_RATE:
        raise UsageError(
            f"holds {audio.size / SAMPLE_RATE:.2f} s of speech, under {MIN_SECONDS:.0f} s",
            where=where,
            remedy="give 5 to 15 s of clear speech",
        )
    if not liveliness(audio, SAMPLE_RATE).is_speech:
        raise UsageError(
            "no speech can be told from the rest: it sounds like music, a tone or noise throughout",
            where=where,
            remedy="give a stretch in which one person speaks, without music",
        )


def _spoken(raw: np.ndarray, rate: int, begin: int, end: int) -> tuple[int, int]:
    """(first, one past the last) sample of the speech between two places, with a margin, within them."""
    part = raw[begin:end]
    first, last = loudness(part - np.float32(part.mean(dtype=np.float64)), rate).bounds()
    if first == last:
        return begin, end
    step, margin = max(1, round(STEP_SECONDS * rate)), round(MARGIN_SECONDS * rate)
    return max(begin, begin + first * step - margin), min(end, begin + last * step + margin)


def _finished(audio: np.ndarray, level_db: float) -> np.ndarray:
    """At its level, its peak kept below the limit; its edges faded in and out."""
    audio = audio - audio.mean(dtype=np.float64)
    gain = min(amplitude(LEVEL_DB - level_db), amplitude(PEAK_DB) / max(float(np.abs(audio).max()), 1e-9))
    fade = np.linspace(0, 1, round(FADE_SECONDS * SAMPLE_RATE))
    audio = audio * gain
    audio[: fade.size] *= fade
    audio[-fade.size :] *= fade[::-1]
    return audio.astype(np.float32)
