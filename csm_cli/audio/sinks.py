"""Where sound goes while it is being rendered: a WAV stream, or the loudspeaker."""

from __future__ import annotations

import importlib
from contextlib import suppress
from typing import Any, BinaryIO, Protocol

import numpy as np

from csm_cli.audio.files import to_pcm16, wav_header
from csm_cli.audio.players import NAMES, Player, find_player, open_player, wanted_player
from csm_cli.core.errors import MissingError, UsageError, unwritten

BLOCK_SECONDS = 0.5
"""Longest piece handed to a loudspeaker at once: the delay until it stops."""


class Sink(Protocol):
    """Takes sound in order.

    Attributes:
        gone: its reader has closed it.
    """

    gone: bool

    def write(self, audio: np.ndarray) -> None:
        """float32 mono `[samples]`; waits while there is no room."""

    def close(self) -> None:
        """All of it has been given; a loudspeaker plays to the end.

        Raises:
            CsmError: it could not.
        """

    def stop(self) -> None:
        """Broken off, maybe from another thread while one writes: what is not played yet is dropped."""


class WavStream:
    """A WAV whose length is not fixed when it begins; players take it as "until the end".

    If its reader goes away, the rest is dropped without an error, and `gone` is set. Writing raises
    CsmError where the disk is full.

    Args:
        stream: such as `sys.stdout.buffer`.

    Raises:
        UsageError: the stream is a terminal.
    """

    def __init__(self, stream: BinaryIO, rate: int):
        if stream.isatty():
            raise UsageError("audio is not written to a terminal", remedy="send it to a file or a pipe")
        self._stream, self.gone = stream, False
        self._send(wav_header(rate))

    def write(self, audio: np.ndarray) -> None:
        self._send(to_pcm16(audio).tobytes())

    def close(self) -> None:
        self._send(b"")

    def stop(self) -> None:
        self.gone = True

    def _send(self, data: bytes) -> None:
        if self.gone:
            return
        try:
            self._stream.write(data)
            self._stream.flush()
        except BrokenPipeError:
            self.gone = True
        except OSError as error:
            self.gone = True
            raise unwritten(error) from error


class Loudspeaker:
    """The default output device.

    Raises:
        MissingError: there is none, or sounddevice or PortAudio is not installed.
    """

    gone = False

    def __init__(self, rate: int):
        device = _sounddevice()
        try:
            self._stream = device.OutputStream(samplerate=rate, channels=1, dtype="float32")
            self._stream.start()
        except (device.PortAudioError, ValueError) as error:
            raise _no_device(error) from error
        self._block = max(1, round(BLOCK_SECONDS * rate))
        self._stopped = False

    def write(self, audio: np.ndarray) -> None:
        for start in range(0, audio.size, self._block):
            if self._stopped:
                return
            self._stream.write(np.ascontiguousarray(audio[start : start + self._block]))

    def close(self) -> None:
        with suppress(Exception):  # the device may have been unplugged
            self._stream.stop()
            self._stream.close()

    def stop(self) -> None:
        self._stopped = True


def open_loudspeaker(rate: int, where: str = "--play") -> Sink:
    """What plays sound on this machine: sounddevice; where it cannot be loaded, a player on the PATH.

    Args:
        rate: Hz.
        where: the option or command it is for, in messages.

    Raises:
        MissingError: there is nothing to play it with, or no output device.
        UsageError: `CSM_PLAYER` names no player.
    """
    player = _choose(where)
    return Loudspeaker(rate) if player is None else open_player(player, rate, where)


def check_loudspeaker(where: str = "--play") -> None:
    """Make sure, before a model is loaded, that sound can be played.

    Raises:
        MissingError, UsageError: as `open_loudspeaker`.
    """
    if _choose(where) is not None:
        return
    device = _sounddevice()
    try:
        device.query_devices(kind="output")
    except (device.PortAudioError, ValueError) as error:
        raise _no_device(error) from error


def _choose(where: str) -> Player | None:
    """The player on the PATH to use; None: sounddevice, which is there."""
    if wanted := wanted_player():
        return wanted
    try:
        _sounddevice()
    except MissingError as error:
        if found := find_player():
            return found
        players = ", ".join(NAMES)
        remedy = f"{error.remedy}, or one of the players {players}"
        raise MissingError(error.what, where=where, remedy=remedy) from error
    return None


def _sounddevice() -> Any:
    try:
        return importlib.import_module("sounddevice")
    except ImportError as error:
        raise MissingError(
            "playing needs sounddevice", where="--play", remedy="pip install 'csm-cli[play]'"
        ) from error
    except OSError as error:  # the wheel for Linux brings no PortAudio
        raise MissingError(
            f"playing needs the PortAudio library ({error})",
            where="--play",
            remedy="install it (Debian, Ubuntu: apt install libportaudio2)",
        ) from error


def _no_device(error: Exception) -> MissingError:
    text = str(error).splitlines()[0] if str(error) else "no device"
    return MissingError(
        f"there is no output device ({text})",
        where="--play",
        remedy="connect one, or play the files that are written",
    )
