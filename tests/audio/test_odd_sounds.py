"""Files that are not what their names say, and small files that claim or unpack to a great deal of sound."""

from __future__ import annotations

import os
import struct
import wave
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import soundfile

from csm_cli.audio import containers, ffmpeg
from csm_cli.audio.containers import HEAD_BYTES, container_of
from csm_cli.audio.disk_buffer import DiskBuffer
from csm_cli.audio.ffmpeg import run_ffmpeg
from csm_cli.audio.files import audio_seconds, decode_to_buffer, read_audio
from csm_cli.audio.measure import measure
from csm_cli.audio.recording import read_recording
from csm_cli.core.errors import UsageError


def by_buffer(path: Path) -> np.ndarray:
    with DiskBuffer(path.with_name("buffer")) as buffer:
        decode_to_buffer(path, 24_000, buffer)
        return np.zeros(buffer.size)


READERS: dict[str, Callable[[Path], object]] = {
    "read_audio": read_audio,
    "read_recording": lambda path: read_recording(path, 10.0),
    "decode_to_buffer": by_buffer,
    "measure": measure,
}
each_reader = pytest.mark.parametrize("reader", READERS.values(), ids=READERS.keys())


def sound(path: Path, *arguments: str) -> Path:
    """A second of a tone at 24 kHz, encoded by ffmpeg."""
    tone = ["-f", "lavfi", "-i", "sine=duration=1:sample_rate=24000"]
    run_ffmpeg([*tone, *arguments, f"file:{path}"], where=str(path))
    return path


