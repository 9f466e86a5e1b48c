"""Hearing a script while it is spoken: in order, while it is spoken, never what is taken back."""

from __future__ import annotations

import io
import threading
import time

import numpy as np
import pytest
import soundfile

from csm_cli.audio.files import wav_header
from csm_cli.audio.level import PRESETS, db, rms
from csm_cli.audio.sinks import Loudspeaker, WavStream, check_loudspeaker
from csm_cli.core.errors import CsmError, MissingError, UsageError
from csm_cli.delivery.options import Delivery
from csm_cli.rendering.live import LiveSound
from csm_cli.rendering.options import RenderOptions
from csm_cli.rendering.progress import Progress
from csm_cli.rendering.project import read_jobs
from csm_cli.rendering.session import render_jobs
from tests.rendering.fake_engine import FakeEngine, capped

RATE = 24_000


class Recorder:
    """A sink that keeps what it is given."""

    gone = False

    def __init__(self) -> None:
        self.pieces: list[np.ndarray] = []
        self.closed = False

    def write(self, audio: np.ndarray) -> None:
        self.pieces.append(audio.copy())

    def close(self) -> None:
        self.closed = True

    def stop(self) -> None:
        self.stopped = True

    @property
    def sound(self) -> np.ndarray:
        return np.concatenate(self.pieces)


def listen(script, folder, engine=None, sink=None, loudness="acx-spec", **options):
    sink = sink or Recorder()
    chosen = RenderOptions(output=folder, delivery=Delivery(loudness=PRESETS[loudness]), **options)
    live = LiveSound(Progress(), sink, RATE, PRESETS[loudness])
    try:
        render_jobs(read_jobs([script], chosen), engine or FakeEngine(), chosen, live)
        live.finish()
    finally:
        live.close()
    return sink


