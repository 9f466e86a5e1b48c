"""What goes wrong with a script in a watched folder: its own fault, or one that every script would meet."""

from __future__ import annotations

import errno
import os
from pathlib import Path

from csm_cli.core.errors import (
    FILES_OPEN,
    FULL,
    CsmError,
    MissingError,
    ScriptError,
    UsageError,
    causes,
    of_system,
    unwritten,
)
from csm_cli.core.stored import left_aside
from csm_cli.voices.names import voice_layers

_OF_ALL = {*FULL, *FILES_OPEN} - {errno.EFBIG}
"""What the system says to every script; EFBIG is one file's own."""
_OF_THE_SCRIPT = ("--chapters", "--credits")
"""Options that a script may not fit, though others do."""


def fault_of(script: Path) -> str:
    """What is wrong with a script, as far as can be found without a model."""
    from csm_cli.rendering.options import RenderOptions
    from csm_cli.rendering.project import read_jobs

    try:
        read_jobs([script], RenderOptions(output=script.parent / "working" / script.stem))
    except Exception as error:
        check_room(error, script.parent)
        return text_of(error)
    return ""


def lexicon_fault() -> UsageError | None:
    """What is wrong with the user's lexicon, by which every script is read; None: nothing."""
    from csm_cli.text.lexicon_files import read_lexicon, user_file

    try:
        if user_file().is_file():
            read_lexicon(user_file(), "user")
    except ScriptError as error:
        what = left_aside(error.problems).replace(": error: ", ": ", 1)
        return UsageError(what, remedy="mend it: every script is read by it")
    return None


def text_of(error: Exception) -> str:
    """What is written down of an error: a script's problems, a line each, or one line."""
    if isinstance(error, CsmError):
        return "\n".join(getattr(error, "problems", None) or [str(error)])
    if isinstance(error, OSError):
        return str(of_system(error) or unwritten(error))
    if hasattr(error, "format_message"):  # of the parser of options
        return str(error.format_message())
    return f"internal: {type(error).__name__}: {error}"


def check_room(error: BaseException, folder: Path) -> None:
    """Go on only if the error leaves room for others: on a full disk every script would fail.

    Raises:
        CsmError: the disk is full, or too many files are open.
    """
    for each in causes(error):
        if isinstance(each, OSError) and each.errno in _OF_ALL:
            if isinstance(error, CsmError):
                raise error
            raise unwritten(each, folder) from error


def may_concern_all(error: Exception, folder: Path) -> bool:
    """Whether an error names neither the script's files nor its voices, but perhaps a model or a tool."""
    if not isinstance(error, UsageError | MissingError) and not hasattr(error, "format_message"):
        return False
    where = getattr(error, "where", None) or ""
    layers = [str(layer) for _, layer in voice_layers(folder)]
    places = (os.path.abspath(folder), os.path.realpath(folder), *layers)
    own = tuple(os.path.join(place, "") for place in places)
    inside = os.path.abspath(where).startswith(own)
    return not (where and inside) and where not in _OF_THE_SCRIPT