@pytest.fixture(scope="module")
def secret(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return sound(tmp_path_factory.mktemp("elsewhere") / "secret.mp3")


LISTS = {
    "m3u": "#EXTM3U\n#EXTINF:1,\n{0}\n",
    "bare": "{0}\n",
    "bom": "\ufeff#EXTM3U\n{0}\n",
    "hls": "#EXTM3U\n#EXT-X-VERSION:3\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\nfile://{0}\n#EXT-X-ENDLIST\n",
    "ffconcat": "ffconcat version 1.0\nfile '{0}'\n",
    "concat": "file '{0}'\n",
    "pls": "[playlist]\nFile1={0}\nNumberOfEntries=1\n",
    "sdp": "v=0\r\no=- 0 0 IN IP4 127.0.0.1\r\nm=audio 5004 RTP/AVP 0\r\n",
    "dash": '<?xml version="1.0"?><MPD><Period><BaseURL>{0}</BaseURL></Period></MPD>',
    "url": "http://127.0.0.1:9/a.mp3",
}


@each_reader
@pytest.mark.parametrize("kind", LISTS)
@pytest.mark.parametrize("name", ["list.mp3", "list.m4a"])
def test_lists_of_other_files_are_not_followed(
    tmp_path: Path, secret: Path, kind: str, name: str, reader: Callable[[Path], object]
) -> None:
    path = tmp_path / name
    path.write_bytes(LISTS[kind].format(secret).encode())
    with pytest.raises(UsageError) as raised:
        reader(path)
    message = str(raised.value)
    assert "is not audio, or is damaged (it is " in message and "\n" not in message and "; give" in message


@pytest.mark.parametrize("begin", [b"ID3\3\0\0\0\0\0\0", b"\xff\xfb\x90\0", b"OggS", b"\0\0\0\x14ftypM4A "])
def test_a_list_behind_the_first_bytes_of_a_sound(tmp_path: Path, secret: Path, begin: bytes) -> None:
    path = tmp_path / "list.mp3"
    path.write_bytes(begin + LISTS["hls"].format(secret).encode())
    for reader in READERS.values():
        with pytest.raises(UsageError, match=r"is not audio, or is damaged|holds no sound"):
            reader(path)


@pytest.mark.parametrize(
    "name",
    [
        "-x.mp3",
        "a%03d.mp3",
        "pipe:.mp3",
        "pipe:0.m4a",
        "concat:a|b.mp3",
        "-.m4a",
        "http:/x%d.m4a",
        "a[b]*?.mp3",
    ],
)
def test_any_name_is_that_of_a_file(
    tmp_path: Path, secret: Path, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    path = Path(name)
    path.parent.mkdir(exist_ok=True)
    if path.suffix == ".mp3":
        path.write_bytes(secret.read_bytes())
    else:
        sound(path)
    assert read_audio(path).size / 24_000 == pytest.approx(1, abs=0.1)
    assert read_recording(path, 10)[0].size / 24_000 == pytest.approx(1, abs=0.1)
    assert measure(path).seconds == pytest.approx(1, abs=0.1)


def test_a_file_named_like_standard_input(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    soundfile.write("x.wav", np.full(2400, 0.5, np.float32), 24_000)
    Path("x.wav").rename("-")
    assert read_audio(Path("-")).size == 2400 and audio_seconds(Path("-")) == pytest.approx(0.1)


@pytest.mark.parametrize(
    ("suffix", "arguments", "kind"),
    [
        (".wav", [], "wav"),
        (".flac", [], "flac"),
        (".mp3", [], "mp3"),
        (".ogg", ["-c:a", "libopus", "-ar", "48000"], "ogg"),
        (".m4a", [], "mov"),
        (".aac", [], "aac"),
        (".aiff", [], "aiff"),
        (".mka", [], "matroska"),
        (".caf", [], "caf"),
        (".wma", [], "asf"),
        (".w64", [], "w64"),
        (".au", [], "au"),
        (".mp4", ["-movflags", "+faststart"], "mov"),
        (".wav", ["-rf64", "always"], "wav"),
    ],
)
def test_what_people_record_with_is_read(
    tmp_path: Path, suffix: str, arguments: list[str], kind: str
) -> None:
    path = sound(tmp_path / f"a{suffix}", *arguments)
    assert container_of(path.read_bytes()[:HEAD_BYTES], path) == kind
    assert measure(path).seconds == pytest.approx(1, abs=0.15)
    misnamed = path.rename(tmp_path / "a.mp3")
    assert read_audio(misnamed).size / 24_000 == pytest.approx(1, abs=0.15)


def test_only_named_readers_and_no_network_are_open_to_ffmpeg(tmp_path: Path) -> None:
    path = sound(tmp_path / "a.m4a")
    arguments = ffmpeg.source(path)
    assert arguments[-2:] == ["-i", f"file:{path}"]
    for option, value in {
        "-f": "mov",
        "-format_whitelist": "mov",
        "-protocol_whitelist": "file,pipe",
    }.items():
        assert arguments[arguments.index(option) + 1] == value
    known = {*containers._STARTS.values(), *containers._FORMS.values(), *containers._BY_NAME.values(), "mov"}
    assert not known & {"hls", "concat", "dash", "sdp", "image2", "lavfi", "rtsp", "data", "applehttp", "imf"}


def with_rate(path: Path, rate: int, channels: int = 1) -> Path:
    """A second or so of 16-bit sound whose header states another rate."""
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1), file.setsampwidth(2), file.setframerate(24_000)
        file.writeframes(bytes(48_000))
    data = bytearray(path.read_bytes())
    struct.pack_into("<HII", data, 22, channels, rate, (rate * 2 * channels) & 0xFFFFFFFF)
    struct.pack_into("<H", data, 32, 2 * channels)
    path.write_bytes(data)
    return path


@each_reader
@pytest.mark.parametrize("rate", [0, 1, 7, 999, 768_001, 2**31 - 1, 2**32 - 1])
def test_rates_that_no_recording_has(tmp_path: Path, rate: int, reader: Callable[[Path], object]) -> None:
    with pytest.raises(UsageError) as raised:
        reader(with_rate(tmp_path / "a.wav", rate))
    assert "sample rate" in str(raised.value) or "is not audio, or is damaged" in str(raised.value)


@pytest.mark.parametrize("rate", [8_000, 11_025, 44_100, 44_101, 47_999, 192_000, 767_999])
def test_rates_of_recordings_however_odd(tmp_path: Path, rate: int) -> None:
    audio = read_audio(with_rate(tmp_path / "a.wav", rate))
    assert audio.size == pytest.approx(24_000 * 24_000 / rate, abs=30)


def test_hundreds_of_channels_are_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"has 1000 channels, not 1 to 64|is not audio"):
        read_audio(with_rate(tmp_path / "a.wav", 24_000, 1000))


def silence(path: Path, seconds: int, rate: int = 8_000) -> Path:
    with soundfile.SoundFile(path, "w", rate, 1) as file:
        for _ in range(seconds // 600):
            file.write(np.zeros(600 * rate, np.int16))
    return path


def test_small_files_of_long_silence_are_refused_by_their_header(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = silence(tmp_path / "a.flac", 4200)
    assert path.stat().st_size < 200_000
    monkeypatch.setattr(soundfile.SoundFile, "read", lambda *_, **__: pytest.fail("it is decoded"))
    with pytest.raises(UsageError, match=r"a\.flac: lasts longer than 60 minutes; give a shorter one"):
        read_audio(path)
    with pytest.raises(UsageError, match="lasts longer than 30 seconds"):
        read_audio(path, most=30.0)


def test_sound_beyond_what_its_header_states_is_counted(tmp_path: Path) -> None:
    path = sound(tmp_path / "a.aac", "-af", "apad=whole_dur=12")  # no header, so no length
    with pytest.raises(UsageError, match="lasts longer than 10 seconds"):
        read_audio(path, most=10.0)
    with DiskBuffer(tmp_path / "buffer") as buffer, pytest.raises(UsageError, match="lasts longer than 5"):
        decode_to_buffer(path, 24_000, buffer, most=5.0)
    assert read_audio(path, most=13.0).size / 24_000 == pytest.approx(12, abs=0.2)


def test_a_header_that_claims_terabytes_takes_no_memory(tmp_path: Path) -> None:
    path = tmp_path / "a.mp3"
    soundfile.write(path, np.zeros(24_000, np.float32), 24_000)
    data = bytearray(path.read_bytes())
    place = next((at for mark in (b"Xing", b"Info") if (at := data.find(mark)) >= 0), -1)
    if place >= 0:
        struct.pack_into(">I", data, place + 8, 0x7FFFFFFF)
        path.write_bytes(data)
        with pytest.raises(UsageError, match="lasts longer than"):
            read_audio(path)
    flac = tmp_path / "a.flac"
    soundfile.write(flac, np.zeros(24_000, np.float32), 24_000)
    data = bytearray(flac.read_bytes())
    data[21] |= 0x0F  # 36 bits that count the samples
    flac.write_bytes(data)
    with pytest.raises(UsageError, match="lasts longer than"):
        read_audio(flac)


def test_channels_are_averaged_by_ffmpeg_as_well(tmp_path: Path) -> None:
    left = ["-af", "volume=0.9,pan=stereo|c0=c0|c1=0*c0", "-c:a", "flac"]
    flac = sound(tmp_path / "a.flac", *left)
    mka = sound(tmp_path / "a.mka", *left)
    assert np.abs(read_audio(mka)).max() == pytest.approx(np.abs(read_audio(flac)).max(), rel=0.01)


@pytest.mark.skipif(os.name != "posix", reason="needs pipes")
@each_reader
def test_a_pipe_is_refused_at_once(tmp_path: Path, reader: Callable[[Path], object]) -> None:
    path = tmp_path / "a.wav"
    os.mkfifo(path)
    with pytest.raises(UsageError, match="it is a pipe, not an ordinary file"):
        reader(path)
    assert audio_seconds(path) is None
