"""A server for this user's own commands: a socket where `csm say` and `csm takes reroll` find the engine.

It lies in a folder that nobody else may enter, may be opened by nobody else, and whose process connects is
asked of the system.
"""

from __future__ import annotations

import os
import socket
import struct
import threading
import time
from collections.abc import Callable
from concurrent.futures import CancelledError
from contextlib import suppress
from pathlib import Path
from queue import SimpleQueue
from typing import Any

import numpy as np

from csm_cli.checkpoints.revision import checkpoint_revision
from csm_cli.core import __version__
from csm_cli.core.errors import CsmError, first_line
from csm_cli.core.runtime import is_own_peer, runtime_dir, socket_address
from csm_cli.core.types import Speech
from csm_cli.engine import Engine
from csm_cli.engine.wire import PROTOCOL, Wanted, WireError, receive, send, unpack
from csm_cli.serve.engine_thread import EngineThread, Job

MOST_CLIENTS = 16
MOST_LINES = 256
"""Of one client, at once."""
HELLO_SECONDS = 5.0
UNREAD_SECONDS = 30.0
"""A client that takes nothing for so long is given up."""


class ResidentServer:
    """Lets this user's commands use an engine. `open` it, `close` it in the end.

    Args:
        engine: that is loaded.
        thread: which speaks with it, beside all else that it speaks.
        note: called with a line where there can be no socket.

    Attributes:
        path: of the socket, once it is open.
    """

    def __init__(self, engine: Engine, thread: EngineThread, note: Callable[[str], None] = lambda text: None):
        self.engine, self.thread, self._note = engine, thread, note
        self._decoding = threading.Lock()
        self.wanted = Wanted(
            engine.model_id,
            checkpoint_revision(engine.files),
            engine.device.type,
            str(engine.dtype).removeprefix("torch."),
            engine.quantize,
            engine.eager,
        )
        self.codec = engine.codec_id
        self._socket: socket.socket | None = None
        self._mark: tuple[int, int] | None = None
        self._clients: set[_Client] = set()
        self._lock = threading.Lock()
        self.path: Path | None = None

    def open(self) -> Path | None:
        """Listen; the socket's path. None where there are no such sockets, or another server has this one."""
        folder = runtime_dir(make=True)
        if folder is None:
            return None
        kind = f"{self.wanted.dtype}{'-' + self.wanted.quantize if self.wanted.quantize else ''}"
        eager = "-eager" if self.wanted.eager else ""
        path = folder / f"{self.wanted.key}-{self.wanted.device}-{kind}{eager}.sock"
        listening = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            _clear(path)
            with socket_address(path) as address:
                listening.bind(address)
            path.chmod(0o600)
            listening.listen(MOST_CLIENTS)
            about = path.stat()
        except OSError as error:
            listening.close()
            taken = "another csm serve has this model; csm say and csm takes use that one"
            other = f"{path}: {error.strerror or error}; csm say and csm takes load their own model"
            self._note(taken if isinstance(error, FileExistsError) else other)
            return None
        self._socket, self.path, self._mark = listening, path, (about.st_dev, about.st_ino)
        threading.Thread(target=self._accept, name="csm-resident", daemon=True).start()
        return path

    def close(self) -> None:
        """Close all connections, whose clients then load their own model, and remove the socket."""
        listening, self._socket = self._socket, None
        if listening is None:
            return
        with suppress(OSError):
            about = self.path.stat() if self.path else None
            if self.path and about and (about.st_dev, about.st_ino) == self._mark:
                self.path.unlink()
        with suppress(OSError):
            listening.shutdown(socket.SHUT_RDWR)  # `close` alone does not wake who waits in `accept`
        listening.close()
        with self._lock:
            clients = list(self._clients)
        for client in clients:
            client.close()
        with self._decoding:  # a process that ends while a thread computes is aborted
            pass

    def decode(self, codes: list[np.ndarray]) -> list[np.ndarray]:
        """See `Engine.decode`. Raises WireError at the end."""
        with self._decoding:
            if self._socket is None:
                raise WireError("the server ends")
            return self.engine.decode(codes)

    @property
    def clients(self) -> int:
        """Connected now."""
        return len(self._clients)

    def _accept(self) -> None:
        while (listening := self._socket) is not None:
            try:
                connection, _ = listening.accept()
            except OSError:
                if self._socket is None:
                    return
                time.sleep(0.1)  # no descriptor is free: it would be asked at once again
                continue
            with self._lock:
                if len(self._clients) >= MOST_CLIENTS or not is_own_peer(connection):
                    connection.close()
                    continue
                client = _Client(self, connection)
                self._clients.add(client)
            client.start()

    def leave(self, client: _Client) -> None:
        """A connection is closed."""
        with self._lock:
            self._clients.discard(client)

    def refusal(self, asked: Any) -> str:
        """Why this engine is not the one that a client wants; "" if it is."""
        from csm_cli.engine.devices import pick_device, pick_dtype

        try:
            want = Wanted(**asked)
            device = pick_device(want.device)
            dtype = str(pick_dtype(want.dtype, device)).removeprefix("torch.")
        except (TypeError, ValueError, AttributeError, RuntimeError, CsmError) as error:
            return f"no such engine ({error})"
        own = self.wanted
        if (want.csm, want.protocol) != (__version__, PROTOCOL):
            return f"csm {__version__} speaks here"
        same = (want.model, want.revision, device.type, dtype, want.quantize, want.eager)
        mine = (own.model, own.revision, own.device, own.dtype, own.quantize, own.eager)
        return "" if same == mine else "another model"


