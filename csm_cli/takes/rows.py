"""Takes in brief, and the file of the index, which remembers them."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any, NamedTuple, get_type_hints

from csm_cli.core.stored import as_json
from csm_cli.takes.take import Take

if TYPE_CHECKING:
    from pydantic import TypeAdapter

_SCHEMA = 2


@dataclass(frozen=True, slots=True)
class Row:
    """A take in brief; the fields are those of `Take` and of its request."""

    id: str
    slot: str
    request: str
    script: str
    place: str
    context: tuple[str, ...]
    pins: tuple[str, ...]
    chosen: dict[str, str]
    made: str
    accepted: bool
    origin: str

    @classmethod
    def of(cls, take: Take) -> Row:
        """The row of a take."""
        request = take.asked
        return cls(
            take.id,
            "" if take.origin == "imported" else request.slot,
            take.key if take.origin == "spoken" else "",
            request.script,
            request.place,
            take.context,
            take.pins,
            dict(take.chosen),
            take.made,
            take.accepted,
            take.origin,
        )


class Remembered(NamedTuple):
    """What is remembered of a sidecar.

    Attributes:
        size, changed: of its file when it was read, as in `Seen`.
        row: that it came to.
    """

    size: int
    changed: int
    row: Row


def sealed(takes: Mapping[str, Remembered]) -> bytes:
    """The file: JSON in three rows, the takes by the names of their sidecars in the second.

    So the hash of them, which stands in the first, is checked before they are parsed.
    """
    values = {
        name: [kept.size, kept.changed, [getattr(kept.row, field) for field in Row.__slots__]]
        for name, kept in takes.items()
    }
    return with_hash(as_json(values, compact=True).encode())


def unsealed(data: bytes) -> dict[str, Remembered]:
    """What `sealed` was given.

    Raises:
        ValueError: it is something else.
    """
    _, *rows = data.split(b"\n")
    if not rows or data != with_hash(rows[0]):
        raise ValueError("does not agree with its own hash")
    values = _table().validate_json(rows[0], strict=True)
    return {name: Remembered(size, changed, Row(*row)) for name, (size, changed, row) in values.items()}


def is_earlier(data: bytes) -> bool:
    """Whether it is the file of an earlier version, which had no hash."""
    return data.startswith(b'{"schema":1,')


def with_hash(body: bytes) -> bytes:
    """The file of the index whose second row is `body`."""
    mark = hashlib.sha256(body).hexdigest()
    return f'{{"schema":{_SCHEMA},"sha256":"{mark}","takes":\n'.encode() + body + b"\n}\n"


@cache
def _table() -> TypeAdapter[dict[str, tuple[int, int, tuple[Any, ...]]]]:
    from pydantic import TypeAdapter

    row: Any = tuple[tuple(get_type_hints(Row).values())]  # type: ignore[misc]
    return TypeAdapter(dict[str, tuple[int, int, row]])
