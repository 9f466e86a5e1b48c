"""Another tempo at the same pitch: lengths, pitch, edges and silence, on tones and on a voice."""

from __future__ import annotations

import time

import numpy as np
import pytest

from csm_cli.audio.ffmpeg import run_ffmpeg
from csm_cli.audio.files import read_audio
from csm_cli.audio.tempo import change_tempo
from csm_cli.core import PACKAGE_DIR
from csm_cli.voices.registry import VoiceRegistry

RATE = 24_000
SPEEDS = [0.5, 0.8, 0.9, 1.1, 1.25, 1.5, 2.0]
VOICES = ["heart", "bella", "michael", "george"]


def tone(pitch: float, seconds: float = 2.0, overtones: int = 1) -> np.ndarray:
    at = np.arange(round(seconds * RATE)) / RATE
    parts = [np.sin(2 * np.pi * pitch * part * at + part) / part for part in range(1, overtones + 1)]
    return (0.3 * np.sum(parts, axis=0)).astype(np.float32)


def pitch_of(sound: np.ndarray, near: float) -> float:
    """The strongest tone within 30 % of `near`, Hz."""
    spectrum = np.abs(np.fft.rfft(sound * np.hanning(sound.size), 1 << 19))
    hertz = np.fft.rfftfreq(1 << 19, 1 / RATE)
    inside = np.abs(hertz / near - 1) < 0.3
    return float(hertz[inside][np.argmax(spectrum[inside])])


def voiced(sound: np.ndarray) -> np.ndarray:
    """The fundamental, Hz, of each 40 ms that is clearly voiced, by autocorrelation; 0 elsewhere."""
    size, step = 960, 240
    shortest, longest = RATE // 400, RATE // 60
    window = np.hanning(size)
    shape = np.fft.irfft(np.abs(np.fft.rfft(window, 4096)) ** 2)[: longest + 1]
    found = []
    for start in range(0, sound.size - size, step):
        piece = sound[start : start + size]
        likeness = np.fft.irfft(np.abs(np.fft.rfft((piece - piece.mean()) * window, 4096)) ** 2)
        likeness = likeness[: longest + 1] / shape
        lag = shortest + int(np.argmax(likeness[shortest:longest]))
        clear = np.sqrt(np.mean(piece**2)) > 0.02 and likeness[lag] > 0.85 * likeness[0]
        found.append(RATE / lag if clear else 0.0)
    return np.array(found)


def reference(voice: str) -> np.ndarray:
    """Six seconds of a shipped voice."""
    path = VoiceRegistry(PACKAGE_DIR).get(voice).audio
    assert path is not None
    return read_audio(path, RATE)[: 6 * RATE]


def by_ffmpeg(sound: np.ndarray, speed: float) -> np.ndarray:
    raw = ["-f", "f32le", "-ar", str(RATE), "-ac", "1"]
    command = [*raw, "-i", "pipe:0", "-af", f"atempo={speed}", *raw, "pipe:1"]
    return np.frombuffer(run_ffmpeg(command, sound.tobytes(), where="atempo"), "<f4")


def spectrum(sound: np.ndarray) -> np.ndarray:
    """Mean power up to 8 kHz, dB."""
    frames = np.lib.stride_tricks.sliding_window_view(sound, 1024)[::256] * np.hanning(1024)
    return 10 * np.log10(np.mean(np.abs(np.fft.rfft(frames, axis=1)) ** 2, axis=0)[4:340] + 1e-12)


def test_speed_one_is_the_sound_itself():
    sound = tone(200)
    assert change_tempo(sound, RATE, 1.0) is sound


@pytest.mark.parametrize("speed", SPEEDS)
@pytest.mark.parametrize("size", [0, 1, 7, 719, 5000, 48_001])
def test_the_length_is_exact(speed, size):
    sound = tone(200)[:size] if size < 48_000 else tone(200, 3)[:size]
    changed = change_tempo(sound, RATE, speed)
    assert changed.size == round(size / speed) and changed.dtype == np.float32


@pytest.mark.parametrize("speed", SPEEDS)
@pytest.mark.parametrize("pitch", [80, 100, 150, 220, 440, 1000])
def test_the_pitch_of_a_tone_stays(speed, pitch):
    for overtones in (1, 4):
        sound = tone(pitch, overtones=overtones)
        changed = change_tempo(sound, RATE, speed)[2000:-2000]
        assert pitch_of(changed, pitch) == pytest.approx(pitch, rel=0.01)
        level = np.sqrt(np.mean(changed**2) / np.mean(sound**2))
        assert 0.98 < level < 1.02, "windows that do not fit would take from each other"
        assert np.abs(np.diff(changed)).max() < 1.1 * np.abs(np.diff(sound)).max()


@pytest.mark.parametrize("speed", SPEEDS)
@pytest.mark.parametrize("voice", VOICES)
def test_the_pitch_of_a_voice_stays(speed, voice):
    before = voiced(sound := reference(voice))
    after = voiced(change_tempo(sound, RATE, speed))
    here = np.minimum(np.round(np.arange(before.size) / speed).astype(int), after.size - 1)
    both = (before > 0) & (after[here] > 0)
    assert both.sum() > 50
    assert np.median(after[here][both] / before[both]) == pytest.approx(1, abs=0.01)


@pytest.mark.parametrize("speed", SPEEDS)
@pytest.mark.parametrize("voice", VOICES)
def test_a_voice_gets_no_clicks_and_keeps_its_colour_as_well_as_by_ffmpeg(speed, voice):
    sound = reference(voice)
    changed, usual = change_tempo(sound, RATE, speed), by_ffmpeg(sound, speed)
    assert np.abs(np.diff(changed)).max() <= 1.05 * np.abs(np.diff(sound)).max()
    assert changed.size == pytest.approx(usual.size, rel=0.01)
    far = [float(np.abs(spectrum(each) - spectrum(sound)).mean()) for each in (changed, usual)]
    assert far[0] < far[1] + 0.5


@pytest.mark.parametrize("speed", SPEEDS)
def test_silence_stays_silent_and_sounds_stay_in_their_places(speed):
    sound = np.zeros(3 * RATE, dtype=np.float32)
    assert not change_tempo(sound, RATE, speed).any()
    sound[RATE : 2 * RATE] = tone(200, 1)
    changed = change_tempo(sound, RATE, speed)
    loud = np.flatnonzero(np.abs(changed) > 0.01)
    assert loud[0] == pytest.approx(RATE / speed, abs=0.025 * RATE)
    assert loud[-1] == pytest.approx(2 * RATE / speed, abs=0.025 * RATE)
    quiet = round(0.04 * RATE)
    assert not changed[: round(RATE / speed) - quiet].any()
    assert not changed[round(2 * RATE / speed) + quiet :].any()


def test_it_is_far_faster_than_the_sound_lasts():
    sound = np.tile(reference("heart"), 5)
    started = time.process_time()
    change_tempo(sound, RATE, 0.8)
    assert sound.size / RATE > 20 * (time.process_time() - started)
