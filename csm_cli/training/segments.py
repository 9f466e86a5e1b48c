"""Segments as CSM is trained on them, and rows of segments of one length.

A segment is BOS, `[tag]text`, end of text, its audio frames, one EOS frame. A row is one segment, or many
in a conversation: what comes earlier in a row is the context of what comes later, and every turn is learned.

Speakers without a tag of their own are guests: in every row a guest has another tag, and no line of it comes
twice, so that neither tag nor text says how it sounds. It has to be taken from its earlier turns.
"""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

PAD, TEXT, FRAME, EOS = 0, 1, 2, 3
GUEST = 255
"""Tag in a shard of a speaker that has none of its own."""
LAST_GUEST_TAG = 99
GUEST_SHARE = 0.55
"""How often a voice of a conversation is a guest, where there are both."""
DISGUISED = 0.15
"""How often a speaker with a tag appears as a guest."""


@dataclass(frozen=True)
class Spoken:
    """One utterance to learn: text ids int32 `[tokens]` (BOS and end included), codes int16 `[frames,
    codebooks]`."""

    tag: int
    ids: np.ndarray
    codes: np.ndarray

    def __len__(self) -> int:
        return len(self.ids) + len(self.codes) + 1


@dataclass(frozen=True)
class Rows:
    """A batch: ids int32 `[rows, length]`, codes int16 `[rows, length, codebooks]`, kind uint8 `[rows,
    length]`."""

    ids: np.ndarray
    codes: np.ndarray
    kind: np.ndarray


@dataclass(frozen=True)
class RowShape:
    """A bucket: rows of `length` positions, `share` of the batches, holding conversations or single
    segments."""

    length: int
    share: float
    conversation: bool


def pack(rows: list[list[Spoken]], length: int, codebooks: int) -> Rows:
    """Lay segments out side by side; what is left of a row is padding."""
    ids = np.zeros((len(rows), length), np.int32)
    codes = np.zeros((len(rows), length, codebooks), np.int16)
    kind = np.zeros((len(rows), length), np.uint8)
    for i, row in enumerate(rows):
        at = 0
        for spoken in row:
            middle, end = at + len(spoken.ids), at + len(spoken)
            ids[i, at:middle] = spoken.ids
            kind[i, at:middle] = TEXT
            codes[i, middle : end - 1] = spoken.codes
            kind[i, middle : end - 1] = FRAME
            kind[i, end - 1] = EOS
            at = end
    return Rows(ids, codes, kind)


Lines = list[tuple[str, np.ndarray]]
"""What one speaker has said: (text, codes int16 `[frames, codebooks]`)."""


