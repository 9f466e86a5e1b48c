"""The files that csm has made in a folder, so that a later run finds its own and removes outdated ones.

What csm has not made, or somebody has changed since (another size or time), is never touched.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, NamedTuple

from csm_cli.audio.timeline import Timeline
from csm_cli.core.data import read_json
from csm_cli.core.files import is_file, set_aside, written
from csm_cli.core.stored import as_json, left_aside, shaped_items
from csm_cli.delivery.book import chapter_stem
from csm_cli.delivery.formats import FORMATS

NAME = ".csm-files.json"
AUDIO = frozenset(kind.suffix for kind in FORMATS.values())
SHOWN = 3
# Of a chapter, what may change while its file still agrees with it.
APART = ("file", "files", "gain_db", "start", "end", "start_sample", "end_sample")


@dataclass(frozen=True)
class Entry:
    """A file.

    Attributes:
        source: the script's file name.
        chapter: that it is of; None: it is of the book.
        holds: numbers of the chapters that are in it.
        agrees: hash of its texts and times.
        size: bytes.
        time: of its last change, in nanoseconds.
    """

    source: str
    chapter: int | None
    holds: list[int]
    agrees: str
    size: int
    time: int

    def is_of(self, path: Path) -> bool:
        """Whether the file is as csm left it."""
        found = path.stat()
        return (found.st_size, found.st_mtime_ns) == (self.size, self.time)

    def is_true(self, timeline: Timeline) -> bool:
        """Whether its texts and times are those of the timeline."""
        return self.agrees == _agreed(timeline, self.chapter, self.holds)


class _Slot(NamedTuple):
    """What a file is for: of two in one slot, the older one is out of date."""

    chapter: int | None
    suffix: str
    sample: bool


class Ledger:
    """The files that csm has made in a folder.

    Args:
        source: file name of the script that is delivered now.
        chapters: it has.

    Raises:
        CsmError: a damaged list cannot be set aside.
    """

    def __init__(self, folder: Path, source: str, chapters: int):
        self._folder, self._source, self._count = folder, source, chapters
        self._entries, self._problem = _read(folder / NAME)

    def others(self) -> list[str]:
        """Other scripts whose files are still in the folder, by their file names."""
        sources = {
            entry.source
            for name, entry in self._entries.items()
            if entry.source != self._source and is_file(self._folder / name)
        }
        return sorted(sources)

    def add(self, made: Iterable[Path], timeline: Timeline, rendered: Iterable[int]) -> None:
        """Note files that were made now, and that agree with the timeline.

        Args:
            rendered: numbers of the chapters that were, all of which are in the book's own files.
        """
        every = sorted(rendered)
        stems = {
            chapter_stem(each.number, each.title, self._count): each.number for each in timeline.chapters
        }
        for path in made:
            chapter = stems.get(path.name.partition(".")[0])
            holds = every if chapter is None else [chapter]
            found, agreed = path.stat(), _agreed(timeline, chapter, holds)
            self._entries[path.name] = Entry(
                self._source, chapter, holds, agreed, found.st_size, found.st_mtime_ns
            )

    def doubted(self, problem: str, rendered: Iterable[int]) -> list[str]:
        """Have nothing to do with files of which it is not known what they hold.

        Args:
            problem: what is said of a damaged timeline; "": it is sound.
            rendered: numbers of the chapters that were, now. If it is damaged, files with others are left
                alone: they are forgotten.

        Returns:
            What is damaged, timeline or list of files, for a person to read.
        """
        known = {*rendered}
        if problem:
            self._entries = {
                name: entry
                for name, entry in self._entries.items()
                if entry.source != self._source or known.issuperset(entry.holds)
            }
        return [text for text in (problem, self._problem) if text]

    def clear(self, made: Iterable[Path], timeline: Timeline, rendered: Iterable[int]) -> list[str]:
        """Remove what was made earlier of this script and no longer agrees with the timeline.

        Args:
            made: now, and noted.
            rendered: numbers of the chapters that were.

        Returns:
            What was removed, and what is still there in other formats, for a person to read.
        """
        new = {path.name for path in made}
        slots = {_slot(name, self._entries[name]) for name in new}
        stems = {name.partition(".")[0]: self._entries[name].holds for name in new}
        concerned = {None, *rendered}
        removed, kept, changed = [], [], []
        for name, entry in sorted(self._entries.items()):
            path = self._folder / name
            if name in new or entry.source != self._source:
                continue
            if not is_file(path):
                del self._entries[name]
            elif entry.is_true(timeline) and _slot(name, entry) not in slots and _fits(name, entry, stems):
                if path.suffix in AUDIO and entry.chapter in concerned:
                    kept.append(name)
            else:
                del self._entries[name]
                if entry.is_of(path):
                    path.unlink()
                    removed.append(name)
                else:
                    changed.append(name)
        notes = (
            ("removed, made earlier and no longer true", removed),
            ("no longer true, but changed by somebody, so left there", changed),
            ("still there from earlier", kept),
        )
        return [f"{text}: {_listed(names)}" for text, names in notes if names]

    def with_files(self, timeline: Timeline) -> Timeline:
        """The timeline with files that are still there from earlier, behind those that it has."""
        chapters = []
        for chapter in timeline.chapters:
            first, *more = self._audio(chapter.number, chapter.files) or ("",)
            chapters.append(replace(chapter, file=first, more_files=tuple(more)))
        return replace(timeline, chapters=tuple(chapters), files=self._audio(None, timeline.files))

    def _audio(self, chapter: int | None, first: tuple[str, ...]) -> tuple[str, ...]:
        names = (
            name
            for name, entry in sorted(self._entries.items())
            if (entry.source, entry.chapter) == (self._source, chapter)
            and Path(name).suffix in AUDIO
            and not _slot(name, entry).sample
        )
        return tuple(dict.fromkeys((*first, *names)))

    def write(self) -> None:
        """Write the ledger.

        Raises:
            CsmError: it cannot be written.
        """
        value = {name: asdict(entry) for name, entry in sorted(self._entries.items())}
        with written(self._folder / NAME) as temporary:
            temporary.write_text(as_json(value, indent=1) + "\n", encoding="utf-8")


def _read(path: Path) -> tuple[dict[str, Entry], str]:
    """(the entries of an earlier run, as far as they are whole; what to say of the others, or "")."""
    problems: list[str] = []
    try:
        found = shaped_items(Entry, read_json(path), problems.append)
    except OSError:
        return {}, ""
    except ValueError as error:
        found = {}
        problems.append(str(error))
    if problems:
        set_aside(path)
    said = f"{path}: is damaged; files of earlier runs are left alone ({left_aside(problems)})"
    entries = {name: entry for name, entry in found.items() if Path(name).name == name}
    return entries, said if problems else ""


def _slot(name: str, entry: Entry) -> _Slot:
    stem, _, suffix = name.partition(".")
    return _Slot(entry.chapter, suffix, stem == "retail-sample")


def _fits(name: str, entry: Entry, stems: Mapping[str, list[int]]) -> bool:
    """Whether it holds the same chapters as a new file of its name; an EPUB brings its own sound."""
    stem, _, suffix = name.partition(".")
    return suffix == "epub" or stems.get(stem, entry.holds) == entry.holds


def _agreed(timeline: Timeline, chapter: int | None, holds: Sequence[int]) -> str:
    """Hash of the texts and times of these chapters, and of the book's data for a file of the book."""
    chapters = []
    for each in timeline.chapters:
        if each.number in holds:
            value = each.as_dict(timeline.sample_rate)
            chapters.append({key: value[key] for key in value if key not in APART})
    book = {key: value for key, value in timeline.book.items() if key != "narrator"}
    return _hash({"book": book if chapter is None else {}, "chapters": chapters})


def _hash(value: Mapping[str, Any]) -> str:
    return hashlib.sha256(json.dumps(value, sort_keys=True).encode()).hexdigest()[:16]


def _listed(names: list[str]) -> str:
    more = f" and {len(names) - SHOWN} more" if len(names) > SHOWN else ""
    return ", ".join(names[:SHOWN]) + more
