"""Errors of the page's interface that say more than what is wrong."""

from __future__ import annotations

from typing import Any

from csm_cli.core.errors import ScriptError
from csm_cli.web.errors import ApiError, api_error


class ScriptChangedError(ApiError):
    """A script is not as it was shown.

    Args:
        theirs: the text of the line on the disk; None: it is not there.
        mine: what should have been written.
        version: of the script now.
        problem: why it cannot be read now.
    """

    def __init__(self, theirs: str | None, mine: str | None, version: str, problem: str | None = None):
        message = "the script has been changed by another program since it was shown"
        remedy = "look at what stands there now, and save again if it is to be replaced"
        if problem is not None:
            message, remedy = (
                f"{message}, and has errors: {problem}",
                "mend it in an editor; the page follows",
            )
        super().__init__(409, "script_changed", message, remedy)
        self.theirs, self.mine, self.version = theirs, mine, version

    def as_dict(self) -> dict[str, Any]:
        return super().as_dict() | {"theirs": self.theirs, "mine": self.mine, "version": self.version}


class LintError(ApiError):
    """A script would have errors.

    Args:
        error: with all of them.
    """

    def __init__(self, error: ScriptError):
        first = api_error(error)
        super().__init__(422, "invalid_script", first.message, "write it in another way", first.place)
        self.problems = error.problems

    def as_dict(self) -> dict[str, Any]:
        return super().as_dict() | {"problems": self.problems}


def conflict(code: str, message: str, remedy: str = "", place: str | None = None) -> ApiError:
    """Something that does not go together with how things are now."""
    return ApiError(409, code, message, remedy, place)
