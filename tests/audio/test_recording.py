"""Recordings of speech: which channels are mixed, at which rate, and how much is read."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import soundfile

from csm_cli.audio import recording
from csm_cli.audio.ffmpeg import run_ffmpeg
from csm_cli.audio.recording import read_recording
from csm_cli.core.errors import CsmError

RATE = 24_000
LEFT, RIGHT = np.random.default_rng(3).normal(0, 0.1, (2, RATE)).astype(np.float32)


def file(path: Path, *channels: np.ndarray, rate: int = RATE) -> Path:
    soundfile.write(path, np.stack(channels, axis=1), rate, subtype="FLOAT")
    return path


@pytest.mark.parametrize(
    ("channels", "expected"),
    [
        ([LEFT], LEFT),
        ([LEFT, RIGHT], (LEFT + RIGHT) / 2),
        ([0 * LEFT, RIGHT], RIGHT),
        ([0 * LEFT + 0.5, RIGHT], RIGHT),
        ([RIGHT / 1000, 0 * LEFT, LEFT, LEFT, 0 * LEFT, 0 * LEFT], LEFT),
        ([LEFT, -LEFT], LEFT),
        ([-LEFT / 2, LEFT], LEFT),
        ([LEFT, LEFT, -LEFT, -LEFT], LEFT),
        ([0 * LEFT, 0 * LEFT], 0 * LEFT),
    ],
)
def test_channels(tmp_path: Path, channels: list[np.ndarray], expected: np.ndarray) -> None:
    audio, rate = read_recording(file(tmp_path / "a.wav", *channels), 60)
    assert rate == RATE and audio.dtype == np.float32
    assert np.allclose(audio, expected, atol=1e-6)


def test_many_blocks_are_one_recording(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(recording, "BLOCK", 1000)
    path = file(tmp_path / "a.wav", LEFT, RIGHT)
    assert np.allclose(read_recording(path, 60)[0], (LEFT + RIGHT) / 2, atol=1e-6)
    assert np.allclose(read_recording(path, 0.1)[0], ((LEFT + RIGHT) / 2)[:2400], atol=1e-6)


@pytest.mark.parametrize(("rate", "given"), [(8000, 8000), (44_100, 44_100), (96_000, 48_000)])
def test_ffmpeg_leaves_the_rate_as_it_is(tmp_path: Path, rate: int, given: int) -> None:
    source, path = file(tmp_path / "a.wav", LEFT, LEFT, rate=rate), tmp_path / "a.m4a"
    try:
        run_ffmpeg(["-i", str(source), "-c:a", "alac", str(path)], where="a.m4a")
    except CsmError as error:
        pytest.skip(f"cannot be made here: {error}")
    audio, found = read_recording(path, 60)
    assert found == given and abs(audio.size - LEFT.size * given / rate) < 100
    assert np.corrcoef(audio[:3000], LEFT[:3000])[0, 1] > 0.99 or rate != given
    assert abs(read_recording(path, 0.1)[0].size - 0.1 * given) < 0.02 * given