class SegmentStore:
    """All utterances of the code shards in a folder, by speaker; grows as shards appear.

    Args:
        folder: `.npz` shards with `codes`, `ends`, `tags`, `texts`, and `speakers` where there are guests.
        encode: (tag, text) → ids with BOS and end.
        validation: read only the shards kept out of training, instead of all others.

    Attributes:
        by_tag: lines of the speakers that have a tag. guests: lines of those that have none, by number.
        frames: of all lines.
    """

    def __init__(self, folder: Path, encode: Callable[[int, str], list[int]], validation: bool = False):
        self.folder, self.encode, self.validation = folder, encode, validation
        self.by_tag: dict[int, Lines] = {}
        self.guests: dict[int, Lines] = {}
        self.frames = 0
        self._seen: set[str] = set()
        self._tags: list[int] = []
        self._numbers: list[int] = []

    def refresh(self) -> None:
        """Take in shards that are new."""
        for path in sorted(self.folder.glob("*.npz")):
            if path.name in self._seen:
                continue
            self._seen.add(path.name)
            if ("-00000" in path.name and path.name.startswith("00")) != self.validation:
                continue
            with np.load(path) as shard:
                codes, ends, tags = shard["codes"], shard["ends"], shard["tags"]
                texts = json.loads(shard["texts"].tobytes())
                speakers = shard["speakers"] if "speakers" in shard.files else tags
            start = 0
            for end, tag, speaker, text in zip(ends, tags, speakers, texts, strict=True):
                lines = self.guests if tag == GUEST else self.by_tag
                lines.setdefault(int(speaker if tag == GUEST else tag), []).append((text, codes[start:end]))
                start = end
            self.frames += len(codes)
        self._tags = sorted(self.by_tag)
        # A guest that speaks once says nothing of its voice to what follows.
        self._numbers = sorted(number for number, lines in self.guests.items() if len(lines) > 1)

    def _spoken(self, tag: int, line: tuple[str, np.ndarray]) -> Spoken:
        return Spoken(tag, np.array(self.encode(tag, line[0]), np.int32), line[1])

    def _guest_tag(self, rng: random.Random, taken: set[int]) -> int:
        """A tag that no speaker has: mostly a low one."""
        first = (self._tags[-1] if self._tags else -1) + 1
        while True:
            last = min(first + rng.choice([7, 7, 23, LAST_GUEST_TAG]), LAST_GUEST_TAG)
            tag = rng.randint(first, max(first + 7, last))
            if tag not in taken:
                return tag

    def _cast(self, rng: random.Random) -> list[tuple[int, Iterator[tuple[str, np.ndarray]]]]:
        """Who speaks in a row: (tag, lines to come) of one to four voices."""
        cast: dict[int, Iterator[tuple[str, np.ndarray]]] = {}
        used: set[int] = set()
        for _ in range(rng.choice([1, 1, 1, 2, 2, 3, 4])):
            if self._numbers and (not self._tags or rng.random() < GUEST_SHARE):
                number = rng.choice(self._numbers)
                if number in used:
                    continue
                used.add(number)
                lines = self.guests[number]
                cast[self._guest_tag(rng, set(cast))] = iter(rng.sample(lines, len(lines)))
            else:
                tag = rng.choice(self._tags)
                known = self.by_tag[tag]
                endless = iter(lambda known=known: rng.choice(known), None)  # type: ignore[misc]
                hidden = bool(self._numbers) and rng.random() < DISGUISED
                cast[self._guest_tag(rng, set(cast)) if hidden else tag] = endless
        return list(cast.items())

    def conversation(self, rng: random.Random, length: int) -> list[Spoken]:
        """Segments that fill one row: a single voice, or two to four in turns; some rows are left short."""
        cast = self._cast(rng)
        limit = length if rng.random() < 0.8 else rng.randint(length // 3, length)
        row: list[Spoken] = []
        used = 0
        while cast:
            place = rng.randrange(len(cast))
            tag, lines = cast[place]
            line = next(lines, None)
            if line is None:
                del cast[place]
                continue
            spoken = self._spoken(tag, line)
            if used + len(spoken) > limit:
                break
            row.append(spoken)
            used += len(spoken)
        return row or [self.single(rng, 0, length)]

    def single(self, rng: random.Random, shortest: int, longest: int) -> Spoken:
        """One segment of a length between the bounds (any that fits when none is found quickly), by a
        speaker with a tag where there is one.

        Raises:
            ValueError: no utterance fits.
        """
        fallback = None
        for _ in range(200):
            if self._tags:
                tag = rng.choice(self._tags)
                line = rng.choice(self.by_tag[tag])
            elif self.guests:
                tag, line = self._guest_tag(rng, set()), rng.choice(self.guests[rng.choice(list(self.guests))])
            else:
                break
            spoken = self._spoken(tag, line)
            if shortest < len(spoken) <= longest:
                return spoken
            if len(spoken) <= longest:
                fallback = spoken
        if fallback is None:
            raise ValueError(f"no utterance fits into {longest} positions")
        return fallback

    def batches(
        self, shapes: tuple[RowShape, ...], positions: int, codebooks: int, seed: int
    ) -> Iterator[Rows]:
        """Endless batches of about `positions` positions each, in the shares of `shapes`."""
        rng, number = random.Random(seed), 0
        lengths = sorted(shape.length for shape in shapes if not shape.conversation)
        while True:
            if number % 300 == 0:
                self.refresh()
            number += 1
            shape = rng.choices(shapes, [s.share for s in shapes])[0]
            count = max(1, positions // shape.length)
            if shape.conversation:
                rows = [self.conversation(rng, shape.length) for _ in range(count)]
            else:
                shortest = max((other for other in lengths if other < shape.length), default=0)
                rows = [[self.single(rng, shortest, shape.length)] for _ in range(count)]
            yield pack(rows, shape.length, codebooks)
