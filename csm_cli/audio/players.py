"""Sound through a player on the PATH, where sounddevice or PortAudio is not installed."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

import numpy as np

from csm_cli.audio.files import to_pcm16, wav_header, write_wav
from csm_cli.core.errors import CsmError, MissingError, UsageError

VARIABLE = "CSM_PLAYER"
HELD_SECONDS = 1.0
"""A player of files is not started for less than this, but at the end: a start takes a fifth of a second."""


class Player(NamedTuple):
    """How a program is called to play mono sound.

    Attributes:
        program: its name.
        arguments: with `{rate}` for Hz. With `{file}`, it plays a WAV; else it reads its standard input.
        wav: what it reads begins with the header of a WAV; else it is samples alone, 16 bit.
    """

    program: str
    arguments: tuple[str, ...]
    wav: bool = False


PLAYERS = (
    Player("paplay", ("--raw", "--rate={rate}", "--format=s16le", "--channels=1", "--latency-msec=200")),
    Player(
        "ffplay", ("-hide_banner", "-loglevel", "error", "-nodisp", "-autoexit", "-f", "wav", "-i", "-"), True
    ),
    Player(
        "mpv", ("--no-video", "--input-terminal=no", "--term-status-msg=", "--msg-level=all=error", "-"), True
    ),
    Player("pw-play", ("{file}",)),  # the versions of many systems read no pipe
    # Its other name, `play`, is that of other programs as well.
    Player("sox", ("-q", "-t", "raw", "-r", "{rate}", "-e", "signed", "-b", "16", "-c", "1", "-", "-d")),
    Player("aplay", ("-q", "-t", "raw", "-f", "S16_LE", "-r", "{rate}", "-c", "1", "-")),
    Player("afplay", ("{file}",)),
)  # fmt: skip
"""The first that is there is used: those of sound servers, then players, then those of devices."""
NAMES = tuple(player.program for player in PLAYERS)


def wanted_player() -> Player | None:
    """The player that `CSM_PLAYER` names.

    Raises:
        UsageError: csm cannot call a player of this name.
        MissingError: it is not on the PATH.
    """
    name = os.environ.get(VARIABLE, "")
    if not name:
        return None
    if name not in NAMES:
        raise UsageError(
            f"no such player: {name!r}", where=VARIABLE, remedy=f"choose from {', '.join(NAMES)}"
        )
    if not shutil.which(name):
        raise MissingError(f"{name} is not on the PATH", where=VARIABLE, remedy="install it, or name another")
    return PLAYERS[NAMES.index(name)]


def find_player() -> Player | None:
    """The first player that is on the PATH."""
    return next((player for player in PLAYERS if shutil.which(player.program)), None)


def open_player(player: Player, rate: int, where: str) -> PipedSound | SoundInFiles:
    """The sink that sends sound at `rate` Hz to a player; `where`: the option it is for, in messages."""
    takes_files = "{file}" in player.arguments
    return SoundInFiles(player, rate, where) if takes_files else PipedSound(player, rate, where)


class _Running:
    """A player that runs.

    Args:
        file: to play; None: it reads what is written to `stdin`.

    Raises:
        MissingError: it cannot be started.
    """

    def __init__(self, player: Player, rate: int, where: str, file: Path | None = None):
        self._player, self._where = player, where
        words = (each.format(rate=rate, file=file or "") for each in player.arguments)
        command = [shutil.which(player.program) or player.program, *words]
        # A pipe that nobody reads would fill up.
        self._messages = tempfile.TemporaryFile()  # noqa: SIM115
        try:
            # In a session of its own: a terminal sends Ctrl-C to all processes of one.
            self._process = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL if file else subprocess.PIPE,
                stdout=self._messages,
                stderr=self._messages,
                start_new_session=True,
            )
        except OSError as error:
            self._messages.close()
            what = f"{player.program} cannot be started ({error.strerror or error})"
            raise MissingError(what, where=where, remedy=_others(player)) from error

    def send(self, data: bytes) -> None:
        """Write to its standard input; waits while it is full.

        Raises:
            CsmError: it has ended.
        """
        assert self._process.stdin
        try:
            self._process.stdin.write(data)
            self._process.stdin.flush()
        except (OSError, ValueError) as error:
            raise self.fault() from error

    def finish(self) -> None:
        """Wait until it has played everything.

        Raises:
            CsmError: it failed.
        """
        try:
            if self._process.stdin:
                with suppress(OSError):
                    self._process.stdin.close()
            if self._process.wait():
                raise self.fault()
        except BaseException:
            self.kill()
            raise

    def kill(self) -> None:
        """End it at once."""
        with suppress(OSError):
            self._process.kill()
        self._process.wait()
        with suppress(OSError):
            if self._process.stdin:
                self._process.stdin.close()

    def fault(self) -> CsmError:
        """That it ended early, and why, as far as it says."""
        self.kill()
        with suppress(OSError, ValueError):
            self._messages.seek(0)
            rows = self._messages.read().decode("utf-8", "replace").split("\n")
            said = [row.strip() for row in rows if row.strip()]
        why = said[-1] if said else f"exit code {self._process.returncode}"
        what = f"{self._player.program} ended before the sound did ({why})"
        return CsmError(what, where=self._where, remedy=_others(self._player))


def _others(player: Player) -> str:
    rest = [each.program for each in PLAYERS if each != player and shutil.which(each.program)]
    return f"{VARIABLE}={rest[0]} plays it with another" if rest else "install sounddevice or another player"


class PipedSound:
    """A player that reads samples while they come.

    Raises:
        MissingError: it cannot be started.
    """

    gone = False

    def __init__(self, player: Player, rate: int, where: str):
        self._running = _Running(player, rate, where)
        self._head = wav_header(rate) if player.wav else b""
        self._closed = False

    def write(self, audio: np.ndarray) -> None:
        head, self._head = self._head, b""
        self._running.send(head + to_pcm16(audio).tobytes())

    def close(self) -> None:
        if not self._closed:
            self._closed = True
            self._running.finish()

    def stop(self) -> None:
        self._closed = True
        self._running.kill()


class SoundInFiles:
    """A player of files: it gets a temporary one for each piece."""

    gone = False

    def __init__(self, player: Player, rate: int, where: str):
        self._player, self._rate, self._where = player, rate, where
        self._held: list[np.ndarray] = []
        self._running: _Running | None = None
        self._folder = tempfile.TemporaryDirectory(prefix="csm-play-")
        self._number = 0
        self._closed = False

    def write(self, audio: np.ndarray) -> None:
        self._held.append(np.array(audio, dtype=np.float32))
        if sum(piece.size for piece in self._held) >= HELD_SECONDS * self._rate:
            self._play()

    def close(self) -> None:
        if self._closed:
            return
        try:
            self._play()
            self._wait()
        finally:
            self.stop()

    def stop(self) -> None:
        self._closed = True
        if self._running is not None:
            self._running.kill()
        self._folder.cleanup()

    def _play(self) -> None:
        """Begin with what is held, once what is being played has come to its end."""
        if not self._held:
            return
        self._number += 1
        file = Path(self._folder.name) / f"{self._number}.wav"
        write_wav(file, np.concatenate(self._held), self._rate)
        self._held = []
        self._wait()
        if not self._closed:
            self._running = _Running(self._player, self._rate, self._where, file)

    def _wait(self) -> None:
        if self._running is not None:
            self._running.finish()
            self._running = None
