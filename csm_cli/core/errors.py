"""The errors a user can cause: one line each, with an exit code, a place and a remedy."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator
from pathlib import Path


class CsmError(Exception):
    """A fault that the user can mend. Printed as one line: `where: what; remedy`.

    Args:
        what: what is wrong, in plain words.
        where: file, `file:line:col` or option it concerns.
        remedy: what to do about it.
    """

    exit_code = 1

    def __init__(self, what: str, *, where: str | None = None, remedy: str | None = None):
        self.what, self.where, self.remedy = what, where, remedy
        super().__init__(str(self))

    def __str__(self) -> str:
        text = f"{self.where}: {self.what}" if self.where else self.what
        return f"{text}; {self.remedy}" if self.remedy else text


class UsageError(CsmError):
    """An option or argument that cannot be used."""

    exit_code = 2


class ScriptError(CsmError):
    """A script with problems: all of them, one line each.

    Args:
        problems: `file:line:col: level: message` lines, in file order.
        number: how many there are, if they are not all listed.
    """

    exit_code = 3

    def __init__(self, problems: list[str], number: int | None = None):
        self.problems = problems
        self.number = len(problems) if number is None else number
        super().__init__("\n".join(problems))


class UnreadableScript(ScriptError):
    """A file that is no script: it is not there, is a folder, or is of a format that is not read.

    Args:
        what: what is wrong, in plain words.
        where: the path.
        remedy: what to do about it.
        exit_code: of a program that was given it.

    Attributes:
        line: all of that in a line, to be printed.
    """

    def __init__(self, what: str, *, where: str, remedy: str = "", exit_code: int = 3):
        self.exit_code = exit_code
        message = f"{what}; {remedy}" if remedy else what
        super().__init__([f"{where}: error: {message}"])
        self.line = f"{where}: {message}"


class MissingError(CsmError):
    """A voice, a model or a tool that is not there."""

    exit_code = 4


FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
"""What the system says when there is no room for what is written."""
FILES_OPEN = (errno.EMFILE, errno.ENFILE)
"""What it says when too many files are open."""
_FOLDER_IS_FILE = (errno.ENOTDIR, errno.EEXIST)
_REMEDIES = {
    **dict.fromkeys(FULL, "free some space"),
    errno.EFBIG: "check the folder, the limit on the size of a file (ulimit -f) and the free space",
    **dict.fromkeys(FILES_OPEN, "end other programs, or raise the limit on open files (ulimit -n)"),
    **dict.fromkeys((errno.EACCES, errno.EPERM), "check its permissions and those of its folder"),
    errno.EROFS: "name a place that can be written",
    errno.ENAMETOOLONG: "give it a shorter name",
    errno.ELOOP: "mend the symbolic link, which leads back to itself",
    errno.EISDIR: "it is a folder, and a file is needed there",
    **dict.fromkeys(_FOLDER_IS_FILE, "check the folder, or name another place: a file stands there"),
    errno.ENOENT: "check the path",
    errno.EIO: "check the disk",
    errno.ENOTEMPTY: "check the folder",
    errno.EBUSY: "end the program that uses it",
    errno.EILSEQ: "give it another name",
}


class UnfitFile(OSError):
    """A file that csm does not read: a link, a pipe, one that is too large. `strerror` says what it is."""


_UNFIT = {errno.ELOOP: "put the file itself there", errno.EFBIG: "check that it is the right file"}


def is_full(error: BaseException) -> bool:
    """Whether it says that there is no room for what is written; some libraries only quote the system."""
    if isinstance(error, OSError):
        return error.errno in FULL and not isinstance(error, UnfitFile)
    return any(os.strerror(number) in str(error) for number in FULL) and not isinstance(error, CsmError)


def causes(error: BaseException) -> Iterator[BaseException]:
    """An exception and those behind it."""
    seen: set[int] = set()
    each: BaseException | None = error
    while each is not None and id(each) not in seen:
        yield each
        seen.add(id(each))
        each = each.__cause__ or each.__context__


def of_system(error: OSError, where: Path | str | None = None, done: str = "used") -> CsmError | None:
    """What the system refused, as an error that a user can mend; None: nothing that a user can cause.

    Args:
        error: as it was raised.
        where: what was to be used; the name in `error` counts if there is none.
        done: what could not be done to it: "written", "read".
    """
    remedy = _REMEDIES.get(error.errno or 0) if not isinstance(error, UnfitFile) else remedy_of(error)
    place = where or error.filename
    if remedy is None or (place is None and error.errno not in (*FULL, *FILES_OPEN)):
        return None
    named = os.fsdecode(place) if isinstance(place, str | bytes | os.PathLike) else None
    if error.errno in _FOLDER_IS_FILE and named and (file := _file_in(Path(named))):
        kind = "a symbolic link that leads nowhere" if file.is_symlink() and not file.is_file() else "a file"
        remedy = f"check the folder, or name another place: {file} is {kind}"
    return CsmError(f"cannot be {done} ({error.strerror or error})", where=named, remedy=remedy)


def _file_in(path: Path) -> Path | None:
    """The part of a path that is no folder, though more comes behind it."""
    for each in (path, *path.parents):
        if os.path.lexists(each):
            return None if os.path.isdir(each) else each
    return None


def unwritten(error: OSError, where: Path | str | None = None) -> CsmError:
    """What to say when output cannot be written; `where`: a file, None for standard output."""
    place = where or error.filename or "standard output"
    remedy = "check the folder, its permissions and the free space"
    return of_system(error, place, "written") or CsmError(
        f"cannot be written ({error.strerror or error})", where=str(place), remedy=remedy
    )


def unread(error: OSError, where: Path | str) -> CsmError:
    """What to say when a file cannot be read."""
    return CsmError(f"cannot be read ({error.strerror or error})", where=str(where), remedy=remedy_of(error))


def remedy_of(error: OSError) -> str:
    """What to do about a file that cannot be read."""
    if isinstance(error, UnfitFile):
        return _UNFIT.get(error.errno or 0, "name an ordinary file")
    return _REMEDIES.get(error.errno or 0, "check its name and permissions")


def first_line(error: BaseException) -> str:
    """What a foreign error says, in one line; its kind if it says nothing."""
    return (str(error).strip() or type(error).__name__).splitlines()[0].rstrip()


def is_foreign(error: BaseException) -> bool:
    """Whether a library failed: panics of those written in Rust are no `Exception`."""
    return isinstance(error, Exception) or type(error).__name__ == "PanicException"
