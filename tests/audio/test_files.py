"""Reading what people have, and saying in one line why something cannot be read; writing WAV."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pytest
import soundfile

from csm_cli.audio.ffmpeg import find_ffmpeg, run_ffmpeg
from csm_cli.audio.files import audio_seconds, read_audio, write_wav
from csm_cli.core.errors import CsmError, MissingError, UsageError
from csm_cli.core.files import written


def tone(rate: int, seconds: float = 0.5, hertz: float = 440.0) -> np.ndarray:
    return (0.5 * np.sin(2 * np.pi * hertz * np.arange(int(seconds * rate)) / rate)).astype(np.float32)


def assert_is_tone(audio: np.ndarray, tolerance: float = 0.01) -> None:
    assert audio.dtype == np.float32 and audio.ndim == 1
    inner = audio[2400:-2400]
    spectrum = np.abs(np.fft.rfft(inner * np.hanning(inner.size)))
    assert abs(spectrum.argmax() * 24000 / inner.size - 440) < 5
    assert np.sqrt(np.mean(inner**2)) == pytest.approx(0.5 / np.sqrt(2), abs=tolerance)


@pytest.mark.parametrize("suffix", ["wav", "flac", "mp3", "ogg"])
@pytest.mark.parametrize("rate", [8000, 16000, 22050, 44100, 48000])
def test_formats_and_rates(tmp_path: Path, suffix: str, rate: int) -> None:
    path = tmp_path / f"clip.{suffix}"
    soundfile.write(path, tone(rate), rate)
    audio = read_audio(path)
    assert_is_tone(audio, tolerance=0.03 if suffix in ("mp3", "ogg") else 0.001)
    assert abs(audio.size - 12000) < 24000 * 0.1


@pytest.mark.parametrize("channels", [2, 6])
def test_channels_are_averaged(tmp_path: Path, channels: int) -> None:
    path = tmp_path / "clip.wav"
    silent = np.zeros((12000, channels), np.float32)
    silent[:, 0] = tone(24000)
    soundfile.write(path, silent, 24000)
    assert np.allclose(read_audio(path), tone(24000) / channels, atol=1e-4)


@pytest.mark.parametrize("subtype", ["PCM_U8", "PCM_16", "PCM_24", "PCM_32", "FLOAT", "DOUBLE"])
def test_sample_formats(tmp_path: Path, subtype: str) -> None:
    path = tmp_path / "clip.wav"
    soundfile.write(path, tone(24000), 24000, subtype=subtype)
    assert np.allclose(read_audio(path), tone(24000), atol=0.01)


def test_what_soundfile_cannot_read_goes_through_ffmpeg(tmp_path: Path) -> None:
    path = tmp_path / "clip 'one'.m4a"
    write_wav(tmp_path / "clip.wav", tone(24000))
    run_ffmpeg(["-i", str(tmp_path / "clip.wav"), "-c:a", "aac", str(path)], where=str(path))
    assert audio_seconds(path) is None
    assert_is_tone(read_audio(path), tolerance=0.03)


def test_without_ffmpeg_the_remedy_names_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "clip.m4a"
    path.write_bytes(b"\x00\x00\x00\x20ftypM4A ")

    def gone() -> str:
        raise MissingError("ffmpeg was not found")

    monkeypatch.setattr("csm_cli.audio.ffmpeg.find_ffmpeg", gone)
    with pytest.raises(MissingError, match=r"clip\.m4a: needs ffmpeg.*imageio-ffmpeg"):
        read_audio(path)


@pytest.mark.parametrize(
    ("content", "error", "words"),
    [
        (None, MissingError, "no such audio file"),
        (b"", UsageError, "is empty"),
        (b"this is not a sound at all" * 20, UsageError, "is not audio, or is damaged"),
        (b"RIFF\xff\xff\xff\xffWAVE", UsageError, "is not audio, or is damaged"),
    ],
)
def test_unreadable_files(tmp_path: Path, content: bytes | None, error: type[CsmError], words: str) -> None:
    path = tmp_path / "clip.wav"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(error) as raised:
        read_audio(path)
    message = str(raised.value)
    assert message.startswith(f"{path}: ") and words in message and "; " in message
    assert "\n" not in message


def test_a_file_without_samples(tmp_path: Path) -> None:
    write_wav(tmp_path / "clip.wav", np.zeros(0, np.float32))
    with pytest.raises(UsageError, match="holds no sound"):
        read_audio(tmp_path / "clip.wav")


def test_a_file_of_no_numbers(tmp_path: Path) -> None:
    soundfile.write(tmp_path / "clip.wav", np.full(100, np.nan), 24000, subtype="FLOAT")
    with pytest.raises(UsageError, match="not numbers"):
        read_audio(tmp_path / "clip.wav")


def test_a_folder(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="is a folder"):
        read_audio(tmp_path)


def test_wav_round_trip_is_exact(tmp_path: Path) -> None:
    pcm = np.random.default_rng(0).integers(-32768, 32768, 5000).astype(np.int16)
    write_wav(tmp_path / "a.wav", pcm / np.float32(32768))
    write_wav(tmp_path / "b.wav", pcm)
    assert (tmp_path / "a.wav").read_bytes() == (tmp_path / "b.wav").read_bytes()
    assert np.array_equal(soundfile.read(tmp_path / "a.wav", dtype="int16")[0], pcm)


def test_wav_clips_rather_than_wraps(tmp_path: Path) -> None:
    write_wav(tmp_path / "a.wav", np.array([1.0, 1.5, -1.0, -1.5], np.float32))
    assert soundfile.read(tmp_path / "a.wav", dtype="int16")[0].tolist() == [32767, 32767, -32768, -32768]


def test_wav_to_a_stream_is_the_file(tmp_path: Path) -> None:
    stream = io.BytesIO()
    write_wav(stream, tone(24000))
    write_wav(tmp_path / "a.wav", tone(24000))
    assert stream.getvalue() == (tmp_path / "a.wav").read_bytes()


def test_wav_never_goes_to_a_terminal() -> None:
    class Terminal(io.BytesIO):
        def isatty(self) -> bool:
            return True

    with pytest.raises(UsageError, match="terminal"):
        write_wav(Terminal(), tone(24000))


def test_a_write_cut_short_leaves_the_old_file(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    path.write_text("old")
    with pytest.raises(RuntimeError), written(path) as temporary:
        temporary.write_text("half")
        raise RuntimeError
    assert path.read_text() == "old"
    assert [entry.name for entry in tmp_path.iterdir()] == ["a.txt"]


def test_a_place_that_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(CsmError, match=r"cannot be written .*; check the folder"):
        write_wav(tmp_path / "file" / "a.wav", tone(24000))


def test_ffmpeg_on_path_comes_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    mine = tmp_path / "ffmpeg"
    mine.write_text("#!/bin/sh\n")
    mine.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    find_ffmpeg.cache_clear()
    try:
        assert find_ffmpeg() == str(mine)
    finally:
        find_ffmpeg.cache_clear()


def test_no_ffmpeg_anywhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setitem(__import__("sys").modules, "imageio_ffmpeg", None)
    find_ffmpeg.cache_clear()
    try:
        with pytest.raises(MissingError, match="pip install imageio-ffmpeg"):
            find_ffmpeg()
    finally:
        find_ffmpeg.cache_clear()


@pytest.mark.parametrize("value", [np.inf, -np.inf, np.nan])
def test_what_is_measured_is_numbers(tmp_path, value):
    from csm_cli.audio.measure import measure

    sound = np.full(24_000, 0.1, np.float32)
    sound[500] = value
    soundfile.write(tmp_path / "a.wav", sound, 24_000, subtype="FLOAT")
    with pytest.raises(UsageError, match=r"a\.wav: holds samples that are not numbers"):
        measure(tmp_path / "a.wav")
