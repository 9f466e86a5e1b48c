"""Teachers at work: processes that have paragraphs spoken and write shards of audio, cut into lines.

A shard is one `.npz`: `audio` int16 [samples], `phones` uint8 [samples // 480], `ends` int64 [utterances]
(in samples), `tags` uint8 [utterances] (`GUEST` for a speaker without one), `speakers` int32 [utterances],
`texts` (a JSON list). Written under a temporary name and renamed when whole.
"""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from csm_cli.training.segments import GUEST
from recipes.demo_voice.cutting import cut, trim
from recipes.demo_voice.phonemes import Phonemes, label_names
from recipes.demo_voice.rooms import Room, shifted, to_level
from recipes.demo_voice.teachers import RATE, SHIPPED, Speaker, Styles, Teacher

LONGEST_PARAGRAPH = 380
"""Symbols; Kokoro takes 508 at most and reads long ones less well."""
LONGEST_LINE = 260
"""Characters of a line of several sentences."""
JOINED = 0.35
"""Share of sentences that go on the line of the one before."""
GUESTS = 0.6
"""Share of paragraphs that are read by guests."""
PARAGRAPHS_OF_A_GUEST = 3
HIBARI = 8
"""Its number among speakers: heart's sister, not heart herself."""


@dataclass(frozen=True, eq=False)
class Line:
    """A line as it was read: audio float32 [samples] at 24 kHz, phones uint8 [samples // 480]."""

    text: str
    speaker: Speaker
    audio: np.ndarray
    phones: np.ndarray


def write_shard(path: Path, lines: Sequence[Line]) -> None:
    """Write lines as one shard."""
    audio = np.concatenate([line.audio for line in lines])
    temporary = path.with_suffix(".tmp")
    with temporary.open("wb") as file:
        np.savez(
            file,
            audio=(np.clip(audio, -1, 1) * 32767).astype(np.int16),
            phones=np.concatenate([line.phones for line in lines]),
            ends=np.cumsum([len(line.audio) for line in lines]),
            tags=np.array([line.speaker.tag for line in lines], np.uint8),
            speakers=np.array([line.speaker.number for line in lines], np.int32),
            texts=np.frombuffer(json.dumps([line.text for line in lines]).encode(), np.uint8),
        )
    temporary.rename(path)


@dataclass(frozen=True, eq=False)
class Paragraph:
    """What a teacher speaks in one go: lines of text, and the symbols of each."""

    speaker: Speaker
    room: Room | None
    texts: list[str]
    symbols: list[str]


