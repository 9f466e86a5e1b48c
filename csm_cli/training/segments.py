"""Shards of codes → batches: rows of segments of one length, drawn at random.

Speakers without a tag of their own are guests: in every row a guest has another tag, and no line of it comes
twice, so that neither tag nor text identifies its voice. It has to be taken from its earlier turns.
"""

from __future__ import annotations

import itertools
import json
import random
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from csm_cli.core.errors import CsmError, MissingError, UsageError, first_line
from csm_cli.training.rows import Rows, TrainSegment, pack

GUEST = 255
"""Tag in a shard of a speaker that has none of its own."""
LAST_GUEST_TAG = 99
"""Highest tag that a guest gets."""
GUEST_SHARE = 0.68
"""How often a voice of a conversation is a guest, where there are both."""
BY_LINES = 0.25
"""How often a guest is drawn in proportion to its lines: that gives more words, an even draw more voices."""
LINES_OF_A_ROW = 60
"""Lines drawn of a guest for a row: more than it can hold."""
DISGUISED = 0.15
"""How often a speaker with a tag gets a guest's."""


@dataclass(frozen=True)
class RowShape:
    """A bucket: rows of `length` positions, `share` of the batches, holding conversations or single
    segments."""

    length: int
    share: float
    conversation: bool


Lines = list[tuple[str, np.ndarray]]
"""The lines of one speaker: (text, codes int16 `[frames, codebooks]`)."""


def kept_for_validation(name: str) -> bool:
    """Whether a shard of this name is kept out of training: the first of each of the first workers."""
    return "-00000" in name and name.startswith("00")


def count_frames(folder: Path) -> tuple[int, int]:
    """Frames of speech in the shards of a folder: (to learn, kept for validation).

    Raises:
        MissingError: a shard cannot be read, or there is nothing to learn.
    """
    counts = [0, 0]
    for path in sorted(folder.glob("*.npz")):
        with reading(path), np.load(path) as shard:
            counts[kept_for_validation(path.name)] += int(max(shard["ends"], default=0))
    if not counts[False]:
        raise _nothing(folder)
    return counts[False], counts[True]


def _nothing(folder: Path) -> CsmError:
    return MissingError(
        "holds no shards of codes to learn from",
        where=str(folder),
        remedy="give a folder of .npz shards; those named 00…-00000 are kept for validation",
    )


@contextmanager
def reading(path: Path, what: str = "codes") -> Iterator[None]:
    """Name the shard of `what` in any error of the body.

    Raises:
        MissingError: it is damaged.
    """
    try:
        yield
    except MemoryError:
        raise
    except Exception as error:  # numpy, zipfile, zlib and json have an error each for a damaged file
        raise MissingError(
            f"is no shard of {what}, or damaged ({first_line(error)})",
            where=str(path),
            remedy="delete it or make it again",
        ) from error


