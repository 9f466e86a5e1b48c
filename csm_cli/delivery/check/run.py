"""Running a check: which files, what each of them is, and what was found."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from csm_cli.audio.measure import Measured, measure
from csm_cli.delivery.check.findings import Finding, Role, file_findings, joint_findings
from csm_cli.delivery.check.mp3 import read_frames
from csm_cli.delivery.check.presets import Preset
from csm_cli.delivery.manifest import NAME as TIMELINE
from csm_cli.delivery.manifest import read_timeline
from csm_cli.errors import MissingError, UsageError

NAMES = "mp3 m4a m4b aac mp4 wav flac opus ogg oga aif aiff wma rf64 w64 caf mka"
SUFFIXES = frozenset(f".{name}" for name in NAMES.split())
BOOK: tuple[Role, ...] = ("chapter", "whole")


@dataclass(frozen=True)
class CheckedFile:
    """One file.

    Attributes:
        role: what it is.
        findings: what was found.
        sound: as decoded; None where it cannot be.
        asked: whether its format has to be the shop's; else its level alone.
    """

    path: Path
    role: Role
    findings: tuple[Finding, ...]
    sound: Measured | None = None
    asked: bool = True

    @property
    def ok(self) -> bool:
        """Whether nothing fails."""
        return all(finding.verdict != "fail" for finding in self.findings)


@dataclass(frozen=True)
class Checked:
    """All files of one delivery, and what was found of them together."""

    preset: str
    files: tuple[CheckedFile, ...]
    together: tuple[Finding, ...]

    @property
    def ok(self) -> bool:
        """Whether nothing fails."""
        return all(file.ok for file in self.files) and all(each.verdict != "fail" for each in self.together)

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
) -> Checked:
    """Decode and measure files, and compare them with the limits.

    A file that cannot be decoded fails; the others are checked all the same. Where some files are in the
    format that the shop takes, those in others, and the book as a whole beside its chapters, are not meant
    for it: their level alone is compared.

    Args:
        progress: hears of each file before it is decoded.
        strict: where no file is in the shop's format, all fail on that; else their level alone is compared.
    """
    heard: list[tuple[Path, Role, Measured | None, str]] = []
    for path in paths:
        progress(path)
        try:
            sound = measure(path)
            heard.append((path, role_of(path, sound.marks), sound, ""))
        except UsageError as error:
            heard.append((path, role_of(path), None, error.what))
    meant = {path for path, _, sound, _ in heard if _in_format(path, sound, rules)}
    apart = any(role == "chapter" and path in meant for path, role, _, _ in heard)
    asked = {path for path, role, _, _ in heard if path in meant and not (apart and role == "whole")}
    if strict and not asked:
        asked = set(paths)
    book = max(
        (sum(sound.seconds for _, role, sound, _ in heard if sound and role == kind) for kind in BOOK),
        default=0,
    )
    files = []
    for path, role, found, fault in heard:
        findings: tuple[Finding, ...]
        if found is None:
            findings = (Finding("decodes", fault, fault, "to its end", "fail"),)
        else:
            frames = read_frames(path) if found.codec in ("mp3", "mp3float") else None
            findings = tuple(file_findings(found, frames, role, rules, book, path in asked))
        files.append(CheckedFile(path, role, findings, found, found is None or path in asked))
    sounds = [(f.sound, f.role) for f in files if f.sound]
    together = joint_findings(sounds, [(f.sound, f.role) for f in files if f.sound and f.asked], rules)
    return Checked(rules.name, tuple(files), tuple(together))


def _in_format(path: Path, sound: Measured | None, rules: Preset) -> bool:
    """Whether a file is in the format that the shop takes, or claims to be."""
    if rules.codec is None:
        return True
    return path.suffix.lower() == f".{rules.codec}" or (sound is not None and sound.codec == rules.codec)


def role_of(path: Path, marks: int = 0) -> Role:
    """What a file is: as the timeline beside it says, else by its name and by the chapters listed in it."""
    told = _told(path)
    return told or _by_name(path, marks)


def _told(path: Path) -> Role | None:
    """What the `timeline.json` beside a file says of it, where there is one."""
    try:
        timeline = read_timeline(path.parent / TIMELINE)
    except (MissingError, UsageError):
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
