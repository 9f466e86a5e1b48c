"""Codes of references: encoded once, whatever happens to the cache."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from csm_cli.audio.files import write_wav
from csm_cli.core.errors import MissingError
from csm_cli.core.files import cache_dir
from csm_cli.voices.codes import codes_path, reference_codes
from csm_cli.voices.voice import Voice


class FakeEngine:
    """Four codebooks that count the frames; keeps the sounds that it encoded."""

    def __init__(self, codec_id: str = "codec-1", sample_rate: int = 24000):
        self.codec_id, self.sample_rate = codec_id, sample_rate
        self.encoded: list[np.ndarray] = []

    def encode(self, audio: np.ndarray) -> np.ndarray:
        self.encoded.append(audio)
        return np.arange(audio.size // 1920 * 4, dtype=np.int16).reshape(-1, 4)


@pytest.fixture
def voice(tmp_path: Path) -> Voice:
    write_wav(tmp_path / "reference.wav", np.full(24000, 0.1, np.float32))
    return Voice("ann", 5, "Words.", tmp_path / "reference.wav", "", "", "user", tmp_path)


def test_encoded_once(voice: Voice) -> None:
    engine = FakeEngine()
    first, second = reference_codes(voice, engine), reference_codes(voice, engine)
    assert len(engine.encoded) == 1
    assert engine.encoded[0].dtype == np.float32 and engine.encoded[0].size == 24000
    assert first.dtype == second.dtype == np.int16 and first.shape == (12, 4)
    assert np.array_equal(first, second)
    assert len(list((cache_dir() / "codes").iterdir())) == 1


def test_another_codec_or_clip_is_another_entry(voice: Voice) -> None:
    engine, other = FakeEngine(), FakeEngine("codec-2")
    reference_codes(voice, engine)
    reference_codes(voice, other)
    assert voice.audio is not None
    write_wav(voice.audio, np.full(24000, 0.2, np.float32))
    reference_codes(voice, engine)
    assert (len(engine.encoded), len(other.encoded)) == (2, 1)


def test_the_engines_rate_is_met(voice: Voice) -> None:
    engine = FakeEngine(sample_rate=16000)
    reference_codes(voice, engine)
    assert engine.encoded[0].size == 16000


@pytest.mark.parametrize(
    "content",
    [b"", b"not an array", np.lib.format.MAGIC_PREFIX, "floats", "flat", "none", "negative", "short"],
)
def test_a_damaged_entry_is_made_again(voice: Voice, content: bytes | str) -> None:
    engine = FakeEngine()
    expected = reference_codes(voice, engine)
    assert voice.audio is not None
    path = codes_path(voice.audio.read_bytes(), engine.codec_id)
    arrays = {
        "floats": np.zeros((3, 4)),
        "flat": np.zeros(3, np.int16),
        "none": np.zeros((0, 4), np.int16),
        "negative": np.full((3, 4), -1, np.int16),
    }
    if isinstance(content, bytes):
        path.write_bytes(content)
    elif content == "short":
        path.write_bytes(path.read_bytes()[:-5])
    else:
        np.save(path, arrays[content])
    assert np.array_equal(reference_codes(voice, engine), expected)
    assert len(engine.encoded) == 2
    reference_codes(voice, engine)
    assert len(engine.encoded) == 2


def test_a_cache_that_cannot_be_written(voice: Voice) -> None:
    cache_dir().parent.mkdir(parents=True, exist_ok=True)
    cache_dir().write_text("in the way")
    assert reference_codes(voice, FakeEngine()).shape == (12, 4)


def test_no_clip(voice: Voice, tmp_path: Path) -> None:
    without = Voice("tag", 5, "", None, "", "", "user", tmp_path)
    with pytest.raises(MissingError, match="no reference clip"):
        reference_codes(without, FakeEngine())
    assert voice.audio is not None
    voice.audio.unlink()
    with pytest.raises(MissingError, match="cannot be read"):
        reference_codes(voice, FakeEngine())
