"""`ResidentEngine`: an engine that is loaded already, in a `csm serve` of this user; here torch stays out.

It has what a rendering needs of an `Engine`. Where the server goes away, the model is loaded here, and what
was not finished is spoken by that: with the same seeds, so the same comes of it.
"""

from __future__ import annotations

import itertools
import os
import socket
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from csm_cli.checkpoints.find import find_checkpoint
from csm_cli.checkpoints.revision import checkpoint_revision
from csm_cli.core.errors import CsmError, MissingError, UsageError
from csm_cli.core.runtime import has_sockets, is_own_peer, runtime_dir, socket_address
from csm_cli.core.types import Codes, Speech, Utterance
from csm_cli.engine.lazy import LazyEngine
from csm_cli.engine.wire import Message, Wanted, WireError, pack, receive, send

if TYPE_CHECKING:
    from csm_cli.engine.engine import Engine

VARIABLE = "CSM_RESIDENT"
WELCOME_SECONDS = 2.0
"""A server that does not answer `hello` in this time is not used."""


def wanted() -> bool:
    """Whether the environment lets a resident engine be used: not with `CSM_RESIDENT=0`."""
    return os.environ.get(VARIABLE, "") != "0" and has_sockets()


def find_resident(
    model: str | Path,
    load: Callable[[], Engine],
    note: Callable[[str], None],
    *,
    device: str = "auto",
    dtype: str | None = None,
    quantize: str | None = None,
    eager: bool = False,
) -> ResidentEngine | None:
    """The engine that a server of this user has loaded, if it is just the one that `load` would give.

    Args:
        model, device, dtype, quantize, eager: as for `Engine.load`.
        load: loads it here; called only if the server goes away.
        note: called with a line if that happens.

    Returns:
        None where no server has it, whatever the reason.
    """
    folder = runtime_dir()
    if folder is None or not any(folder.glob("engine-*.sock")):
        return None
    try:
        checkpoint = find_checkpoint(model)
        revision = checkpoint_revision(checkpoint.identity_files)
        asked = Wanted(checkpoint.model_id, revision, device, dtype, quantize, eager)
        for path in sorted(folder.glob(f"{asked.key}-*.sock")):
            link = _connect(path, asked)
            if link is not None:
                found = link.welcome
                lazy = LazyEngine(
                    checkpoint, str(found["device"]), str(found["dtype"]), quantize, load, resolved=True
                )
                return ResidentEngine(lazy, link, note)
    except (MissingError, UsageError):  # to be reported by whoever loads the model
        return None
    return None


def _connect(path: Path, asked: Wanted) -> Link | None:
    connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        connection.settimeout(WELCOME_SECONDS)
        with socket_address(path) as address:
            connection.connect(address)
        if not is_own_peer(connection):
            raise WireError("a socket of another user")
        send(connection, {"op": "hello", "wanted": asdict(asked)})
        welcome, _ = receive(connection)
        if welcome.get("op") == "welcome" and {"device", "dtype", "codec", "process"} <= welcome.keys():
            connection.settimeout(None)
            return Link(connection, welcome)
    except (OSError, WireError):
        pass
    connection.close()
    return None


class Link:
    """The connection to a server: questions with numbers, answers in any order.

    Args:
        connection: after `hello` and `welcome`.
        welcome: header of the server's first message.
    """

    def __init__(self, connection: socket.socket, welcome: dict[str, Any]):
        self._connection, self.welcome = connection, welcome
        self._numbers = itertools.count(1)
        self._answers: dict[int, Message] = {}

    def ask(self, op: str, value: dict[str, Any], arrays: Sequence[np.ndarray]) -> int:
        """Send a question; its number.

        Raises:
            WireError: the server has gone.
        """
        number = next(self._numbers)
        send(self._connection, {**value, "op": op, "id": number}, arrays)
        return number

    def answer(self, *numbers: int) -> tuple[int, Message]:
        """Wait for the answer to one of several questions, whichever comes first.

        Raises:
            WireError: the server has gone.
        """
        while True:
            for number in numbers:
                if number in self._answers:
                    return number, self._answers.pop(number)
            header, arrays = receive(self._connection)
            self._answers[int(header.get("id", 0))] = header, arrays

    def close(self) -> None:
        """Close it; the server gives up what is unfinished."""
        self._connection.close()


