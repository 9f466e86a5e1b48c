"""A take: one reading of one line; the JSON sidecar that describes it, the files of its codes and sound."""

from __future__ import annotations

import io
import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from typing import Any, Literal

import numpy as np

from csm_cli.core import __version__
from csm_cli.core.stored import as_json, finite, parsed, read_array, shaped
from csm_cli.core.types import Codes, as_codes
from csm_cli.takes.keys import LineRequest, digest

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


Score = float | int | str | bool | Sequence[Sequence[float | None] | None] | Sequence[str] | None
"""A figure, words that were heard, the times of words."""


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
    scores: Mapping[str, Score] = field(default_factory=dict)


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
    def frames(self) -> int:
        """Frames of its codes."""
        return sum(part.frames for part in self.parts)

    @property
    def samples(self) -> int:
        """Samples of its audio."""
        return sum(part.samples for part in self.parts)

    @property
    def seconds(self) -> float:
        """Length of its audio."""
        return self.samples / self.rate

    @property
    def key(self) -> str:
        """Hash of the request that it answers, with its context."""
        return self.asked.key(self.context)

    def is_of(self, request: LineRequest) -> bool:
        """Whether it is a reading of a line: of its text as written, or of what is spoken for that."""
        return self.asked.written == request.written or self.asked.parts == request.parts

    def to_json(self) -> str:
        """The text of the sidecar; scores that are not finite are left out."""
        value = asdict(self) | {"schema": SIDECAR_SCHEMA}
        for part in value["parts"]:
            part["scores"] = finite(part["scores"])
        return as_json(value | {"digest": digest(value)}) + "\n"


def take_from_json(text: str | bytes) -> Take:
    """Read a sidecar.

    Raises:
        ValueError: it is damaged, of another version, or says what cannot be of a take.
    """
    value = parsed(text)
    if not isinstance(value, dict):
        raise ValueError("is no sidecar")
    claimed = value.pop("digest", None)
    if value.get("schema") != SIDECAR_SCHEMA or digest(value) != claimed:
        raise ValueError("does not agree with its own digest")
    take = shaped(Take, value)
    if not all(isinstance(part.scores.get("voice_similarity", 0.0), int | float) for part in take.parts):
        raise ValueError("voice_similarity: is no figure")
    counts = [count for part in take.parts for count in (part.frames, part.samples, part.tries, part.seed)]
    if not re.fullmatch("[0-9a-f]{20}", take.id) or min(counts, default=0) < 0 or take.rate < 1:
        raise ValueError("says what cannot be of a take")
    return take


def as_npy(codes: Sequence[Codes]) -> bytes:
    """The file of the codes of all parts."""
    buffer = io.BytesIO()
    np.save(buffer, np.concatenate(list(codes)), allow_pickle=False)
    return buffer.getvalue()


def codes_from(data: bytes) -> Codes | None:
    """What `as_npy` was given, in one; None: it is something else."""
    try:
        return as_codes(read_array(io.BytesIO(data), "int16"))
    except ValueError:
        return None


def flac(pcm: np.ndarray, rate: int) -> bytes:
    """16-bit FLAC at the fastest level: a third larger than the best, and many times quicker."""
    import soundfile

    buffer = io.BytesIO()
    with soundfile.SoundFile(buffer, "w", rate, 1, "PCM_16", format="FLAC", compression_level=0.0) as file:
        file.write(pcm)
    return buffer.getvalue()


def flac_size(data: bytes) -> tuple[int, int] | None:
    """(rate in Hz, samples) that the head of a FLAC states; None: it is none."""
    if data[:4] != b"fLaC" or len(data) < 26:
        return None
    numbers = int.from_bytes(data[18:26], "big")  # 20 bits of rate, 8 of channels and depth, 36 of samples
    return numbers >> 44, numbers & (1 << 36) - 1


def now() -> str:
    """The time, as sidecars state it: UTC, sortable as text."""
    return datetime.now(UTC).isoformat(timespec="microseconds")
