"""Players on the PATH: which is used, what it is sent, and what happens when it dies or is stopped."""

from __future__ import annotations

import os
import shlex
import shutil
import threading
import time
from pathlib import Path

import numpy as np
import pytest
import soundfile

from csm_cli.audio import sinks
from csm_cli.audio.files import to_pcm16
from csm_cli.audio.players import NAMES, PLAYERS, find_player, open_player, wanted_player
from csm_cli.audio.sinks import check_loudspeaker, open_loudspeaker
from csm_cli.core.errors import CsmError, MissingError, UsageError

RATE = 24_000
KEEP = 'printf "%s\\n" "$*" >> {folder}/arguments\ncat > {folder}/sound\n'
KEEP_FILE = 'cp "$1" {folder}/$(basename "$1")\n'
DIE = "head -c 100 > /dev/null\necho 'no such device' >&2\necho >&2\nexit 3\n"
NEVER_READ = "exec sleep 60\n"
TONE = np.sin(np.arange(RATE) / 9).astype(np.float32) / 2

pytestmark = pytest.mark.skipif(os.name == "nt", reason="shell scripts stand in for players")


@pytest.fixture
def path(tmp_path, monkeypatch) -> Path:
    """A PATH with what the scripts need, and no player yet."""
    folder = tmp_path / "bin"
    folder.mkdir()
    for tool in ("cat", "cp", "head", "sleep", "basename"):
        (folder / tool).symlink_to(shutil.which(tool))
    monkeypatch.setenv("PATH", str(folder))
    monkeypatch.delenv("CSM_PLAYER", raising=False)

    def missing() -> None:
        raise MissingError("playing needs sounddevice", where="--play", remedy="pip install 'csm-cli[play]'")

    monkeypatch.setattr(sinks, "_sounddevice", missing)
    return folder


def player(path: Path, name: str, script: str) -> Path:
    """Put a script in the place of a player; gives the folder that it writes into."""
    program = path / name
    program.write_text("#!/bin/sh\n" + script.format(folder=shlex.quote(str(path))))
    program.chmod(0o755)
    return path


@pytest.mark.parametrize("name", [each.program for each in PLAYERS if "{file}" not in each.arguments])
def test_a_player_gets_every_sample_while_it_comes(path, name):
    folder = player(path, name, KEEP)
    sink = open_loudspeaker(RATE)
    for start in range(0, TONE.size, 5000):
        sink.write(TONE[start : start + 5000])
    sink.close()
    data = (folder / "sound").read_bytes()
    if PLAYERS[NAMES.index(name)].wav:
        assert data[:4] == b"RIFF"
        data = data[44:]
    assert data == to_pcm16(TONE).tobytes()
    arguments = (folder / "arguments").read_text()
    assert "24000" in arguments or data != (folder / "sound").read_bytes(), "the rate is said in one place"
    assert "{" not in arguments


def test_a_player_of_files_gets_the_pieces_one_after_the_other(path):
    folder = player(path, "afplay", KEEP_FILE)
    sink = open_loudspeaker(RATE)
    for seconds in (0.3, 0.4, 0.5, 1.5, 0.2):
        sink.write(np.full(round(seconds * RATE), seconds, np.float32))
    sink.close()
    sink.close()
    found = [soundfile.read(folder / f"{number}.wav") for number in (1, 2, 3)]
    assert [rate for _, rate in found] == [RATE] * 3
    assert [round(sound.size / RATE, 3) for sound, _ in found] == [1.2, 1.5, 0.2], "short pieces wait"
    sound = np.concatenate([sound for sound, _ in found])
    assert np.abs(sound[: round(0.3 * RATE)] - 0.3).max() < 1e-3 and abs(sound[-1] - 0.2) < 1e-3
    assert not (folder / "4.wav").exists()


def test_the_first_of_the_list_that_is_there_is_used(path, monkeypatch):
    with pytest.raises(MissingError, match=r"csm-cli\[play\].*or one of the players paplay, ffplay") as fault:
        check_loudspeaker("csm takes play")
    assert fault.value.where == "csm takes play"
    assert find_player() is None
    for name in reversed(NAMES):
        player(path, name, "exit 0\n")
        assert find_player().program == name
    check_loudspeaker()
    assert wanted_player() is None
    monkeypatch.setenv("CSM_PLAYER", "mpv")
    assert wanted_player().program == "mpv"
    (path / "mpv").unlink()
    with pytest.raises(MissingError, match="CSM_PLAYER: mpv is not on the PATH"):
        check_loudspeaker()
    monkeypatch.setenv("CSM_PLAYER", "sh -c true")
    with pytest.raises(UsageError, match="choose from paplay, ffplay"):
        open_loudspeaker(RATE)


def test_sounddevice_is_used_where_it_is_there(path, monkeypatch):
    class Speaker:
        def __init__(self, rate):
            self.rate = rate

    player(path, "mpv", KEEP)
    monkeypatch.setattr(sinks, "_sounddevice", lambda: object())
    monkeypatch.setattr(sinks, "Loudspeaker", Speaker)
    assert open_loudspeaker(RATE).rate == RATE
    monkeypatch.setenv("CSM_PLAYER", "mpv")
    sink = open_loudspeaker(RATE)
    assert not isinstance(sink, Speaker), "what was named wins"
    sink.stop()


def test_a_player_that_dies_is_one_line(path):
    player(path, "aplay", DIE)
    sink = open_loudspeaker(RATE, "csm takes play")
    with pytest.raises(CsmError) as fault:
        for _ in range(100):
            sink.write(TONE)
    expected = "csm takes play: aplay ended before the sound did (no such device); install sounddevice or"
    assert str(fault.value).startswith(expected)
    player(path, "paplay", "cat > /dev/null\nexit 7\n")
    sink = open_loudspeaker(RATE)
    sink.write(TONE)
    with pytest.raises(CsmError, match=r"paplay ended .* \(exit code 7\); CSM_PLAYER=aplay plays it"):
        sink.close()
    (path / "paplay").write_text("no program\x00\n")
    with pytest.raises(MissingError, match="paplay cannot be started"):
        open_loudspeaker(RATE)


@pytest.mark.parametrize("name", ["sox", "afplay"])
def test_stopped_it_is_silent_at_once(path, name):
    player(path, name, NEVER_READ)
    sink = open_player(PLAYERS[NAMES.index(name)], RATE, "--play")
    ended = []

    def write() -> None:
        try:
            for _ in range(50):
                sink.write(np.tile(TONE, 2))
        except CsmError as error:
            ended.append(error)

    thread = threading.Thread(target=write)
    thread.start()
    while sink._running is None:
        time.sleep(0.01)
    time.sleep(0.1)
    assert thread.is_alive(), "it waits while the player takes no more"
    began = time.monotonic()
    sink.stop()
    thread.join(10)
    assert not thread.is_alive() and time.monotonic() - began < 10
    sink.close()


@pytest.mark.skipif(not shutil.which("ffplay"), reason="no ffplay here")
def test_a_real_player_plays_to_the_end(monkeypatch):
    monkeypatch.setenv("SDL_AUDIODRIVER", "dummy")
    sink = open_player(PLAYERS[NAMES.index("ffplay")], RATE, "--play")
    began = time.monotonic()
    sink.write(TONE[: RATE // 2])
    sink.close()
    assert time.monotonic() - began >= 0.4