class ResidentEngine:
    """An engine behind a socket; attributes as of `LazyEngine`. For one thread.

    Args:
        lazy: its attributes, and the engine itself if the server goes away.
        link: to the server.
        note: called with a line when that happens.
    """

    def __init__(self, lazy: LazyEngine, link: Link, note: Callable[[str], None]):
        self._lazy, self._note = lazy, note
        self.link: Link | None = link
        self.codec_id = str(link.welcome["codec"])
        self.process = int(link.welcome["process"])

    def __getattr__(self, name: str) -> Any:
        return getattr(self._lazy, name)

    def scheduler(self, count: int) -> ResidentScheduler:
        """See `Engine.scheduler`; the server has slots of its own, and lets lines wait for them."""
        return ResidentScheduler(self, count)

    def line_decoder(self) -> ResidentDecoder:
        """See `Engine.line_decoder`."""
        return ResidentDecoder(self)

    def encode(self, audio: np.ndarray) -> Codes:
        """See `Engine.encode`."""
        found = self._asked("encode", [np.asarray(audio, dtype=np.float32)])
        return self._lazy.encode(audio) if found is None else found[0]

    def decode(self, codes: Sequence[Codes]) -> list[np.ndarray]:
        """See `Engine.decode`."""
        found = self._asked("decode", list(codes))
        return self._lazy.decode(codes) if found is None else found

    def lost(self, error: WireError) -> None:
        """The server has gone: from now on the engine itself is used, which is loaded first."""
        if self.link is not None:
            self.link.close()
            self.link = None
            self._note(f"the engine of csm serve is gone ({error}): loading the model here; nothing is lost")

    def local_scheduler(self, count: int) -> Any:
        """The scheduler of the engine itself."""
        return self._lazy.scheduler(count)

    def _asked(self, op: str, arrays: Sequence[np.ndarray]) -> list[np.ndarray] | None:
        if self.link is None:
            return None
        try:
            _, (header, answer) = self.link.answer(self.link.ask(op, {}, arrays))
        except WireError as error:
            self.lost(error)
            return None
        check(header)
        return answer


class ResidentScheduler:
    """As `BatchScheduler`: lines submitted, lines finished.

    Args:
        engine: that speaks.
        count: slots, should the engine have to be loaded here.
    """

    def __init__(self, engine: ResidentEngine, count: int):
        self._engine, self._count = engine, count
        self._tickets = itertools.count(1)
        self._asked: dict[int, tuple[int, Utterance]] = {}
        self._local: Any = None
        self._local_tickets: dict[int, int] = {}

    @property
    def unfinished(self) -> int:
        """Lines submitted and not yet returned."""
        return len(self._asked) + len(self._local_tickets)

    def submit(self, utterance: Utterance) -> int:
        """Queue a line; its ticket. Raises as `BatchScheduler.submit`, here or in `advance`."""
        ticket = next(self._tickets)
        if self._engine.link is not None:
            try:
                self._asked[self._engine.link.ask("speak", *_question(utterance))] = ticket, utterance
                return ticket
            except WireError as error:
                self._engine.lost(error)
        self._submit_here(ticket, utterance)
        return ticket

    def advance(self) -> list[tuple[int, Speech]]:
        """Wait for a line, or generate one frame here; (ticket, speech) of the lines that are finished by it.

        Raises:
            CsmError: a line cannot be spoken.
        """
        if self._asked and self._engine.link is not None:
            try:
                number, (header, arrays) = self._engine.link.answer(*self._asked)
            except WireError as error:
                self._engine.lost(error)
            else:
                ticket, _ = self._asked.pop(number)
                check(header)
                return [(ticket, Speech(arrays[0], bool(header["ended"])))]
        self._move_here()
        done = self._local.advance() if self._local is not None else []
        return [(self._local_tickets.pop(ticket), speech) for ticket, speech in done]

    def _move_here(self) -> None:
        asked, self._asked = self._asked, {}
        for ticket, utterance in asked.values():
            self._submit_here(ticket, utterance)

    def _submit_here(self, ticket: int, utterance: Utterance) -> None:
        if self._local is None:
            self._local = self._engine.local_scheduler(self._count)
        self._local_tickets[self._local.submit(utterance)] = ticket


class ResidentDecoder:
    """As `LineDecoder`, one line at a time; meanwhile the server goes on with the others."""

    beside = False

    def __init__(self, engine: ResidentEngine):
        self._engine = engine
        self._done: deque[tuple[Any, np.ndarray]] = deque()

    @property
    def pending(self) -> int:
        """Lines submitted and not yet returned."""
        return len(self._done)

    def submit(self, lines: Sequence[tuple[Any, Codes]]) -> None:
        """Decode lines, which `finished` returns under their keys."""
        for key, codes in lines:
            self._done.append((key, self._engine.decode([codes])[0]))

    def finished(self, patient: bool = False) -> list[tuple[Any, np.ndarray]]:
        """Lines decoded since the last call."""
        return [self._done.popleft() for _ in range(len(self._done))]


def _question(utterance: Utterance) -> Message:
    value, arrays = pack(utterance)
    return {"utterance": value}, arrays


def check(header: dict[str, Any]) -> None:
    """Raise what an answer says went wrong.

    Raises:
        CsmError: something did.
    """
    if header.get("op") == "failed":
        what, where, remedy = (header.get(name) for name in ("what", "where", "remedy"))
        raise CsmError(str(what), where=where and str(where), remedy=remedy and str(remedy))
