"""Odd inputs: each ends in a usable voice or in one clear line."""

from __future__ import annotations

import os
import struct
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import soundfile

from csm_cli.audio.ffmpeg import run_ffmpeg
from csm_cli.core.errors import CsmError
from csm_cli.voices.adding import Recording, prepare_all
from csm_cli.voices.registry import VoiceRegistry
from tests.voices.sounds import RATE, TEXT, noise, speech, speech_at, written


def by_ffmpeg(path: Path, *options: str) -> Path:
    pcm = (speech() * 32767).astype("<i2").tobytes()
    source = ["-f", "s16le", "-ar", str(RATE), "-ac", "1", "-i", "pipe:0"]
    run_ffmpeg([*source, *options, f"file:{path}"], pcm, where=str(path))
    return path


def rate(hertz: int) -> Callable[[Path], Path]:
    return lambda folder: written(folder / "a.wav", speech_at(hertz), hertz)


def subtype(kind: str, name: str = "a.wav", **how: str) -> Callable[[Path], Path]:
    return lambda folder: written(folder / name, speech(), subtype=kind, **how)


def channels(count: int, gains: float | list[float] = 1.0) -> Callable[[Path], Path]:
    def make(folder: Path) -> Path:
        return written(folder / "a.wav", speech()[:, None] * np.broadcast_to(gains, (count,)))

    return make


def ffmpeg(name: str, *options: str) -> Callable[[Path], Path]:
    return lambda folder: by_ffmpeg(folder / name, *options)


def raw(name: str, data: bytes) -> Callable[[Path], Path]:
    def make(folder: Path) -> Path:
        path = folder / name
        path.write_bytes(data)
        return path

    return make


def changed(change: Callable[[bytes], bytes], name: str, *options: str) -> Callable[[Path], Path]:
    def make(folder: Path) -> Path:
        path = by_ffmpeg(folder / name, *options)
        path.write_bytes(change(path.read_bytes()))
        return path

    return make


def named(name: str) -> Callable[[Path], Path]:
    def make(folder: Path) -> Path:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        return written(folder / "plain.wav", speech()).rename(path)

    return make


def ten_hours(folder: Path) -> Path:
    """A sparse file: speech, then zeros to the end."""
    path = written(folder / "a.wav", speech())
    data = bytearray(path.read_bytes()[:44])
    size = 10 * 3600 * RATE * 2
    data[4:8], data[40:44] = struct.pack("<I", 36 + size), struct.pack("<I", size)
    with path.open("r+b") as file:
        file.write(data)
        file.truncate(44 + size)
    return path


def pipe(folder: Path) -> Path:
    os.mkfifo(folder / "a.wav")
    return folder / "a.wav"


def link(folder: Path) -> Path:
    (folder / "a.wav").symlink_to(written(folder / "b.wav", speech()))
    return folder / "a.wav"


def loop(folder: Path) -> Path:
    (folder / "a.wav").symlink_to(folder / "a.wav")
    return folder / "a.wav"


def with_value(value: float) -> Callable[[Path], Path]:
    def make(folder: Path) -> Path:
        sound = speech().copy()
        sound[5000] = value
        return written(folder / "a.wav", sound, subtype="FLOAT")

    return make


