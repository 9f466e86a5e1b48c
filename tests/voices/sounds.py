"""Sounds for the tests: speech is a shipped voice's, everything else is made here."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import numpy as np
import soundfile

from csm_cli.audio.files import read_audio
from csm_cli.audio.resample import resample
from csm_cli.voices.registry import VoiceRegistry

RATE = 24_000
TEXT = (
    "The keeper climbed the stairs and lit the lamp. Far below, a small boat turned slowly toward the light."
)


@cache
def speech(name: str = "heart") -> np.ndarray:
    """6 to 7 s of a shipped voice, float32 at 24 kHz; `heart` says `TEXT`."""
    voice = VoiceRegistry(None).get(name)
    assert voice.audio is not None
    return read_audio(voice.audio)


def speech_at(rate: int) -> np.ndarray:
    """`speech()` at another rate."""
    return resample(speech(), RATE, rate)


def written(path: Path, audio: np.ndarray, rate: int = RATE, **how: str) -> Path:
    """`path`, with the sound in it."""
    soundfile.write(str(path), audio, rate, **how)
    return path


def noise(seconds: float, level: float = 0.1) -> np.ndarray:
    """White noise."""
    return np.random.default_rng(1).normal(0, level, round(seconds * RATE)).astype(np.float32)


def echoing(audio: np.ndarray, seconds: float) -> np.ndarray:
    """`audio` in a room whose sound falls by 60 dB in `seconds`."""
    count = round(seconds * RATE)
    room = np.random.default_rng(2).standard_normal(count) * 10 ** (-3 * np.arange(count) / count) * 0.05
    room[0] = 1
    size = 1 << int(np.ceil(np.log2(audio.size + count)))
    full = np.fft.irfft(np.fft.rfft(audio, size) * np.fft.rfft(room, size))
    return (full[: audio.size + count] / np.abs(full).max() * 0.5).astype(np.float32)


def note(pitch: float, seconds: float, decay: float) -> np.ndarray:
    """A note of six partials."""
    time = np.arange(round(seconds * RATE)) / RATE
    partials = (np.sin(2 * np.pi * pitch * k * time) / k for k in range(1, 7))
    return np.sum(list(partials), axis=0) * np.exp(-decay * time)


def music(kind: str, seconds: float = 6.0) -> np.ndarray:
    """`chord`: held; `tune`: notes that die away; `song`: a melody with vibrato; `hum`: one tone."""
    random = np.random.default_rng(3)
    sound = np.zeros(round(seconds * RATE))
    if kind == "chord":
        sound = np.sum([note(pitch, seconds, 0) for pitch in (220, 277, 330)], axis=0)
    elif kind == "tune":
        for place in range(0, sound.size - RATE, RATE // 4):
            sound[place : place + RATE] += note(220 * 2 ** (random.integers(0, 24) / 12), 1.0, 4)
    elif kind == "song":
        pitches = np.repeat(300 * 2 ** (random.choice([0, 2, 4, 5, 7, 9], 18) / 12), sound.size // 18)
        vibrato = 1 + 0.01 * np.sin(2 * np.pi * 5.5 * np.arange(pitches.size) / RATE)
        phase = 2 * np.pi * np.cumsum(pitches * vibrato) / RATE
        sound = np.sum([np.sin(k * phase) / k for k in range(1, 9)], axis=0)
    else:
        sound = np.sin(2 * np.pi * 220 * np.arange(sound.size) / RATE)
    return (0.3 * sound / np.abs(sound).max()).astype(np.float32)