class _Client:
    """One connection: a thread that reads, and one that writes, so that the engine waits for no client."""

    def __init__(self, server: ResidentServer, connection: socket.socket):
        self._server, self._connection = server, connection
        self._jobs: dict[int, Job] = {}
        self._lock = threading.Lock()
        self._out: SimpleQueue[tuple[dict[str, Any], list[np.ndarray]] | None] = SimpleQueue()

    def start(self) -> None:
        threading.Thread(target=self._read, name="csm-resident-read", daemon=True).start()

    def close(self) -> None:
        with suppress(OSError):
            self._connection.shutdown(socket.SHUT_RDWR)

    def _read(self) -> None:
        writer = threading.Thread(target=self._write, name="csm-resident-write", daemon=True)
        writer.start()
        try:
            self._connection.settimeout(HELLO_SECONDS)
            if self._greet():
                self._connection.settimeout(None)
                patience = struct.pack("ll", int(UNREAD_SECONDS), 0)
                self._connection.setsockopt(socket.SOL_SOCKET, socket.SO_SNDTIMEO, patience)
                while True:
                    self._take(*receive(self._connection))
        except WireError:
            pass
        finally:
            with self._lock:
                jobs = list(self._jobs.values())
            for job in jobs:
                self._server.thread.cancel(job)
            self._out.put(None)
            writer.join(UNREAD_SECONDS)
            self._connection.close()
            self._server.leave(self)

    def _greet(self) -> bool:
        header, _ = receive(self._connection)
        if header.get("op") != "hello":
            raise WireError("no greeting")
        if why := self._server.refusal(header.get("wanted")):
            self._out.put(({"op": "refused", "why": why}, []))
            return False
        own = self._server.wanted
        found = {"device": own.device, "dtype": own.dtype, "codec": self._server.codec}
        self._out.put(({"op": "welcome", "process": os.getpid(), **found}, []))
        return True

    def _take(self, header: dict[str, Any], arrays: list[np.ndarray]) -> None:
        op, number = header.get("op"), header.get("id")
        if not isinstance(number, int):
            raise WireError("a question without a number")
        if self._out.qsize() > MOST_LINES:
            raise WireError("answers are not read")
        try:
            if op == "speak":
                self._speak(number, unpack(header.get("utterance") or {}, arrays))
            elif op == "encode" and len(arrays) == 1:
                codes = self._server.thread.call(lambda engine: engine.encode(arrays[0])).result()
                self._out.put(({"op": "codes", "id": number}, [codes]))
            elif op == "decode":
                sounds = self._server.decode(arrays)
                self._out.put(({"op": "sounds", "id": number}, sounds))
            else:
                raise WireError(f"no such question: {op!r}")
        except WireError:
            raise
        except CancelledError as error:
            raise WireError("the server ends") from error
        except Exception as error:  # torch raises errors of many kinds; the next question may be a better one
            self._out.put((_failed(number, error), []))

    def _speak(self, number: int, utterance: Any) -> None:
        def done(what: Speech | BaseException) -> None:
            with self._lock:
                self._jobs.pop(number, None)
                finished.append(number)
            if isinstance(what, Speech):
                self._out.put(({"op": "speech", "id": number, "ended": what.ended}, [what.codes]))
            elif isinstance(what, CancelledError):
                self.close()  # the server ends: the client goes on with a model of its own
            else:
                self._out.put((_failed(number, what), []))

        finished: list[int] = []
        with self._lock:
            if number in self._jobs or len(self._jobs) >= MOST_LINES:
                raise WireError("too many lines at once")
        job = self._server.thread.submit(utterance, None, done)
        with self._lock:
            if not finished:
                self._jobs[number] = job

    def _write(self) -> None:
        while (message := self._out.get()) is not None:
            try:
                send(self._connection, *message)
            except WireError:
                self.close()
                return


def _failed(number: int, error: BaseException) -> dict[str, Any]:
    found = {"op": "failed", "id": number}
    if isinstance(error, CsmError):
        return found | {"what": error.what, "where": error.where, "remedy": error.remedy}
    return found | {"what": first_line(error), "where": None, "remedy": None}


def _clear(path: Path) -> None:
    """Remove a socket that nobody listens at any more.

    Raises:
        OSError: somebody does.
    """
    if not path.exists():
        return
    probe = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        probe.settimeout(1.0)
        with socket_address(path) as address:
            probe.connect(address)
    except (ConnectionRefusedError, FileNotFoundError):
        path.unlink(missing_ok=True)
        return
    finally:
        probe.close()
    raise FileExistsError(path)
