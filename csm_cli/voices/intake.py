"""From a recording to a reference clip: mono at 24 kHz, cut to length, edges trimmed, level set, measured."""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path

import numpy as np

from csm_cli.audio.files import SAMPLE_RATE, audio_seconds
from csm_cli.audio.level import amplitude
from csm_cli.audio.recording import read_recording
from csm_cli.audio.resample import resample
from csm_cli.core.errors import UsageError
from csm_cli.voices.quality import SQUARE, Quality, clipped_share, measure, squareness
from csm_cli.voices.speech_detection import (
    SILENCE_DB,
    STEP_SECONDS,
    VoiceActivity,
    modulation,
    voice_activity,
)

PAUSE_SECONDS = 0.2
PICK_SECONDS = (5.0, 15.0)
NOISE_PERCENTILE = 10
PHRASE_SECONDS = 0.5


def cut_at_pause(audio: np.ndarray, rate: int, seconds: float) -> tuple[int, bool]:
    """Where to end a clip of at most `seconds`: within the last pause that leaves at least a third of them.

    Returns:
        (samples, whether there was a pause; else it is the softest place of the last third).
    """
    loud = voice_activity(audio, rate)
    latest, earliest = seconds / STEP_SECONDS, seconds / STEP_SECONDS / 3
    middles = [(first + last) // 2 for first, last in loud.pauses(PAUSE_SECONDS)]
    if fitting := [middle for middle in middles if earliest <= middle <= latest]:
        return _sample(fitting[-1], rate), True
    start, end = int(latest * 2 / 3), max(int(latest), 1)
    return _sample(start + int(np.argmin(loud.levels[start:end])), rate), False


def best_stretch(audio: np.ndarray, rate: int, seconds: float) -> tuple[int, int]:
    """The stretch from pause to pause, of 5 to 15 s and at most `seconds`, that makes the best reference.

    Best is: far above the noise, not overdriven, of even level, with few pauses, and rather longer.

    Returns:
        (first, one past the last) sample; all of it if it is short enough or has no pauses.
    """
    shortest, longest = min(PICK_SECONDS[0], seconds), min(PICK_SECONDS[1], seconds)
    if audio.size <= longest * rate:
        return 0, audio.size
    loud = voice_activity(audio, rate)
    first, last = loud.bounds()
    cuts = sorted({first, last, *((a + b) // 2 for a, b in loud.pauses(PAUSE_SECONDS))})
    stretches = [
        (start, end)
        for place, start in enumerate(cuts)
        for end in cuts[place + 1 :]
        if shortest <= (end - start) * STEP_SECONDS <= longest
    ]
    if not stretches:  # nobody pauses for that long: to the softest place
        end = max(first + 1, min(last, first + int(longest / STEP_SECONDS)))
        softest = first + int(np.argmin(loud.levels[first:end][-100:])) + max(0, end - first - 100)
        return _sample(first, rate), _sample(softest, rate)
    overdriven = _clipped_before(audio, rate, cuts)
    start, end = max(stretches, key=lambda each: _worth(loud, overdriven, *each))
    return _sample(start, rate), _sample(end, rate)


def _worth(loud: VoiceActivity, overdriven: dict[int, float], start: int, end: int) -> float:
    levels, active = loud.levels[start:end], loud.active[start:end]
    spoken = levels[active]
    if not spoken.size:
        return -np.inf
    # Digital silence, as a noise gate leaves it between words, does not show the noise under them.
    sounding = levels[levels > SILENCE_DB + 1]
    noise = float(np.percentile(sounding, NOISE_PERCENTILE))
    above = min(60.0, float(np.mean(spoken)) - noise)
    unevenness = float(np.std(_phrase_levels(levels, active)))
    fullness = float(active.mean())
    clipped = overdriven[end] - overdriven[start]
    return above - 2 * unevenness + 20 * fullness - 40 * min(1.0, clipped) + (end - start) * STEP_SECONDS


def _phrase_levels(levels: np.ndarray, active: np.ndarray) -> np.ndarray:
    """The level of each half second of speech, by its loudest steps: noise does not even it out."""
    size = round(PHRASE_SECONDS / STEP_SECONDS)
    whole = max(1, levels.size // size)
    parts = zip(np.array_split(levels, whole), np.array_split(active, whole), strict=True)
    return np.array([np.percentile(part, 90) for part, speaks in parts if speaks.mean() > 0.5] or [0.0])


def _clipped_before(audio: np.ndarray, rate: int, cuts: list[int]) -> dict[int, float]:
    """For each cut, how much before it is overdriven: thousandths of a second; a square part counts 1."""
    total, found = 0.0, {cuts[0]: 0.0}
    for start, end in pairwise(cuts):
        part = audio[_sample(start, rate) : _sample(end, rate)]
        if np.abs(part).max(initial=0.0) >= 0.99 * np.abs(audio).max():
            total += clipped_share(part) * (end - start) * STEP_SECONDS * 1000
        if squareness(part, rate) > SQUARE:
            total += 1
        found[end] = total
    return found


def _sample(step: int, rate: int) -> int:
    return step * max(1, round(STEP_SECONDS * rate))


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
        notes: for its owner, on what was done to it, one line each.
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
    """Warnings about a clip for its owner, one line each that names the recording."""
    return [*clip.notes, *(f"{clip.source}: {warning}" for warning in clip.quality.warnings())]


def agreeing(clip: Clip, agreement: float) -> Clip:
    """The clip, with the share of its transcript's words that a recogniser found."""
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
    if not modulation(audio, SAMPLE_RATE).is_speech:
        raise UsageError(
            "no speech can be told from the rest: it sounds like music, a tone or noise throughout",
            where=where,
            remedy="give a stretch in which one person speaks, without music",
        )


def _spoken(raw: np.ndarray, rate: int, begin: int, end: int) -> tuple[int, int]:
    """(first, one past the last) sample of the speech between two places, with a margin, within them."""
    part = raw[begin:end]
    first, last = voice_activity(part - np.float32(part.mean(dtype=np.float64)), rate).bounds()
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
