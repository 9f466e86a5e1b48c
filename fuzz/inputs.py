"""Inputs one after the other: which reader gets which damaged file, and what came of it."""

from __future__ import annotations

import hashlib
import os
import re
import traceback
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from random import Random

from fuzz.mutations import damaged
from fuzz.reader import NotTheSameError, Reader, refusals
from fuzz.readers import READERS

ROOT = Path(__file__).parents[1]
SECONDS_A_MEGABYTE = 1.0
FLOOR_SECONDS = 2.0
"""Of a core's time, for an input of any size: a busy machine counts no more than an idle one."""
MOST_KEPT = 300
"""Inputs of a reader that were answered in a way of their own, and that further ones are made of."""


@dataclass(frozen=True)
class Finding:
    """An input that went wrong.

    Args:
        name: of its file: kind, reader, error and place.
        data: the input.
        text: what happened.
    """

    name: str
    data: bytes
    text: str

    @property
    def reader(self) -> str:
        """Name of the reader."""
        return self.name.split("-")[1]


class Corpus:
    """The good files of every reader, and what was made of them and was answered in a new way.

    Args:
        folder: of the process: each reader has one of its own in it.
        names: of the readers.
        more: a folder of further files, a folder in it for each reader.
    """

    def __init__(self, folder: Path, names: Sequence[str], more: Path | None = None):
        self.readers = [READERS[name] for name in names]
        self._folder = folder
        self._seeds: dict[str, list[bytes]] = {}
        self._kept: dict[str, list[bytes]] = {}
        self._answers: dict[str, set[str]] = {}
        for reader in self.readers:
            others = sorted((more / reader.name).glob("*")) if more else []
            self._seeds[reader.name] = reader.seeds(self.folder_of(reader)) + [
                path.read_bytes() for path in others
            ]
            self._kept[reader.name], self._answers[reader.name] = [], set()

    def folder_of(self, reader: Reader) -> Path:
        """Where the reader's files lie."""
        folder = self._folder / reader.name
        folder.mkdir(parents=True, exist_ok=True)
        return folder

    def seeds(self, reader: Reader) -> list[bytes]:
        """Its good files."""
        return self._seeds[reader.name]

    def next(self, chance: Random) -> tuple[Reader, bytes]:
        """A reader and an input for it."""
        (reader,) = chance.choices(self.readers, [reader.share for reader in self.readers])
        return reader, self.input(reader, chance)

    def input(self, reader: Reader, chance: Random) -> bytes:
        """A damaged file for a reader."""
        seeds, kept = self._seeds[reader.name], self._kept[reader.name]
        whole = [*seeds, *kept]
        if reader.make and chance.random() < 0.7:
            made = reader.make(chance)
            data = damaged(made, whole, chance) if chance.random() < 0.7 else made
        else:
            data = damaged(chance.choice(kept if kept and chance.random() < 0.5 else seeds), whole, chance)
        return reader.sealed(data) if reader.sealed and chance.random() < 0.7 else data

    def note(self, reader: Reader, data: bytes, answer: str) -> None:
        """Keep an input that was answered as none was before."""
        answers, kept = self._answers[reader.name], self._kept[reader.name]
        if answer not in answers and len(kept) < MOST_KEPT and len(data) < 1 << 15:
            answers.add(answer)
            kept.append(data)


def try_input(reader: Reader, folder: Path, data: bytes) -> tuple[str, Finding | None]:
    """Have an input read.

    Returns:
        The answer in short, with figures and quoted words left out, and what is wrong with it.
    """
    os.environ["CSM_HOME"] = str(folder / "home")
    started = _core_seconds()
    answer = ""
    try:
        reader.read(folder, data)
    except refusals() as error:
        text = f"{type(error).__name__} {error}".replace(str(folder), "")
        answer = re.sub(r"'[^']*'|\"[^\"]*\"|\d+", "", text)[:200]
    except MemoryError as error:
        return answer, _finding("mem", reader, data, error)
    except NotTheSameError as error:
        return answer, _finding("differs", reader, data, error)
    except Exception as error:
        return answer, _finding("bug", reader, data, error)
    took = _core_seconds() - started
    if took > max(FLOOR_SECONDS, SECONDS_A_MEGABYTE * len(data) / 1e6):
        return answer, _finding("slow", reader, data, f"{took:.1f} s for {len(data)} bytes")
    return answer, None


def _core_seconds() -> float:
    """Of this process, and of those that it started and that have ended."""
    spent = os.times()
    return spent.user + spent.system + spent.children_user + spent.children_system


def _finding(kind: str, reader: Reader, data: bytes, what: BaseException | str) -> Finding:
    mark = hashlib.sha256(data).hexdigest()[:8]
    if isinstance(what, str):
        return Finding(f"{kind}-{reader.name}-{mark}", data, what)
    frames = traceback.extract_tb(what.__traceback__)
    ours = [frame for frame in frames if Path(frame.filename).is_relative_to(ROOT / "csm_cli")] or frames
    place = f"{Path(ours[-1].filename).name}-{ours[-1].name}".replace("/", "_")
    text = "".join(traceback.format_exception(what))
    return Finding(f"{kind}-{reader.name}-{type(what).__name__}-{place}", data, text)
