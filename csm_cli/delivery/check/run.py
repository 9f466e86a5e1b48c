"""Running a check: which files, what each of them is, and what was found."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from csm_cli.audio.measure import Measured, measure
from csm_cli.audio.timeline import Timeline
from csm_cli.core import available_cores
from csm_cli.core.errors import MissingError, UsageError
from csm_cli.delivery.check.files import read_frames
from csm_cli.delivery.check.findings import Finding, Role, file_findings, joint_findings
from csm_cli.delivery.check.presets import Preset
from csm_cli.delivery.manifest import NAME as TIMELINE
from csm_cli.delivery.manifest import read_timeline

NAMES = "mp3 m4a m4b aac mp4 wav flac opus ogg oga aif aiff wma rf64 w64 caf mka"
SUFFIXES = frozenset(f".{name}" for name in NAMES.split())
BOOK: tuple[Role, ...] = ("chapter", "whole")
# Files at once: ffmpeg does the work, in processes of its own.
WORKERS = min(available_cores(), 8)


@dataclass(frozen=True)
class CheckedFile:
    """One file.

    Attributes:
        role: what it is.
        sound: as decoded; None where it cannot be.
        format_applies: whether its format has to be the shop's; else its level alone.
    """

    path: Path
    role: Role
    findings: tuple[Finding, ...]
    sound: Measured | None = None
    format_applies: bool = True

    @property
    def ok(self) -> bool:
        """Whether nothing fails."""
        return all(finding.verdict != "fail" for finding in self.findings)


@dataclass(frozen=True)
class CheckedBook:
    """The files of one book.

    Attributes:
        folder: that csm delivered it into; None: files from elsewhere, which are taken for one book.
        together: findings on its files together.
    """

    folder: Path | None
    files: tuple[CheckedFile, ...]
    together: tuple[Finding, ...]


@dataclass(frozen=True)
class Checked:
    """Everything that was checked.

    Attributes:
        rules: the limits.
    """

    rules: Preset
    books: tuple[CheckedBook, ...]

    @property
    def preset(self) -> str:
        """The name of the rules."""
        return self.rules.name

    @property
    def files(self) -> tuple[CheckedFile, ...]:
        """All files, book by book."""
        return tuple(file for book in self.books for file in book.files)

    @property
    def together(self) -> tuple[Finding, ...]:
        """The findings on the files of each book together."""
        return tuple(finding for book in self.books for finding in book.together)

    @property
    def ok(self) -> bool:
        """Whether nothing fails."""
        return self.count("fail") == 0

    def count(self, verdict: str) -> int:
        """How many findings have this verdict."""
        every = [finding for file in self.files for finding in file.findings]
        return sum(finding.verdict == verdict for finding in [*every, *self.together])


def find_files(paths: Iterable[Path]) -> list[Path]:
    """The audio files named, and those in the folders named and below them, each once, in order.

    Raises:
        MissingError: a path that is not there.
        UsageError: no audio file at all.
    """
    paths = list(paths)
    found: list[Path] = []
    for path in paths:
        if path.is_dir():
            inside = (each for each in path.rglob("*") if each.suffix.lower() in SUFFIXES)
            found += sorted(
                each
                for each in inside
                if each.is_file() and not any(part.startswith(".") for part in each.relative_to(path).parts)
            )
        elif path.exists():
            found.append(path)
        else:
            raise MissingError("no such file or folder", where=str(path), remedy="check the path")
    if not found:
        raise UsageError(
            "no audio files there", where=", ".join(map(str, paths)), remedy="name a folder that holds some"
        )
    return list(dict.fromkeys(found))


def check_files(
    paths: Sequence[Path],
    rules: Preset,
    progress: Callable[[Path], None] = lambda path: None,
    strict: bool = True,
    note: Callable[[str], None] = lambda text: None,
) -> Checked:
    """Decode and measure files, as many at once as there are cores, and compare them with the limits.

    A file that cannot be decoded fails; the others are checked all the same. What csm delivered into one
    folder is one book; files from elsewhere are one book, in however many folders. Where some files of a
    book are in the format that the shop takes, those in others, and the book as a whole beside its chapters,
    are not meant for it: their level alone is compared.

    Args:
        progress: called with each file when it is measured.
        note: called with a line about a `timeline.json` that is damaged: what its files are, their names say.
        strict: where no file is in the shop's format, all fail on that; else their level alone is compared.
    """
    timelines = {folder: _timeline(folder, note) for folder in dict.fromkeys(path.parent for path in paths)}
    books: dict[Path | None, list[_Input]] = {}
    with ThreadPoolExecutor(WORKERS) as pool:
        for path, (sound, fault) in zip(paths, pool.map(_measure, paths), strict=True):
            progress(path)
            timeline = timelines[path.parent]
            role = _listed_role(path, timeline) or _by_name(path, sound.marks if sound else 0)
            books.setdefault(path.parent if timeline else None, []).append(_Input(path, role, sound, fault))
    return Checked(
        rules,
        tuple(
            CheckedBook(folder, *_compared(inputs, timelines.get(folder) if folder else None, rules, strict))
            for folder, inputs in books.items()
        ),
    )


class _Input(NamedTuple):
    path: Path
    role: Role
    sound: Measured | None
    fault: str


def _measure(path: Path) -> tuple[Measured | None, str]:
    """(a file's sound; why there is none)."""
    try:
        return measure(path), ""
    except UsageError as error:
        return None, error.what


def _compared(
    inputs: Sequence[_Input], timeline: Timeline | None, rules: Preset, strict: bool
) -> tuple[tuple[CheckedFile, ...], tuple[Finding, ...]]:
    """The findings on each file of a book, and on all of them together."""
    fitting = {each.path for each in inputs if _in_format(each.path, each.sound, rules)}
    apart = any(each.role == "chapter" and each.path in fitting for each in inputs)
    in_format = {
        each.path for each in inputs if each.path in fitting and not (apart and each.role == "whole")
    }
    if strict and not in_format:
        in_format = {each.path for each in inputs}
    seconds = _seconds(timeline, [each for each in inputs if each.path in in_format])
    files = []
    for path, role, sound, fault in inputs:
        findings: tuple[Finding, ...]
        if sound is None:
            findings = (Finding("decodes", fault, fault, "to its end", "fail"),)
        else:
            frames = read_frames(path) if sound.codec in ("mp3", "mp3float") else None
            findings = tuple(file_findings(sound, frames, role, rules, seconds, path in in_format))
        files.append(CheckedFile(path, role, findings, sound, sound is None or path in in_format))
    sounds = [(each.sound, each.role) for each in inputs if each.sound]
    together = joint_findings(
        sounds, [(f.sound, f.role) for f in files if f.sound and f.format_applies], rules
    )
    return tuple(files), tuple(together)


def _seconds(timeline: Timeline | None, in_format: Sequence[_Input]) -> float:
    """Of the chapters of a book, credits left out: what a sample can be made of."""
    if timeline is not None:
        return sum(chapter.duration for chapter in timeline.chapters if chapter.role == "chapter")
    sums = (
        sum(each.sound.seconds for each in in_format if each.sound and each.role == kind) for kind in BOOK
    )
    return next(filter(None, sums), 0.0)


def _in_format(path: Path, sound: Measured | None, rules: Preset) -> bool:
    """Whether a file is in the format that the shop takes, or claims to be."""
    if rules.codec is None:
        return True
    return path.suffix.lower() == f".{rules.codec}" or (sound is not None and sound.codec == rules.codec)


def role_of(path: Path, marks: int = 0) -> Role:
    """What a file is, by the timeline beside it, else by its name and the chapters listed in it."""
    return _listed_role(path, _timeline(path.parent, lambda text: None)) or _by_name(path, marks)


def _timeline(folder: Path, note: Callable[[str], None]) -> Timeline | None:
    try:
        return read_timeline(folder / TIMELINE)
    except MissingError:
        return None
    except UsageError as error:
        note(f"{error.where}: {error.what}; what the files are is told by their names")
        return None


def _listed_role(path: Path, timeline: Timeline | None) -> Role | None:
    """What a file is by the `timeline.json` beside it; None where there is none or it does not list it."""
    if timeline is None:
        return None
    if path.name in timeline.files:
        return "whole"
    return next((each.role for each in timeline.chapters if path.name in each.files), None)


def _by_name(path: Path, marks: int) -> Role:
    words = set(re.findall(r"[a-z]+", path.stem.lower()))
    if "sample" in words or "excerpt" in words:
        return "sample"
    if words & {"credits", "credit"}:
        return "closing credits" if words & {"closing", "end", "outro", "final"} else "opening credits"
    return "whole" if marks > 1 or path.suffix.lower() == ".m4b" else "chapter"