def pitches(sound: np.ndarray) -> list[int]:
    """The pitch of each stretch of speech: the engine's tags, 200 Hz and 250 Hz."""
    frame = RATE // 100
    loud = np.abs(sound[: sound.size // frame * frame]).reshape(-1, frame).max(axis=1) > 0.02
    edges = np.flatnonzero(np.diff(np.concatenate([[0], loud.astype(int), [0]])))
    found = []
    for start, end in edges.reshape(-1, 2):
        if end - start > 10:
            piece = sound[start * frame : end * frame]
            found.append(int(round(np.abs(np.fft.rfft(piece, RATE)).argmax() / 50) * 50))
    return found


def test_every_line_is_heard_in_the_order_of_the_script(script, tmp_path):
    sink = listen(script, tmp_path / "a", batch=3)
    # narrator, Anna, Anna | narrator, Anna, narrator | narrator
    assert pitches(sink.sound) == [200, 250, 250, 200, 250, 200, 200]
    files = sorted((tmp_path / "a").glob("*.wav"))
    written = sum(soundfile.info(file).duration for file in files)
    assert sink.sound.size / RATE == pytest.approx(written, abs=1.0)
    assert sink.closed
    again = listen(script, tmp_path / "b")
    assert pitches(again.sound) == pitches(sink.sound), "takes that are there are heard as well"


def test_it_is_heard_while_it_is_being_spoken(script, tmp_path):
    heard_first = threading.Event()
    recorder = Recorder()
    real = recorder.write

    def write(audio):
        real(audio)
        if rms(audio) > 0.01:
            heard_first.set()

    recorder.write = write

    def speak(asked):
        if asked.text == "Nobody.":
            assert heard_first.wait(10), "the first line is heard before the last is spoken"

    listen(script, tmp_path, FakeEngine(speak), recorder, batch=1)


def test_what_is_tried_again_is_heard_once(script, tmp_path):
    failed = []

    def speak(asked):
        if asked.text == "Hold on!" and len(failed) < 2:
            failed.append(asked)
            return capped(asked)

    sink = listen(script, tmp_path, FakeEngine(speak))
    assert len(failed) == 2
    assert len(pitches(sink.sound)) == 7


def test_a_fixed_gain_brings_speech_to_the_level(script, tmp_path):
    for name, low, high in (("acx-spec", -23, -18), ("none", -60, 0)):
        sound = listen(script, tmp_path / name, loudness=name).sound
        assert low < db(rms(sound)) < high
        assert name == "none" or db(np.abs(sound).max()) <= -3


def test_a_device_that_fails_is_told_in_one_line(script, tmp_path):
    class Broken(Recorder):
        def write(self, audio):
            raise OSError("unplugged")

    with pytest.raises(CsmError, match=r"the sound broke off \(unplugged\)"):
        listen(script, tmp_path, sink=Broken())
    assert (tmp_path / "03-morning.wav").exists(), "the files are written all the same"


def test_where_playing_fails_that_is_said_once_and_the_speaking_goes_on(script, tmp_path):
    said = []
    chosen = RenderOptions(output=tmp_path, delivery=Delivery(loudness=PRESETS["none"]), batch=1)

    class Dying(Recorder):
        def write(self, audio):
            super().write(audio)
            if len(self.pieces) > 2:
                raise CsmError("mpv ended before the sound did", where="--play")

    engine = FakeEngine(lambda asked: time.sleep(0.02))
    live = LiveSound(Progress(), Dying(), RATE, PRESETS["none"], lost=said.append)
    try:
        render_jobs(read_jobs([script], chosen), engine, chosen, live)
        live.finish()
    finally:
        live.close()
    assert [str(error) for error in said] == ["--play: mpv ended before the sound did"]
    assert (tmp_path / "03-morning.wav").exists()


def test_broken_off_it_is_silent_at_once(script, tmp_path):
    class Slow(Recorder):
        stopped = False

        def write(self, audio):
            super().write(audio)
            while not self.stopped:  # a device that takes no more
                time.sleep(0.01)

    sink = Slow()
    chosen = RenderOptions(output=tmp_path, delivery=Delivery(loudness=PRESETS["none"]))
    live = LiveSound(Progress(), sink, RATE, PRESETS["none"])
    render_jobs(read_jobs([script], chosen), FakeEngine(), chosen, live)
    live.close()
    assert sink.stopped and len(sink.pieces) == 1 and not live._thread.is_alive()


def test_a_wav_stream_is_read_by_others():
    data = io.BytesIO()
    data.isatty = lambda: False
    stream = WavStream(data, RATE)
    stream.write(np.full(100, 0.5, np.float32))
    stream.write(np.full(50, -0.5, np.float32))
    stream.close()
    assert data.getvalue().startswith(wav_header(RATE))
    sound, rate = soundfile.read(io.BytesIO(data.getvalue()))
    assert (rate, sound.size) == (RATE, 150)
    data.isatty = lambda: True
    with pytest.raises(UsageError, match="terminal"):
        WavStream(data, RATE)


def test_a_reader_that_goes_away_is_no_fault():
    class Gone(io.BytesIO):
        def write(self, data):
            if self.tell() > 40:
                raise BrokenPipeError
            return super().write(data)

    stream = WavStream(Gone(), RATE)
    assert not stream.gone
    stream.write(np.zeros(100, np.float32))
    stream.write(np.zeros(100, np.float32))
    stream.close()
    assert stream.gone


def test_where_nobody_listens_any_more_nothing_more_is_spoken(script, tmp_path):
    class Leaving(Recorder):
        def write(self, audio):
            super().write(audio)
            self.gone = self.gone or rms(audio) > 0.01

    sink, engine = Leaving(), FakeEngine(lambda asked: time.sleep(0.05))
    with pytest.raises(BrokenPipeError):
        listen(script, tmp_path, engine, sink, batch=1)
    assert 1 <= len(engine.asked) < 7 and sink.closed
    again = FakeEngine()
    listen(script, tmp_path, again, batch=1)
    assert len(engine.asked) + len(again.asked) == 7, "what was spoken is kept"


class FakeDevice:
    """What csm uses of sounddevice."""

    class PortAudioError(Exception):
        pass

    def __init__(self, devices: bool = True):
        self.there, self.played, self.stopped = devices, [], False

    def query_devices(self, kind):
        if not self.there:
            raise self.PortAudioError("Error querying device -1")

    def OutputStream(self, samplerate, channels, dtype):
        assert (samplerate, channels, dtype) == (RATE, 1, "float32")
        self.query_devices("output")
        return self

    def start(self):
        pass

    def write(self, audio):
        self.played.append(audio)

    def stop(self):
        self.stopped = True

    def close(self):
        pass


def test_the_loudspeaker(monkeypatch):
    device = FakeDevice()
    monkeypatch.setattr("csm_cli.audio.sinks._sounddevice", lambda: device)
    check_loudspeaker()
    speaker = Loudspeaker(RATE)
    speaker.write(np.arange(30_000, dtype=np.float32))
    speaker.close()
    assert np.array_equal(np.concatenate(device.played), np.arange(30_000)) and device.stopped
    assert max(piece.size for piece in device.played) <= RATE // 2


def test_nothing_to_play_on(monkeypatch):
    monkeypatch.setattr("csm_cli.audio.sinks._sounddevice", lambda: FakeDevice(devices=False))
    for attempt in (check_loudspeaker, lambda: Loudspeaker(RATE)):
        with pytest.raises(MissingError, match="--play: there is no output device"):
            attempt()


@pytest.mark.parametrize(
    ("error", "words"), [(ImportError("no"), r"csm-cli\[play\]"), (OSError("PortAudio"), "libportaudio2")]
)
def test_sounddevice_is_not_there(monkeypatch, error, words):
    def fail(name):
        raise error

    monkeypatch.setenv("PATH", "")
    monkeypatch.setattr("csm_cli.audio.sinks.importlib.import_module", fail)
    with pytest.raises(MissingError, match=words):
        check_loudspeaker()
