"""The errors a user can cause: one line each, with an exit code, a place and a remedy."""

from __future__ import annotations


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


def unwritten(error: OSError) -> CsmError:
    """What to say when output cannot be written."""
    where = error.filename or "standard output"
    return CsmError(
        f"cannot be written ({error.strerror or error})", where=str(where), remedy="free some space"
    )


def first_line(error: BaseException) -> str:
    """What a foreign error says, in one line; its kind if it says nothing."""
    return (str(error).strip() or type(error).__name__).splitlines()[0].rstrip()
