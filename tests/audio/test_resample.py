"""The resampler against analytic sines: what should pass does, exactly; what should not is gone."""

from __future__ import annotations

import numpy as np
import pytest

from csm_cli.audio.resample import resample

INNER = slice(1200, -1200)  # the kernel needs sound on either side of a sample


def sine(hertz: float, rate: int, seconds: float = 0.6) -> np.ndarray:
    return np.sin(2 * np.pi * hertz * np.arange(int(seconds * rate)) / rate)


def power_db(audio: np.ndarray) -> float:
    return float(10 * np.log10(np.mean(np.square(audio, dtype=np.float64))))


@pytest.mark.parametrize("source", [8000, 11025, 16000, 22050, 32000, 44100, 48000, 96000])
@pytest.mark.parametrize("hertz", [60.0, 997.0, 3400.0])
def test_a_sine_stays_that_sine(source: int, hertz: float) -> None:
    result = resample(sine(hertz, source), source, 24000)
    expected = sine(hertz, 24000, len(result) / 24000 + 1e-9)[: len(result)]
    noise = (result - expected)[INNER]
    assert power_db(expected[INNER]) - power_db(noise) > 80


@pytest.mark.parametrize("source", [32000, 44100, 48000])
@pytest.mark.parametrize("hertz", [12050.0, 13000.0, 15500.0])
def test_what_would_alias_is_removed(source: int, hertz: float) -> None:
    result = resample(sine(hertz, source), source, 24000)
    assert power_db(result[INNER]) < power_db(sine(hertz, source)) - 70


def test_going_up_leaves_no_images() -> None:
    result = resample(sine(3000, 8000), 8000, 24000)[INNER]
    spectrum = np.abs(np.fft.rfft(result * np.hanning(result.size)))
    hertz = np.fft.rfftfreq(result.size, 1 / 24000)
    assert 20 * np.log10(spectrum[hertz > 4000].max() / spectrum.max()) < -80


def test_a_constant_stays_constant() -> None:
    result = resample(np.full(4800, 0.5, np.float32), 44100, 24000)
    assert np.allclose(result[200:-200], 0.5, atol=1e-6)


@pytest.mark.parametrize("size", [0, 1, 2, 7, 441])
@pytest.mark.parametrize(
    ("source", "target"), [(44100, 24000), (8000, 24000), (24000, 44100), (11127, 24000)]
)
def test_length(size: int, source: int, target: int) -> None:
    result = resample(np.ones(size, np.float32), source, target)
    assert result.dtype == np.float32
    assert result.size == -(-size * target // source)


def test_blocks_do_not_show(monkeypatch: pytest.MonkeyPatch) -> None:
    audio = np.random.default_rng(0).standard_normal(9000).astype(np.float32)
    whole = resample(audio, 48000, 24000)
    monkeypatch.setattr("csm_cli.audio.resample.BLOCK", 5000)
    assert np.allclose(resample(audio, 48000, 24000), whole, atol=1e-6)
