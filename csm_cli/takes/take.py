"""A take: one reading of one line, and the JSON sidecar that describes it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from typing import Any, Literal

import numpy as np

from csm_cli.core import __version__
from csm_cli.takes.keys import LineRequest, digest, request_as_dict, request_from_dict

SIDECAR_SCHEMA = 1
Origin = Literal["spoken", "rerolled", "imported"]
COLUMNS = 160
LETTERS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz-_"


def peaks_of(pcm: np.ndarray) -> str:
    """The peaks of int16 `[samples]` in up to 160 stretches: a character each, for 0 to 63."""
    if not pcm.size:
        return ""
    starts = np.unique(np.linspace(0, pcm.size, COLUMNS, endpoint=False).astype(int))
    highest = np.maximum.reduceat(np.abs(pcm.astype(np.int32)), starts)
    return "".join(LETTERS[value] for value in np.minimum(highest >> 9, 63))


@dataclass(frozen=True)
class Part:
    """One piece of a line, as it was spoken in one go.

    Args:
        text: its spoken form.
        seed: of its noise.
        frames: of its codes; 0 for a recording that has not been encoded.
        samples: of its audio.
        heard: its context, in order: ids of takes, `id/2` for a part of one, `#0` for one of its own line.
        tries: takes of this part until this one was kept, or all were used up.
        ended: False if it was cut off by the frame cap.
        reasons: what speaks against it, in plain words; empty for a good one.
        scores: figures of the checks, by name.
    """

    text: str
    seed: int
    frames: int
    samples: int
    heard: tuple[str, ...] = ()
    tries: int = 1
    ended: bool = True
    reasons: tuple[str, ...] = ()
    scores: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Take:
    """One reading of one line. Its codes and audio are in the store.

    Args:
        id: names it; made of what was spoken.
        origin: how it came about.
        asked: the request that it answers.
        context: ids of the takes (`id/2`: parts of takes) before it that its context could hold, in order.
        parts: what it is made of, in order.
        checked: the checks it went through, such as "signal", "asr:pocketsphinx".
        made: when, ISO 8601.
        pins: places (`script#line`) where a person wants this take and no other.
        chosen: places where a person chose it, and when; a later choice wins.
        files: by kind (codes, audio): name, bytes and SHA-256.
        rate: of its audio, Hz.
        peaks: its loudness over time for a picture: 0 to 63, a character each.
        csm: the version that made it.
    """

    id: str
    origin: Origin
    asked: LineRequest
    context: tuple[str, ...]
    parts: tuple[Part, ...]
    checked: tuple[str, ...] = ()
    made: str = ""
    pins: tuple[str, ...] = ()
    chosen: Mapping[str, str] = field(default_factory=dict)
    files: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    rate: int = 24_000
    peaks: str = ""
    csm: str = __version__

    @property
    def reasons(self) -> tuple[str, ...]:
        """What speaks against it, each once; empty for a good take."""
        return tuple(dict.fromkeys(reason for part in self.parts for reason in part.reasons))

    @property
    def accepted(self) -> bool:
        """Whether it may be context of other lines: no check speaks against it, or a person pinned it."""
        return not self.reasons or bool(self.pins)

    def kept_for(self, place: str) -> bool:
        """Whether a person wants this take at a place, whatever changes around it: pinned, or a recording."""
        return self.origin == "imported" or place in self.pins

    @property
    def tries(self) -> int:
        """The most that any part of it took."""
        return max((part.tries for part in self.parts), default=1)

    @property
    def seconds(self) -> float:
        """Length of its audio."""
        return sum(part.samples for part in self.parts) / self.rate

    @property
    def key(self) -> str:
        """Hash of the request that it answers, with its context."""
        return self.asked.key(self.context)

    def to_json(self) -> str:
        """The text of the sidecar."""
        value = asdict(self) | {"schema": SIDECAR_SCHEMA, "asked": request_as_dict(self.asked)}
        return json.dumps(value | {"digest": digest(value)}, ensure_ascii=False) + "\n"


def take_from_json(text: str | bytes) -> Take:
    """Read a sidecar.

    Raises:
        ValueError: it is damaged, or of another version.
    """
    try:
        value = json.loads(text)
        claimed = value.pop("digest")
        if value["schema"] != SIDECAR_SCHEMA or digest(value) != claimed:
            raise ValueError("does not agree with its own digest")
        del value["schema"]
        value["asked"] = request_from_dict(value["asked"])
        value["parts"] = tuple(_part(part) for part in value["parts"])
        for name in ("context", "checked", "pins"):
            value[name] = tuple(value[name])
        return Take(**value)
    except (KeyError, TypeError, AttributeError, UnicodeDecodeError, RecursionError) as error:
        raise ValueError(f"is no sidecar ({error})") from error


def _part(value: dict[str, Any]) -> Part:
    return Part(**value | {"heard": tuple(value["heard"]), "reasons": tuple(value["reasons"])})


def now() -> str:
    """The time, as sidecars state it: UTC, sortable as text."""
    return datetime.now(UTC).isoformat(timespec="microseconds")
