"""Changes of a script file: made in its bytes, compared as a whole, written in one step."""

from __future__ import annotations

import hashlib
import os
import stat
from bisect import bisect_right
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from csm_cli.core.errors import CsmError
from csm_cli.core.files import disk_errors, written
from csm_cli.review.spans import Change
from csm_cli.script import Line, Screenplay
from csm_cli.script.problems import Source

_BOM = "\ufeff"
NOWHERE = Source("", 0, 0)


class ChangedOutsideError(CsmError):
    """A file is no longer as it was when it was read."""


@dataclass(frozen=True)
class Edited:
    """An edit that may be written.

    Args:
        file: the script, or one that it includes.
        before: its content when it was read.
        after: its new content.
    """

    file: Path
    before: bytes
    after: bytes

    def write(self) -> Patch:
        """Write it in one step; a link stays one, and so do the permissions.

        Returns:
            The way back.

        Raises:
            ChangedOutsideError: the file is another by now.
            CsmError: it cannot be written.
        """
        replace_file(self.file, self.before, self.after)
        start = _common(self.before, self.after)
        most = min(len(self.before), len(self.after)) - start
        end = min(most, _common(self.before[::-1], self.after[::-1]))
        old = self.before[start : len(self.before) - end]
        return Patch(self.file, start, old, len(self.after) - end - start, _digest(self.after))


@dataclass(frozen=True)
class Patch:
    """The way back from an edit, without the whole file.

    Args:
        file: that was edited.
        start: where the edit begins, in bytes.
        old: what stood there.
        length: of what stands there now.
        digest: of the content after the edit.
    """

    file: Path
    start: int
    old: bytes
    length: int
    digest: str

    def undo(self) -> None:
        """Write what was there before.

        Raises:
            ChangedOutsideError: the file has been changed since.
            CsmError: it cannot be read or written.
        """
        with disk_errors(self.file):
            data = self.file.read_bytes()
        if _digest(data) != self.digest:
            raise ChangedOutsideError("has been changed since", where=str(self.file))
        replace_file(self.file, data, data[: self.start] + self.old + data[self.start + self.length :])


def _common(one: bytes, other: bytes) -> int:
    """How many bytes two contents have in common at their beginning."""
    low, high = 0, min(len(one), len(other))
    while low < high:
        middle = (low + high + 1) // 2
        low, high = (middle, high) if one[low:middle] == other[low:middle] else (low, middle - 1)
    return low


def _digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def replace_file(file: Path, before: bytes, after: bytes) -> None:
    """Give a file another content in one step.

    Raises:
        ChangedOutsideError: its content is not `before`.
        CsmError: it cannot be written.
    """
    file = file.resolve()
    with written(file, sync=False) as temporary:
        with temporary.open("wb") as new:
            new.write(after)
            new.flush()
            os.fsync(new.fileno())  # before the look at the file, not between that and the renaming
        temporary.chmod(stat.S_IMODE(file.stat().st_mode))
        if file.read_bytes() != before:
            raise ChangedOutsideError(
                "has been changed by another program", where=str(file), remedy="look at it, and try again"
            )


def version_of(contents: Mapping[Path, bytes]) -> str:
    """A name for the contents of the files of a script."""
    digest = hashlib.sha256()
    for path in sorted(contents):
        digest.update(hashlib.sha256(contents[path]).digest())
    return digest.hexdigest()[:16]


def changed(data: bytes, changes: Sequence[Change]) -> bytes:
    """A file with changes, in indices of its text with plain line ends; all other bytes stay."""
    text = data.decode("utf-8")
    mark = len(_BOM) if text.startswith(_BOM) else 0
    plain = text[mark:].replace("\r\n", "\n")
    returns: list[int] = []  # of the line ends that are two characters, the indices in `plain`
    if len(plain) != len(text) - mark:
        at = text.find("\r\n")
        while at >= 0:
            returns.append(at - mark - len(returns))
            at = text.find("\r\n", at + 2)
    ending = "\r\n" if returns and len(returns) >= text.count("\n") / 2 else "\n"

    def index(at: int) -> int:
        return at + mark + bisect_right(returns, at - 1)

    for change in sorted(changes, reverse=True):
        new = change.text.replace("\n", ending)
        text = text[: index(change.start)] + new + text[index(change.end) :]
    return text.encode("utf-8")


def is_one_change(before: Screenplay, after: Screenplay, place: tuple[int, int], wanted: Line) -> bool:
    """Whether `after` is `before` with the line at a place as it is wanted; places in files do not count."""
    if len(before.chapters) != len(after.chapters) or _head(before) != _head(after):
        return False
    for at, (old, new) in enumerate(zip(before.chapters, after.chapters, strict=True)):
        if _bare(replace(old, items=())) != _bare(replace(new, items=())) or len(old.items) != len(new.items):
            return False
        for number_, (one, other) in enumerate(zip(old.items, new.items, strict=True)):
            expected = wanted if (at, number_) == place else one
            if _bare(expected) != _bare(other):
                return False
    return True


def _bare(node: Any) -> Any:
    return replace(node, source=NOWHERE)


def _head(play: Screenplay) -> list[Any]:
    cast: Iterator[Any] = (_bare(member) for member in play.cast.values())
    return [*cast, replace(play, cast={}, chapters=())]
