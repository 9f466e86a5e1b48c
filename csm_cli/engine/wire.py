"""Messages between an engine in a server and programs that speak with it, through a socket of the user's.

A message is four bytes with the length of its header, the header as JSON, and its arrays as they lie in
memory; `arrays` in the header states their types and shapes. Everything is bounded. The client begins.

| client | server |
| --- | --- |
| `hello`: what it wants (`Wanted`) | `welcome`: device, dtype, codec; or `refused`: why |
| `speak` with an id, an utterance, codes of its context | `speech` with codes, or `failed` |
| `encode` with audio; `decode` with codes | `codes`; `sounds`; or `failed` |
"""

from __future__ import annotations

import json
import socket
import struct
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from math import prod
from typing import Any

import numpy as np

from csm_cli.core import __version__
from csm_cli.core.stored import parsed
from csm_cli.core.types import Sampler, Segment, Utterance

PROTOCOL = 1
MOST_HEADER = 1 << 20
MOST_BYTES = 1 << 26
"""Of all arrays of a message: eleven minutes of sound."""
MOST_ARRAYS = 4096
KINDS = ("int16", "float32")
_LENGTH = struct.Struct(">I")

Message = tuple[dict[str, Any], list[np.ndarray]]


class WireError(Exception):
    """The other end has gone, or sends what is no message."""


@dataclass(frozen=True)
class Wanted:
    """Which engine a client would load by itself; another one is of no use to it.

    Args:
        model: its id.
        revision: of its files.
        device, dtype, quantize, eager: as for `Engine.load`.
        csm: version.
        protocol: of these messages.
    """

    model: str
    revision: str
    device: str = "auto"
    dtype: str | None = None
    quantize: str | None = None
    eager: bool = False
    csm: str = __version__
    protocol: int = PROTOCOL

    @property
    def key(self) -> str:
        """What names of sockets begin with, for this revision."""
        return f"engine-{self.revision[:12]}"


def send(connection: socket.socket, header: Mapping[str, Any], arrays: Sequence[np.ndarray] = ()) -> None:
    """Send a message.

    Raises:
        WireError: the other end has gone, does not read, or would not take so much.
    """
    arrays = [np.ascontiguousarray(array) for array in arrays]
    shapes = [[array.dtype.name, *array.shape] for array in arrays]
    data = json.dumps({**header, "arrays": shapes}).encode()
    total = sum(array.nbytes for array in arrays)
    if len(data) > MOST_HEADER or total > MOST_BYTES or len(arrays) > MOST_ARRAYS:
        raise WireError(f"a message of {len(data)} and {total} bytes is too long")
    try:
        connection.sendall(b"".join([_LENGTH.pack(len(data)), data, *(array.tobytes() for array in arrays)]))
    except OSError as error:
        raise WireError(f"the other end has gone ({error.strerror or error})") from error


def receive(connection: socket.socket) -> Message:
    """Wait for the next message.

    Raises:
        WireError: the other end has gone, or this is no message.
    """
    (length,) = _LENGTH.unpack(_exactly(connection, _LENGTH.size))
    if length > MOST_HEADER:
        raise WireError(f"a header of {length} bytes is too long")
    try:
        header = parsed(_exactly(connection, length))
        shapes = [(str(kind), [int(size) for size in shape]) for kind, *shape in header.pop("arrays")]
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError, OverflowError) as error:
        raise WireError("what came is no message") from error
    sizes = [prod(shape) * np.dtype(kind).itemsize if kind in KINDS else -1 for kind, shape in shapes]
    bad = any(len(shape) not in (1, 2) or min(shape) < 0 or max(shape) > MOST_BYTES for _, shape in shapes)
    if bad or min(sizes, default=0) < 0 or sum(sizes) > MOST_BYTES or len(sizes) > MOST_ARRAYS:
        raise WireError("what came with a message is too much, or no array")
    return header, [
        np.frombuffer(_exactly(connection, size), dtype=kind).reshape(shape).copy()
        for (kind, shape), size in zip(shapes, sizes, strict=True)
    ]


def pack(utterance: Utterance) -> Message:
    """An utterance as a part of a message: plain values, and the codes of its context and lead."""
    segments = [*utterance.context, *([utterance.lead] if utterance.lead else [])]
    value = {
        "speaker": utterance.speaker,
        "text": utterance.text,
        "seed": utterance.seed,
        "max_frames": utterance.max_frames,
        "sampler": asdict(utterance.sampler),
        "segments": [[segment.speaker, segment.text] for segment in segments],
        "lead": utterance.lead is not None,
    }
    return value, [segment.codes for segment in segments]


def unpack(value: Mapping[str, Any], arrays: Sequence[np.ndarray]) -> Utterance:
    """The utterance of `pack`.

    Raises:
        WireError: it is none.
    """
    try:
        segments = [
            Segment(int(speaker), str(text), codes)
            for (speaker, text), codes in zip(value["segments"], arrays, strict=True)
        ]
        lead = segments.pop() if value["lead"] else None
        return Utterance(
            int(value["speaker"]),
            str(value["text"]),
            tuple(segments),
            int(value["seed"]),
            int(value["max_frames"]),
            Sampler(**value["sampler"]),
            lead,
        )
    except (ValueError, KeyError, TypeError, AttributeError, IndexError, OverflowError) as error:
        raise WireError(f"what came is no utterance ({error})") from error


def _exactly(connection: socket.socket, size: int) -> bytes:
    """So many bytes."""
    parts: list[bytes] = []
    while size:
        try:
            part = connection.recv(min(size, 1 << 20))
        except OSError as error:
            raise WireError(f"the other end does not answer ({error.strerror or error})") from error
        if not part:
            raise WireError("the other end has gone")
        parts.append(part)
        size -= len(part)
    return b"".join(parts)
