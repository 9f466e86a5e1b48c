"""What a guest's recordings go through."""

import numpy as np
import pytest

from recipes.demo_voice.rooms import SPEAKING_DB, Room, shifted, speaking_level, to_level
from recipes.demo_voice.teachers import RATE


def _speech() -> np.ndarray:
    """Two seconds of a tone of 200 Hz with a pause in it."""
    audio = 0.3 * np.sin(2 * np.pi * 200 * np.arange(2 * RATE) / RATE)
    audio[RATE // 2 : RATE] = 0
    return audio.astype(np.float32)


@pytest.mark.parametrize("level", [-30.0, SPEAKING_DB, -20.0])
def test_speech_is_brought_to_a_level_whatever_its_pauses(level: float) -> None:
    assert speaking_level(to_level(_speech(), level)) == pytest.approx(level, abs=0.1)


def test_silence_stays_finite() -> None:
    for samples in (0, 100, RATE):
        silence = to_level(np.zeros(samples, np.float32))
        assert len(silence) == samples
        assert not silence.any()


def test_every_room_keeps_the_length_and_is_near_the_level() -> None:
    speech = _speech()
    for seed in range(40):
        heard = Room(np.random.default_rng(seed))(speech)
        assert heard.shape == speech.shape
        assert heard.dtype == np.float32
        assert np.isfinite(heard).all()
        assert np.abs(heard).max() < 1.1
        assert speaking_level(heard) == pytest.approx(SPEAKING_DB, abs=3)


def test_a_room_is_the_same_for_all_lines_of_its_guest() -> None:
    room = Room(np.random.default_rng(7))
    assert np.array_equal(room(_speech()), room(_speech()))


def test_pitch_goes_up_as_the_sound_gets_shorter() -> None:
    high = shifted(_speech(), 1.1)
    assert len(high) == pytest.approx(2 * RATE / 1.1, abs=RATE // 50)
    spectrum = np.abs(np.fft.rfft(high))
    assert np.fft.rfftfreq(len(high), 1 / RATE)[spectrum.argmax()] == pytest.approx(220, abs=2)
