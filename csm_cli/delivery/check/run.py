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
from csm_cli.errors import MissingError, UsageError

NAMES = "mp3 m4a m4b aac mp4 wav flac opus ogg oga aif aiff wma rf64 w64 caf mka"
SUFFIXES = frozenset(f".{name}" for name in NAMES.split())


@dataclass(frozen=True)
class CheckedFile:
    """One file: what it is, how it sounds, what was found."""

    path: Path
    role: Role
    findings: tuple[Finding, ...]
    sound: Measured | None = None

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
    paths: Sequence[Path], rules: Preset, progress: Callable[[Path], None] = lambda path: None
) -> Checked:
    """Decode and measure files, and compare them with the limits.

    A file that cannot be decoded fails; the others are checked all the same.

    Args:
        progress: hears of each file before it is decoded.
    """
    heard: list[tuple[Path, Role, Measured | None, str]] = []
    for path in paths:
        progress(path)
        try:
            heard.append((path, role_of(path), measure(path), ""))
        except UsageError as error:
            heard.append((path, role_of(path), None, error.what))
    book = sum(sound.seconds for _, role, sound, _ in heard if sound and role == "chapter")
    files = []
    for path, role, sound, fault in heard:
        findings: tuple[Finding, ...]
        if sound is None:
            findings = (Finding("decodes", fault, fault, "to its end", "fail"),)
        else:
            frames = read_frames(path) if sound.codec in ("mp3", "mp3float") else None
            findings = tuple(file_findings(sound, frames, role, rules, book))
        files.append(CheckedFile(path, role, findings, sound))
    together = tuple(joint_findings([(f.sound, f.role) for f in files if f.sound], rules))
    return Checked(rules.name, tuple(files), together)


def role_of(path: Path) -> Role:
    """What a file is, by its name: credits and samples say so."""
    words = set(re.findall(r"[a-z]+", path.stem.lower()))
    if "sample" in words or "excerpt" in words:
        return "sample"
    if words & {"credits", "credit"}:
        return "closing credits" if words & {"closing", "end", "outro", "final"} else "opening credits"
    return "chapter"