GOOD: dict[str, Callable[[Path], Path]] = {
    **{
        f"{hertz} Hz": rate(hertz)
        for hertz in (8000, 11_025, 16_000, 22_050, 44_100, 48_000, 96_000, 192_000)
    },
    "float": subtype("FLOAT"),
    "double": subtype("DOUBLE"),
    "8 bit": subtype("PCM_U8"),
    "24 bit": subtype("PCM_24"),
    "32 bit": subtype("PCM_32"),
    "a-law": subtype("ALAW"),
    "mu-law": subtype("ULAW"),
    "ADPCM": subtype("IMA_ADPCM"),
    "AIFF": subtype("PCM_16", "a.aiff"),
    "CAF": subtype("PCM_16", "a.caf"),
    "FLAC": subtype("PCM_16", "a.flac"),
    "Vorbis": ffmpeg("a.ogg"),
    "stereo": channels(2),
    "one side silent": channels(2, [1, 0]),
    "sides that cancel out": channels(2, [1, -1]),
    "5.1": channels(6, [0.5, 0.5, 1, 0.1, 0.2, 0.2]),
    "5.1 with the voice in its middle": channels(6, [0, 0, 1, 0, 0, 0]),
    "5.1 AC-3": ffmpeg("a.ac3", "-ac", "6"),
    "sides that cancel out, AAC": ffmpeg("a.m4a", "-af", "pan=stereo|c0=c0|c1=-1*c0"),
    "beyond full scale": lambda folder: written(folder / "a.wav", speech() * 9, subtype="FLOAT"),
    "far beyond full scale": lambda folder: written(folder / "a.wav", speech() * 1e30, subtype="FLOAT"),
    "very quiet": lambda folder: written(folder / "a.wav", speech() * 0.02, subtype="PCM_24"),
    "constant offset": lambda folder: written(folder / "a.wav", speech() + 0.4),
    "MP3": ffmpeg("a.mp3"),
    "MP3 of 32 kbit/s": ffmpeg("a.mp3", "-b:a", "32k"),
    "AAC": ffmpeg("a.m4a"),
    "Opus": ffmpeg("a.opus"),
    "WMA": ffmpeg("a.wma"),
    "video": ffmpeg("a.mkv"),
    "MP3 with a broken header": changed(lambda data: bytes(300) + data[300:], "a.mp3"),
    "MP3 with a cut end": changed(lambda data: data[:-700], "a.mp3"),
    "MP3 called WAV": lambda folder: by_ffmpeg(folder / "a.mp3").rename(folder / "a.wav"),
    "WAV with a cut end": changed(lambda data: data[:-1001], "a.wav"),
    "WAV without a length": ffmpeg("a.wav", "-f", "wav", "-fflags", "+bitexact"),
    "no ending": named("recording"),
    "spaces": named("my  best take .wav"),
    "emoji": named("😀🎙️.wav"),
    "quotes": named('it\'s "her" $(voice).wav'),
    "a leading dash": named("-i.wav"),
    "a colon": named("http:a.wav"),
    "dots": named("sub/../sub/..a.wav"),
    "a percent sign": named("a%03d.wav"),
    "a newline": named("a\nb.wav"),
    "a name that is not Unicode": named(os.fsdecode(b"a\xff.wav")),
    "a link": link,
    "ten hours": ten_hours,
}
REFUSED: dict[str, Callable[[Path], Path]] = {
    "0 bytes": raw("a.wav", b""),
    "only a header": changed(lambda data: data[:44], "a.wav"),
    "random bytes": raw("a.mp3", np.random.default_rng(5).bytes(20_000)),
    "text": raw("a.wav", b"The keeper climbed the stairs. " * 50),
    "a picture": raw("a.png", b"\x89PNG\r\n\x1a\n" + bytes(500)),
    "a folder": lambda folder: folder,
    "nothing": lambda folder: folder / "none.wav",
    "a pipe": pipe,
    "a link to itself": loop,
    "silence": lambda folder: written(folder / "a.wav", np.zeros(5 * RATE)),
    "a click": lambda folder: written(folder / "a.wav", np.eye(1, 5 * RATE, 100)[0]),
    "noise": lambda folder: written(folder / "a.wav", noise(5)),
    "half a second": lambda folder: written(folder / "a.wav", speech()[:12_000]),
    "one sample": lambda folder: written(folder / "a.wav", np.ones(1) / 2),
    "NaN": with_value(float("nan")),
    "infinity": with_value(float("inf")),
    "a long name": lambda folder: folder / ("x" * 300 + ".wav"),
    "a NUL in the name": lambda folder: folder / "a\0b.wav",
}


def test_there_are_fifty() -> None:
    assert len(GOOD) + len(REFUSED) >= 50


@pytest.mark.parametrize("kind", GOOD)
def test_a_usable_voice(kind: str, tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    try:
        path = GOOD[kind](tmp_path)
    except (CsmError, soundfile.SoundFileError, OSError) as error:
        pytest.skip(f"cannot be made here: {error}")
    (made,) = prepare_all([Recording(path, TEXT)])
    voice = VoiceRegistry(None).add("ann", [made.clip]).voice
    assert capfd.readouterr() == ("", ""), "no decoder talks to the screen"
    assert voice.audio is not None and not any("\n" in warning for warning in made.warnings)
    info = soundfile.info(str(voice.audio))
    assert (info.samplerate, info.channels, info.subtype) == (RATE, 1, "PCM_16")
    # The shape of the voice over time is that of the recording.
    kept, wanted = (
        np.abs(sound[: 5 * RATE]).reshape(-1, 2400).mean(axis=1) for sound in (made.clip.audio, speech())
    )
    best = max(np.corrcoef(np.roll(kept, shift)[3:-3], wanted[3:-3])[0, 1] for shift in (-2, -1, 0, 1, 2))
    assert best > 0.8


@pytest.mark.parametrize("kind", REFUSED)
def test_one_clear_line(kind: str, tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    path = REFUSED[kind](tmp_path)
    with pytest.raises(CsmError) as raised:
        prepare_all([Recording(path, TEXT)])
    message = str(raised.value)
    assert message.startswith(str(path)) and "\n" not in message and "; " in message
    assert raised.value.exit_code in (2, 4)
    assert capfd.readouterr() == ("", ""), "no decoder talks to the screen"