class Reader:
    """Makes paragraphs of texts.

    Args:
        root: folder of `fetch`. texts: in the order in which they are read; all of them again and again.
        first: number of the first guest.
    """

    def __init__(self, root: Path, texts: Sequence[str], seed: int, first: int):
        self.rng, self.styles, self.phonemes = np.random.default_rng(seed), Styles(root), Phonemes(root)
        self.texts, self.order, self.at, self.number = texts, self.rng.permutation(len(texts)), 0, first
        self.guest: tuple[Speaker, Room, int] | None = None

    def paragraphs(self, count: int) -> list[Paragraph]:
        """About `count` paragraphs of the greatest length, or more shorter ones, all of one length."""
        whole = self.rng.random() < 0.8
        want = LONGEST_PARAGRAPH if whole else int(self.rng.integers(20, LONGEST_PARAGRAPH))
        number = min(count * 4, count * LONGEST_PARAGRAPH // want)
        return [self._paragraph(*self._speaker(), want) for _ in range(number)]

    def _speaker(self) -> tuple[Speaker, Room | None]:
        if self.rng.random() >= GUESTS:
            return self.styles.shipped(SHIPPED[int(self.rng.integers(len(SHIPPED)))], self.rng), None
        if self.guest is None or self.guest[2] == 0:
            self.number += 1
            self.guest = (self.styles.guest(self.number, self.rng), Room(self.rng), PARAGRAPHS_OF_A_GUEST)
        speaker, room, left = self.guest
        self.guest = (speaker, room, left - 1)
        return speaker, room

    def _paragraph(self, speaker: Speaker, room: Room | None, want: int) -> Paragraph:
        texts: list[str] = []
        symbols: list[str] = []
        size = 0
        while size < want:
            text = self.texts[self.order[self.at % len(self.order)]]
            self.at += 1
            found = self.phonemes(text, speaker.british)
            if found is None:
                continue
            if texts and size + 1 + len(found) > want:
                break
            if texts and self.rng.random() < JOINED and len(texts[-1]) + len(text) < LONGEST_LINE:
                texts[-1] += " " + text
                symbols[-1] += " " + found
            else:
                texts.append(text)
                symbols.append(found)
            size += len(found) + 1
        return Paragraph(speaker, room, texts, symbols)


def lines_of(
    paragraph: Paragraph, audio: np.ndarray, durations: np.ndarray, labels: dict[str, int], seed: int
) -> list[Line]:
    """The lines of a paragraph as it was spoken, in the speaker's pitch, room and level."""
    rng, found, speaker = np.random.default_rng(seed), [], paragraph.speaker
    for text, piece in zip(
        paragraph.texts, cut(audio, durations, paragraph.symbols, labels, rng), strict=True
    ):
        if piece is None:
            continue
        sound, phones = piece
        if speaker.shift != 1.0:
            sound = shifted(sound, speaker.shift)
            at = (np.arange(-(-len(sound) // 480)) * speaker.shift).astype(int)
            phones = phones[np.minimum(at, len(phones) - 1)]
            sound = np.pad(sound, (0, len(phones) * 480 - len(sound)))
        sound = paragraph.room(sound) if paragraph.room else to_level(sound)
        found.append(Line(text, speaker, sound, phones))
    return found


def read_batches(
    reader: Reader, teacher: Teacher, labels: dict[str, int], batch: int, threads: int
) -> Iterator[list[Line]]:
    """Endless batches of lines; the next paragraphs are prepared while the teacher speaks."""
    with ThreadPoolExecutor(threads) as pool:
        following = pool.submit(reader.paragraphs, batch)
        done: list = []
        while True:
            paragraphs, following = following.result(), pool.submit(reader.paragraphs, batch)
            symbols = [" ".join(each.symbols) for each in paragraphs]
            ids = [[reader.phonemes.known[symbol] for symbol in each] for each in symbols]
            styles = np.stack([p.speaker.style[len(row) - 1] for p, row in zip(paragraphs, ids, strict=True)])
            speeds = [each.speaker.speed_for(len(row)) for each, row in zip(paragraphs, ids, strict=True)]
            spoken = teacher.speak(ids, styles, speeds)
            lines = [line for job in done for line in job.result()]
            if lines:
                yield lines
            seeds = reader.rng.integers(1 << 30, size=len(paragraphs))
            done = [
                pool.submit(lines_of, paragraph, audio, durations, labels, int(seed))
                for paragraph, (audio, durations), seed in zip(paragraphs, spoken, seeds, strict=True)
            ]


def work_kokoro(
    root: Path,
    folder: Path,
    part: int,
    seed: int,
    until: Callable[[], bool],
    device: str,
    batch: int,
    threads: int,
    compiled: bool = True,
) -> None:
    """One process of Kokoro: float32, on a GPU with tf32 products and fused norms."""
    import torch

    from recipes.demo_voice.kokoro_torch import Kokoro

    torch.set_num_threads(1)
    known = Phonemes(root).known
    reader = Reader(root, _texts(root), seed * 1000 + part, 1000 + part * 100_000)
    torch.backends.cuda.matmul.allow_tf32 = torch.backends.cudnn.allow_tf32 = True
    teacher = Kokoro(root, device, compiled=compiled and device != "cpu")
    seconds, began, said = 0.0, time.monotonic(), 0.0
    batches = read_batches(reader, teacher, label_names(known), batch, threads)
    for number, lines in enumerate(batches):
        write_shard(folder / f"{part:03d}-{number:05d}.npz", lines)
        seconds += sum(len(line.audio) for line in lines) / RATE
        passed = time.monotonic() - began
        if passed - said > 20:
            said = passed
            print(
                f"teacher {part}: {seconds / 3600:.2f} h in {passed:.0f} s, {seconds / passed:.0f} x",
                flush=True,
            )
        if until():
            break
    os._exit(0)  # threads that prepare what nobody will read


def work_hibari(root: Path, folder: Path, part: int, seed: int, until: Callable[[], bool]) -> None:
    """One process of hibari on a CPU core."""
    os.environ["OPENBLAS_NUM_THREADS"] = "1"
    os.nice(10)
    sys.path.insert(0, str(root))
    from hibari import Hibari

    teacher, texts, rng = Hibari(threads=1), _texts(root), np.random.default_rng(seed * 77 + part)
    speaker = Speaker(HIBARI, GUEST, np.zeros((0, 256), np.float32), False, 1.0)
    number = 0
    while not until():
        lines: list[Line] = []
        while len(lines) < 100 and not until():
            text = texts[int(rng.integers(len(texts)))]
            try:
                audio = teacher(text, speed=float(rng.uniform(0.82, 0.92)), seed=int(rng.integers(1 << 30)))
            except (ValueError, KeyError, IndexError):
                continue
            piece = trim(to_level(np.asarray(audio, np.float32)), np.zeros(0, np.uint8), 0, rng)
            if piece is not None and len(piece[0]):
                lines.append(Line(text, speaker, *piece))
        if lines:
            write_shard(folder / f"{500 + part:03d}-{number:05d}.npz", lines)
            number += 1


def _texts(root: Path) -> list[str]:
    texts: list[str] = json.loads((root / "texts.json").read_text("utf-8"))
    return texts