class SegmentStore:
    """All utterances of the code shards in a folder, by speaker; grows as shards appear.

    Args:
        folder: `.npz` shards with `codes`, `ends`, `tags`, `texts`, and `speakers` where there are guests.
        encode: (tag, text) → ids with BOS and end.
        validation: read only the shards kept out of training, instead of all others.
        codebooks, size: of the codes, for a check; None: not checked.

    Attributes:
        by_tag: lines of the speakers that have a tag.
        guests: lines of those that have none, by number.
    """

    def __init__(
        self,
        folder: Path,
        encode: Callable[[int, str], list[int]],
        validation: bool = False,
        codebooks: int | None = None,
        size: int | None = None,
    ):
        self.folder, self.encode, self.validation = folder, encode, validation
        self.codebooks, self.size = codebooks, size
        self.by_tag: dict[int, Lines] = {}
        self.guests: dict[int, Lines] = {}
        self.seen: set[str] = set()
        self._tags: list[int] = []
        self._numbers: list[int] = []
        self._lines: list[int] = []  # of the guests up to this one

    def refresh(self) -> None:
        """Read shards that are new.

        Raises:
            MissingError: a shard is damaged, or of another model's codes.
        """
        for path in sorted(self.folder.glob("*.npz")):
            if path.name in self.seen:
                continue
            self.seen.add(path.name)
            if kept_for_validation(path.name) != self.validation:
                continue
            with reading(path):
                self._read(path)
        self._tags = sorted(self.by_tag)
        # A guest with a single line has no earlier turn to take its voice from.
        self._numbers = sorted(number for number, lines in self.guests.items() if len(lines) > 1)
        self._lines = list(itertools.accumulate(len(self.guests[number]) for number in self._numbers))

    def _read(self, path: Path) -> None:
        with np.load(path) as shard:
            codes, ends, tags = shard["codes"], shard["ends"], shard["tags"]
            texts = json.loads(shard["texts"].tobytes())
            speakers = shard["speakers"] if "speakers" in shard.files else tags
        if len(codes) != max(ends, default=0):
            raise ValueError(f"{len(codes)} frames of codes, not {max(ends, default=0)}")
        if self.codebooks is not None and codes.shape[1:] != (self.codebooks,):
            raise ValueError(f"codes of shape {codes.shape}, not of {self.codebooks} codebooks")
        if self.size is not None and len(codes) and not 0 <= codes.min() <= codes.max() < self.size:
            raise ValueError(f"codes from {codes.min()} to {codes.max()}, not from 0 to {self.size - 1}")
        start = 0
        for end, tag, speaker, text in zip(ends, tags, speakers, texts, strict=True):
            lines = self.guests if tag == GUEST else self.by_tag
            lines.setdefault(int(speaker if tag == GUEST else tag), []).append((text, codes[start:end]))
            start = end

    def _segment(self, tag: int, line: tuple[str, np.ndarray]) -> TrainSegment:
        return TrainSegment(tag, np.array(self.encode(tag, line[0]), np.int32), line[1])

    def _guest_tag(self, rng: random.Random, taken: set[int]) -> int:
        """A tag that no speaker has: mostly a low one."""
        first = (self._tags[-1] if self._tags else -1) + 1
        while True:
            last = min(first + rng.choice([7, 7, 23, LAST_GUEST_TAG]), LAST_GUEST_TAG)
            tag = rng.randint(first, max(first + 7, last))
            if tag not in taken:
                return tag

    def _cast(self, rng: random.Random) -> list[tuple[int, Iterator[tuple[str, np.ndarray]]]]:
        """The voices of a row, one to four: (tag, lines to come)."""
        cast: dict[int, Iterator[tuple[str, np.ndarray]]] = {}
        used: set[int] = set()
        if not self._numbers and not self._tags:
            return []
        for _ in range(rng.choice([1, 1, 2, 2, 3, 4])):
            if self._numbers and (not self._tags or rng.random() < GUEST_SHARE):
                by_lines = rng.random() < BY_LINES
                number = rng.choices(self._numbers, cum_weights=self._lines if by_lines else None)[0]
                if number in used:
                    continue
                used.add(number)
                lines = self.guests[number]
                drawn = rng.sample(lines, min(len(lines), LINES_OF_A_ROW))
                cast[self._guest_tag(rng, set(cast))] = iter(drawn)
            else:
                tag = rng.choice(self._tags)
                own = self.by_tag[tag]
                endless = iter(lambda own=own: rng.choice(own), None)  # type: ignore[misc]
                hidden = bool(self._numbers) and rng.random() < DISGUISED
                cast[self._guest_tag(rng, set(cast)) if hidden else tag] = endless
        return list(cast.items())

    def conversation(self, rng: random.Random, length: int) -> list[TrainSegment]:
        """Segments that fill one row: a single voice, or two to four in turns; some rows are left short."""
        cast = self._cast(rng)
        limit = length if rng.random() < 0.8 else rng.randint(length // 3, length)
        row: list[TrainSegment] = []
        used = 0
        while cast:
            place = rng.randrange(len(cast))
            tag, lines = cast[place]
            line = next(lines, None)
            if line is None:
                del cast[place]
                continue
            segment = self._segment(tag, line)
            if used + len(segment) > limit:
                break
            row.append(segment)
            used += len(segment)
        return row or [self.single(rng, 0, length)]

    def single(self, rng: random.Random, shortest: int, longest: int) -> TrainSegment:
        """One segment of a length between the bounds (any that fits when none is found quickly), by a
        speaker with a tag where there is one.

        Raises:
            UsageError: no utterance fits.
        """
        fallback = None
        for _ in range(200):
            if self._tags:
                tag = rng.choice(self._tags)
                line = rng.choice(self.by_tag[tag])
            elif self.guests:
                tag, line = (
                    self._guest_tag(rng, set()),
                    rng.choice(self.guests[rng.choice(list(self.guests))]),
                )
            else:
                break
            segment = self._segment(tag, line)
            if shortest < len(segment) <= longest:
                return segment
            if len(segment) <= longest:
                fallback = segment
        if fallback is None:
            raise UsageError(
                f"no utterance fits into {longest} positions",
                where=str(self.folder),
                remedy="make shards of shorter utterances",
            )
        return fallback

    def batches(
        self, shapes: tuple[RowShape, ...], positions: int, codebooks: int, seed: int
    ) -> Iterator[Rows]:
        """Endless batches of about `positions` positions each, in the shares of `shapes`.

        Raises:
            MissingError: there is nothing to learn, or a shard is damaged.
            UsageError: no utterance fits.
        """
        rng, number = random.Random(seed), 0
        lengths = sorted(shape.length for shape in shapes if not shape.conversation)
        while True:
            if number % 300 == 0:
                self.refresh()
                if not (self.by_tag or self.guests):
                    raise _nothing(self.folder)
            number += 1
            shape = rng.choices(shapes, [s.share for s in shapes])[0]
            count = max(1, positions // shape.length)
            if shape.conversation:
                rows = [self.conversation(rng, shape.length) for _ in range(count)]
            else:
                shortest = max((other for other in lengths if other < shape.length), default=0)
                rows = [[self.single(rng, shortest, shape.length)] for _ in range(count)]
            yield pack(rows, shape.length, codebooks)
